"""What twinlens run --ray and twinlens.ray.run refuse before anything is done."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import twinlens.ray
from image_files import write_folder
from twinlens import transforms as T
from twinlens.cli import main
from twinlens.errors import ArgumentError, TwinlensError
from twinlens.ray.cluster import environment
from twinlens.ray.crew import Crew
from twinlens.ray.pool import Size

PIPE = T.CenterCrop(8)


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as exit_info:
        main([str(argument) for argument in arguments])
    assert exit_info.value.code == 1
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ray", "--workers", 2], "run: --workers does not go with --ray"),
        (["--ray", "auto", "--executor", "processes"], "run: --executor does not go with --ray"),
        (["--ray=local", "--memory", "4G"], "run: --memory does not go with --ray"),
        (["--ray", "--tune"], "run: --tune does not go with --ray"),
        (["--sink", "files", "--ray"], "run: --sink does not go with --ray"),
        (["--max-actors", 2], "run: --max-actors goes with --ray only"),
        (["--read-concurrency", 2], "run: --read-concurrency goes with --ray only"),
    ],
)
def test_options_of_the_other_way_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[Any], message: str
) -> None:
    where = ["run", tmp_path / "src", "--pipeline", tmp_path / "pipe.yaml", "--out", tmp_path / "out"]
    assert said(capsys, *where, *options) == f"twinlens: {message}\n"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_actors": 0}, "max_actors=0 must be a positive integer"),
        ({"min_actors": 3, "max_actors": 2}, "min_actors=3 must not be above max_actors=2"),
        ({"read_concurrency": -1}, "read_concurrency=-1 must be a positive integer"),
        ({"cpus": 0}, "cpus=0 must be a positive number"),
        ({"format": "gif"}, "format='gif' must be"),
    ],
)
def test_arguments_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr("twinlens.ray.job.ray_package", lambda: None)
    write_folder(tmp_path / "src", 1)
    with pytest.raises(ArgumentError, match=message):
        twinlens.ray.run(tmp_path / "src", PIPE, tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"concurrency": 0}, "concurrency=0 must be"),
        ({"blocks": 1.5}, "blocks=1.5 must be"),
        ({"dtype": "int8"}, "dtype='int8' must be"),
        ({"failures": "hide"}, "failures='hide' must be"),
    ],
)
def test_arguments_of_read_are_checked(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        twinlens.ray.read(tmp_path, **settings)


def test_without_ray_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path / "src", 1)
    monkeypatch.setitem(sys.modules, "ray", None)
    for call in (
        lambda: twinlens.ray.run(tmp_path / "src", PIPE, tmp_path / "out"),
        lambda: twinlens.ray.read(tmp_path),
    ):
        with pytest.raises(TwinlensError, match=r"pip install twinlens\[ray\]"):
            call()
    assert not (tmp_path / "out").exists()


def test_how_many_actors_and_images_in_a_shard() -> None:
    class Four:
        def cluster_resources(self) -> dict[str, float]:
            return {"CPU": 4.0}

    def crew(least: int | None, most: int | None, cpus: float = 1) -> Crew:
        return Crew(least, most, cpus, 2, 32)

    assert [crew(*asked).most(Four()) for asked in ((None, None), (None, 2), (6, None), (1, 9))] == [4, 2, 6, 9]
    assert [crew(None, None, cpus).most(Four()) for cpus in (0.5, 2, 8)] == [8, 2, 1]
    assert crew(None, None).images(100_000, 1000, 4) == 1000
    assert crew(None, None).images(1000, 1000, 4) == 63
    assert crew(None, None).images(100, 1000, 4) == 32
    assert crew(None, None).images(100_000, 0, 4) == 1
    assert crew(None, None).size(3, 8) == Size(3, 8)
    assert crew(2, 8).size(100, 8) == Size(2, 8)


def test_only_what_opens_buckets_is_told() -> None:
    told = {"AWS_ENDPOINT_URL": "http://x", "FSSPEC_S3_KEY": "k", "HOME": "/", "SECRET": "s"}
    assert environment(told) == {"AWS_ENDPOINT_URL": "http://x", "FSSPEC_S3_KEY": "k"}
