"""What people write for Ray Data: read_images, torchvision on PIL in map_batches, write_parquet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torchvision import transforms

from benchmarks.jobs.ray_cluster import started
from benchmarks.jobs.script import CROP, RESIZE, Run, main

__all__ = ["job"]

_BATCH = 64
_PIPE = transforms.Compose([transforms.Resize(RESIZE), transforms.CenterCrop(CROP)])


def _transform(batch: dict[str, Any]) -> dict[str, Any]:
    images = [np.array(_PIPE(Image.fromarray(image))) for image in batch["image"]]
    return {"path": batch["path"], "image": np.stack(images)}


@contextmanager
def job(workers: int) -> Iterator[Run]:
    with started(workers) as ray:

        def run(folder: Path, target: Path) -> None:
            images = ray.data.read_images(str(folder), mode="RGB", include_paths=True)
            made = images.map_batches(_transform, batch_size=_BATCH)
            made.write_parquet(str(target), compression="none", use_dictionary=False)

        yield run


if __name__ == "__main__":
    main(job, __doc__)
