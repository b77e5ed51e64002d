"""twinlens run --ray, on a head and a node: the local run's rows, whatever dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
from nodes import Cluster
from PIL import Image
from run_rows import failures, manifest, names, rows, sums_hold

import twinlens.ray
from image_files import write_broken, write_folder
from images import picture
from twinlens import data
from twinlens import transforms as T
from twinlens.errors import ArgumentError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context"),
]

PIPE = T.Compose([T.RandomResizedCrop(16), T.RandomHorizontalFlip()])


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good files of two depths and broken ones."""
    folder = tmp_path_factory.mktemp("photos")
    write_folder(folder, 30)
    write_broken(folder)
    Image.fromarray(picture(20, 24, None, "uint16")).save(folder / "deep.png")
    return folder


def deadly(image: Any) -> Any:
    """Part of a pipeline: no process survives the picture that is 4 pixels high."""
    if image.shape[0] == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return image


@pytest.mark.parametrize(
    ("format", "pipe", "settings"),
    [("png", PIPE, {"copies": 2, "seed": 3}), ("array", T.Compose([*PIPE.transforms, T.ToTensor()]), {})],
)
def test_the_rows_are_those_of_the_local_run(
    two_nodes: Cluster, tmp_path: Path, photos: Path, format: str, pipe: Any, settings: dict[str, Any]
) -> None:
    del two_nodes
    here, there = str(tmp_path / "here"), str(tmp_path / "there")
    local = data.run(photos, pipe, here, format=format, **settings)
    seen = []
    summary = twinlens.ray.run(
        photos,
        pipe,
        there,
        format=format,
        shard_size=8,
        batch_size=3,
        progress=lambda *told: seen.append(told),
        **settings,
    )
    assert (summary.files, summary.written, summary.failed) == (local.files, local.written, local.failed)
    assert seen[-1] == (local.written, local.failed, local.files)
    assert rows(there).equals(rows(here), check_metadata=True)
    assert failures(there) == failures(here)
    assert manifest(there) == manifest(here)
    assert sums_hold(there)
    assert summary.shards == len(list(Path(there).glob("part-*.parquet"))) > 2
    assert not list(Path(there).glob(".*"))
    assert [record.index for record in data.read(there)] == rows(here)["index"].to_pylist()
    if format == "array":
        images = ray.data.read_parquet(there).take_batch(len(rows(here)))["image"]
        assert (images.shape, images.dtype) == ((30, 3, 16, 16), np.float32)  # the deep one has another shape


def test_a_run_is_resumed_here_and_there(two_nodes: Cluster, tmp_path: Path, photos: Path) -> None:
    del two_nodes
    whole, out = str(tmp_path / "whole"), tmp_path / "out"
    data.run(photos, PIPE, whole)
    data.run(photos, PIPE, out, shard_size=7)
    for name in ("part-00000.parquet", "part-00002.parquet", "errors.jsonl"):
        (out / name).unlink()
    (out / ".left.tmp").mkdir()
    summary = twinlens.ray.run(photos, PIPE, out, resume=True, max_actors=1)
    assert (summary.resumed, summary.files) == (17, 38)
    assert rows(str(out)).equals(rows(whole))
    assert failures(str(out)) == failures(whole)
    assert sums_hold(str(out))
    assert not list(out.glob(".*"))
    before = {path.name: path.read_bytes() for path in out.glob("part-*")}
    again = twinlens.ray.run(photos, PIPE, out, resume=True)
    assert (again.resumed, again.written, again.failed) == (38, 31, 7)
    assert data.run(photos, PIPE, out, resume=True).resumed == 38
    assert {path.name: path.read_bytes() for path in out.glob("part-*")} == before
    with pytest.raises(ArgumentError, match="the pipeline differs"):
        twinlens.ray.run(photos, T.Resize(5), out, resume=True)
    with pytest.raises(ArgumentError, match="not empty; resume"):
        twinlens.ray.run(photos, PIPE, out)


def test_from_a_bucket_to_a_bucket(two_nodes: Cluster, tmp_path: Path, photos: Path, objects: Any) -> None:
    del two_nodes
    objects.put(f"{photos}/", "pictures/ray/photos/", recursive=True)
    here, there = str(tmp_path / "here"), "s3://pictures/ray/shards"
    data.run(photos, PIPE, here, format="raw")
    settings: dict[str, Any] = {"format": "raw", "shard_size": 9, "batch_size": 2}
    twinlens.ray.run("s3://pictures/ray/photos", PIPE, there, **settings)
    assert rows(there).equals(rows(here))
    assert [line["path"] for line in failures(there)] == [line["path"] for line in failures(here)]
    assert sums_hold(there)
    objects.rm(f"pictures/ray/shards/{names(there)[2]}")
    with pytest.raises(ArgumentError, match="not empty; resume"):
        twinlens.ray.run("s3://pictures/ray/photos", PIPE, there, **settings)
    twinlens.ray.run("s3://pictures/ray/photos", PIPE, there, resume=True, **settings)
    assert rows(there).equals(rows(here))
    assert sums_hold(there)


def test_an_image_over_which_processes_die_is_a_failure(two_nodes: Cluster, tmp_path: Path) -> None:
    del two_nodes
    write_folder(tmp_path / "src", 2)
    Image.new("RGB", (9, 4)).save(tmp_path / "src/deadly.png")
    pipe = T.Compose([T.Lambda(deadly), T.CenterCrop(4)])
    summary = twinlens.ray.run(tmp_path / "src", pipe, tmp_path / "out", max_actors=2)
    assert (summary.written, summary.failed) == (2, 1)
    (line,) = failures(str(tmp_path / "out"))
    assert (line["path"], line["stage"]) == ("deadly.png", "worker")
    assert len(rows(str(tmp_path / "out"))) == 2
    assert not list((tmp_path / "out").glob(".*"))
