"""Instructions that arithmetic cannot do without: `width` bytes in a register, `taps` values in a dot product.

Loads, stores, shuffles and addresses are not in it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

__all__ = [
    "CHANNELS",
    "HEIGHT",
    "OUT_HEIGHT",
    "OUT_WIDTH",
    "SIDE",
    "WIDTH",
    "equalize",
    "evaluation",
    "gaussian_5",
    "gray",
    "groups",
    "local_histograms",
    "median_3",
    "none",
    "normalize",
    "resample",
    "rotation",
    "saturation",
    "table",
]

HEIGHT, WIDTH, CHANNELS = 375, 500, 3
OUT_HEIGHT, OUT_WIDTH = 256, 341  # of a resize to 256
SIDE = 224


def groups(size: int, out: int, support: float, taps: int, first: int = 0, count: int | None = None) -> int:
    """Dot products for outputs first .. first + count of an axis under Pillow's filters: `taps` inputs each."""
    scale = size / out
    reach = support * max(scale, 1.0)
    found = 0
    for i in range(first, first + (out if count is None else count)):
        centre = (i + 0.5) * scale
        found += ceil((min(size, int(centre + reach + 0.5)) - max(0, int(centre - reach + 0.5))) / taps)
    return found


def resample(support: float) -> Callable[[int, int], float]:
    """Sums in 32 bits of 22-bit weights: in two halves (pmaddwd), or in three bytes (VNNI)."""

    def count(width: int, taps: int) -> float:
        across = HEIGHT * groups(WIDTH, OUT_WIDTH, support, taps) * CHANNELS
        down = OUT_WIDTH * groups(HEIGHT, OUT_HEIGHT, support, taps) * CHANNELS
        return (across + down) / (width / 4) * _parts(taps)

    return count


def _parts(taps: int) -> int:
    return 3 if taps == 4 else 2


def evaluation(width: int, taps: int) -> float:
    """What the crop keeps; the rows that it needs are at least its own share of all."""
    rows = HEIGHT * SIDE / OUT_HEIGHT
    across = rows * groups(WIDTH, OUT_WIDTH, 1.0, taps, (OUT_WIDTH - SIDE) // 2, SIDE) * CHANNELS
    down = SIDE * groups(HEIGHT, OUT_HEIGHT, 1.0, taps, (OUT_HEIGHT - SIDE) // 2, SIDE) * CHANNELS
    return (across + down) / (width / 4) * _parts(taps) + normalize(width, taps)


def normalize(width: int, taps: int) -> float:
    """Widen, convert, multiply, multiply and add."""
    del taps
    return SIDE * SIDE * CHANNELS / (width / 4) * 4


def gray(width: int, taps: int) -> float:
    """Two products of pairs, a sum, a shift for 32-bit lanes."""
    del taps
    return HEIGHT * WIDTH / (width / 4) * 4


def gaussian_5(width: int, taps: int) -> float:
    """Three products of pairs in 16 bits across, three in 32 bits down."""
    del taps
    return HEIGHT * WIDTH * CHANNELS * (3 / (width / 2) + 3 / (width / 4))


def median_3(width: int, taps: int) -> float:
    """Three sorted columns (6), their greatest least, middle middle, least greatest (8), the middle of these (4)."""
    del taps
    return HEIGHT * WIDTH * CHANNELS / width * 18


def none(width: int, taps: int) -> float:
    del width, taps
    return 0.0


def table(width: int, taps: int) -> float:
    """A lookup a value; with AVX-512 two permutes of words, a choice and a shift for 32 of them."""
    del taps
    return HEIGHT * WIDTH * CHANNELS * (4 / 32 if width == 64 else 1)


def equalize(width: int, taps: int) -> float:
    """A count and a lookup a value; a count loads the value and adds to memory."""
    return 2 * HEIGHT * WIDTH * CHANNELS + table(width, taps)


def saturation(width: int, taps: int) -> float:
    """Gray, and for each value in 16 bits: subtract, multiply, add."""
    return gray(width, taps) + HEIGHT * WIDTH * CHANNELS / (width / 2) * 3


def local_histograms(width: int, taps: int) -> float:
    """CLAHE of a channel: a count, a lookup (four tables in a word, or one by one), three interpolations a pixel."""
    del taps
    return HEIGHT * WIDTH * (2 + (4 * 4 / 32 if width == 64 else 1) + 3 / (width / 4))


def rotation(width: int, taps: int) -> float:
    """Two coordinates in 32 bits, two loads of a pair of neighbours, three interpolations of a pixel in a register."""
    del taps
    return HEIGHT * WIDTH * (2 / (width / 4) + 2 + 3)
