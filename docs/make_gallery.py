"""Draws every transform on a real picture, with its mask, boxes and keypoints.

    python docs/make_gallery.py [NAME ...]      writes docs/gallery.md and docs/gallery/NAME.webp

The first panel is the picture as it is; random transforms are drawn under three keys.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from skimage import data

import twinlens
from twinlens import Boxes, Keypoints
from twinlens import transforms as T

HERE = Path(__file__).parent
CELL, GAP, PANELS = 192, 6, 4
PAPER, MASK, BOX, POINT = (250, 250, 248), (255, 64, 64), (64, 220, 255), (255, 220, 0)


@dataclass(frozen=True)
class Scene:
    """A picture, (H, W, C) or (H, W), and what travels with it."""

    image: np.ndarray[Any, Any]
    mask: np.ndarray[Any, Any] | None = None
    boxes: list[list[float]] | None = None
    keypoints: list[list[float]] | None = None


def portrait() -> Scene:
    """The astronaut: her head as mask, head and badge as boxes, eyes and mouth as points."""
    image = np.asarray(Image.fromarray(data.astronaut()).crop((60, 0, 380, 260)).resize((CELL, 156)))
    y, x = np.mgrid[0:156, 0:CELL]
    mask = (((x - 102) / 43) ** 2 + ((y - 66) / 56) ** 2 <= 1).astype(np.uint8)
    boxes = [[59.0, 10.0, 145.0, 122.0], [10.0, 128.0, 60.0, 156.0]]
    return Scene(image, mask, boxes, [[85.0, 64.0], [109.0, 62.0], [98.0, 88.0]])


def page() -> Scene:
    """A page, photographed under uneven light."""
    return Scene(np.ascontiguousarray(data.page()[:156, :CELL]))


def others() -> list[Scene]:
    """Pictures to mix the portrait with: what is in their middle is the object."""
    scenes = []
    y, x = np.mgrid[0:156, 0:CELL]
    oval = (((x - 96) / 60) ** 2 + ((y - 78) / 50) ** 2 <= 1).astype(np.uint8)
    for picture in (data.chelsea(), data.coffee(), data.rocket()):
        scenes.append(
            Scene(np.asarray(Image.fromarray(picture).resize((CELL, 156))), oval, [[36.0, 28.0, 157.0, 129.0]])
        )
    return scenes


Example = Callable[[], Any]

#: how transforms that need arguments, or stronger ones than their defaults, are shown
EXAMPLES: dict[str, Example] = {
    "Affine": lambda: T.Affine((0.7, 1.2), rotate=(-25, 25), shear=(-15, 15), p=1.0),
    "Blur": lambda: T.Blur(7, p=1.0),
    "CenterCrop": lambda: T.CenterCrop(100),
    "ChannelSelect": lambda: T.ChannelSelect([2, 1, 0]),
    "CoarseDropout": lambda: T.CoarseDropout((3, 6), fill=255, p=1.0),
    "ColorJitter": lambda: T.ColorJitter(0.5, 0.5, 0.5, 0.2),
    "Compose": lambda: T.Compose(
        [T.RandomResizedCrop((156, 192)), T.RandomHorizontalFlip(), T.ColorJitter(0.4, 0.4, 0.4)]
    ),
    "CopyPaste": lambda: T.CopyPaste(p=1.0),
    "CropNonEmptyMaskIfExists": lambda: T.CropNonEmptyMaskIfExists(90, 110),
    "FiveCrop": lambda: T.FiveCrop((80, 100)),
    "LetterBox": lambda: T.LetterBox(180, fill=114),
    "LongestMaxSize": lambda: T.LongestMaxSize(110),
    "PadIfNeeded": lambda: T.PadIfNeeded(192, 224, border_mode="reflect"),
    "RandomIoUCrop": lambda: T.Compose([T.RandomIoUCrop(), T.SanitizeBoundingBoxes()]),
    "RandomResize": lambda: T.RandomResize(60, 150),
    "RandomShortestSize": lambda: T.RandomShortestSize([60, 90, 120]),
    "RandomSizedBBoxSafeCrop": lambda: T.RandomSizedBBoxSafeCrop(140, 170),
    "ScaleJitter": lambda: T.ScaleJitter((192, 156), (0.4, 1.0)),
    "SmallestMaxSize": lambda: T.SmallestMaxSize(90),
    "TenCrop": lambda: T.TenCrop((80, 100)),
    "ConvertColor": lambda: T.ConvertColor("rgb", "ycrcb"),
    "GaussianBlur": lambda: T.GaussianBlur(9, (0.5, 4.0)),
    "Mosaic": lambda: T.Mosaic(target_size=(156, CELL), cell_shape=(120, 150), p=1.0),
    "OneOf": lambda: T.OneOf([T.RandomInvert(1.0), T.RandomSolarize(128, 1.0), T.RandomEqualize(1.0)], p=1.0),
    "GridDistortion": lambda: T.GridDistortion(5, (-0.6, 0.6), p=1.0),
    "ImageCompression": lambda: T.ImageCompression(quality_range=(3, 12), p=1.0),
    "JPEG": lambda: T.JPEG(8),
    "Pad": lambda: T.Pad(12, padding_mode="reflect"),
    "RandAugment": lambda: T.RandAugment(2, 15, interpolation="bilinear"),
    "RandomApply": lambda: T.RandomApply([T.RandomInvert(1.0)], p=0.5),
    "RandomChoice": lambda: T.RandomChoice(
        [T.RandomHorizontalFlip(1.0), T.RandomInvert(1.0), T.RandomVerticalFlip(1.0)]
    ),
    "RandomCrop": lambda: T.RandomCrop(110),
    "RandomAutocontrast": lambda: T.RandomAutocontrast(1.0, cutoff=10),
    "RandomGamma": lambda: T.RandomGamma((40, 250), p=1.0),
    "UnsharpMask": lambda: T.UnsharpMask((7, 7), 2.0, (0.8, 1.0), p=1.0),
    "RandomOrder": lambda: T.RandomOrder([T.RandomInvert(0.5), T.RandomSolarize(100, 0.5)]),
    "RandomPosterize": lambda: T.RandomPosterize(2, p=1.0),
    "RandomResizedCrop": lambda: T.RandomResizedCrop((130, 160)),
    "RandomSolarize": lambda: T.RandomSolarize(128, p=1.0),
    "RandomAffine": lambda: T.RandomAffine(20, (0.1, 0.1), (0.7, 1.2), 15, "bilinear"),
    "RandomRotation": lambda: T.RandomRotation(40, "bilinear"),
    "Rotate": lambda: T.Rotate((-60, 60), fill=128, p=1.0),
    "RandomAdjustSharpness": lambda: T.RandomAdjustSharpness(4.0, p=1.0),
    "Resize": lambda: T.Resize(90),
    "SomeOf": lambda: T.SomeOf(
        [T.RandomInvert(1.0), T.RandomHorizontalFlip(1.0), T.RandomSolarize(128, 1.0)], n=2, p=1.0
    ),
    "AugMix": lambda: T.AugMix(severity=8),
    "AutoAugment": lambda: T.AutoAugment(interpolation="bilinear"),
    "Threshold": lambda: T.Threshold(method="otsu"),
}

#: transforms without a picture, and why
WITHOUT: dict[str, str] = {
    "ClampBoundingBoxes": "changes boxes, not the picture",
    "ClampKeyPoints": "changes keypoints, not the picture",
    "ConvertBoundingBoxFormat": "changes boxes, not the picture",
    "ConvertImageDtype": "changes the dtype, not the picture",
    "Identity": "does nothing",
    "Lambda": "is a function of the user",
    "LinearTransformation": "is for whitened vectors of small images",
    "Normalize": "gives values that are no picture",
    "PILToTensor": "changes the container, not the picture",
    "RGB": "makes three channels of one",
    "SanitizeBoundingBoxes": "removes boxes, see RandomIoUCrop",
    "SanitizeKeyPoints": "removes keypoints, leaves the picture",
    "SetClampingMode": "changes what later transforms do to boxes",
    "ToDtype": "changes the dtype, not the picture",
    "ToImage": "changes the container, not the picture",
    "ToPILImage": "changes the container, not the picture",
    "ToPureTensor": "changes the type of tensors, not the picture",
    "ToTensor": "changes the container, not the picture",
    "UniformTemporalSubsample": "picks the frames of a video",
}


def draw(scene: Scene) -> Image.Image:
    """The picture in a cell, its mask outlined, boxes and points drawn."""
    array = np.asarray(scene.image)
    picture = Image.fromarray(array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array).convert("RGB")
    scale = min(1.0, CELL / max(picture.size))
    if scene.mask is not None:
        picture = Image.fromarray(_outlined(np.array(picture), np.asarray(scene.mask)))
    picture = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    pen = ImageDraw.Draw(picture)
    for left, top, right, bottom in scene.boxes or []:
        if min(right - left, bottom - top) * scale < 2:
            continue  # cut away
        pen.rectangle((left * scale, top * scale, right * scale - 1, bottom * scale - 1), outline=BOX)
    for x, y in scene.keypoints or []:
        cx, cy = (x + 0.5) * scale, (y + 0.5) * scale
        pen.ellipse((cx - 2, cy - 2, cx + 2, cy + 2), fill=POINT)
    return picture


def _outlined(picture: np.ndarray[Any, Any], mask: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    inside = np.pad(mask > 0, 1)
    edge = inside & ~_eroded(inside)
    picture[edge[1:-1, 1:-1]] = MASK
    return picture


def _eroded(inside: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    kept = inside.copy()
    for axis in (0, 1):
        for shift in (1, -1):
            kept &= np.roll(inside, shift, axis)
    return kept


def applied(transform: Any, scene: Scene, draw_number: int) -> list[Scene]:
    """The results for one key: one scene, or several where a transform gives several pictures."""
    sample: dict[str, Any] = {"image": scene.image}
    if isinstance(transform, T.FiveCrop):
        scene = Scene(scene.image)  # several pictures have no mask
    if scene.mask is not None:
        sample["mask"] = scene.mask
    if scene.boxes is not None:
        sample["boxes"] = Boxes(torch.tensor(scene.boxes))
        sample["labels"] = torch.arange(len(scene.boxes))
    if scene.keypoints is not None:
        sample["keypoints"] = Keypoints(torch.tensor(scene.keypoints))
    out = transform(sample, key=twinlens.key(seed=0, epoch=draw_number, index=1))
    images = out["image"] if isinstance(out["image"], tuple) else (out["image"],)
    return [_scene(image, out) for image in images]


def applied_to_batch(transform: Any, scenes: list[Scene]) -> list[Scene]:
    """The results for a batch of pictures."""
    sample: dict[str, Any] = {"image": torch.from_numpy(np.stack([s.image for s in scenes])).permute(0, 3, 1, 2)}
    if isinstance(transform, T.Mosaic | T.CopyPaste):
        sample["mask"] = torch.from_numpy(np.stack([s.mask for s in scenes]))[:, None]
        sample["boxes"] = Boxes(torch.tensor([s.boxes[:1] for s in scenes if s.boxes is not None]))
    out = transform(sample, keys=[twinlens.key(seed=0, epoch=0, index=i) for i in range(len(scenes))])
    done = []
    for i, image in enumerate(out["image"]):
        mask = out["mask"][i].amax(0).numpy() if "mask" in out else None
        boxes = _valid(out["boxes"].data[i], out["boxes"].valid[i]) if "boxes" in out else None
        done.append(Scene(image.permute(1, 2, 0).numpy(), mask, boxes))
    return done


def _scene(image: Any, out: dict[str, Any]) -> Scene:
    array = image.permute(1, 2, 0).numpy() if isinstance(image, torch.Tensor) else np.asarray(image)
    if array.dtype != np.uint8:
        array = np.clip(array * 255, 0, 255).astype(np.uint8)
    boxes, points = out.get("boxes"), out.get("keypoints")
    return Scene(
        array,
        out.get("mask"),
        None if boxes is None else _valid(boxes.xyxy, boxes.valid),
        None if points is None else _valid(points.data, points.valid),
    )


def _valid(rows: torch.Tensor, valid: torch.Tensor | None) -> list[list[float]]:
    kept: list[list[float]] = (rows if valid is None else rows[valid]).tolist()
    return kept


def example(name: str) -> Any:
    """The transform as it is shown: always applied, where it has a probability."""
    if name in EXAMPLES:
        return EXAMPLES[name]()
    kind = twinlens.get(name)
    always = "p" in kind.Config.model_fields and "Flip" not in name
    return kind(p=1.0) if always else kind()


def strip(name: str) -> Image.Image:
    """The panels of one transform, side by side."""
    transform = example(name)
    scene = page() if name in PAGES else portrait()
    panels = [draw(scene)]
    if getattr(transform, "mixes", False):
        scenes = [scene, *others()]
        return sheet_of([draw(one) for one in (*scenes[:2], *applied_to_batch(transform, scenes)[:3])])
    draws = range(PANELS - 1) if transform.random else range(1)
    for number in draws:
        panels += [draw(result) for result in applied(transform, scene, number)]
    return sheet_of(panels[:11])


def sheet_of(panels: list[Image.Image]) -> Image.Image:
    """Panels side by side."""
    sheet = Image.new("RGB", (len(panels) * (CELL + GAP) - GAP, max(p.height for p in panels)), PAPER)
    for i, panel in enumerate(panels):
        sheet.paste(panel, (i * (CELL + GAP), 0))
    return sheet


PAGES = {"Threshold", "Denoise", "Morphological"}


def shown() -> list[str]:
    """The names of all built-in transforms that have a picture."""
    return [name for name in twinlens.names() if "." not in name and name not in WITHOUT]


def page_text() -> str:
    """docs/gallery.md."""
    lines = [
        "# Gallery",
        "",
        "Every transform on a real picture: first as it is, then the result; random ones under three keys. Red is the",
        "mask's outline, blue are boxes, yellow are keypoints. Drawn by `python docs/make_gallery.py`.",
        "",
    ]
    for name in shown():
        transform = example(name)
        lines += [f"## {name}", "", f"`{_one_line(transform)}`", "", f"![{name}](gallery/{name}.webp)", ""]
    lines += ["## Without a picture", ""]
    lines += [f"- `{name}`: {reason}" for name, reason in sorted(WITHOUT.items())]
    return "\n".join(lines) + "\n"


def _one_line(transform: Any) -> str:
    return " ".join(repr(transform).split())


def main(names: list[str]) -> None:
    folder = HERE / "gallery"
    folder.mkdir(exist_ok=True)
    for name in names or shown():
        strip(name).save(folder / f"{name}.webp", quality=70, method=6)
        sys.stdout.write(f"{name}\n")
    (HERE / "gallery.md").write_text(page_text(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
