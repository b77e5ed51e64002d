"""Noise: the same keys give the same noise anywhere, and its distribution is the one that the arguments name."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from skimage import data

import twinlens
from images import picture
from pil_images import pil_image
from pipelines import assert_same
from twinlens import _native, random
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

KEYS = [int(twinlens.key(1, 2, i)) for i in range(5)]
NOISES = {
    "GaussianNoise": T.GaussianNoise(0.02, 0.2),
    "GaussNoise": T.GaussNoise((0.1, 0.3), (-0.1, 0.1), p=0.8),
    "GaussNoise shared": T.GaussNoise(per_channel=False, p=1.0),
    "ISONoise": T.ISONoise(p=0.8),
    "MultiplicativeNoise": T.MultiplicativeNoise(p=1.0),
    "MultiplicativeNoise channels": T.MultiplicativeNoise((0.5, 1.5), per_channel=True, p=0.8),
    "MultiplicativeNoise elements": T.MultiplicativeNoise((0.5, 1.5), True, True, p=1.0),
    "SaltAndPepper": T.SaltAndPepper(p=1.0),
    "PixelDropout": T.PixelDropout(0.2, drop_value=None, p=0.8),
    "PixelDropout channels": T.PixelDropout(0.2, True, (1, 2, 3), p=1.0),
    "RandomErasing": T.RandomErasing(p=0.8),
    "RandomErasing random": T.RandomErasing(value="random", p=1.0),
    "CoarseDropout": T.CoarseDropout((1, 4), fill="random_uniform", p=0.8),
    "CoarseDropout random": T.CoarseDropout(3, fill="random", p=1.0),
    "GridDropout": T.GridDropout(fill="random_uniform", p=0.8),
    "GridDropout fixed": T.GridDropout(0.4, False, (5, 9), shift_xy=(2, 3), fill=(1, 2, 3), p=1.0),
}


@pytest.mark.parametrize("name", NOISES)
def test_alone_in_a_batch_and_on_either_engine(name: str) -> None:
    pipe = NOISES[name]
    images = [picture(31, 37, seed=i) for i in range(5)]
    batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous()
    alone = [pipe(image, key=key) for image, key in zip(images, KEYS, strict=True)]
    assert any((a != b).any() for a, b in zip(alone, images, strict=True))
    assert_same(pipe(images, keys=KEYS), alone)
    assert_same(pipe(images[::-1], keys=KEYS[::-1])[::-1], alone)
    for engine in ("native", "kornia"):
        together = pipe(batch, keys=KEYS, engine=engine)
        np.testing.assert_array_equal(together.permute(0, 2, 3, 1).numpy(), np.stack(alone))
    mixed = [*images[:2], picture(20, 50, seed=9)]
    assert_same(pipe(mixed, keys=KEYS[:3])[:2], alone[:2])


@pytest.mark.parametrize("name", NOISES)
def test_survives_a_file_pickling_and_replay(name: str, tmp_path: Any) -> None:
    pipe = T.Compose([NOISES[name]])
    image = picture(31, 37)
    out, params = pipe(image, key=KEYS[0], return_params=True)
    twinlens.save(pipe, tmp_path / "pipe.yaml")
    for other in (
        twinlens.load(tmp_path / "pipe.yaml"),
        pickle.loads(pickle.dumps(pipe)),
        T.Compose([eval(f"T.{NOISES[name]!r}")]),
    ):
        assert other == pipe
        np.testing.assert_array_equal(other(image, key=KEYS[0]), out)
    np.testing.assert_array_equal(pipe.replay(image, params), out)


def test_streams_differ() -> None:
    flat = np.full((64, 64, 3), 128, np.uint8)
    twice = T.Compose([T.GaussianNoise(), T.GaussianNoise()])(flat, key=KEYS[0]).astype(int) - 128
    once = T.GaussianNoise()(flat, key=KEYS[0]).astype(int) - 128
    assert abs(twice.std() / once.std() - np.sqrt(2)) < 0.05
    assert len({T.GaussianNoise()(flat, key=key).tobytes() for key in KEYS}) == 5


def test_seeds_are_the_first_words_of_a_draw() -> None:
    keys = np.array(KEYS, np.uint64)
    seeds = random.Draws(keys, 0x123456789ABCDEF0).seeds(first=7)
    for key, seed in zip(KEYS, seeds.view(np.uint64).tolist(), strict=True):
        counter = np.array([[7, 0, 0x9ABCDEF0, 0x12345678]], np.uint32)
        words = _native.philox(counter, np.array([[key & 0xFFFFFFFF, key >> 32]], np.uint32))[0].tolist()
        assert seed == words[0] | words[1] << 32


def normal_share(edges: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The distribution function of the standard normal distribution."""
    return torch.special.ndtr(torch.from_numpy(edges)).numpy()


