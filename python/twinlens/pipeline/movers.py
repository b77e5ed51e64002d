"""Masks, boxes and keypoints as movers: read from a sample, and put together again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinlens.pipeline.masks import Mask, read_mask
from twinlens.pipeline.mover import Mover
from twinlens.pipeline.points import Points, read_points

if TYPE_CHECKING:
    from twinlens.pipeline.images import Images

__all__ = ["Mover", "read", "unite"]


def read(role: str, value: Any, number: int, images: Images) -> Mover:
    """A leaf as a mover, checked against the images that it belongs to."""
    if role == "mask":
        return read_mask(value, number, images)
    return read_points(role, value, number, images)


def unite(whole: Mover, parts: list[Mover]) -> Mover:
    """The movers of single images as one for the batch."""
    if isinstance(whole, Mask):
        return whole.united([part for part in parts if isinstance(part, Mask)])
    assert isinstance(whole, Points)
    return whole.united([part for part in parts if isinstance(part, Points)])
