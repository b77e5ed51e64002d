"""An image with what is drawn on it, and what a pipeline makes of both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens import Boxes
from twinlens.cli.samples import hwc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.cli.show.masks import Rgb
    from twinlens.transforms import Transform

__all__ = ["Scene", "applied"]


@dataclass(frozen=True)
class Scene:
    """image: (H, W, C). mask: (H, W), 0 where nothing is; `colours` of its values, where they have some. boxes: (N, 4)
    left, top, right, bottom in pixels, with N names.
    """

    image: NDArray[Any]
    mask: NDArray[Any] | None = None
    colours: dict[int, Rgb] = field(default_factory=dict)
    boxes: NDArray[Any] | None = None
    names: tuple[str, ...] = ()

    def same(self, other: Scene) -> bool:
        """Whether nothing that is seen differs."""
        pairs = ((self.image, other.image), (self.mask, other.mask), (self.boxes, other.boxes))
        return all(a is b or (a is not None and b is not None and np.array_equal(a, b)) for a, b in pairs)


def applied(pipe: Transform, scene: Scene, key: int) -> Scene:
    """What the pipeline makes of the image, and of its mask and boxes with it. Several images, as FiveCrop makes, are
    put side by side.
    """
    if scene.mask is None and scene.boxes is None:
        return Scene(_image(pipe(scene.image, key=key)))
    sample: dict[str, Any] = {"image": scene.image}
    if scene.mask is not None:
        sample["mask"] = scene.mask
    if scene.boxes is not None:
        sample["boxes"] = Boxes(torch.from_numpy(scene.boxes))
        sample["labels"] = torch.arange(len(scene.boxes))
    return _read(pipe(sample, key=key), scene)


def _read(made: dict[str, Any], before: Scene) -> Scene:
    after = replace(before, image=_image(made["image"]))
    if before.mask is not None:
        after = replace(after, mask=hwc(made["mask"])[..., 0])
    if before.boxes is None:
        return after
    boxes = made["boxes"]
    names = tuple(before.names[i] for i in made["labels"].tolist())
    kept = slice(None) if boxes.valid is None else boxes.valid.numpy()
    return replace(after, boxes=boxes.xyxy.numpy()[kept], names=tuple(np.array(names, object)[kept]))


def _image(made: Any) -> NDArray[Any]:
    if not isinstance(made, tuple | list) and getattr(made, "ndim", 3) != 4:
        return hwc(made)
    crops = [hwc(crop) for crop in made]
    gap = np.zeros((crops[0].shape[0], max(2, crops[0].shape[1] // 40), crops[0].shape[2]), crops[0].dtype)
    return np.concatenate([part for crop in crops for part in (gap, crop)][1:], 1)
