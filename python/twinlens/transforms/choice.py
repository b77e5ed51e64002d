"""OneOf and SomeOf, Albumentations' ways to choose, and Identity."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import BeforeValidator, model_validator

from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens.transforms.compose import ComposeConfig, Composite

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params, Trace
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints, Reals

__all__ = ["Identity", "OneOf", "SomeOf"]


class Identity(base.Transform):
    """Leaves everything as it is.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Identity()(np.ones((1, 1), np.uint8)).tolist()
    [[1]]
    """

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params, spec
        return ()


def _own_probability(part: Any) -> float | None:
    """The `p` with which a transform applies itself; None where it has none. Weights, a list, are not that."""
    p = getattr(getattr(part, "config", None), "p", None)
    return float(p) if isinstance(p, int | float) and not isinstance(p, bool) else None


def _certain(part: Any) -> Any:
    """The same transform, drawing from the same stream, that always applies itself."""
    if _own_probability(part) in (None, 1.0):
        return part
    forced = copy(part)
    forced.p = 1.0
    return forced


class OneOfConfig(ComposeConfig):
    p: Probability = 0.5

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.transforms:
            raise ValueError("transforms must not be empty")
        if not any(_own_probability(part) != 0.0 for part in self.transforms):
            raise ValueError("transforms must not all have p=0: their p are weights")
        return self


class OneOf(Composite):
    """With probability `p` one of `transforms`, which then applies itself for certain; each image of a batch by itself.

    The parts' own `p` are weights, 1 for a part that has none: with p=0.2 and p=0.6 the second is chosen three times
    as often. Albumentations' semantics.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.OneOf([T.RandomHorizontalFlip(p=0.1)], p=1.0)(np.array([[1, 2]], np.uint8)).tolist()
    [[2, 1]]
    """

    Config = OneOfConfig
    is_random = True

    def __init__(self, transforms: Any, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(transforms=transforms, p=p, name=name)

    @property
    def weights(self) -> Reals:
        """Probabilities of the parts where one is chosen, summing to 1."""
        own = [_own_probability(part) for part in self.transforms]
        weights = np.array([1.0 if p is None else p for p in own])
        shares: Reals = weights / weights.sum()
        return shares

    def child_units(self, path: str, i: int) -> list[tuple[str, Any]]:
        part = _certain(self.transforms[i])
        inner = f"{path}/{i}" if path else str(i)
        return part.units(inner) if isinstance(part, base.Transform) else [(inner, part)]

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        ends = np.cumsum(self.weights)
        ends[ends >= ends[-1]] = 1.0
        u = draws.uniform(2)
        choice = np.searchsorted(ends, u[:, 1], side="right")
        return {"choice": np.where(u[:, 0] < self.p, choice, -1)}

    def trace(self, trace: Trace, path: str) -> None:
        choice = trace.sampled(path, self.sample)["choice"]
        for i in range(len(self.transforms)):
            with trace.only(choice == i) as any_image:
                if any_image:
                    self.trace_child(trace, path, i)

    def chosen(self, trace: Trace, path: str) -> list[tuple[str, Any]]:
        """What runs for one image, where a part is opaque."""
        choice = int(trace.sampled(path, self.sample)["choice"][0])
        return [] if choice < 0 else self.child_units(path, choice)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"n={value!r} must be a positive integer")
    return int(value)


class SomeOfConfig(ComposeConfig):
    n: Annotated[int, BeforeValidator(_count)] = 1
    replace: bool = False
    p: Probability = 1.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.transforms:
            raise ValueError("transforms must not be empty")
        if not self.replace and self.n > len(self.transforms):
            raise ValueError(f"n={self.n} of {len(self.transforms)} transforms needs replace=True")
        return self


class SomeOf(Composite):
    """With probability `p` `n` of `transforms`, every choice as likely, in the order in which they are listed.

    A chosen part still applies itself with its own probability. replace: a part may be chosen several times and draws
    anew each time. Each image of a batch by itself. Albumentations' semantics.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> both = [T.RandomHorizontalFlip(p=1.0), T.RandomVerticalFlip(p=1.0)]
    >>> T.SomeOf(both, n=2)(np.array([[1, 2], [3, 4]], np.uint8)).tolist()
    [[4, 3], [2, 1]]
    """

    Config = SomeOfConfig
    is_random = True

    def __init__(
        self, transforms: Any, n: int = 1, replace: bool = False, p: float = 1.0, *, name: str | None = None
    ) -> None:
        super().__init__(transforms=transforms, n=n, replace=replace, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        parts = len(self.transforms)
        u = draws.uniform(1 + (self.n if self.replace else parts))
        chosen: Ints
        if self.replace:
            chosen = np.floor(u[:, 1:] * parts).astype(np.int64)
        else:  # the parts with the n smallest of as many uniform numbers
            chosen = np.argsort(u[:, 1:], axis=1, kind="stable")[:, : self.n]
        return {"chosen": np.where(u[:, :1] < self.p, np.sort(chosen, axis=1), -1)}

    def _places(self, path: str) -> list[str]:
        """Where the n choices draw from: a part that is chosen twice draws twice."""
        return [f"{path}/{k}" if path else str(k) for k in range(self.n)] if self.replace else [path] * self.n

    def trace(self, trace: Trace, path: str) -> None:
        chosen = trace.sampled(path, self.sample)["chosen"]
        for k, place in enumerate(self._places(path)):
            for i in range(len(self.transforms)):
                with trace.only(chosen[:, k] == i) as any_image:
                    if any_image:
                        self.trace_child(trace, place, i)

    def chosen(self, trace: Trace, path: str) -> list[tuple[str, Any]]:
        """What runs for one image, where a part is opaque."""
        chosen = trace.sampled(path, self.sample)["chosen"][0].tolist()
        pairs = zip(self._places(path), chosen, strict=True)
        return [unit for place, i in pairs if i >= 0 for unit in self.child_units(place, i)]
