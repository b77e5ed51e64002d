"""The pixels of a bent sheet: in torch, and by OpenCV's remap of fixed-point maps, which computes the same integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from twinlens.steps.device import as_tensor, movable
from twinlens_document.bend import ONE
from twinlens_document.bend_slide import slid_columns, slid_rows, slides
from twinlens_document.host import copied

if TYPE_CHECKING:
    from twinlens.steps.spec import Ints, Spec
    from twinlens_document.bend import Bend

__all__ = ["bilinear", "by_opencv", "nearest"]

_BITS = 5  # of ONE
_FAR = 16000  # outside of every image; with a row added it fits 16 bits


def looks(step: Bend, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(B or 1, H, W) int32: across and down, in 32nds of a pixel, for images of one size and direction."""
    h, w = x.shape[2:]
    turned = bool(step.rows[0])
    side, other = (h, w) if turned else (w, h)
    along, shift, slope = (as_tensor(t.astype(np.int32), x.device).unsqueeze(1) for t in step.tables(side))
    y = torch.arange(other, dtype=torch.int32, device=x.device)[:, None]
    down = ONE * y + shift + (((2 * y - (other - 1)) * slope) >> 12)
    across = along.expand(down.shape)
    return (down.transpose(1, 2), across.transpose(1, 2)) if turned else (across, down)


def gathered(x: torch.Tensor, across: torch.Tensor, down: torch.Tensor, fill: int) -> torch.Tensor:
    """x[b, c, down[b], across[b]], `fill` outside; any dtype."""
    b, c, h, w = x.shape
    inside = (across >= 0) & (across < w) & (down >= 0) & (down < h)
    at = (down.clamp(0, h - 1).to(torch.int64) * w + across.clamp(0, w - 1)).expand(b, -1, -1)
    values = movable(x).flatten(2).gather(2, at.flatten(1).unsqueeze(1).expand(b, c, h * w)).view(b, c, h, w)
    return torch.where(inside.unsqueeze(1), values, torch.full((), fill, dtype=values.dtype, device=x.device))


def nearest(step: Bend, x: torch.Tensor) -> torch.Tensor:
    """The pixel closest to where each looks; halves go up."""
    across, down = ((v + ONE // 2) >> _BITS for v in looks(step, x))
    return gathered(x, across, down, step.fill).view(x.dtype)


def bilinear(step: Bend, x: torch.Tensor) -> torch.Tensor:
    """(sum of four weighted pixels + 512) >> 10."""
    across, down = looks(step, x)
    fx, fy = (across & (ONE - 1)).unsqueeze(1), (down & (ONE - 1)).unsqueeze(1)
    x0, y0 = across >> _BITS, down >> _BITS
    total: Any = 512
    for dy, wy in ((0, ONE - fy), (1, fy)):
        for dx, wx in ((0, ONE - fx), (1, fx)):
            total = total + gathered(x, x0 + dx, y0 + dy, step.fill).to(torch.int32) * (wx * wy)
    done: torch.Tensor = (total >> 2 * _BITS).to(torch.uint8)
    return done


def by_opencv(step: Bend, x: torch.Tensor, spec: Spec) -> torch.Tensor:
    """The same for images in the host's memory. Columns (or rows) that look at themselves are copied."""
    _, _, h, w = x.shape
    turned = bool(np.broadcast_to(step.rows, len(spec))[0])
    done = copied(x)
    for i, out in enumerate(done):
        source = np.ascontiguousarray(x[i].permute(1, 2, 0).numpy())
        tables = [t[i % len(t)] for t in step.tables(h if turned else w)]
        for first, last in _bent(*tables):
            along, shift, slope = (t[first:last] for t in tables)
            part = out[first:last] if turned else out[:, first:last]
            if slides(along, slope):
                (slid_rows if turned else slid_columns)(source, along, shift, step.fill, part)
            else:
                part[...] = _remapped(source, *_maps(along, shift, slope, w if turned else h), step.fill, turned=turned)
    return torch.from_numpy(done.transpose(0, 3, 1, 2))


def _bent(along: Ints, shift: Ints, slope: Ints) -> list[tuple[int, int]]:
    """Stretches of columns that do not look at themselves."""
    moved = (along != ONE * np.arange(len(along))) | (shift != 0) | (slope != 0)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], moved, [False]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _maps(along: Ints, shift: Ints, slope: Ints, other: int) -> tuple[Any, Any, Any]:
    """Whole pixels across (columns,) and down (other, columns), int16; their fractions, uint16, down by column alone
    where all rows have the same.
    """
    y = np.arange(other, dtype=np.int32)[:, None]
    fx = (along & (ONE - 1)).astype(np.uint16)
    whole = (along >> _BITS).clip(-_FAR, _FAR).astype(np.int16)
    if not slope.any():
        down = y.astype(np.int16) + (shift >> _BITS).clip(-_FAR, _FAR).astype(np.int16)
        return whole, down, (fx, (shift & (ONE - 1)).astype(np.uint16))
    at = (2 * y - (other - 1)) * slope.astype(np.int32)
    at >>= 12
    at += ONE * y + shift.astype(np.int32)
    return whole, (at >> _BITS).clip(-_FAR, _FAR).astype(np.int16), (fx, (at & (ONE - 1)).astype(np.uint16))


def _remapped(
    source: NDArray[np.uint8], whole: Any, down: Any, fractions: tuple[Any, Any], fill: int, *, turned: bool
) -> NDArray[np.uint8]:
    import cv2

    shape = down.T.shape if turned else down.shape
    places = np.empty((*shape, 2), np.int16)
    fine = np.empty(shape, np.uint16)
    fx, fy = fractions
    if turned:
        places[..., 0], places[..., 1] = down.T, whole[:, None]
        fine[...] = (fx[:, None] << _BITS) + (fy[:, None] if fy.ndim == 1 else fy.T)
    else:
        places[..., 0], places[..., 1] = whole, down
        fine[...] = (fy << _BITS) + fx
    done: Any = cv2.remap(
        source, places, fine, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(fill,) * 4
    )
    pixels: NDArray[np.uint8] = done.reshape(*shape, source.shape[2])
    return pixels
