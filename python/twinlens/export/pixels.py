"""Steps that change values: tables, gray, colour matrices, saturation and contrast, conversion and normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.export.picture import Picture, Unsupported

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens import steps
    from twinlens.export.graph import Graph
    from twinlens.steps import Spec

__all__ = ["adjust", "channels", "color_convert", "color_matrix", "normalize", "weighed_gray"]

_GRAY = {"gray_pillow": (19595, 38470, 7471, 16), "gray_opencv": (9798, 19235, 3735, 15)}


def by_table(picture: Picture, step: Any, spec: Spec) -> None:
    """A step that maps one value to one: what it makes of every value of uint8 is a table."""
    if picture.dtype != "uint8" and picture.table is None:
        raise Unsupported(f"{type(step).__name__} of {picture.dtype} has no graph")
    import torch

    table = picture.table if picture.table is not None else np.arange(256, dtype=np.uint8)[None]
    ramp = torch.from_numpy(np.broadcast_to(table, (picture.channels, 256)).copy())[None, :, :, None]
    seen = spec.but(h=np.array([256]), w=np.array([1]), c=np.array([picture.channels]), dtype=picture.dtype)
    after = step.result(seen).dtype
    if after not in ("uint8", "float32", "float16"):
        raise Unsupported(f"results of {after} have no graph; uint8, float32 and float16 have")
    picture.table, picture.dtype = step.batched(ramp, seen)[0, :, :, 0].numpy(), after


def normalize(picture: Picture, step: steps.Normalize, spec: Spec) -> None:
    """A table where the values were uint8; else two operations of float32."""
    if picture.dtype == "uint8" or picture.table is not None:
        return by_table(picture, step, spec)
    if picture.dtype != "float32" or step.dtype not in ("float32", "float16"):
        raise Unsupported(f"Normalize from {picture.dtype} to {step.dtype} has no graph")
    graph = picture.graph
    mean, std = (graph.constant(v[0].astype(np.float32).reshape(-1, 1, 1)) for v in (step.mean, step.std))
    picture.name = graph.op("Div", graph.op("Sub", picture.name, mean), std)
    if step.dtype != "float32":
        picture.name, picture.dtype = graph.cast(picture.name, step.dtype), step.dtype
    return None


def convert(picture: Picture, step: steps.Convert, spec: Spec) -> None:
    """A table where the values were uint8; from float32 to float16, and to uint8, cut off as torchvision has it."""
    if picture.dtype == step.dtype:
        return None
    if picture.dtype == "uint8" or picture.table is not None:
        return by_table(picture, step, spec)
    if picture.dtype != "float32" or step.dtype not in ("uint8", "float16"):
        raise Unsupported(f"Convert from {picture.dtype} to {step.dtype} has no graph")
    graph = picture.graph
    if step.dtype == "float16":
        picture.name, picture.dtype = graph.cast(picture.name, "float16"), "float16"
        return None
    x = graph.op("Mul", picture.name, graph.constant(255.0 + 1.0 - 1e-3, np.float32)) if step.scale else picture.name
    x = graph.op("Where", graph.op("IsNaN", x), graph.constant(0.0, np.float32), x)
    x = graph.op("Clip", x, graph.constant(0.0, np.float32), graph.constant(255.0, np.float32))
    picture.name, picture.dtype = graph.cast(graph.cast(x, np.int32), np.uint8), "uint8"
    return None


def _bytes(picture: Picture, what: str) -> str:
    """The pixels of uint8 as int32."""
    x = picture.pixels()
    if picture.dtype != "uint8":
        raise Unsupported(f"{what} of {picture.dtype} has no graph; of uint8 it has")
    return picture.graph.cast(x, np.int32)


def _channel(graph: Graph, x: str, i: int) -> str:
    """(N, 1, H, W): one channel."""
    return graph.op("Gather", x, graph.constant([i], np.int64), axis=1)


def weighed_gray(graph: Graph, x: str, kind: str) -> str:
    """(N, 1, H, W) int32 of (N, 3 or more, H, W) int32."""
    *weights, shift = _GRAY[kind]
    return _shifted_sum(graph, x, [*weights, 1 << (shift - 1)], shift)


def _shifted_sum(graph: Graph, x: str, factors: list[int], shift: int) -> str:
    """(r * f0 + g * f1 + b * f2 + f3) >> shift."""
    products = (graph.op("Mul", _channel(graph, x, i), graph.constant(factors[i], np.int32)) for i in range(3))
    total = graph.constant(factors[3], np.int32)
    for product in products:
        total = graph.op("Add", product, total)
    return graph.shift_right(total, shift)


def color_convert(picture: Picture, step: steps.ColorConvert, spec: Spec) -> None:
    """Gray, the order of channels, and channels left out or repeated."""
    del spec
    graph, kind = picture.graph, step.kind
    if kind in _GRAY:
        gray = graph.cast(weighed_gray(graph, _bytes(picture, "gray"), kind), np.uint8)
        picture.name = gray if step.channels == 1 else graph.op("Concat", *[gray] * 3, axis=1)
        picture.channels = step.channels
        return
    order = {
        "swap_rb": [2, 1, 0, 3][: picture.channels],
        "gray_to_rgb": [0, 0, 0],
        "drop_alpha": list(range(step.channels)),
    }.get(kind)
    if order is None:
        raise Unsupported(f"{kind} has no graph")
    picture.name = graph.op("Gather", picture.pixels(), graph.constant(order, np.int64), axis=1)
    picture.channels = len(order)


def channels(picture: Picture, step: steps.Channels, spec: Spec) -> None:
    """Another order, a selection, constants."""
    del spec
    graph, source = picture.graph, step.source[0]
    x = picture.pixels()
    if picture.dtype not in ("uint8", "float32"):
        raise Unsupported(f"Channels of {picture.dtype} has no graph")
    chosen = graph.op("Gather", x, graph.constant(np.maximum(source, 0), np.int64), axis=1)
    if (source < 0).any():
        fill = graph.constant(step.fill[:1].astype(picture.dtype))
        chosen = graph.op("Where", graph.constant((source < 0).reshape(-1, 1, 1)), fill, chosen)
    picture.name, picture.channels = chosen, len(source)


def color_matrix(picture: Picture, step: steps.ColorMatrix, spec: Spec) -> None:
    """Factors and offsets in 10 bits."""
    del spec
    graph = picture.graph
    x = _bytes(picture, "a colour matrix")
    fixed = np.rint(step.matrix[0] * 1024).astype(np.int32)
    rows = [_shifted_sum(graph, x, [*map(int, row[:3]), int(row[3]) + 512], 10) for row in fixed]
    mixed = graph.op("Concat", *rows, axis=1)
    picture.name = graph.cast(_cut(graph, mixed, np.int32), np.uint8)


def _cut(graph: Graph, x: str, dtype: Any) -> str:
    return graph.op("Clip", x, graph.constant(0, dtype), graph.constant(255, dtype))


def adjust(picture: Picture, step: steps.Adjust, spec: Spec) -> None:
    """Brightness is a table; contrast and saturation are blends with a gray, in float32."""
    if step.kind == "brightness" and picture.dtype == "uint8":
        return by_table(picture, step, spec)
    if step.kind == "hue":
        raise Unsupported("hue has no graph")
    graph = picture.graph
    x = _bytes(picture, step.kind)
    gray = x if picture.channels == 1 else weighed_gray(graph, x, "gray_pillow")
    degenerate = gray if step.kind == "saturation" else _mean(graph, gray)
    away = graph.cast(graph.op("Sub", x, degenerate), np.float32)
    amount: NDArray[np.float32] = step.amount.astype(np.float32)
    blended = graph.op(
        "Add", graph.cast(degenerate, np.float32), graph.op("Mul", graph.constant(amount.reshape(1)), away)
    )
    picture.name = graph.cast(graph.cast(_cut(graph, blended, np.float32), np.int32), np.uint8)
    return None


def _mean(graph: Graph, gray: str) -> str:
    """(N, 1, 1, 1) int32: the mean of (N, 1, H, W), rounded as Pillow does."""
    total = graph.cast(graph.sum(graph.cast(gray, np.int64), 2, 3), np.float64)
    shape = graph.op("Slice", graph.op("Shape", gray), *(graph.constant([v], np.int64) for v in (2, 4)))
    pixels = graph.cast(graph.op("ReduceProd", shape, keepdims=1), np.float64)
    mean = graph.op("Add", graph.op("Div", total, pixels), graph.constant(0.5, np.float64))
    return graph.cast(graph.op("Floor", mean), np.int32)
