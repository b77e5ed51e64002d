"""What an encoded image may be, checked by its header, before a pixel is decoded."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from twinlens.data.checks import positive
from twinlens.data.decoding import image_hw, kind_of
from twinlens.data.needs import bytes_needed
from twinlens.errors import DecodeError, TooLargeError, UnknownFormatError

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["Limits"]

#: images that take less, and are no thinner, are not looked at more closely
_SMALL = 64 << 20
_THIN = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """What one image may have at most: bytes as it comes, pixels, pixels along a side, and bytes of memory that the
    pipeline needs for it, its result among them; the results of a request with several have the same bound together.

    >>> Limits(max_pixels=10_000_000).max_side
    30000
    """

    max_bytes: int = 20 << 20
    max_pixels: int = 40_000_000
    max_side: int = 30_000
    max_memory: int = 1 << 30

    def __post_init__(self) -> None:
        for field in fields(self):
            positive("Limits", field.name, getattr(self, field.name))

    def check(self, data: bytes, pipe: Transform) -> tuple[int, int] | None:
        """Height and width; None where the header does not say, which decoding explains. UnknownFormatError for what is
        no image, TooLargeError.
        """
        if len(data) > self.max_bytes:
            raise TooLargeError(f"{len(data)} bytes, above max_bytes={self.max_bytes}")
        try:
            kind = kind_of(data)
        except DecodeError as error:
            raise UnknownFormatError(str(error)) from None
        hw = image_hw(data)
        if hw is None or min(hw) < 1:
            return None
        self._check_size(kind, *hw)
        self._check_memory(kind, hw, pipe)
        return hw

    def _check_size(self, kind: str, h: int, w: int) -> None:
        if h * w > self.max_pixels:
            raise TooLargeError(f"{kind}: {w}x{h} = {w * h} pixels, above max_pixels={self.max_pixels}")
        if max(h, w) > self.max_side:
            raise TooLargeError(f"{kind}: {w}x{h} pixels, above max_side={self.max_side}")

    def _check_memory(self, kind: str, hw: tuple[int, int], pipe: Transform) -> None:
        """A strip of 1x20000 pixels whose shorter side becomes 256 has a result of 4 GB."""
        if 3 * hw[0] * hw[1] < _SMALL and max(hw) < _THIN * min(hw):
            return
        needs = bytes_needed(pipe, (*hw, 3), "uint8", 0)
        if needs > self.max_memory:
            raise TooLargeError(
                f"{kind}: {hw[1]}x{hw[0]} pixels need about {needs} bytes of memory, above max_memory={self.max_memory}"
            )
