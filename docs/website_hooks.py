"""Hooks of mkdocs: pages that are made or lie outside of docs/, tables, links. See .mkdocs.yml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from website import figures, links, notebook, reference

ROOT = Path(__file__).parents[1]
#: files outside of docs/ that are pages or pictures of the site
OUTSIDE = (
    "CHANGELOG.md",
    "LICENSE",
    "plugins/*/README.md",
    "plugins/*/docs/*.md",
    "plugins/*/docs/gallery/*",
    "plugins/*/benchmarks/*.md",
)
#: where a page comes from, by its place in the site, if that is not docs/
_ORIGINS: dict[str, str] = {}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The pages of the API reference, in the place that the navigation has for them."""
    pages = [{name.removeprefix("twinlens."): _reference_uri(name)} for name in reference.pages(ROOT / "python")]
    for entry in config.nav or []:
        if "API reference" in entry:
            entry["API reference"] = pages
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds what is not in docs/."""
    for name, text in reference.pages(ROOT / "python").items():
        files.append(File.generated(config, _reference_uri(name), content=text))
    for path in sorted((ROOT / "docs").rglob("*.ipynb")):
        _add_notebook(files, config, path)
    for pattern in OUTSIDE:
        for path in sorted(ROOT.glob(pattern)):
            origin = path.relative_to(ROOT).as_posix()
            _add(files, config, links.page_of(origin), path)
    report, _ = figures.newest_report(ROOT / "benchmarks" / "results")
    _add(files, config, "benchmarks/results/report.md", report.with_suffix(".md"))
    return files


def on_page_markdown(markdown: str, page: Page, **kwargs: Any) -> str:
    """Tables in the place of their markers, and links of the site instead of the checkout's."""
    del kwargs
    uri = page.file.src_uri
    if page.is_homepage:
        page.meta["hide"] = ["navigation"]  # its tables are wide
    markdown = figures.filled(markdown, ROOT)
    return links.rewritten(markdown, _ORIGINS.get(uri, f"docs/{uri}"), lambda path: (ROOT / path).is_dir())


def _reference_uri(name: str) -> str:
    return f"reference/{name}.md"


def _add_notebook(files: Files, config: MkDocsConfig, path: Path) -> None:
    book = json.loads(path.read_text(encoding="utf-8"))
    stem = path.relative_to(ROOT / "docs").with_suffix("")
    files.append(File.generated(config, f"{stem.as_posix()}.md", content=notebook.to_markdown(book, stem.name)))
    for number, png in enumerate(notebook.images(book)):
        files.append(File.generated(config, f"{stem.as_posix()}-{number}.png", content=png))


def _add(files: Files, config: MkDocsConfig, uri: str, path: Path) -> None:
    _ORIGINS[uri] = path.relative_to(ROOT).as_posix()
    files.append(File.generated(config, uri, abs_src_path=str(path)))
