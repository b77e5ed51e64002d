"""What transforms share that put samples of a batch together, with masks, boxes and keypoints."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.engines import Batch
from twinlens.errors import InputError
from twinlens.pipeline.masks import Mask
from twinlens.pipeline.mix import default_labels
from twinlens.pipeline.points import Points, area, inside
from twinlens.steps.device import as_tensor
from twinlens.steps.frozen import changed
from twinlens.transforms import base

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinlens.engines import Engine
    from twinlens.pipeline.images import Images
    from twinlens.pipeline.mover import Mover
    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps.spec import Ints

__all__ = ["CrossSample", "joined", "merged", "merged_target", "partners_of", "summed"]


class CrossSample(base.Transform, ABC):
    """Base of the transforms that put samples of a batch together, with masks, boxes and keypoints.

    Subclasses have `sample`, for the batch, `combine`, and `combine_labels` for labels (B, N), one a box.
    """

    is_random = True
    is_opaque = True

    @property
    def mixes(self) -> bool:
        """Always."""
        return True

    def labels_of(self, structure: Any) -> Any:
        """Labels of boxes in what the pipeline was called with; None without."""
        labels = default_labels(structure)
        return labels if isinstance(labels, torch.Tensor | np.ndarray) and labels.ndim > 1 else None

    @abstractmethod
    def combine(
        self, params: Params, images: Images, targets: Sequence[Mover], engine: Engine | None
    ) -> tuple[Images, list[Mover]]:
        """The batch after it."""

    @abstractmethod
    def combine_labels(self, params: Params, labels: Any) -> Any:
        """Labels (B, N) after it."""


def partners_of(draws: Draws, n: int, first: int) -> Ints:
    """(B, n): others of the batch, each as likely."""
    count = len(draws)
    steps = 1 + np.floor(draws.uniform(n, first=first) * (count - 1)).astype(np.int64)
    others: Ints = (np.arange(count)[:, None] + steps) % count
    return others


def summed(parts: list[Images]) -> Images:
    """Pictures of one size that have values at different places, as one."""
    stacked = [part.stacked().batch.data for part in parts]
    total = stacked[0].clone() if isinstance(stacked[0], torch.Tensor) else stacked[0].copy()
    for more in stacked[1:]:
        total += more
    first = parts[0]
    data = list(total) if first.listed else total
    return changed(first, batch=first.batch.but(data=data), original=None)


def joined(parts: list[Any]) -> Any:
    """Targets of the parts of a picture as one: masks summed, boxes and keypoints side by side."""
    first = parts[0]
    if isinstance(first, Mask):
        return changed(first, masks=summed([part.masks for part in parts]))
    data = torch.cat([part.data for part in parts], 1)
    valid = torch.cat([_valid(part) for part in parts], 1)
    seen = None if first.seen is None else torch.cat([part.seen for part in parts], 1)
    n = first.data.shape[1]
    pairs = tuple((a + k * n, b + k * n) for k in range(len(parts)) for a, b in first.pairs)
    return changed(first, data=data, valid=valid, seen=seen, pairs=pairs)


def _valid(points: Points) -> torch.Tensor:
    """(B, N): what is still in the window."""
    there = area(points.data) > 0 if points.boxes else inside(points.data, points.spec)
    return there if points.valid is None else there & points.valid


def merged(before: Images, done: Images, rows: Ints) -> Images:
    """A batch where the images at `rows` are new."""
    if len(rows) == len(before.spec):
        return changed(done, listed=before.listed)
    spec = before.spec.select(np.arange(len(before.spec)))
    for side in "hwc":
        getattr(spec, side)[rows] = getattr(done.spec, side)
    data = list(before.batch.data)
    for i, new in zip(rows, done.batch.data, strict=True):
        data[i] = new
    merged = changed(before, batch=Batch(data, spec, before.batch.chw), original=None)
    if before.listed:
        return merged
    if not spec.uniform:
        raise InputError(f"Mosaic: p below 1 leaves images of {before.spec.shape(0)}; give a list or that target_size")
    return merged.stacked()


def merged_target(before: Any, done: Any, rows: Ints, cells: int) -> Any:
    """Targets of a batch where those at `rows` are new and have `cells` times as many points."""
    if isinstance(before, Mask):
        return changed(before, masks=merged(before.masks, done.masks, rows))
    if len(rows) == len(before.spec):
        return done
    more = (cells - 1) * before.data.shape[1]
    at = as_tensor(rows, before.data.device)
    valid = (
        torch.ones(before.data.shape[:2], dtype=torch.bool, device=at.device) if before.valid is None else before.valid
    )
    fields: dict[str, Any] = {
        "data": torch.nn.functional.pad(before.data, (0, 0, 0, more)),
        "valid": torch.nn.functional.pad(valid, (0, more)),
        "seen": None if before.seen is None else torch.nn.functional.pad(before.seen, (0, more)),
    }
    for name, value in fields.items():
        if value is not None and len(rows):
            fields[name] = value.index_copy(0, at, getattr(done, name))
    spec = before.spec.select(np.arange(len(before.spec)))
    for side in "hw":
        getattr(spec, side)[rows] = getattr(done.spec, side)
    n = before.data.shape[1]
    pairs = tuple((a + k * n, b + k * n) for k in range(cells) for a, b in before.pairs)
    return changed(before, **fields, spec=spec, pairs=pairs)
