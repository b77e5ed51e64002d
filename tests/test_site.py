"""The site of the documentation: its parts, and, where mkdocs is installed, the whole of it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from website import figures, links, notebook

ROOT = Path(__file__).parents[1]
QUIET = {"NO_MKDOCS_2_WARNING": "1"}
NOTEBOOKS = sorted((ROOT / "docs").rglob("*.ipynb"))


class TestNotebooks:
    def test_there_are_some(self) -> None:
        assert NOTEBOOKS

    @pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
    def test_shows_what_it_computes(self, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Text by text and pixel by pixel; `python -m website.notebook FILE` in docs/ renews it."""
        monkeypatch.chdir(tmp_path)
        stored = json.loads(path.read_text(encoding="utf-8"))
        fresh = notebook.executed(stored)
        for old, new in zip(notebook.images(stored), notebook.images(fresh), strict=True):
            assert np.array_equal(pixels(old), pixels(new))
        assert notebook.to_markdown(stored, "name") == notebook.to_markdown(fresh, "name")

    def test_an_error_is_raised(self) -> None:
        cell = {"cell_type": "code", "source": ["1 / 0"], "outputs": []}
        with pytest.raises(ZeroDivisionError):
            notebook.executed({"cells": [cell]})

    def test_cells_share_names_and_show_the_last_value(self) -> None:
        cells = [{"cell_type": "code", "source": [line]} for line in ("a = 2", "print(a)\na + 1", "None")]
        made = notebook.to_markdown(notebook.executed({"cells": cells}), "name")
        fences = ["python\na = 2", "python\nprint(a)\na + 1", "text\n2", "text\n3", "python\nNone"]
        assert made == "\n\n".join(f"```{fence}\n```" for fence in fences) + "\n"


def pixels(png: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(png)))


def subject(name: str, *rows: dict[str, Any], reference: str | None = "Pillow") -> dict[str, Any]:
    return {"name": name, "title": f"{name} from a decoded image (b, c)", "reference": reference, "rows": list(rows)}


def row(name: str, microseconds: float, ratio: float, differs: str, share: float) -> dict[str, Any]:
    return {
        "row": name,
        "microseconds": microseconds,
        "ratio": ratio,
        "differs": differs,
        "differing_share": share,
    }


OURS = row("twinlens", 1234.4, 1.0, "0 pixels", 0.0)
RIVALS = (
    row("Pillow", 5000.0, 4.04, "0 pixels", 0.0),
    row("Pillow-SIMD", 700.0, 0.56, "3 of 600 pixels, at most 1", 0.005),
    row("torchvision v2, contiguous", 9000.0, 7.2, "9 of 600 pixels, at most 2", 0.015),
    row("torchvision v2, channels last", 3000.0, 2.4, "6 of 600 pixels, at most 1", 0.01),
    {"row": "kornia", "missing": "kornia is not installed"},
)


class TestTables:
    def test_speed_takes_the_fastest_row_of_each_rival(self) -> None:
        table = figures.speed_table({"subjects": [subject("eval", OURS, *RIVALS), subject("unknown", OURS)]})
        head, _, line = table.splitlines()
        cells = dict(zip(head.split(" | "), line.split(" | "), strict=True))
        assert line.startswith("| eval | 1,234 us |")
        assert [cells[name] for name in ("Pillow", "Pillow-SIMD", "torchvision v2")] == ["4.0x", "0.6x", "2.4x"]
        assert cells["kornia |"].strip(" |") == ""

    def test_parity_takes_the_closest_row_of_each_rival(self) -> None:
        report = {"subjects": [subject("a", OURS, *RIVALS), subject("b", OURS, reference=None)]}
        head, _, line = figures.parity_table(report).splitlines()
        cells = dict(zip(head.split(" | "), line.split(" | "), strict=True))
        assert cells["twinlens"] == cells["Pillow"] == "0"
        assert [cells[name] for name in ("Pillow-SIMD", "torchvision v2")] == ["0.5%, by 1", "1%, by 1"]

    def test_the_newest_whole_report(self, tmp_path: Path) -> None:
        for date, works in (("2026-01-01", ["eval"]), ("2026-03-01", ["eval"]), ("2026-04-01", ["resize"])):
            report = {"date": date, "subjects": [{"name": name} for name in works]}
            (tmp_path / f"{date}.json").write_text(json.dumps(report))
        (tmp_path / "instructions.json").write_text("{}")
        path, report = figures.newest_report(tmp_path)
        assert (path.name, report["date"]) == ("2026-03-01.json", "2026-03-01")

    def test_no_report_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="no report"):
            figures.newest_report(tmp_path)

    def test_the_landing_page_has_the_figures_of_the_report(self) -> None:
        _, report = figures.newest_report(ROOT / "benchmarks" / "results")
        page = figures.filled((ROOT / "docs" / "index.md").read_text(encoding="utf-8"), ROOT)
        work = next(entry for entry in report["subjects"] if entry["name"] == "resize_bilinear")
        pillow = next(entry for entry in work["rows"] if entry["row"] == "Pillow")
        assert f"| {work['title']} | {work['rows'][0]['microseconds']:,.0f} us | {pillow['ratio']:.1f}x |" in page
        assert report["machine"]["cpu"] in page
        assert "<!--" not in page

    def test_a_marker_that_names_nothing_is_an_error(self) -> None:
        with pytest.raises(KeyError, match="sped table"):
            figures.filled("<!-- sped table -->", ROOT)
        with pytest.raises(KeyError, match="evil"):
            figures.filled("<!-- rows of evil -->", ROOT)


