"""Boxes of one image, and who knows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from twinlens.targets import Boxes, BoxFormat

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BoxesOf", "Found", "Hw", "found"]

Hw = tuple[int, int]


@dataclass(frozen=True)
class Found:
    """Boxes of one image: (N, 4) left, top, right, bottom in pixels, and what is in each. size_hw: of the image that
    they were drawn on, where the file says so.
    """

    xyxy: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
    names: list[str] = field(default_factory=list)
    size_hw: Hw | None = None


class BoxesOf(Protocol):
    """By the image's number in the source. classes: all names, where they are known."""

    classes: list[str]

    def has(self, index: int) -> bool:
        """Whether there are any, as far as is known without reading them."""

    def of(self, index: int, size_hw: Hw) -> Found:
        """The boxes of an image of this size."""


def found(rows: Any, format: BoxFormat, names: list[str], size_hw: Hw | None = None) -> Found:
    """From rows of four numbers in a format; without names where there are not as many."""
    data = torch.from_numpy(np.array(rows, np.float64).reshape(-1, 4))
    xyxy = Boxes(data, format).xyxy.numpy()
    return Found(xyxy, names if len(names) == len(xyxy) else [""] * len(xyxy), size_hw)
