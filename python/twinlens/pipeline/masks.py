"""Masks on their way through a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from twinlens.engines import Batch
from twinlens.errors import InputError
from twinlens.pipeline import images as image_files
from twinlens.pipeline.mover import Mover
from twinlens.pipeline.plan import Plan
from twinlens.steps.frozen import changed
from twinlens.steps.spec import Spec

if TYPE_CHECKING:
    from twinlens import engines
    from twinlens.pipeline.images import Images
    from twinlens.steps.spec import Ints

__all__ = ["Mask", "read_mask"]


@dataclass(frozen=True)
class Mask(Mover):
    """Masks are images of names: nearest neighbours, borders of 0, colour steps leave them.

    tv: torchvision's Mask, whose type the result takes. first: the array holds its N masks first, (N, H, W).
    """

    masks: Images
    tv: Any = None
    first: bool = False

    def move(self, plan: Plan, engine: engines.Engine | None = None) -> Mask:
        steps = tuple(m for step in plan.steps if (m := step.mask()) is not None)
        if not steps:
            return self
        specs = []
        spec = self.masks.spec
        for step in steps:
            specs.append(spec)
            spec = step.after(spec)
        kind = self.masks.kind
        return replace(self, masks=self.masks.run(Plan(self.masks.spec, steps, tuple(specs), spec), kind, engine))

    def item(self, i: int) -> Mask:
        return replace(self, masks=self.masks.item(i))

    def select(self, rows: Ints) -> Mask:
        """The masks of the images at `rows`."""
        return replace(self, masks=self.masks.select(rows))

    def united(self, parts: list[Mask]) -> Mask:
        """These masks of a batch, from those of its images."""
        return replace(self, masks=self.masks.joined([part.masks for part in parts]))

    @property
    def pixels(self) -> Any:
        """Of one image: an array (H, W, N) or a tensor (N, H, W)."""
        value = self.masks.batch.data[0]
        return value[..., None] if value.ndim == 2 else value

    def having(self, pixels: Any, images: Images) -> Mask:
        """This mask of one image with other pixels, of `images`, which a transform that runs by itself made."""
        old = self.masks.batch
        tensor = isinstance(pixels, torch.Tensor)
        if tensor is not old.chw or pixels.ndim != 3:
            shape = tuple(getattr(pixels, "shape", ()))
            raise InputError(f"mask: got back {type(pixels).__name__} {shape}, wants what was given, with channels")
        h, w, c = (*pixels.shape[1:], pixels.shape[0]) if tensor else pixels.shape
        if (h, w) != images.spec.shape(0)[:2]:
            raise InputError(f"mask: got back {h} x {w} for an image of {images.spec.shape(0)}")
        dtype = str(pixels.dtype).removeprefix("torch.")
        flat = old.data[0].ndim == 2
        batch = Batch([pixels[..., 0] if flat else pixels], Spec.of([(h, w, c)], dtype).meaning(old.spec), old.chw)
        return replace(self, masks=replace(self.masks, batch=batch, original=None))

    def hand_back(self) -> Any:
        value = self.masks.hand_back()
        if self.first:
            return np.ascontiguousarray(np.moveaxis(value, -1, 0))
        if self.tv is None:
            return value
        from torchvision import tv_tensors

        return tv_tensors.Mask(value)


def read_mask(value: Any, number: int, images: Images) -> Mask:
    """A mask of the images, or N masks as its channels."""
    tv = value if type(value).__module__.startswith("torchvision.tv_tensors") else None
    first = _instances_first(value, images)
    if isinstance(value, list):
        parts = [read_mask(part, 0, images.item(i)) for i, part in enumerate(value[: images.count])]
        masks = _listed([part.masks for part in parts]) if len(value) == images.count else None
    elif isinstance(value, Image.Image):
        masks = _indexed(image_files.read(value))
    else:
        plain = np.moveaxis(value, 0, -1) if first else value
        masks = _mask_images(plain.as_subclass(torch.Tensor) if tv is not None else plain, images.single)
    _check(value, masks, images)
    assert masks is not None
    return Mask(number, masks, tv, first)


def _check(value: Any, masks: Images | None, images: Images) -> None:
    a = images.spec
    if masks is None:
        raise InputError(f"mask: a list of {len(value)} for {images.count} images")
    if images.count != masks.count or not ((a.h == masks.spec.h).all() and (a.w == masks.spec.w).all()):
        shape = tuple(value.shape) if hasattr(value, "shape") else getattr(value, "size", f"list of {len(value)}")
        raise InputError(f"mask: shape {shape} does not fit the image of {a.shape(0) if len(a) else ()}")
    data = masks.batch.data
    device = getattr(images.batch.data, "device", "cpu")
    if isinstance(data, torch.Tensor) and isinstance(images.batch.data, torch.Tensor) and data.device != device:
        raise InputError(f"mask: it is on {data.device}, the image is on {device}; bring both to one device")


def _instances_first(value: Any, images: Images) -> bool:
    """Albumentations' (N, H, W), where (H, W, N) does not fit."""
    if not isinstance(value, np.ndarray) or value.ndim != 3 or not images.single:
        return False
    size = images.spec.shape(0)[:2]
    return bool(value.shape[:2] != size and value.shape[1:] == size)


def _indexed(masks: Images) -> Images:
    spec = replace(masks.spec, indexed=True, alpha=False)
    return replace(masks, batch=masks.batch.but(spec=spec))


def _listed(parts: list[Images]) -> Images:
    return changed(parts[0], single=False, listed=True).joined(parts)


def _mask_images(value: Any, single: bool) -> Images:
    tensor = isinstance(value, torch.Tensor)
    flat = value.ndim == (2 if single else 3)
    if value.ndim not in ((2, 3) if single else (3, 4)):
        wants = "(H, W) or with channels" if single else "(B, H, W) or with channels"
        raise InputError(f"mask: shape {tuple(value.shape)}; wants {wants}")
    batched = value[None] if single else value
    if flat:
        batched = batched[:, None] if tensor else batched[..., None]
    b = batched.shape[0]
    c, h, w = batched.shape[1:] if tensor else (batched.shape[3], *batched.shape[1:3])
    dtype = str(batched.dtype).removeprefix("torch.")
    spec = Spec.of([(h, w, c)] * max(b, 1), dtype, indexed=True)
    kind = "tensor" if tensor else "ndarray"
    return image_files.Images(Batch(batched, spec, tensor), kind, single, False, flat, empty=b == 0, original=value)
