"""CLAHE in a graph: tiles of a size that follows from the image, OpenCV's arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twinlens.export.histogram import counted
from twinlens.export.lab import lab_to_rgb, rgb_to_lab
from twinlens.export.picture import Picture, Unsupported

if TYPE_CHECKING:
    from twinlens import steps
    from twinlens.export.graph import Graph
    from twinlens.steps import Spec

__all__ = ["clahe"]


@dataclass(frozen=True)
class _Axis:
    """size, tile: (1,) int64, of the image and of a tile; tiles: how many; dim: of (R, H, W)."""

    size: str
    tile: str
    tiles: int
    dim: int


def clahe(picture: Picture, step: steps.Clahe, spec: Spec) -> None:
    """Every channel, or the L channel of Lab."""
    del spec
    graph, x = picture.graph, picture.pixels()
    if picture.dtype != "uint8":
        raise Unsupported(f"CLAHE of {picture.dtype} has no graph")
    wide = graph.cast(x, np.int32)
    if step.mode == "channel":
        picture.name = graph.cast(_equalized(picture, wide, step), np.uint8)
        return
    lightness, *colour = rgb_to_lab(graph, wide)
    picture.name = graph.cast(lab_to_rgb(graph, _equalized(picture, lightness, step), *colour), np.uint8)


def _equalized(picture: Picture, x: str, step: steps.Clahe) -> str:
    """(N, C, H, W) int32 to the same."""
    graph = picture.graph
    shape = graph.op("Shape", x)
    rows, columns = _axes(picture, step.grid_yx)
    samples = graph.op("Reshape", x, graph.join(graph.constant([-1], np.int64), rows.size, columns.size))
    area = graph.op("Mul", rows.tile, columns.tile)
    tables = _tables(graph, _tiles(graph, samples, rows, columns, area), area, float(step.clip_limit[0]))
    return graph.op("Reshape", _blended(graph, samples, tables, rows, columns), shape)


def _axes(picture: Picture, grid_yx: tuple[int, int]) -> tuple[_Axis, _Axis]:
    """Where one axis does not divide, both have a row of tiles more, OpenCV has it so."""
    graph, sizes = picture.graph, picture.sides()
    counts = [graph.constant([tiles], np.int64) for tiles in grid_yx]
    rests = [graph.op("Mod", size, count) for size, count in zip(sizes, counts, strict=True)]
    more = graph.op("Min", graph.op("Add", *rests), graph.constant([1], np.int64))
    made = [
        _Axis(size, graph.op("Add", graph.op("Div", size, count), more), tiles, dim)
        for dim, (size, count, tiles) in enumerate(zip(sizes, counts, grid_yx, strict=True), start=1)
    ]
    return made[0], made[1]


def _tiles(graph: Graph, samples: str, rows: _Axis, columns: _Axis, area: str) -> str:
    """(R, H, W) to (R * tiles, area), mirrored behind the end."""
    one = graph.constant([1], np.int64)
    for axis in (rows, columns):
        padded = graph.op("Mul", axis.tile, graph.constant([axis.tiles], np.int64))
        period = graph.op("Max", graph.op("Mul", graph.op("Sub", axis.size, one), graph.constant([2], np.int64)), one)
        place = graph.op("Mod", graph.range(padded, np.int64), period)
        place = graph.op("Min", place, graph.op("Sub", period, place))
        samples = graph.op("Gather", samples, place, axis=axis.dim)
    down, across = (graph.constant([axis.tiles], np.int64) for axis in (rows, columns))
    every = graph.constant([-1], np.int64)
    grid = graph.op("Reshape", samples, graph.join(every, down, rows.tile, across, columns.tile))
    return graph.op("Reshape", graph.op("Transpose", grid, perm=[0, 1, 3, 2, 4]), graph.join(every, area))


def _tables(graph: Graph, tiles: str, area: str, clip_limit: float) -> str:
    """(R * tiles, 256) float32 whole numbers."""
    histogram = counted(graph, tiles, "CLAHE")
    if clip_limit > 0:
        histogram = _clipped(graph, histogram, area, clip_limit)
    sums = graph.cast(graph.op("CumSum", histogram, graph.constant(1, np.int64)), np.float32)
    scale = graph.op("Div", graph.constant(255.0, np.float32), graph.cast(area, np.float32))
    return graph.op("Round", graph.op("Mul", sums, scale))


def _clipped(graph: Graph, histogram: str, area: str, clip_limit: float) -> str:
    """What exceeds the limit is shared out: equally, and the remainder one each to bins at even distances."""
    zero, one, bins = (graph.constant(n, np.int32) for n in (0, 1, 256))
    share = graph.op("Mul", graph.cast(area, np.float64), graph.constant(clip_limit, np.float64))
    share = graph.op("Max", graph.op("Div", share, graph.constant(256.0, np.float64)), graph.constant(1.0, np.float64))
    limit = graph.cast(graph.op("Min", share, graph.cast(area, np.float64)), np.int32)
    excess = graph.sum(graph.op("Max", graph.op("Sub", histogram, limit), zero), 1)
    each, rest = graph.op("Div", excess, bins), graph.op("Mod", excess, bins)
    step = graph.op("Div", bins, graph.op("Max", rest, one))
    ramp = graph.constant(np.arange(256, dtype=np.int32)[None])
    turn = graph.op("Div", ramp, step)
    hit = graph.op("And", graph.op("Equal", graph.op("Mul", turn, step), ramp), graph.op("Less", turn, rest))
    kept = graph.op("Add", graph.op("Min", histogram, limit), each)
    return graph.op("Add", kept, graph.cast(hit, np.int32))


def _blended(graph: Graph, samples: str, tables: str, rows: _Axis, columns: _Axis) -> str:
    """Between the tables of the four tiles around each sample, each operation rounded to float32."""
    flat = graph.reshape(tables, -1)
    image = graph.op("Slice", graph.op("Shape", samples), graph.constant([0], np.int64), graph.constant([1], np.int64))
    per_image = graph.constant(rows.tiles * columns.tiles * 256, np.int64)
    first = graph.reshape(graph.op("Mul", graph.range(image, np.int64), per_image), -1, 1, 1)
    first = graph.op("Add", first, graph.cast(samples, np.int64))
    above, below, b = _between(graph, rows, columns.tiles * 256, (-1, 1))
    left, right, a = _between(graph, columns, 256, (1, -1))
    one = graph.constant(1.0, np.float32)
    a1, b1 = graph.op("Sub", one, a), graph.op("Sub", one, b)

    def level(row: str, column: str) -> str:
        return graph.op("Gather", flat, graph.op("Add", graph.op("Add", first, row), column), axis=0)

    def mixed(row: str) -> str:
        return graph.op("Add", graph.op("Mul", level(row, left), a1), graph.op("Mul", level(row, right), a))

    blend = graph.op("Add", graph.op("Mul", mixed(above), b1), graph.op("Mul", mixed(below), b))
    return graph.cast(graph.op("Round", blend), np.int32)


def _between(graph: Graph, axis: _Axis, stride: int, shape: tuple[int, int]) -> tuple[str, str, str]:
    """Of every sample along an axis: where the tables of the tile before and behind begin, and the latter's weight."""
    place = graph.by_inverse(graph.range(axis.size, np.float32), graph.cast(axis.tile, np.float32), np.float32)
    place = graph.op("Sub", place, graph.constant(0.5, np.float32))
    whole = graph.op("Floor", place)
    tile = graph.cast(whole, np.int64)
    zero, one, last = (graph.constant(n, np.int64) for n in (0, 1, axis.tiles - 1))
    ends = []
    for index in (tile, graph.op("Add", tile, one)):
        inside = graph.op("Min", graph.op("Max", index, zero), last)
        ends.append(graph.reshape(graph.op("Mul", inside, graph.constant(stride, np.int64)), *shape))
    return ends[0], ends[1], graph.reshape(graph.op("Sub", place, whole), *shape)
