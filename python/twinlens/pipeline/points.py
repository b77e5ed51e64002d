"""Boxes and keypoints on their way through a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.errors import ArgumentError, InputError
from twinlens.pipeline.mover import Mover
from twinlens.steps.device import as_tensor, choose, to_device
from twinlens.steps.frozen import changed
from twinlens.targets import Boxes, Keypoints

if TYPE_CHECKING:
    from twinlens import engines
    from twinlens.pipeline.images import Images
    from twinlens.pipeline.plan import Plan
    from twinlens.steps import Step
    from twinlens.steps.spec import Bools, Ints, Spec

__all__ = ["Points", "area", "clamped", "inside", "read_points", "share", "sides"]


@dataclass(frozen=True)
class Points(Mover):
    """Boxes as edges (B, N, 4), or keypoints (B, N, 2), in pixels, on images of which `spec` is known.

    clamp: cut boxes off where the image is cut off. seen: (B, N), the part of each box that was never cut off, or
    whether a keypoint never left the image; None where nobody asks. pairs: keypoints that mirrors swap. valid: (B, N),
    None for all; keeps_valid: the caller's type has it.
    """

    data: torch.Tensor
    boxes: bool
    single: bool
    back: Callable[[Points], Any]
    spec: Spec
    clamp: bool = False
    seen: torch.Tensor | None = None
    pairs: tuple[tuple[int, int], ...] = ()
    valid: torch.Tensor | None = None
    keeps_valid: bool = False

    def move(self, plan: Plan, engine: engines.Engine | None = None) -> Points:
        del engine
        moved = self
        for step, spec in zip(plan.steps, plan.specs, strict=True):
            if step.moves:
                moved = moved.after(step, spec)
        return changed(moved, spec=plan.after)

    def after(self, step: Step, spec: Spec) -> Points:
        """Where one step moves them."""
        data, seen = self.data, self.seen
        moved = step.boxes(data, spec) if self.boxes else self._swapped(step.keypoints(data, spec), step.mirrors())
        if self.clamp and step.clamps:
            cut = clamped(moved, step.after(spec))
            seen = None if seen is None else seen * share(cut, moved)
            moved = cut
        elif not self.boxes and seen is not None:
            seen = self._swapped(seen.unsqueeze(-1), step.mirrors()).squeeze(-1) & inside(moved, step.after(spec))
        if step.active is not None:
            active = np.broadcast_to(step.active, len(spec))
            moved = choose(active, moved, data)
            seen = seen if seen is None or self.seen is None else choose(active, seen, self.seen)
        return changed(self, data=moved, seen=seen)

    def _swapped(self, values: torch.Tensor, where: Bools) -> torch.Tensor:
        """Rows (B, N, k) with the points of each pair exchanged."""
        if not self.pairs or not where.any():
            return values
        order = list(range(values.shape[1]))
        for a, b in self.pairs:
            order[a], order[b] = b, a
        return choose(where, values[:, order], values)

    def item(self, i: int) -> Points:
        return self.select(np.array([i]))

    def select(self, rows: Ints) -> Points:
        """The points of the images at `rows`."""
        at = as_tensor(rows, self.data.device)
        seen, valid = (None if field is None else field[at] for field in (self.seen, self.valid))
        return changed(self, data=self.data[at], spec=self.spec.select(rows), seen=seen, valid=valid)

    def united(self, parts: list[Points]) -> Points:
        """These points of a batch, from those of its images."""
        first = parts[0].spec
        spec = type(first).of([part.spec.shape(0) for part in parts], first.dtype).meaning(first)
        data, seen = torch.cat([part.data for part in parts]), [part.seen for part in parts if part.seen is not None]
        valid = [_all(part.data) if part.valid is None else part.valid for part in parts]
        some = any(part.valid is not None for part in parts)
        return changed(
            self, data=data, spec=spec, seen=torch.cat(seen) if seen else None, valid=torch.cat(valid) if some else None
        )

    def hand_back(self) -> Any:
        return self.back(self)

    @property
    def values(self) -> torch.Tensor:
        """In the caller's number of axes."""
        return self.data[0] if self.single else self.data

    def own(self, rows: torch.Tensor | None) -> torch.Tensor | None:
        """`seen` or `valid` in the caller's number of axes."""
        return rows[0] if rows is not None and self.single else rows

    @property
    def canvas(self) -> tuple[int, int]:
        """Height and width of the first image."""
        return self.spec.shape(0)[:2] if len(self.spec) else (0, 0)


def sides(spec: Spec, like: torch.Tensor) -> torch.Tensor:
    """(B, 1, 2): width and height of the images."""
    return to_device(np.stack((spec.w, spec.h), 1), like).unsqueeze(1)


