"""run(format="array"): a column that other readers of Parquet have as arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from run_directory import contents

import twinlens
from image_files import write_broken, write_folder
from twinlens import data
from twinlens import transforms as T
from twinlens.errors import ArgumentError

RANDOM = T.Compose([T.RandomResizedCrop(16), T.RandomHorizontalFlip()])
FLOAT = T.Compose([T.Resize(12), T.RandomCrop(10), T.ToTensor()])


def scalar(_: Any) -> Any:
    """Part of a pipeline that makes no image."""
    return np.array(3)


GRAY = T.Compose([T.Resize((6, 8)), T.Grayscale()])


@pytest.mark.parametrize(
    ("pipe", "kind"),
    [
        (RANDOM, pa.fixed_shape_tensor(pa.uint8(), (16, 16, 3), dim_names=["H", "W", "C"])),
        (FLOAT, pa.fixed_shape_tensor(pa.float32(), (3, 10, 10), dim_names=["C", "H", "W"])),
        (GRAY, pa.fixed_shape_tensor(pa.uint8(), (6, 8, 1), dim_names=["H", "W", "C"])),
    ],
    ids=["uint8", "float", "gray"],
)
def test_every_reader_has_the_arrays(tmp_path: Path, pipe: T.Compose, kind: Any) -> None:
    paths = write_folder(tmp_path / "src")
    summary = data.run(tmp_path / "src", pipe, tmp_path / "out", format="array", shard_size=5)
    assert (summary.written, summary.shards) == (12, 3)
    expected = [
        np.asarray(pipe(data.decode(tmp_path / "src" / path), key=twinlens.key(0, 0, i)))
        for i, path in enumerate(paths)
    ]
    records = list(data.read(tmp_path / "out"))
    dataset = data.ParquetDataset(tmp_path / "out")
    table = pq.read_table(sorted((tmp_path / "out").glob("*.parquet")), columns=["path", "image"])
    assert table.schema.field("image").type == kind
    plain = table["image"].combine_chunks().to_numpy_ndarray()
    for i, image in enumerate(expected):
        for found in (records[i].image, plain[i]):
            assert found.dtype == image.dtype
            np.testing.assert_array_equal(found, image)
        pixels, _ = dataset[i]
        np.testing.assert_array_equal(pixels, image.transpose(1, 2, 0) if pipe is FLOAT else image)
        assert records[i].image.flags.writeable
        assert pixels.flags.writeable
    assert [record.path for record in records] == paths == table["path"].to_pylist()
    assert [record.label for record in records] == [Path(path).parent.name for path in paths]


def test_a_result_of_another_shape_is_a_failure(tmp_path: Path) -> None:
    paths = write_folder(tmp_path / "src")
    broken = write_broken(tmp_path / "src")
    sizes = {path: data.decode(tmp_path / "src" / path).shape for path in paths}
    summary = data.run(tmp_path / "src", T.RandomHorizontalFlip(), tmp_path / "out", format="array", batch_size=2)
    first = sizes[paths[0]]
    same = [path for path in paths if sizes[path] == first]
    assert [record.path for record in data.read(tmp_path / "out")] == same
    assert summary.failed == len(paths) - len(same) + len(broken)
    lines = [json.loads(line) for line in (tmp_path / "out/errors.jsonl").read_text("utf-8").splitlines()]
    odd = next(line for line in lines if line["path"] not in broken)
    shape = sizes[odd["path"]]
    assert odd["reason"] == (
        f"its result is {shape} uint8, the first one's {first} uint8; format=array wants one shape and dtype"
    )


def test_resume_keeps_the_shape(tmp_path: Path) -> None:
    write_folder(tmp_path / "src")
    for out in ("whole", "out"):
        data.run(tmp_path / "src", RANDOM, tmp_path / out, format="array", shard_size=4)
    (tmp_path / "out/part-00001.parquet").unlink()
    (tmp_path / "out/part-00002.parquet").unlink()
    data.run(tmp_path / "src", RANDOM, tmp_path / "out", format="array", shard_size=4, resume=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.parametrize("pipe", [T.Compose([T.ToTensor(), T.ToDtype("bfloat16")]), T.Lambda(scalar)])
def test_what_the_column_cannot_hold(tmp_path: Path, pipe: Any) -> None:
    write_folder(tmp_path / "src", 1)
    assert data.run(tmp_path / "src", pipe, tmp_path / "out", format="array").failed == 1


def test_arrays_are_for_parquet(tmp_path: Path) -> None:
    write_folder(tmp_path / "src", 1)
    with pytest.raises(ArgumentError, match="sink='webdataset' takes png, jpeg or raw"):
        data.run(tmp_path / "src", RANDOM, tmp_path / "out", format="array", sink="webdataset")
    assert not (tmp_path / "out").exists()


def test_columns_of_arrays_from_elsewhere_are_sources(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 3), np.uint8)
    pixels = pa.FixedShapeTensorArray.from_numpy_ndarray(images)
    vector = pa.FixedShapeTensorArray.from_numpy_ndarray(np.zeros((3, 8), np.float32))
    pq.write_table(pa.table({"pixels": pixels, "embedding": vector}), tmp_path / "a.parquet")
    assert [image.tolist() for image in data.ParquetDataset(tmp_path / "a.parquet")] == images.tolist()  # type: ignore[attr-defined]


def test_an_array_that_is_missing_is_one_failure(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 3), np.uint8)
    pixels = pa.FixedShapeTensorArray.from_numpy_ndarray(images)
    storage = pa.array([images[0].ravel().tolist(), None], pa.list_(pa.uint8(), 60))
    pq.write_table(pa.table({"image": pa.ExtensionArray.from_storage(pixels.type, storage)}), tmp_path / "b.parquet")
    try:
        pq.read_table(tmp_path / "b.parquet")
    except pa.ArrowInvalid:
        pytest.skip(f"pyarrow {pa.__version__} reads no nulls among lists of one size")
    summary = data.run(tmp_path / "b.parquet", T.CenterCrop(2), tmp_path / "out")
    assert (summary.written, summary.failed) == (1, 1)
    assert "has no bytes" in (tmp_path / "out/errors.jsonl").read_text("utf-8")
