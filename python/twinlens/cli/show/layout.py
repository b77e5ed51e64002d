"""What is on a sheet, whatever it is written as."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Cell", "Line", "Section", "Sheet"]


@dataclass(frozen=True)
class Cell:
    """A picture, and the lines below it; or why there is none."""

    picture: Image.Image | None
    caption: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Line:
    """Pictures side by side, below the name of their image and what is to say about it."""

    name: str
    about: str
    cells: list[Cell]
    fault: str = ""


@dataclass(frozen=True)
class Section:
    """Lines with columns in common. heads: a title a column, and smaller words below it."""

    title: str
    heads: list[tuple[str, str]]
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Sheet:
    """side: of the square that the pictures fit in."""

    title: str
    notes: list[str]
    sections: list[Section]
    side: int
