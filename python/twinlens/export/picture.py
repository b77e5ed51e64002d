"""The images of a batch as a graph holds them between two steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from twinlens.export.graph import Graph

__all__ = ["NeedsOpset", "Picture", "Unsupported"]


class Unsupported(Exception):
    """A step that has no graph, and why."""


class NeedsOpset(Unsupported):
    """A step that has none in the operators of this opset."""

    def __init__(self, what: str, opset: int) -> None:
        super().__init__(f"{what} wants opset {opset} or higher")
        self.opset = opset


@dataclass
class Picture:
    """`name` is (N, C, H, W). table: (1 or C, 256), what becomes of uint8 values and is not in the graph yet: tables
    one after the other are one, and a table gives the same bits on every device. interleaved: (N, H, W, C) of the
    same pixels, as long as no step has come.
    """

    graph: Graph
    name: str
    channels: int
    dtype: str = "uint8"
    table: NDArray[Any] | None = None
    interleaved: str | None = None

    def pixels(self) -> str:
        """The tensor, with all that was put off."""
        if self.table is not None:
            same = bool((self.table == self.table[:1]).all())
            self.name = look_up(self.graph, self.name, self.table[:1] if same else self.table)
            self.table = None
        return self.name

    def sides(self) -> tuple[str, str]:
        """Height and width, each (1,) int64, of the tensor as it is here."""
        shape = self.graph.op("Shape", self.name)
        one = [self.graph.constant([n], np.int64) for n in (2, 3)]
        return self.graph.op("Gather", shape, one[0]), self.graph.op("Gather", shape, one[1])


def look_up(graph: Graph, x: str, table: NDArray[Any]) -> str:
    """(N, C, H, W) of integers 0 to 255 through (1 or C, 256)."""
    index = graph.cast(x, np.int32)
    if len(table) > 1:
        first = 256 * np.arange(len(table), dtype=np.int32).reshape(-1, 1, 1)
        index = graph.op("Add", index, graph.constant(first))
    return graph.op("Gather", graph.constant(table.reshape(-1)), index, axis=0)