@pytest.mark.parametrize(
    ("path", "link", "wanted"),
    [
        ("docs/cuda.md", "ray.md#on-cards", "ray.md#on-cards"),
        ("docs/index.md", "notebooks/first.ipynb", "notebooks/first.md"),
        ("docs/index.md", "transforms", "transforms/README.md"),
        ("docs/transforms/mix.md", "../gallery/Mosaic.webp", "../gallery/Mosaic.webp"),
        ("docs/plugins.md", "../plugins/twinlens-squares", "plugins/twinlens-squares/README.md"),
        ("docs/transforms/mix.md", "../../CHANGELOG.md", "../CHANGELOG.md"),
        ("plugins/a/README.md", "../../docs/semantics.md#x", "../../semantics.md#x"),
        ("plugins/a/docs/gallery.md", "gallery/X.webp", "gallery/X.webp"),
        ("plugins/a/README.md", "../../README.md", "../../index.md"),
        ("docs/index.md", "https://triton-lang.org", "https://triton-lang.org"),
    ],
)
def test_links_become_those_of_the_site(path: str, link: str, wanted: str) -> None:
    made = links.rewritten(f"See [it]({link}), `[x](y/../z)`.", path, lambda name: (ROOT / name).is_dir())
    assert made == f"See [it]({wanted}), `[x](y/../z)`."


class TestReference:
    def test_examples_become_code(self) -> None:
        pytest.importorskip("griffe", reason="mkdocstrings[python] is not installed")
        from website.docstrings import fenced

        text = "Turns.\n\n    >>> a = (\n    ...     1)\n    >>> a\n    1\n\nMore >>> text."
        code = ">>> a = (\n...     1)\n>>> a\n1"
        assert fenced(text) == f"Turns.\n\n```pycon\n{code}\n```\n\nMore >>> text."

    def test_every_public_name_has_a_place(self) -> None:
        pytest.importorskip("griffe", reason="mkdocstrings[python] is not installed")
        from website import reference

        import twinlens
        import twinlens.data

        pages = reference.pages(ROOT / "python")
        for module in (twinlens, twinlens.data, twinlens.transforms):
            page = pages[module.__name__]
            names = {name for name in module.__all__ if not name.startswith("_")}
            listed = {line.rpartition(".")[2] for line in page.splitlines() if line.startswith("::: ")}
            assert names - listed <= {"functional", "transforms", "v2"}
        assert "twinlens.cli" not in pages


class _Addresses(HTMLParser):
    """What a page loads: scripts, styles, pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "img") and given.get("src"):
            self.loaded.append(given["src"] or "")
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preconnect", "preload"):
            self.loaded.append(given["href"] or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with --strict: one warning, of a link that leads nowhere for one, is an error."""
    pytest.importorskip("material", reason="mkdocs-material is not installed: pip install '.[docs]'")
    pytest.importorskip("mkdocstrings_handlers.python", reason="mkdocstrings[python] is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", ".mkdocs.yml", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | QUIET, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "WARNING" not in done.stderr
    return folder


class TestSite:
    def test_the_landing_page_has_the_tables(self, site: Path) -> None:
        page = (site / "index.html").read_text(encoding="utf-8")
        _, report = figures.newest_report(ROOT / "benchmarks" / "results")
        assert report["machine"]["cpu"] in page
        assert page.count("<table>") == 4

    def test_every_transform_is_in_the_reference(self, site: Path) -> None:
        import twinlens

        page = (site / "reference" / "twinlens.transforms" / "index.html").read_text(encoding="utf-8")
        names = [name for name in twinlens.names() if "." not in name]
        assert names
        assert not [name for name in names if f'id="twinlens.transforms.{name}"' not in page]

    def test_nothing_is_loaded_from_elsewhere_and_all_is_there(self, site: Path) -> None:
        for page in site.rglob("*.html"):
            addresses = _Addresses()
            addresses.feed(page.read_text(encoding="utf-8"))
            assert addresses.loaded
            for address in addresses.loaded:
                assert "//" not in address, (page, address)
                base = site if address.startswith("/") else page.parent
                assert (base / address.lstrip("/").partition("?")[0]).exists(), (page, address)

    def test_plugins_and_the_notebook_are_pages(self, site: Path) -> None:
        menu = (site / "plugins" / "index.html").read_text(encoding="utf-8")
        for plugin in ROOT.glob("plugins/*/README.md"):
            assert (site / "plugins" / plugin.parent.name / "index.html").exists()
            assert f'href="{plugin.parent.name}/"' in menu
        assert "What the cell shows" in (site / "notebooks/first-steps/index.html").read_text(encoding="utf-8")
