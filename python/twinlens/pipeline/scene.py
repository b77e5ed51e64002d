"""One sample as a whole, for transforms that run by themselves: the image, and the targets that move with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from twinlens.errors import InputError
from twinlens.pipeline.containers import plain_tensor
from twinlens.pipeline.images import Images, read
from twinlens.pipeline.masks import Mask
from twinlens.pipeline.points import Points, clamped, inside, share
from twinlens.steps.frozen import changed
from twinlens.targets import Boxes, ClampingMode, Keypoints

if TYPE_CHECKING:
    from twinlens.pipeline.mover import Mover
    from twinlens.steps.spec import Spec

__all__ = ["Scene", "paired", "probes", "run"]


@dataclass(frozen=True, eq=False)
class Scene:
    """An image and its targets, as `Transform.apply_to_scene` gets and returns them.

    image: as the pipeline holds it, a PIL image, an array (H, W) or (H, W, C), or a plain tensor (C, H, W). masks:
    arrays (H, W, N) or tensors (N, H, W) of the image's height and width. boxes: `Boxes` in "xyxy", pixels. keypoints:
    `Keypoints`. All in the order in which the sample has them; what comes back has as many of each, with as many rows.
    A row that is to go is cleared in `valid`: targets without a `valid` then have 0, 0, 0, 0 for a box, or -1, -1 for
    a keypoint, which `SanitizeBoundingBoxes` and `SanitizeKeyPoints` remove.
    """

    image: Any
    masks: tuple[Any, ...] = ()
    boxes: tuple[Boxes, ...] = ()
    keypoints: tuple[Keypoints, ...] = ()


def probes(h: int, w: int) -> torch.Tensor:
    """(3, 2): points of an image that tell, where they went, whether it was mirrored."""
    places = torch.tensor([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75]], dtype=torch.float64)
    return (places * torch.tensor([w, h])).floor()


def paired(points: Keypoints, moved: torch.Tensor) -> Keypoints:
    """The keypoints; those of a pair change places if the `probes` that were `moved` turn the other way round."""
    (x0, y0), (x1, y1) = (moved[1:].double() - moved[0]).tolist()
    if x0 * y1 - y0 * x1 >= 0:
        return points
    order = list(range(len(points.data)))
    for a, b in points.pairs:
        order[a], order[b] = b, a
    valid, visible = (None if rows is None else rows[order] for rows in (points.valid, points.visible))
    return replace(points, data=points.data[order], valid=valid, visible=visible)


def run(path: str, apply: Callable[[Scene], Scene], images: Images, targets: list[Mover]) -> tuple[Images, list[Mover]]:
    """One image and its targets through `apply`, checked."""
    tv = images.kind == "tv_image"
    before = Scene(
        plain_tensor(images.hand_back()) if tv else images.hand_back(),
        tuple(mover.pixels for mover in targets if isinstance(mover, Mask)),
        tuple(_boxes(mover) for mover in targets if isinstance(mover, Points) and mover.boxes),
        tuple(_keypoints(mover) for mover in targets if isinstance(mover, Points) and not mover.boxes),
    )
    after = apply(before)
    if not isinstance(after, Scene):
        raise InputError(f"the transform at {path!r} returned {type(after).__name__}, wants a Scene")
    for what in ("masks", "boxes", "keypoints"):
        got, had = len(getattr(after, what)), len(getattr(before, what))
        if got != had:
            raise InputError(f"the transform at {path!r} returned {got} {what} for {had}")
    done = read(after.image, color="bgr" if images.bgr else "rgb")
    if not done.single:
        raise InputError(f"the transform at {path!r} returned several images for one")
    if tv and done.kind == "tensor":
        done = changed(done, kind="tv_image", original=None)
    new = {"masks": iter(after.masks), "boxes": iter(after.boxes), "keypoints": iter(after.keypoints)}
    return done, [_moved(path, mover, new, done) for mover in targets]


def _boxes(points: Points) -> Boxes:
    mode: ClampingMode = "soft" if points.clamp else None
    return Boxes(points.data[0], valid=None if points.valid is None else points.valid[0], clamping_mode=mode)


def _keypoints(points: Points) -> Keypoints:
    valid, seen = (None if rows is None else rows[0] for rows in (points.valid, points.seen))
    return Keypoints(points.data[0], valid=valid, visible=seen, pairs=points.pairs)


def _moved(path: str, mover: Mover, new: dict[str, Any], images: Images) -> Mover:
    if isinstance(mover, Mask):
        return mover.having(next(new["masks"]), images)
    assert isinstance(mover, Points)
    value = next(new["boxes" if mover.boxes else "keypoints"])
    data = value.xyxy if isinstance(value, Boxes) else value.data
    if data.shape != mover.data.shape[1:]:
        raise InputError(
            f"the transform at {path!r} returned {'boxes' if mover.boxes else 'keypoints'} of shape "
            f"{tuple(data.shape)} for {tuple(mover.data.shape[1:])}; clear `valid` of rows that are to go"
        )
    return _having(mover, data.to(mover.data.dtype)[None], value.valid, images.spec)


def _having(points: Points, data: torch.Tensor, valid: torch.Tensor | None, spec: Spec) -> Points:
    """Boxes and keypoints of one image at other places of another."""
    seen, kept = points.seen, None if valid is None else valid[None]
    if points.boxes and points.clamp:
        cut = clamped(data, spec)
        seen = None if seen is None else seen * share(cut, data)
        data = cut
    elif not points.boxes and seen is not None:
        seen = seen & inside(data, spec)
    if kept is not None and not points.keeps_valid:
        data = data.masked_fill(~kept.unsqueeze(-1), 0.0 if points.boxes else -1.0)
        kept = None
    return changed(points, data=data, spec=spec, seen=seen, valid=kept)
