"""AugMix: torchvision's own sum of the same chains, its draws, shares of Dirichlet's distribution, targets."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from skimage import data
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

import twinlens
from test_operators import WAITING, Operators
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError
from twinlens.random import Draws
from twinlens.steps import Spec
from twinlens.transforms.dirichlet import dirichlet
from twinlens.transforms.magnitudes import AUGMIX, OPERATIONS

PICTURES = [data.astronaut()[:61, 100:180], data.coffee()[:57, :57], data.page()[:40, :70]]
ENGINES = ("native", "kornia")
VARIANTS = [T.AugMix(), T.AugMix(10, 4, 2, 0.3, False, "nearest"), T.AugMix(1, 1, 5, 20.0, fill=9)]


def keys(n: int, seed: int = 0) -> list[int]:
    return [twinlens.key(seed=seed, index=i) for i in range(n)]


class Theirs(v2.AugMix):
    """torchvision's, with what was drawn for one image in place of its own draws; its operations run on PIL images."""

    def __init__(self, transform: Any, params: dict[str, Any], i: int) -> None:
        _, width, deepest = params["operation"].shape
        super().__init__(
            mixture_width=width, chain_depth=deepest, interpolation=transform.interpolation.value, fill=transform.fill
        )
        self.shares = iter(([*params["weights"][i, :1].tolist(), 1.0], params["weights"][i, 1:].tolist()))
        self.drawn: Iterator[tuple[int, float]] = zip(
            params["operation"][i].ravel().tolist(), params["magnitude"][i].ravel().tolist(), strict=True
        )

    def _sample_dirichlet(self, params: torch.Tensor) -> torch.Tensor:
        return torch.tensor([next(self.shares)]).expand(params.shape)

    def _get_random_item(self, dct: Any) -> Any:
        del dct
        return super()._get_random_item({"Identity": (lambda *_: None, False)})

    def _apply_image_or_video_transform(self, image: Any, *rest: Any, **options: Any) -> Any:
        del rest
        code, magnitude = next(self.drawn)
        if code < 0:
            return image
        if OPERATIONS[code] == "Posterize" and magnitude < 1:
            return F.posterize(image, 0)  # which Pillow 13 refuses
        done = super()._apply_image_or_video_transform(
            F.to_pil_image(image[0]), OPERATIONS[code], magnitude, options["interpolation"], options["fill"]
        )
        return F.pil_to_tensor(done)[None]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("transform", VARIANTS, ids=str)
def test_pixels_are_torchvisions_of_the_same_chains(transform: Any, engine: Any) -> None:
    for number, picture in enumerate(PICTURES):
        pil = Image.fromarray(np.ascontiguousarray(picture))
        got, params = transform([pil] * 30, keys=keys(30, number), engine=engine, return_params=True)
        for i, image in enumerate(got):
            wanted = Theirs(transform, params[""], i)(pil)
            assert image.mode == wanted.mode
            np.testing.assert_array_equal(np.asarray(image), np.asarray(wanted))


@pytest.mark.parametrize("transform", VARIANTS, ids=str)
def test_a_batch_is_its_images_and_both_engines_agree(transform: Any) -> None:
    images = torch.from_numpy(np.stack([data.astronaut()[:48, i : i + 64] for i in range(24)])).permute(0, 3, 1, 2)
    native, kornia = (transform(images, keys=keys(24), engine=engine) for engine in ENGINES)
    assert torch.equal(native, kornia)
    for i, key in enumerate(keys(24)):
        assert torch.equal(transform(images[i], key=key), native[i])


