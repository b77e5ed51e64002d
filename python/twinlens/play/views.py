"""What a pipeline makes of a scene: the result, its draws, step by step, beside other engines."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

import twinlens
from twinlens.cli.parity.measure import compare
from twinlens.cli.parity.picture import draw, heat
from twinlens.cli.parity.report import title_of
from twinlens.cli.samples import reason
from twinlens.cli.show.layout import Cell
from twinlens.cli.show.overlay import Colours
from twinlens.cli.show.scene import Scene, applied
from twinlens.cli.show.sheet import Look, make_sheet
from twinlens.cli.show.shots import Shot, normal_of, painted, shot
from twinlens.data.loading.mixing import mixes
from twinlens.errors import ArgumentError
from twinlens.play.one import OneBoxes, OneMask, OneSource

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["MOST_DRAWS", "Result", "differences", "draws", "result", "steps"]

MOST_DRAWS = 24
_LARGEST, _SIDE, _HEAT = 1024, 224, 320


@dataclass(frozen=True)
class Result:
    """Pictures of the image and of what became of it, None with the reason in `fault`; words on each."""

    before: Image.Image
    before_words: str
    after: Image.Image | None
    after_words: str = ""
    fault: str = ""


def result(pipe: Transform, scene: Scene, seed: int) -> Result:
    """Draw 0, as large as it is, up to 1024 pixels on the longer side."""
    colours = Colours()
    first = _shot(scene)
    made = Result(painted(first, colours), _words(scene, first), None)
    try:
        _check(pipe)
        after = applied(pipe, scene, twinlens.key(seed, 0, 0))
        normal = normal_of(pipe)
        last = _shot(after, normal, deep=first.measured)
    except Exception as error:  # a callable in the pipeline may raise anything
        return replace(made, fault=reason(error))
    undone = normal is not None and after.image.dtype == np.float32
    words = _words(after, last) + (", Normalize undone" if undone else "")
    return replace(made, after=painted(last, colours), after_words=words)


def draws(pipe: Transform, scene: Scene, seed: int, count: int) -> list[Cell]:
    """Draws 0 to count - 1, under key(seed, draw, 0): as a Loader with that seed gives image 0 in these epochs. One
    where nothing is drawn.
    """
    if not 1 <= count <= MOST_DRAWS:
        raise ArgumentError(f"draws: {count} wants to be from 1 to {MOST_DRAWS}")
    sheet = _sheet(pipe, scene, seed, count)
    heads = [name for name, _ in sheet[0].heads[1:]]
    cells = sheet[0].lines[0].cells[1:]
    return [replace(cell, caption=_joined(head, cell.caption)) for head, cell in zip(heads, cells, strict=True)]


def steps(pipe: Transform, scene: Scene, seed: int) -> list[Cell]:
    """The image, and draw 0 after each transform, up to the one that fails."""
    section = _sheet(pipe, scene, seed, 1, steps=True)[-1]
    names = [name for name, _ in section.heads]
    numbered = [names[0], *(f"{place}. {name}" for place, name in enumerate(names[1:], 1))]
    cells = section.lines[0].cells
    return [
        replace(cell, caption=_joined(head, cell.caption)) for head, cell in zip(numbered, cells, strict=False)
    ]  # none behind one that failed


def differences(pipe: Transform, scene: Scene, seed: int, against: list[str]) -> list[Cell]:
    """The batched engine, and other libraries, beside the native engine: how many values of draw 0 differ, and where.
    The image alone, without mask and boxes.
    """
    _check(pipe)
    found = compare(OneSource(scene), [0], pipe, against, seed)
    if found.failed:
        raise ArgumentError(found.failed[0][1])
    cells = []
    for row in found.rows:
        head, missing = title_of(row), "; ".join(f"{name}: {why}" for name, why in row.missing.items())
        if row.version is None:
            cells.append(Cell(None, head, f"not installed: {row.install}"))
        elif not row.images:
            cells.append(Cell(None, head, row.other or missing))
        else:
            words = f"{row.difference.differing:,} of {row.difference.values:,} values differ"
            notes = [f"by {row.difference.greatest:.3g} levels at most"] if row.difference.differing else []
            notes += [f"ours in its place: {', '.join(row.missing)}"] if row.missing else []
            cells.append(Cell(_map(row.worst, head, pipe, scene), "\n".join([head, ", ".join([words, *notes])])))
    return cells


def _map(worst: Any, head: str, pipe: Transform, scene: Scene) -> Image.Image:
    """Where values differ; black where none does."""
    if worst is None:
        h, w = scene.image.shape[:2]
        small = max(1, round(_HEAT * h / max(h, w))), max(1, round(_HEAT * w / max(h, w)))
        return heat(np.zeros(small), small)
    file = io.BytesIO()
    draw(replace(worst, name=""), head, normal_of(pipe), file)
    return Image.open(file)


def _check(pipe: Transform) -> None:
    if mixes(pipe):
        raise ArgumentError("the pipeline mixes the images of a batch, and there is one: switch MixUp and the like off")


def _sheet(pipe: Transform, scene: Scene, seed: int, count: int, *, steps: bool = False) -> Any:
    _check(pipe)
    masks = None if scene.mask is None else OneMask(scene)
    boxes = None if scene.boxes is None else OneBoxes(scene)
    look = Look(OneSource(scene), [0], pipe, masks, boxes, count, steps, seed, _SIDE)
    return make_sheet(look, "", []).sheet.sections


def _shot(scene: Scene, normal: Any = None, *, deep: bool = False) -> Shot:
    return shot(scene, min(max(scene.image.shape[:2]), _LARGEST), normal, deep=deep)


def _words(scene: Scene, seen: Shot) -> str:
    h, w, channels = scene.image.shape
    words = [f"{w} x {h} x {channels}, {scene.image.dtype}"]
    if max(h, w) > _LARGEST:
        words.append("shown smaller")
    if seen.measured:
        words.append(f"shown from {seen.shown[0]:.4g} to {seen.shown[1]:.4g}")
    if scene.boxes is not None:
        words.append("1 box" if len(scene.boxes) == 1 else f"{len(scene.boxes)} boxes")
    return ", ".join(words)


def _joined(head: str, caption: str) -> str:
    return f"{head}\n{caption}" if caption else head
