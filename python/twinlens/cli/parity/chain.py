"""A pipeline on one image, transform by transform: the results, and what each does in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from twinlens import transforms as T
from twinlens.cli.parity.calls import Call, NoEquivalent, Origin, calls_of
from twinlens.cli.prefixes import alone, parts_of, prefixes
from twinlens.cli.samples import hwc, planar
from twinlens.pipeline.trace import Trace
from twinlens.steps import Normalize, Spec
from twinlens.steps.convert import MAX_OF

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.pipeline.trace import Params
    from twinlens.steps import Step
    from twinlens.transforms import Transform

__all__ = ["Chain", "Part"]


@dataclass(frozen=True)
class Part:
    """One transform. calls: what it does to this image; `why` there are no words for that. unit: what a difference of 1
    behind it is in levels of 255, a number or one a channel.
    """

    name: str
    calls: list[Call]
    why: str
    unit: Any


@dataclass(frozen=True)
class Chain:
    """image: (H, W, C). results: behind each part, and `kinds`: as what the pipeline had them."""

    pipe: Transform
    key: int
    image: NDArray[Any]
    parts: list[Part]
    results: list[NDArray[Any]]
    kinds: list[type]

    @classmethod
    def of(cls, pipe: Transform, image: NDArray[Any], key: int) -> Chain:
        """Raises what the pipeline raises; InputError where it makes anything but one image."""
        made = [prefix(image, key=key) for prefix in prefixes(pipe)]
        results = [hwc(one) for one in made]
        parts: list[Part] = []
        deviation: Any = 1.0
        for place, part in enumerate(parts_of(pipe)):
            calls, why, std = _words(_units(pipe, part, place), results[place - 1] if place else image, key)
            deviation = deviation if std is None else std
            unit = 255.0 / MAX_OF.get(results[place].dtype.name, 255.0)
            floats = results[place].dtype.kind == "f"
            parts.append(Part(type(part).__name__, calls, why, unit * deviation if floats else unit))
        return cls(pipe, key, image, parts, results, [type(one) for one in made])

    def before(self, place: int) -> NDArray[Any]:
        """What part `place` is given."""
        return self.results[place - 1] if place else self.image

    def ours_on(self, place: int, image: NDArray[Any]) -> NDArray[Any]:
        """What part `place`, with the same draws, makes of another image of the size that it is given."""
        kind = self.kinds[place - 1] if place else np.ndarray
        given: Any = image
        if issubclass(kind, torch.Tensor):
            given = planar(image)
        elif issubclass(kind, Image.Image):
            given = Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image))
        return hwc(alone(self.pipe, place)(given, key=self.key))


def _units(pipe: Transform, part: Any, place: int) -> list[tuple[str, Any]]:
    return pipe.child_units(pipe.path(""), place) if type(pipe) is T.Compose else part.units("")


def _words(units: list[tuple[str, Any]], image: NDArray[Any], key: int) -> tuple[list[Call], str, Any]:
    """The calls, why there are none, and the deviation that was divided by."""
    if any(getattr(unit, "opaque", True) for _, unit in units):
        return [], "a callable of its own", None
    trace = _Watched(Spec.of([image.shape], image.dtype.name), np.array([key], np.uint64), "ndarray")
    for path, unit in units:
        unit.trace(trace, path)
    plan = trace.plan()
    std = next((step.std[0] for step in reversed(plan.steps) if isinstance(step, Normalize)), None)
    calls: list[Call] = []
    try:
        for step, origin, spec in zip(plan.steps, trace.origins, plan.specs, strict=True):
            calls += calls_of(step, origin, spec)
    except NoEquivalent as error:
        return [], str(error), std
    return calls, "", std


class _Watched(Trace):
    """Knows of every step which transform it comes from."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.origins: list[Origin | None] = []
        self._now: Origin | None = None

    def lower(
        self, path: str, sample: Callable[..., Params] | None, lower: Callable[[Params, Spec], Iterable[Step]]
    ) -> None:
        """See Trace."""
        owner = getattr(lower, "__self__", None)

        def watched(params: Params, spec: Spec) -> Iterator[Step]:
            for number, step in enumerate(lower(params, spec)):
                self._now = Origin(owner, params, number)
                yield step

        super().lower(path, sample, watched)
        self._now = None

    def add(self, step: Step) -> None:
        """See Trace."""
        before = len(self._steps)
        super().add(step)
        self.origins += [self._now] * (len(self._steps) - before)
