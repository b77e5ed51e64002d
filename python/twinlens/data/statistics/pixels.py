"""Means and deviations over pixels. Integers are counted level by level, so that their sums are exact in any order."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinlens.data.statistics.running import Reals, Running
from twinlens.errors import ArgumentError, InputError

__all__ = ["FLOAT_RANGE", "Pixels"]

Counts = NDArray[np.int64]

_LEVELS = {"uint8": 256, "uint16": 65536}
FLOAT_RANGE = -4.0, 4.0  # of the histogram of float pixels; what is outside counts in its ends
_FLOAT_BINS = 512
_CHUNK = 1 << 22  # pixels a turn: OpenCV counts in float32, exact to 2^24


@dataclass
class Pixels:
    """All pixels of the images of one dtype and number of channels.

    histogram: (C, 256) of uint8, (C, 65536) of uint16, (C, 512) of floats, over FLOAT_RANGE. deviations: of each
    image's own deviation. Means and deviations are in parts of the dtype's largest value, as Normalize wants them
    behind ToTensor; floats are taken as they are.
    """

    dtype: str
    channels: int
    images: int = 0
    histogram: Counts = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    running: Running = field(default_factory=Running)  # of float pixels
    deviations: Running = field(default_factory=Running)
    low: Reals = field(default_factory=lambda: np.zeros(0))  # smallest and largest value, in the image's own units
    high: Reals = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def of(cls, image: NDArray[Any]) -> Pixels:
        """image: (H, W, C) uint8, uint16 or float, at least one pixel."""
        if image.ndim != 3 or not image.size or image.dtype.name not in (*_LEVELS, "float16", "float32", "float64"):
            raise InputError(f"image: got {image.shape} {image.dtype}, wants (H, W, C) uint8, uint16 or float pixels")
        made = cls(image.dtype.name, image.shape[2], 1)
        flat = image.reshape(-1, image.shape[2])
        if image.dtype.name in _LEVELS:
            made.histogram = _counted(image, _LEVELS[image.dtype.name])
            made.low, made.high = _ends(made.histogram)
            made.deviations = Running.of(made.std[None])
            return made
        values = flat.astype(np.float64)
        if not np.isfinite(values).all():
            raise InputError("image: has values that are not finite")
        made.running = Running.of(values)
        bins = ((values - FLOAT_RANGE[0]) * (_FLOAT_BINS / (FLOAT_RANGE[1] - FLOAT_RANGE[0]))).astype(np.int64)
        bins = bins.clip(0, _FLOAT_BINS - 1)
        made.histogram = np.stack([np.bincount(column, minlength=_FLOAT_BINS) for column in bins.T])
        made.low, made.high = values.min(0), values.max(0)
        made.deviations = Running.of(made.running.deviation[None])
        return made

    def merge(self, other: Pixels) -> None:
        """Takes in the images of another one of the same kind."""
        if (self.dtype, self.channels) != (other.dtype, other.channels):
            raise ArgumentError(
                f"merge: {other.dtype} x {other.channels} does not go with {self.dtype} x {self.channels}"
            )
        if not self.images:
            self.histogram, self.low, self.high = np.zeros_like(other.histogram), other.low, other.high
        self.images += other.images
        if other.images:
            self.histogram = self.histogram + other.histogram
            self.low, self.high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        self.running.merge(other.running)
        self.deviations.merge(other.deviations)

    @property
    def count(self) -> int:
        """How many pixels."""
        return int(self.histogram[0].sum()) if self.images else 0

    @property
    def mean(self) -> Reals:
        """(C,): over all pixels."""
        if self.dtype not in _LEVELS:
            return self.running.mean
        return np.array([total / (n * self._most) for n, total, _ in self._sums()])

    @property
    def std(self) -> Reals:
        """(C,): of all pixels from their mean, over the whole population."""
        if self.dtype not in _LEVELS:
            return self.running.deviation
        return np.array([math.sqrt(n * squares - total**2) / (n * self._most) for n, total, squares in self._sums()])

    @property
    def mean_of_image_stds(self) -> Reals:
        """(C,): every image's own deviation, averaged. Smaller than `std`: it leaves out how images differ."""
        return self.deviations.mean

    @property
    def std_of_image_stds(self) -> Reals:
        """(C,): how far the images' own deviations are from their mean. No measure of pixels."""
        return self.deviations.deviation

    @property
    def _most(self) -> int:
        return _LEVELS[self.dtype] - 1

    def _sums(self) -> list[tuple[int, int, int]]:
        """For each channel: how many pixels, their sum, the sum of their squares; whole numbers without a limit."""
        sums = []
        for counts in self.histogram:
            levels = np.flatnonzero(counts).astype(object)
            found = counts[counts > 0].astype(object)
            sums.append((int(found.sum()), int((found * levels).sum()), int((found * levels * levels).sum())))
        return sums

    def to_dict(self) -> dict[str, Any]:
        """Plain data: the figures, and what `from_dict` needs; of a histogram the levels that occur."""
        return {
            "dtype": self.dtype,
            "channels": self.channels,
            "images": self.images,
            "pixels": self.count,
            "mean": self.mean.tolist(),
            "std": self.std.tolist(),
            "mean_of_image_stds": self.mean_of_image_stds.tolist(),
            "std_of_image_stds": self.std_of_image_stds.tolist(),
            "min": self.low.tolist(),
            "max": self.high.tolist(),
            "histogram": [[[int(i), int(row[i])] for i in np.flatnonzero(row)] for row in self.histogram],
            "running": self.running.to_dict(),
            "deviations": self.deviations.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Pixels:
        """What `to_dict` wrote."""
        made = cls(data["dtype"], int(data["channels"]), int(data["images"]))
        made.histogram = np.zeros((made.channels, _LEVELS.get(made.dtype, _FLOAT_BINS)), np.int64)
        for row, pairs in zip(made.histogram, data["histogram"], strict=True):
            for level, count in pairs:
                row[level] = count
        made.running, made.deviations = (Running.from_dict(data[name]) for name in ("running", "deviations"))
        made.low, made.high = np.array(data["min"], float), np.array(data["max"], float)
        return made


def _counted(image: NDArray[Any], levels: int) -> Counts:
    """(C, levels)."""
    import cv2

    channels = image.shape[2]
    found = np.zeros((channels, levels), np.int64)
    rows = max(_CHUNK // image.shape[1], 1)
    for y in range(0, len(image), rows):
        part = np.ascontiguousarray(image[y : y + rows]).reshape(-1, 1, channels)
        for c in range(channels):
            found[c] += cv2.calcHist([part], [c], None, [levels], [0, levels]).reshape(-1).astype(np.int64)
    return found


def _ends(histogram: Counts) -> tuple[Reals, Reals]:
    there = histogram > 0
    last = histogram.shape[1] - 1 - np.argmax(there[:, ::-1], 1)
    return np.argmax(there, 1).astype(float), last.astype(float)