def clamped(xyxy: torch.Tensor, spec: Spec) -> torch.Tensor:
    """(B, N, 4), cut off at the images' borders."""
    return torch.minimum(xyxy.clamp(min=0), sides(spec, xyxy).repeat(1, 1, 2))


def inside(xy: torch.Tensor, spec: Spec) -> torch.Tensor:
    """(B, N): torchvision's rule, 0 <= x < W and 0 <= y < H."""
    return ((xy >= 0) & (xy < sides(spec, xy))).all(-1)


def area(xyxy: torch.Tensor) -> torch.Tensor:
    """(B, N) in pixels; boxes the wrong way round have none."""
    return (xyxy[..., 2:] - xyxy[..., :2]).clamp(min=0).prod(-1)


def _all(data: torch.Tensor) -> torch.Tensor:
    return torch.ones(data.shape[:-1], dtype=torch.bool, device=data.device)


def share(part: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
    """(B, N): the part of the area of `whole` that `part` has; 0 where there is none."""
    all_of_it = area(whole)
    return torch.where(all_of_it > 0, area(part) / all_of_it.clamp(min=torch.finfo(whole.dtype).tiny), 0.0)


def read_points(role: str, value: Any, number: int, images: Images) -> Points:
    """Boxes or keypoints of the images, in whatever form."""
    try:
        points = _points(role, value, images)
    except ArgumentError as error:
        raise InputError(str(error)) from None
    _check(role, points.data, images)
    return changed(points, number=number)


def _check(role: str, data: torch.Tensor, images: Images) -> None:
    device = images.batch.data.device if isinstance(images.batch.data, torch.Tensor) else torch.device("cpu")
    if data.device != device:
        raise InputError(f"{role}: they are on {data.device}, the image is on {device}; bring both to one device")
    if device.type == "cpu" and not bool(data.isfinite().all()):
        raise InputError(f"{role}: hold a number that is not finite")


def _points(role: str, value: Any, images: Images) -> Points:
    if isinstance(value, Boxes):
        return _own_boxes(value, images)
    if isinstance(value, Keypoints):
        return _own_keypoints(value, images)
    if type(value).__module__.startswith("torchvision.tv_tensors"):
        return _torchvision_points(role, value, images)
    if isinstance(value, list) and not images.single:
        return _ragged(role, value, images)
    return _plain(role, value, images)


def _made(role: str, data: torch.Tensor, images: Images, back: Callable[[Points], Any], **more: Any) -> Points:
    boxes = role == "boxes"
    wants = 2 if images.single else 3
    if data.ndim != wants or (not images.single and len(data) != images.count):
        shape = "(N, {0})" if images.single else f"({images.count}, N, {{0}})"
        raise InputError(f"{role}: shape {tuple(data.shape)}; wants {shape.format(4 if boxes else 2)}")
    batched = data[None] if images.single else data
    clamp = more.pop("clamp", boxes)
    return Points(0, batched, boxes, images.single, back, images.spec, clamp, **more)


def _per_batch(value: torch.Tensor | None, images: Images) -> torch.Tensor | None:
    return value[None] if value is not None and images.single else value


def _own_boxes(value: Boxes, images: Images) -> Points:
    def back(points: Points) -> Boxes:
        data = points.data / sides(points.spec, points.data).repeat(1, 1, 2) if value.normalized else points.data
        rows = data[0] if points.single else data
        return value.moved(rows, visibility=points.own(points.seen), valid=points.own(points.valid))

    seen = torch.ones(value.data.shape[:-1], device=value.data.device) if value.visibility is None else value.visibility
    clamp = value.clamping_mode is not None
    made = _made("boxes", value.xyxy, images, back, clamp=clamp)
    made = changed(made, seen=_per_batch(seen, images), valid=_per_batch(value.valid, images), keeps_valid=True)
    if value.normalized:
        made = changed(made, data=made.data * sides(images.spec, made.data).repeat(1, 1, 2))
    return made


def _own_keypoints(value: Keypoints, images: Images) -> Points:
    def back(points: Points) -> Keypoints:
        fields = {"visible": points.own(points.seen), "valid": points.own(points.valid)}
        return value.moved(points.values, **fields, pairs=points.pairs)

    seen = _per_batch(value.visible, images)
    made = _made("keypoints", value.data, images, back, pairs=value.pairs, valid=_per_batch(value.valid, images))
    made = changed(made, keeps_valid=True)
    if seen is not None:
        made = changed(made, seen=seen & inside(made.data, images.spec))
    return made


def _plain(role: str, value: Any, images: Images) -> Points:
    """Arrays, tensors and lists of rows; what stands behind the coordinates, labels say, stays as it is."""
    width = 4 if role == "boxes" else 2
    if isinstance(value, list):
        return _rows(role, value, width, images)
    behind = value[..., width:]
    kind = Boxes if role == "boxes" else Keypoints
    data = kind(value[..., :width]).data

    def back(points: Points) -> Any:
        moved = points.values
        if isinstance(value, torch.Tensor):
            return torch.cat((moved, behind.to(moved.dtype)), -1) if behind.shape[-1] else moved
        coordinates = moved.numpy().astype(value.dtype if value.dtype.kind == "f" else np.float32)
        return np.concatenate((coordinates, behind.astype(coordinates.dtype)), -1) if behind.shape[-1] else coordinates

    return _made(role, data, images, back)


def _rows(role: str, rows: list[Any], width: int, images: Images) -> Points:
    """A list with a row each, such as (x0, y0, x1, y1, "dog"); rows stay lists or tuples."""
    if any(not isinstance(row, list | tuple | np.ndarray | torch.Tensor) or len(row) < width for row in rows):
        raise InputError(f"{role}: got {rows!r}; wants rows of {width} numbers, labels may follow")
    numbers = np.array([[float(v) for v in row[:width]] for row in rows], np.float32).reshape(-1, width)
    data = torch.from_numpy(numbers)

    def back(points: Points) -> list[Any]:
        moved = points.values.tolist()
        return [type(row)([*new, *row[width:]]) if isinstance(row, tuple) else [*new, *row[width:]]
                for new, row in zip(moved, rows, strict=True)]  # fmt: skip

    return _made(role, data, images, back)


def _ragged(role: str, values: list[Any], images: Images) -> Points:
    """One entry an image, each with its own number of boxes or keypoints: padded, moved together, cut again."""
    if len(values) != images.count:
        raise InputError(f"{role}: a list of {len(values)} for {images.count} images")
    parts = [_points(role, value, images.item(i)) for i, value in enumerate(values)]
    if any(part.seen is not None or part.pairs or part.clamp != parts[0].clamp for part in parts):
        raise InputError(f"{role}: a list of Boxes or Keypoints; stack them padded into one, with `valid`")
    most = max((part.data.shape[1] for part in parts), default=0)
    padded = [torch.nn.functional.pad(part.data, (0, 0, 0, most - part.data.shape[1])) for part in parts]
    width = 4 if role == "boxes" else 2
    data = torch.cat(padded) if padded else torch.zeros(0, 0, width)

    def back(points: Points) -> list[Any]:
        own = [points.item(i) for i in range(len(parts))]
        cut = [
            changed(mine, data=mine.data[:, : part.data.shape[1]], single=True)
            for mine, part in zip(own, parts, strict=True)
        ]
        return [part.back(mine) for mine, part in zip(cut, parts, strict=True)]

    return _made(role, data, images, back, clamp=parts[0].clamp if parts else role == "boxes")


def _torchvision_points(role: str, value: Any, images: Images) -> Points:
    plain = value.as_subclass(torch.Tensor)
    floats = plain if plain.is_floating_point() else plain.to(torch.float32)
    return (_torchvision_keypoints if role == "keypoints" else _torchvision_boxes)(value, floats, images)


def _torchvision_keypoints(value: Any, floats: torch.Tensor, images: Images) -> Points:
    """Points may come in groups, (..., 2)."""
    from torchvision import tv_tensors

    flat = floats.reshape(-1, 2) if images.single else floats

    def back(points: Points) -> Any:
        moved = points.values.reshape(value.shape).to(value.dtype)
        return tv_tensors.KeyPoints(moved, canvas_size=points.canvas)

    return _made("keypoints", flat, images, back)


def _torchvision_boxes(value: Any, floats: torch.Tensor, images: Images) -> Points:
    from torchvision import tv_tensors

    format = value.format.value.lower()
    if format not in ("xyxy", "xywh", "cxcywh"):
        raise InputError(f"boxes: torchvision's format {value.format.value} is not supported; convert it to XYXY")
    made = Boxes(floats, format)

    def back(points: Points) -> Any:
        moved = made.moved(points.values).data.to(value.dtype)
        # torchvision below 0.24 has no clamping_mode
        mode = {"clamping_mode": value.clamping_mode} if hasattr(value, "clamping_mode") else {}
        return tv_tensors.BoundingBoxes(moved, format=value.format, canvas_size=points.canvas, **mode)

    # torchvision's boxes may ask to be left outside; its keypoints, and ours, always are
    clamp = getattr(value, "clamping_mode", "soft") is not None
    return _made("boxes", made.xyxy, images, back, clamp=clamp)
