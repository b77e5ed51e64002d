"""All that the page shows, for a pipeline and what lies in front of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from twinlens.cli.samples import reason
from twinlens.play import html, timing, views
from twinlens.play.code import python_text, yaml_text
from twinlens.play.pictures import boxes_in, read_image, read_mask, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from twinlens.cli.show.scene import Scene
    from twinlens.play.editor import Editor
    from twinlens.transforms import Transform

__all__ = ["AGAINST", "NATIVE_ONLY", "TABS", "Desk", "Shown", "shown"]

TABS = ("Draws", "Steps", "Engines", "Time")
NATIVE_ONLY = "the batched engine alone"
#: libraries that a pipeline can be compared with, beside the project's own batched engine
AGAINST = (NATIVE_ONLY, "pillow", "opencv", "torchvision", "kornia", "albumentations")


@dataclass
class Desk:
    """The scene, and how to look at it. tab: one of TABS. faults: what was wrong with the last things put on it.
    pictures: those that the page has, by the name of their place.
    """

    scene: Scene = field(default_factory=sample)
    seed: int = 0
    count: int = 6
    tab: str = TABS[0]
    against: str = NATIVE_ONLY
    faults: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, Image.Image | None] = field(default_factory=dict)

    def take_image(self, path: str | None) -> None:
        """Another image, without mask and boxes, which were the old one's; the sample for None. On an error the old
        one stays.
        """
        self._take("image", lambda: sample() if path is None else replace(_bare(self.scene), image=read_image(path)))
        if "image" not in self.faults:
            self.faults.clear()

    def take_mask(self, path: str | None) -> None:
        """Another mask; none for None, and on an error."""
        self.scene = replace(self.scene, mask=None, colours={})
        self._take("mask", lambda: self.scene if path is None else read_mask(path, self.scene))

    def take_boxes(self, text: str) -> None:
        """Other boxes; none for an empty text, and on an error."""
        self.scene = replace(self.scene, boxes=None, names=())

        def read() -> Scene:
            boxes, names = boxes_in(text)
            return replace(self.scene, boxes=boxes if len(boxes) else None, names=names)

        self._take("boxes", read)

    def take_numbers(self, seed: object, count: object) -> None:
        """Seed and number of draws; what is no whole number, or none that a key takes, is 0 or 1."""
        self.seed = int(seed) if isinstance(seed, int | float) and 0 <= seed < 2**63 else 0
        self.count = min(max(int(count), 1), views.MOST_DRAWS) if isinstance(count, int | float) else 1

    def _take(self, what: str, read: Callable[[], Scene]) -> None:
        self.faults.pop(what, None)
        try:
            self.scene = read()
        except Exception as error:  # decoders raise anything
            text = reason(error)
            self.faults[what] = text if text.startswith(what) else f"{what}: {text}"


def _bare(scene: Scene) -> Scene:
    return replace(scene, mask=None, colours={}, boxes=None, names=())


@dataclass(frozen=True)
class Shown:
    """Pictures and HTML, in the order in which the page has them."""

    before: Image.Image
    before_words: str
    after: Image.Image | None
    after_words: str
    faults: str
    panel: str
    yaml: str
    python: str


def shown(editor: Editor, desk: Desk) -> Shown:
    """Never raises: what is wrong is said on the page."""
    wrong = [*desk.faults.values(), *editor.errors()]
    pipe = editor.pipe()
    made = views.result(pipe, desk.scene, desk.seed)
    if made.fault:
        wrong.append(made.fault)
    try:
        panel = _panel(pipe, desk, "Steps" if made.fault else desk.tab)  # of a pipeline that fails the steps say where
    except Exception as error:  # a callable in the pipeline may raise anything
        panel = html.faults([reason(error)])
    return Shown(
        made.before,
        html.words(made.before_words),
        made.after,
        html.words(made.after_words),
        html.faults(wrong),
        panel,
        yaml_text(pipe),
        python_text(pipe),
    )


def _panel(pipe: Transform, desk: Desk, tab: str) -> str:
    if tab == "Steps":
        return html.figures(views.steps(pipe, desk.scene, desk.seed))
    if tab == "Engines":
        against = [] if desk.against == NATIVE_ONLY else [desk.against]
        return html.figures(views.differences(pipe, desk.scene, desk.seed, against))
    if tab == "Time":
        return html.bars(timing.times(pipe, desk.scene.image, desk.seed))
    return html.figures(views.draws(pipe, desk.scene, desk.seed, desk.count))
