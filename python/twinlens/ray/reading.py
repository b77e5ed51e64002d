"""Images of any source as a dataset of Ray."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from twinlens.data.checks import positive
from twinlens.data.decoding import MAX_PIXELS, decode
from twinlens.data.rows import reason
from twinlens.data.sources import Source, open_source
from twinlens.errors import ArgumentError, InputError
from twinlens.ray.batches import Failures, check_failures
from twinlens.ray.cluster import environment, ray_package
from twinlens.ray.columns import Batch, images_column, texts_column

__all__ = ["read"]

_PIECE = 32 << 20  # bytes of pixels that a task hands over at a time


def read(
    src: Any,
    *,
    concurrency: int | None = None,
    blocks: int | None = None,
    dtype: str = "uint8",
    max_pixels: int = MAX_PIXELS,
    failures: Failures = "keep",
    **ray_remote_args: Any,
) -> Any:
    """The images of `src` as a `ray.data.Dataset`: the columns image, (H, W, C) in RGB, path, label, index and error.

    src: whatever `twinlens.data.run` takes, also in a bucket; paths must be those of a disk that all nodes share. It is
    listed here, and read in tasks; their worker processes get this one's AWS_ and FSSPEC_ variables. concurrency: how
    many tasks at a time; None leaves it to Ray. blocks: how many tasks in all. dtype: of all images of the
    dataset; those of another, such as 16-bit gray ones among uint8, fail. ray_remote_args: of the tasks, as num_cpus.

    failures: "keep" gives the row of an image that cannot be read an empty one, (0, 0, 0), and the reason in the column
    error, which is empty elsewhere; `MapBatches` lets it pass. "drop" leaves such rows out, "raise" ends the job.
    Raises ArgumentError for arguments that do not fit, and TwinlensError without Ray.
    """
    for name, value in {"concurrency": concurrency, "blocks": blocks, "max_pixels": max_pixels}.items():
        if value is not None:
            positive("read", name, value)
    if dtype not in ("uint8", "uint16", "float32"):
        raise ArgumentError(f"read: dtype={dtype!r} must be 'uint8', 'uint16' or 'float32'")
    check_failures("read", failures)
    ray = ray_package()
    source = open_source(src)
    numbers = ray.data.range(len(source), override_num_blocks=None if blocks is None else min(blocks, len(source)))
    reader = _Reader(source, dtype, max_pixels, failures, environment())
    compute = None if concurrency is None else ray.data.TaskPoolStrategy(size=concurrency)
    return numbers.map_batches(reader, batch_size=None, compute=compute, **ray_remote_args)


class _Reader:
    """What a task does."""

    def __init__(
        self, source: Source, dtype: str, max_pixels: int, failures: Failures, variables: dict[str, str]
    ) -> None:
        self._source, self._dtype, self._max_pixels, self._failures = source, dtype, max_pixels, failures
        self._variables = variables

    def __call__(self, batch: Batch) -> Iterator[Batch]:
        os.environ.update(self._variables)
        rows: list[tuple[int, Any, str]] = []
        taken = 0
        for index in batch["id"].tolist():
            image, why = self._image(index)
            if image is not None or self._failures == "keep":
                rows.append((index, image, why))
            taken += 0 if image is None else image.nbytes
            if taken > _PIECE:
                yield self._columns(rows)
                rows, taken = [], 0
        yield self._columns(rows)

    def _image(self, index: int) -> tuple[Any, str]:
        try:
            found: Any = self._source.read(index)
            image = found if isinstance(found, np.ndarray) else decode(found, max_pixels=self._max_pixels)
            if image.dtype.name != self._dtype or image.ndim not in (2, 3):
                raise InputError(f"an image of {image.shape} {image.dtype}; wants (H, W, C) {self._dtype}")
        except Exception as error:  # a plugin's source may raise anything
            if self._failures == "raise":
                raise
            return None, reason(error)
        return image if image.ndim == 3 else image[..., None], ""

    def _columns(self, rows: list[tuple[int, Any, str]]) -> Batch:
        numbers = [index for index, _, _ in rows]
        return {
            "image": images_column([image for _, image, _ in rows], np.zeros((0, 0, 0), self._dtype)),
            "path": texts_column([self._source.path(i) for i in numbers]),
            "label": texts_column([self._source.label(i) for i in numbers]),
            "index": np.array(numbers, np.int64),
            **({"error": texts_column([why for _, _, why in rows])} if self._failures == "keep" else {}),
        }
