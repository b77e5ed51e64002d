"""The command line: what it prints, what it writes, how it exits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import twinlens
from image_files import write_broken, write_folder
from twinlens import data
from twinlens import transforms as T
from twinlens.cli import main
from twinlens.registry import Plugin

COMMANDS = [
    [],
    ["run"],
    ["demo"],
    ["show"],
    ["parity"],
    ["bench"],
    ["export"],
    ["serve"],
    ["plugins"],
    ["plugins", "list"],
    ["plugins", "check"],
    ["plugins", "new"],
]


@dataclass
class Answer:
    code: int
    out: str
    err: str


@dataclass
class Shell:
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: object) -> Answer:
        with pytest.raises(SystemExit) as exit_info:
            main([str(argument) for argument in arguments])
        printed = self.capsys.readouterr()
        return Answer(int(exit_info.value.code or 0), printed.out, printed.err)

    def fails(self, *arguments: object) -> str:
        """The one line of an error."""
        answer = self(*arguments)
        assert answer.code == 1
        assert answer.err.count("\n") == 1
        assert answer.err.startswith("twinlens: ")
        return answer.err


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("COLUMNS", "200")
    return Shell(capsys)


@pytest.fixture
def pipe_file(tmp_path: Path) -> Path:
    path = tmp_path / "pipe.yaml"
    twinlens.save(T.Compose([T.RandomResizedCrop(16), T.RandomHorizontalFlip()]), path)
    return path


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(shell: Shell, command: list[str]) -> None:
    for flag in ("--help", "-h"):
        answer = shell(*command, flag)
        assert answer.code == 0
        assert "Example" in answer.out
        assert f"twinlens {' '.join(command)}".strip() in answer.out.split("Example")[1]


def test_version(shell: Shell) -> None:
    answer = shell("--version")
    assert answer.out == f"twinlens {twinlens.__version__} (semantics 1, kernels {twinlens.isa()})\n"
    assert answer.code == 0


def test_run(shell: Shell, tmp_path: Path, pipe_file: Path) -> None:
    good = write_folder(tmp_path / "src")
    broken = write_broken(tmp_path / "src")
    answer = shell("run", tmp_path / "src", "--pipeline", pipe_file, "--out", tmp_path / "out", "--workers", 2)
    assert answer.code == 1
    files, reasons = len(good) + len(broken), tmp_path / "out/errors.jsonl"
    assert answer.err == f"twinlens: {len(broken)} of {files} files failed; the reasons are in {reasons}\n"
    for words in ("summary", "img/s", "memory", f"written │ {len(good)}", f"failed  │ {len(broken)}", "errors.jsonl"):
        assert words in answer.out
    assert [record.path for record in data.read(tmp_path / "out")] == good


def test_run_options_reach_the_job(shell: Shell, tmp_path: Path, pipe_file: Path) -> None:
    write_folder(tmp_path / "src", 5)
    options = ["--batch-size", 2, "--seed", 7, "--shard-size", 2, "--format", "jpeg", "--color", "bgr"]
    run = ["run", tmp_path / "src", "--pipeline", pipe_file, "--out", tmp_path / "out", *options, "--max-pixels", 800]
    assert shell(*run).code == 1
    manifest = json.loads((tmp_path / "out/run.json").read_text("utf-8"))
    assert (manifest["seed"], manifest["format"], manifest["color"], manifest["max_pixels"]) == (7, "jpeg", "bgr", 800)
    assert manifest["written"] + manifest["failed"] == 5
    assert manifest["failed"] > 0
    assert "--resume" in shell.fails(*run)
    answer = shell(*run, "--resume")
    assert answer.code == 1
    assert "done before │ 5" in answer.out
    assert "--seed differs" in shell.fails(*run[:6], "--resume", *options[4:], "--max-pixels", 800)


def test_run_where_every_file_fails(shell: Shell, tmp_path: Path, pipe_file: Path) -> None:
    write_broken(tmp_path / "src")
    error = shell.fails("run", tmp_path / "src", "--pipeline", pipe_file, "--out", tmp_path / "out")
    assert "all 7 files failed" in error
    assert len((tmp_path / "out/errors.jsonl").read_text("utf-8").splitlines()) == 7


def test_errors_are_one_line(shell: Shell, tmp_path: Path, pipe_file: Path) -> None:
    src, out = tmp_path / "src", tmp_path / "out"
    write_folder(src, 1)
    bad = tmp_path / "bad.yaml"
    bad.write_text("pipeline:\n  - Resize: {size: 4}\n  - Resise: {size: 4}\n")
    run = ("run", src, "--out", out, "--pipeline")
    assert "bad.yaml: line 3" in shell.fails(*run, bad)
    assert "'Resize'" in shell.fails(*run, bad)
    assert "no such file" in shell.fails(*run, tmp_path / "none.yaml")
    assert "no such folder" in shell.fails("run", tmp_path / "none", "--out", out, "--pipeline", pipe_file)
    assert "--pipeline" in shell.fails("run", src, "--out", out)
    assert "--workers" in shell.fails(*run, pipe_file, "--workers", "0")
    assert "--format" in shell.fails(*run, pipe_file, "--format", "gif")
    assert "No such command" in shell.fails("runn")
    assert not out.exists()


def test_functions_run_only_where_allowed(shell: Shell, tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 2)
    pipe = tmp_path / "pipe.yaml"
    pipe.write_text("pipeline:\n  - Lambda: {lambd: 'numpy:fliplr'}\n")
    run = ("run", tmp_path / "src", "--pipeline", pipe, "--out", tmp_path / "out")
    assert "allow_functions" in shell.fails(*run)
    assert shell(*run, "--allow-functions").code == 0
    for record in data.read(tmp_path / "out"):
        assert (record.image == data.decode(tmp_path / "src" / record.path)[:, ::-1]).all()


def test_show(shell: Shell, pipe_file: Path) -> None:
    answer = shell("show", pipe_file, "--size", "100x80x1")
    assert answer.code == 0
    for words in ("RandomResizedCrop(size=(16, 16))", "plan for 100x80x1", "runs:", "Resample"):
        assert words in answer.out
    for size in ("100", "0x4", "4x", "axb", "1x1x1x1"):
        assert "must be HxW" in shell.fails("show", pipe_file, "--size", size)


def test_plugins(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [*twinlens.plugins(), Plugin("fog", "twinlens-fog", "0.3", [], "ImportError: no [gl]")]
    monkeypatch.setattr(twinlens, "plugins", lambda: found)
    answer = shell("plugins", "list")
    assert answer.out == shell("plugins").out
    for words in ("twinlens-fog", "0.3", "no [gl]", f"{len(found[0].transforms)} transforms", twinlens.__version__):
        assert words in answer.out


def test_without_a_command_it_shows_its_help(shell: Shell) -> None:
    answer = shell()
    assert answer.code == 1
    assert "Commands" in answer.out


def test_a_process_prints_no_traceback(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-m", "twinlens.cli", "run", str(tmp_path), "--pipeline", "no.yaml", "--out", "out"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "twinlens: no.yaml: no such file\n"


def test_importing_the_library_imports_nothing_of_the_command_line() -> None:
    code = (
        "import sys, twinlens; before = set(sys.modules); import twinlens.data; "
        "print(*[m for m in ('pyarrow', 'typer', 'rich', 'simplejpeg', 'twinlens.cli') if m in sys.modules]); "
        "print('twinlens.data' in before)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
