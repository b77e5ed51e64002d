"""Maps between pixels, as libraries count them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinlens import transforms as T
from twinlens.cli.parity.calls import NoEquivalent, Origin

__all__ = ["Turn", "centred", "filled", "forward", "halved", "turn_of"]

#: degrees counter-clockwise, whether the result holds all of the image, and about where (None: the middle)
Turn = tuple[float, bool, tuple[float, float] | None]


def _square(matrix: list[float], perspective: bool) -> NDArray[np.float64]:
    numbers = [*matrix, 1.0] if perspective else [*matrix[:6], 0.0, 0.0, 1.0]
    return np.array(numbers, np.float64).reshape(3, 3)


def _moved(square: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    """The same map where coordinates are `by` smaller on both sides."""
    shift, back = np.eye(3), np.eye(3)
    shift[:2, 2], back[:2, 2] = by, -by
    product = back @ square @ shift
    made: NDArray[np.float64] = product / product[2, 2]
    return made


def centred(matrix: list[float], method: str, *, perspective: bool) -> NDArray[np.float64]:
    """(3, 3), output to input, pixel centres at whole numbers, as OpenCV and kornia have it."""
    square = _square(matrix, perspective)
    return square if method.startswith("cv_") else _moved(square, 0.5)


def halved(matrix: list[float], method: str, *, perspective: bool) -> NDArray[np.float64]:
    """(3, 3), output to input, pixel centres at halves, as Pillow has it."""
    square = _square(matrix, perspective)
    return _moved(square, -0.5) if method.startswith("cv_") else square


def forward(square: NDArray[np.float64]) -> NDArray[np.float64]:
    """Input to output."""
    inverse: NDArray[np.float64] = np.linalg.inv(square).astype(np.float64)
    return inverse


def turn_of(origin: Origin | None) -> Turn | None:
    """Of a step that comes from a rotation."""
    if origin is None or not isinstance(origin.transform, T.RandomRotation | T.Rotate):
        return None
    turned = origin.transform
    if isinstance(turned, T.Rotate):
        return origin.param("angle"), False, None
    return origin.param("angle"), turned.expand, turned.center


def filled(fill: list[float], channels: int) -> list[float]:
    """One value a channel."""
    if len(fill) not in (1, channels):
        raise NoEquivalent(f"a fill of {len(fill)} values")
    return fill * channels if len(fill) == 1 else fill
