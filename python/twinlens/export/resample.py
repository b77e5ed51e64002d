"""Resizing inside of a graph: the weights follow from the shape, in float64, as the native core computes them.

A pass adds up its taps one after the other, each of them rows gathered from a matrix whose first axis is resized:
as much work as the taps are, where a product with a matrix of weights would grow with the image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from twinlens.export.graph import Graph

__all__ = ["SUPPORT", "nearest_rows", "resample_pillow"]

#: half the width of each filter
SUPPORT = {"box": 0.5, "bilinear": 1.0, "hamming": 1.0, "bicubic": 2.0, "lanczos": 3.0}
_BITS = 22


class _Doubles:
    """Formulas of float64 arrays, every operation rounded by itself."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def of(self, value: str | float) -> str:
        return value if isinstance(value, str) else self.graph.constant(value, np.float64)

    def __call__(self, kind: str, *arguments: str | float) -> str:
        return self.graph.op(kind, *(self.of(a) for a in arguments))

    def where(self, chosen: str, yes: str | float, no: str | float) -> str:
        return self.graph.op("Where", chosen, self.of(yes), self.of(no))


@dataclass(frozen=True)
class _Taps:
    """index: (taps, n) int64. weight: (taps, n), float64 or int32 of 22 bits. used: (taps, n) bool. count: (1,)."""

    index: str
    weight: str
    used: str
    count: str


def resample_pillow(
    graph: Graph, x: str, dtype: str, method: str, before: tuple[str, str], after: tuple[str, str], *, planar: bool
) -> str:
    """(N, C, H, W), or (N, H, W, C) if not planar, of uint8 or float32, to (N, C, H', W'); sizes are (h, w), each (1,)
    int64. Horizontally, then vertically.

    All that is turned is turned as a matrix, which runtimes do many times faster than any other order of axes.
    """
    one_pass = _pass_bytes if dtype == "uint8" else _pass_reals
    columns = _taps(graph, method, before[1], after[1], real=dtype != "uint8")
    rows = _taps(graph, method, before[0], after[0], real=dtype != "uint8")
    every = graph.constant([-1], np.int64)
    channels = graph.op("Gather", graph.op("Shape", x), graph.constant([1 if planar else 3], np.int64))
    if planar:
        wide = _turned(graph, graph.op("Reshape", x, graph.join(every, before[1])))  # (W, N C H)
    else:
        pixels = graph.op("Mul", before[1], channels)
        wide = _turned(graph, graph.op("Reshape", x, graph.join(every, pixels)))  # (W C, N H)
        wide = graph.op("Reshape", wide, graph.join(before[1], every))  # (W, C N H)
    wide = one_pass(graph, wide, columns)
    tall = _turned(graph, graph.op("Reshape", wide, graph.join(every, before[0])))  # (H, W' N C) or (H, W' C N)
    tall = one_pass(graph, tall, rows)
    area = graph.op("Mul", *after)
    done = _turned(graph, graph.op("Reshape", tall, graph.join(area, every)))  # (N C, H' W') or (C N, H' W')
    outer = (every, channels) if planar else (channels, every)  # N as what is left: a 0 would mean "as it was"
    done = graph.op("Reshape", done, graph.join(*outer, *after))
    return done if planar else graph.op("Transpose", done, perm=[1, 0, 2, 3])


def _turned(graph: Graph, x: str) -> str:
    return graph.op("Transpose", x, perm=[1, 0])


def _taps(graph: Graph, method: str, size: str, out: str, *, real: bool) -> _Taps:
    """Pillow's precompute_coeffs, see csrc/filters.cpp."""
    f, support = _Doubles(graph), SUPPORT[method]
    n = graph.cast(size, np.float64)
    scale = f("Div", graph.cast(graph.cast(size, np.float32), np.float64), graph.cast(out, np.float64))
    filter_scale = f("Max", scale, 1.0)
    reach = f("Mul", support, filter_scale)
    center = f("Mul", f("Add", graph.range(out, np.float64), 0.5), scale)
    low, high = f("Add", f("Sub", center, reach), 0.5), f("Add", f("Add", center, reach), 0.5)
    first, last = f("Floor", f("Max", low, 0.0)), f("Floor", f("Min", high, n))
    count = f("Max", f("Sub", last, first), 0.0)
    taps = graph.reshape(graph.cast(graph.op("ReduceMax", count, keepdims=0), np.int64), 1)
    tap = graph.reshape(graph.range(taps, np.float64), -1, 1)
    source = f("Add", tap, first)
    argument = graph.by_inverse(f("Add", f("Sub", source, center), 0.5), filter_scale, np.float64)
    used = f("Less", tap, count)
    weight = f.where(used, _FILTERS[method](f, argument), 0.0)
    weight = f("Div", weight, _total(graph, f, weight, taps))
    index = graph.cast(f("Min", source, f("Sub", n, 1.0)), np.int64)
    if real:  # where a size stays the core passes over the axis: a tap of almost 0 would be added here
        same = graph.op("Equal", size, out)
        kept = f.where(graph.op("Equal", argument, f.of(0.0)), 1.0, 0.0)
        return _Taps(index, f.where(same, kept, weight), used, taps)
    half = f.where(f("Less", weight, 0.0), -0.5, 0.5)
    fixed = graph.cast(f("Add", half, f("Mul", weight, float(1 << _BITS))), np.int32)
    return _Taps(index, fixed, used, taps)


def _total(graph: Graph, f: _Doubles, weight: str, taps: str) -> str:
    """The sum of each output's taps, one after the other; 1 where it is 0."""
    sums = graph.op("CumSum", weight, graph.constant(0, np.int64))
    last = graph.op("Sub", taps, graph.constant([1], np.int64))
    total = graph.op("Gather", sums, last, axis=0)
    return f.where(graph.op("Equal", total, f.of(0.0)), 1.0, total)


