"""Masks of a source's images: a folder or an archive with a mask of the same name for each, COCO's, or a column."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from twinlens.cli.show.coco import CocoMasks
from twinlens.cli.show.stems import ByStem, is_mask_name
from twinlens.data.sources import Source, open_source
from twinlens.errors import ArgumentError, DecodeError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

__all__ = ["Labels", "Masks", "labels_in", "masks_for"]

Rgb = tuple[int, int, int]
#: names of objects or classes, (H, W) uint8 or uint16, 0 for none; and the colours that some have
Labels = tuple["NDArray[Any]", dict[int, Rgb]]

_SOFT = 64  # more different levels than this are a soft mask, not so many classes


class Masks(Protocol):
    """By the image's number in the source."""

    def has(self, index: int) -> bool:
        """Whether there is one, as far as is known without reading it."""

    def of(self, index: int) -> Labels | None:
        """The mask of an image, None where it has none."""


def masks_for(where: str, source: Source, src: str) -> Masks:
    """Those in a folder, archive or file; outlines of a .json file of COCO; or in a column of the source. ArgumentError
    where there are none.
    """
    if hasattr(source, "value") and not os.path.exists(where):  # noqa: PTH110 - it may be a URL
        return _Column(source, where)
    if where.lower().endswith(".json"):
        return CocoMasks(Path(where), source)
    same = os.path.normpath(where) == os.path.normpath(src)
    masks = source if same else open_source(where)
    found = _Files(masks, source, among=same)
    if not any(found.has(i) for i in range(len(source))):
        image, mask = source.path(0), masks.path(0)
        raise ArgumentError(f"--masks {where}: none has the name of an image, which are such as {image}, not {mask}")
    return found


class _Files:
    """A mask has the image's name, with any suffix, and with or without an ending such as "_mask"."""

    def __init__(self, masks: Source, images: Source, *, among: bool) -> None:
        self._masks, self._images, self._among = masks, images, among
        self._numbers = [i for i in range(len(masks)) if not among or is_mask_name(masks.path(i))]
        self._names = ByStem([masks.path(i) for i in self._numbers])

    def has(self, index: int) -> bool:
        return self._number(index) is not None

    def _number(self, index: int) -> int | None:
        name = self._images.path(index)
        return None if self._among and is_mask_name(name) else self._names.find(name)

    def of(self, index: int) -> Labels | None:
        number = self._number(index)
        return None if number is None else labels_in(self._masks.read(self._numbers[number]))


class _Column:
    """In a manifest the mask's path, in a table its file."""

    def __init__(self, source: Any, name: str) -> None:
        self._source, self._name = source, name
        source.value(name, 0)  # raises where there is no such column

    def has(self, index: int) -> bool:
        del index
        return True

    def of(self, index: int) -> Labels | None:
        held = self._source.value(self._name, index)
        held = held.get("bytes") if isinstance(held, dict) else held
        if not held:
            return None
        return labels_in(self._source.file(held) if isinstance(held, str) else held)


def labels_in(file: Any) -> Labels:
    """What a mask says: the values of gray files and the indices of those with a palette, the colours of others,
    numbered, black being 0. Gray JPEGs, and soft masks, have an object where they are lighter than the middle.
    """
    from PIL import Image

    if isinstance(file, np.ndarray):
        return _numbered(file)
    try:
        with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
            return _of_image(image)
    except (OSError, ValueError, SyntaxError) as error:
        raise DecodeError(f"mask: {error}") from None


def _of_image(image: Image.Image) -> Labels:
    if image.mode == "1":
        return np.asarray(image).astype(np.uint8), {}
    if image.mode in ("L", "P") or image.mode.startswith("I"):
        values = np.asarray(image)
        soft = image.mode == "L" and (image.format == "JPEG" or len(np.unique(values)) > _SOFT)
        return ((values > 127).astype(np.uint8), {}) if soft else _numbered(values)
    return _numbered(np.asarray(image.convert("L" if image.mode == "LA" else "RGB")))


def _numbered(values: NDArray[Any]) -> Labels:
    if values.ndim == 3 and values.shape[2] >= 3 and (values != values[..., :1]).any():
        wide = values.astype(np.int64)
        colours, labels = np.unique((wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2], return_inverse=True)
        first = int(colours[0] != 0)
        shown = {i + first: (int(c) >> 16, int(c) >> 8 & 255, int(c) & 255) for i, c in enumerate(colours)}
        return (labels.reshape(values.shape[:2]) + first).astype(np.uint16), shown
    flat = values[..., 0] if values.ndim == 3 else values
    if flat.dtype in (np.uint8, np.uint16):
        return flat, {}
    different, labels = np.unique(flat, return_inverse=True)
    return (labels.reshape(flat.shape) + int(different[0] != 0)).astype(np.uint16), {}
