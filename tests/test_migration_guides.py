"""The tables of the migration guides: what they name is there."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import kornia.augmentation
import pytest
from kornia.augmentation import auto

from twinlens import transforms as T

DOCS = Path(__file__).parents[1] / "docs"
GUIDES = ("albumentations", "kornia")
_NAME = re.compile(r"(?<![\w=\"])[A-Z][A-Za-z0-9]+(?=[(`])")


def rows(guide: str) -> list[list[str]]:
    """The cells of every table that has transforms: the other library's, ours, what is said of them."""
    lines = (DOCS / f"migrating-from-{guide}.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| `")]
    return [row for row in cells if len(row) == 3]


def names(cell: str) -> set[str]:
    """Of transforms, in what is marked as code."""
    return {name for code in re.findall(r"`[^`]*`", cell) for name in _NAME.findall(code)}


@pytest.mark.parametrize("guide", GUIDES)
def test_twinlens_names_exist(guide: str) -> None:
    named = set().union(*(names(row[1]) for row in rows(guide)))
    assert len(named) > 30
    assert not {name for name in named if not hasattr(T, name)}


@pytest.mark.parametrize("guide", GUIDES)
def test_every_row_names_both(guide: str) -> None:
    assert all(names(row[0]) and names(row[1]) for row in rows(guide))


def test_kornia_names_exist() -> None:
    named = set().union(*(names(row[0]) for row in rows("kornia")))
    assert len(named) > 40
    assert not {n for n in named if not hasattr(kornia.augmentation, n) and not hasattr(auto, n)}


def test_albumentations_names_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")
    pytest.importorskip("albumentations", reason="albumentations 2.0.8 is not installed")
    theirs = import_module("albumentations")
    named = set().union(*(names(row[0]) for row in rows("albumentations")))
    assert len(named) > 60
    assert not {name for name in named if not hasattr(theirs, name)}
