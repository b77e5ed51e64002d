"""Degradations of printed, scanned and photographed pages, on both engines of twinlens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinlens.hookspecs import hookimpl
from twinlens_document.lighting import LightingGradient
from twinlens_document.pipeline import DocumentPipeline

if TYPE_CHECKING:
    from twinlens.registry import Registry

#: one line a transform
TRANSFORMS = (
    DocumentPipeline,
    LightingGradient,
)

__all__ = [
    "TRANSFORMS",
    "DocumentPipeline",
    "LightingGradient",
]


@hookimpl
def twinlens_register(registry: Registry) -> None:
    """Called by twinlens when names are first looked up."""
    for transform in TRANSFORMS:
        registry.add(transform)
