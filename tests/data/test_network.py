"""Buckets that fail: what passes is tried again, what stays is listed, and nothing waits for ever."""

from __future__ import annotations

import json
import os
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from archives import encoded, held, pack
from faults import Faulty, Rule
from fsspec.config import conf
from torch.utils.data import DataLoader

from twinlens import data
from twinlens import transforms as T
from twinlens.cli.app import invoke
from twinlens.data import ParquetDataset, stats
from twinlens.data.sources import open_source, patience

IMAGES = {f"{'cats' if i % 2 else 'dogs'}/{i}.png": encoded(i) for i in range(6)}
PIPE = T.Compose([T.RandomResizedCrop(8), T.ToTensor()])
FAULTS = ["500", "503", "SlowDown", "429", "reset", "lost", "cut"]


@pytest.fixture(scope="session")
def stored(bucket: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The same images as a folder, archives, a list and tables, in the bucket, and as a folder here."""
    import fsspec

    objects = fsspec.core.url_to_fs(bucket)[0]
    here = tmp_path_factory.mktemp("stored")
    for name, content in IMAGES.items():
        (here / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "photos" / name).write_bytes(content)
        objects.pipe_file(f"pictures/shaky/photos/{name}", content)
    for suffix in (".tar", ".tgz", ".zip"):
        objects.put_file(str(pack(here / f"a{suffix}", IMAGES)), f"pictures/shaky/a{suffix}")
    objects.pipe_file("pictures/shaky/list.csv", "\n".join(["path", *(f"photos/{n}" for n in sorted(IMAGES))]).encode())
    data.run(here / "photos", T.Compose([T.Resize((8, 9))]), here / "shards", shard_size=4)
    objects.put(str(here / "shards"), "pictures/shaky/shards", recursive=True)
    places = {name: f"{bucket}/shaky/{name}" for name in ("photos", "a.tar", "a.tgz", "a.zip", "list.csv", "shards")}
    return {**places, "here": str(here / "photos"), "small": str(here / "shards")}


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        *(("photos", fault) for fault in FAULTS),
        *((source, fault) for source in ("a.tar", "a.tgz", "a.zip", "list.csv", "shards") for fault in ("503", "cut")),
    ],
)
def test_what_passes_is_read_again(source: str, fault: str, shaky: Faulty, stored: dict[str, str]) -> None:
    shaky.rules = [Rule(fault, times=2)]
    found, wanted = stats(stored[source]), stats(stored["small" if source == "shards" else "here"])
    assert found.failures == []
    assert (found.images, found.mean, found.std) == (wanted.images, wanted.mean, wanted.std)
    assert max(shaky.seen.values()) >= 3


@pytest.mark.parametrize("source", ["photos", "a.tgz", "shards"])
@pytest.mark.usefixtures("hasty")
def test_a_silent_server_is_asked_again(source: str, shaky: Faulty, stored: dict[str, str]) -> None:
    shaky.rules = [Rule("silence", times=1)]
    found = stats(stored[source], workers=6)
    assert (found.images, found.failures) == (6, [])


@pytest.mark.parametrize("fault", ["503", "cut", "reset"])
def test_runs_and_loaders_lose_nothing(fault: str, shaky: Faulty, stored: dict[str, str], tmp_path: Path) -> None:
    shaky.rules = [Rule(fault, times=2)]
    for name, src in {"far": stored["photos"], "near": stored["here"]}.items():
        data.run(src, PIPE, tmp_path / name, seed=3, shard_size=4)
    shards = sorted(path.name for path in (tmp_path / "near").glob("*.parquet"))
    assert len(shards) == 2
    assert all((tmp_path / "far" / name).read_bytes() == (tmp_path / "near" / name).read_bytes() for name in shards)
    images, labels = next(iter(data.Loader(stored["photos"], PIPE, batch_size=6, seed=3)))
    np.testing.assert_array_equal(images, [one.image for one in data.read(tmp_path / "near")])
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    dataset, other = ParquetDataset(stored["shards"]), ParquetDataset(stored["small"])
    for i in range(6):
        np.testing.assert_array_equal(dataset[i][0], other[i][0])


@pytest.mark.parametrize(
    ("fault", "reason", "tries"),
    [
        ("503", "the message of ServiceUnavailable", 5),
        ("SlowDown", "the message of SlowDown", 5),
        ("500", "the message of InternalError", 5),
        ("reset", "ConnectionError: ", 5),
        ("cut", "ConnectionError: ", 5),
        ("denied", "PermissionError: ", 1),
    ],
)
def test_what_stays_is_one_failure(
    fault: str, reason: str, tries: int, shaky: Faulty, stored: dict[str, str], tmp_path: Path
) -> None:
    shaky.rules = [Rule(fault, method="GET", path="/photos/cats/3.png")]
    summary = data.run(stored["photos"], PIPE, tmp_path / "out", batch_size=2)
    assert (summary.written, summary.failed) == (5, 1)
    (line,) = [json.loads(line) for line in (tmp_path / "out" / "errors.jsonl").read_text().splitlines()]
    assert line["path"] == "cats/3.png"
    assert reason in line["reason"]
    asked = shaky.seen["GET", "/pictures/shaky/photos/cats/3.png", ""]
    assert asked in (tries, 2 * tries)  # aiohttp may ask twice
    found = stats(stored["photos"])
    assert (found.images, [name for name, _ in found.failures]) == (5, ["cats/3.png"])
    shaky.rules = []
    again = data.run(stored["photos"], PIPE, tmp_path / "out", resume=True)
    assert (again.written, again.resumed) == (5, 6)


@pytest.mark.usefixtures("hasty")
def test_a_server_that_stays_silent(shaky: Faulty, stored: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_source(stored["photos"])
    shaky.rules = [Rule("silence", path="/cats/1.png")]
    started = time.monotonic()
    found = stats(source, workers=6)
    assert time.monotonic() - started < 5 * 0.5 + 20
    ((name, reason),) = found.failures
    assert name == "cats/1.png"
    assert "timeout" in reason.lower()
    monkeypatch.setitem(conf, "s3", {"config_kwargs": {"read_timeout": 3}})  # time enough for all the others
    monkeypatch.setattr(patience, "_LONGEST", 1.0)  # the first timeout takes longer
    shaky.seen.clear()
    assert [name for name, _ in stats(stored["photos"], workers=6).failures] == ["cats/1.png"]
    assert shaky.seen["GET", "/pictures/shaky/photos/cats/1.png", ""] == 1


@pytest.mark.parametrize("source", ["photos", "a.tar", "a.tgz", "a.zip", "list.csv", "shards"])
def test_a_server_that_is_down(
    source: str, shaky: Faulty, stored: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    shaky.rules = [Rule("reset")]
    assert invoke(["stats", stored[source]]) == 1
    said = capsys.readouterr().err
    assert said.startswith("twinlens: ")
    assert said.count("\n") == 1
    assert "no such file" not in said


def test_a_bucket_without_a_key(
    shaky: Faulty, bucket: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    assert invoke(["stats", f"{bucket}/shaky/photos"]) == 1
    assert "Unable to locate credentials" in capsys.readouterr().err
    assert not shaky.seen


@pytest.mark.parametrize("fault", ["500", "429", "reset", "lost", "cut"])
def test_what_is_written_into_a_bucket(fault: str, shaky: Faulty, bucket: str, steady: Any, tmp_path: Path) -> None:
    archive, target = pack(tmp_path / "a.zip", IMAGES), f"shaky_{fault}"
    shaky.rules = [Rule("503", method="PUT", path="dogs/2.png"), Rule(fault, times=1)]
    done = data.ingest(archive, f"{bucket}/{target}", workers=3)
    assert (done.written, [name for name, _ in done.failures]) == (5, ["dogs/2.png"])
    assert "the message of ServiceUnavailable" in done.failures[0][1]
    shaky.rules = []
    assert invoke(["ingest", str(archive), f"{bucket}/{target}"]) == 0
    assert held(steady, target) == IMAGES


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_a_bucket_in_forked_workers(bucket: str, stored: dict[str, str]) -> None:
    """The file system's thread is not in them."""
    del bucket
    far, near = ParquetDataset(stored["shards"], PIPE), ParquetDataset(stored["small"], PIPE)
    images = torch.stack([near[i][0] for i in range(6)])
    assert torch.equal(far[0][0], images[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork in a process with threads
        loader = DataLoader(far, 3, num_workers=2, multiprocessing_context="fork")
        assert torch.equal(torch.cat([images for images, _ in loader]), images)
