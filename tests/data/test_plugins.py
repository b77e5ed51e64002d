"""A plugin's sources, sinks and presets, where a folder, Parquet and a recipe could stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twinlens
from twinlens import data, presets, registry
from twinlens import transforms as T
from twinlens.cli import main
from twinlens.errors import ArgumentError, PluginError
from twinlens.hookspecs import hookimpl
from twinlens.registry import Plugin


class Ramps:
    """Images made by code; `count`, or `count,broken` where every third cannot be read."""

    def __init__(self, location: str) -> None:
        count, _, self.how = location.partition(",")
        self.count = int(count)

    def __len__(self) -> int:
        return self.count

    def path(self, index: int) -> str:
        return f"ramp-{index:04d}"

    def label(self, index: int) -> str:
        return "odd" if index % 2 else "even"

    def read(self, index: int) -> Any:
        if self.how == "broken" and index % 3 == 0:
            raise RuntimeError("no such ramp")
        if self.how == "int64":
            return np.zeros((2, 3), np.int64)
        return np.full((8, 9) if index == 1 else (8, 9, 3), 10 * index, np.uint8)


class Lines:
    """A line for every result."""

    def __init__(self, out: Path, metadata: dict[str, str]) -> None:
        self.file = out / "lines.jsonl"
        self.metadata = metadata
        self.shards = 1

    @staticmethod
    def finished(out: Path) -> tuple[set[str], set[str]]:
        file = out / "lines.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return {line["path"] for line in lines}, set()

    def __enter__(self) -> Lines:
        self.stream = self.file.open("a")
        return self

    def __exit__(self, *error: object) -> None:
        self.stream.close()

    def add(self, result: data.Row | data.Failure) -> None:
        if isinstance(result, data.Row):
            line = {
                "path": result.path,
                "sum": int(data.restore(result.image).sum()),
                "seed": self.metadata["twinlens.seed"],
            }
            self.stream.write(json.dumps(line) + "\n")


class Module:
    @hookimpl
    def register_sources(self, register: Any) -> None:
        register(Ramps, "ramps")
        register(len, "nothing")

    @hookimpl
    def register_sinks(self, register: Any) -> None:
        register(Lines, "lines")

    @hookimpl
    def register_presets(self, register: Any) -> None:
        register(lambda train: T.Compose([T.Pad(2 if train else 1)]), "border")


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registry", registry._with_builtins())
    assert registry._ready().load(Plugin("ink", "twinlens-ink", "1.2"), Module).error is None


def test_a_source_and_a_sink_of_a_plugin(tmp_path: Path) -> None:
    summary = data.run("ink.ramps:5", T.CenterCrop(4), tmp_path / "out", sink="ink.lines", seed=3, batch_size=2)
    assert (summary.files, summary.written, summary.failed) == (5, 5, 0)
    lines = [json.loads(line) for line in (tmp_path / "out" / "lines.jsonl").read_text().splitlines()]
    sums = [16 * 10 * i * (1 if i == 1 else 3) for i in range(5)]
    assert lines == [{"path": f"ramp-{i:04d}", "sum": total, "seed": "3"} for i, total in enumerate(sums)]
    manifest = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (manifest["source"], manifest["sink"]) == ("ink.ramps:5", "ink.lines")
    again = data.run("ink.ramps:5", T.CenterCrop(4), tmp_path / "out", sink="ink.lines", seed=3, resume=True)
    assert (again.written, again.resumed) == (5, 5)
    with pytest.raises(ArgumentError, match=r"resume: --sink differs from the earlier run: ink.lines, now parquet"):
        data.run("ink.ramps:5", T.CenterCrop(4), tmp_path / "out", seed=3, resume=True)


def test_what_a_source_cannot_give_is_one_failure(tmp_path: Path) -> None:
    summary = data.run("ink.ramps:5,broken", T.CenterCrop(4), tmp_path / "out")
    assert (summary.written, summary.failed) == (3, 2)
    errors = [json.loads(line) for line in (tmp_path / "out" / "errors.jsonl").read_text().splitlines()]
    assert [(e["path"], e["stage"], e["reason"]) for e in errors] == [
        ("ramp-0000", "decode", "RuntimeError: no such ramp"),
        ("ramp-0003", "decode", "RuntimeError: no such ramp"),
    ]
    data.run("ink.ramps:1,int64", T.CenterCrop(4), tmp_path / "other")
    assert (
        "the source gave (2, 3) int64; wants (H, W) or (H, W, C) uint8"
        in (tmp_path / "other" / "errors.jsonl").read_text()
    )


def test_the_command_line_takes_them(tmp_path: Path) -> None:
    twinlens.save(T.CenterCrop(4), tmp_path / "pipe.yaml")
    arguments = ["--pipeline", str(tmp_path / "pipe.yaml"), "--out", str(tmp_path / "out"), "--sink", "ink.lines"]
    with pytest.raises(SystemExit) as exit_info:
        main(["run", "ink.ramps:4", *arguments])
    assert not exit_info.value.code
    assert len((tmp_path / "out" / "lines.jsonl").read_text().splitlines()) == 4


def test_a_loader_reads_a_plugins_source() -> None:
    pipe = T.Compose([T.Grayscale(3), T.CenterCrop(4), T.ToTensor()])
    loader = data.Loader("ink.ramps:5", pipe, 2, num_threads=2)
    assert loader.classes == ["even", "odd"]
    batches = list(loader)
    assert [tuple(images.shape) for images, _ in batches] == [(2, 3, 4, 4), (2, 3, 4, 4), (1, 3, 4, 4)]
    assert [labels.tolist() for _, labels in batches] == [[0, 1], [0, 1], [0]]
    assert [round(float(images[0, 0, 0, 0]) * 255) for images, _ in batches] == [0, 20, 40]
    with pytest.raises(RuntimeError, match="no such ramp") as error:
        list(data.Loader("ink.ramps:5,broken", pipe, 2))
    assert error.value.__notes__ == ["twinlens.data.Loader: ramp-0000, read"]


def test_a_preset_of_a_plugin() -> None:
    assert presets.get("ink.border") == T.Compose([T.Pad(1)])
    assert presets.get("ink.border", train=True) == T.Compose([T.Pad(2)])
    assert "ink.border" in presets.names()


def test_names_that_there_are_not(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"no source 'ink.folders'; plugin 'ink' is installed, it has ink.ramps"):
        data.run("ink.folders:5", T.CenterCrop(4), tmp_path / "out")
    with pytest.raises(PluginError, match=r"no sink 'oil.lines': no plugin 'oil' is installed; try pip"):
        data.run("ink.ramps:5", T.CenterCrop(4), tmp_path / "out", sink="oil.lines")
    with pytest.raises(PluginError, match="no sink 'zip'"):
        data.run("ink.ramps:5", T.CenterCrop(4), tmp_path / "out", sink="zip")
    with pytest.raises(PluginError, match=r"no preset 'ink.frame'; plugin 'ink' is installed, it has ink.border"):
        presets.get("ink.frame")
    with pytest.raises(ArgumentError, match=r"ink.nothing: made 4, wants a twinlens.data.Source"):
        data.run("ink.nothing:four", T.CenterCrop(4), tmp_path / "out")
    assert not (tmp_path / "out").exists()
