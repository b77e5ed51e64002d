"""The pipeline while somebody works on it: its steps, what was refused and why."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import twinlens
from twinlens import registry
from twinlens import transforms as T
from twinlens.errors import ArgumentError, TwinlensError
from twinlens.play.build import Refused, arguments_of, build
from twinlens.play.controls import Control, controls_of
from twinlens.play.starts import start_of

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["MOST_STEPS", "Editor", "Step"]

MOST_STEPS = 50
_LONGEST = 200_000  # characters of a pipeline as text


@dataclass
class Step:
    """One transform. number: stays when it moves. arguments: the last that it took, all of them; until there are some,
    those given so far. drafts: values that it did not take, and `errors` why, by argument; "" is the transform itself.
    """

    number: int
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    on: bool = True
    ready: bool = False
    drafts: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def controls(self) -> list[Control]:
        """See controls_of."""
        return controls_of(registry.get(self.name), self.arguments)


class Editor:
    """Steps in order. chosen: the number of the one whose arguments are shown, None for none.

    What is switched off, or is not ready, is an Identity: the other transforms keep their places, and so their draws.
    """

    def __init__(self, *, allow_functions: bool = False) -> None:
        self.steps: list[Step] = []
        self.chosen: int | None = None
        self._allow_functions = allow_functions
        self._name: str | None = None  # of the Compose
        self._alone = False  # a transform without a Compose around it
        self._next = 0

    @classmethod
    def of(cls, pipe: Transform, *, allow_functions: bool = False) -> Editor:
        """With the steps of a pipeline. PipelineFileError for what no file can hold, ArgumentError for too many."""
        made = cls(allow_functions=allow_functions)
        made._take(pipe)
        return made

    def _take(self, pipe: Transform) -> None:
        alone = type(pipe) is not T.Compose
        parts = [pipe] if alone else list(pipe.transforms)
        if len(parts) > MOST_STEPS:
            raise ArgumentError(f"the pipeline has {len(parts)} transforms, the playground takes {MOST_STEPS}")
        self.steps = [self._new(*arguments_of(part), ready=True) for part in parts]
        self.chosen = self.steps[0].number if self.steps else None
        self._alone, self._name = alone, None if alone else pipe.config.name

    def take_text(self, text: str) -> None:
        """The steps of YAML or JSON, as files have it, in place of its own. ArgumentError, which names the line, for
        anything else; then nothing changes.
        """
        if len(text) > _LONGEST:
            raise ArgumentError(f"pipeline: {len(text):,} characters are too many, wants at most {_LONGEST:,}")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "pipeline"
            path.write_text(text, encoding="utf-8", errors="replace")
            try:
                pipe = twinlens.load(path, allow_functions=self._allow_functions)
            except TwinlensError as error:
                raise ArgumentError(str(error).replace(str(path), "pipeline")) from None
        self._take(pipe)

    def layout(self) -> str:
        """Differs where other steps, or the same ones otherwise, are to be placed on the page."""
        return repr((self.chosen, [(step.number, step.on, bool(step.errors)) for step in self.steps]))

    def step(self, number: int) -> Step:
        """ArgumentError where it is gone."""
        found = next((step for step in self.steps if step.number == number), None)
        if found is None:
            raise ArgumentError(f"no step {number}")
        return found

    def add(self, name: str) -> Step:
        """At the end, and chosen. PluginError for an unknown name, ArgumentError for one too many."""
        if len(self.steps) >= MOST_STEPS:
            raise ArgumentError(f"{MOST_STEPS} transforms are the most that the playground takes")
        step = self._new(name, start_of(name))
        if error := self._try(step, step.arguments):
            step.errors[""] = error
        self.steps.append(step)
        self.chosen = step.number
        return step

    def remove(self, number: int) -> None:
        """Chooses the one that follows."""
        place = self.steps.index(self.step(number))
        del self.steps[place]
        if self.chosen == number:
            self.chosen = self.steps[min(place, len(self.steps) - 1)].number if self.steps else None

    def move(self, number: int, by: int) -> None:
        """Towards the end, or the beginning where `by` is negative; no further than there."""
        step = self.step(number)
        place = self.steps.index(step)
        self.steps.remove(step)
        self.steps.insert(max(place + by, 0), step)

    def choose(self, number: int) -> None:
        """Shows its arguments; nobody's if they were shown."""
        self.chosen = None if self.chosen == number else self.step(number).number

    def switch(self, number: int, on: bool) -> None:
        """A step on or off."""
        self.step(number).on = on

    def set(self, number: int, name: str, shown: Any) -> str:
        """Sets an argument to what its control shows; returns why the step does not take it, empty where it does. Then
        it keeps the arguments that it had.
        """
        step = self.step(number)
        control = next((control for control in step.controls() if control.name == name), None)
        if control is None:
            raise ArgumentError(f"{step.name}: nothing to set {name!r} with")
        try:
            value = control.read(shown)
        except ArgumentError as error:
            step.drafts.pop(name, None)
            step.errors[name] = why = str(error)
            return why
        if step.drafts and not self._try(step, {**step.arguments, **step.drafts, name: value}):
            step.drafts, step.errors = {}, {}
            return ""
        refused = self._try(step, {**step.arguments, name: value})
        for which in (name, ""):
            step.drafts.pop(which, None)
            step.errors.pop(which, None)
        if refused:
            step.drafts[name], step.errors[name] = value, refused
        return refused

    def pipe(self) -> Transform:
        """The pipeline as it stands."""
        if self._alone and len(self.steps) == 1 and self.steps[0].on and self.steps[0].ready:
            return self._built(self.steps[0])
        parts = [self._built(step) if step.on and step.ready else T.Identity() for step in self.steps]
        return T.Compose(parts, name=self._name)

    def errors(self) -> list[str]:
        """Of all steps that are on, with their places."""
        shown = [(place, step) for place, step in enumerate(self.steps, 1) if step.on]
        return [f"{place}. {error}" for place, step in shown for error in step.errors.values()]

    def _new(self, name: str, arguments: dict[str, Any], *, ready: bool = False) -> Step:
        self._next += 1
        return Step(self._next, name, arguments, ready=ready)

    def _built(self, step: Step) -> Transform:
        return build(step.name, step.arguments, allow_functions=self._allow_functions)

    def _try(self, step: Step, arguments: dict[str, Any]) -> str:
        """Gives a step these arguments; why it does not take them, empty where it does."""
        try:
            part = build(step.name, arguments, allow_functions=self._allow_functions)
        except Refused as error:
            return str(error)
        step.arguments, step.ready = arguments_of(part)[1], True
        return ""