@pytest.mark.parametrize("engine", ENGINES)
def test_images_of_any_size_and_some_of_a_batch_only(engine: Any) -> None:
    images = [data.astronaut()[: 40 + i, : 90 - i].copy() for i in range(20)]
    pipe = T.Compose([T.RandomApply([T.AugMix()]), T.RandomHorizontalFlip()])
    out = pipe.batch(images, keys=keys(20), engine=engine)
    flipped = T.Compose([T.RandomApply([T.Identity()]), T.RandomHorizontalFlip()]).batch(images, keys=keys(20))
    changed = [not np.array_equal(a, b) for a, b in zip(out, flipped, strict=True)]
    assert 3 < sum(changed) < 17
    for i, image in enumerate(images):
        np.testing.assert_array_equal(pipe(image, key=keys(20)[i]), out[i])


@pytest.mark.parametrize("everything", [True, False])
def test_magnitudes_are_torchvisions(everything: bool) -> None:
    reference = v2.AugMix._AUGMENTATION_SPACE if everything else v2.AugMix._PARTIAL_AUGMENTATION_SPACE
    space, spec = AUGMIX[everything], Spec.of([(61, 80, 3), (1000, 757, 3), (224, 224, 3)], "uint8")
    assert list(space.scales) == list(reference)
    bins = np.broadcast_to(np.arange(10), (3, 10))
    for name, (table, signed) in reference.items():
        operation = np.full(bins.shape, OPERATIONS.index(name))
        plus, minus = (space.magnitudes(operation, bins, 10, np.full(bins.shape, n), spec) for n in (False, True))
        np.testing.assert_array_equal(minus, -plus if signed else plus)
        for i in range(3):
            wanted = table(10, int(spec.h[i]), int(spec.w[i]))
            wanted = np.zeros(10) if wanted is None else wanted.double().numpy()
            exact = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
            np.testing.assert_allclose(plus[i], wanted, rtol=0 if exact else 3e-7, atol=0 if exact else 1e-5)


@pytest.mark.parametrize("alpha", [0.3, 0.7, 1.0, 2.0, 10.0, 300.0])
@pytest.mark.parametrize("shares", [2, 3, 5])
def test_shares_have_dirichlets_distribution(alpha: float, shares: int) -> None:
    drawn = dirichlet(Draws(np.array(keys(4000, 7), np.uint64), 5), alpha, shares)
    assert drawn.shape == (4000, shares)
    np.testing.assert_allclose(drawn.sum(1), 1.0, rtol=1e-12)
    for i in range(shares):
        assert stats.kstest(drawn[:, i], stats.beta(alpha, (shares - 1) * alpha).cdf).pvalue > 0.001
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1] + 1 / (shares - 1)) < 0.07


def test_small_alphas_choose_one() -> None:
    drawn = dirichlet(Draws(np.array(keys(3000), np.uint64), 5), 1e-3, 3)
    assert np.isfinite(drawn).all()
    assert (drawn.max(1) > 0.99).mean() > 0.97
    counts = np.bincount(drawn.argmax(1), minlength=3)
    assert ((counts - 1000) ** 2 / 1000).sum() < 13.8  # chi-square, 2 degrees of freedom, p = 0.001


def test_operations_bins_signs_and_depths_are_drawn_alike() -> None:
    batch = np.zeros((4000, 20, 40, 3), np.uint8)
    draws = Draws(np.array(keys(4000), np.uint64), 11)
    params = T.AugMix(severity=4).sample(draws, Spec.of([batch.shape[1:]] * 4000, "uint8"))
    operation, magnitude = params["operation"], params["magnitude"]
    assert operation.shape == magnitude.shape == (4000, 3, 3)
    depth = (operation >= 0).sum(2)
    assert ((operation >= 0) == (np.arange(3) < depth[..., None])).all()
    counts = np.bincount(depth.ravel(), minlength=4)
    assert counts[0] == 0
    assert ((counts[1:] - 4000) ** 2 / 4000).sum() < 13.8
    counts = np.bincount(operation[operation >= 0], minlength=15)
    assert counts[0] == counts[14] == 0  # neither Identity nor Invert
    counts = counts[1:14]
    assert ((counts - counts.mean()) ** 2 / counts.mean()).sum() < 32.9  # 12 degrees of freedom
    rotated = magnitude[operation == OPERATIONS.index("Rotate")] / 30 * 9
    counts = np.bincount(np.rint(np.abs(rotated)).astype(int), minlength=4)
    assert len(counts) == 4
    assert ((counts - counts.mean()) ** 2 / counts.mean()).sum() < 16.3  # 3 degrees of freedom
    assert stats.binomtest(int((rotated < 0).sum()), int((rotated != 0).sum())).pvalue > 0.001
    weights = params["weights"]
    np.testing.assert_allclose(weights.sum(1), 1.0, atol=1e-6)
    assert stats.kstest(weights[:, 0], stats.uniform.cdf).pvalue > 0.001
    assert T.AugMix(chain_depth=2).sample(draws, Spec.of([(5, 6, 3)] * 4000, "uint8"))["operation"].min() >= 1


