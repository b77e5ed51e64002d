"""The gallery shows every transform, and what it shows changes the picture."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twinlens

ROOT = Path(__file__).parents[1]


def _gallery() -> Any:
    spec = importlib.util.spec_from_file_location("make_gallery", ROOT / "docs" / "make_gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["make_gallery"] = module
    spec.loader.exec_module(module)
    return module


GALLERY = _gallery()


def test_every_transform_is_shown_or_has_a_reason() -> None:
    page = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    names = [name for name in twinlens.names() if "." not in name]
    missing = [name for name in names if f"## {name}\n" not in page and f"- `{name}`: " not in page]
    assert not missing, "run python docs/make_gallery.py"
    for name in GALLERY.shown():
        assert (ROOT / "docs" / "gallery" / f"{name}.webp").exists(), "run python docs/make_gallery.py"


@pytest.mark.parametrize("name", GALLERY.shown())
def test_the_picture_changes(name: str) -> None:
    panels = np.asarray(GALLERY.strip(name)).astype(int)
    cell = GALLERY.CELL
    first = panels[:, :cell]
    others = [panels[:, left : left + cell] for left in range(cell + GALLERY.GAP, panels.shape[1], cell + GALLERY.GAP)]
    assert any(other.shape != first.shape or (other != first).any() for other in others)
