"""torchvision's transforms inside twinlens pipelines, and its pipelines as twinlens ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinlens.hookspecs import hookimpl
from twinlens_torchvision.convert import from_torchvision
from twinlens_torchvision.wrap import Wrap

if TYPE_CHECKING:
    from twinlens.hookspecs import RegisterTransform

__all__ = ["Wrap", "from_torchvision"]

TWINLENS_API = "1.0"  # the version of the hooks

_EXAMPLES = ({"v2.RandomHorizontalFlip": {"p": 1.0}}, {"v2.RandomCrop": {"size": [5, 4], "pad_if_needed": True}})


@hookimpl
def register_transforms(register: RegisterTransform) -> None:
    """Called by twinlens when one of the plugin's names is first looked up."""
    register(Wrap, examples=[{"transform": example} for example in _EXAMPLES])
