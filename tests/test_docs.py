"""Every snippet of the README and of docs/ runs: Python and commands as one script a file, YAML as a pipeline."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import twinlens

ROOT = Path(__file__).parents[1]
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("plugins/*/README.md"))]
PLUGINS = [path.parent.name.removeprefix("twinlens-") for path in ROOT.glob("plugins/*/README.md")]
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def snippets(path: Path, *languages: str) -> list[tuple[int, str]]:
    """Line number and text of a file's fenced blocks in some languages; commands as Python."""
    text = path.read_text(encoding="utf-8")
    found = [(text.count("\n", 0, m.start()) + 1, m[1], m[2]) for m in _FENCE.finditer(text) if m[1] in languages]
    return [(line, as_python(block) if language == "console" else block) for line, language, block in found]


def as_python(commands: str) -> str:
    """Of `$ twinlens ...`, line by line: each ends with 0."""
    lines = [shlex.split(line.removeprefix("$ twinlens ")) for line in commands.splitlines()]
    return "\n".join(["from twinlens.cli.app import invoke", *(f"assert invoke({line}) == 0" for line in lines)])


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def skip_without_plugins(path: Path, text: str = "") -> None:
    """A plugin's own page, and a pipeline with its transforms, are for where it is installed."""
    wanted = {name for name in PLUGINS if re.search(rf"\b{name}\.[A-Z]", text)}
    if path.is_relative_to(ROOT / "plugins"):
        wanted.add(path.parent.name.removeprefix("twinlens-"))
    missing = wanted - {plugin.name for plugin in twinlens.plugins()} if wanted else set()
    if missing:
        pytest.skip(f"not installed: {', '.join(f'twinlens-{name}' for name in sorted(missing))}")


def skip_without_tensorflow(path: Path) -> None:
    """It is large, and one page's: .ci/full docs installs it."""
    if any("import tensorflow" in code for _, code in snippets(path, "python")):
        pytest.importorskip("tensorflow", reason="tensorflow is not installed")


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # a DataLoader's workers, beside threads
@pytest.mark.parametrize("path", [p for p in FILES if snippets(p, "python")], ids=name_of)
def test_python_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks share their names and an empty folder; line numbers in a traceback are those of the file."""
    skip_without_plugins(path)
    skip_without_tensorflow(path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": f"docs_{path.stem}"}
    for line, code in snippets(path, "python", "console"):
        exec(compile("\n" * line + code, str(path), "exec", dont_inherit=True), names)


@pytest.mark.parametrize("path", [p for p in FILES if snippets(p, "yaml")], ids=name_of)
def test_yaml_loads(path: Path, tmp_path: Path) -> None:
    for line, text in snippets(path, "yaml"):
        skip_without_plugins(path, text)
        file = tmp_path / f"line_{line}.yaml"
        file.write_text(text)
        twinlens.save(twinlens.load(file), tmp_path / "again.yaml")
        assert twinlens.load(tmp_path / "again.yaml") == twinlens.load(file)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8")):
        assert "://" in target or (path.parent / target).exists(), f"{name_of(path)}: {target}"
