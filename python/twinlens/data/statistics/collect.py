"""Statistics of a folder, a plugin's source or a dataset, before and after a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import twinlens
from twinlens.data.ahead import cores, in_order
from twinlens.data.checks import positive
from twinlens.data.decoding import MAX_PIXELS, as_array, decode_bytes, file_mode, read_bytes
from twinlens.data.listing import printable
from twinlens.data.loading.source import Source, is_file
from twinlens.data.rows import reason
from twinlens.data.sources import open_source
from twinlens.data.sources.datasets import is_hugging_face
from twinlens.data.statistics.likeness import Likeness
from twinlens.data.statistics.statistics import Statistics
from twinlens.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.transforms import Transform

__all__ = ["Progress", "stats"]

#: called with what is done so far: images, failures, all
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class _Work:
    source: Source
    pipe: Transform | None
    seed: int
    duplicates: bool
    max_pixels: int


def stats(
    source: Any,
    pipe: Transform | None = None,
    *,
    workers: int | None = None,
    duplicates: bool = True,
    seed: int = 0,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> Statistics:
    """Statistics of the images of `source`; `after` are those of what `pipe` makes of them.

    source: whatever `twinlens run` reads (docs/sources.md), a list of files, or a dataset with `__getitem__` and
    `__len__` whose samples are images, tuples that begin with one, or mappings with the entry "image". Arrays are
    (H, W) or (H, W, C), tensors (C, H, W); uint8, uint16 or float. pipe: sample i runs under `key(seed, 0, i)`.
    duplicates: also keep the hashes for `Statistics.duplicates`. What cannot be read, decoded or transformed is listed
    in `failures`, and the rest goes on.

    The result does not depend on `workers`; of integer pixels mean and std are exact sums, rounded once.

    >>> import numpy as np
    >>> found = stats([np.full((4, 4, 3), 51, np.uint8), np.full((4, 4, 3), 153, np.uint8)])
    >>> found.mean, found.std
    ([0.4, 0.4, 0.4], [0.2, 0.2, 0.2])
    """
    if workers is not None:
        positive("stats", "workers", workers)
    twinlens.key(seed)  # an integer
    images = open_source(source) if is_hugging_face(source) else source
    work = _Work(Source(images), pipe, seed, duplicates, max_pixels)
    total = len(work.source)
    found = Statistics(after=None if pipe is None else Statistics())
    threads = workers or cores()
    pool = ThreadPoolExecutor(threads, "twinlens-stats")
    try:
        for one in in_order(pool, partial(_one, work), range(total), 2 * threads):
            found.merge(one)
            if progress is not None:
                progress(found.images, len(found.failures), total)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return found


def _one(work: _Work, index: int) -> Statistics:
    found, name = Statistics(), f"sample {index}"
    try:
        name = printable(work.source.name(index))
        image, data = _image(work.source[index], work.max_pixels)
        array = _array(image)
        like = (name, Likeness.of(data, array)) if work.duplicates else None
        found.add(array, mode=None if data is None else file_mode(data), like=like)
    except Exception as error:  # a dataset may raise anything
        found.failures.append((name, printable(reason(error))))
        return found
    if work.pipe is not None:
        found.after = Statistics()
        try:
            found.after.add(_array(work.pipe(image, key=twinlens.key(work.seed, 0, index))))
        except Exception as error:  # a callable in the pipeline may raise anything
            found.after.failures.append((name, printable(reason(error))))
    return found


def _image(sample: Any, max_pixels: int) -> tuple[Any, bytes | None]:
    """The image of a sample, decoded, and its file's bytes if it came as a file."""
    if isinstance(sample, Mapping):
        if "image" not in sample:
            raise InputError(f"the sample has no entry 'image', only {', '.join(map(str, sample))}")
        sample = sample["image"]
    elif isinstance(sample, tuple | list) and sample:
        sample = sample[0]
    if not is_file(sample):
        return sample, None
    data = sample if isinstance(sample, bytes) else read_bytes(sample)
    return decode_bytes(data, "rgb", None, max_pixels), data


def _array(image: Any) -> NDArray[Any]:
    """(H, W, C) of a PIL image, an array, or a tensor."""
    import torch

    if isinstance(image, torch.Tensor):
        plain = image.detach().cpu()
        plain = plain.float() if plain.dtype == torch.bfloat16 else plain
        array = plain.numpy()
        return array[..., None] if array.ndim == 2 else np.moveaxis(array, 0, -1)
    array = as_array(image)
    return array[..., None] if array.ndim == 2 else array
