"""JPEG files to training batches with two threads or worker processes, an epoch a call, against decoding alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows import train
from twinlens.cli.bench.rows.base import MEAN, STD, Array, Call, Row, Subject
from twinlens.cli.bench.turn import Clock

__all__ = ["CEILING", "subjects"]

#: the row that only decodes
CEILING = "decode only, two threads"

_WORKERS, _SIDE, _QUALITY, _BATCHES = 2, 224, 90, 4
_FEW, _TIMES, _LARGEST = 8, 4, 16_000_000  # photos in a batch of large ones, how large they are, at most in pixels
_JITTER = (0.6, 1.4)

Read = Callable[[Path], Any]


def subjects(batch_size: int) -> list[Subject]:
    """Photos as they are, and enlarged; a call gives one value of every image, so that a row that loses some fails."""
    images = batch_size * _BATCHES
    rows = [
        Row("twinlens, Loader, two threads", "twinlens", partial(_ours, batch_size), _files),
        Row(CEILING, "simplejpeg", _decode_only, _files),
        Row("torchvision on PIL, two workers", "torchvision", partial(_torchvision, batch_size), _files),
        Row("torchvision v2, two workers", "torchvision", partial(_torchvision_v2, batch_size), _files),
        Row("Albumentations, two workers", "albumentations", partial(_albumentations, batch_size), _files),
        Row("DALI on its CPU backend, two threads", "nvidia.dali", lambda: _Dali(batch_size), _files),
    ]
    work = f"RandomResizedCrop {_SIDE}, flip, jitter (b, c, s), tensor, normalize"
    title = f"JPEG files (others become some of quality {_QUALITY}) to batches of {batch_size}: {work}, per image"
    return [Subject("loading", title, rows, None, shape=(images,), per_call=images, calls=1), _large(work)]


def _large(work: str) -> Subject:
    """Files of a camera's size, where fewer pixels can be decoded than the file has."""
    rows = [
        Row("twinlens, Loader, two threads", "twinlens", partial(_ours, _FEW), _large_files),
        Row("twinlens, Loader, decode='fast'", "twinlens", partial(_ours, _FEW, mode="fast"), _large_files),
        Row(CEILING, "simplejpeg", _decode_only, _large_files),
        Row("torchvision on PIL, two workers", "torchvision", partial(_torchvision, _FEW), _large_files),
        Row("Albumentations, two workers", "albumentations", partial(_albumentations, _FEW), _large_files),
    ]
    images = _FEW * _BATCHES
    title = f"JPEG files of photos enlarged up to {_TIMES} x {_TIMES} to batches of {_FEW}: {work}, per image"
    return Subject("loading_large", title, rows, None, shape=(images,), per_call=images, calls=1)


def _files(photos: Sequence[Photo]) -> list[Path]:
    return [_file(photo, 1) for photo in photos]


def _large_files(photos: Sequence[Photo]) -> list[Path]:
    """A camera's photos stay as they are."""
    return [_file(photo, max(1, min(_TIMES, isqrt(_LARGEST // (photo.hw[0] * photo.hw[1]))))) for photo in photos]


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="twinlens-bench-")


_written: dict[tuple[int, int], tuple[Photo, Path]] = {}  # by id, which is the photo's as long as it stands here


def _file(photo: Photo, times: int) -> Path:
    """The photo's own JPEG file, or one of it, so many times as high and wide; written once."""
    which = id(photo), times
    if which not in _written:
        path = Path(_folder().name) / f"{len(_written)}.jpg"
        if times == 1 and photo.file.startswith(b"\xff\xd8\xff"):
            path.write_bytes(photo.file)
        else:
            h, w = photo.hw
            photo.pil.resize((times * w, times * h), Image.Resampling.BICUBIC).save(path, quality=_QUALITY)
        _written[which] = photo, path
    return _written[which][1]


def _first_values(batches: Iterable[torch.Tensor]) -> Array:
    """Of every image; batches are let go, as in training."""
    return np.concatenate([batch[:, 0, 0, 0].numpy().copy() for batch in batches])


def _ours(batch_size: int, mode: Any = "rgb") -> Call:
    from twinlens import data

    loaders = cache(lambda files: data.Loader(list(files), train.jittered(_SIDE), batch_size, _WORKERS, decode=mode))
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


@dataclass(frozen=True)
class _Dali:
    """Its own reader and random numbers; an epoch is as many batches as cover the files, two of them under way.

    A turn has a pipeline of its own, in its second epoch: one that waits takes the processors from the rows after it.
    """

    batch_size: int

    def __call__(self, files: Sequence[Path]) -> Array:
        return self._epoch(self._pipeline(files), len(files))

    def seconds(self, files: Sequence[Path], now: Clock) -> float:
        """Of an epoch that is not the first."""
        pipe = self._pipeline(files)
        self._epoch(pipe, len(files))
        start = now()
        self._epoch(pipe, len(files))
        return now() - start

    def _pipeline(self, files: Sequence[Path]) -> Any:
        pipe = _dali_pipeline([str(path) for path in files], self.batch_size)
        pipe.build()
        return pipe

    def _epoch(self, pipe: Any, images: int) -> Array:
        count = images // self.batch_size
        values = []
        for number in range(count + 2):
            if number < count:
                pipe.schedule_run()
            if number >= 2:
                values.append(pipe.share_outputs()[0].as_array()[:, 0, 0, 0].copy())
                pipe.release_outputs()
        return np.concatenate(values)


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
