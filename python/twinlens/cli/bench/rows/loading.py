"""JPEG files to training batches with two threads or worker processes, an epoch a call, against decoding alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows import train
from twinlens.cli.bench.rows.base import MEAN, STD, Array, Call, Row, Subject

__all__ = ["CEILING", "subjects"]

#: the row that only decodes
CEILING = "decode only, two threads"

_WORKERS, _SIDE, _QUALITY, _BATCHES = 2, 224, 90, 4
_JITTER = (0.6, 1.4)

Read = Callable[[Path], Any]


def subjects(batch_size: int) -> list[Subject]:
    """One subject; a call gives one value of every image, so that a row that loses some fails."""
    images = batch_size * _BATCHES
    rows = [
        Row("twinlens, Loader, two threads", "twinlens", partial(_ours, batch_size), _files),
        Row(CEILING, "simplejpeg", _decode_only, _files),
        Row("torchvision on PIL, two workers", "torchvision", partial(_torchvision, batch_size), _files),
        Row("torchvision v2, two workers", "torchvision", partial(_torchvision_v2, batch_size), _files),
        Row("Albumentations, two workers", "albumentations", partial(_albumentations, batch_size), _files),
        Row("DALI on its CPU backend, two threads", "nvidia.dali", partial(_dali, batch_size), _files),
    ]
    work = f"RandomResizedCrop {_SIDE}, flip, jitter (b, c, s), tensor, normalize"
    title = f"JPEG files of quality {_QUALITY} to batches of {batch_size}: {work}, per image"
    return [Subject("loading", title, rows, None, shape=(images,), per_call=images)]


def _files(photos: Sequence[Photo]) -> list[Path]:
    return [_file(photo) for photo in photos]


@cache
"""From JPEG files to training batches: two threads, or two worker processes, in every row; by the wall clock.

A turn is one pass over the files. What a library keeps between passes, worker processes above all, is there before the
first. The files are in the system's cache, and each photo is read several times a pass.
"""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image

from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows.base import Array, Call, Differs, Row, Subject
from twinlens.cli.bench.rows.loading_rivals import albumentations_batches, dali_batches, v1_batches, v2_batches
from twinlens.cli.bench.rows.train import jittered
from twinlens.cli.bench.turn import Clock

__all__ = ["DECODING", "subjects"]

DECODING = "decoding alone, simplejpeg"
_BATCH, _SIDE, _THREADS = 64, 224, 2
_PHOTOS, _LARGE, _TIMES = 512, 64, 4

#: an iterable of batches (B, 3, 224, 224) for a list of files; every pass over it is an epoch
Batches = Callable[[list[str]], Iterable[Any]]


def subjects() -> list[Subject]:
    """Photos as they are, and enlarged to what a camera makes."""
    what = "JPEG files to training batches, two threads or processes: RandomResizedCrop 224, flip, jitter (b, c, s)"
    return [
        _subject("loader", what, _PHOTOS, 1, []),
        _subject("loader_large", f"{what}; photos enlarged {_TIMES} x {_TIMES}", _LARGE, _TIMES, [("fast", "fast")]),
    ]


def _subject(name: str, title: str, count: int, times: int, modes: list[tuple[str, str]]) -> Subject:
    prepare = partial(_files, times=times)

    def row(title: str, library: str, batches: Batches) -> Row:
        return Row(title, library, partial(_Epochs, batches), prepare, _delivered)

    rows = [
        row("twinlens", "twinlens", partial(_ours, "rgb")),
        *(row(f"twinlens, decode={label!r}", "twinlens", partial(_ours, mode)) for label, mode in modes),
        Row(DECODING, "simplejpeg", lambda: _Timed(_decode_all), partial(_contents, times=times), _delivered),
        Row(f"{DECODING}, from files", "simplejpeg", lambda: _Timed(_decode_all), prepare, _delivered),
        row("torchvision on PIL, DataLoader", "torchvision", partial(v1_batches, _SIDE, _BATCH, _THREADS)),
        row("torchvision v2, DataLoader", "torchvision", partial(v2_batches, _SIDE, _BATCH, _THREADS)),
        row("Albumentations, DataLoader", "albumentations", partial(albumentations_batches, _SIDE, _BATCH, _THREADS)),
        row("DALI on CPU", "nvidia.dali", partial(dali_batches, _SIDE, _BATCH, _THREADS)),
    ]
    return Subject(name, title, rows, None, shape=(count,), per_call=count)


@dataclass
class _Epochs:
    """One pass over the files a call; gives the number of images that came out."""

    batches: Batches
    made: dict[tuple[str, ...], Iterable[Any]] = field(default_factory=dict)

    def __call__(self, files: list[str]) -> int:
        known = tuple(files)
        if known not in self.made:
            self.made[known] = self.batches(files)
        count = 0
        for batch in self.made[known]:
            if tuple(batch.shape[1:]) != (3, _SIDE, _SIDE):
                raise Differs(f"a batch has shape {tuple(batch.shape)}")
            count += len(batch)
        return count

    def seconds(self, files: list[str], now: Clock) -> float:
        """By the wall clock, whatever is asked for: others work in other processes."""
        del now
        if tuple(files) not in self.made:
            self(files)
        start = perf_counter()
        self(files)
        return perf_counter() - start


@dataclass
class _Timed:
    """A call that is timed once a turn, by the wall clock."""

    call: Call

    def __call__(self, value: Any) -> Any:
        return self.call(value)

    def seconds(self, value: Any, now: Clock) -> float:
        """As those of loaders."""
        del now
        start = perf_counter()
        self.call(value)
        return perf_counter() - start


def _delivered(count: int) -> Array:
    """One entry an image that came out."""
    return np.empty(count)


def _ours(mode: Any, files: list[str]) -> Iterable[Any]:
    from twinlens.data import Loader

    return Loader(files, jittered(_SIDE), _BATCH, _THREADS, decode=mode)


def _decode_all(images: list[Any]) -> int:
    """The ceiling: every image is decoded, and dropped at once, so that its memory is in the cache for the next."""
    import simplejpeg

    waiting, done = iter(images), []

    def work() -> None:
        for image in waiting:
            data = Path(image).read_bytes() if isinstance(image, str) else image
            done.append(len(simplejpeg.decode_jpeg(data)) > 0)

    threads = [threading.Thread(target=work) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done)


def _contents(photos: list[Photo], times: int) -> list[bytes]:
    return [photo.jpeg if times == 1 else _enlarged(photo.jpeg, times) for photo in photos]


def _files(photos: list[Photo], times: int) -> list[str]:
    """The photos as files, in a folder that goes with the process."""
    paths = []
    for data in _contents(photos, times):
        path = Path(_folder().name) / f"{sha256(data).hexdigest()[:24]}.jpg"
        if not path.exists():
            path.write_bytes(data)
        paths.append(str(path))
    return paths


@lru_cache(maxsize=1)
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="twinlens-bench-")


_written: dict[int, tuple[Photo, Path]] = {}  # by id, which is the photo's as long as it stands here


def _file(photo: Photo) -> Path:
    """The photo as a JPEG file, written once."""
    if id(photo) not in _written:
        path = Path(_folder().name) / f"{len(_written)}.jpg"
        Image.fromarray(photo.array).save(path, quality=_QUALITY)
        _written[id(photo)] = photo, path
    return _written[id(photo)][1]


def _first_values(batches: Iterable[torch.Tensor]) -> Array:
    """Of every image."""
    return np.concatenate([batch[:, 0, 0, 0].numpy() for batch in batches])


def _ours(batch_size: int) -> Call:
    from twinlens import data

    loaders = cache(lambda files: data.Loader(list(files), train.jittered(_SIDE), batch_size, _WORKERS))
    return lambda files: _first_values(loaders(tuple(files)))


def _decode_only() -> Call:
    import simplejpeg

    pool = ThreadPoolExecutor(_WORKERS)

    def first(path: Path) -> int:
        return int(simplejpeg.decode_jpeg(path.read_bytes())[0, 0, 0])

    return lambda files: np.array(list(pool.map(first, files)))


class _Dataset(torch.utils.data.Dataset[Any]):
    def __init__(self, files: Sequence[Path], read: Read) -> None:
        self._files, self._read = files, read

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> Any:
        return self._read(self._files[index])


def _data_loader(batch_size: int, read: Read) -> Call:
    """torch's, its workers kept from epoch to epoch."""

    @cache
    def loader(files: tuple[Path, ...]) -> Any:
        return torch.utils.data.DataLoader(
            _Dataset(files, read), batch_size, num_workers=_WORKERS, persistent_workers=True
        )

    return lambda files: _first_values(loader(tuple(files)))


