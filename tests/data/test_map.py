"""twinlens.data.map: results and failures in order, the same whatever the threads and chunks."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import twinlens
from image_files import encoded, write_broken, write_folder
from twinlens import data
from twinlens import transforms as T
from twinlens.errors import ArgumentError

PIPE = T.Compose([T.RandomResizedCrop(8), T.ColorJitter(0.4)])


@pytest.mark.parametrize(("workers", "chunk_size"), [(1, 1), (2, 5), (None, 32)])
def test_a_folder(workers: int | None, chunk_size: int, tmp_path: Path) -> None:
    good, broken = write_folder(tmp_path), write_broken(tmp_path)
    seen: list[tuple[int, int, int]] = []
    found = list(
        data.map(
            tmp_path, PIPE, workers=workers, chunk_size=chunk_size, seed=5, progress=lambda *counts: seen.append(counts)
        )
    )
    everything = sorted([*good, *broken])
    assert [one.path for one in found] == everything
    assert [one.index for one in found] == list(range(len(everything)))
    for one in found:
        if isinstance(one, data.Failure):
            assert broken[one.path] in one.reason
        else:
            wanted = PIPE(data.decode(tmp_path / one.path), key=twinlens.key(5, 0, one.index))
            np.testing.assert_array_equal(one.image, wanted)
            assert one.label == Path(one.path).parent.name
    assert seen[-1] == (len(good), len(broken), len(everything))


def test_a_list_of_all_sorts(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    (tmp_path / "a.png").write_bytes(encoded("PNG", 20, 30))
    items: list[Any] = [tmp_path / "a.png", encoded("JPEG", 20, 30), array, Image.fromarray(array), 3, array[..., 0]]
    found = list(data.map(items, T.Compose([T.Resize((8, 8))])))
    assert [isinstance(one, data.Failure) for one in found] == [False, False, False, False, True, False]
    np.testing.assert_array_equal(found[2].image, found[3].image)  # type: ignore[union-attr]
    assert found[5].image.shape == (8, 8, 1)  # type: ignore[union-attr]
    assert "got int, wants a file" in found[4].reason  # type: ignore[union-attr]
    assert found[0].path == str(tmp_path / "a.png")


def explodes(image: Any) -> Any:
    if image.shape[0] == 21:
        raise RuntimeError("boom")
    return image


def test_what_a_pipeline_raises_is_one_failure() -> None:
    images = [np.zeros((20 + i, 9, 3), np.uint8) for i in range(4)]
    found = list(data.map(images, T.Compose([T.Lambda(explodes)])))
    assert [getattr(one, "reason", None) for one in found] == [None, "RuntimeError: boom", None, None]


def slow(image: Any) -> Any:
    time.sleep(0.05)
    return image


def test_stopping_early_ends_the_threads(tmp_path: Path) -> None:
    write_folder(tmp_path, 40)
    results = data.map(tmp_path, T.Compose([T.Lambda(slow)]), chunk_size=2, workers=2)
    next(results)
    assert any(thread.name.startswith("twinlens-map") for thread in threading.enumerate())
    results.close()  # type: ignore[attr-defined]
    assert not any(thread.name.startswith("twinlens-map") for thread in threading.enumerate())


@pytest.mark.parametrize("pipe", [PIPE, T.Compose([T.Resize(8)])])
def test_results_go_at_once(pipe: T.Compose, tmp_path: Path) -> None:
    """Without waiting for the garbage collector, which does not know how large they are."""
    for i in range(6):
        (tmp_path / f"{i}.jpg").write_bytes(encoded("JPEG", 20 + i, 30))
    gc.disable()
    try:
        images = [weakref.ref(one.image) for one in data.map(tmp_path, pipe, workers=1) if isinstance(one, data.Mapped)]
        assert len(images) == 6
        assert not any(image() is not None for image in images[:-1])  # the loop's variable held the last one
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"workers": 0}, "map: workers=0"),
        ({"chunk_size": -1}, "map: chunk_size=-1"),
        ({"color": "x"}, "map: color='x'"),
    ],
)
def test_refusals(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        data.map([], PIPE, **given)  # before the first result is asked for
