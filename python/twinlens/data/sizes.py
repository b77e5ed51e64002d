"""How much memory results take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twinlens.data.rows import Failure, Row

__all__ = ["size_of"]


def size_of(results: Iterable[Any]) -> int:
    """Bytes of their pixels, encoded or not."""
    return sum(_bytes(result) for result in results)


def _bytes(result: Any) -> int:
    if isinstance(result, Failure):
        return 0
    if isinstance(result, Row):
        return len(result.image.data)
    return _of_pixels(result.image)


def _of_pixels(image: Any) -> int:
    if isinstance(image, tuple | list):
        return sum(_of_pixels(one) for one in image)
    size = getattr(image, "nbytes", None)
    if isinstance(size, int):
        return size
    width, height = getattr(image, "size", (0, 0))  # of a PIL image
    return int(4 * width * height)
