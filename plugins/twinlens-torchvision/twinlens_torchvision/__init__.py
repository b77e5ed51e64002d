"""torchvision's transforms inside twinlens pipelines, and its pipelines as twinlens ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinlens.hookspecs import hookimpl
from twinlens_torchvision.convert import from_torchvision
from twinlens_torchvision.wrap import Wrap

if TYPE_CHECKING:
    from twinlens.registry import Registry

__all__ = ["Wrap", "from_torchvision"]


@hookimpl
def twinlens_register(registry: Registry) -> None:
    """Called by twinlens when names are first looked up."""
    registry.add(Wrap)
