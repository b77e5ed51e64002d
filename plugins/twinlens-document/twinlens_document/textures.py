"""Textures from a user's folder: read once, cut and tiled by key."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from pydantic import BeforeValidator

from twinlens.errors import ArgumentError
from twinlens.steps import ColorConvert, Lut
from twinlens.steps.device import as_tensor
from twinlens_document.fields import ramp
from twinlens_document.tones import PageStep, layered, through

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.steps import Step
    from twinlens.steps.spec import Ints, Reals

__all__ = ["Folder", "Sheets", "folder_of"]

_ENDINGS = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_KEPT = 64  # images that stay in memory


def _folder(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str | os.PathLike):
        raise ValueError(f"wants the path of a folder of images, got {value!r}")
    return os.fspath(value)


#: the path of a folder of images; None for none
Folder = Annotated[str | None, BeforeValidator(_folder)]


def folder_of(path: str) -> tuple[str, ...]:
    """The images of a folder, by name."""
    at = Path(path)
    if not at.is_dir():
        raise ArgumentError(f"folder={path!r} is not a folder")
    files = tuple(sorted(str(file) for file in at.iterdir() if file.suffix.lower() in _ENDINGS))
    if not files:
        raise ArgumentError(f"folder={path!r} holds no images ({', '.join(_ENDINGS)})")
    return files


def texture(file: str) -> NDArray[np.uint8]:
    """(H, W, 3) of an image file; it is read again only when it changes."""
    return _read(file, Path(file).stat().st_mtime_ns)


@lru_cache(maxsize=_KEPT)
def _read(file: str, changed: int) -> NDArray[np.uint8]:
    del changed
    import PIL.Image

    try:
        with PIL.Image.open(file) as image:
            pixels = np.asarray(image.convert("RGB"))
    except OSError as error:
        raise ArgumentError(f"folder: {file} cannot be read as an image: {error}") from None
    pixels.setflags(write=False)
    return pixels


@dataclass(frozen=True, eq=False)
class Sheets(PageStep):
    """Multiplies by textures: of `files` the one at `which`, (B,), from `place` on, (B, 2) shares of its height and
    width, enlarged by `scale`, (B,), mixed with white: rint(255 - strength * (255 - texture)), strength (B,).

    Beyond its end a texture is mirrored. Enlarging takes the nearest pixel.
    """

    files: tuple[str, ...]
    which: Ints
    place: Reals
    scale: Reals
    strength: Reals

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        cuts = np.stack([self._cut(i, (x.shape[2], x.shape[3])) for i in range(len(x))])
        steps: list[Step] = [] if x.shape[1] == 3 else [ColorConvert("gray_pillow", 1)]
        paler = Lut(ramp(0.0, 255.0, 255.0 - 255.0 * self.strength, 255.0))
        return layered("multiply", x, through(as_tensor(cuts, x.device).permute(0, 3, 1, 2), [*steps, paler]))

    def _cut(self, i: int, size_hw: tuple[int, int]) -> NDArray[np.uint8]:
        """(H, W, 3): the part of page i's texture that lies under it."""
        which, scale, place = (values[i % len(values)] for values in (self.which, self.scale, self.place))
        pixels = texture(self.files[int(which)])
        rows, columns = (
            _mirrored(int(place[axis] * pixels.shape[axis]), float(scale), size_hw[axis], pixels.shape[axis])
            for axis in (0, 1)
        )
        first, last = int(columns[0]), int(columns[-1])
        if last - first == len(columns) - 1 and (np.diff(columns) == 1).all():
            return pixels[:, first : last + 1][rows]
        return pixels[rows][:, columns]


def _mirrored(start: int, scale: float, n: int, length: int) -> Ints:
    """(n,) places within `length`, from `start` on, back and forth."""
    at = (start + np.floor(np.arange(n) / scale).astype(np.int64)) % (2 * length)
    within: Ints = np.minimum(at, 2 * length - 1 - at)
    return within
