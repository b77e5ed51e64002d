"""Every snippet of the README and the cookbook runs; the gallery shows every transform and changes the picture."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import twinlens

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "docs" / "cookbook.md"]
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def snippets(page: Path, language: str) -> list[str]:
    return [match[2] for match in _FENCE.finditer(page.read_text(encoding="utf-8")) if match[1] == language]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python(page: Path) -> None:
    names: dict[str, object] = {"__name__": page.stem}
    code = snippets(page, "python")
    assert code
    for block in code:
        exec(compile(block, str(page), "exec", dont_inherit=True), names)


def test_yaml(tmp_path: Path) -> None:
    (text,) = snippets(ROOT / "docs" / "cookbook.md", "yaml")
    (tmp_path / "pipeline.yaml").write_text(text)
    pipe = twinlens.load(tmp_path / "pipeline.yaml")
    assert pipe(np.zeros((300, 200), np.float32)).shape == (256, 256)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "docs" / "gallery.md"], ids=lambda page: page.name)
def test_links(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_gallery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import make_gallery

    page = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    for name in (*make_gallery.SHOWN, "WindowLevel", "PercentileNormalize", "BiasField"):
        assert f"## {name}\n" in page, "run python docs/make_gallery.py"
        assert (ROOT / "docs" / "gallery" / f"{name}.webp").exists()
    for name in ("BiasField", "WindowLevel"):
        first, *others = (np.asarray(make_gallery.shown(image)) for _, image in make_gallery.SHOWN[name][1]())
        assert all((other != first).any() for other in others)
    for module in ("make_gallery", "phantoms"):
        sys.modules.pop(module, None)
