"""The checks, which of them stand on which, and who runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twinlens.errors import ArgumentError
from twinlens.steps import Step
from twinlens.testing import drawing, forms, meaning, places
from twinlens.testing.report import FailedError, NotRunError, Outcome, Report
from twinlens.testing.subject import Subject
from twinlens.transforms.base import Config, Transform

if TYPE_CHECKING:
    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec

__all__ = ["CHECKS", "Check", "check_step", "check_transform"]


@dataclass(frozen=True, slots=True)
class Check:
    """needs: the checks without which this one would say again what they say."""

    name: str
    run: Callable[[Subject], str | None]
    needs: tuple[str, ...] = ()


_CALLS = ("shape", "dtype")
_DRAWS = (*_CALLS, "global state", "mutation")
_REPEATS = (*_DRAWS, "keys")

CHECKS = (
    Check("docs", meaning.docs),
    Check("repr", meaning.shown),
    Check("shape", forms.shapes),
    Check("dtype", forms.dtypes, ("shape",)),
    Check("global state", drawing.global_state, _CALLS),
    Check("mutation", drawing.mutation, _CALLS),
    Check("keys", drawing.keys, _DRAWS),
    Check("pickle", meaning.pickles, _REPEATS),
    Check("file", meaning.file, _REPEATS),
    Check("batch", drawing.batch, _REPEATS),
    Check("engines", drawing.engines, _REPEATS),
    Check("formats", forms.formats, _REPEATS),
    Check("targets", places.targets, _REPEATS),
    Check("threads", drawing.threads, _REPEATS),
    Check("empty batch", drawing.empty, _CALLS),
    Check("throughput", forms.throughput, _CALLS),
)


def check_transform(
    transform: Transform, *, images: Iterable[Any] | None = None, raises: bool = True, registered: bool = True
) -> Report:
    """Whether a transform keeps twinlens' promises; see `CHECKS` and docs/plugins.md.

    images: uint8 (H, W, 3) arrays of different sizes to try it on, if the usual ones, about 60 x 80, do not suit it.
    raises: AssertionError with all that failed; otherwise the report says so. registered: False for a part of another
    transform, which has no name and no file of its own. Raises ArgumentError for what is no transform.
    """
    if not isinstance(transform, Transform):
        raise ArgumentError(f"check_transform: got {transform!r}, wants a transform, made with its arguments")
    subject = Subject(transform, registered) if images is None else Subject(transform, registered, tuple(images))
    report = Report(repr(transform))
    bad: set[str] = set()
    for check in CHECKS:
        outcome = _outcome(check, subject, bad)
        report.outcomes.append(outcome)
        if outcome.status == "failed":
            bad.add(check.name)
    if raises and report.failed:
        raise AssertionError(str(report))
    return report


def _outcome(check: Check, subject: Subject, bad: set[str]) -> Outcome:
    for name in check.needs:
        if name in bad:
            return Outcome(check.name, "not run", f"{name} failed")
    try:
        note = check.run(subject)
    except FailedError as error:
        return Outcome(check.name, "failed", str(error))
    except NotRunError as error:
        return Outcome(check.name, "not run", str(error))
    except Exception as error:  # a transform may raise anything
        return Outcome(check.name, "failed", f"{type(error).__name__}: {error}")
    return Outcome(check.name, "passed", note or "")


class _OneConfig(Config):
    step: Any


class OneStep(Transform):
    """A step as a transform."""

    Config = _OneConfig

    def __init__(self, step: Step, *, name: str | None = None) -> None:
        super().__init__(step=step, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params, spec
        yield self.step

    def __repr__(self) -> str:
        return str(self.step.describe())


def check_step(step: Step, *, images: Iterable[Any] | None = None, raises: bool = True) -> Report:
    """The same for a step by itself, whose arrays have one row: what does not ask for a name or for draws."""
    if not isinstance(step, Step):
        raise ArgumentError(f"check_step: got {step!r}, wants a step, made with its parameters")
    return check_transform(OneStep(step), images=images, raises=raises, registered=False)
