"""Pipelines whose parameters the core draws: their steps are lowered once, with blanks that it fills in under a key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twinlens import _native
from twinlens.errors import TwinlensError
from twinlens.pipeline import run as runner
from twinlens.pipeline.blanks import BELOW, CHANCE, WINDOW, Rule, flag
from twinlens.pipeline.rewrite import RULES
from twinlens.pipeline.trace import Trace, stream_of
from twinlens.steps import Crop, Flip, Resample
from twinlens.steps.frozen import changed
from twinlens.steps.resample.step import ANTIALIASED

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import CapsuleType

    from twinlens.pipeline.blanks import Blanks
    from twinlens.steps import NativeOp, Spec, Step
    from twinlens.transforms.base import Transform

__all__ = ["Drawn", "drawn"]

_NO_KEY = np.zeros(1, np.uint64)
#: where a native Resample and a native Crop have their numbers
_ROI, _FLIPS, _CROP = 4, 13, 1


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the core is given, as rows and in its own form, and what it makes. any_size: whether it fits images of other
    sizes too. choice: the transform that chose, its stream and what it was given, where there is one.
    """

    rows: list[NativeOp]
    plan: CapsuleType
    after: Spec
    container: str
    any_size: bool
    choice: tuple[Transform, int, Spec] | None


@dataclass(slots=True)
class _Part:
    """A step, what is known of the images before and after it, and what fills blanks from it on, under which stream.
    blank: it has blanks, which a rule of a step before it may fill.
    """

    step: Step
    before: Spec
    after: Spec
    rules: list[tuple[Rule, int]]
    blank: bool = True


def drawn(
    units: list[tuple[str, Transform]], spec: Spec, container: str, keys: NDArray[np.uint64] | None = None
) -> Drawn | None:
    """The plan with blanks of `units` for images of which `spec`, of one image, is known; None where there is none.

    With keys, of one image: for what is chosen under them by a transform with `few_choices`, if there is one.
    """
    try:
        return _drawn(units, spec, container, keys)
    except TwinlensError:
        return None  # who lowers the pipeline says what is wrong


def _drawn(
    units: list[tuple[str, Transform]], spec: Spec, container: str, keys: NDArray[np.uint64] | None
) -> Drawn | None:
    parts: list[_Part] = []
    any_size = False
    choice: tuple[Transform, int, Spec] | None = None
    first = units[0][1].for_any_size(units[1][1] if len(units) > 1 else None, spec) if units else None
    if first is not None:
        resize, count = first
        spec, any_size = _add(parts, resize, 0, spec), True
        units = units[count:]
    for path, unit in units:
        blanks = unit.blanks(spec) if unit.random and _means_it(unit) else None
        if blanks is not None:
            if not parts and choice is None and not any_size and blanks.any_size:
                any_size = True
                blanks = replace(blanks, rules=tuple(_of_any_size(rule) for rule in blanks.rules))
            spec = _add(parts, blanks, stream_of(path), spec)
            continue
        if unit.random:
            if keys is None or choice is not None or not unit.few_choices:
                return None
            choice = unit, stream_of(path), spec
        plan, container = runner.lower_units([(path, unit)], Trace(spec, _NO_KEY if keys is None else keys, container))
        after = (*plan.specs, plan.after)[1:]
        parts += [_Part(*placed, [], blank=False) for placed in zip(plan.steps, plan.specs, after, strict=True)]
        spec = plan.after
    joined = _joined(parts)
    rows = [op for part in joined if (op := part.step.native(part.before)) is not None]
    if len(rows) != len(joined) or not all(_keeps(part) for part in joined):
        return None
    rules = [rule.native(place, stream) for place, part in enumerate(joined) for rule, stream in part.rules]
    try:
        return Drawn(rows, _native.drawn_plan(rows, rules), spec, container, any_size, choice)
    except ValueError:
        return None  # ranges beyond what the core's rules allow


def _means_it(unit: Transform) -> bool:
    """Whether `blanks` was written for the `sample` and `lower` that the transform has, not for those of a base."""
    written = {"sample", "trace"} if unit.blanks_lower else {"sample", "trace", "lower"}
    for kind in type(unit).__mro__:
        if "blanks" in kind.__dict__:
            return True
        if not written.isdisjoint(kind.__dict__):
            return False
    return False


def _of_any_size(rule: Rule) -> Rule:
    return replace(rule, ints=(0, 0)) if rule.kind == WINDOW else rule


def _add(parts: list[_Part], blanks: Blanks, stream: int, spec: Spec) -> Spec:
    for number, step in enumerate(blanks.steps):
        after = step.after(spec)
        own = [(rule.moved(-number), stream) for rule in blanks.rules if rule.op == number]
        parts.append(_Part(step, spec, after, own, bool(blanks.rules)))
        spec = after
    return spec


def _keeps(part: _Part) -> bool:
    """Images for which a step is not by chance must be like those for which it is."""
    if not any(rule.kind == CHANCE for rule, _ in part.rules):
        return True
    a, b = part.before, part.after
    return a.shape(0) == b.shape(0) and a.dtype == b.dtype


def _joined(parts: list[_Part]) -> list[_Part]:
    """Neighbours made one: as in any plan where neither has blanks, and where a blank can be the other's."""
    done: list[_Part] = []
    for part in parts:
        while done and (one := _join(done[-1], part)) is not None:
            done.pop()
            part = one
        done.append(part)
    return done


def _join(first: _Part, then: _Part) -> _Part | None:
    if not first.blank and not then.blank:
        rule = RULES.get((type(first.step), type(then.step)))
        merged = None if rule is None else rule(first.step, then.step)
        return None if merged is None else _Part(merged, first.before, then.after, [], blank=False)
    if isinstance(first.step, Resample) and first.step.active is None:
        if isinstance(then.step, Flip):
            return _flip_by_chance(first, then, first.step, then.step)
        if isinstance(then.step, Crop) and not first.blank:
            return _crop_by_chance(first, then, first.step, then.step)
    return None


def _flip_by_chance(first: _Part, then: _Part, resample: Resample, flip: Flip) -> _Part | None:
    """Resample then a flip by chance: the resample flips."""
    across, down = bool(flip.horizontal[0]), bool(flip.vertical[0])
    column = _FLIPS + int(down)
    taken = resample.flip is not None or any(rule.ints[1:2] == (column,) for rule, _ in first.rules)
    if across == down or taken or resample.method not in ANTIALIASED or [r.kind for r, _ in then.rules] != [CHANCE]:
        return None
    rule, stream = then.rules[0]
    filled = flag(0, column, rule.reals[0], draw=rule.ints[0])
    return _Part(resample, first.before, then.after, [*first.rules, (filled, stream)])


def _crop_by_chance(first: _Part, then: _Part, resample: Resample, crop: Crop) -> _Part | None:
    """Resample then a window somewhere: only that window is computed."""
    if resample.roi is not None or resample.flip is not None or any(r.kind != BELOW for r, _ in then.rules):
        return None
    roi = np.stack((crop.y, crop.x, crop.h, crop.w), 1)
    moved = [(_to_region(rule), stream) for rule, stream in then.rules]
    return _Part(changed(resample, roi=roi), first.before, then.after, moved)


def _to_region(rule: Rule) -> Rule:
    """A rule for a crop's y or x, for a region's."""
    draw, column, n = rule.ints
    return replace(rule, ints=(draw, column - _CROP + _ROI, n))
