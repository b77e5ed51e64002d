"""Draws the plugin's transforms on pictures made by code: writes gallery.md and gallery/NAME.webp beside this file.

python plugins/twinlens-medical/docs/make_gallery.py
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from phantoms import chest, head, slice_hu
from PIL import Image, ImageDraw
from twinlens_medical import BiasField, PercentileNormalize, WindowLevel, chest_xray, healthcare

from twinlens import transforms as T

HERE = Path(__file__).parent
CELL, GAP, CAPTION = 208, 6, 16
PAPER, INK = (250, 250, 248), (40, 40, 40)


def shown(image: Any) -> Image.Image:
    """Any image of one channel as 8 bits; floats from their smallest to their largest value."""
    array = image[0].numpy() if isinstance(image, torch.Tensor) else np.squeeze(image)
    if array.dtype == np.uint16:
        array = array.astype(np.float64) / 65535
    elif array.dtype != np.uint8:
        array = (array - array.min()) / (np.ptp(array) or 1)
    eight = array if array.dtype == np.uint8 else np.rint(array * 255).astype(np.uint8)
    picture = Image.fromarray(eight)
    picture.thumbnail((CELL, CELL), Image.Resampling.LANCZOS)
    return picture


def strip(panels: list[tuple[str, Any]]) -> Image.Image:
    """Panels in a row, each with its caption."""
    pictures = [(caption, shown(image)) for caption, image in panels]
    height = max(picture.height for _, picture in pictures) + CAPTION
    sheet = Image.new("RGB", (len(panels) * (CELL + GAP) - GAP, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for i, (caption, picture) in enumerate(pictures):
        left = i * (CELL + GAP)
        sheet.paste(picture.convert("RGB"), (left + (CELL - picture.width) // 2, CAPTION))
        draw.text((left + 4, 2), caption, fill=INK)
    return sheet


def stored() -> np.ndarray[Any, Any]:
    """12 bits in 16, as read_dicom gives them where a file has no window."""
    return np.rint(chest() * (65535 / 4095)).astype(np.uint16)


def windows() -> list[tuple[str, Any]]:
    hu = slice_hu()
    names = ("soft-tissue", "lung", "bone")
    return [("Hounsfield units", hu), *((f"preset={name!r}", WindowLevel(preset=name)(hu)) for name in names)]


def functions() -> list[tuple[str, Any]]:
    hu = slice_hu()
    of = ("linear", "linear-exact", "sigmoid")
    return [
        *((f"function={name!r}", WindowLevel(40, 400, function=name)(hu)) for name in of),
        ("center=(-100, 100), key=1", WindowLevel((-100, 100), (250, 600))(hu, key=1)),
    ]


def percentiles() -> list[tuple[str, Any]]:
    image = head()
    return [
        ("1460 of 65535 levels", image),
        ("PercentileNormalize()", PercentileNormalize()(image)),
        ("PercentileNormalize(5, 95)", PercentileNormalize(5, 95)(image)),
    ]


def bias() -> list[tuple[str, Any]]:
    image = WindowLevel(preset="soft-tissue", dtype="uint16")(slice_hu())
    field = BiasField((0.5, 0.8), p=1.0)
    return [("as it is", image), *((f"key={key}", field(image, key=key)) for key in (1, 2, 3))]


def contrast() -> list[tuple[str, Any]]:
    image = PercentileNormalize(0.5, 99.5)(np.rint(chest(2048, 1760) * (65535 / 4095)).astype(np.uint16))
    limits = (2.0, 8.0, 32.0)
    return [("12 bits in 16", image), *((f"CLAHE({limit})", T.CLAHE(limit, mode="channel")(image)) for limit in limits)]


def chests() -> list[tuple[str, Any]]:
    image = stored()
    train = chest_xray(train=True)
    return [
        ("stored", image),
        ("chest_xray()", chest_xray()(image)),
        *((f"train=True, key={key}", train(image, key=key)) for key in (4, 9)),
    ]


def recipe() -> list[tuple[str, Any]]:
    image = (stored() >> 8).astype(np.uint8)
    return [("8 bits", image), ("healthcare()", healthcare()(image))]


SHOWN: dict[str, tuple[str, Callable[[], list[tuple[str, Any]]]]] = {
    "WindowLevel": ("Windows of CT by name; centre and width are numbers or ranges to draw from.", windows),
    "functions": ("The standard's three functions on one window, and a window drawn under a key.", functions),
    "PercentileNormalize": (
        "An image that fills a fiftieth of its 16 bits, between two of its percentiles.",
        percentiles,
    ),
    "BiasField": ("A smooth field, one for each key.", bias),
    "CLAHE": ("OpenCV's 16-bit CLAHE on 12 bits: the clip limit counts in 65536 bins.", contrast),
    "chest_xray": ("The pipeline for evaluation, and for training under two keys.", chests),
    "healthcare": ("Gray, blur, CLAHE, 224 pixels: OpenCV's own values.", recipe),
}


def main() -> None:
    page = ["# Gallery", "", "Pictures made by code (phantoms.py). Drawn by `python docs/make_gallery.py`.", ""]
    (HERE / "gallery").mkdir(exist_ok=True)
    for name, (text, panels) in SHOWN.items():
        strip(panels()).save(HERE / "gallery" / f"{name}.webp", quality=80, method=6)
        page += [f"## {name}", "", text, "", f"![{name}](gallery/{name}.webp)", ""]
    (HERE / "gallery.md").write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    main()
