"""Steps that move pixels: Resample, Crop, Pad, Flip and Transpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.export.picture import Picture, Unsupported
from twinlens.export.resample import SUPPORT, nearest_rows, resample_pillow

if TYPE_CHECKING:
    from twinlens import steps
    from twinlens.export.graph import Graph
    from twinlens.steps import Spec

__all__ = ["crop", "flip", "pad", "resample", "transpose"]

_Y, _X = 2, 3  # axes
_TO_THE_START = np.iinfo(np.int64).min


def resample(picture: Picture, step: steps.Resample, spec: Spec) -> None:
    """Pillow's filters and both nearest neighbours."""
    graph = picture.graph
    if any(part is not None for part in (step.roi, step.window, step.box, step.flip)):
        raise Unsupported("a resize of a part of the image has no graph")
    before = graph.number(spec.h), graph.number(spec.w)
    after = graph.number(step.out_h), graph.number(step.out_w)
    if step.method in ("nearest", "nearest_exact"):
        for axis, size, out in zip((_X, _Y), reversed(before), reversed(after), strict=True):
            rows = nearest_rows(graph, step.method, size, out)
            picture.name = graph.op("Gather", picture.name, rows, axis=axis)
        return
    if step.method not in SUPPORT:
        raise Unsupported(
            f"OpenCV's {step.method} has no graph; Pillow's filters have (semantics='pillow'), and nearest"
        )
    x = picture.pixels()
    if picture.dtype not in ("uint8", "float32"):
        raise Unsupported(f"a resize of {picture.dtype} has no graph")
    picture.name = resample_pillow(
        graph, picture.interleaved or x, picture.dtype, step.method, before, after, planar=picture.interleaved is None
    )


def crop(picture: Picture, step: steps.Crop, spec: Spec) -> None:
    """A slice of both axes."""
    del spec
    graph = picture.graph
    y, x, h, w = (graph.number(v) for v in (step.y, step.x, step.h, step.w))
    starts, ends = graph.join(y, x), graph.join(graph.op("Add", y, h), graph.op("Add", x, w))
    picture.name = graph.op("Slice", picture.name, starts, ends, graph.constant([_Y, _X], np.int64))


def pad(picture: Picture, step: steps.Pad, spec: Spec) -> None:
    """Rows and columns gathered from where the border repeats them; a constant over what lies outside."""
    graph = picture.graph
    x = picture.pixels()
    places = []
    sides = ((spec.h, step.top, step.bottom), (spec.w, step.left, step.right))
    for axis, (size, *borders) in zip((_Y, _X), sides, strict=True):
        n, before, behind = (graph.number(v) for v in (size, *borders))
        out = graph.op("Add", graph.op("Add", n, before), behind)
        place = graph.op("Sub", graph.range(out, np.int64), before)
        places.append((place, n))
        x = graph.op("Gather", x, _inside(graph, place, n, step.mode), axis=axis)
    picture.name = x if step.mode != "constant" else _filled(picture, step, x, places)


def _inside(graph: Graph, place: str, n: str, mode: str) -> str:
    """The sample that a place along an axis shows."""
    zero, one = graph.constant([0], np.int64), graph.constant([1], np.int64)
    last = graph.op("Sub", n, one)
    if mode in ("constant", "edge"):
        return graph.op("Min", graph.op("Max", place, zero), last)
    twice = graph.op("Mul", last if mode == "reflect" else n, graph.constant([2], np.int64))
    period = graph.op("Max", twice, one)
    at = graph.op("Mod", place, period)
    end = period if mode == "reflect" else graph.op("Sub", period, one)
    return graph.op("Where", graph.op("Less", at, n), at, graph.op("Sub", end, at))


def _filled(picture: Picture, step: steps.Pad, x: str, places: list[tuple[str, str]]) -> str:
    graph, zero = picture.graph, picture.graph.constant([0], np.int64)
    inside = []
    for (place, n), shape in zip(places, ((-1, 1), (1, -1)), strict=True):
        within = graph.op("And", graph.op("GreaterOrEqual", place, zero), graph.op("Less", place, n))
        inside.append(graph.reshape(within, *shape))
    fill = step.fill[0].astype(picture.dtype).reshape(-1, 1, 1)
    return graph.op("Where", graph.op("And", *inside), x, graph.constant(fill))


def flip(picture: Picture, step: steps.Flip, spec: Spec) -> None:
    """Left-right, top-bottom."""
    del spec
    _mirror(picture, step.vertical, step.horizontal)


def _mirror(picture: Picture, vertical: Any, horizontal: Any) -> None:
    axes = [axis for axis, turned in ((_Y, vertical), (_X, horizontal)) if turned[0]]
    if axes:
        parts = ([-1] * len(axes), [_TO_THE_START] * len(axes), axes, [-1] * len(axes))
        graph = picture.graph
        picture.name = graph.op("Slice", picture.name, *(graph.constant(part, np.int64) for part in parts))


def transpose(picture: Picture, step: steps.Transpose, spec: Spec) -> None:
    """Rows and columns, then mirrored."""
    del spec
    if step.transposed[0]:
        picture.name = picture.graph.op("Transpose", picture.name, perm=[0, 1, 3, 2])
    _mirror(picture, step.vertical, step.horizontal)
