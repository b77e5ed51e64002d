"""Masks, boxes and keypoints on their way through a plan."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from PIL import Image

from twinlens import engines
from twinlens.engines import Batch
from twinlens.errors import InputError
from twinlens.pipeline import images as image_files
from twinlens.pipeline.plan import Plan
from twinlens.steps.device import choose, to_device
from twinlens.steps.spec import Spec
from twinlens.targets import Boxes, Keypoints

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinlens.pipeline.images import Images

__all__ = ["Mover", "read", "unite"]


@dataclass(frozen=True, slots=True)
class Mover(ABC):
    """A value that follows the image. `number`: its place in the sample."""

    number: int

    @abstractmethod
    def move(self, plan: Plan, engine: engines.Engine | None) -> Self:
        """The value after the plan."""

    @abstractmethod
    def item(self, i: int) -> Self:
        """The part that belongs to image i."""

    @abstractmethod
    def hand_back(self) -> Any:
        """In the caller's own type."""


def read(role: str, value: Any, number: int, images: Images) -> Mover:
    """A leaf as a mover, checked against the images that it belongs to."""
    if role == "mask":
        return _read_mask(value, number, images)
    return _read_points(role, value, number, images)


def unite(whole: Mover, parts: list[Mover]) -> Mover:
    """The movers of single images as one for the batch."""
    if isinstance(whole, Mask):
        masks = [part for part in parts if isinstance(part, Mask)]
        return replace(whole, masks=whole.masks.joined([m.masks for m in masks]))
    points = [part for part in parts if isinstance(part, Points)]
    assert isinstance(whole, Points)
    return replace(whole, data=torch.cat([p.data for p in points]), canvas=points[0].canvas)


@dataclass(frozen=True, slots=True)
class Mask(Mover):
    """Masks are images of names: nearest neighbours, borders of 0, colour steps leave them."""

    masks: Images
    tv: Any = None  # torchvision's Mask, whose type the result takes

    def move(self, plan: Plan, engine: engines.Engine | None) -> Mask:
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

    def hand_back(self) -> Any:
        value = self.masks.hand_back()
        if self.tv is None:
            return value
        from torchvision import tv_tensors

        return tv_tensors.Mask(value)


def _read_mask(value: Any, number: int, images: Images) -> Mask:
    tv = value if type(value).__module__.startswith("torchvision.tv_tensors") else None
    if isinstance(value, Image.Image):
        masks = image_files.read(value)
        masks = replace(masks, batch=masks.batch.but(spec=replace(masks.spec, indexed=True, alpha=False)))
    else:
        masks = _mask_images(value.as_subclass(torch.Tensor) if tv is not None else value, images.single)
    a, b = images.spec, masks.spec
    if images.count != masks.count or not ((a.h == b.h).all() and (a.w == b.w).all()):
        shape = tuple(value.shape) if hasattr(value, "shape") else value.size
        raise InputError(f"mask: shape {shape} does not fit the image of {a.shape(0) if len(a) else ()}")
    return Mask(number, masks, tv)


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


@dataclass(frozen=True, slots=True)
class Points(Mover):
    """Boxes as edges (B, N, 4), or keypoints (B, N, 2). clamp: cut boxes off where the image is cut off."""

    data: torch.Tensor
    boxes: bool
    single: bool
    back: Callable[[torch.Tensor, tuple[int, int]], Any]
    canvas: tuple[int, int]
    clamp: bool = False

    def move(self, plan: Plan, engine: engines.Engine | None) -> Points:
        del engine
        data = self.data
        for step, spec in zip(plan.steps, plan.specs, strict=True):
            if not step.moves:
                continue
            moved = step.boxes(data, spec) if self.boxes else step.keypoints(data, spec)
            if self.clamp and step.clamps:
                moved = _clamped(moved, step.after(spec))
            data = moved if step.active is None else choose(np.broadcast_to(step.active, len(spec)), moved, data)
        after = plan.after
        return replace(self, data=data, canvas=after.shape(0)[:2] if len(after) else self.canvas)

    def item(self, i: int) -> Points:
        return replace(self, data=self.data[i : i + 1])

    def hand_back(self) -> Any:
        return self.back(self.data[0] if self.single else self.data, self.canvas)


def _read_points(role: str, value: Any, number: int, images: Images) -> Points:
    boxes = role == "boxes"
    data, back = _points_and_back(role, value)
    wants = 2 if images.single else 3
    if data.ndim != wants or (not images.single and len(data) != images.count):
        shape = "(N, {0})" if images.single else f"({images.count}, N, {{0}})"
        raise InputError(f"{role}: shape {tuple(data.shape)}; wants {shape.format(4 if boxes else 2)}")
    batched = data[None] if images.single else data
    canvas = images.spec.shape(0)[:2] if len(images.spec) else (0, 0)
    # torchvision's boxes may ask to be left outside; its keypoints, and ours, always are
    clamp = boxes and getattr(value, "clamping_mode", "soft") is not None
    return Points(number, batched, boxes, images.single, back, canvas, clamp)


def _clamped(xyxy: torch.Tensor, spec: Spec) -> torch.Tensor:
    limit = to_device(np.stack((spec.w, spec.h, spec.w, spec.h), 1), xyxy).unsqueeze(1)
    return torch.minimum(xyxy.clamp(min=0), limit)


def _points_and_back(role: str, value: Any) -> tuple[torch.Tensor, Callable[[torch.Tensor, tuple[int, int]], Any]]:
    """Coordinates as floats, boxes as xyxy, and the way back to the caller's type."""
    if isinstance(value, Boxes):
        return value.xyxy, lambda data, _: value.moved(data)
    if isinstance(value, Keypoints):
        return value.data, lambda data, _: value.moved(data)
    if type(value).__module__.startswith("torchvision.tv_tensors"):
        return _torchvision_points(role, value)
    kind = Boxes if role == "boxes" else Keypoints
    made = kind(value)
    if isinstance(value, np.ndarray):
        return made.data, lambda data, _: data.numpy().astype(value.dtype if value.dtype.kind == "f" else np.float32)
    if isinstance(value, torch.Tensor):
        return made.data, lambda data, _: data
    return made.data, lambda data, _: data.tolist()


def _torchvision_points(role: str, value: Any) -> tuple[torch.Tensor, Callable[[torch.Tensor, tuple[int, int]], Any]]:
    from torchvision import tv_tensors

    plain = value.as_subclass(torch.Tensor)
    floats = plain if plain.is_floating_point() else plain.to(torch.float32)
    if role == "keypoints":
        return floats, lambda data, canvas: tv_tensors.KeyPoints(data.to(plain.dtype), canvas_size=canvas)
    format = value.format.value.lower()
    if format not in ("xyxy", "xywh", "cxcywh"):
        raise InputError(f"boxes: torchvision's format {value.format.value} is not supported; convert it to XYXY")
    made = Boxes(floats, format)

    def back(data: torch.Tensor, canvas: tuple[int, int]) -> Any:
        moved = made.moved(data).data.to(plain.dtype)
        # torchvision below 0.24 has no clamping_mode
        mode = {"clamping_mode": value.clamping_mode} if hasattr(value, "clamping_mode") else {}
        return tv_tensors.BoundingBoxes(moved, format=value.format, canvas_size=canvas, **mode)

    return made.xyxy, back