def test_as_many_operators_for_many_images_as_for_few() -> None:
    codes = np.arange(1, 14)
    params = {"operation": np.stack([codes, codes[::-1]], 1).reshape(-1, 2, 1).repeat(2, 2)}
    params["magnitude"] = np.full(params["operation"].shape, 0.25)
    params["weights"] = np.full((13, 3), 1 / 3, np.float32)
    counts = []
    for times in (1, 6):
        images = torch.zeros(13 * times, 3, 32, 40, dtype=torch.uint8)
        repeated = {"": {name: np.concatenate([value] * times) for name, value in params.items()}}
        for _ in range(2):  # the first makes the tables that are kept
            with Operators() as counted:
                T.AugMix(mixture_width=2).replay(images, repeated, engine="kornia")
        counts.append(counted.names)
    assert counts[0] == counts[1]
    assert not {name.split(".")[0] for name in counts[0]} & WAITING


@pytest.mark.parametrize("engine", ENGINES)
def test_masks_boxes_and_keypoints_stay(engine: Any) -> None:
    mask, boxes, points = np.eye(60, 80, dtype=np.uint8), torch.tensor([[2.0, 3, 9, 8]]), torch.tensor([[4.0, 5.0]])
    sample = {"image": PICTURES[0][:60], "mask": mask, "boxes": Boxes(boxes), "keypoints": Keypoints(points)}
    out = T.AugMix()(sample, key=3, engine=engine)
    assert not np.array_equal(out["image"], sample["image"])
    np.testing.assert_array_equal(out["mask"], mask)
    assert torch.equal(out["boxes"].xyxy, boxes)
    assert torch.equal(out["keypoints"].data, points)


@pytest.mark.parametrize("transform", VARIANTS, ids=str)
def test_saved_pickled_and_pasted(transform: Any, tmp_path: Path) -> None:
    twinlens.save(transform, tmp_path / "pipe.yaml")
    image = PICTURES[0]
    for copy in (twinlens.load(tmp_path / "pipe.yaml"), pickle.loads(pickle.dumps(transform)),
                 eval(repr(transform), vars(T))):  # fmt: skip
        assert copy == transform
        np.testing.assert_array_equal(copy(image, key=5), transform(image, key=5))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: T.AugMix(0), "AugMix: severity=0: wants an integer from 1 to 10"),
        (lambda: T.AugMix(11), "severity=11: wants an integer from 1 to 10"),
        (lambda: T.AugMix(mixture_width=0), "mixture_width=0: wants an integer from 1"),
        (lambda: T.AugMix(chain_depth=-2), "chain_depth=-2: wants an integer from -1"),
        (lambda: T.AugMix(alpha=0.0), "alpha=0.0 must be a number above 0"),
        (lambda: T.AugMix(interpolation="hamming"), "interpolation='hamming' must be one of nearest"),
    ],
)
def test_bad_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        make()
    assert message in str(error.value)


def test_images_that_an_operation_would_refuse_are_refused_always() -> None:
    for key in range(3):
        with pytest.raises(InputError, match="AugMix: wants uint8 with 1 or 3 channels, the image is float32"):
            T.AugMix()(np.zeros((5, 6, 3), np.float32), key=key)
