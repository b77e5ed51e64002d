"""torchvision on PIL images in the workers of a DataLoader, whose batches come back through shared memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torchvision import transforms

from benchmarks.jobs.script import CROP, RESIZE, Run, files_below, main, write

__all__ = ["job"]

_BATCH = 64
_PIPE = transforms.Compose([transforms.Resize(RESIZE), transforms.CenterCrop(CROP)])


class Images(torch.utils.data.Dataset[NDArray[np.uint8]]):
    def __init__(self, files: list[str]) -> None:
        self._files = files

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        with Image.open(self._files[index]) as image:
            return np.array(_PIPE(image.convert("RGB")))


@contextmanager
def job(workers: int) -> Iterator[Run]:
    @cache
    def loader(folder: Path) -> tuple[list[str], torch.utils.data.DataLoader[torch.Tensor]]:
        files = files_below(folder)
        return files, torch.utils.data.DataLoader(Images(files), _BATCH, num_workers=workers, persistent_workers=True)

    def run(folder: Path, target: Path) -> None:
        files, batches = loader(folder)
        write(target, folder, files, (image for batch in batches for image in batch.numpy()))

    yield run
    loader.cache_clear()


if __name__ == "__main__":
    main(job, __doc__)
