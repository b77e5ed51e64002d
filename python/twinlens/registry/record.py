"""What plugins provide, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twinlens.errors import ArgumentError, PluginError
from twinlens.hookspecs import API_VERSION

if TYPE_CHECKING:
    from twinlens.steps import Kernel, Step
    from twinlens.transforms.base import Transform

__all__ = ["BUILTIN", "KINDS", "Additions", "Entry", "Plugin"]

BUILTIN = "twinlens"

KINDS = ("transforms", "steps", "kernels", "sources", "sinks", "presets")


@dataclass(slots=True)
class Plugin:
    """One provider: the names of what it provides, by kind. `error` says why it was left out.

    api: the version of the hooks that it was written for.
    """

    name: str
    package: str
    version: str
    transforms: list[str] = field(default_factory=list)
    error: str | None = None
    api: str = API_VERSION
    steps: list[str] = field(default_factory=list)
    kernels: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    sinks: list[str] = field(default_factory=list)
    presets: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is registered, and with what the conformance suite tries it."""

    full: str
    provided: Any
    examples: tuple[Any, ...] = ()


class Additions:
    """What one plugin registers, kept apart until all of its hooks have run."""

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin
        self.entries: dict[str, dict[str, Entry]] = {kind: {} for kind in KINDS}

    def transform(
        self, transform: type[Transform], name: str | None = None, *, examples: Iterable[Mapping[str, Any]] = ({},)
    ) -> type[Transform]:
        """See Hooks.register_transforms. Raises ArgumentError for what is no Transform subclass."""
        from twinlens.transforms.base import Transform

        if not isinstance(transform, type) or not issubclass(transform, Transform):
            raise ArgumentError(
                f"register_transforms: got {transform!r}, wants a subclass of twinlens.transforms.Transform"
            )
        made = tuple(examples)
        if not all(isinstance(example, Mapping) for example in made):
            raise ArgumentError(f"register_transforms: examples={made!r} must be mappings of arguments")
        self._add("transforms", transform, transform.__name__ if name is None else name, made)
        return transform

    def step(self, step: type[Step], *examples: Step, name: str | None = None) -> type[Step]:
        """See Hooks.register_steps. Raises ArgumentError for what is no Step subclass, or examples of another."""
        from twinlens.steps import Step

        if not isinstance(step, type) or not issubclass(step, Step):
            raise ArgumentError(f"register_steps: got {step!r}, wants a subclass of twinlens.steps.Step")
        if not examples or not all(isinstance(example, step) for example in examples):
            raise ArgumentError(f"register_steps: got examples {examples!r}, wants at least one {step.__name__}(...)")
        self._add("steps", step, step.__name__ if name is None else name, examples)
        return step

    def kernel(self, kernel: Kernel, name: str) -> Kernel:
        """See Hooks.register_kernels. Raises ArgumentError for what is no Kernel."""
        from twinlens.steps import Kernel

        if not isinstance(kernel, Kernel):
            raise ArgumentError(f"register_kernels: got {kernel!r}, wants a twinlens.steps.Kernel")
        self._add("kernels", kernel, name)
        return kernel

    def source(self, provided: Any, name: str) -> Any:
        """See Hooks.register_sources."""
        return self._callable("sources", provided, name)

    def sink(self, provided: Any, name: str) -> Any:
        """See Hooks.register_sinks."""
        return self._callable("sinks", provided, name)

    def preset(self, provided: Any, name: str) -> Any:
        """See Hooks.register_presets."""
        return self._callable("presets", provided, name)

    def registrars(self) -> dict[str, Callable[..., Any]]:
        """By hook: the function that it is called with."""
        functions: list[Callable[..., Any]] = [
            self.transform, self.step, self.kernel, self.source, self.sink, self.preset
        ]  # fmt: skip
        return {f"register_{kind}": function for kind, function in zip(KINDS, functions, strict=True)}

    def _callable(self, kind: str, provided: Any, name: str) -> Any:
        if not callable(provided):
            raise ArgumentError(f"register_{kind}: got {provided!r}, wants a callable")
        self._add(kind, provided, name)
        return provided

    def _add(self, kind: str, provided: Any, name: str, examples: tuple[Any, ...] = ()) -> None:
        if not isinstance(name, str) or not name.isidentifier():
            raise ArgumentError(f"register_{kind}: name={name!r} must be a Python identifier")
        full = name if self._plugin == BUILTIN else f"{self._plugin}.{name}"
        taken = self.entries[kind].get(full)
        if taken is not None:
            raise PluginError(f"register_{kind}: the name {full!r} is given twice, to {taken.provided} and {provided}")
        self.entries[kind][full] = Entry(full, provided, examples)
