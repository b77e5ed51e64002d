"""`twinlens play`: what it says before a page is there."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

import twinlens
from twinlens import transforms as T
from twinlens.cli.app import invoke

Capture = pytest.CaptureFixture[str]


def said(capsys: Capture, *arguments: str) -> str:
    """The one line of an error."""
    assert invoke(["play", *arguments]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_without_gradio(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert said(capsys) == "twinlens: the playground needs Gradio: pip install twinlens[play]"


def test_a_pipeline_that_is_none(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "pipe.yaml"
    assert f"{path}: no such file" in said(capsys, "--pipeline", str(path))
    path.write_text("pipeline:\n- CLAHE: {p: 3}\n")
    assert "line 2, pipeline.0.CLAHE.p: CLAHE: p=3" in said(capsys, "--pipeline", str(path))
    twinlens.save(T.Compose([T.Identity()] * 51), path)
    assert "51 transforms" in said(capsys, "--pipeline", str(path))


def test_functions_are_for_this_machine_alone(capsys: Capture) -> None:
    line = said(capsys, "--allow-functions", "--host", "0.0.0.0")
    assert line == "twinlens: --allow-functions: with --host 0.0.0.0 others could run code on this machine"


def test_a_port_that_is_taken(capsys: Capture) -> None:
    pytest.importorskip("gradio", reason="no gradio: pip install twinlens[play]", exc_type=ImportError)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"--host 127.0.0.1 --port {port}: Address already in use" in said(capsys, "--port", str(port))
    assert "--host 203.0.113.7 --port 7860" in said(capsys, "--host", "203.0.113.7")


def test_help(capsys: Capture) -> None:
    assert invoke(["play", "--help"]) == 0
    out = capsys.readouterr().out
    assert "twinlens play --pipeline pipe.yaml" in out
    assert "127.0.0.1" in out


def test_help_names_the_extra(capsys: Capture) -> None:
    """What stands in brackets, Rich would take for markup."""
    assert invoke(["play", "--help"]) == 0
    assert "the extra `play`" in capsys.readouterr().out
