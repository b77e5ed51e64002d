"""Albumentations 2.0.8 inside twinlens pipelines, and its pipelines as twinlens ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinlens.hookspecs import hookimpl
from twinlens_albumentations.distribution import check
from twinlens_albumentations.wrap import Wrap

if TYPE_CHECKING:
    from twinlens.registry import Registry

__all__ = ["Wrap"]

check()


@hookimpl
def twinlens_register(registry: Registry) -> None:
    """Called by twinlens when names are first looked up."""
    registry.add(Wrap)
