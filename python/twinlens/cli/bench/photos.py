"""The photos, decoded first, in every container that a library takes."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from twinlens.data import decode
from twinlens.data.decoding import SUFFIXES, read_bytes
from twinlens.errors import DecodeError, InputError

__all__ = ["Photo", "files_in", "load_photos", "sample"]

# What a run without --limit takes: a few minutes on one core.
_PIXELS, _FEWEST, _MOST = 8_000_000, 2, 32
_SKIMAGE = ("astronaut", "coffee", "chelsea", "rocket", "page", "camera")


@dataclass(frozen=True)
class Photo:
    """One photo: (H, W, 3) uint8, RGB."""

    name: str
    array: NDArray[np.uint8]
    file: bytes = b""  # it was decoded from

    @property
    def hw(self) -> tuple[int, int]:
        return self.array.shape[0], self.array.shape[1]

    @cached_property
    def pil(self) -> Image.Image:
        return Image.fromarray(self.array)

    @cached_property
    def gray(self) -> NDArray[np.uint8]:
        return np.array(self.pil.convert("L"))

    @cached_property
    def gray_pil(self) -> Image.Image:
        return Image.fromarray(self.gray)

    @cached_property
    def channels_last(self) -> torch.Tensor:
        """(3, H, W) over interleaved memory."""
        return torch.from_numpy(self.array.copy()).permute(2, 0, 1)

    @cached_property
    def planar(self) -> torch.Tensor:
        """(3, H, W), contiguous."""
        return self.channels_last.contiguous()

    @cached_property
    def unit(self) -> torch.Tensor:
        """(1, 3, H, W) float32 in 0..1, as Kornia takes images."""
        return self.planar[None].float().div(255)

    def sized(self, h: int, w: int) -> Photo:
        """Resized to (h, w): for subjects that want one size."""
        return Photo(self.name, np.array(self.pil.resize((w, h), Image.Resampling.BILINEAR)))


def load_photos(folder: str | Path | None = None, limit: int | None = None) -> list[Photo]:
    """Those of `folder`, else of $TWINLENS_PHOTOS, else scikit-image's. Raises InputError where there are none.

    All square is refused: shapes hide in it what they cost.
    """
    chosen = folder or os.environ.get("TWINLENS_PHOTOS")
    photos = [_decoded(path) for path in files_in([Path(chosen)])[:limit]] if chosen else _from_skimage()[:limit]
    if not photos:
        raise InputError(
            f"no images in {chosen}"
            if chosen
            else "scikit-image's pictures are not on this machine: name images, or a folder of them"
        )
    if len(photos) > 1 and all(h == w for h, w in (photo.hw for photo in photos)):
        raise InputError("all photos are square: benchmark on shapes as they occur")
    return photos


def files_in(sources: Sequence[Path]) -> list[Path]:
    """Files, and the images below folders, in order. Raises InputError for a source that is not there."""
    found: dict[Path, None] = {}
    for source in sources:
        if not source.exists():
            raise InputError(f"{source}: no such file or folder")
        below = (path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES) if source.is_dir() else [source]
        found.update(dict.fromkeys(sorted(below)))
    return list(found)


def sample(paths: Sequence[Path], limit: int | None = None) -> tuple[list[Photo], list[str]]:
    """Some of the files, the same every time, and what is wrong with those that cannot be read.

    `limit` photos; without one as many as make 8 megapixels, 2 to 32 of them. Raises InputError where none can be read.
    """
    order = list(paths)
    random.Random(0).shuffle(order)
    photos: list[Photo] = []
    wrong: list[str] = []
    for path in order:
        if _enough(photos, limit):
            break
        try:
            photos.append(_decoded(path))
        except DecodeError as error:
            wrong.append(f"{path}: {error}")
    if not photos:
        raise InputError(f"no images to be read; {wrong[0]}" if wrong else "no images there")
    return photos, wrong


def _enough(photos: Sequence[Photo], limit: int | None) -> bool:
    if limit is not None:
        return len(photos) >= limit
    pixels = sum(photo.array.size // 3 for photo in photos)
    return len(photos) >= _MOST or (len(photos) >= _FEWEST and pixels >= _PIXELS)


def _decoded(path: Path) -> Photo:
    """As uint8 RGB; 16-bit gray by its upper byte."""
    file = read_bytes(path)
    array = decode(file)
    if array.dtype == np.uint16:
        array = np.repeat((array >> 8).astype(np.uint8), 3, axis=2)
    return Photo(path.name, array, file)


def _from_skimage() -> list[Photo]:
    """Square ones lose an eighth at the right, so that no shape is square; those that need a download are left out."""
    try:
        from skimage import data
    except ImportError:
        return []

    photos = []
    for name in _SKIMAGE:
        try:
            picture: Any = getattr(data, name)()
        except (ImportError, OSError):
            continue
        array = np.array(Image.fromarray(picture).convert("RGB"))
        h, w = array.shape[:2]
        photos.append(Photo(name, np.ascontiguousarray(array[:, : w - w // 8] if h == w else array)))
    return photos
