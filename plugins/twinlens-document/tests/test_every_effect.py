"""What every effect of the package owes: the same bits everywhere, from a key, alone or in a batch, and from a file."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch
import twinlens_document as D
from pages import SIZES, page
from twinlens_document import host

import twinlens
from twinlens import transforms as T
from twinlens.errors import TwinlensError

#: arguments with which an effect is tried, where its defaults are not enough; one line a transform
ARGUMENTS: dict[str, dict[str, Any]] = {
    "Dithering": {"p": 0.5},  # the rest of it draws nothing
    "Faxify": {"halftone": False},
    "DocumentPipeline": {"paper": [D.LightingGradient()], "post": [D.LightingGradient(p=0.5)], "paper_color": (9, 250)},
}
EFFECTS = [kind.__name__ for kind in D.TRANSFORMS]


def effect(name: str) -> T.Transform:
    made: T.Transform = getattr(D, name)(**ARGUMENTS.get(name, {}))
    return made


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.reshape(*image.shape[:2], -1)).permute(2, 0, 1).contiguous()


@pytest.mark.parametrize("name", EFFECTS)
def test_is_registered(name: str) -> None:
    assert twinlens.get(f"document.{name}") is getattr(D, name)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", EFFECTS)
def test_engines_and_batches_agree(name: str, channels: int) -> None:
    pipe, images = effect(name), [page(h, w, channels, i) for i, (h, w) in enumerate(SIZES)]
    keys = list(range(11, 11 + len(images)))
    native = pipe.batch(images, keys=keys, engine="native")
    batched = pipe.batch(images, keys=keys, engine="kornia")
    for image, key, a, b in zip(images, keys, native, batched, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, pipe(image, key=key))


@pytest.mark.parametrize("name", EFFECTS)
def test_host_computes_the_bits_of_the_torch_code(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = effect(name)
    for channels in (1, 3):
        x = torch.stack([tensor(page(120, 90, channels, i)) for i in range(3)])
        for layout in (x, x.contiguous(memory_format=torch.channels_last)):
            monkeypatch.setattr(host, "serves", lambda _: True)
            by_host = pipe(layout, keys=[1, 2, 3])
            monkeypatch.setattr(host, "serves", lambda _: False)
            by_torch = pipe(layout, keys=[1, 2, 3], engine="kornia")
            assert torch.equal(by_host, by_torch)


@pytest.mark.parametrize("name", EFFECTS)
def test_does_something_and_leaves_its_input_alone(name: str) -> None:
    pipe, image = effect(name), page(220, 170)
    before = image.copy()
    done = [pipe(image, key=key) for key in range(6)]
    assert any((result.shape != image.shape) or (result != image).any() for result in done)
    assert any((done[0].shape != other.shape) or (done[0] != other).any() for other in done[1:])
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("name", EFFECTS)
def test_copies_are_equal(name: str, tmp_path: Any) -> None:
    pipe, image = effect(name), page(97, 131)
    wanted = pipe(image, key=5)
    twinlens.save(pipe, tmp_path / "pipe.yaml")
    for copy in (pickle.loads(pickle.dumps(pipe)), twinlens.load(tmp_path / "pipe.yaml")):
        assert copy == pipe
        np.testing.assert_array_equal(copy(image, key=5), wanted)


@pytest.mark.parametrize("name", EFFECTS)
def test_probability_of_nothing_is_nothing(name: str) -> None:
    if "p" not in getattr(D, name).Config.model_fields:
        assert name == "DocumentPipeline"
        return
    image = page(64, 64)
    np.testing.assert_array_equal(getattr(D, name)(**ARGUMENTS.get(name, {}) | {"p": 0.0})(image, key=1), image)


@pytest.mark.parametrize("name", EFFECTS)
def test_takes_no_other_dtype(name: str) -> None:
    with pytest.raises(TwinlensError, match="uint8"):
        effect(name)(page(64, 64).astype(np.float32) / 255.0, key=1)


@pytest.mark.parametrize("name", EFFECTS)
def test_arguments_are_described(name: str) -> None:
    for field, info in getattr(D, name).Config.model_fields.items():
        assert field == "name" or info.description, field
    with pytest.raises(TwinlensError, match="no argument named 'unheard_of'"):
        effect(name)._validated({"unheard_of": 1})


@pytest.mark.parametrize("name", EFFECTS)
def test_targets_move_together(name: str) -> None:
    pipe, (x0, y0, x1, y1) = effect(name), (30, 40, 90, 120)
    mask = np.zeros((220, 170), np.uint8)
    mask[y0:y1, x0:x1] = 3
    sample = {
        "image": page(220, 170),
        "mask": mask,
        "boxes": twinlens.Boxes([[x0, y0, x1, y1]]),
        "keypoints": torch.tensor([[(x0 + x1 - 1) / 2.0, (y0 + y1 - 1) / 2.0]]),
    }
    for key in range(4):
        done = pipe(sample, key=key)
        assert set(np.unique(done["mask"])) <= {0, 3}
        ys, xs = np.nonzero(done["mask"])
        hull = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
        assert np.abs(hull - done["boxes"].data[0].numpy()).max() <= 1.0
        px, py = np.rint(torch.as_tensor(done["keypoints"]).reshape(2).numpy()).astype(int)
        assert done["mask"][py, px] == 3


@pytest.mark.parametrize("name", EFFECTS)
def test_odd_sizes_and_none(name: str) -> None:
    pipe = effect(name)
    assert pipe(torch.zeros(0, 3, 64, 48, dtype=torch.uint8), keys=[]).shape == (0, 3, 64, 48)
    for h, w in ((1, 1), (1, 70), (41, 2)):
        image = page(h, w, 1)
        done = pipe(image, key=3)
        assert done.shape == image.shape
        np.testing.assert_array_equal(done, pipe.batch([image], keys=[3], engine="kornia")[0])
        np.testing.assert_array_equal(done, pipe(np.asfortranarray(image), key=3))
