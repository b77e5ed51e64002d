"""A run into a bucket, from here: the rows of a run into a folder, resumed where it stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from image_files import write_broken, write_folder
from twinlens import data
from twinlens import transforms as T
from twinlens.cli.app import invoke
from twinlens.errors import ArgumentError

PIPE = T.Compose([T.RandomResizedCrop(12), T.RandomHorizontalFlip()])


def rows(objects: Any, prefix: str) -> list[dict[str, Any]]:
    """Of all shards, in the order of the source."""
    found = []
    for path in objects.glob(f"{prefix}/*.parquet"):
        with objects.open(path) as file:
            found += pq.read_table(file).to_pylist()
    return sorted(found, key=lambda row: (row["index"], row["copy"]))


@pytest.fixture
def prefix(objects: Any, request: pytest.FixtureRequest) -> str:
    objects.invalidate_cache()
    return f"pictures/{request.node.name.replace('[', '-').replace(']', '')}"


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_the_rows_are_those_of_a_folder(tmp_path: Path, objects: Any, prefix: str, executor: str) -> None:
    write_folder(tmp_path / "src", 20)
    broken = write_broken(tmp_path / "src")
    data.run(tmp_path / "src", PIPE, tmp_path / "here", copies=2, seed=3)
    seen: list[tuple[int, int, int]] = []
    summary = data.run(
        tmp_path / "src", PIPE, f"s3://{prefix}", copies=2, seed=3, shard_size=8, batch_size=2, executor=executor,
        progress=lambda *counts: seen.append(counts),
    )  # fmt: skip
    assert (summary.written, summary.failed) == (40, 2 * len(broken))
    assert seen[-1] == (40, 2 * len(broken), 40 + 2 * len(broken))
    here = pq.read_table(tmp_path / "here" / "part-00000.parquet").to_pylist()
    assert rows(objects, prefix) == here
    told = json.loads(objects.cat_file(f"{prefix}/run.json"))
    assert (told["status"], told["written"], told["measured"]["executor"]) == ("done", 40, executor)
    sums = objects.cat_file(f"{prefix}/SHA256SUMS").decode().splitlines()
    assert len(sums) == summary.shards == len(objects.glob(f"{prefix}/*.parquet"))
    dataset = data.ParquetDataset(f"s3://{prefix}")
    assert len(dataset) == 40


def test_it_goes_on_where_it_stopped(tmp_path: Path, objects: Any, prefix: str) -> None:
    write_folder(tmp_path / "src", 20)
    whole = f"{prefix}/whole"
    data.run(tmp_path / "src", PIPE, f"s3://{whole}", shard_size=4)

    def stop(written: int, *_: int) -> None:
        if written == 11:
            raise KeyboardInterrupt

    out = f"s3://{prefix}/out"
    with pytest.raises(KeyboardInterrupt):
        data.run(tmp_path / "src", PIPE, out, shard_size=4, batch_size=1, workers=1, progress=stop)
    objects.invalidate_cache()
    there = objects.glob(f"{prefix}/out/*.parquet")
    assert 1 <= len(there) < 5
    with pytest.raises(ArgumentError, match="not empty; resume"):
        data.run(tmp_path / "src", PIPE, out, shard_size=4)
    with pytest.raises(ArgumentError, match="--seed differs"):
        data.run(tmp_path / "src", PIPE, out, shard_size=4, seed=9, resume=True)
    summary = data.run(tmp_path / "src", PIPE, out, shard_size=4, resume=True)
    assert summary.resumed == 4 * len(there)
    assert rows(objects, f"{prefix}/out") == rows(objects, whole)


def test_only_parquet_goes_to_a_bucket(tmp_path: Path, prefix: str) -> None:
    write_folder(tmp_path / "src", 1)
    with pytest.raises(ArgumentError, match="is a URL, which takes sink='parquet', not 'files'"):
        data.run(tmp_path / "src", PIPE, f"s3://{prefix}", sink="files")


def test_a_file_url_is_a_folder(tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 2)
    data.run(tmp_path / "src", PIPE, (tmp_path / "out").as_uri())
    assert len(list(data.read(tmp_path / "out"))) == 2


def test_from_the_command_line(tmp_path: Path, objects: Any, prefix: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_folder(tmp_path / "src", 3)
    (tmp_path / "pipe.yaml").write_text("semantics: 1\npipeline:\n- CenterCrop: {size: [8, 8]}\n")
    run = ["run", str(tmp_path / "src"), "--pipeline", str(tmp_path / "pipe.yaml"), "--out", f"s3://{prefix}"]
    assert invoke([*run, "--tune"]) == 1
    assert "--tune draws its picture into a folder" in capsys.readouterr().err
    assert invoke([*run, "--format", "array"]) == 0
    found = rows(objects, prefix)
    assert [np.shape(row["image"]) for row in found] == [(192,)] * 3
