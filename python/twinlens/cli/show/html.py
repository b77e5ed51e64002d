"""A sheet as a page: one file, pictures and all."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PIL import Image

    from twinlens.cli.show.layout import Cell, Line, Section, Sheet

__all__ = ["write_html"]

_STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 28px; background: #fafaf8; color: #1c1e22; }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 32px 0 8px; }
p { margin: 0; color: #6e737c; }
table { border-collapse: separate; border-spacing: 10px 2px; margin-left: -10px; }
th { text-align: left; vertical-align: top; font-weight: 600; }
th small, figcaption, .about { color: #6e737c; font-size: 12px; font-weight: 400; }
th small { display: block; overflow-wrap: anywhere; }
td { vertical-align: top; } td.name { border-top: 1px solid #e2e4e8; padding-top: 8px; overflow-wrap: anywhere; }
figure { margin: 0 0 6px; } img { display: block; max-width: none; image-rendering: auto; }
.fault { color: #b04a24; font-size: 12px; } .about, .fault { margin-left: 12px; } figure .fault { margin: 0; }
"""


def write_html(sheet: Sheet, path: Path) -> None:
    """Nothing is loaded from elsewhere; all words are escaped."""
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(_page(sheet))


def _page(sheet: Sheet) -> Iterator[str]:
    title = escape(sheet.title)
    yield f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
    yield f"<style>{_STYLE}</style>\n"
    yield f"<h1>{title}</h1>\n"
    yield from (f"<p>{escape(note)}</p>\n" for note in sheet.notes)
    for section in sheet.sections:
        yield from _section(section, sheet.side)
    yield "</html>\n"


def _section(section: Section, side: int) -> Iterator[str]:
    if section.title:
        yield f"<h2>{escape(section.title)}</h2>\n"
    yield "<table>\n"
    if any(name for name, _ in section.heads):
        cells = (f"{escape(name)}<small>{escape(words)}</small>" for name, words in section.heads)
        yield "<tr>" + "".join(f'<th style="width:{side}px">{cell}</th>' for cell in cells) + "</tr>\n"
    for line in section.lines:
        yield from _line(line, len(section.heads))
    yield "</table>\n"


def _line(line: Line, columns: int) -> Iterator[str]:
    if line.name:
        fault = f'<span class="fault">{escape(line.fault)}</span>' if line.fault else ""
        about = f'{escape(line.name)}<span class="about">{escape(line.about)}</span>{fault}'
        yield f'<tr><td class="name" colspan="{columns}">{about}</td></tr>\n'
    yield "<tr>"
    for cell in line.cells:
        yield _cell(cell)
    yield "</tr>\n"


def _cell(cell: Cell) -> str:
    shown = f'<span class="fault">{escape(cell.fault)}</span>' if cell.fault else ""
    if cell.picture is not None:
        w, h = cell.picture.size
        shown = f'<img width="{w}" height="{h}" alt="" src="{_embedded(cell.picture)}">{shown}'
    return f"<td><figure>{shown}<figcaption>{_lines(cell.caption)}</figcaption></figure></td>"


def _lines(words: str) -> str:
    return "<br>".join(escape(line) for line in words.splitlines())


def _embedded(picture: Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
