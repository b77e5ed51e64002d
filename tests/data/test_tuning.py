"""Which settings are the fastest: measured on the images themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from image_files import write_broken, write_folder
from twinlens import data
from twinlens import transforms as T
from twinlens.cli.app import invoke
from twinlens.data import tuning
from twinlens.errors import ArgumentError

PIPE = T.Compose([T.RandomResizedCrop(12)])


def test_what_is_tried_and_picked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path, 20)
    monkeypatch.setattr(tuning, "cores", lambda: 4)
    speeds = {"workers": {1: 10, 2: 30, 4: 30.5}, "batch_size": {1: 30, 4: 50, 10: 20}, "threads": {1: 5, 2: 9}}

    def seconds(self: Any, setting: tuning.Setting) -> float:
        del self
        if setting.threads == 2:
            return 1.0
        return 20 / speeds["workers"][setting.workers] / speeds["batch_size"].get(setting.batch_size, 1)

    monkeypatch.setattr(tuning._Plan, "_seconds", seconds)
    seen: list[tuple[int, int]] = []
    found = data.tune(tmp_path, PIPE, sample=20, rounds=1, progress=lambda *counts: seen.append(counts))
    assert [getattr(one.setting, one.of) for one in found.tried] == [1, 2, 4, 1, 4, 1, 2]
    assert found.best == tuning.Setting(workers=2, batch_size=4, threads=1)  # 4 workers are no 3% faster than 2
    assert seen[-1] == (7, 7)


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_it_measures(tmp_path: Path, executor: str) -> None:
    write_folder(tmp_path, 12)
    write_broken(tmp_path)
    found = data.tune(tmp_path, PIPE, executor=executor, sample=8, rounds=1)
    assert found.images == 8
    assert all(0 < one.speed < 1e6 for one in found.tried)
    assert found.best in [one.setting for one in found.tried]


def test_run_with_tune_draws_the_curves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_folder(tmp_path / "src", 6)
    (tmp_path / "pipe.yaml").write_text("semantics: 1\npipeline:\n- CenterCrop: {size: [8, 8]}\n")
    run = ["run", str(tmp_path / "src"), "--pipeline", str(tmp_path / "pipe.yaml"), "--out", str(tmp_path / "out")]
    assert invoke([*run, "--tune"]) == 0
    assert "tuned on 6 images" in capsys.readouterr().out
    with Image.open(tmp_path / "out/tuning.png") as picture:
        assert picture.size[0] > 1000
    assert len(list(data.read(tmp_path / "out"))) == 6


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="tune: sample=0 must be a positive integer"):
        data.tune(tmp_path, PIPE, sample=0)
    with pytest.raises(ArgumentError, match="tune: executor='x'"):
        data.tune(tmp_path, PIPE, executor="x")
    write_broken(tmp_path)
    with pytest.raises(ArgumentError, match="tune: none of the first 7 images has a result"):
        data.tune(tmp_path, PIPE)