def _box(f: _Doubles, x: str) -> str:
    inside = f.graph.op("And", f("Greater", x, -0.5), f("LessOrEqual", x, 0.5))
    return f.where(inside, 1.0, 0.0)


def _bilinear(f: _Doubles, x: str) -> str:
    return f("Max", f("Sub", 1.0, f("Abs", x)), 0.0)


def _hamming(f: _Doubles, x: str) -> str:
    x = f("Abs", x)
    turn = f("Mul", f.where(f("Equal", x, 0.0), 1.0, x), math.pi)
    half = f("Sin", f("Mul", turn, 0.5))  # ONNX Runtime had no Cos of float64 for long
    cosine = f("Mul", float(np.float32(0.46)), f("Sub", 1.0, f("Mul", f("Mul", half, half), 2.0)))
    bell = f("Mul", f("Div", f("Sin", turn), turn), f("Add", float(np.float32(0.54)), cosine))
    return f.where(f("Equal", x, 0.0), 1.0, f.where(f("GreaterOrEqual", x, 1.0), 0.0, bell))


def _bicubic(f: _Doubles, x: str) -> str:
    x = f("Abs", x)
    inner = f("Add", f("Mul", f("Mul", f("Sub", f("Mul", 1.5, x), 2.5), x), x), 1.0)
    outer = f("Mul", f("Sub", f("Mul", f("Add", f("Mul", f("Sub", x, 5.0), x), 8.0), x), 4.0), -0.5)
    return f.where(f("Less", x, 1.0), inner, f.where(f("Less", x, 2.0), outer, 0.0))


def _sinc(f: _Doubles, x: str) -> str:
    turn = f("Mul", f.where(f("Equal", x, 0.0), 1.0, x), math.pi)
    return f.where(f("Equal", x, 0.0), 1.0, f("Div", f("Sin", turn), turn))


def _lanczos(f: _Doubles, x: str) -> str:
    inside = f.graph.op("And", f("GreaterOrEqual", x, -3.0), f("Less", x, 3.0))
    return f.where(inside, f("Mul", _sinc(f, x), _sinc(f, f("Div", x, 3.0))), 0.0)


_FILTERS = {"box": _box, "bilinear": _bilinear, "hamming": _hamming, "bicubic": _bicubic, "lanczos": _lanczos}


def _row(graph: Graph, table: str, i: str) -> str:
    """Row i of (taps, n), as (n, 1)."""
    return graph.reshape(graph.op("Gather", table, i, axis=0), -1, 1)


def _shape_after(graph: Graph, x: str, index: str) -> str:
    """(n, m) of x (in, m) and index (taps, n)."""
    sizes = [graph.op("Shape", index), graph.op("Shape", x)]
    one, two = (graph.constant([v], np.int64) for v in (1, 2))
    return graph.join(*(graph.op("Slice", size, one, two) for size in sizes))


def _filled(graph: Graph, value: float, dtype: type, x: str, taps: _Taps) -> str:
    """What a sum begins with."""
    return graph.op("Expand", graph.constant([value], dtype), _shape_after(graph, x, taps.index))


def _pass_bytes(graph: Graph, x: str, taps: _Taps) -> str:
    """(in, m) to (n, m): (2^21 + sum of weight * x) >> 22, cut off at 0 and 255. No sum leaves int32."""

    def add(graph: Graph, i: str, total: str) -> str:
        rows = graph.op("Gather", x, graph.op("Gather", taps.index, i, axis=0), axis=0)
        product = graph.op("Mul", graph.cast(rows, np.int32), _row(graph, taps.weight, i))
        return graph.op("Add", total, product)

    total = graph.loop(taps.count, _filled(graph, 1 << (_BITS - 1), np.int32, x, taps), np.int32, add)
    level = graph.op("Div", total, graph.constant(1 << _BITS, np.int32))  # what it rounds up is below 0
    level = graph.op("Clip", level, graph.constant(0, np.int32), graph.constant(255, np.int32))
    return graph.cast(level, np.uint8)


def _pass_reals(graph: Graph, x: str, taps: _Taps) -> str:
    """Taps in order in float64, each operation rounded by itself, the pass stored as float32."""

    def add(graph: Graph, i: str, total: str) -> str:
        rows = graph.op("Gather", x, graph.op("Gather", taps.index, i, axis=0), axis=0)
        product = graph.op("Mul", graph.cast(rows, np.float64), _row(graph, taps.weight, i))
        zero = graph.constant(0.0, np.float64)
        return graph.op("Add", total, graph.op("Where", _row(graph, taps.used, i), product, zero))

    total = graph.loop(taps.count, _filled(graph, 0.0, np.float64, x, taps), np.float64, add)
    return graph.cast(total, np.float32)


def nearest_rows(graph: Graph, method: str, size: str, out: str) -> str:
    """(n,) int64: the sample that each output of an axis takes."""
    f = _Doubles(graph)
    n, m = graph.cast(size, np.float64), graph.cast(out, np.float64)
    if method == "nearest":  # OpenCV's
        place = graph.by_inverse(graph.range(out, np.float64), f("Div", m, n), np.float64)
    else:  # Pillow's adds up
        scale = f("Div", n, m)
        steps = graph.op("Expand", scale, out)
        first = f("Equal", graph.range(out, np.float64), 0.0)
        place = graph.op("CumSum", f.where(first, f("Div", scale, 2.0), steps), graph.constant(0, np.int64))
    whole = f("Min", f("Floor", place), f("Sub", n, 1.0))
    return graph.cast(whole, np.int64)
