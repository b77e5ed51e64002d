"""HistogramLut: tables that the graph makes of an image's own histogram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinlens.export.picture import Picture, Unsupported

if TYPE_CHECKING:
    from twinlens import steps
    from twinlens.export.graph import Graph
    from twinlens.steps import Spec

__all__ = ["counted", "histogram_lut", "through"]

_OPSET = 16  # the first whose ScatterElements adds


def counted(graph: Graph, rows: str, what: str) -> str:
    """(R, 256) int32: how often each value is in the rows of (R, L), integers of 0 to 255."""
    graph.wants(_OPSET, what)
    index = graph.cast(rows, np.int64)
    shape = graph.op("Shape", index)
    ones = graph.op("Expand", graph.constant(1, np.int32), shape)
    zero, one = (graph.constant([n], np.int64) for n in (0, 1))
    bins = graph.join(graph.op("Slice", shape, zero, one), graph.constant([256], np.int64))
    empty = graph.op("Expand", graph.constant(0, np.int32), bins)
    return graph.op("ScatterElements", empty, index, ones, axis=1, reduction="add")


def through(graph: Graph, rows: str, tables: str) -> str:
    """(R, L) of integers through (R, 256), a table a row."""
    return graph.op("GatherElements", tables, graph.cast(rows, np.int64), axis=1)


def histogram_lut(picture: Picture, step: steps.HistogramLut, spec: Spec) -> None:
    """autocontrast and equalize as Pillow's, equalize_opencv; every channel by itself."""
    del spec
    make = {"autocontrast": _autocontrast, "equalize": _equalize, "equalize_opencv": _equalize_opencv}.get(step.kind)
    x = picture.pixels()
    if make is None or picture.dtype != "uint8":
        raise Unsupported(f"{step.kind} of {picture.dtype} has no graph")
    graph = picture.graph
    shape = graph.op("Shape", x)
    pixels = graph.op("Slice", shape, graph.constant([2], np.int64), graph.constant([4], np.int64))
    area = graph.op("ReduceProd", pixels, keepdims=1)
    rows = graph.op("Reshape", x, graph.join(graph.constant([-1], np.int64), area))
    counts = graph.cast(counted(graph, rows, step.kind), np.int64)
    tables = make(graph, counts, area, step.cut)
    picture.name = graph.op("Reshape", graph.cast(through(graph, rows, tables), np.uint8), shape)


def _ramp(graph: Graph) -> str:
    return graph.constant(np.arange(256)[None], np.int64)


def _first(graph: Graph, chosen: str, *, last: bool = False) -> str:
    """(R, 1): the first, or the last, bin of (R, 256) bool that is chosen; an end where none is."""
    return graph.op("ArgMax", graph.cast(chosen, np.int32), axis=1, keepdims=1, select_last_index=int(last))


def _sums(graph: Graph, counts: str, *, exclusive: int = 0, reverse: int = 0) -> str:
    return graph.op("CumSum", counts, graph.constant(1, np.int64), exclusive=exclusive, reverse=reverse)


def _equalize(graph: Graph, counts: str, area: str, cut: tuple[float, float]) -> str:
    del cut
    zero, one, two = (graph.constant(n, np.int64) for n in (0, 1, 2))
    last = _first(graph, graph.op("Greater", counts, zero), last=True)
    rest = graph.op("Sub", area, graph.op("GatherElements", counts, last, axis=1))
    step = graph.op("Div", rest, graph.constant(255, np.int64))
    before = graph.op("Add", graph.op("Div", step, two), _sums(graph, counts, exclusive=1))
    spread = graph.op("Div", before, graph.op("Max", step, one))
    cut_off = graph.op("Min", spread, graph.constant(255, np.int64))
    return graph.op("Where", graph.op("Greater", step, zero), cut_off, _ramp(graph))


def _equalize_opencv(graph: Graph, counts: str, area: str, cut: tuple[float, float]) -> str:
    del cut
    zero, full = graph.constant(0, np.int64), graph.constant(255.0, np.float32)
    first = _first(graph, graph.op("Greater", counts, zero))
    occurs = graph.op("GatherElements", counts, first, axis=1)
    rest = graph.op("Max", graph.op("Sub", area, occurs), graph.constant(1, np.int64))
    scale = graph.op("Div", full, graph.cast(rest, np.float32))
    sums = graph.cast(graph.op("Sub", _sums(graph, counts), occurs), np.float32)
    level = graph.op("Round", graph.op("Mul", sums, scale))
    level = graph.cast(graph.op("Clip", level, graph.constant(0.0, np.float32), full), np.int64)
    spread = graph.op("Where", graph.op("Greater", _ramp(graph), first), level, zero)
    return graph.op("Where", graph.op("Equal", area, occurs), first, spread)


def _autocontrast(graph: Graph, counts: str, area: str, cut: tuple[float, float]) -> str:
    n, zero = graph.cast(area, np.float64), graph.constant(0.0, np.float64)
    below, above = (
        graph.op("Floor", graph.op("Div", graph.op("Mul", n, graph.constant(c, np.float64)), _hundred(graph)))
        for c in cut
    )
    up = graph.cast(_sums(graph, counts), np.float64)
    down = graph.cast(_sums(graph, counts, reverse=1), np.float64)
    low = graph.cast(_first(graph, graph.op("Greater", up, below)), np.float64)
    high = graph.cast(_first(graph, graph.op("Greater", down, above), last=True), np.float64)
    top = graph.constant(255.0, np.float64)
    low = graph.op("Where", graph.op("GreaterOrEqual", below, n), top, low)
    high = graph.op("Where", graph.op("GreaterOrEqual", above, n), zero, high)
    wide = graph.op("Greater", high, low)
    width = graph.op("Where", wide, graph.op("Sub", high, low), graph.constant(1.0, np.float64))
    scale = graph.op("Div", top, width)
    ramp = graph.constant(np.arange(256)[None], np.float64)
    moved = graph.op("Mul", graph.op("Neg", low), scale)
    stretched = graph.op("Clip", graph.op("Add", graph.op("Mul", ramp, scale), moved), zero, top)
    return graph.op("Where", wide, graph.cast(stretched, np.int64), _ramp(graph))


def _hundred(graph: Graph) -> str:
    return graph.constant(100.0, np.float64)
