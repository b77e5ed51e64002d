"""Compose, RandomApply, RandomChoice, RandomOrder and Lambda."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
import torch
from pydantic import BeforeValidator, Field, model_validator

from twinlens.errors import PipelineFileError
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability

if TYPE_CHECKING:
    from twinlens.pipeline.trace import Params, Trace
    from twinlens.random import Draws
    from twinlens.steps import Spec

__all__ = ["Compose", "Composite", "Lambda", "RandomApply", "RandomChoice", "RandomOrder"]


def _children(value: Any) -> list[Any]:
    if not isinstance(value, Sequence | torch.nn.ModuleList) or isinstance(value, str):
        raise ValueError(f"transforms must be a list, got {type(value).__name__}")
    children = list(value)
    for i, child in enumerate(children):
        if not callable(child):
            raise ValueError(f"transforms must be callable, item {i} is {type(child).__name__}")
    return children


Children = Annotated[list[Any], BeforeValidator(_children)]


class ComposeConfig(base.Config):
    transforms: Children


class Composite(base.Transform):
    """A transform made of others."""

    Config: ClassVar[type[base.Config]] = ComposeConfig

    @property
    def random(self) -> bool:
        """Whether it or any part draws; a callable from elsewhere may."""
        return type(self).is_random or any(getattr(child, "random", True) for child in self.transforms)

    @property
    def opaque(self) -> bool:
        """Whether any part is a callable that does not lower to steps."""
        return any(getattr(child, "opaque", True) for child in self.transforms)

    @property
    def mixes(self) -> bool:
        """Whether any part mixes the images of a batch: what is drawn here is then drawn once a batch."""
        return any(getattr(child, "mixes", False) for child in self.transforms)

    def labels_of(self, structure: Any) -> Any:
        """The labels that a part mixes; None without."""
        mixers = [child for child in self.transforms if getattr(child, "mixes", False)]
        return next((found for child in mixers if (found := child.labels_of(structure)) is not None), None)

    def child_units(self, path: str, i: int) -> list[tuple[str, Any]]:
        """The units of part i."""
        child = self.transforms[i]
        inner = f"{path}/{i}" if path else str(i)
        return child.units(inner) if isinstance(child, base.Transform) else [(inner, child)]

    def trace_child(self, trace: Trace, path: str, i: int) -> None:
        """Lowers part i."""
        for inner, unit in self.child_units(path, i):
            unit.trace(trace, inner)

    def __repr__(self) -> str:
        parts = ",\n".join(f"    {part!r}".replace("\n", "\n    ") for part in self.transforms)
        rest = [f"{k}={v!r}" for k, v in self.config if k not in ("transforms", "name") or (k == "name" and v)]
        shown = ", ".join(["[\n" + parts + "\n]" if parts else "[]", *rest])
        return f"{type(self).__name__}({shown})"


class Compose(Composite):
    """Transforms one after the other, planned together.

    Takes callables from elsewhere too: they run one sample at a time between the plans.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> pipe = T.Compose([T.Resize(256), T.CenterCrop(224), T.ToTensor(), T.Normalize([0.5], [0.5])])
    >>> pipe(np.zeros((480, 640, 3), np.uint8)).shape
    torch.Size([3, 224, 224])
    """

    def __init__(self, transforms: Any, *, name: str | None = None) -> None:
        super().__init__(transforms=transforms, name=name)

    def units(self, path: str) -> list[tuple[str, Any]]:
        here = self.path(path)
        return [unit for i in range(len(self.transforms)) for unit in self.child_units(here, i)]

    def trace(self, trace: Trace, path: str) -> None:
        for inner, unit in self.units(path):
            unit.trace(trace, inner)

    def split(self) -> tuple[Compose, Compose]:
        """The pipeline before its first random transform, whose results can be stored, and the rest."""
        parts = self.transforms
        at = next((i for i, part in enumerate(parts) if getattr(part, "random", True)), len(parts))
        # The rest keeps its random streams: parts are named by the place that they had.
        here = self.config.name
        rest = [_kept(part, f"{here}/{i}" if here else str(i)) for i, part in enumerate(parts[at:], at)]
        return Compose(parts[:at]), Compose(rest)

    def __len__(self) -> int:
        return len(self.transforms)

    def __getitem__(self, i: int) -> Any:
        return self.transforms[i]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.transforms)


def _kept(part: Any, path: str) -> Any:
    """A transform that keeps drawing from the stream of `path`."""
    if not isinstance(part, base.Transform) or not part.random or part.config.name:
        return part
    from copy import copy

    named = copy(part)
    named.name = path
    return named


class RandomApplyConfig(ComposeConfig):
    p: Probability = 0.5


class RandomApply(Composite):
    """All of `transforms` with probability `p`, or none; each image of a batch by itself.

    Where a part mixes the images of a batch, as MixUp does, the whole batch draws once; so it is for RandomChoice,
    RandomOrder, OneOf and SomeOf.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandomApply([T.Grayscale(3)], p=0.0)(np.ones((1, 1, 3), np.uint8)).tolist()
    [[[1, 1, 1]]]
    """

    Config = RandomApplyConfig
    is_random = True

    def __init__(self, transforms: Any, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(transforms=transforms, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"applied": draws.uniform()[:, 0] < self.p}

    def trace(self, trace: Trace, path: str) -> None:
        with trace.only(trace.sampled(path, self.sample)["applied"]) as any_image:
            for i in range(len(self.transforms) if any_image else 0):
                self.trace_child(trace, path, i)

    def chosen(self, trace: Trace, path: str) -> list[tuple[str, Any]]:
        """What runs for one image, where a part is opaque."""
        applied = trace.sampled(path, self.sample)["applied"][0]
        return [unit for i in range(len(self.transforms)) for unit in self.child_units(path, i)] if applied else []


class RandomChoiceConfig(ComposeConfig):
    p: list[float] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.transforms:
            raise ValueError("transforms must not be empty")
        if self.p is None:
            return self
        if len(self.p) != len(self.transforms):
            raise ValueError(f"p={self.p} has {len(self.p)} values for {len(self.transforms)} transforms")
        if not all(np.isfinite(self.p)) or min(self.p) < 0 or sum(self.p) <= 0:
            raise ValueError(f"p={self.p} must be weights, none negative, not all 0")
        return self


class RandomChoice(Composite):
    """One of `transforms`, with weights `p` (None: all alike); each image of a batch by itself."""

    Config = RandomChoiceConfig
    is_random = True

    def __init__(self, transforms: Any, p: Any = None, *, name: str | None = None) -> None:
        super().__init__(transforms=transforms, p=p, name=name)

    @property
    def p(self) -> list[float]:
        """Probabilities, summing to 1, as torchvision keeps them."""
        weights = [1.0] * len(self.transforms) if self.config.p is None else self.config.p
        return [weight / sum(weights) for weight in weights]

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        if self.config.p is None:
            return {"choice": draws.below(len(self.transforms))}
        ends = np.cumsum(np.array(self.config.p) / sum(self.config.p))
        ends[-1] = 1.0
        return {"choice": np.searchsorted(ends, draws.uniform()[:, 0], side="right")}

    def trace(self, trace: Trace, path: str) -> None:
        choice = trace.sampled(path, self.sample)["choice"]
        for i in range(len(self.transforms)):
            with trace.only(choice == i) as any_image:
                if any_image:
                    self.trace_child(trace, path, i)

    def chosen(self, trace: Trace, path: str) -> list[tuple[str, Any]]:
        """What runs for one image, where a part is opaque."""
        return self.child_units(path, int(trace.sampled(path, self.sample)["choice"][0]))


class RandomOrder(Composite):
    """All of `transforms` in a random order; each image of a batch by itself."""

    is_random = True

    def __init__(self, transforms: Any, *, name: str | None = None) -> None:
        super().__init__(transforms=transforms, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        # Sorting one uniform number a part gives every order alike.
        return {"order": np.argsort(draws.uniform(len(self.transforms)), axis=1, kind="stable")}

    def trace(self, trace: Trace, path: str) -> None:
        order = trace.sampled(path, self.sample)["order"]
        for place in range(len(self.transforms)):
            for i in range(len(self.transforms)):
                with trace.only(order[:, place] == i) as any_image:
                    if any_image:
                        self.trace_child(trace, path, i)

    def chosen(self, trace: Trace, path: str) -> list[tuple[str, Any]]:
        """What runs for one image, where a part is opaque."""
        order = trace.sampled(path, self.sample)["order"][0]
        return [unit for i in order.tolist() for unit in self.child_units(path, i)]


def _function(value: Any) -> Callable[..., Any]:
    if not callable(value):
        raise ValueError(f"lambd={value!r} must be callable")
    function: Callable[..., Any] = value
    return function


class LambdaConfig(base.Config):
    lambd: Annotated[Any, BeforeValidator(_function), Field(description="A function of one image.")]


class Lambda(base.Transform):
    """A function of one image, in the container that the image is in at that place.

    Functions of a module are saved as `module:name`; a lambda or a local function works in this process only. `types`
    is taken for torchvision's sake: the function is called with images. It may draw, so `split` counts it as random;
    with a key the global generators are seeded for it.
    """

    Config = LambdaConfig
    is_opaque = True
    is_random = True

    def __init__(self, lambd: Callable[[Any], Any], *types: type, name: str | None = None) -> None:
        super().__init__(lambd=lambd, name=name)
        self.types = types

    def apply_to_image(self, image: Any) -> Any:
        """One image."""
        return self.lambd(image)

    def __copy__(self) -> Self:
        return type(self)(self.lambd, *self.types, name=self.config.name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        del memo  # functions are never copied
        return self.__copy__()

    def __getstate__(self) -> dict[str, Any]:
        from twinlens.pipeline.functions import reference

        try:
            reference(self.lambd)
        except PipelineFileError as error:
            raise PipelineFileError(f"Lambda cannot be pickled: {error}") from None
        return super().__getstate__()
