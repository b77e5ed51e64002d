"""The launch of the warping kernel; before it a small one where nearest neighbours are walked by sums of floats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.engines.triton.flips import mirrored, turn_sources
from twinlens.engines.triton.memory import launch, source_rows, target, upload
from twinlens.engines.triton.tables import levels, strides
from twinlens.engines.triton.warping import matrices
from twinlens.steps.warp import nearest

if TYPE_CHECKING:
    from twinlens.engines.triton.warping import Warping
    from twinlens.steps.spec import Ints, Reals, Spec

__all__ = ["run"]

_ACROSS, _DOWN = 32, 16
_WALKS = 32


def run(chain: Warping, images: Any, spec: Spec, out: torch.Tensor | None) -> torch.Tensor:
    """(B, C, H, W), all of one size."""
    from twinlens.engines.triton.kernels.warp import warp_kernel

    batch, (height, width, channels) = len(spec), chain.after.shape(0)
    device, method = images[0].device, chain.warp.method_for(spec)
    base, sources = source_rows(images)
    turn_sources(sources, spec, mirrored(chain.front, batch))
    ops, tables = chain.adjustments().operations()
    table = np.zeros((1, 1, 0), np.float32) if chain.finish is None else levels(chain.finish)
    at = upload(device, sources, _maps(chain, spec, method), ops, table, tables)
    done = target(out, (batch, channels, height, width), getattr(torch, chain.after.dtype), device)
    walked, sides = at[1], max(height, width)
    if method == "nearest" and not chain.warp.perspective:
        walked = _walked(at[1], batch, sides)
    tiles_x, tiles_y = -(-width // _ACROSS), -(-height // _DOWN)
    launch(
        warp_kernel, (tiles_x * tiles_y, batch),
        done, base, at[0], at[1], walked, at[2], at[4], at[3].to(done.dtype), ops.shape[1], sides, height, width,
        tiles_x, strides(table)[1],
        METHOD=method, PERSPECTIVE=chain.warp.perspective, CHANNELS=channels, FINISH=chain.finish is not None,
        ACROSS=_ACROSS, DOWN=_DOWN,
    )  # fmt: skip
    return done


def _walked(maps: torch.Tensor, batch: int, sides: int) -> torch.Tensor:
    from twinlens.engines.triton.kernels.warp import places_kernel

    places = torch.empty((batch, 2, sides), dtype=torch.int32, device=maps.device)
    launch(places_kernel, (-(-2 * batch // _WALKS),), places, maps, 2 * batch, sides, BLOCK=_WALKS)
    return places


def _maps(chain: Warping, spec: Spec, method: str) -> Ints:
    """(B, 16) as kernels/warp.py lists them."""
    batch = len(spec)
    rows = np.zeros((batch, 16), np.int64)
    reals: Reals = rows.view(np.float64)
    matrix = matrices(chain.warp, batch)
    across, down = mirrored(chain.behind, batch)
    rows[:, 8], rows[:, 9], rows[:, 10] = spec.h, spec.w, across + 2 * down
    rows[:, 11:14] = chain.warp.fill.astype(np.uint8)
    if method == "nearest" and not chain.warp.perspective:
        straight = nearest.path_of(matrix, chain.after.h, chain.after.w) == nearest.SCALE
        rows[:, :6] = nearest.fixed(np.where(straight[:, None], 0.0, matrix))
        for column, (offset, step) in ((0, (2, 0)), (2, (5, 4))):
            begin = matrix[straight, offset] + matrix[straight, step] * 0.5
            reals[straight, column], reals[straight, column + 1] = begin, matrix[straight, step]
        rows[:, 10] += 4 * straight
    elif method.startswith("cv_"):
        reals[:, :8] = matrix.astype(np.float32)
    else:
        reals[:, :8] = matrix
    return rows
