"""run and read: a folder to shards and back."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from run_directory import contents

import twinlens
from image_files import encoded, write_broken, write_folder
from images import picture
from twinlens import data
from twinlens import transforms as T
from twinlens.errors import ArgumentError, PipelineFileError, TwinlensError

RANDOM = T.Compose([T.RandomResizedCrop(16), T.RandomHorizontalFlip(), T.RandomGrayscale(0.5), T.CLAHE(p=0.5)])
FLOAT = T.Compose([T.Resize(12), T.RandomCrop(10), T.ToTensor(), T.Normalize([0.5], [0.25])])
SIZES_DIFFER = T.Compose([T.Resize(9), T.RandomVerticalFlip()])


def shards(out: Path) -> list[Path]:
    return sorted(out.glob("*.parquet"))


@pytest.mark.parametrize("pipe", [RANDOM, FLOAT, SIZES_DIFFER], ids=["uint8", "float", "sizes"])
def test_results_are_those_of_single_calls(tmp_path: Path, pipe: T.Compose) -> None:
    paths = write_folder(tmp_path / "src")
    summary = data.run(tmp_path / "src", pipe, tmp_path / "out", seed=5, shard_size=5)
    assert (summary.files, summary.written, summary.failed, summary.shards) == (12, 12, 0, 3)
    records = list(data.read(tmp_path / "out"))
    assert [record.path for record in records] == paths
    for i, record in enumerate(records):
        image = data.decode(tmp_path / "src" / record.path)
        expected = np.asarray(pipe(image, key=twinlens.key(5, 0, i)))
        assert record.image.dtype == expected.dtype
        np.testing.assert_array_equal(record.image, expected)
        assert (record.index, record.key) == (i, twinlens.key(5, 0, i))
        assert record.label == Path(record.path).parent.name
    assert {record.label for record in records} == {"", "cats", "日本", "Äpfel und Öl"}


@pytest.mark.parametrize("pipe", [RANDOM, FLOAT], ids=["uint8", "float"])
def test_workers_and_batch_size_change_no_byte(tmp_path: Path, pipe: T.Compose) -> None:
    write_folder(tmp_path / "src", 20)
    write_broken(tmp_path / "src")
    files = []
    for i, (workers, batch_size) in enumerate([(1, 1), (2, 7), (4, 64)]):
        out = tmp_path / f"out{i}"
        data.run(tmp_path / "src", pipe, out, workers=workers, batch_size=batch_size, shard_size=6)
        files.append(contents(out))
    assert files[0] == files[1] == files[2]
    assert set(files[0]) == {"SHA256SUMS", "errors.jsonl", "run.json", *(f"part-{i:05d}.parquet" for i in range(4))}


def test_broken_files_are_listed_and_the_rest_goes_on(tmp_path: Path) -> None:
    good = write_folder(tmp_path / "src")
    broken = write_broken(tmp_path / "src")
    summary = data.run(tmp_path / "src", RANDOM, tmp_path / "out")
    assert (summary.written, summary.failed) == (len(good), len(broken))
    lines = [json.loads(line) for line in (tmp_path / "out/errors.jsonl").read_text("utf-8").splitlines()]
    assert [line["path"] for line in lines] == sorted(broken)
    for line in lines:
        assert broken[line["path"]] in line["reason"]
        assert line["stage"] == "decode"
    everything = sorted([*good, *broken])
    assert [line["index"] for line in lines] == [everything.index(line["path"]) for line in lines]
    assert [record.path for record in data.read(tmp_path / "out")] == good


def test_an_image_that_the_pipeline_refuses_costs_only_itself(tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 6)
    Image.fromarray(picture(20, 20, None, "uint16")).save(tmp_path / "src" / "deep.png")
    pipe = T.Compose([T.Resize(8), T.CenterCrop(8), T.ToTensor(), T.Normalize([0.5] * 3, [0.5] * 3)])
    summary = data.run(tmp_path / "src", pipe, tmp_path / "out")
    assert (summary.written, summary.failed) == (6, 1)
    line = json.loads((tmp_path / "out/errors.jsonl").read_text("utf-8"))
    assert (line["path"], line["stage"]) == ("deep.png", "transform")
    assert "3 values" in line["reason"]


def test_16_bit_gray_among_8_bit_colour(tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 3)
    deep = picture(20, 24, None, "uint16")
    Image.fromarray(deep).save(tmp_path / "src" / "deep.png")
    data.run(tmp_path / "src", T.CenterCrop(8), tmp_path / "out")
    found = {record.path: record.image for record in data.read(tmp_path / "out")}
    np.testing.assert_array_equal(found["deep.png"], deep[6:14, 8:16, None])


def test_schema_metadata_and_manifest(tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 3)
    data.run(tmp_path / "src", RANDOM, tmp_path / "out", seed=9)
    file = pq.read_schema(shards(tmp_path / "out")[0])
    assert file.names == ["path", "label", "image", "encoding", "dtype", "layout", "shape", "index", "key", "copy"]
    metadata = {k.decode(): v.decode() for k, v in file.metadata.items()}
    manifest = json.loads((tmp_path / "out/run.json").read_text("utf-8"))
    assert twinlens.from_dict(json.loads(metadata["twinlens.pipeline"])) == RANDOM
    canonical = json.dumps([1, twinlens.to_dict(RANDOM)["pipeline"]], sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    assert metadata["twinlens.pipeline_sha256"] == manifest["pipeline_sha256"] == digest
    assert metadata["twinlens.semantics"] == str(manifest["semantics"]) == str(twinlens.SEMANTICS)
    assert metadata["twinlens.version"] == manifest["twinlens"] == twinlens.__version__
    assert metadata["twinlens.seed"] == str(manifest["seed"]) == "9"
    assert (manifest["status"], manifest["files"], manifest["written"], manifest["failed"]) == ("done", 3, 3, 0)


@pytest.mark.parametrize("format", ["png", "raw"])
def test_bgr_pipelines_see_blue_first(tmp_path: Path, format: str) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.png").write_bytes(encoded("PNG", 8, 8))
    rgb = data.decode(tmp_path / "src/a.png")
    data.run(tmp_path / "src", T.CenterCrop(4), tmp_path / "out", color="bgr", format=format)
    (record,) = data.read(tmp_path / "out")
    np.testing.assert_array_equal(record.image, rgb[2:6, 2:6, ::-1])
    data.run(tmp_path / "src", T.Grayscale(), tmp_path / "gray", color="bgr")
    (gray,) = data.read(tmp_path / "gray")
    np.testing.assert_array_equal(gray.image, T.Grayscale()(rgb))


def test_large_groups_do_not_change_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinlens.data.sinks.parquet._GROUP_ROWS", 3)
    paths = write_folder(tmp_path / "src", 10)
    data.run(tmp_path / "src", RANDOM, tmp_path / "out", shard_size=8)
    assert [pq.ParquetFile(path).num_row_groups for path in shards(tmp_path / "out")] == [3, 1]
    assert [record.path for record in data.read(tmp_path / "out")] == paths


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"workers": 0}, "workers=0 must be a positive integer"),
        ({"batch_size": 0}, "batch_size=0 must be a positive integer"),
        ({"shard_size": 0}, "shard_size=0 must be a positive integer"),
        ({"max_pixels": -1}, "max_pixels=-1 must be a positive integer"),
        ({"seed": "x"}, "seed='x' must be an integer"),
        ({"format": "gif"}, "format='gif' must be png, jpeg, raw or array"),
        ({"color": "hsv"}, "color='hsv' must be 'rgb' or 'bgr'"),
    ],
)
def test_settings_are_checked_before_anything_is_written(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    write_folder(tmp_path / "src", 1)
    with pytest.raises(ArgumentError, match=message):
        data.run(tmp_path / "src", RANDOM, tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


def test_folders_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="no such folder"):
        data.run(tmp_path / "src", RANDOM, tmp_path / "out")
    (tmp_path / "src").mkdir()
    with pytest.raises(ArgumentError, match="no image in it"):
        data.run(tmp_path / "src", RANDOM, tmp_path / "out")
    write_folder(tmp_path / "src", 1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/notes.txt").write_text("mine")
    for resume in (False, True):
        with pytest.raises(ArgumentError, match="not empty"):
            data.run(tmp_path / "src", RANDOM, tmp_path / "out", resume=resume)
    with pytest.raises(ArgumentError, match="not a folder"):
        data.run(tmp_path / "src", RANDOM, tmp_path / "out/notes.txt")
    with pytest.raises(ArgumentError, match="no part-"):
        data.read(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]


def test_a_pipeline_with_a_lambda_cannot_be_recorded(tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 1)
    with pytest.raises(PipelineFileError, match="not a function of an importable module"):
        data.run(tmp_path / "src", T.Compose([T.Lambda(lambda image: image)]), tmp_path / "out")


def test_without_pyarrow_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path / "src", 1)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(TwinlensError, match=r"pip install twinlens\[data\]"):
        data.run(tmp_path / "src", RANDOM, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_failing_disk_leaves_no_half_written_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path / "src", 4)

    def full(path: Path) -> None:
        if ".parquet" in path.name:
            raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("twinlens.data.durable.sync", full)
    with pytest.raises(OSError, match="No space left"):
        data.run(tmp_path / "src", RANDOM, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["run.json"]
