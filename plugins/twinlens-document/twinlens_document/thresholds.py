"""Thresholds that repeat over a page: Bayer's, and those of a halftone screen."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from twinlens.steps.device import as_tensor
from twinlens_document import host
from twinlens_document.tones import blank, interleaved

__all__ = ["at_least", "bayer", "screen", "tiled"]

Bytes = NDArray[np.uint8]

_ROWS = 64  # that are compared at once


def bayer(order: int) -> Bytes:
    """(2**order, 2**order): Bayer's thresholds of ordered dithering, 1 to 255 (B. E. Bayer, ICC 1973)."""
    index = np.zeros((1, 1), np.int64)
    for _ in range(order):
        index = np.block([[4 * index, 4 * index + 2], [4 * index + 3, 4 * index + 1]])
    done: Bytes = (1 + (2 * index + 1) * 127 // index.size).astype(np.uint8)
    return done


def screen(cell: int) -> NDArray[np.uint8]:
    """(cell, cell): thresholds of a halftone screen at 45 degrees, 1 to 254: dots that grow from their middles.

    The order of a cell's pixels is that of a spot function, the sum of two triangle waves along the diagonals.
    """
    y, x = np.mgrid[:cell, :cell]
    waves = [np.abs(2 * ((along + 1) % cell) - cell) for along in (x + y, x - y)]
    order = np.argsort((waves[0] + waves[1]).ravel(), kind="stable")
    rank = np.empty(cell * cell, np.int64)
    rank[order] = np.arange(cell * cell)
    tile: NDArray[np.uint8] = (1 + rank * 254 // (cell * cell)).astype(np.uint8).reshape(cell, cell)
    return tile


def tiled(tile: Bytes, size_hw: tuple[int, int], device: torch.device) -> torch.Tensor:
    """(1, 1, H, W): tiles (th, tw) side by side from the upper left corner on."""
    h, w = size_hw
    wide = np.ascontiguousarray(np.tile(tile, (1, -(-w // tile.shape[1])))[:, :w])
    rows = as_tensor(np.arange(h) % len(tile), device)
    return as_tensor(wide, device).index_select(0, rows)[None, None]


def at_least(x: torch.Tensor, tile: Bytes) -> torch.Tensor:
    """255 where a sample of x (B, C, H, W) is at or above the threshold of its place, else 0."""
    if not host.serves(x):
        return (x >= tiled(tile, (x.shape[2], x.shape[3]), x.device)).view(torch.uint8) * 255
    done = blank(x)
    for page, out in zip(x, done, strict=True):
        if len(page) > 1 and interleaved(page):
            _compare(page, out, np.repeat(tile, len(page), 1))
            continue
        for plane, result in zip(page, out, strict=True):
            _compare(plane[None], result[None], tile)
    return done


def _compare(x: torch.Tensor, done: torch.Tensor, tile: Bytes) -> None:
    """Pages (C, H, W) that lie pixel by pixel, with a tile as wide as so many samples."""
    import cv2

    h, n = x.shape[1], x.shape[2] * len(x)
    page = np.ascontiguousarray(x.permute(1, 2, 0).numpy()).reshape(h, n)
    out = done.permute(1, 2, 0).numpy().reshape(h, n)
    rows = len(tile) * -(-_ROWS // len(tile))
    limits = np.tile(tile, (rows // len(tile), -(-n // tile.shape[1])))[:, :n].copy()
    for y in range(0, h, rows):
        part = page[y : y + rows]
        cv2.compare(part, limits[: len(part)], cv2.CMP_GE, dst=out[y : y + rows])
