"""What effects of ink and paper promise besides what every effect does: pages of any kind, and nothing but the page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import twinlens_document as document
from hypothesis import given, settings
from hypothesis import strategies as st

import twinlens
from twinlens import transforms as T

EFFECTS: list[T.Transform] = [
    document.BadPhotoCopy(),
    document.BleedThrough(),
    document.BrightnessTexturize(),
    document.ColorPaper(),
    document.DirtyDrum(),
    document.DirtyRollers(),
    document.Faxify(),
    document.Faxify(halftone=False, scale=1.5),
    document.InkBleed(),
    document.Letterpress(),
    document.LowInkPeriodicLines(),
    document.LowInkRandomLines(),
    document.NoiseTexturize(),
    document.PaperTexture(),
    document.SubtleNoise(),
    document.ColorShift(),
    document.DepthSimulatedBlur(),
    document.DoubleExposure(),
    document.Hollow(),
    document.InkColorSwap(),
    document.InkMottling(),
    document.LinesDegradation(),
    document.LensFlare(),
    document.ReflectedLight(),
    document.Dithering(),
    document.DotMatrix(),
    document.LCDScreenPattern(),
    document.Moire(),
    document.Stains(),
]
each = pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: repr(effect))


def page(h: int, w: int, channels: int = 3) -> np.ndarray[Any, Any]:
    """White paper, black bars, and a patch of noise."""
    image = np.full((h, w, channels), 255, np.uint8)
    image[h // 5 : h // 4 + 1, w // 6 :] = 0
    image[:, w // 3 : w // 3 + 2] = 40
    noise = np.random.default_rng(h * 1000 + w).integers(0, 256, (h // 2, w // 2, channels), dtype=np.uint8)
    image[h - h // 2 :, w - w // 2 :] = noise
    return image[:, :, 0] if channels == 1 else image


@each
def test_changes_the_page_and_nothing_else(effect: T.Transform) -> None:
    image = page(90, 70)
    before = image.copy()
    boxes = twinlens.Boxes([[3, 4, 50, 60]])
    mask = np.arange(90 * 70, dtype=np.int64).reshape(90, 70) % 7
    done = effect({"image": image, "boxes": boxes, "mask": mask}, key=3)
    np.testing.assert_array_equal(image, before)
    assert done["image"].shape == image.shape
    assert done["image"].dtype == np.uint8
    assert (done["image"] != image).any()
    assert torch.equal(done["boxes"].data, boxes.data)
    np.testing.assert_array_equal(done["mask"], mask)


@each
def test_containers_agree(effect: T.Transform) -> None:
    image = page(61, 47)
    planes = torch.from_numpy(image.transpose(2, 0, 1).copy())
    assert torch.equal(effect(planes, key=4).permute(1, 2, 0), torch.from_numpy(effect(image, key=4)))
    flipped = image[::-1, ::-1]
    np.testing.assert_array_equal(effect(flipped, key=4), effect(flipped.copy(), key=4))


@each
def test_reprs(effect: T.Transform) -> None:
    assert eval(repr(effect), vars(document)) == effect


@each
def test_a_share_of_the_pages(effect: T.Transform) -> None:
    some = type(effect)(**{**effect.config.model_dump(), "p": 0.5})
    image = page(40, 30)
    for key in range(6):
        done = some(image, key=key)
        assert (done == image).all() or (done == effect(image, key=key)).all()
    assert {bool((some(image, key=key) == image).all()) for key in range(20)} == {True, False}


@each
def test_alpha_stays(effect: T.Transform) -> None:
    import PIL.Image

    rgba = np.concatenate((page(50, 40), np.arange(2000, dtype=np.int64).reshape(50, 40, 1) % 256), 2).astype(np.uint8)
    done = np.asarray(effect(PIL.Image.fromarray(rgba), key=2))
    np.testing.assert_array_equal(done[..., 3], rgba[..., 3])
    assert (done[..., :3] != rgba[..., :3]).any()


@settings(max_examples=25, deadline=None)
@given(h=st.integers(1, 40), w=st.integers(1, 40), number=st.integers(0, len(EFFECTS) - 1), key=st.integers(0, 2**63))
def test_pages_of_any_size(h: int, w: int, number: int, key: int) -> None:
    image = np.random.default_rng(h * 64 + w).integers(0, 256, (h, w, 3), dtype=np.uint8)
    done = EFFECTS[number](image, key=key, engine="native")
    assert done.shape == image.shape
    np.testing.assert_array_equal(EFFECTS[number](image, key=key, engine="kornia"), done)


@each
def test_an_empty_batch(effect: T.Transform) -> None:
    assert effect(torch.zeros(0, 3, 8, 8, dtype=torch.uint8)).shape == (0, 3, 8, 8)
