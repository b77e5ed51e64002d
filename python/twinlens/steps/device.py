"""Parameters on their way to a device, and indexing that never waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.steps.recording import current

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.steps.spec import Bools, Ints

__all__ = ["as_tensor", "choose", "movable", "rows_and_columns", "take", "to_device"]


def as_tensor(values: NDArray[Any], device: torch.device) -> torch.Tensor:
    """A NumPy array as a tensor on `device`, its dtype kept; the copy to a card does not wait."""
    recording = current()
    if recording is not None:
        return recording.table(values)
    dense = np.ascontiguousarray(values)
    if torch.compiler.is_compiling():  # torch before 2.6 keeps a table in what it traces only where it made it itself
        return torch.tensor(dense, device=device)
    tensor = torch.from_numpy(dense if dense.flags.writeable else dense.copy())
    if device.type == "cpu":
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def to_device(values: NDArray[Any], like: torch.Tensor) -> torch.Tensor:
    """A NumPy array as a tensor of the dtype and device of `like`."""
    return as_tensor(values, like.device).to(like.dtype)


def rows_and_columns(y: Ints, x: Ints, h: int, w: int, batch: int) -> tuple[Ints, Ints]:
    """Indices (B, h) and (B, w) of windows of one size, each at its own place."""
    rows = np.broadcast_to(y, (batch,))[:, None] + np.arange(h)
    columns = np.broadcast_to(x, (batch,))[:, None] + np.arange(w)
    return rows, columns


def movable(x: torch.Tensor) -> torch.Tensor:
    """The same memory, in a dtype that torch can gather, flip and select: it has few kernels for uint16."""
    return x.view(torch.int16) if x.dtype == torch.uint16 else x


def take(x: torch.Tensor, rows: Ints, columns: Ints) -> torch.Tensor:
    """out[b, c, i, j] = x[b, c, rows[b, i], columns[b, j]]."""
    batch, channels, _, width = x.shape
    by_row = as_tensor(rows, x.device)[:, None, :, None].expand(batch, channels, rows.shape[1], width)
    by_column = as_tensor(columns, x.device)[:, None, None, :].expand(batch, channels, rows.shape[1], columns.shape[1])
    return movable(x).gather(2, by_row).gather(3, by_column).view(x.dtype)


def choose(where: Bools, yes: torch.Tensor, no: torch.Tensor) -> torch.Tensor:
    """`yes` for the samples where the mask, (1,) or (B,), holds, `no` for the others."""
    mask = as_tensor(where, yes.device)
    return torch.where(mask.view(-1, *(1,) * (yes.ndim - 1)), movable(yes), movable(no)).view(yes.dtype)
