"""Batches for pipelines that mix their samples: MixUp, CutMix, Mosaic, CopyPaste see the whole batch and its labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.data.loading.collate import IMAGE, collate, stack
from twinlens.data.loading.reader import Fault
from twinlens.errors import InputError
from twinlens.pipeline.run import is_structural

if TYPE_CHECKING:
    from twinlens.data.loading.work import Work

__all__ = ["is_image_by_image", "mixed", "mixes"]


def mixes(pipe: Any) -> bool:
    """Whether some part of a pipeline mixes the samples of a batch."""
    return pipe is not None and any(getattr(unit, "mixes", False) for _, unit in pipe.units(""))


def is_image_by_image(pipe: Any) -> bool:
    """Whether a pipeline transforms every image by itself, whatever else is in the sample or in the batch."""
    return pipe is not None and not mixes(pipe) and not any(is_structural(unit) for _, unit in pipe.units(""))


def mixed(work: Work, epoch: int, indices: list[int]) -> tuple[Any, list[Fault]]:
    """The batch, None if nothing is left of it, and the samples that are missing."""
    keys = work.keys(epoch, indices)
    read = [work.reader.read(index, int(key)) for index, key in zip(indices, keys, strict=True)]
    faults = [sample for sample in read if isinstance(sample, Fault)]
    kept = [place for place, sample in enumerate(read) if not isinstance(sample, Fault)]
    if not kept:
        return None, faults
    apart = [work.taken_apart(read[place]) for place in kept]
    if any(pair is None for pair in apart):
        raise InputError("Loader: a pipeline that mixes samples takes images and labels, one image a sample")
    pairs = [pair for pair in apart if pair is not None]
    batch = collate([sample for _, sample in pairs], [image for image, _ in pairs])
    return _call(work.pipe, pairs[0][1], batch, keys[kept]), faults


def _call(pipe: Any, sample: Any, batch: Any, keys: np.ndarray[Any, Any]) -> Any:
    if sample is IMAGE:
        done = pipe.batch(batch, keys=keys, num_threads=1)
        return stack(done) if isinstance(done, list) else done
    if isinstance(sample, tuple) and len(sample) == 2 and sample[0] is IMAGE:
        done = pipe({"image": batch[0], "labels": batch[1]}, keys=keys)
        return stack(done["image"]), done["labels"]
    if isinstance(sample, Mapping):
        done = pipe(batch, keys=keys)
        return {name: stack(value) if sample[name] is IMAGE else value for name, value in done.items()}
    raise InputError("Loader: a pipeline that mixes samples takes images, (image, label) pairs or mappings")
