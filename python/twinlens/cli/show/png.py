"""A sheet as a PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from twinlens.cli.drawing import FRAME, GRID, QUIET, SHEET, WARNING, Pen, cut, text_width
from twinlens.errors import ArgumentError

if TYPE_CHECKING:
    from pathlib import Path

    from twinlens.cli.show.layout import Cell, Line, Section, Sheet

__all__ = ["check_size", "write_png"]

_MARGIN, _GAP = 28, 10
_TITLE, _NOTE, _SECTION, _NAME, _CAPTION, _HEAD = 34, 19, 44, 30, 17, 22
_NARROWEST = 700  # within the margins: room for words
_LARGEST = 30_000  # pixels of a side: what viewers open
_LINES, _FAULT = 3, 58  # small words in a column's head, or why there is no picture; and the height of that


def check_size(columns: int, lines: int, side: int) -> None:
    """ArgumentError where a sheet may become larger than viewers open."""
    w, h = columns * (side + _GAP), lines * (side + _NAME + _CAPTION + _GAP)
    if max(w, h) > _LARGEST:
        raise ArgumentError(
            f"a sheet of about {w} x {h} pixels is too large for a PNG: lower --limit or --draws, or --out sheet.html"
        )


def write_png(sheet: Sheet, path: Path) -> None:
    """Lines are as high as their highest picture."""
    columns = max((len(section.heads) for section in sheet.sections), default=1)
    room = max(columns * (sheet.side + _GAP) - _GAP, _NARROWEST)
    width = 2 * _MARGIN + room
    notes = [words for note in sheet.notes for words in _wrapped(note, 14, room)]
    height = 2 * _MARGIN + _TITLE + _NOTE * len(notes) + sum(_section_height(s, sheet.side) for s in sheet.sections)
    image = Image.new("RGB", (width, height), SHEET)
    pen = Pen(ImageDraw.Draw(image), 1)
    pen.text((_MARGIN, _MARGIN + 14), cut(sheet.title, 26, room, middle=True), 26)
    top = _MARGIN + _TITLE
    for note in notes:
        pen.text((_MARGIN, top + _NOTE / 2), note, 14, QUIET)
        top += _NOTE
    for section in sheet.sections:
        top = _draw_section(image, pen, section, sheet.side, top)
    image.save(path, "PNG")


def _heads(section: Section, side: int) -> list[list[str]]:
    """The small words of each column in lines."""
    return [_wrapped(words, 12, side) for _, words in section.heads]


def _wrapped(words: str, size: float, width: float) -> list[str]:
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    kept = [cut(line, size, width, middle=True) for line in lines[:_LINES]]
    return [*kept[:-1], cut(kept[-1] + " ...", size, width)] if len(lines) > _LINES else kept


def _captions(cell: Cell, side: int) -> list[str]:
    return [words for line in cell.caption.splitlines() for words in _wrapped(line, 12, side)]


def _line_height(line: Line, side: int) -> int:
    tallest = max((cell.picture.height if cell.picture else _FAULT for cell in line.cells), default=0)
    captions = max((len(_captions(cell, side)) for cell in line.cells), default=0)
    return (_NAME if line.name else 0) + tallest + captions * _CAPTION + _GAP


def _head_height(section: Section, side: int) -> int:
    if not any(name for name, _ in section.heads):
        return 0
    return _HEAD + 15 * max(len(lines) for lines in _heads(section, side)) + 2


def _section_height(section: Section, side: int) -> int:
    title = _SECTION if section.title else _GAP
    return title + _head_height(section, side) + sum(_line_height(line, side) for line in section.lines)


def _draw_section(image: Image.Image, pen: Pen, section: Section, side: int, top: int) -> int:
    if section.title:
        pen.text((_MARGIN, top + _SECTION / 2 + 4), section.title, 20)
    top += _SECTION if section.title else _GAP
    for column, ((name, _), lines) in enumerate(zip(section.heads, _heads(section, side), strict=True)):
        x = _MARGIN + column * (side + _GAP)
        pen.text((x, top + _HEAD / 2), cut(name, 16, side), 16)
        for i, words in enumerate(lines):
            pen.text((x, top + _HEAD + 15 * i + 6), words, 12, QUIET)
    top += _head_height(section, side)
    for line in section.lines:
        _draw_line(image, pen, line, side, top)
        top += _line_height(line, side)
    return top


def _draw_line(image: Image.Image, pen: Pen, line: Line, side: int, top: int) -> None:
    if line.name:
        room = image.width - 2 * _MARGIN
        pen.box(_MARGIN, top + 2, image.width - _MARGIN, top + 2.5, GRID)
        name = cut(line.name, 14, room / 2, middle=True)
        pen.text((_MARGIN, top + _NAME / 2 + 2), name, 14)
        x = _MARGIN + text_width(name, 14) + 14
        about = cut(line.about, 12, image.width - _MARGIN - x)
        pen.text((x, top + _NAME / 2 + 2), about, 12, QUIET)
        x += text_width(about, 12) + 14
        pen.text((x, top + _NAME / 2 + 2), cut(line.fault, 12, image.width - _MARGIN - x), 12, WARNING)
        top += _NAME
    for column, cell in enumerate(line.cells):
        _draw_cell(image, pen, cell, side, (_MARGIN + column * (side + _GAP), top))


def _draw_cell(image: Image.Image, pen: Pen, cell: Cell, side: int, at: tuple[int, int]) -> None:
    x, y = at
    below = y
    if cell.picture is not None:
        image.paste(cell.picture, at)
        below += cell.picture.height
    elif cell.fault:
        pen.box(x, y, x + side - 1, y + _FAULT - 1, FRAME)
        for i, words in enumerate(_wrapped(cell.fault, 12, side - 12)):
            pen.text((x + 6, y + 13 + 16 * i), words, 12, WARNING)
        below += _FAULT
    for words in _captions(cell, side):
        pen.text((x, below + _CAPTION / 2 + 1), words, 12, QUIET)
        below += _CAPTION
