"""Transform: validated arguments, sampled parameters, steps.

A transform says what happens: it checks its arguments in a pydantic `Config`, draws parameters in `sample` and lowers
itself to steps in `lower`. Engines, targets, batches, keys and files follow from that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twinlens.errors import ArgumentError
from twinlens.pipeline import prepared
from twinlens.pipeline import run as runner
from twinlens.pipeline.parts import note_change
from twinlens.pipeline.run import Options
from twinlens.steps.spec import DTYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.engines import Engine
    from twinlens.pipeline.blanks import Blanks
    from twinlens.pipeline.bound import Bound
    from twinlens.pipeline.plan import Plan
    from twinlens.pipeline.trace import Params, Trace
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

__all__ = ["Config", "PlanList", "Transform"]


class Config(BaseModel):
    """Arguments of a transform: validated, comparable, with a JSON schema. `name` fixes its random stream."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    name: str | None = Field(None, description="Under which it draws, whatever its place in a pipeline is.")


AnyConfig = Config


class PlanList(list[Any]):
    """The plans of a pipeline, in order; printed one below the other."""

    def explain(self) -> str:
        """See Plan.explain; foreign callables stand between the plans."""
        return "\n".join(plan if isinstance(plan, str) else plan.explain() for plan in self)

    def __str__(self) -> str:
        return "\n".join(str(plan) for plan in self)