def _torchvision(batch_size: int) -> Call:
    pipe = train.v1_jittered(_SIDE)

    def read(path: Path) -> Any:
        with Image.open(path) as image:
            return pipe(image.convert("RGB"))

    return _data_loader(batch_size, read)


def _torchvision_v2(batch_size: int) -> Call:
    from torchvision.io import ImageReadMode, decode_jpeg, read_file

    pipe = train.v2_jittered(_SIDE)
    return _data_loader(batch_size, lambda path: pipe(decode_jpeg(read_file(str(path)), ImageReadMode.RGB)))


def _albumentations(batch_size: int) -> Call:
    import cv2

    pipe = train.albumentations_pipe(_SIDE, jitter=True)

    def read(path: Path) -> Any:
        image = cv2.imread(str(path))
        assert image is not None
        return pipe(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))["image"]

    return _data_loader(batch_size, read)


def _dali(batch_size: int) -> Call:
    """Its own reader and random numbers; an epoch is as many batches as cover the files."""

    @cache
    def pipeline(files: tuple[Path, ...]) -> Any:
        built = _dali_pipeline([str(path) for path in files], batch_size)
        built.build()
        return built

    def epoch(files: Sequence[Path]) -> Array:
        pipe = pipeline(tuple(files))
        return np.concatenate([pipe.run()[0].as_array()[:, 0, 0, 0] for _ in range(len(files) // batch_size)])

    return epoch


def _dali_pipeline(files: list[str], batch_size: int) -> Any:
    from nvidia.dali import fn, pipeline_def, types

    @pipeline_def(batch_size=batch_size, num_threads=_WORKERS, device_id=None)  # type: ignore[untyped-decorator]
    def define() -> Any:
        encoded, _ = fn.readers.file(files=files)
        images = fn.decoders.image(encoded, device="cpu", output_type=types.RGB)
        cropped = fn.random_resized_crop(images, size=[_SIDE, _SIDE])
        factors = {name: fn.random.uniform(range=_JITTER) for name in ("brightness", "contrast", "saturation")}
        mean, std = [255 * v for v in MEAN], [255 * v for v in STD]
        return fn.crop_mirror_normalize(
            fn.color_twist(cropped, **factors),
            mirror=fn.random.coin_flip(),
            mean=mean,
            std=std,
            dtype=types.FLOAT,
            output_layout="CHW",
        )

    return define()
@lru_cache(maxsize=_LARGE)
def _enlarged(jpeg: bytes, times: int) -> bytes:
    with Image.open(io.BytesIO(jpeg)) as image:
        larger = image.convert("RGB").resize((image.width * times, image.height * times), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    larger.save(file, "JPEG", quality=90)
    return file.getvalue()
