"""Results of any dtype as small pictures, with masks and boxes drawn on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from twinlens import transforms as T
from twinlens.cli.drawing import fitted
from twinlens.cli.show.overlay import Colours, draw_boxes, draw_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.cli.show.masks import Rgb
    from twinlens.cli.show.scene import Scene
    from twinlens.transforms import Transform

__all__ = ["Normal", "Shot", "joint_range", "normal_of", "painted", "shot"]

Range = tuple[float, float]
#: mean and std of a channel each, or one for all
Normal = tuple["NDArray[Any]", "NDArray[Any]"]

_SLACK = 1e-3  # beyond 0..1 that rounding makes


@dataclass(frozen=True)
class Shot:
    """A scene so small that it fits. image: (h, w, C) uint8, uint16 or float32; mask and boxes are of its size. shown:
    the values that are black and white. measured: whether these are the image's own lowest and highest, for its dtype
    does not tell. about: the whole image's width, height, and dtype if it is not uint8.
    """

    image: NDArray[Any]
    mask: NDArray[Any] | None
    colours: dict[int, Rgb]
    boxes: NDArray[Any] | None
    names: tuple[str, ...]
    shown: Range
    measured: bool
    about: str


def normal_of(pipe: Transform) -> Normal | None:
    """Mean and deviation of the last Normalize that always runs; None where there is none."""
    found = [unit for _, unit in pipe.units("") if isinstance(unit, T.Normalize)]
    if not found:
        return None
    mean, std = (np.atleast_1d(np.array(values, np.float32)) for values in (found[-1].mean, found[-1].std))
    return mean, std


def shot(scene: Scene, side: int, normal: Normal | None = None, *, deep: bool = False) -> Shot:
    """normal: undone first, where the image is of floats. deep: it comes from one of more than 8 bits, which need not
    use its whole range: floats from 0 to 1 may be as dark.
    """
    h, w = scene.image.shape[:2]
    about = f"{w} x {h}" + ("" if scene.image.dtype == np.uint8 else f", {scene.image.dtype}")
    image = _plain(scene.image)
    if normal is not None and image.dtype == np.float32:
        image = np.clip(image * normal[1] + normal[0], 0, 1)
    low, high = (float(f(image)) for f in (np.min, np.max))
    fixed = None if deep and image.dtype != np.uint8 else _fixed(image, low, high)
    small = fitted(np.ascontiguousarray(image[..., : 1 if image.shape[2] == 2 else 3]), side)
    mask, size_hw = scene.mask, small.shape[:2]
    if mask is not None and mask.shape != size_hw:
        mask = T.Resize(size_hw, "nearest")(mask)
    boxes = None if scene.boxes is None else scene.boxes * ([size_hw[1] / w, size_hw[0] / h] * 2)
    limits = (low, high) if fixed is None else fixed
    return Shot(small, mask, scene.colours, boxes, scene.names, limits, fixed is None, about)


def _plain(image: NDArray[Any]) -> NDArray[Any]:
    if image.dtype == bool:
        return image.astype(np.uint8) * np.uint8(255)
    if image.dtype in (np.uint8, np.uint16):
        return image
    return np.nan_to_num(image.astype(np.float32), posinf=0.0, neginf=0.0)


def _fixed(image: NDArray[Any], low: float, high: float) -> Range | None:
    """Black and white, where dtype and values tell."""
    if image.dtype == np.uint8:
        return 0.0, 255.0
    return (0.0, 1.0) if image.dtype == np.float32 and low >= -_SLACK and high <= 1 + _SLACK else None


def joint_range(shots: Sequence[Shot]) -> Range | None:
    """One that all of the measured shots are shown in, so that lighter ones look lighter; None where none is."""
    ranges = [one.shown for one in shots if one.measured]
    return (min(low for low, _ in ranges), max(high for _, high in ranges)) if ranges else None


def painted(one: Shot, colours: Colours, joint: Range | None = None) -> Image.Image:
    """The picture, with its mask and boxes."""
    low, high = joint if joint is not None and one.measured else one.shown
    image = one.image
    if (low, high) != (0.0, 255.0) or image.dtype != np.uint8:
        unit = (image.astype(np.float32) - low) / max(high - low, 1e-12)
        image = np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)
    rgb = np.repeat(image, 3, 2) if image.shape[2] == 1 else image
    if one.mask is not None:
        rgb = draw_mask(rgb, one.mask, one.colours)
    picture = Image.fromarray(np.ascontiguousarray(rgb))
    if one.boxes is not None:
        draw_boxes(picture, one.boxes, one.names, colours)
    return picture
