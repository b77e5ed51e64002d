"""What each transform of Albumentations is in twinlens: rules from its arguments, as plain data, to a Twin.

Arguments are those of `twinlens_albumentations.description`: every range is a pair. Bounds of deviations are measured
on uint8 images at equal draws, see tests/test_rules.py.
"""

from __future__ import annotations

from typing import Any

from twinlens.presets.conversion import Twin, Unmapped
from twinlens_albumentations.rules import colour, filters, geometry, values
from twinlens_albumentations.rules.context import Context, Rule

__all__ = ["Context", "rule_of"]

_RULES: dict[str, Rule] = {**geometry.RULES, **colour.RULES, **filters.RULES, **values.RULES}


def rule_of(name: str, arguments: dict[str, Any], context: Context) -> Twin:
    """The twin of the transform `name`. Raises Unmapped, saying why there is none."""
    if name not in _RULES:
        raise Unmapped("twinlens has no twin of it")
    return _RULES[name](arguments, context)
