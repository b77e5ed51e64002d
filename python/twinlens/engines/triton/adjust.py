"""Launches of the kernels that change colours: a pass of sums for every contrast, and one for the results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.engines.triton.memory import launch, source_rows, target, upload
from twinlens.engines.triton.tables import levels, strides

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.engines.triton.adjustments import Adjustments
    from twinlens.steps.spec import Spec

__all__ = ["run"]

_BLOCK = 1024
_CONTRAST = 2


def run(chain: Adjustments, images: Any, spec: Spec, out: torch.Tensor | None) -> torch.Tensor:
    """(B, C, H, W), all of one size."""
    from twinlens.engines.triton.kernels.adjust import adjust_kernel, sum_kernel

    batch, (height, width, channels) = len(spec), chain.after.shape(0)
    device = images[0].device
    ops, tables = chain.operations()
    stops = _stops(ops)
    n, contrasts = ops.shape[1], stops.shape[1]
    base, rows = source_rows(images)
    table = np.zeros((1, 1, 0), np.float32) if chain.finish is None else levels(chain.finish)
    sources, ops_at, stops_at, finish, tables_at = upload(device, rows, ops, stops, table, tables)
    done = target(out, (batch, channels, height, width), getattr(torch, chain.after.dtype), device)
    sums = torch.zeros((batch, max(contrasts, 1)), dtype=torch.int64, device=device)
    finish = finish.to(done.dtype)
    grid = (-(-height * width // _BLOCK), batch)
    for stage in range(contrasts):
        launch(
            sum_kernel, grid,
            sums, base, sources, ops_at, stops_at, tables_at, n, contrasts, stage, height, width,
            CHANNELS=channels, BLOCK=_BLOCK,
        )  # fmt: skip
    launch(
        adjust_kernel, grid,
        done, base, sources, ops_at, sums, tables_at, finish, n, sums.shape[1], height, width,
        strides(table)[1],
        CHANNELS=channels, FINISH=chain.finish is not None, BLOCK=_BLOCK,
    )  # fmt: skip
    return done


def _stops(ops: NDArray[np.int32]) -> NDArray[np.int32]:
    """(B, contrasts): how many operations come before each contrast of an image, -1 where it has fewer."""
    contrast = ops[..., 0] == _CONTRAST
    stops = np.full((len(ops), int(contrast.sum(1).max())), -1, np.int32)
    image, place = np.nonzero(contrast)
    stops[image, ops[image, place, 1]] = place
    return stops