class Transform(torch.nn.Module):
    """Base of all transforms.

    Subclasses set `Config`, pass their arguments to `super().__init__` by name, and implement `lower`; random ones set
    `is_random` and implement `sample`. Both see the whole batch: `spec` has a row an image, and so has every array in
    the parameters. torchvision's way works too: a subclass with `transform(inpt, params)` and perhaps `make_params`, or
    with a `forward` of its own, runs image by image.
    """

    Config: ClassVar[type[AnyConfig]] = Config
    is_random: ClassVar[bool] = False  # whether it draws
    is_opaque: ClassVar[bool] = False  # whether it runs by itself, image by image, instead of lowering to steps
    is_structural: ClassVar[bool] = False  # whether it works on the whole sample, labels and all
    few_choices: ClassVar[bool] = False  # whether `sample` draws few different things: a plan is kept for each
    takes_dtypes: ClassVar[tuple[str, ...] | None] = None  # what it declares to take; None: what its steps take
    takes_channels: ClassVar[tuple[int, ...] | None] = None
    blanks_lower: ClassVar[bool] = False  # whether `blanks` calls `lower`, so that it serves whoever has another

    def __init__(self, **arguments: Any) -> None:
        super().__init__()
        self._configure(arguments)

    def _configure(self, arguments: dict[str, Any]) -> None:
        """Sets `config`, and its fields as attributes: a look-up must not cost a walk through `__getattr__`."""
        config = self._validated(arguments)
        self.__dict__.update({name: getattr(config, name) for name in type(config).model_fields}, config=config)
        self._drop_plans()

    def _validated(self, arguments: dict[str, Any]) -> AnyConfig:
        try:
            return self.Config(**arguments)
        except ValidationError as error:
            raise ArgumentError(_explain(type(self).__name__, error)) from None

    def _drop_plans(self) -> None:
        object.__setattr__(self, "plans", {})
        object.__setattr__(self, "version", getattr(self, "version", 0) + 1)
        note_change()

    # What a transform is: subclasses implement these.

    @property
    def random(self) -> bool:
        """Whether it draws, with the arguments that it has; what runs by itself in torchvision's way may."""
        return type(self).is_random or self._torchvision_way()

    @property
    def opaque(self) -> bool:
        """Whether it, or a part of it, runs by itself instead of lowering to steps."""
        return type(self).is_opaque or self._torchvision_way()

    @property
    def mixes(self) -> bool:
        """Whether it, or a part of it, mixes the images of a batch."""
        return False

    def _torchvision_way(self) -> bool:
        kind = type(self)
        return kind.forward is not Transform.forward or kind.transform is not Transform.transform

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """torchvision's hook: what `transform` is given, drawn from the global generators."""
        del flat_inputs
        return {}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """torchvision's hook: one image to its result."""
        del inpt, params
        raise ArgumentError(f"{type(self).__name__} has neither lower nor transform")

    def apply_to_image(self, image: Any) -> Any:
        """One image, for transforms that run by themselves."""
        if type(self).forward is not Transform.forward:
            return self(image)
        return self.transform(image, self.make_params([image]))

    def sample(self, draws: Draws, spec: Spec) -> Params:
        """Parameters for every image of the batch; arrays with one row an image."""
        del draws, spec
        return {}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        """The steps, in order."""
        del params, spec
        raise ArgumentError(f"{type(self).__name__} does not lower to steps")

    def blanks(self, spec: Spec) -> Blanks | None:
        """Of a random transform, for one image: the steps with what is drawn left blank, where the core has rules that
        fill it as `sample` and `lower` would; None where it has not. A short way, never another meaning.
        """
        del spec
        return None

    def for_any_size(self, then: Transform | None, spec: Spec) -> tuple[Blanks, int] | None:
        """Of a transform that a pipeline begins with and that draws nothing: steps that make results of one size of
        images of any size, where the core has a rule for it, and how many transforms they stand for, `then`, the next
        one, perhaps among them. None where there are none.
        """
        del then, spec
        return None

    def trace(self, trace: Trace, path: str) -> None:
        """Adds this transform's steps; composites add those of their children."""
        trace.lower(path, self.sample if self.random else None, self.lower)

    def units(self, path: str) -> list[tuple[str, Any]]:
        """The parts that run one after the other, with their paths."""
        return [(self.path(path), self)]

    def path(self, path: str) -> str:
        """Where the random stream lives: the place in the pipeline, unless `name` says otherwise."""
        return self.config.name or path

    # What it does.

    def forward(
        self,
        *inputs: Any,
        key: int | None = None,
        keys: Any = None,
        color: str = "rgb",
        engine: Engine | None = None,
        return_params: bool = False,
        **named: Any,
    ) -> Any:
        """Applies the transform to an image, a batch, a list, or a structure with masks, boxes and keypoints.

        key, keys: of the sample, or one an image; without, they come from torch's default generator. color: "bgr" where
        arrays hold blue first. return_params: also return what was sampled, for `replay`.
        """
        plain = keys is None and engine is None and not return_params and color == "rgb"
        if plain and len(inputs) == 1 and not named:
            done = prepared.call(self, inputs[0], key)
            if done is not prepared.MISS:
                return done
        if key is not None and keys is not None:
            raise ArgumentError("give key or keys, not both")
        options = Options(key if keys is None else keys, engine, None, None, color)
        result = runner.call(self, inputs, named, options)
        return (result, options.params) if return_params else result

    def replay(self, *inputs: Any, engine: Engine | None = None, color: str = "rgb", **named: Any) -> Any:
        """`replay(image, params)`: the same parameters, as `return_params=True` gave them, on another image."""
        params = named.pop("params", None)
        if params is None and inputs:
            *rest, params = inputs
            inputs = tuple(rest)
        if not isinstance(params, dict):
            raise ArgumentError(f"replay: params must be what return_params=True gave, got {type(params).__name__}")
        return runner.call(self, inputs, named, Options(None, engine, None, None, color, replayed=params))

    def batch(
        self,
        images: Any,
        *,
        keys: Any = None,
        out: Any = None,
        num_threads: int | None = None,
        engine: Engine | None = None,
        color: str = "rgb",
    ) -> Any:
        """Differently sized images through one call: one stacked tensor (array for arrays and PIL images that stay so),
        or a list where the results differ in size.

        out: a tensor or array of the result's shape and dtype to fill. num_threads: None for `get_num_threads()`.
        """
        from twinlens.pipeline.batch import run_batch

        return run_batch(self, images, Options(keys, engine, num_threads, out, color))

    def bind(self, images: torch.Tensor, *, keys: Any = None) -> Bound:
        """The transform with its parameters drawn for images like these, (B, C, H, W): a function of tensors that
        `torch.compile` and CUDA graphs take. See `twinlens.pipeline.bound.Bound`.
        """
        from twinlens.pipeline.bound import Bound

        return Bound(self, images, keys)

    def module(self, size: tuple[int, int], *, channels: int = 3, dtype: str = "uint8") -> torch.nn.Module:
        """The transform for images of one `size` (h, w), as a module of tensor operations alone: (N, C, H, W), of any
        N, to (N, C', H', W'), the pixels of `self(images)`. torch.export and torch.compile take it. It runs on the CPU.

        Raises ArgumentError where a part draws at random or runs Python code, EngineError where torch.export cannot
        trace it.
        """
        from twinlens.pipeline.module import module

        return module(self, size, channels, dtype)

    def plan(self, size: tuple[int, ...], *, dtype: str = "uint8", key: int = 0) -> Plan | PlanList:
        """The steps for an image of `size` (h, w) or (h, w, c): print it to see what runs where. Random transforms are
        shown as they are drawn under `key`.
        """
        listed = isinstance(size, tuple | list) and len(size) in (2, 3)
        if not listed or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in size):
            raise ArgumentError(f"plan: size={size!r} must be (h, w) or (h, w, c), positive integers")
        if dtype not in DTYPES:
            raise ArgumentError(f"plan: dtype={dtype!r} must be one of {', '.join(DTYPES)}")
        plans = runner.plan_for(self, tuple(size), dtype, key)
        only = plans[0]
        return only if len(plans) == 1 and not isinstance(only, str) else PlanList(plans)

    # What it looks like.

    def to_dict(self) -> dict[str, Any]:
        """A plain description; `twinlens.from_dict` makes the transform again."""
        from twinlens.pipeline.files import to_dict

        return to_dict(self)

    if TYPE_CHECKING:  # the fields of `config`

        def __getattr__(self, name: str) -> Any: ...

    def __setattr__(self, name: str, value: Any) -> None:
        if name in type(self).Config.model_fields and "config" in self.__dict__:
            fields = {f: getattr(self.config, f) for f in type(self).Config.model_fields}
            self._configure({**fields, name: value})
        else:
            super().__setattr__(name, value)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "plans": {}}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.config == getattr(other, "config", None)

    __hash__ = torch.nn.Module.__hash__

    def __repr__(self) -> str:
        shown = []
        for name, field in type(self).Config.model_fields.items():
            value = getattr(self.config, name)
            if field.is_required() or value != field.get_default():
                shown.append(f"{name}={_show(value)}")
        return f"{type(self).__name__}({', '.join(shown)})"


def _show(value: Any) -> str:
    return repr(str(value.value)) if hasattr(value, "value") and isinstance(value.value, str) else repr(value)


def _explain(owner: str, error: ValidationError) -> str:
    """`CLAHE: tile_grid_size=(0, 8) must be positive`: one line for each argument that is wrong."""
    seen: dict[str, str] = {}
    for item in error.errors():
        name = str(item["loc"][0]) if item["loc"] else ""
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            seen.setdefault(name, f"{owner}: no argument named {name!r}")
        elif not name or message.startswith((f"{name}=", f"{name} ")):
            seen[name] = f"{owner}: {message}"
        else:
            seen.setdefault(name, f"{owner}: {name}={item['input']!r}: {message[0].lower()}{message[1:]}")
    return "; ".join(seen.values())
