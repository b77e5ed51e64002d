"""squares.Letterbox: found by name, equal on both engines, targets in their places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from twinlens_squares import Letterbox

import twinlens
from twinlens import transforms as T

SIZES = [(480, 640), (640, 480), (64, 64), (1, 300), (301, 7)]


def noise(h: int, w: int) -> np.ndarray:
    return np.random.default_rng(h * 1000 + w).integers(0, 256, (h, w, 3), dtype=np.uint8)


def test_is_registered_under_the_plugin_name() -> None:
    assert twinlens.get("squares.Letterbox") is Letterbox
    (plugin,) = (p for p in twinlens.plugins() if p.name == "squares")
    assert plugin.package == "twinlens-squares"
    assert plugin.error is None
    assert plugin.transforms == ["squares.Letterbox"]


@pytest.mark.parametrize(("h", "w"), SIZES)
def test_equals_pillow(h: int, w: int) -> None:
    image = noise(h, w)
    new_h, new_w = (max(round(side * 64 / max(h, w)), 1) for side in (h, w))
    top, left = (64 - new_h) // 2, (64 - new_w) // 2
    # One axis at a time: the order of Pillow's passes depends on its version.
    resized = PIL.Image.fromarray(image).resize((new_w, h), PIL.Image.Resampling.BILINEAR)
    resized = resized.resize((new_w, new_h), PIL.Image.Resampling.BILINEAR)
    wanted = np.full((64, 64, 3), 114, np.uint8)
    wanted[top : top + new_h, left : left + new_w] = np.asarray(resized)
    np.testing.assert_array_equal(Letterbox(64, fill=114)(image), wanted)


def test_batch_of_any_sizes_on_both_engines() -> None:
    images = [noise(h, w) for h, w in SIZES]
    pipe = T.Compose([Letterbox(64, fill=[1, 2, 3]), T.ToTensor()])
    native, batched = (pipe.batch(images, engine=engine) for engine in ("native", "kornia"))
    assert native.shape == (5, 3, 64, 64)
    assert torch.equal(native, batched)
    for image, one in zip(images, native, strict=True):
        assert torch.equal(pipe(image), one)


def test_moves_targets() -> None:
    sample = {
        "image": noise(50, 100),
        "mask": np.ones((50, 100), np.uint8),
        "boxes": twinlens.Boxes([[0, 0, 100, 50]]),
    }
    moved = Letterbox(200, fill=9)(sample)
    assert moved["boxes"].data.tolist() == [[0, 50, 200, 150]]
    assert moved["mask"][:50].max() == 0
    assert moved["mask"][50:150].min() == 1


def test_file_round_trip(tmp_path: Path) -> None:
    pipe = T.Compose([Letterbox(64, fill=114), T.ToTensor()])
    twinlens.save(pipe, tmp_path / "pipe.yaml")
    assert twinlens.load(tmp_path / "pipe.yaml") == pipe


def test_refuses_sizes_below_one() -> None:
    with pytest.raises(ValueError, match="size=0"):
        Letterbox(0)
