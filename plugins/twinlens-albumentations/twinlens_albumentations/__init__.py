"""Albumentations 2.0.8 inside twinlens pipelines, and its pipelines as twinlens ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinlens.hookspecs import hookimpl
from twinlens_albumentations.convert import from_albumentations
from twinlens_albumentations.distribution import check
from twinlens_albumentations.targets import CloseTargets, OpenTargets
from twinlens_albumentations.wrap import Wrap

if TYPE_CHECKING:
    from twinlens.hookspecs import RegisterTransform

__all__ = ["CloseTargets", "OpenTargets", "Wrap", "from_albumentations"]

TWINLENS_API = "1.0"  # the version of the hooks

check()


@hookimpl
def register_transforms(register: RegisterTransform) -> None:
    """Called by twinlens when one of the plugin's names is first looked up."""
    register(OpenTargets, examples=[{"box_format": "coco", "keypoint_format": "yx"}])
    register(CloseTargets, examples=[{}, {"min_area": 4.0, "remove_invisible": True}])
    register(Wrap, examples=[{"transform": {"HorizontalFlip": {"p": 1.0}}}, {"transform": {"RandomRain": {"p": 1.0}}}])
