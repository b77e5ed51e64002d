"""The photos, decoded first, in every container that a library takes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Photo", "load_photos"]

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
_SKIMAGE = ("astronaut", "coffee", "chelsea", "rocket", "page", "camera")


@dataclass(frozen=True)
class Photo:
    """One photo: (H, W, 3) uint8, RGB."""

    name: str
    array: NDArray[np.uint8]

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
    """Those of `folder`, else of $TWINLENS_PHOTOS, else scikit-image's."""
    chosen = folder or os.environ.get("TWINLENS_PHOTOS")
    photos = _from_folder(Path(chosen), limit) if chosen else _from_skimage()[:limit]
    if not photos:
        raise SystemExit(f"no images in {chosen}")
    if len(photos) > 1 and all(h == w for h, w in (photo.hw for photo in photos)):
        raise SystemExit("all photos are square: benchmark on shapes as they occur")
    return photos


def _from_folder(folder: Path, limit: int | None) -> list[Photo]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)[:limit]
    return [Photo(path.name, np.array(Image.open(path).convert("RGB"))) for path in paths]


def _from_skimage() -> list[Photo]:
    """Square ones lose an eighth at the right, so that no shape is square; those that need a download are left out."""
    from skimage import data

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
