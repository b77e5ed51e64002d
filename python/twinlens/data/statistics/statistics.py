"""Statistics: what is known of a set of images, added to image by image, or merged from parts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from twinlens.data.statistics.likeness import Likeness, groups
from twinlens.data.statistics.pixels import Pixels
from twinlens.errors import ArgumentError

__all__ = ["Statistics"]

_FORMAT = 1


@dataclass
class Statistics:
    """pixels: by dtype and channels, "uint8 x 3". sizes: how many images of each (height, width). modes: of each kind
    of file, "JPEG RGB", or array. failures: names and reasons of what could not be read. likenesses: by name, for
    `duplicates`; empty where they were not wanted. after: of what a pipeline made of the images; None without one.
    """

    images: int = 0
    pixels: dict[str, Pixels] = field(default_factory=dict)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str]] = field(default_factory=list)
    likenesses: dict[str, Likeness] = field(default_factory=dict)
    after: Statistics | None = None

    def add(self, image: Any, *, mode: str | None = None, like: tuple[str, Likeness] | None = None) -> None:
        """One image more: (H, W, C) uint8, uint16 or float. mode: of its file. like: its name and likeness."""
        found = Pixels.of(image)
        kind = f"{found.dtype} x {found.channels}"
        self.images += 1
        self.sizes[image.shape[0], image.shape[1]] += 1
        self.modes[mode or f"array {kind}"] += 1
        self._kind(kind, found).merge(found)
        if like is not None:
            self.likenesses[like[0]] = like[1]

    def _kind(self, kind: str, like: Pixels) -> Pixels:
        return self.pixels.setdefault(kind, Pixels(like.dtype, like.channels))

    def merge(self, other: Statistics) -> None:
        """Takes in what another part has seen. Sums of integers are exact: any division into parts gives one result."""
        self.images += other.images
        for kind, found in other.pixels.items():
            self._kind(kind, found).merge(found)
        self.sizes += other.sizes
        self.modes += other.modes
        self.failures += other.failures
        for name, like in other.likenesses.items():
            number, unique = 2, name
            while unique in self.likenesses:
                unique, number = f"{name}#{number}", number + 1
            self.likenesses[unique] = like
        if other.after is not None:
            self.after = self.after or Statistics()
            self.after.merge(other.after)

    @property
    def only(self) -> Pixels:
        """The pixels, where all images are of one dtype and number of channels; ArgumentError otherwise."""
        if len(self.pixels) != 1:
            kinds = ", ".join(f"{kind}: {found.images} images" for kind, found in sorted(self.pixels.items()))
            raise ArgumentError(f"stats: wants images of one dtype and number of channels, got {kinds or 'none'}")
        return next(iter(self.pixels.values()))

    @property
    def mean(self) -> list[float]:
        """For each channel, over all pixels; of integers in parts of the largest value, as Normalize wants them."""
        return [float(v) for v in self.only.mean]

    @property
    def std(self) -> list[float]:
        """For each channel, of all pixels from their mean."""
        return [float(v) for v in self.only.std]

    def duplicates(self, distance: int = 6) -> list[list[str]]:
        """Groups of names whose files have the same bytes, or whose pictures look alike: at most `distance` of the 128
        bits of a difference hash are not the same.
        """
        if isinstance(distance, bool) or not isinstance(distance, int) or not 0 <= distance <= 32:
            raise ArgumentError(f"duplicates: distance={distance!r} must be a number of bits, 0 to 32")
        return groups(self.likenesses, distance)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; `from_dict` makes the same of it, so that parts can be merged later."""
        return {
            "format": _FORMAT,
            "images": self.images,
            "failed": len(self.failures),
            "pixels": {kind: found.to_dict() for kind, found in sorted(self.pixels.items())},
            "modes": dict(self.modes.most_common()),
            "sizes": [[h, w, n] for (h, w), n in sorted(self.sizes.items())],
            "failures": [list(pair) for pair in self.failures],
            "likenesses": {name: [like.digest, like.look] for name, like in sorted(self.likenesses.items())},
            "after": None if self.after is None else self.after.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Statistics:
        """What `to_dict` wrote. ArgumentError for anything else."""
        if not isinstance(data, dict) or data.get("format") != _FORMAT:
            raise ArgumentError(f"Statistics: wants what to_dict made, of format {_FORMAT}")
        return cls(
            int(data["images"]),
            {kind: Pixels.from_dict(found) for kind, found in data["pixels"].items()},
            Counter({(int(h), int(w)): int(n) for h, w, n in data["sizes"]}),
            Counter(data["modes"]),
            [(str(name), str(reason)) for name, reason in data["failures"]],
            {name: Likeness(digest, look) for name, (digest, look) in data["likenesses"].items()},
            None if data["after"] is None else cls.from_dict(data["after"]),
        )
