"""8-bit tables of neighbouring steps as one, with the conversion to floats behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.steps.convert import Convert
from twinlens.steps.normalize import Normalize
from twinlens.steps.spec import DTYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.steps.base import Step
    from twinlens.steps.lut import Lut

__all__ = ["Finish", "active_tables", "finish_of", "levels", "strides", "through"]

Finish = Normalize | Convert

_FLOATS = DTYPES[2:]


def active_tables(lut: Lut) -> NDArray[np.uint8]:
    """With the identity for images that the step is not for."""
    if lut.active is None:
        return lut.tables
    identity = np.arange(256, dtype=np.uint8)
    return np.where(lut.active[:, None, None], lut.tables, identity)


def through(first: NDArray[Any], then: NDArray[Any]) -> NDArray[Any]:
    """One table for two."""
    rows, channels = (max(a, b) for a, b in zip(first.shape[:2], then.shape[:2], strict=True))
    wide = np.broadcast_to(then, (rows, channels, 256))
    return np.take_along_axis(wide, np.broadcast_to(first, (rows, channels, 256)).astype(np.int64), 2)


def levels(finish: Finish) -> NDArray[np.float32]:
    """(1, 1 or C, 256) float32: every operation rounded by itself."""
    levels = np.arange(256, dtype=np.float32)[None, None]
    if isinstance(finish, Convert):
        return levels / np.float32(255) if finish.scale else levels
    mean, std = (v.astype(np.float32)[:, :, None] for v in (finish.mean, finish.std))
    done: NDArray[np.float32] = (levels / np.float32(255) - mean) / std
    return done


def finish_of(step: Step | None) -> Finish | None:
    """`step`, if it turns 8 bits into floats by a table."""
    if not isinstance(step, Normalize | Convert) or step.active is not None or step.dtype not in _FLOATS:
        return None
    return step if step.scale or isinstance(step, Convert) else None


def strides(table: NDArray[Any]) -> tuple[int, int]:
    """From one image's table to the next one's, and from one channel's; 0 where they share it."""
    rows, channels, count = table.shape
    return (channels * count if rows > 1 else 0, count if channels > 1 else 0)
