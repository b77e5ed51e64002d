"""Whether a transform does the same to every image of a size, whatever its class is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinlens.errors import TwinlensError
from twinlens.pipeline.blanks import CHANCE

if TYPE_CHECKING:
    from twinlens.steps import Spec

__all__ = ["why_not_fixed"]


def why_not_fixed(unit: Any, spec: Spec) -> str | None:
    """Why a transform's results are no tensor program that is the same at every call; None where they are."""
    if getattr(unit, "opaque", True):
        return "it runs Python code"
    return "it draws at random" if _draws(unit, spec) else None


def _draws(unit: Any, spec: Spec) -> bool:
    """A probability of 0 or 1 alone does not."""
    from twinlens.transforms import RandomApply

    if not unit.random:
        return False
    if type(unit) is RandomApply and unit.p in (0.0, 1.0):
        return unit.p > 0 and any(_draws(child, spec) for child in unit.transforms)
    try:
        blanks = unit.blanks(spec)
    except TwinlensError:
        return True
    return blanks is None or any(rule.kind != CHANCE or rule.reals[0] not in (0.0, 1.0) for rule in blanks.rules)
