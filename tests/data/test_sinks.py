"""Sinks: WebDataset shards, files, one array. Whole or not at all, the same bytes whatever the workers, resumable."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from run_directory import contents

from image_files import write_broken, write_folder
from twinlens import data
from twinlens import transforms as T
from twinlens.cli.app import invoke
from twinlens.data.sources import open_source
from twinlens.errors import ArgumentError, PluginError

SINKS = ["parquet", "webdataset", "files", "memmap"]
BYTES, FLOATS = T.Compose([T.RandomResizedCrop(8)]), T.Compose([T.RandomResizedCrop(8), T.ToTensor()])


def expected(src: Path, out: Path, pipe: T.Compose) -> list[data.Record]:
    data.run(src, pipe, out, format="png", seed=5)
    return list(data.read(out))


def read_back(sink: str, out: Path) -> dict[str, Any]:
    """Pixels by the path that they come from."""
    if sink == "parquet":
        return {record.path: record.image for record in data.read(out)}
    if sink == "webdataset":
        found = {}
        for path in sorted(out.glob("part-*.tar")):
            with tarfile.open(path) as tar:
                members = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
            for name in members:
                if name.endswith(".json"):
                    told = json.loads(members[name])
                    held = next(m for m in members if m.startswith(name[:-5]) and m.endswith((".png", ".npy")))
                    found[told["path"]] = _pixels(held, members[held])
                    assert members.get(name.replace(".json", ".cls"), b"").decode() == told["label"]
        return found
    lines = [json.loads(line) for line in (out / "index.jsonl").read_text("utf-8").splitlines()]
    if sink == "memmap":
        array = np.load(out / "images.npy", mmap_mode="r")
        assert len(array) == len(lines)
        return {line["path"]: array[i] for i, line in enumerate(lines)}
    return {line["path"]: _pixels(line["file"], (out / line["file"]).read_bytes()) for line in lines}


def _pixels(name: str, content: bytes) -> Any:
    return np.load(io.BytesIO(content)) if name.endswith(".npy") else np.asarray(Image.open(io.BytesIO(content)))


@pytest.mark.parametrize("pipe", [BYTES, FLOATS], ids=["uint8", "float"])
@pytest.mark.parametrize("sink", SINKS)
def test_what_goes_in_comes_out(sink: str, pipe: T.Compose, tmp_path: Path) -> None:
    good = write_folder(tmp_path / "src", 12)
    broken = write_broken(tmp_path / "src")
    made = []
    for i, (workers, batch_size) in enumerate([(1, 1), (3, 7)]):
        out = tmp_path / f"out{i}"
        summary = data.run(
            tmp_path / "src", pipe, out, sink=sink, seed=5, shard_size=5, workers=workers, batch_size=batch_size
        )
        assert (summary.written, summary.failed) == (len(good), len(broken))
        made.append(contents(out))
    assert made[0] == made[1]
    found = read_back(sink, tmp_path / "out0")
    assert list(found) == good
    for record in expected(tmp_path / "src", tmp_path / "expected", pipe):
        np.testing.assert_array_equal(found[record.path], record.image)
    assert not list((tmp_path / "out0").rglob(".*"))
    assert not list((tmp_path / "out0").rglob("*.part"))


@pytest.mark.parametrize("sink", SINKS)
def test_checksums_are_those_of_the_files(sink: str, tmp_path: Path) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("no sha256sum")
    write_folder(tmp_path / "src", 9)
    data.run(tmp_path / "src", BYTES, tmp_path / "out", sink=sink, shard_size=4)
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=tmp_path / "out", check=False).returncode == 0
    lines = (tmp_path / "out" / "SHA256SUMS").read_text().splitlines()
    assert len(lines) == {"parquet": 3, "webdataset": 3, "files": 9, "memmap": 1}[sink]
    file = tmp_path / "out" / lines[-1][66:]
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert subprocess.run(check, cwd=tmp_path / "out", check=False, capture_output=True).returncode == 1


class Stop(Exception):
    """In the middle of a run."""


@pytest.mark.parametrize("after", [0, 3, 7, 10])
@pytest.mark.parametrize("sink", SINKS)
def test_a_run_that_stops_is_taken_up(sink: str, after: int, tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 12)
    write_broken(tmp_path / "src")
    data.run(tmp_path / "src", BYTES, tmp_path / "whole", sink=sink, shard_size=3)
    out = tmp_path / "out"

    def stop(written: int, failed: int, files: int) -> None:
        del files
        if written + failed > after:
            raise Stop

    with pytest.raises(Stop):
        data.run(tmp_path / "src", BYTES, out, sink=sink, shard_size=3, batch_size=2, progress=stop)
    # What a kill may leave besides: half a line, half a file, more in the array than is listed.
    for path in (out / "errors.jsonl", out / "index.jsonl", out / "SHA256SUMS"):
        if path.exists() and path.read_bytes():
            path.write_bytes(path.read_bytes() + b'{"path": "ha')
    (out / ".part-00001.tar.tmp").write_bytes(b"half")
    if (out / "images.npy.part").exists():
        with (out / "images.npy.part").open("ab") as file:
            file.write(b"more" * 99)
    data.run(tmp_path / "src", BYTES, out, sink=sink, shard_size=3, resume=True)
    assert contents(out) == contents(tmp_path / "whole")
    data.run(tmp_path / "src", BYTES, out, sink=sink, shard_size=3, resume=True)  # and once more: nothing to do
    assert contents(out) == contents(tmp_path / "whole")


def test_files_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    src = tmp_path / "src"
    (src / "a").mkdir(parents=True)
    for i, name in enumerate(["a/1.jpg", "a/1.png", "a/1.bmp", "a/1.JPG.webp"]):
        Image.new("RGB", (8, 8), (60 * i, 0, 0)).save(src / name)
    data.run(src, T.Compose([T.CenterCrop(4)]), tmp_path / "out", sink="files")
    found = read_back("files", tmp_path / "out")
    assert len(found) == 4
    lines = [json.loads(line)["file"] for line in (tmp_path / "out/index.jsonl").read_text().splitlines()]
    assert len({line.lower() for line in lines}) == 4
    assert all(line.startswith("images/a/1") and line.endswith(".png") for line in lines)
    assert {int(image[0, 0, 0]) // 50 for image in found.values()} == {0, 1, 2, 3}


def test_shards_are_read_as_a_source(tmp_path: Path) -> None:
    good = write_folder(tmp_path / "src", 7)
    data.run(tmp_path / "src", BYTES, tmp_path / "out", sink="webdataset", shard_size=3)
    source = open_source(str(tmp_path / "out" / "part-*.tar"))
    labels = {record.path: record.label for record in expected(tmp_path / "src", tmp_path / "parquet", BYTES)}
    assert [source.label(i) for i in range(len(source))] == [labels[path] for path in good]
    assert data.stats(str(tmp_path / "out" / "part-*.tar")).images == 7


def test_an_array_wants_one_shape(tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 4)
    with pytest.raises(ArgumentError, match=r"memmap: .* gives .* the others .*; end the pipeline with a size"):
        data.run(tmp_path / "src", T.Compose([T.SmallestMaxSize(20)]), tmp_path / "out", sink="memmap")


def test_names_of_sinks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_folder(tmp_path / "src", 2)
    with pytest.raises(PluginError, match="no sink 'zip'"):
        data.run(tmp_path / "src", BYTES, tmp_path / "out", sink="zip")
    (tmp_path / "pipe.yaml").write_text("pipeline:\n  - CenterCrop: {size: 4}\n")
    given = [str(tmp_path / "src"), "--pipeline", str(tmp_path / "pipe.yaml"), "--out", str(tmp_path / "out")]
    assert invoke(["run", *given, "--sink", "memmap"]) == 0
    assert "1 in" in capsys.readouterr().out
    assert np.load(tmp_path / "out/images.npy").shape == (2, 4, 4, 3)
    assert invoke(["run", *given, "--sink", "files", "--resume"]) == 1
    assert "--sink differs" in capsys.readouterr().err
