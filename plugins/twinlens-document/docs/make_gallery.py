"""Draws every effect on a page made by code.

    python plugins/twinlens-document/docs/make_gallery.py [NAME ...]      writes gallery.md and gallery/NAME.webp

The first panel is the page as it is, the others are the effect under three keys. In red, where pixels move: a mask's
outline; in blue: a box.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import twinlens_document as D
from PIL import Image, ImageDraw

import twinlens
from twinlens import transforms as T

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))
from pages import page  # noqa: E402

PAGE_HW, PANEL_HW, GAP = (760, 588), (256, 198), 6
KEYS = (1, 2, 3)
MOVES = ("BookBinding", "Folding", "PageCurl")
BOX = (60, 240, 260, 420)

#: shown besides the transforms, and arguments where defaults are not enough
OTHERS = {
    "default_pipeline": lambda: D.default_pipeline(0.35),
    "hybrid_pipeline": lambda: T.Compose([D.hybrid_pipeline(PAGE_HW, p=0.4), T.ToPILImage()]),
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "DocumentPipeline": {
        "ink": [D.InkBleed(), D.Letterpress(p=0.5)],
        "paper": [D.PaperTexture(), D.ColorPaper(p=0.5)],
        "post": [D.LightingGradient(p=0.5), D.Folding(p=0.5)],
    },
}


def made(name: str) -> T.Transform:
    """The transform to show."""
    if name in OTHERS:
        return OTHERS[name]()
    transform: T.Transform = getattr(D, name)(**ARGUMENTS.get(name, {}))
    return transform


def panels(name: str) -> list[Image.Image]:
    """The page, and the page under three keys."""
    image = page(*PAGE_HW)
    if name not in MOVES:
        pipe = made(name)
        return [Image.fromarray(image), *(_picture(pipe(image, key=key)) for key in KEYS)]
    mask = np.zeros(PAGE_HW, np.uint8)
    mask[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 1
    sample = {"image": image, "mask": mask, "boxes": twinlens.Boxes([list(BOX)])}
    return [_marked(sample), *(_marked(made(name)(sample, key=key)) for key in KEYS)]


def _picture(result: Any) -> Image.Image:
    return result if isinstance(result, Image.Image) else Image.fromarray(np.asarray(result))


def _marked(sample: dict[str, Any]) -> Image.Image:
    pixels, mask = np.array(sample["image"]), torch.as_tensor(np.asarray(sample["mask"]))[None].float()
    wide, narrow = (torch.nn.functional.max_pool2d(v, 5, 1, 2)[0] for v in (mask, 1 - mask))
    pixels[(wide.numpy() > 0) & (narrow.numpy() > 0)] = (235, 60, 60)
    picture = Image.fromarray(pixels)
    ImageDraw.Draw(picture).rectangle(sample["boxes"].data[0].tolist(), outline=(50, 110, 235), width=3)
    return picture


def sheet(name: str) -> Image.Image:
    """The panels side by side."""
    shown = panels(name)
    height, width = PANEL_HW
    whole = Image.new("RGB", (len(shown) * (width + GAP) - GAP, height), (120, 124, 130))
    for i, panel in enumerate(shown):
        small = panel.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        whole.paste(small, (i * (width + GAP), 0))
    return whole


def main() -> None:
    """Writes the pictures, and the page that shows them all."""
    names = [*(kind.__name__ for kind in D.TRANSFORMS), *OTHERS]
    (HERE / "gallery").mkdir(exist_ok=True)
    lines = [
        "# Gallery",
        "",
        "Every effect with its defaults on a page made by code: first the page as it is, then under three keys.",
        "Where pixels move, red is a mask's outline and blue a box. Drawn by `docs/make_gallery.py`.",
    ]
    for name in names:
        if not sys.argv[1:] or name in sys.argv[1:]:
            sheet(name).save(HERE / "gallery" / f"{name}.webp", quality=38, method=6)
        lines += ["", f"## {name}", ""]
        if name in ARGUMENTS:
            lines += [f"`{made(name)!r}`", ""]
        lines.append(f"![{name}](gallery/{name}.webp)")
    (HERE / "gallery.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
