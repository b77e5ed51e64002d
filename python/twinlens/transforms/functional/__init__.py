"""torchvision's functional names, argument orders and defaults: `from twinlens.transforms import functional as F`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinlens.transforms.functional.meta import (
        clamp_bounding_boxes,
        clamp_keypoints,
        convert_bounding_box_format,
        sanitize_bounding_boxes,
        sanitize_keypoints,
    )

__all__ = [
    "clamp_bounding_boxes",
    "clamp_keypoints",
    "convert_bounding_box_format",
    "sanitize_bounding_boxes",
    "sanitize_keypoints",
]

#: modules that are imported when one of their names is first asked for
_FAMILIES: dict[str, tuple[str, ...]] = {
    "meta": (
        "clamp_bounding_boxes",
        "clamp_keypoints",
        "convert_bounding_box_format",
        "sanitize_bounding_boxes",
        "sanitize_keypoints",
    ),
}
_HOMES = {name: family for family, names in _FAMILIES.items() for name in names}


def __getattr__(name: str) -> Any:
    """A function of a family that was not used before."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
