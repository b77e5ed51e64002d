"""Transforms that are applied with a probability, and ranges that they draw from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import BeforeValidator

from twinlens.pipeline.blanks import Blanks, chance
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability, number_or_range

if TYPE_CHECKING:
    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec
    from twinlens.steps.spec import Bools, Reals

__all__ = ["Drawn", "Limit", "PConfig", "Sometimes", "finite", "limit"]


_YES = np.ones(1, bool)


class PConfig(base.Config):
    """`p` alone."""

    p: Probability = 0.5


class Sometimes(base.Transform):
    """Applied with probability `p`, each image of a batch by itself."""

    Config: ClassVar[type[base.Config]] = PConfig
    blanks_lower = True

    @property
    def random(self) -> bool:
        """Probabilities of 0 and 1 draw nothing."""
        return 0.0 < float(self.p) < 1.0

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"active": draws.uniform()[:, 0] < self.p} if self.random else {}

    def blanks(self, spec: Spec) -> Blanks | None:
        if type(self).sample is not Sometimes.sample:
            return None  # it draws more
        steps = tuple(step.activated(None) for step in self.lower({"active": _YES}, spec))
        return Blanks(steps, tuple(chance(i, self.p) for i in range(len(steps))))

    def active(self, params: Params, spec: Spec) -> Bools:
        """Which images it is for."""
        chosen: Bools = params.get("active", np.full(len(spec), self.p > 0))
        return chosen


class Drawn(Sometimes):
    """With probability `p`, values drawn from ranges."""

    ranges: ClassVar[tuple[str, ...]]

    @property
    def random(self) -> bool:
        """Whether there is a range or a probability to draw from."""
        return self.p < 1.0 or any(low < high for low, high in self._limits())

    def _limits(self) -> list[tuple[float, float]]:
        return [number_or_range(getattr(self.config, name)) for name in self.ranges]

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        drawn = draws.uniform(1 + len(self.ranges))
        values = {
            name: low + drawn[:, i] * (high - low)
            for i, (name, (low, high)) in enumerate(zip(self.ranges, self._limits(), strict=True), 1)
        }
        return {"active": drawn[:, 0] < self.p, **values}

    def drawn(self, params: Params, spec: Spec) -> dict[str, Reals]:
        """Every range's value for each image."""
        return {
            name: params.get(name, np.full(len(spec), low))
            for name, (low, _) in zip(self.ranges, self._limits(), strict=True)
        }


def limit(value: Any) -> float | tuple[float, float]:
    """A finite number, or two in order; raises ValueError."""
    numbers = tuple(value) if isinstance(value, tuple | list) else (value,)
    ok = len(numbers) in (1, 2) and all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
    if not ok or not all(np.isfinite(n) for n in numbers) or (len(numbers) == 2 and numbers[0] > numbers[1]):
        raise ValueError(f"wants a finite number, or two, the smaller first, got {value!r}")
    return float(numbers[0]) if len(numbers) == 1 else (float(numbers[0]), float(numbers[1]))


Limit = Annotated[float | tuple[float, float], BeforeValidator(limit)]


def finite(value: Any) -> float:
    """A finite number; raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise ValueError(f"wants a finite number, got {value!r}")
    return float(value)
