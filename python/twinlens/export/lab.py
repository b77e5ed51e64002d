"""OpenCV's 8-bit Lab in a graph: the tables and integers of the torch twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from twinlens.export.graph import Graph

__all__ = ["lab_to_rgb", "rgb_to_lab"]


def rgb_to_lab(graph: Graph, x: str) -> tuple[str, str, str]:
    """L, a and b, each (N, 1, H, W) int32, of (N, 3, H, W) int32."""
    from twinlens.steps.color import torch_twin as twin

    tables = _tables()
    linear = _found(graph, tables.linear, x)
    fx, fy, fz = (
        _found(graph, tables.root, graph.shift_right(_sum(graph, linear, row, 1 << 11), 12)) for row in twin._FORWARD
    )
    scale, shift = (116 * 255 + 50) // 100, (16 * 255 * 32768 + 50) // 100
    half, neutral = 1 << 14, 128 << 15
    parts = (
        _line(graph, fy, scale, half - shift),
        _line(graph, graph.op("Sub", fx, fy), 500, neutral + half),
        _line(graph, graph.op("Sub", fy, fz), 200, neutral + half),
    )
    lightness, a, b = (_cut(graph, graph.shift_right(part, 15), 255) for part in parts)
    return lightness, a, b


def lab_to_rgb(graph: Graph, lightness: str, a: str, b: str) -> str:
    """(N, 3, H, W) int32, out of gamut cut off."""
    from twinlens.steps.color import torch_twin as twin

    tables = _tables()
    fy = _found(graph, tables.root_of_lightness, lightness)
    red = _line(graph, graph.shift_right(_line(graph, a, 5 * 53687, 128), 13), 1, -(128 * twin._ONE // 500))
    blue = _line(graph, graph.shift_right(_line(graph, b, 41943, 16), 9), 1, 1 - 128 * twin._ONE // 200)
    x, z = (
        _found(graph, tables.inverse_root, _line(graph, f, 1, -twin._LOWEST))
        for f in (graph.op("Add", fy, red), graph.op("Sub", fy, blue))
    )
    xyz = graph.op("Concat", x, _found(graph, tables.luminance, lightness), z, axis=1)
    rgb = graph.op("Concat", *(_sum(graph, xyz, row, 1 << 13) for row in twin._BACKWARD), axis=1)
    return _found(graph, tables.gamma, _cut(graph, graph.shift_right(rgb, 14), 4095))


def _tables() -> Any:
    import torch

    from twinlens.steps.color import torch_twin as twin

    return twin._tables(torch.device("cpu"))


def _found(graph: Graph, table: Tensor, index: str) -> str:
    return graph.op("Gather", graph.constant(table.numpy(), np.int32), index, axis=0)


def _line(graph: Graph, x: str, factor: int, offset: int) -> str:
    """factor * x + offset."""
    product = x if factor == 1 else graph.op("Mul", x, graph.constant(factor, np.int32))
    return graph.op("Add", product, graph.constant(offset, np.int32))


def _sum(graph: Graph, x: str, factors: list[int], offset: int) -> str:
    """(N, 1, H, W): the channels of (N, 3, H, W) times factors, and an offset."""
    products = graph.op("Mul", x, graph.constant(np.array(factors).reshape(3, 1, 1), np.int32))
    return graph.op("Add", graph.sum(products, 1), graph.constant(offset, np.int32))


def _cut(graph: Graph, x: str, top: int) -> str:
    return graph.op("Clip", x, graph.constant(0, np.int32), graph.constant(top, np.int32))
