"""The steps of a deterministic pipeline for an image of any size, and the names of the transforms that have none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.errors import TwinlensError
from twinlens.export.sizes import Expressions, Sized, SizeDependent, checking
from twinlens.pipeline.fixed import why_not_fixed
from twinlens.pipeline.trace import Trace
from twinlens.steps import Spec

if TYPE_CHECKING:
    from twinlens.steps import Step

__all__ = ["Lowered", "lowered"]

#: heights and widths that every transform is lowered for: its steps must come out the same
_EXAMPLES = ((480, 640), (641, 479), (224, 224), (1, 1), (1, 37), (53, 1), (2, 3), (17, 31), (97, 64), (4000, 3001))


@dataclass
class Lowered:
    """A transform: its place, its steps with what is known of the images before each, or why there are none."""

    path: str
    unit: Any
    steps: list[tuple[Step, Spec]] = field(default_factory=list)
    reason: str | None = None
    container: str = "ndarray"  # that the image is in after it


class _Trace(Trace):
    """Steps look at the numbers of the example to check them; transforms must not."""

    def add(self, step: Step) -> None:
        if isinstance(step.active, Sized):
            raise SizeDependent("whether a step runs is a matter of the size")
        with checking():
            super().add(step)

    def placed(self) -> list[tuple[Step, Spec]]:
        """Steps with what is known of the images before each."""
        return list(zip(self._steps, self._specs, strict=True))


def lowered(pipe: Any, channels: int, container: str) -> tuple[list[Lowered], Expressions, Spec]:
    """The transforms of `pipe` in order, the expressions that their steps hold, and what is known of the result."""
    table = Expressions()
    found: list[list[Lowered]] = []
    failures: list[list[Lowered]] = []
    spec = None
    for h, w in _EXAMPLES:
        before = Spec(table.input("height", h), table.input("width", w), np.array([channels]), "uint8")
        parts, after, failed = _for_example(pipe, before, container)
        (failures if failed else found).append(parts)
        spec = after if spec is None and not failed else spec
    if not found or spec is None:
        return failures[0], table, Spec.one(1, 1, channels, "uint8")
    for i, part in enumerate(found[0]):
        if part.reason is None and any(not _same(part, other[i]) for other in found[1:]):
            part.reason = "its steps depend on the size in a way that has no graph"
    return found[0], table, spec


def _for_example(pipe: Any, spec: Spec, container: str) -> tuple[list[Lowered], Spec, bool]:
    """The transforms, what they leave, and whether one of them refused images like these."""
    parts, refused = [], False
    known = True  # what the images are at this place
    for path, unit in pipe.units(""):
        part = Lowered(path, unit, container=container)
        parts.append(part)
        with checking():
            part.reason = why_not_fixed(unit, spec)
        if getattr(unit, "opaque", True):
            known = False
            continue
        trace = _Trace(spec, np.zeros(1, np.uint64), container)
        try:
            _traced(unit, trace, path, fixed=part.reason is None)
        except TwinlensError as error:
            reason, refused = str(error) if known else None, True
        except (SizeDependent, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            reason = f"its steps depend on the size in a way that has no graph: {error}"
        else:
            part.steps, spec, container = trace.placed(), trace.spec, trace.container
            part.container = container
            continue
        part.reason, known = part.reason or reason, False
    return parts, spec, refused


def _traced(unit: Any, trace: _Trace, path: str, *, fixed: bool) -> None:
    """Adds the steps of a transform. One that refuses images may name their size, which it gets on a second try."""
    again = _Trace(trace.spec, trace.keys, trace.container)
    try:
        unit.trace(trace, path)
    except SizeDependent:
        if fixed:
            with checking():
                unit.trace(again, path)
        raise


def _same(one: Lowered, other: Lowered) -> bool:
    return (
        other.reason is None
        and len(one.steps) == len(other.steps)
        and all(_same_step(a, b) for (a, _), (b, _) in zip(one.steps, other.steps, strict=True))
    )


def _same_step(a: Any, b: Any) -> bool:
    if type(a) is not type(b) or a.__dict__.keys() != b.__dict__.keys():
        return False
    return all(_same_value(value, b.__dict__[name]) for name, value in a.__dict__.items())


def _same_value(a: Any, b: Any) -> bool:
    if isinstance(a, Sized) or isinstance(b, Sized):
        return isinstance(a, Sized) and isinstance(b, Sized) and a.expression == b.expression is not None
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.array_equal(a, b)
    return type(a) is type(b) and (a == b or hasattr(a, "batched"))
