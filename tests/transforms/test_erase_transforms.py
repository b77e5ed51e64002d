"""RandomErasing against torchvision, CoarseDropout and GridDropout by their rectangles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

import twinlens
from images import picture
from pil_images import assert_same_pil, pil_image
from twinlens import transforms as T

N = 4000


def parameters(pipe: Any, h: int, w: int, n: int = N) -> dict[str, Any]:
    """What n images of h x w are given."""
    keys = np.array([twinlens.key(index=i) for i in range(n)], np.uint64)
    images = np.broadcast_to(np.zeros((1, 1, 1, 1), np.uint8), (n, h, w, 1))
    _, params = pipe(images, keys=keys, return_params=True)
    return params[""]


def ranks_agree(ours: Any, theirs: Any) -> bool:
    """Two-sample Kolmogorov-Smirnov at 99.9%."""
    ours, theirs = np.sort(ours), np.sort(theirs)
    at = np.concatenate((ours, theirs))
    distance = np.abs(
        np.searchsorted(ours, at, side="right") / len(ours) - np.searchsorted(theirs, at, side="right") / len(theirs)
    ).max()
    return bool(distance < 1.95 * np.sqrt(1 / len(ours) + 1 / len(theirs)))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_erases_what_torchvision_does(mode: str) -> None:
    image = pil_image(mode, 23, 31)
    value = [7.0, 8.0, 9.0, 10.0][: len(image.getbands())]
    out, params = T.RandomErasing(1.0, value=value)(image, key=4, return_params=True)
    i, j, h, w = params[""]["yxhw"][0].tolist()
    fill = torch.tensor(value, dtype=torch.uint8)[:, None, None]
    assert_same_pil(out, v2.functional.erase(image, i, j, h, w, fill))


def test_erasing_has_torchvisions_distribution() -> None:
    ours = parameters(T.RandomErasing(p=0.7), 20, 30)
    assert abs(ours["erased"].mean() - 0.7) < 0.03
    torch.manual_seed(0)
    image = torch.zeros(1, 20, 30)
    reference = v2.RandomErasing(p=1.0)
    theirs = np.array([[reference.make_params([image])[k] for k in "ijhw"] for _ in range(1500)])
    # each call above draws anew: compare the columns, not the rows
    for column in range(4):
        assert ranks_agree(ours["yxhw"][:, column], theirs[:, column])
    torch.manual_seed(0)
    own = np.array([T.RandomErasing.get_params(image, (0.02, 0.33), (0.3, 3.3), [0.0])[:4] for _ in range(1500)])
    for column in range(4):
        assert ranks_agree(own[:, column], theirs[:, column])


def test_nothing_fits() -> None:
    image = picture(20, 20)
    out, params = T.RandomErasing(1.0, scale=(1.0, 1.0), ratio=(1.0, 1.0))(image, return_params=True)
    np.testing.assert_array_equal(out, image)
    assert not params[""]["erased"].any()


def test_random_values() -> None:
    flat = np.full((200, 200, 3), 0.5, np.float32)
    out, params = T.RandomErasing(1.0, value="random")(flat, key=1, return_params=True)
    y, x, h, w = params[""]["yxhw"][0]
    filled = out[y : y + h, x : x + w]
    assert abs(filled.mean()) < 0.05
    assert abs(filled.std() - 1) < 0.05
    assert (out != 0.5).sum() == filled.size
    levels = T.RandomErasing(1.0, (0.3, 0.33), value="random")(np.zeros((400, 400), np.uint8), key=1)
    counts = np.bincount(levels[levels.any(1)][:, levels.any(0)].ravel(), minlength=256)
    expected = counts.sum() / 256
    assert ((counts - expected) ** 2 / expected).sum() < 330.5  # 255 degrees of freedom, 99.9%


def test_coarse_dropout_draws_sizes_and_places_uniformly() -> None:
    drawn = parameters(T.CoarseDropout((1, 3), (3, 6), (0.1, 0.5), p=0.4), 10, 40)
    assert abs(drawn["active"].mean() - 0.4) < 0.03
    for values, low, high in ((drawn["count"], 1, 3), (drawn["yxhw"][:, 0, 2], 3, 6)):
        counts = np.bincount(values, minlength=high + 1)[low:]
        assert counts.sum() == N
        assert ((counts - N / len(counts)) ** 2 / (N / len(counts))).sum() < 16.3
    assert drawn["yxhw"][..., 3].min() == 4
    assert drawn["yxhw"][..., 3].max() == 19
    fixed = parameters(T.CoarseDropout(1, 4, 4, p=1.0), 10, 10)
    counts = np.bincount(fixed["yxhw"][:, 0, 0], minlength=7)
    assert ((counts - N / 7) ** 2 / (N / 7)).sum() < 22.5


@pytest.mark.parametrize("engine", ["native", "kornia"])
def test_coarse_dropout_fills_image_and_mask(engine: Any) -> None:
    image, mask = np.full((30, 40, 3), 100, np.uint8), np.full((30, 40), 5, np.int64)
    pipe = T.CoarseDropout(3, fill=(1, 2, 3), fill_mask=9, p=1.0)
    out = pipe({"image": image, "mask": mask, "keypoints": [[1.0, 2.0]]}, key=1, engine=engine)
    np.testing.assert_array_equal(out["mask"] == 9, (out["image"] == (1, 2, 3)).all(-1))
    assert set(np.unique(out["mask"])) == {5, 9}
    assert out["keypoints"] == [[1.0, 2.0]]
    coloured = T.CoarseDropout(2, 5, 6, fill="random_uniform", p=1.0)(image, key=1, engine=engine)
    assert len(np.unique(coloured.reshape(-1, 3), axis=0)) == 3


def test_grid_dropout_has_albumentations_grid() -> None:
    """Rows and columns as Albumentations 2.0.8 fills them on 100 x 120 without offset."""
    image = np.ones((100, 120), np.uint8)

    def edges(pipe: Any) -> tuple[list[int], list[int]]:
        holes = pipe(image) == 0
        return [(np.flatnonzero(np.diff(holes.any(axis)))[:4] + 1).tolist() for axis in (1, 0)]

    assert edges(T.GridDropout(random_offset=False, p=1.0)) == [[5, 10, 15, 20], [6, 12, 18, 24]]
    assert edges(T.GridDropout(0.3, False, (20, 20), p=1.0)) == [[6, 20, 26, 40], [6, 20, 26, 40]]
    shifted = T.GridDropout(0.5, False, None, (4, 3), (5, 7), p=1.0)
    assert edges(shifted) == [[7, 23, 40, 56], [5, 20, 35, 50]]


def test_grid_dropout_offsets_are_uniform() -> None:
    image = np.ones((40, 60), np.uint8)
    seen = np.zeros((10, 10), int)
    for key in range(60):
        holes = T.GridDropout(unit_size_range=(10, 10), ratio=0.4, p=1.0)(image, key=key) == 0
        assert holes.sum() == 24 * 16
        seen += holes.reshape(4, 10, 6, 10).sum((0, 2))
    assert seen[0, 0] < seen[5, 5]
    corner = seen[0, 0] / (60 * 24)
    assert abs(corner - 1 / 49) < 0.012