def test_gaussian_noise_is_normal() -> None:
    """Chi-square over 24 bins of a million numbers; 23 degrees of freedom, 99.9%: 49.7."""
    flat = np.full((1000, 1000, 1), 0.5, np.float32)
    z = (T.GaussianNoise(0.0, 0.01, clip=False)(flat, key=3).ravel().astype(np.float64) - 0.5) / 0.01
    edges = np.linspace(-3, 3, 23)
    expected = np.diff(np.concatenate(([0.0], normal_share(edges), [1.0]))) * z.size
    counts = np.bincount(np.searchsorted(edges, z), minlength=24)
    assert ((counts - expected) ** 2 / expected).sum() < 49.7
    assert abs(z.mean()) < 0.004
    assert abs(z.std() - 1) < 0.003
    neighbours = np.corrcoef(z[:-1], z[1:])[0, 1], np.corrcoef(z[:-16], z[16:])[0, 1]
    assert max(map(abs, neighbours)) < 0.004
    assert 4.0 < np.abs(z).max() < 4.4


def test_gaussian_noise_has_torchvisions_levels() -> None:
    """The share of every level on a flat image, against the distribution that torchvision's formula has."""
    flat = np.full((500, 500, 3), 100, np.uint8)
    out = T.GaussianNoise(0.05, 0.02)(flat, key=1).ravel().astype(int) - 100
    levels = np.arange(0, 26)
    z_low, z_high = (levels - 12.75) / 5.1, (levels + 1 - 12.75) / 5.1  # truncation towards zero, all above 0
    expected = (normal_share(z_high) - normal_share(z_low)) * out.size
    counts = np.array([(out == level).sum() for level in levels])
    kept = (expected > 50) & (levels > 0)
    chi = (counts[kept] - expected[kept]) ** 2 / expected[kept]
    assert chi.sum() < kept.sum() + 5 * np.sqrt(2 * kept.sum())


def test_clip_off_wraps_around() -> None:
    flat = np.full((1, 4), 250, np.uint8)
    assert T.GaussianNoise(0.1, 0.0, clip=False)(flat).tolist() == [[(250 + 25) & 255] * 4]
    assert T.GaussianNoise(0.1, 0.0)(flat).tolist() == [[255] * 4]


def test_uniform_parameters_and_shares() -> None:
    flat = np.full((300, 300, 3), 100, np.uint8)
    salted = T.SaltAndPepper(0.1, 0.25, p=1.0)(flat, key=5)
    assert abs((salted == 255).mean() - 0.025) < 0.002
    assert abs((salted == 0).mean() - 0.075) < 0.003
    assert ((salted == 255).all(-1) == (salted == 255).any(-1)).all()
    dropped = T.PixelDropout(0.1, per_channel=True, p=1.0)(flat, key=5)
    assert abs((dropped == 0).mean() - 0.1) < 0.003
    assert abs(np.corrcoef(dropped[..., 0].ravel(), dropped[..., 1].ravel())[0, 1]) < 0.01
    scaled = T.MultiplicativeNoise((0.5, 1.5), elementwise=True, p=1.0)(flat, key=5)
    counts = np.bincount(scaled[..., 0].ravel(), minlength=160)[50:150]
    assert ((counts - 900) ** 2 / 900).sum() < 148.3  # 99 degrees of freedom, 99.9%
    assert (scaled[..., 0] == scaled[..., 1]).all()
    _, params = T.GaussNoise((0.1, 0.3), p=0.3)(
        np.zeros((4000, 1, 1, 1), np.uint8), keys=range(4000), return_params=True
    )
    assert abs(params[""]["active"].mean() - 0.3) < 0.025
    deviations = np.sort(params[""]["std"])
    assert np.abs(deviations - np.linspace(0.1, 0.3, 4000)).max() < 0.2 * 1.95 / np.sqrt(4000)  # Kolmogorov, 99.9%


def test_iso_noise_has_albumentations_distribution() -> None:
    """Lightness rises by (1 - l) * intensity * k, k Poisson with the mean deviation * intensity."""
    image = np.empty((400, 400, 3), np.uint8)
    image[:, ::2], image[:, 1::2] = (200, 80, 60), (153, 230, 128)
    out = T.ISONoise(0.0, 0.5, p=1.0)(image, key=2)
    levels = (image.max(-1).astype(int) + image.min(-1)) / 510
    raised = (out.max(-1).astype(int) + out.min(-1)) / 510 - levels
    counts = np.rint(raised / (1 - levels) / 0.5)
    assert abs(counts.mean() - levels.std() * 0.5) < 0.002
    flat = np.full((50, 50, 3), (200, 80, 60), np.uint8)
    assert (T.ISONoise(0.0, 1.0, p=1.0)(flat, key=2) == flat).all()


