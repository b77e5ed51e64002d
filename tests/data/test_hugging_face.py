"""Hugging Face's datasets as sources; run where the library is installed."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from twinlens import data
from twinlens import transforms as T
from twinlens.data.sources import open_source
from twinlens.errors import ArgumentError

datasets = pytest.importorskip("datasets", reason="datasets is not installed")


def encoded(i: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(i).integers(0, 256, (20 + i, 30, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_a_dataset_of_pictures(tmp_path: Path) -> None:
    contents = [encoded(i) for i in range(5)]
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
    rows = {"image": [{"bytes": c, "path": None} for c in contents], "label": [0, 1, 1, 0, 1]}
    dataset = datasets.Dataset.from_dict(rows, features=features)
    source = open_source(dataset)
    assert [source.read(i) for i in range(5)] == contents
    assert [source.label(i) for i in range(5)] == ["cat", "dog", "dog", "cat", "dog"]
    summary = data.run(dataset, T.Compose([T.Resize((8, 8))]), tmp_path / "out")
    assert (summary.written, summary.failed) == (5, 0)
    found = list(data.read(tmp_path / "out"))
    assert [record.label for record in found] == ["cat", "dog", "dog", "cat", "dog"]
    np.testing.assert_array_equal(found[3].image, T.Resize((8, 8))(data.decode(contents[3])))
    assert data.stats(dataset).images == 5


def test_files_of_a_dataset(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(1))
    rows = {"photo": [str(tmp_path / "a.png")]}
    dataset = datasets.Dataset.from_dict(rows, features=datasets.Features({"photo": datasets.Image()}))
    source = open_source(dataset)
    assert (source.read(0), source.label(0)) == (tmp_path / "a.png", "")
    assert data.stats(dataset).images == 1


def test_a_dataset_without_pictures() -> None:
    with pytest.raises(ArgumentError, match="wants one column of images, or 'image', got text"):
        open_source(datasets.Dataset.from_dict({"text": ["a"]}))
