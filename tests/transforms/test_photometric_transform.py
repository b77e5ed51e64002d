"""RandomPhotometricDistort: torchvision's functionals with the parameters that were drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from torchvision.transforms.v2 import functional as F

import twinlens
from twinlens import transforms as T
from twinlens.errors import ArgumentError

PHOTO: Any = np.ascontiguousarray(data.astronaut()[::4, ::4])


def expected(params: dict[str, Any]) -> Any:
    """What torchvision's transform does on a PIL image."""
    image = Image.fromarray(PHOTO)
    if params["brightness_active"][0]:
        image = F.adjust_brightness(image, params["brightness"][0])
    if params["contrast_active"][0] and params["contrast_before"][0]:
        image = F.adjust_contrast(image, params["contrast"][0])
    if params["saturation_active"][0]:
        image = F.adjust_saturation(image, params["saturation"][0])
    if params["hue_active"][0]:
        image = F.adjust_hue(image, float(params["hue"][0]))
    if params["contrast_active"][0] and not params["contrast_before"][0]:
        image = F.adjust_contrast(image, params["contrast"][0])
    if params["permuted"][0]:
        image = F.permute_channels(image, params["order"][0].tolist())
    return np.asarray(image)


@pytest.mark.parametrize("key", range(12))
def test_is_torchvisions_on_pil(key: int) -> None:
    out, params = T.RandomPhotometricDistort()(PHOTO, key=twinlens.key(index=key), return_params=True)
    np.testing.assert_array_equal(out, expected(params[""]))


def test_draws_and_engines() -> None:
    keys = np.array([twinlens.key(index=i) for i in range(4000)], np.uint64)
    batch = torch.from_numpy(np.broadcast_to(PHOTO[:2, :3], (4000, 2, 3, 3)).copy()).permute(0, 3, 1, 2)
    transform = T.RandomPhotometricDistort(hue=(-0.1, 0.3), p=0.3)
    native, params = transform(batch, keys=keys, return_params=True)
    assert torch.equal(native, transform(batch, keys=keys, engine="kornia"))
    drawn = params[""]
    for name in ("brightness_active", "contrast_active", "saturation_active", "hue_active", "permuted"):
        assert abs(drawn[name].mean() - 0.3) < 0.025
    assert abs(drawn["contrast_before"].mean() - 0.5) < 0.03
    counts, _ = np.histogram(drawn["hue"], 10, (-0.1, 0.3))
    assert counts.sum() == 4000
    assert ((counts - 400.0) ** 2 / 400).sum() < 27.9  # chi-square, 9 degrees of freedom, p = 0.001


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ArgumentError, match="RandomPhotometricDistort: hue="):
        T.RandomPhotometricDistort(hue=(-0.6, 0.1))
    with pytest.raises(ArgumentError, match="RandomPhotometricDistort: contrast="):
        T.RandomPhotometricDistort(contrast=(1.5, 0.5))
