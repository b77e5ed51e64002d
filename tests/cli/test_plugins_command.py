"""`twinlens plugins new`, `check` and `list`: from an empty folder to a plugin that passes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import twinlens
from twinlens.cli.plugins.results import record, recorded
from twinlens.cli.plugins.scaffold import scaffold
from twinlens.errors import ArgumentError
from twinlens.registry import Plugin
from twinlens.testing import Outcome, Report

PYTHON = Path(twinlens.__file__).parents[1]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scaffolded plugin, installed as pip would, and beside it one that breaks a promise."""
    root = tmp_path_factory.mktemp("plugins")
    site = root / "site"
    site.mkdir()
    for name in ("ink", "oil"):
        package = scaffold(name, root)
        (package / f"twinlens_{name}").rename(site / f"twinlens_{name}")
        info = site / f"twinlens_{name}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: twinlens-{name}\nVersion: 0.1.0\n")
        (info / "entry_points.txt").write_text(f"[twinlens]\n{name} = twinlens_{name}\n")
    broken = site / "twinlens_oil" / "fade.py"
    text = broken.read_text()
    assert "draws.uniform()[:, 0]" in text
    broken.write_text(text.replace("draws.uniform()[:, 0]", "np.random.random(len(draws.uniform()))"))
    return root


def run(work: Path, *arguments: str, module: str = "twinlens.cli") -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(work / "site"), str(PYTHON)])
    environment = {**os.environ, "PYTHONPATH": path, "XDG_CACHE_HOME": str(work / "cache"), "COLUMNS": "200"}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, env=environment, cwd=work, capture_output=True, text=True, check=False, timeout=300)


def test_the_new_plugins_own_tests_pass(work: Path) -> None:
    done = run(work, "-q", "-p", "no:cacheprovider", "twinlens-ink/tests", module="pytest")
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout


def test_a_sound_plugin_passes_and_the_list_says_so(work: Path) -> None:
    done = run(work, "plugins", "check", "twinlens_ink", "--json", "report.json")
    assert done.returncode == 0, done.stderr
    assert "ink.Fade" in done.stdout
    report = json.loads((work / "report.json").read_text())
    assert (report["package"], report["version"]) == ("twinlens-ink", "0.1.0")
    assert [one["subject"] for one in report["reports"]] == ["Fade()", "Fade(amount=1.0)"]
    assert {outcome["status"] for one in report["reports"] for outcome in one["outcomes"]} == {"passed"}
    assert "2 of 2 pass" in run(work, "plugins", "list").stdout


def test_a_broken_one_fails_with_the_check_that_is_meant(work: Path) -> None:
    done = run(work, "plugins", "check", "oil")
    assert done.returncode == 1
    assert done.stderr == "twinlens: twinlens-oil: 2 of 2 do not keep their promises\n"
    assert "global state: under a key it changes the state" in done.stdout
    assert "0 of 2 pass" in run(work, "plugins", "list").stdout


def test_what_cannot_be_checked(work: Path) -> None:
    done = run(work, "plugins", "check", "tar")
    assert done.returncode == 1
    message, names = done.stderr.removesuffix("\n").split("; there are ")
    assert message == "twinlens: no plugin or package 'tar' is installed"
    assert {"twinlens", "ink", "oil"} <= set(names.split(", "))
    done = run(work, "plugins", "check", "ink", "--only", "Spot")
    assert done.stderr == "twinlens: ink: nothing to check whose name holds 'Spot'\n"


@pytest.mark.parametrize("name", ["Ink", "in-k", "1nk", "", "class", "twinlens", "../ink"])
def test_names_that_will_not_do(name: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="must be one lower-case word"):
        scaffold(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    made = scaffold("two_words", tmp_path)
    assert made.name == "twinlens-two-words"
    with pytest.raises(ArgumentError, match="there is something of that name already"):
        scaffold("two_words", tmp_path)
    with pytest.raises(ArgumentError, match="nowhere: not a folder"):
        scaffold("ink", tmp_path / "nowhere")
    assert [path.name for path in tmp_path.iterdir()] == ["twinlens-two-words"]
    texts = [path.read_text() for path in made.rglob("*") if path.is_file()]
    assert len(texts) == 8
    assert not [text for text in texts for word in ("@NAME@", "@PACKAGE@", "@API@", "@TWINLENS@") if word in text]


def test_what_is_recorded_holds_for_that_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    plugin = Plugin("ink", "twinlens-ink", "1.0")
    assert recorded(plugin) == ""
    record(plugin, [Report("a", [Outcome("docs", "passed")]), Report("b", [Outcome("docs", "failed", "none")])])
    assert recorded(plugin) == "1 of 2 pass"
    assert recorded(Plugin("ink", "twinlens-ink", "1.1")) == ""
    (file,) = tmp_path.rglob("*.json")
    file.write_text("{}")
    assert recorded(plugin) == ""
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))  # not a folder
    record(plugin, [])
