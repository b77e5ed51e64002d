"""CopyPaste against a slow loop, on every container."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import twinlens
from images import picture
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import InputError

N, K, H, W = 8, 3, 20, 24
KEYS = [int(twinlens.key(4, 0, i)) for i in range(N)]


def batch() -> dict[str, Any]:
    """Three rectangles a sample, which may overlap; some samples have fewer."""
    rng = np.random.default_rng(0)
    start = rng.integers(0, 12, (N, K, 2))
    end = start + rng.integers(3, 9, (N, K, 2))
    boxes = torch.from_numpy(np.concatenate((start, end), 2)).float()
    there = torch.from_numpy(rng.random((N, K)) < 0.8)
    there[:, 0] = True
    boxes = boxes * there[..., None]
    masks = torch.zeros(N, K, H, W, dtype=torch.uint8)
    for i, k in np.ndindex(N, K):
        left, top, right, bottom = boxes[i, k].int().tolist()
        masks[i, k, top:bottom, left:right] = k + 1
    images = torch.from_numpy(np.stack([picture(H, W, seed=i) for i in range(N)])).permute(0, 3, 1, 2)
    labels = torch.arange(N * K).reshape(N, K)
    return {"image": images, "mask": masks, "boxes": Boxes(boxes, valid=there), "labels": labels}


@pytest.mark.parametrize("p", [0.5, 1.0])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_it_is_what_a_loop_does(p: float, dtype: str) -> None:
    sample = batch()
    sample["image"] = sample["image"].to(torch.int32).to(getattr(torch, dtype))
    done, params = T.CopyPaste(p)(sample, keys=KEYS, return_params=True)
    drawn = params[""]
    masks, boxes = sample["mask"].numpy(), sample["boxes"].data.numpy()
    for i in range(N):
        j = int(drawn["partner"][i])
        assert j != i
        present = [k for k in range(K) if masks[j, k].any()]
        number = int(drawn["share"][i] * len(present)) + 1
        chosen = sorted(present, key=lambda k: drawn["score"][i, k])[:number] if drawn["applied"][i] else []
        over = np.zeros((H, W), bool)
        for k in chosen:
            over |= masks[j, k] > 0
        image = np.where(over, sample["image"][j].numpy(), sample["image"][i].numpy())
        assert np.array_equal(done["image"][i].numpy(), image)
        for k in range(K):
            left = np.where(over, 0, masks[i, k])
            assert np.array_equal(done["mask"][i, k].numpy(), left)
            pasted = masks[j, k] if k in chosen else np.zeros_like(left)
            assert np.array_equal(done["mask"][i, K + k].numpy(), pasted)
            own = boxes[i, k]
            if (left != masks[i, k]).any():
                rows, columns = np.flatnonzero(left.any(1)), np.flatnonzero(left.any(0))
                own = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1] if len(rows) else [0, 0, 0, 0]
            assert done["boxes"].data[i, k].tolist() == list(own)
            assert bool(done["boxes"].valid[i, k]) == bool(left.any())
            assert bool(done["boxes"].valid[i, K + k]) == (k in chosen)
            assert done["boxes"].data[i, K + k].tolist() == (boxes[j, k].tolist() if k in chosen else [0.0] * 4)
        assert done["labels"][i].tolist() == [*sample["labels"][i].tolist(), *sample["labels"][j].tolist()]
    if p == 1.0:
        assert not torch.equal(done["image"].to(torch.int32), sample["image"].to(torch.int32))


def test_containers_agree() -> None:
    sample = batch()
    pipe = T.Compose([T.RandomHorizontalFlip(), T.CopyPaste(p=0.7)])
    done = pipe(sample, keys=KEYS)
    with twinlens.use_engine("kornia"):
        assert torch.equal(pipe(sample, keys=KEYS)["image"], done["image"])
    arrays = {
        "image": list(sample["image"].permute(0, 2, 3, 1).numpy()),
        "mask": list(sample["mask"].permute(0, 2, 3, 1).numpy()),
    }
    listed = twinlens.from_dict(pipe.to_dict())(arrays, keys=KEYS)
    for i in range(N):
        assert np.array_equal(listed["image"][i], done["image"][i].permute(1, 2, 0).numpy())
        assert np.array_equal(listed["mask"][i], done["mask"][i].permute(1, 2, 0).numpy())


def test_masks_of_classes_are_pasted_whole() -> None:
    sample = batch()
    classes = sample["mask"].amax(1)
    done, params = T.CopyPaste(1.0)({"image": sample["image"], "mask": classes}, keys=KEYS, return_params=True)
    other = classes[torch.from_numpy(params[""]["partner"])]
    assert torch.equal(done["mask"], torch.where(other > 0, other, classes))


def test_draws() -> None:
    n = 2000
    keys = [int(twinlens.key(6, 0, i)) for i in range(n)]
    masks = torch.ones(n, 3, 1, 1, dtype=torch.uint8)
    done, params = T.CopyPaste(0.4)({"image": torch.zeros(n, 1, 1, 1), "mask": masks}, keys=keys, return_params=True)
    applied = params[""]["applied"]
    assert abs(applied.mean() - 0.4) < 3.3 * np.sqrt(0.24 / n)
    chosen = done["mask"][torch.from_numpy(applied)][:, 3:].flatten(1)
    expected = len(chosen) / 3
    numbers = np.bincount(chosen.sum(1).numpy(), minlength=4)
    assert numbers[0] == 0
    assert ((numbers[1:] - expected) ** 2 / expected).sum() < 13.8  # chi-square, 2 degrees of freedom, 0.1%
    firsts = chosen[chosen.sum(1) == 1].sum(0).numpy()
    assert ((firsts - firsts.mean()) ** 2 / firsts.mean()).sum() < 13.8


def test_what_it_refuses() -> None:
    sample = batch()
    for changes, message in (
        ({"mask": None}, "wants one mask of the objects, got 0"),
        ({"keypoints": Keypoints(torch.zeros(N, 1, 2))}, "no keypoints"),
        ({"boxes": Boxes(torch.zeros(N, 2, 4))}, "2 boxes for 3 objects"),
        ({"image": [picture(H, W + (i > 3)) for i in range(N)], "mask": None}, "wants one mask|one size"),
    ):
        with pytest.raises(InputError, match=message):
            T.CopyPaste()({**sample, **changes})
