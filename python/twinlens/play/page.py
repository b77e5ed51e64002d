"""The page: where what `desk` and `editor` have is placed, and what happens when something is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import twinlens
from twinlens.cli.samples import reason
from twinlens.play import html
from twinlens.play.cards import At, Cards
from twinlens.play.desk import AGAINST, NATIVE_ONLY, TABS, Desk, Shown, shown
from twinlens.play.needs import gradio
from twinlens.play.pictures import boxes_text
from twinlens.play.views import MOST_DRAWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from twinlens.play.editor import Editor

__all__ = ["page"]

_BOXES = "- [60, 60, 221, 221, disc]"
_CACHE = (600, 3600)  # seconds: how often pictures are cleared away, and from what age on
_KEPT = 24 * 3600  # seconds that somebody's pipeline stays after it was last touched


def page(editor: Editor) -> Any:
    """A gradio.Blocks that starts with a copy of `editor` for everybody who opens it."""
    gr = gradio()
    with gr.Blocks(title="twinlens play", analytics_enabled=False, fill_width=True, delete_cache=_CACHE) as blocks:
        _Page(gr, blocks, editor).place()
    return blocks


class _Page:
    def __init__(self, gr: Any, blocks: Any, editor: Editor) -> None:
        self._gr, self._blocks = gr, blocks
        self.editor, self.desk = (gr.State(held, time_to_live=_KEPT) for held in (editor, Desk()))
        self.layout = gr.State("", time_to_live=_KEPT)  # changes when steps come and go: they are placed again
        self.looks: dict[str, Any] = {}

    def place(self) -> None:
        """Everything, and its events."""
        gr = self._gr
        gr.HTML(_head(), padding=False)
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=360):
                self._place_pipeline()
            with gr.Column(scale=5, min_width=480):
                self._place_pictures()
        self.outputs = [self.before, self.before_words, self.after, self.after_words, self.faults]
        self.outputs += [self.panel, self.yaml, self.python]
        cards = Cards(gr, self)
        with self._cards:
            place = gr.render(
                inputs=[self.editor],
                triggers=[self._blocks.load, self.layout.change],
                concurrency_limit=1,  # Gradio counts the renderings of all visitors together, to know old listeners by
                concurrency_id="page",
            )
            place(lambda editor: cards.place(editor))  # without annotations, which Gradio would evaluate
        self._connect()

    def _place_pipeline(self) -> None:
        gr = self._gr
        names = twinlens.names()
        self.add = gr.Dropdown(
            names, value=None, label=f"Add a transform: {len(names)}, type to search", elem_id="add", filterable=True
        )
        self._cards = gr.Column(elem_id="steps")
        with gr.Tabs():
            with gr.Tab("YAML"):
                self.yaml = gr.Code(
                    language="yaml", label="pipe.yaml", interactive=True, elem_id="yaml", lines=6, max_lines=24
                )
                self.use = gr.Button("Use this text", size="sm", elem_id="use")
            with gr.Tab("Python"):
                self.python = gr.Code(
                    language="python", label="Python", interactive=False, elem_id="python", lines=6, max_lines=24
                )

    def _place_pictures(self) -> None:
        gr = self._gr
        with gr.Row(equal_height=True):
            self.file = gr.File(label="Drop a picture here", file_count="single", height=110, elem_id="file", scale=3)
            with gr.Column(scale=1, min_width=150):
                self.seed = gr.Number(0, label="Seed", precision=0, minimum=0, elem_id="seed")
                self.sample = gr.Button("Sample picture", size="sm", elem_id="sample")
        with gr.Accordion("Mask and boxes", open=False), gr.Row():
            self.mask = gr.File(label="Mask: an image of the same size", height=110, elem_id="mask")
            self.boxes = gr.Textbox(
                boxes_text(Desk().scene),
                label="Boxes: left, top, right, bottom in pixels, and a name",
                placeholder=_BOXES,
                lines=4,
                elem_id="boxes",
            )
        self.faults = gr.HTML(elem_id="faults", padding=False)
        with gr.Row(equal_height=False):
            self.before, self.before_words = self._place_picture("before")
            self.after, self.after_words = self._place_picture("after")
        with gr.Tabs(elem_id="tabs"):
            for name in TABS:
                with gr.Tab(name, id=name) as self.looks[name]:
                    self._place_options(name)
        self.panel = gr.HTML(elem_id="panel", padding=False)

    def _place_picture(self, side: str) -> tuple[Any, Any]:
        gr = self._gr
        with gr.Column(min_width=220, elem_classes="tl-picture"):
            picture = gr.Image(
                label=side.capitalize(),
                type="pil",
                format="png",
                interactive=False,
                elem_id=side,
                height=380,
                buttons=["download", "fullscreen"],
            )
            return picture, gr.HTML(elem_id=f"{side}-words", padding=False)

    def _place_options(self, tab: str) -> None:
        gr = self._gr
        if tab == "Draws":
            self.count = gr.Slider(1, MOST_DRAWS, 6, step=1, label="Draws", elem_id="count")
        elif tab == "Engines":
            self.against = gr.Dropdown(
                list(AGAINST), value=NATIVE_ONLY, label="Compare the native engine with", elem_id="against"
            )
        elif tab == "Time":
            gr.HTML(html.words("Milliseconds a call on this machine, the median of up to nine."), padding=False)

    def _connect(self) -> None:
        self.on([self._blocks.load], _nothing, [])
        self.on([self.add.select], _added, [self.add], also=[self.add])
        self.on([self.use.click], lambda at, text: at.editor.take_text(text), [self.yaml])
        self.on([self.file.upload, self.file.clear], _uploaded, [self.file], also=[self.mask, self.boxes])
        self.on([self.sample.click], _sampled, [], also=[self.file, self.mask, self.boxes])
        self.on([self.mask.upload, self.mask.clear], lambda at, path: at.desk.take_mask(path), [self.mask])
        self.on([self.boxes.blur, self.boxes.submit], lambda at, text: at.desk.take_boxes(text), [self.boxes])
        numbers = [self.seed, self.count]
        self.on([each.input for each in numbers], lambda at, *given: at.desk.take_numbers(*given), numbers)
        self.on([self.against.input], lambda at, name: setattr(at.desk, "against", name), [self.against])
        for name, tab in self.looks.items():
            self.on([tab.select], lambda at, name=name: setattr(at.desk, "tab", name), [])

    def on(
        self,
        triggers: list[Any],
        act: Callable[..., Any],
        inputs: list[Any],
        also: list[Any] | None = None,
        key: Any = None,
    ) -> Any:
        """`act(at, *inputs)` when something happens, then all is shown again. What it returns, a list, goes
        to `also`. One call runs at a time, and of those that wait only the last. key: of what is placed anew with
        each change; a click in a browser that has not got the newest cards yet finds its listener by it.
        """
        extra = also or []

        def run(editor: Any, desk: Any, *given: Any) -> list[Any]:
            values = None
            desk.faults.pop("page", None)
            try:
                values = act(At(editor, desk), *given)
            except Exception as error:  # a plugin's transform may raise anything
                desk.faults["page"] = reason(error)
            values = values or [self._gr.skip() for _ in extra]
            return [editor, desk, editor.layout(), *self._sent(desk, shown(editor, desk)), *values]

        return self._gr.on(
            triggers,
            run,
            [self.editor, self.desk, *inputs],
            [self.editor, self.desk, self.layout, *self.outputs, *extra],
            trigger_mode="always_last",
            concurrency_limit=1,
            concurrency_id="page",
            show_progress="hidden",
            api_visibility="private",
            key=key,
        )

    def _sent(self, desk: Desk, now: Shown) -> list[Any]:
        """What the page gets, without the pictures that it has: Gradio would write their files again while the browser
        may be reading them.
        """
        had, desk.pictures = desk.pictures, {"before": now.before, "after": now.after}
        same = [name for name, picture in desk.pictures.items() if name in had and had[name] == picture]
        return list((vars(now) | dict.fromkeys(same, self._gr.skip())).values())


def _nothing(at: At) -> None:
    """To show what is there."""
    del at


def _added(at: At, name: str | None) -> list[None]:
    """The list of names is empty again, for the next one."""
    if name:
        at.editor.add(name)
    return [None]


def _uploaded(at: At, path: str | None) -> list[Any] | None:
    """Mask and boxes are those of the new picture, if it is one."""
    at.desk.take_image(path)
    return None if at.desk.faults else [None, boxes_text(at.desk.scene)]


def _sampled(at: At) -> list[Any]:
    at.desk.take_image(None)
    return [None, None, boxes_text(at.desk.scene)]


def _head() -> str:
    words = f"twinlens {twinlens.__version__}, kernels {twinlens.isa()}"
    return f'<div class="tl-head"><b>Playground</b><span>{words}</span></div>'
