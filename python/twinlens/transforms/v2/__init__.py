"""`from twinlens.transforms import v2` in the place of `from torchvision.transforms import v2`: the same transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinlens import transforms

if TYPE_CHECKING:
    from twinlens.transforms import *  # noqa: F403

__all__ = transforms.__all__


def __getattr__(name: str) -> Any:
    """What `twinlens.transforms` has under that name."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(transforms, name)


def __dir__() -> list[str]:
    return dir(transforms)
