"""From images and a pipeline to a sheet: originals, draws, and the image after each transform."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import twinlens
from twinlens.cli.prefixes import parts_of, prefixes
from twinlens.cli.samples import evenly, pixels, reason
from twinlens.cli.show.annotated import annotated
from twinlens.cli.show.layout import Cell, Line, Section, Sheet
from twinlens.cli.show.overlay import Colours
from twinlens.cli.show.scene import Scene, applied
from twinlens.cli.show.shots import Normal, Shot, joint_range, normal_of, painted, shot
from twinlens.data.decoding import MAX_PIXELS

if TYPE_CHECKING:
    from twinlens.cli.show.box_rows import BoxesOf
    from twinlens.cli.show.masks import Masks
    from twinlens.data.sources import Source
    from twinlens.transforms import Transform

__all__ = ["PLAIN", "Look", "Made", "chosen", "make_sheet", "step_names"]

#: originals side by side, where there is no pipeline
PLAIN = 4


@dataclass(frozen=True)
class Look:
    """What to look at: images of `source` by number; `draws` of `pipe` under key(seed, draw, number), for each of them;
    with `steps`, what is left of draw 0 after each transform. side: of the square that a picture fits in.
    """

    source: Source
    indices: Sequence[int]
    pipe: Transform | None = None
    masks: Masks | None = None
    boxes: BoxesOf | None = None
    draws: int = 4
    steps: bool = False
    seed: int = 0
    side: int = 224
    max_pixels: int = MAX_PIXELS


@dataclass
class Made:
    """The sheet, and what is missing on it: names and reasons."""

    sheet: Sheet
    unread: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)


def chosen(source: Source, limit: int, masks: Masks | None = None, boxes: BoxesOf | None = None) -> list[int]:
    """At most `limit` images, from the whole source; those with masks and boxes where these are wanted."""
    wanted = [which for which in (masks, boxes) if which is not None]
    numbers = [i for i in range(len(source)) if all(which.has(i) for which in wanted)] if wanted else []
    return [numbers[i] for i in evenly(len(numbers), limit)] if numbers else evenly(len(source), limit)


def step_names(pipe: Transform) -> list[tuple[str, str]]:
    """Of each transform its name, and its arguments."""
    shown = [" ".join(repr(part).split()) for part in parts_of(pipe)]
    return [(text.partition("(")[0], text.partition("(")[2].removesuffix(")")) for text in shown]


def make_sheet(look: Look, title: str, notes: Iterable[str]) -> Made:
    """Images that cannot be read, and results that there are not, have their reason on the sheet."""
    made = Made(Sheet(title, list(notes), [], look.side))
    maker = _Maker(look, made)
    for index in look.indices:
        maker.add(index)
    made.sheet.sections.extend(maker.sections())
    return made


class _Maker:
    def __init__(self, look: Look, made: Made) -> None:
        self._look, self._made = look, made
        self._colours = Colours(() if look.boxes is None else look.boxes.classes)
        self._normal = None if look.pipe is None else normal_of(look.pipe)
        self._draws = look.draws if look.pipe is not None and look.pipe.random else min(look.draws, 1)
        self._lines: list[Line] = []
        self._strips: list[Line] = []

    def add(self, index: int) -> None:
        """Another image."""
        look, name = self._look, self._look.source.path(index)
        try:
            image = pixels(look.source, index, look.max_pixels)
        except Exception as error:  # a plugin's source may raise anything
            self._made.unread.append((name, reason(error)))
            self._lines.append(Line(name, f"#{index}", [Cell(None, fault=reason(error))]))
            return
        scene, faults = annotated(Scene(image), index, look.masks, look.boxes)
        original = shot(scene, look.side)
        about = ", ".join(self._facts(index, scene, original))
        first = Cell(painted(original, self._colours))
        if look.pipe is None:
            self._lines.append(Line(name, about, [first], "; ".join(faults)))
            return
        deep = original.measured
        results = [self._result(look.pipe, scene, index, draw, deep=deep) for draw in range(self._draws)]
        self._made.failed += [(name, result) for result in results if isinstance(result, str)]
        joint = joint_range([result for result in results if isinstance(result, Shot)])
        if joint is not None:
            about += f", results shown from {joint[0]:.4g} to {joint[1]:.4g}"
        cells = [first, *(self._cell(result, joint) for result in results)]
        self._lines.append(Line(name, about, cells, "; ".join(faults)))
        if look.steps:
            self._strips.append(Line(name, about, [first, *self._strip(look.pipe, scene, index, deep=deep)]))

    def _facts(self, index: int, scene: Scene, original: Shot) -> list[str]:
        """What is known of an image."""
        look = self._look
        facts = [f"#{index}", original.about]
        if look.source.label(index):
            facts.append(f"class {look.source.label(index)}")
        if original.measured:
            facts.append(f"shown from {original.shown[0]:.4g} to {original.shown[1]:.4g}")
        if scene.boxes is not None:
            facts.append("1 box" if len(scene.boxes) == 1 else f"{len(scene.boxes)} boxes")
        if look.masks is not None and scene.mask is None:
            facts.append("no mask")
        return facts

    def _result(self, pipe: Transform, scene: Scene, index: int, draw: int, *, deep: bool) -> Shot | str:
        """A draw, or why there is none."""
        try:
            after = applied(pipe, scene, twinlens.key(self._look.seed, draw, index))
            return shot(after, self._look.side, self._normal, deep=deep)
        except Exception as error:  # a callable in the pipeline may raise anything
            return reason(error)

    def _cell(self, result: Shot | str, joint: tuple[float, float] | None = None) -> Cell:
        if isinstance(result, str):
            return Cell(None, fault=result)
        return Cell(painted(result, self._colours, joint), result.about)

    def _strip(self, pipe: Transform, scene: Scene, index: int, *, deep: bool) -> Iterable[Cell]:
        """The image after each transform, as draw 0 has it."""
        key = twinlens.key(self._look.seed, 0, index)
        before = scene
        for part in prefixes(pipe):
            try:
                after = applied(part, scene, key)
                normal: Normal | None = normal_of(part)
                one = shot(after, self._look.side, normal, deep=deep)
            except Exception as error:
                yield Cell(None, fault=reason(error))
                return
            notes = [one.about]
            if after.same(before):
                notes.append("no change")
            elif one.measured:
                notes.append(f"from {one.shown[0]:.4g} to {one.shown[1]:.4g}")
            elif normal is not None:
                notes.append("Normalize undone")
            yield Cell(painted(one, self._colours), ", ".join(notes))
            before = after

    def sections(self) -> list[Section]:
        """All that was added."""
        if self._look.pipe is None:
            return [_grid(self._lines)]
        heads = [("original", ""), *((f"draw {d}", "") for d in range(self._draws))]
        if not self._look.pipe.random:
            heads[1:] = [("result", "")]
        found = [_without_repetition(Section("", heads, self._lines))]
        if self._strips:
            names = step_names(self._look.pipe)
            found.append(Section("draw 0, one transform after the other", [("original", ""), *names], self._strips))
        return found


def _without_repetition(section: Section) -> Section:
    """Captions that all results have go to the columns' heads."""
    said = {cell.caption for line in section.lines for cell in line.cells[1:] if cell.picture is not None}
    if len(said) != 1:
        return section
    words = said.pop()
    lines = [replace(line, cells=[replace(cell, caption="") for cell in line.cells]) for line in section.lines]
    return replace(section, heads=[section.heads[0], *((name, words) for name, _ in section.heads[1:])], lines=lines)


def _grid(lines: list[Line]) -> Section:
    """Originals alone: names below the pictures, several in a row."""
    said = [[words for words in (line.name, line.about, line.fault) if words] for line in lines]
    cells = [replace(line.cells[0], caption="\n".join(words)) for line, words in zip(lines, said, strict=True)]
    rows = [Line("", "", cells[i : i + PLAIN]) for i in range(0, len(cells), PLAIN)]
    return Section("", [("", "")] * min(PLAIN, max(len(cells), 1)), rows)
