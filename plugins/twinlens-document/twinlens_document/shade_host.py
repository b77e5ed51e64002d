"""Shade on images in the host's memory: only where a grid does something, resized by the core, put on by OpenCV."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from twinlens.engines import native
from twinlens.engines.batch import Batch
from twinlens.steps import Resample, Spec
from twinlens.steps.base import place
from twinlens_document.host import copied

if TYPE_CHECKING:
    from twinlens_document.shade import Shade

__all__ = ["shaded"]

Bytes = NDArray[np.uint8]
Window = tuple[int, int, int, int]  # y, x, h, w
_ROWS = 32
_MOST = 24  # windows of a grid; with more of them it is put on as a whole


def shaded(step: Shade, x: torch.Tensor) -> torch.Tensor:
    """The bits of the torch code. x * 255 / 255 and x + 0 are x: there nothing is computed."""
    import cv2

    def times(image: Bytes, field: Bytes) -> None:
        cv2.multiply(image, field, dst=image, scale=1.0 / 255.0)

    def plus(image: Bytes, field: Bytes) -> None:
        cv2.add(image, field, dst=image)

    done = copied(x)
    for i, image in enumerate(done):
        _put_on(image, step.gain[i % len(step.gain)], 255, times)
        if step.lift is not None:
            _put_on(image, step.lift[i % len(step.lift)], 0, plus)
    return torch.from_numpy(done.transpose(0, 3, 1, 2))


def _put_on(image: Bytes, grid: Bytes, nothing: int, operation: Callable[[Bytes, Bytes], None]) -> None:
    for y, x, h, w in _windows((grid != nothing).any(0), image.shape[:2]):
        field = _field(grid, image.shape, (y, x, h, w))
        part = image[y : y + h, x : x + w].reshape(h, -1)  # a view: columns and channels are one side
        if field.shape == part.shape:
            operation(part, field)
            continue
        repeated = np.empty((_ROWS, part.shape[1]), np.uint8)  # a side of 1: as much of it as the cache holds
        for top in range(0, h, _ROWS):
            rows = repeated[: min(_ROWS, h - top)]
            if len(field) > 1 or top == 0:
                np.copyto(rows, field[top : top + _ROWS])
            operation(part[top : top + _ROWS], rows)


def _windows(busy: Any, size: tuple[int, ...]) -> list[Window]:
    """Where pixels of an image of `size` depend on cells that do something: a window for each stretch of cells."""
    turned = busy.shape[0] > busy.shape[1]
    line, across = (busy.any(1), busy.any(0)) if turned else (busy.any(0), busy.any(1))
    if not line.any():
        return []
    long, short = (size[0], size[1]) if turned else (size[1], size[0])
    stretches = _stretches(line, long)
    if len(stretches) > _MOST:
        stretches = [(stretches[0][0], stretches[-1][1])]
    cells = np.flatnonzero(across)
    low, high = _reach(int(cells[0]), int(cells[-1]), len(across), short)
    if turned:
        return [(a, low, b - a, high - low) for a, b in stretches]
    return [(low, a, high - low, b - a) for a, b in stretches]


def _stretches(line: Any, pixels: int) -> list[tuple[int, int]]:
    """Ranges of pixels, none of which overlap."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], line, [False]))))
    found: list[tuple[int, int]] = []
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        a, b = _reach(first, end - 1, len(line), pixels)
        if found and a <= found[-1][1]:
            found[-1] = (found[-1][0], b)
        else:
            found.append((a, b))
    return found


def _reach(first: int, last: int, cells: int, pixels: int) -> tuple[int, int]:
    """The pixels that cells first .. last have a share in, and some more; a single cell has one in all."""
    if cells == 1:
        return 0, pixels
    scale = pixels / cells
    support = max(1.0, 1.0 / scale)
    low = floor((first + 0.5 - support) * scale) - 1
    return max(low, 0), min(ceil((last + 0.5 + support) * scale) + 1, pixels)


def _field(grid: Bytes, shape: tuple[int, ...], window: Window) -> Bytes:
    """The grid as large as the image, within a window: (h, w * C); where it is 1 high or wide, one row or column."""
    import cv2

    y, x, h, w = window
    gh, gw = grid.shape[1:]
    size = (1 if gh == 1 else shape[0], 1 if gw == 1 else shape[1])
    roi = np.array([[0 if gh == 1 else y, 0 if gw == 1 else x, 1 if gh == 1 else h, 1 if gw == 1 else w]])
    step = Resample("bilinear", np.array([size[0]]), np.array([size[1]]), roi)
    spec = Spec.of([(gh, gw, 1)] * len(grid), "uint8")
    batch = Batch(np.ascontiguousarray(grid)[..., None], spec, False)
    layers: Bytes = native.run(place([step], spec), batch, chw=False, tensors=False).data[..., 0]
    if shape[2] == 1 or (gw == 1 and len(grid) == 1):
        one: Bytes = layers[0]
        return one
    merged: Bytes = cv2.merge([layers[k % len(layers)] for k in range(shape[2])])
    return merged.reshape(len(merged), -1) if gw > 1 else np.tile(merged.reshape(len(merged), -1), (1, w))
