"""The rivals' loaders: iterables of batches (B, 3, side, side), an epoch a pass, without twinlens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch

from twinlens.cli.bench.rows.base import MEAN, STD
from twinlens.cli.bench.rows.train import albumentations_jittered, v1_jittered, v2_jittered

__all__ = ["albumentations_batches", "dali_batches", "v1_batches", "v2_batches"]

_RANGE = (0.6, 1.4)


class _Files(torch.utils.data.Dataset[Any]):
    """Files through a function."""

    def __init__(self, files: list[str], load: Callable[[str], Any]) -> None:
        self.files, self.load = files, load

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Any:
        return self.load(self.files[index])


def _workers(files: list[str], load: Callable[[str], Any], batch: int, workers: int) -> Iterable[Any]:
    """Worker processes that stay, as torch recommends for short epochs."""
    return torch.utils.data.DataLoader(
        _Files(files, load),
        batch_size=batch,
        num_workers=workers,
        persistent_workers=True,
        multiprocessing_context="fork",
    )


def v1_batches(side: int, batch: int, workers: int, files: list[str]) -> Iterable[Any]:
    """torchvision's first API, files by Pillow."""
    from PIL import Image

    pipe = v1_jittered(side)

    def load(file: str) -> Any:
        with Image.open(file) as image:
            return pipe(image.convert("RGB"))

    return _workers(files, load, batch, workers)


def v2_batches(side: int, batch: int, workers: int, files: list[str]) -> Iterable[Any]:
    """torchvision's second API, files by its own decoder."""
    from torchvision.io import ImageReadMode, decode_image

    pipe = v2_jittered(side)
    return _workers(files, lambda file: pipe(decode_image(file, ImageReadMode.RGB)), batch, workers)


def albumentations_batches(side: int, batch: int, workers: int, files: list[str]) -> Iterable[Any]:
    """Files by OpenCV, as its documentation shows."""
    import cv2

    pipe = albumentations_jittered(side)

    def load(file: str) -> Any:
        array: Any = cv2.imread(file)
        return pipe(cv2.cvtColor(array, cv2.COLOR_BGR2RGB))["image"]

    return _workers(files, load, batch, workers)


def dali_batches(side: int, batch: int, threads: int, files: list[str]) -> Iterable[Any]:
    """DALI's operators on CPU; two batches ahead, but none of the next epoch while others are timed."""
    return _Dali(side, batch, threads, files)


class _Dali:
    def __init__(self, side: int, batch: int, threads: int, files: list[str]) -> None:
        from nvidia.dali import fn, pipeline_def, types

        def define() -> Any:
            encoded, _ = fn.readers.file(files=files)
            images = fn.decoders.image(encoded, device="cpu", output_type=types.RGB)
            images = fn.random_resized_crop(images, size=(side, side))
            names = ("brightness", "contrast", "saturation")
            images = fn.color_twist(images, **{name: fn.random.uniform(range=_RANGE) for name in names})
            return fn.crop_mirror_normalize(
                images,
                dtype=types.FLOAT,
                output_layout="CHW",
                mean=[255 * value for value in MEAN],
                std=[255 * value for value in STD],
                mirror=fn.random.coin_flip(),
            )

        self._pipe: Any = pipeline_def(batch_size=batch, num_threads=threads, device_id=None, seed=0)(define)()
        self._pipe.build()
        self._epoch = -(-len(files) // batch)

    def __iter__(self) -> Iterator[Any]:
        ahead = min(2, self._epoch)
        for _ in range(ahead):
            self._pipe.schedule_run()
        for number in range(self._epoch):
            (out,) = self._pipe.share_outputs()
            yield np.asarray(out.as_tensor())
            self._pipe.release_outputs()
            if number + ahead < self._epoch:
                self._pipe.schedule_run()
