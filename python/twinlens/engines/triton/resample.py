"""The launch of the resampling kernel.

A batch takes one upload of a few numbers an image, a small launch that makes the filter weights from them on the
device, and one launch for all pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.engines.triton.filters import axes_of, tables_of
from twinlens.engines.triton.memory import launch, source_rows, target, upload
from twinlens.engines.triton.tables import strides

if TYPE_CHECKING:
    from twinlens.engines.triton.resampling import Resampling
    from twinlens.steps.spec import Ints, Spec

__all__ = ["run"]


def run(chain: Resampling, images: Any, spec: Spec, out: torch.Tensor | None) -> torch.Tensor:
    """(B, C, H, W), all of one size."""
    from twinlens.engines.triton.kernels.resample import resample_kernel

    batch, (height, width, channels) = len(spec), chain.after.shape(0)
    device = images[0].device
    axes = axes_of(chain.resample, spec, chain.mirrored(batch), (height, width))
    base, sources = _image_rows(chain, images)
    table = chain.table()
    levels = np.zeros((1, 1, 0), np.uint8) if table is None else table
    images_at, axes_at, levels_at = upload(device, sources, axes.rows, levels)
    done = target(out, (batch, channels, height, width), getattr(torch, chain.after.dtype), device)
    made = tables_of(axes, axes_at)
    words = made.dense.reshape(-1).view(torch.int64)
    block = 256 if width > 128 else 128
    tiles_x, tiles_y = -(-width // block), -(-height // 4)
    launch(
        resample_kernel, (tiles_x * tiles_y, channels, batch),
        done, base, images_at, axes_at, made.start, made.weights, made.spans, words, levels_at.to(done.dtype),
        axes.taps, axes.lines, height, width, channels, tiles_x, *strides(levels),
        TABLE=table is not None, UNIT=bool((sources[:, 3] == 1).all()), BLOCK=block,
    )  # fmt: skip
    return done


def _image_rows(chain: Resampling, images: Any) -> tuple[int, Ints]:
    """The address and (B, 8) as kernels/resample.py lists them."""
    base, rows = source_rows(images)
    if chain.resample.window is not None:
        rows[:, 4:6] = chain.resample.window[:, :2]
    return base, rows
