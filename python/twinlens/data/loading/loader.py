"""`Loader`: what a DataLoader with worker processes does, in threads of one process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

import twinlens
from twinlens import _native
from twinlens.data.checks import positive
from twinlens.data.decoding import MAX_PIXELS, Mode
from twinlens.data.loading.device import Device
from twinlens.data.loading.epoch import Epoch
from twinlens.data.loading.memory import BatchMemory
from twinlens.data.loading.mixing import is_image_by_image, mixes
from twinlens.data.loading.order import Order
from twinlens.data.loading.pending import Maker
from twinlens.data.loading.position import Position, Saved
from twinlens.data.loading.progress import Bar
from twinlens.data.loading.reader import Fault, Reader
from twinlens.data.loading.scaling import Scaling
from twinlens.data.loading.source import Source
from twinlens.data.loading.work import Work
from twinlens.data.rows import Failure
from twinlens.errors import ArgumentError
from twinlens.random import to_key_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.transforms import Transform

__all__ = ["Loader"]

#: samples that a thread takes at a time, at most: they share one call of the pipeline
_MOST_SHARE = 32

OnError = Literal["raise", "skip"]


class Loader:
    """Batches of images from files or a dataset: read, decoded and transformed by threads, without the GIL.

    source: a folder, whose images get the number of their own folder's name as label (`classes` names them) unless all
    lie in `source` itself; a list of files; a list of (file, label); or a map-style dataset whose samples are an image,
    a tuple that begins with one, or a mapping with the entry "image", and may hold masks, boxes and keypoints. Where a
    sample has a path or bytes for its image, the file is decoded. `__getitem__` runs in the threads.
    pipe: a twinlens transform; None where the dataset's images are ready.
    A batch is what a sample is, with a batch in each place: images (B, C, H, W), or a list where results differ in
    size; numbers as tensors; Boxes and Keypoints as lists. `collate` makes something else of the list of samples.

    Sample i of epoch e runs under `twinlens.key(seed, e, i)`, or `keys(e, i)`: a batch does not depend on num_threads,
    prefetch or the order in which threads finish, a sample not on batch_size either. Transforms that mix the samples of
    a batch depend on which those are. Iterating again is the next epoch; see `set_epoch`.

    batch_size: 32 if not given. num_threads: None for `twinlens.get_num_threads()`. device: where batches go, through
    pinned memory and a stream beside the consumer's if it is CUDA. shuffle: a permutation from seed and epoch, the same
    on every machine. sampler, batch_sampler: as torch's DataLoader takes them, DistributedSampler too. decode: "gray"
    or "fast", see `twinlens.data.decode`; "fast" reads JPEGs as small as the Resize or RandomResizedCrop in front
    of the pipeline allows. prefetch: batches that are made ahead. on_error: "skip" leaves out samples that fail;
    `failures` lists them. progress: a bar on standard error.

    Raises ArgumentError for arguments that do not fit. Iterating raises DecodeError with the file's name, or what the
    dataset or the pipeline raised, with a note that names the sample.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> pictures = [np.full((40 + i, 60, 3), i, np.uint8) for i in range(5)]
    >>> loader = Loader(pictures, T.Compose([T.RandomResizedCrop(32), T.ToTensor()]), batch_size=2)
    >>> [tuple(batch.shape) for batch in loader]
    [(2, 3, 32, 32), (2, 3, 32, 32), (1, 3, 32, 32)]
    """

    def __init__(
        self,
        source: Any,
        pipe: Transform | None = None,
        batch_size: int | None = None,
        num_threads: int | None = None,
        device: Any = None,
        *,
        seed: int = 0,
        keys: Callable[[int, int], int] | None = None,
        shuffle: bool = False,
        drop_last: bool = False,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[Iterable[int]] | None = None,
        decode: Mode = "rgb",
        prefetch: int = 3,
        on_error: OnError = "raise",
        collate: Callable[[list[Any]], Any] | None = None,
        progress: bool = False,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        _check(pipe, decode, on_error, seed)
        _check_numbers(prefetch=prefetch, max_pixels=max_pixels)
        optional = {"batch_size": batch_size, "num_threads": num_threads}
        _check_numbers(**{name: value for name, value in optional.items() if value is not None})
        if collate is not None and mixes(pipe):
            raise ArgumentError("Loader: the pipeline mixes whole batches, so collate has no samples to work on")
        self._source = Source(source)
        self.seed, self.num_threads, self.prefetch, self.progress = int(seed), num_threads, prefetch, progress
        self._pipe, self._keys, self._collate, self._skip = pipe, keys, collate, on_error == "skip"
        scaling = Scaling(pipe) if decode == "fast" else None
        in_part = pipe if decode != "fast" and is_image_by_image(pipe) else None
        self._work = Work(Reader(self._source, decode, scaling, max_pixels, in_part), pipe, self._sample_keys)
        self._device = Device(device)
        self._memory = BatchMemory(prefetch + 2, pinned=self._device.cuda)
        self._order = Order(
            len(self._source),
            self.seed,
            batch_size,
            shuffle=shuffle,
            drop_last=drop_last,
            sampler=sampler,
            batch_sampler=batch_sampler,
        )
        self._position = Position(-1, finished=True)
        self._resumed: Saved | None = None
        self._faults: list[Fault] = []

    @property
    def classes(self) -> list[str] | None:
        """The folders' names, sorted: label i is classes[i]. None where the source is no folder with labels."""
        return self._source.classes

    @property
    def failures(self) -> list[Failure]:
        """The samples that the running epoch, or the last one, left out; stage is read, decode or transform."""
        return [Failure(f.name, f.index, f.stage, str(f.raised()) or type(f.error).__name__) for f in self._faults]

    @property
    def epoch(self) -> int:
        """The epoch that iterating starts."""
        if self._resumed is not None:
            return self._resumed.epoch
        return self._position.epoch + 1

    def set_epoch(self, epoch: int) -> None:
        """Iterating starts this epoch next; where a state of the same epoch was loaded, from where that was."""
        if isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 0:
            raise ArgumentError(f"Loader: epoch={epoch!r} must be an integer, 0 or more")
        if self._resumed is None or self._resumed.epoch != epoch:
            self._resumed = None
            self._position = Position(epoch - 1, finished=True)

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self._order)

    def __iter__(self) -> Epoch:
        """The next epoch, or the rest of one after `load_state_dict`."""
        resumed, epoch = self._resumed, self.epoch
        done = 0 if resumed is None else resumed.samples
        passed, batches = self._order.batches_from(epoch, done)
        position = Position(epoch) if resumed is None else resumed.resume(passed)
        threads = twinlens.get_num_threads() if self.num_threads is None else self.num_threads
        self._resumed, self._position, self._faults = None, position, []
        return Epoch(
            self._maker(threads),
            batches,
            position,
            threads=threads,
            prefetch=self.prefetch,
            bar=Bar(epoch, done // self._order.largest(), self._total(), shown=self.progress),
            faults=self._faults,
        )

    def state_dict(self) -> dict[str, Any]:
        """Which batches were handed out: plain values for a checkpoint."""
        saved = self._resumed or self._position.saved(self.seed, len(self._source))
        return saved.to_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Iterating goes on behind the last batch that was handed out, no sample twice and none left out.

        num_threads, prefetch and batch_size may be others. A sampler must give the same order as before, which is
        checked. Raises ArgumentError for the state of a loader with another seed or number of samples.
        """
        self._resumed = Saved.from_dict(state, self.seed, len(self._source))

    def _total(self) -> int | None:
        try:
            return len(self)
        except TypeError:  # a sampler without a length
            return None

    def _maker(self, threads: int) -> Maker:
        # Twice as many parts as threads: who has none left takes over half of another's, see Pending.
        self._work.threads = threads
        share = -(-self._order.largest() * self.prefetch // (2 * threads))
        return Maker(
            self._work,
            self._memory,
            self._device,
            self._collate,
            self._skip,
            max(1, min(share, _MOST_SHARE)),
            mixes(self._pipe),
        )

    def _sample_keys(self, epoch: int, indices: list[int]) -> NDArray[np.uint64]:
        if self._keys is not None:
            return to_key_array([self._keys(epoch, index) for index in indices], len(indices))
        return _native.sample_keys(self.seed & 0xFFFFFFFFFFFFFFFF, epoch, np.array(indices, np.uint64))


def _check(pipe: Any, decode: object, on_error: object, seed: object) -> None:
    if pipe is not None and not isinstance(pipe, twinlens.transforms.Transform):
        raise ArgumentError(
            f"Loader: pipe={type(pipe).__name__} must be a twinlens transform; Compose([...]) takes other callables"
        )
    if decode not in get_args(Mode):
        raise ArgumentError(f"Loader: decode={decode!r} must be 'rgb', 'gray' or 'fast'")
    if on_error not in get_args(OnError):
        raise ArgumentError(f"Loader: on_error={on_error!r} must be 'raise' or 'skip'")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise ArgumentError(f"Loader: seed={seed!r} must be an integer")


def _check_numbers(**numbers: Any) -> None:
    for name, value in numbers.items():
        positive("Loader", name, value)
