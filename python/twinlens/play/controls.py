"""What an argument is set with: a slider, a number, a choice, a switch, or a line of YAML."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import yaml

from twinlens.errors import ArgumentError
from twinlens.play.schema import Field, fields_of

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["Control", "controls_of", "parsed"]

_LONGEST = 10_000  # characters of a value as text
_SPAN = 1024  # wider ranges are too coarse for a slider
_NOTHING = "none"


@dataclass(frozen=True)
class Control:
    """Sets one argument. low, high and step are a slider's; what a number may be is said by the transform. choices:
    the values behind a choice. verbatim: the text is the value, not YAML of it. empty: whether no text is None.
    """

    name: str
    kind: Literal["slider", "number", "choice", "switch", "text"]
    words: str = ""
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    whole: bool = False
    choices: tuple[Any, ...] = ()
    verbatim: bool = False
    empty: bool = False

    @property
    def labels(self) -> list[str]:
        """The choices in words."""
        return [_label(choice) for choice in self.choices]

    def show(self, value: Any) -> Any:
        """A value as the control has it: a number, whether a switch is on, a choice's label, or text."""
        if self.kind == "choice":
            return _label(value)
        if self.kind != "text":
            return value
        if value is None and self.empty:
            return ""
        return value if self.verbatim and isinstance(value, str) else _dumped(value)

    def read(self, shown: Any) -> Any:
        """The value that `shown` stands for; ArgumentError where the text is no YAML, or no number is given."""
        if self.kind == "choice":
            return dict(zip(self.labels, self.choices, strict=True)).get(shown, shown)
        if self.kind in ("slider", "number"):
            if isinstance(shown, bool) or not isinstance(shown, int | float) or not math.isfinite(shown):
                raise ArgumentError(f"{self.name}: wants a number")
            return int(shown) if self.whole and float(shown).is_integer() else shown
        if self.kind == "switch":
            return bool(shown)
        text = str(shown or "")
        if self.empty and not text.strip():
            return None
        return text.strip() if self.verbatim else parsed(text, self.name)


def controls_of(kind: type[Transform], values: dict[str, Any]) -> list[Control]:
    """One for each argument of which there is something to choose, fit for the values that it has now. `name`, which
    few need, only where it is set.
    """
    fields = [field for field in fields_of(kind) if field.name != "name" or values.get("name") is not None]
    made = (_control(field, values.get(field.name)) for field in fields)
    return [control for control in made if control is not None]


def parsed(text: str, what: str) -> Any:
    """YAML of one value. ArgumentError, which names `what`, for anything else, and for anchors: a few of them can
    describe a value without end.
    """
    if len(text) > _LONGEST:
        raise ArgumentError(f"{what}: {len(text):,} characters are too many, wants at most {_LONGEST:,}")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise ArgumentError(f"{what}: anchors (&) and aliases (*) are not supported")
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, ArgumentError):
            raise
        why = getattr(error, "problem", None) or str(error) or type(error).__name__
        raise ArgumentError(f"{what}: not YAML: {why}") from None


def _control(field: Field, value: Any) -> Control | None:
    if field.choices:
        if set(field.choices) == {True, False}:
            return Control(field.name, "switch", field.words)
        return Control(field.name, "choice", field.words, choices=field.choices) if len(field.choices) > 1 else None
    numbers = field.of_type("number", "integer")
    if len(numbers) == 1 and not field.nullable and isinstance(value, int | float) and not isinstance(value, bool):
        others = [form for form in field.forms if form is not numbers[0]]
        if all(form.get("type") == "array" for form in others):
            return _number(field, numbers[0], value)
    verbatim = bool(field.forms) and len(field.of_type("string")) == len(field.forms)
    return Control(field.name, "text", field.words, verbatim=verbatim, empty=field.nullable)


def _number(field: Field, form: dict[str, Any], value: float) -> Control:
    """A slider where the schema has bounds, or where some are at hand: from 0 to four times the value."""
    whole = form["type"] == "integer"
    low = form.get("minimum", form.get("exclusiveMinimum"))
    high = form.get("maximum", form.get("exclusiveMaximum"))
    if low is None or high is None or high - low > _SPAN:
        if whole or value <= 0:
            return Control(field.name, "number", field.words, whole=whole)
        low, high = low or 0, min(high or math.inf, float(f"{4 * value:.1g}"))
    step = 1 if whole else float(f"{10.0 ** math.floor(math.log10((high - low) / 100)):.0e}")
    low = low + step if low == form.get("exclusiveMinimum") else low
    high = high - step if high == form.get("exclusiveMaximum") else high
    return Control(field.name, "slider", field.words, min(low, value), max(high, value), step, whole)


def _label(choice: Any) -> str:
    return _NOTHING if choice is None else str(choice)


def _dumped(value: Any) -> str:
    """In one line, but for lists of transforms."""
    nested = isinstance(value, list) and any(isinstance(item, dict) for item in value)
    style = None if nested else True
    text: str = yaml.safe_dump(value, default_flow_style=style, width=60 if nested else float("inf"), sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")
