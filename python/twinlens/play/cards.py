"""The steps on the page: a line each, and below the chosen one what its arguments are set with."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from twinlens import registry
from twinlens.play import html

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinlens.play.controls import Control
    from twinlens.play.desk import Desk
    from twinlens.play.editor import Editor, Step

__all__ = ["At", "Cards", "Events"]

_WORDS = 160  # characters on an argument


@dataclass(frozen=True)
class At:
    """What is worked on when something happens."""

    editor: Editor
    desk: Desk


class Events(Protocol):
    """Who knows what happens then: see `page`."""

    def on(
        self,
        triggers: list[Any],
        act: Callable[..., Any],
        inputs: list[Any],
        also: list[Any] | None = None,
        key: Any = None,
    ) -> Any:
        """`act(at, *inputs)`, then all is shown again. key: the same for the same control, whenever it is placed."""


class Cards:
    """gr: gradio, in whose Blocks they are placed."""

    def __init__(self, gr: Any, events: Events) -> None:
        self._gr, self._events = gr, events

    def place(self, editor: Editor) -> None:
        """All steps."""
        if not editor.steps:
            self._gr.HTML(html.words("No transforms yet: the picture stays as it is."), padding=False)
        for place, step in enumerate(editor.steps):
            self._line(place, step, chosen=step.number == editor.chosen)
            if step.number == editor.chosen:
                with self._gr.Group(elem_classes="tl-arguments"):
                    self._arguments(step)

    def _line(self, place: int, step: Step, *, chosen: bool) -> None:
        gr, number = self._gr, step.number
        classes = ["tl-step", *([] if step.on else ["tl-off"]), *(["tl-wrong"] if step.errors else [])]
        with gr.Row(elem_classes=classes):
            on = gr.Checkbox(
                step.on,
                interactive=True,
                show_label=False,
                label="on",
                container=False,
                elem_classes="tl-on",
                min_width=28,
            )
            name = gr.Button(
                f"{place + 1}. {step.name}" + (" (!)" if step.errors else ""),
                variant="primary" if chosen else "secondary",
                size="sm",
                scale=8,
                elem_classes="tl-name",
                elem_id=f"step-{number}",
            )
            self._button(number, "\N{UPWARDS ARROW}", "up", lambda at: at.editor.move(number, -1))
            self._button(number, "\N{DOWNWARDS ARROW}", "down", lambda at: at.editor.move(number, 1))
            self._button(number, "\N{MULTIPLICATION SIGN}", "remove", lambda at: at.editor.remove(number))
        self._events.on([on.input], lambda at, value: at.editor.switch(number, value), [on], key=(number, "on"))
        self._events.on([name.click], lambda at: at.editor.choose(number), [], key=(number, "choose"))

    def _button(self, number: int, sign: str, what: str, act: Callable[..., Any]) -> None:
        made = self._gr.Button(sign, size="sm", scale=0, elem_classes="tl-small", elem_id=f"step-{number}-{what}")
        self._events.on([made.click], act, [], key=(number, what))

    def _arguments(self, step: Step) -> None:
        first = (inspect.getdoc(registry.get(step.name)) or "").split("\n\n")[0]
        self._gr.HTML(html.words(" ".join(first.split())), elem_classes="tl-about")
        if "" in step.errors:
            self._gr.HTML(html.faults([step.errors[""]]))
        for control in step.controls():
            self._argument(step, control)

    def _argument(self, step: Step, control: Control) -> None:
        number, name = step.number, control.name
        error = step.errors.get(name, "")
        value = control.show(step.drafts.get(name, step.arguments.get(name)))
        made = self._made(control, value, _looks(control, error) | {"elem_id": f"step-{number}-{name}"})

        def act(at: At, shown: Any) -> list[Any]:
            return [self._gr.update(**_looks(control, at.editor.set(number, name, shown)))]

        triggers = [made.blur, made.submit] if control.kind == "text" else [made.input]
        self._events.on(triggers, act, [made], also=[made], key=(number, "argument", name))

    def _made(self, control: Control, value: Any, looks: dict[str, Any]) -> Any:
        gr, looks = self._gr, looks | {"label": control.name, "interactive": True}
        if control.kind == "slider":
            return gr.Slider(control.low, control.high, value, step=control.step, **looks)
        if control.kind == "number":
            return gr.Number(value, **looks)
        if control.kind == "choice":
            return gr.Dropdown(control.labels, value=value, **looks)
        if control.kind == "switch":
            return gr.Checkbox(value, **looks)
        return gr.Textbox(value, lines=value.count("\n") + 1, max_lines=20, **looks)


def _looks(control: Control, error: str) -> dict[str, Any]:
    """What stands below the name: words on the argument, or why its value is not taken."""
    words = control.words if len(control.words) <= _WORDS else control.words[: _WORDS - 3].rstrip() + "..."
    return {"info": error or words or None, "elem_classes": ["tl-bad"] if error else []}
