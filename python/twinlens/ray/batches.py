"""A pipeline as Ray Data calls it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

import twinlens
from twinlens.data.checks import positive
from twinlens.data.loading.mixing import mixes
from twinlens.data.rows import reason
from twinlens.errors import ArgumentError
from twinlens.ray.caller import Caller
from twinlens.ray.columns import Batch, images_column, texts_column, wanted
from twinlens.transforms.base import Transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Failures", "MapBatches", "check_failures"]

Failures = Literal["keep", "drop", "raise"]


def check_failures(owner: str, failures: str) -> None:
    """ArgumentError for another word."""
    if failures not in get_args(Failures):
        raise ArgumentError(f"{owner}: failures={failures!r} must be 'keep', 'drop' or 'raise'")


class MapBatches:
    """The images of a batch through `pipe`, for `Dataset.map_batches`: the class for actors, an instance for tasks.

    The column `image` holds uint8, uint16 or float32 arrays, (B, H, W, C) or B of (H, W, C) that differ in size; the
    results replace it, (B, ...) or B that differ. Sample i draws from `key(seed, epoch, i)`, as in a Loader and in
    `twinlens.data.run`, so that results do not depend on batches, actors or retries. keys: the column of i; None for
    new draws every time. epoch: a number, or the name of a column.

    engine: "native" or "kornia", which give the same pixels. device: where the pipeline runs; if not given, the card
    that Ray has given to the actor (`num_gpus=1`), the CPU where there is none. num_threads: of the core.

    failures: an image that fails costs only itself. "keep" gives its row an empty image, and the reason in the column
    `error`, which is empty elsewhere; rows that come with one pass. "drop" takes them out, "raise" ends the job.
    Raises ArgumentError for arguments that do not fit and InputError for columns that there are not.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> batch = {"image": np.zeros((2, 8, 8, 3), np.uint8), "index": np.arange(2)}
    >>> MapBatches(T.RandomCrop(4))(batch)["image"].shape
    (2, 4, 4, 3)
    """

    def __init__(
        self,
        pipe: Transform,
        keys: str | None = "index",
        *,
        image: str = "image",
        seed: int = 0,
        epoch: int | str = 0,
        engine: Literal["native", "kornia"] | None = None,
        device: str | None = None,
        num_threads: int = 1,
        failures: Failures = "keep",
    ) -> None:
        if not isinstance(pipe, Transform):
            raise ArgumentError(f"MapBatches: pipe={pipe!r} must be a twinlens transform")
        if mixes(pipe):
            raise ArgumentError("MapBatches: the pipeline mixes the images of a batch; do that in training, see Loader")
        if engine not in (None, "native", "kornia"):
            raise ArgumentError(f"MapBatches: engine={engine!r} must be 'native' or 'kornia'")
        if engine == "native" and device not in (None, "cpu"):
            raise ArgumentError(f"MapBatches: device={device!r} is not for engine='native'")
        check_failures("MapBatches", failures)
        positive("MapBatches", "num_threads", num_threads)
        twinlens.key(seed, 0 if isinstance(epoch, str) else epoch)  # integers
        self._caller = Caller(pipe, engine, device, num_threads)
        self._image, self._keys, self._seed, self._epoch, self._failures = image, keys, seed, epoch, failures

    def __call__(self, batch: Batch) -> Batch:
        """The batch with the results in it."""
        images = wanted(batch, self._image, "MapBatches")
        errors = [str(told or "") for told in batch.get("error", [""] * len(images))]
        places = [i for i, error in enumerate(errors) if not error]
        made: list[Any] = [None] * len(images)
        results = self._caller([np.asarray(images[i]) for i in places], self._drawn(batch, places, len(images)))
        for i, result in zip(places, results, strict=True):
            if not isinstance(result, Exception):
                made[i] = result
            elif self._failures == "raise":
                raise result
            else:
                errors[i] = reason(result)
        if self._failures == "drop":
            rows = [i for i, error in enumerate(errors) if not error]
            batch = {name: values[rows] for name, values in batch.items() if name != "error"}
            return {**batch, self._image: images_column([made[i] for i in rows], self._caller.empty())}
        return {**batch, self._image: images_column(made, self._caller.empty()), "error": texts_column(errors)}

    def _drawn(self, batch: Batch, places: list[int], rows: int) -> list[int]:
        """The keys of these rows."""
        if self._keys is None:
            return [secrets.randbits(64) for _ in places]
        numbers: NDArray[Any] = wanted(batch, self._keys, "MapBatches")
        epochs = wanted(batch, self._epoch, "MapBatches") if isinstance(self._epoch, str) else [self._epoch] * rows
        return [int(twinlens.key(self._seed, int(epochs[i]), int(numbers[i]))) for i in places]
