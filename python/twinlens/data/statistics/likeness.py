"""Duplicates: files of equal bytes, and pictures that look alike by a perceptual hash."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Likeness", "groups"]

_SIDE = 8
_BITS = 2 * _SIDE * _SIDE
_FLAT = 8  # levels between the darkest and lightest part of a picture that has no more to compare


@dataclass(frozen=True, slots=True)
class Likeness:
    """digest: of the file's bytes, or of the pixels where there is no file. look: 128 bits, whether each of 8 x 8 parts
    is darker than its neighbour to the right, and below (a difference hash); None for pictures without contrast.
    """

    digest: str
    look: int | None

    @classmethod
    def of(cls, data: bytes | None, image: NDArray[Any]) -> Likeness:
        """image: (H, W, C) uint8, uint16 or float in 0..1."""
        import cv2

        contents = data if data is not None else np.ascontiguousarray(image).tobytes()
        digest = hashlib.sha256(contents).hexdigest()[:32]
        gray = np.ascontiguousarray(
            image[..., 0] if image.shape[2] < 3 else cv2.cvtColor(_three(image), cv2.COLOR_RGB2GRAY)
        )
        small = cv2.resize(gray.astype(np.float32), (_SIDE + 1, _SIDE + 1), interpolation=cv2.INTER_AREA)
        scale = {"uint8": 1.0, "uint16": 255.0 / 65535.0}.get(image.dtype.name, 255.0)
        if (small.max() - small.min()) * scale < _FLAT:
            return cls(digest, None)
        right, below = small[:-1, 1:] > small[:-1, :-1], small[1:, :-1] > small[:-1, :-1]
        return cls(digest, int.from_bytes(np.packbits(np.concatenate((right, below))).tobytes(), "big"))


def _three(image: NDArray[Any]) -> NDArray[Any]:
    kept = image[..., :3]
    return np.ascontiguousarray(kept if image.dtype.name in ("uint8", "uint16") else kept.astype(np.float32))


def groups(likenesses: dict[str, Likeness], distance: int) -> list[list[str]]:
    """Names of the pictures that are alike, two and more in each group: equal bytes, or looks that differ in at most
    `distance` of 128 bits, also by way of a third picture. Sorted.
    """
    names = sorted(likenesses)
    leader = list(range(len(names)))

    def root(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    for a, b in _pairs([likenesses[name] for name in names], distance):
        one, other = sorted((root(a), root(b)))
        leader[other] = one
    found = defaultdict(list)
    for i, name in enumerate(names):
        found[root(i)].append(name)
    return [group for group in found.values() if len(group) > 1]


def _pairs(likenesses: list[Likeness], distance: int) -> Iterator[tuple[int, int]]:
    """Pairs that are alike. Looks that differ in few bits agree in one of `distance` + 1 parts: only those are
    compared, and of equal looks only the first.
    """
    first: dict[Any, int] = {}
    for i, one in enumerate(likenesses):
        for key in (one.digest, one.look):
            if key is not None and first.setdefault(key, i) != i:
                yield first[key], i
    looks = [(one.look, i) for i, one in enumerate(likenesses) if one.look is not None and first[one.look] == i]
    ends = np.linspace(0, _BITS, distance + 2).astype(int).tolist()
    for low, high in pairwise(ends):
        alike = defaultdict(list)
        for look, i in looks:
            alike[look >> low & ((1 << (high - low)) - 1)].append((look, i))
        for members in alike.values():
            for k, (look, i) in enumerate(members):
                for other, j in members[:k]:
                    if (look ^ other).bit_count() <= distance:
                        yield j, i
