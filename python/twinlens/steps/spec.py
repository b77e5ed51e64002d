"""What is known of a batch of images before a pixel is touched."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinlens.steps.frozen import changed

__all__ = ["DTYPES", "Bools", "Ints", "Reals", "Spec"]

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: dtypes of images, in the order of the native core's codes
DTYPES = ("uint8", "uint16", "float32", "float16", "bfloat16")


@dataclass(frozen=True)
class Spec:
    """Sizes, channels and dtype of B images.

    h, w, c: int64 arrays of shape (B,). dtype: one of `DTYPES`, or a mask's own. `alpha`: the last channel is alpha and
    resampling premultiplies it (PIL modes LA and RGBA). `indexed`: values are names, not amounts (PIL modes P and 1,
    masks), so that resampling takes the nearest. `bilevel`: 0 and 1 (PIL mode 1).
    """

    h: Ints
    w: Ints
    c: Ints
    dtype: str
    alpha: bool = False
    indexed: bool = False
    bilevel: bool = False

    @classmethod
    def of(cls, shapes: list[tuple[int, int, int]], dtype: str, **flags: bool) -> Spec:
        """From one (h, w, c) an image."""
        table = np.array(shapes, np.int64).reshape(len(shapes), 3)
        return cls(table[:, 0], table[:, 1], table[:, 2], dtype, **flags)

    @classmethod
    @lru_cache(maxsize=1024)
    def one(
        cls, h: int, w: int, c: int, dtype: str, alpha: bool = False, indexed: bool = False, bilevel: bool = False
    ) -> Spec:
        """Of a single image, shared by all calls with images like it: its arrays are read-only."""
        sizes = np.array([[h], [w], [c]], np.int64)
        sizes.flags.writeable = False
        return cls(sizes[0], sizes[1], sizes[2], dtype, alpha, indexed, bilevel)

    def __len__(self) -> int:
        return len(self.h)

    def select(self, rows: Ints) -> Spec:
        """The images at `rows`."""
        return changed(self, h=self.h[rows], w=self.w[rows], c=self.c[rows])

    def sized(self, h: Ints, w: Ints) -> Spec:
        """Other heights and widths, (1,) or (B,)."""
        n = len(self.h)
        return changed(self, h=h, w=w) if len(h) == n == len(w) else self.but(h=h, w=w)

    def but(self, **changes: Any) -> Spec:
        """A copy with other fields; sizes given as numbers or shorter arrays are broadcast to (B,)."""
        n = len(self.h)
        for name in "hwc":
            if name in changes:
                changes[name] = self._rows(changes[name], n)
        return changed(self, **changes)

    @staticmethod
    def _rows(value: Any, n: int) -> Ints:
        if isinstance(value, np.ndarray) and len(value) == n:
            return value
        return np.full(n, value, np.int64)

    def meaning(self, other: Spec) -> Spec:
        """This spec with what `other` says of the values."""
        return changed(self, alpha=other.alpha, indexed=other.indexed, bilevel=other.bilevel)

    def shape(self, i: int) -> tuple[int, int, int]:
        """(h, w, c) of image i."""
        return int(self.h[i]), int(self.w[i]), int(self.c[i])

    @property
    def channels(self) -> int | None:
        """The channels of every image; None where they differ or there is none."""
        c = self.c
        if len(c) == 1:
            return int(c[0])
        return int(c[0]) if len(c) and bool((c == c[0]).all()) else None

    @property
    def uniform(self) -> bool:
        """Whether all images have one shape."""
        return len(self) < 2 or bool(
            (self.h == self.h[0]).all() and (self.w == self.w[0]).all() and (self.c == self.c[0]).all()
        )