def test_photos_on_both_engines() -> None:
    photo = data.astronaut()[:200, :301]
    for pipe in (T.GaussianNoise(), T.ISONoise(p=1.0), T.RandomErasing(1.0, value="random"), T.SaltAndPepper(p=1.0)):
        np.testing.assert_array_equal(pipe(photo, key=9), pipe(photo, key=9, engine="kornia"))


def test_masks_follow_the_dropped_pixels() -> None:
    image, mask = picture(40, 50) | 1, np.full((40, 50), 7, np.int64)
    out = T.PixelDropout(0.3, mask_drop_value=2, p=1.0)({"image": image, "mask": mask}, key=1)
    np.testing.assert_array_equal(out["mask"] == 2, (out["image"] == 0).all(-1))
    out = T.PixelDropout(0.3, p=1.0)({"image": image, "mask": mask}, key=1)
    np.testing.assert_array_equal(out["mask"], mask)
    out = T.GaussianNoise()({"image": image, "mask": mask, "boxes": [[1, 2, 3, 4]]}, key=1)
    np.testing.assert_array_equal(out["mask"], mask)
    assert out["boxes"] == [[1, 2, 3, 4]]


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_other_dtypes(dtype: str) -> None:
    image = picture(20, 30, 3, dtype)
    out = T.GaussianNoise(0.0, 0.1)(image, key=1)
    assert out.dtype == image.dtype
    moved = (out.astype(np.float64) - image) / (65535 if dtype == "uint16" else 1)
    assert 0.05 < moved.std() < 0.1  # some are clipped


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: T.GaussianNoise(sigma=-0.1), "GaussianNoise: sigma=-0.1: wants a number that is not negative"),
        (lambda: T.GaussNoise(std_range=(0.5, 1.5)), r"GaussNoise: std_range=\(0.5, 1.5\): wants numbers from 0 to 1"),
        (lambda: T.GaussNoise(noise_scale_factor=0.5), "GaussNoise: noise_scale_factor=0.5: input should be 1"),
        (lambda: T.MultiplicativeNoise((1.1, 0.9)), "MultiplicativeNoise: multiplier=.* wants a number or two"),
        (lambda: T.SaltAndPepper(amount=float("nan")), "SaltAndPepper: amount=nan"),
        (lambda: T.PixelDropout(1.5), "PixelDropout: dropout_prob=1.5: wants a number from 0 to 1"),
        (lambda: T.ISONoise(intensity=True), "ISONoise: intensity=True"),
        (lambda: T.RandomErasing(scale=(0.5, 1.5)), r"RandomErasing: scale=\(0.5, 1.5\) must be between 0 and 1"),
        (lambda: T.RandomErasing(value="noise"), "RandomErasing: value='noise' must be 'random'"),
        (lambda: T.RandomErasing(ratio=(0.0, 1.0)), r"RandomErasing: ratio=\(0.0, 1.0\) must be positive"),
        (lambda: T.CoarseDropout(fill="inpaint_ns"), "CoarseDropout: fill='inpaint_ns': inpainting is not supported"),
        (lambda: T.CoarseDropout(hole_height_range=(3, 1)), "CoarseDropout: hole_height_range"),
        (lambda: T.CoarseDropout(num_holes_range=0), "CoarseDropout: num_holes_range=0: wants positive integers"),
        (lambda: T.GridDropout(ratio=0), "GridDropout: ratio=0: wants a number above 0"),
        (lambda: T.GridDropout(unit_size_range=(1, 4)), "GridDropout: unit_size_range=.* at least 2"),
    ],
)
def test_bad_arguments(make: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        make()


@pytest.mark.parametrize(
    ("pipe", "image", "says"),
    [
        (T.GaussianNoise(), pil_image("P", 5, 6), "GaussianNoise: the image is of PIL mode P or 1"),
        (T.GaussianNoise(), torch.zeros(3, 4, 4, dtype=torch.float16), "Noise: takes uint8, uint16 and float32"),
        (T.ISONoise(p=1.0), np.zeros((4, 4), np.uint8), r"Noise: iso wants 3 channels, image has 1 \(4, 4, 1\)"),
        (T.ISONoise(p=1.0), np.zeros((4, 4, 3), np.float32), "Noise: iso takes uint8, the image is float32"),
        (T.PixelDropout(drop_value=(1, 2), p=1.0), np.zeros((4, 4, 3), np.uint8), "Noise: 2 values, image has 3"),
        (T.PixelDropout(drop_value=256, p=1.0), np.zeros((4, 4, 3), np.uint8), "do not fit uint8, 0 to 255"),
        (T.RandomErasing(1.0, value=(1, 2)), np.ones((40, 40, 3), np.uint8), "Erase: fill has 2 values, image has 3"),
        (T.RandomErasing(1.0, value=-1), np.ones((40, 40, 3), np.uint8), "does not fit uint8, 0 to 255"),
    ],
)
def test_bad_images(pipe: Any, image: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        pipe(image)
