"""The hooks that plugins implement, version 1.0.

A plugin is a package with an entry point in the group `twinlens`, whose module implements at least one of these hooks
and says in `TWINLENS_API` for which version of them it was written. Each hook is called once, with a function
`register`, when something of the plugin is first looked up. What is registered stands behind the plugin's name and a
dot: `document.InkBleed`. The built-in transforms register through the same hook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

if TYPE_CHECKING:
    from twinlens.data.sinks import Sink
    from twinlens.data.sources import Source
    from twinlens.steps import Kernel, Step
    from twinlens.transforms.base import Transform

__all__ = ["API_VERSION", "PROJECT", "Hooks", "hookimpl", "hookspec"]

PROJECT = "twinlens"

#: Major versions exclude each other; a plugin may not want a higher minor version than the library has.
API_VERSION = "1.0"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class RegisterTransform(Protocol):
    """`register(MyTransform)`."""

    def __call__(
        self, transform: type[Transform], name: str | None = None, *, examples: Iterable[Mapping[str, Any]] = ({},)
    ) -> type[Transform]:
        """name: the class's own where it is not given."""


class RegisterStep(Protocol):
    """`register(MyStep, MyStep(...))`."""

    def __call__(self, step: type[Step], *examples: Step, name: str | None = None) -> type[Step]:
        """name: the class's own where it is not given."""


class RegisterNamed(Protocol):
    """`register(thing, "name")`."""

    def __call__(self, provided: Any, name: str) -> Any:
        """name: a Python identifier."""


class Hooks:
    """Hook specifications."""

    @hookspec
    def register_transforms(self, register: RegisterTransform) -> None:
        """Transforms: `register(MyTransform, name=None, examples=[{}])`.

        examples: arguments, as mappings, with which `twinlens plugins check` tries the transform; without them it is
        made without arguments.
        """

    @hookspec
    def register_steps(self, register: RegisterStep) -> None:
        """Steps of the plugin's own, for `twinlens plugins check`: `register(MyStep, MyStep(...), MyStep(...))`.

        The instances are what is checked: both engines against each other, targets, dtypes and channels.
        """

    @hookspec
    def register_kernels(self, register: Callable[[Kernel, str], Kernel]) -> None:
        """Native kernels: `register(twinlens.steps.Kernel(capsule), "name")`.

        They are called through the Kernel object; the name is for lists and for errors.
        """

    @hookspec
    def register_sources(self, register: Callable[[Callable[[str], Source], str], Any]) -> None:
        """Where images come from: `register(open, "name")`.

        `open(location)` returns a `twinlens.data.Source`. Users write `plugin.name:location` where a folder could
        stand: `twinlens run`, `twinlens.data.run`, `twinlens.data.Loader`.
        """

    @hookspec
    def register_sinks(self, register: Callable[[Callable[..., Sink], str], Any]) -> None:
        """Where results go: `register(MySink, "name")`.

        `MySink(out, metadata)` is a `twinlens.data.Sink`. Users choose it with `twinlens run --sink plugin.name`.
        """

    @hookspec
    def register_presets(self, register: Callable[[Callable[[bool], Transform], str], Any]) -> None:
        """Ready pipelines: `register(make, "name")`.

        `make(train)` returns the pipeline for training or for evaluation; users call
        `twinlens.presets.get("plugin.name", train=False)`.
        """
