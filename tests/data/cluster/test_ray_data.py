"""twinlens.ray.read and MapBatches in Ray Data's pipelines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
from nodes import Cluster

import twinlens
from image_files import write_broken, write_folder
from twinlens import data
from twinlens import transforms as T
from twinlens.errors import DecodeError
from twinlens.ray import MapBatches, read

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context"),
]

PIPE = T.Compose([T.RandomResizedCrop(16), T.RandomHorizontalFlip(), T.ToTensor()])


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("photos")
    write_folder(folder, 20)
    return folder, write_broken(folder)


def by_index(dataset: Any) -> dict[int, dict[str, Any]]:
    rows = dataset.take_all()
    found = {row["index"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def test_reading(two_nodes: Cluster, photos: tuple[Path, dict[str, str]]) -> None:
    del two_nodes
    folder, broken = photos
    source = data.Folder(folder)
    rows = by_index(read(folder, concurrency=2, blocks=3))
    assert sorted(rows) == list(range(len(source)))
    for i, row in rows.items():
        assert (row["path"], row["label"]) == (source.path(i), source.label(i))
        if row["path"] in broken:
            assert row["image"].shape == (0, 0, 0)
            assert broken[row["path"]] in row["error"]
        else:
            assert row["error"] == ""
            np.testing.assert_array_equal(row["image"], data.decode(source.read(i)))
    assert read(folder, blocks=2, failures="drop").count() == 20
    with pytest.raises(DecodeError, match="the file is empty"):
        read(folder / "broken", blocks=1, failures="raise").materialize()


@pytest.mark.parametrize("actors", [False, True], ids=["tasks", "actors"])
def test_a_pipeline_as_tasks_and_as_actors(
    two_nodes: Cluster, photos: tuple[Path, dict[str, str]], actors: bool
) -> None:
    del two_nodes
    folder, broken = photos
    settings = {"seed": 3, "epoch": 2, "engine": "kornia" if actors else None}
    images = read(folder, blocks=3, num_cpus=0.5)
    if actors:
        pool = ray.data.ActorPoolStrategy(min_size=1, max_size=2)
        made = images.map_batches(
            MapBatches,
            fn_constructor_args=(PIPE,),
            fn_constructor_kwargs=settings,
            batch_size=4,
            compute=pool,
            num_cpus=0.5,
        )
    else:
        made = images.map_batches(MapBatches(PIPE, **settings), batch_size=5)
    rows = by_index(made)
    for i, row in rows.items():
        if row["path"] in broken:
            assert row["error"]
            continue
        expected = PIPE(data.decode(folder / row["path"]), key=twinlens.key(3, 2, i)).numpy()
        assert row["image"].dtype == expected.dtype
        np.testing.assert_array_equal(row["image"], expected)
    assert len(rows) == 27


def test_from_a_bucket(two_nodes: Cluster, photos: tuple[Path, dict[str, str]], objects: Any) -> None:
    del two_nodes
    folder, _ = photos
    objects.put(f"{folder}/cats/", "pictures/read/cats/", recursive=True)
    rows = by_index(read("s3://pictures/read", concurrency=1, blocks=2))
    assert {row["path"] for row in rows.values()} == {
        path.relative_to(folder).as_posix() for path in (folder / "cats").rglob("*.*")
    }
    for row in rows.values():
        np.testing.assert_array_equal(row["image"], data.decode(folder / row["path"]))
