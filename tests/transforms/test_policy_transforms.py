"""AutoAugment, RandAugment and TrivialAugmentWide: torchvision's tables and pixels on PIL images, draws, targets."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from torchvision.transforms import v2

import twinlens
from test_operators import WAITING, Operators
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError
from twinlens.steps import Spec
from twinlens.transforms.magnitudes import OPERATIONS, POLICIES, POLICY, RANDAUGMENT, WIDE

PICTURES = [data.astronaut()[:61, 100:180], data.coffee()[:57, :57], data.page()[:40, :70]]
ENGINES = ("native", "kornia")
SPACES = {
    "AutoAugment": (POLICY, v2.AutoAugment._AUGMENTATION_SPACE),
    "RandAugment": (RANDAUGMENT, v2.RandAugment._AUGMENTATION_SPACE),
    "TrivialAugmentWide": (WIDE, v2.TrivialAugmentWide._AUGMENTATION_SPACE),
}
POLICY_NAMES = ("imagenet", "cifar10", "svhn")
ALL = [T.AutoAugment(name) for name in POLICY_NAMES] + [T.RandAugment(), T.TrivialAugmentWide()]
#: what chi-square exceeds with probability 0.001, by degrees of freedom
RARE = {1: 10.83, 13: 34.5, 24: 51.2, 30: 59.7}


def keys(n: int, seed: int = 0) -> list[int]:
    return [twinlens.key(seed=seed, index=i) for i in range(n)]


def theirs(image: Any, name: str, magnitude: float, method: str, fill: Any = None) -> Any:
    """torchvision's functional of the operation, on a PIL image."""
    reference = v2.RandAugment(interpolation=v2.InterpolationMode(method), fill=fill)
    return reference._apply_image_or_video_transform(image, name, magnitude, reference.interpolation, reference._fill)


def sequence(image: Any, params: dict[str, Any], i: int, method: str, fill: Any = None) -> Any:
    """torchvision's functionals, one after another, for row i of the parameters."""
    for code, magnitude in zip(params["operation"][i].tolist(), params["magnitude"][i].tolist(), strict=True):
        if code >= 0:
            image = theirs(image, OPERATIONS[code], magnitude, method, fill)
    return image


def chi_square(counts: Any, shares: Any = None) -> float:
    wanted = np.full(len(counts), counts.sum() / len(counts)) if shares is None else counts.sum() * np.asarray(shares)
    return float(((counts - wanted) ** 2 / wanted).sum())


@pytest.mark.parametrize("bins", [10, 31, 2, 5, 64])
@pytest.mark.parametrize("kind", SPACES)
def test_magnitudes_are_torchvisions(kind: str, bins: int) -> None:
    ours, reference = SPACES[kind]
    assert list(ours.scales) == list(reference)
    spec = Spec.of(
        [(h, w, 3) for h, w in ((224, 224), (331, 662), (61, 80), (1, 1), (1000, 757), (2160, 3840))], "uint8"
    )
    bin_number = np.broadcast_to(np.arange(bins), (len(spec), bins))
    for name, (table, signed) in reference.items():
        operation = np.full(bin_number.shape, OPERATIONS.index(name))
        plus, minus = (ours.magnitudes(operation, bin_number, bins, np.full(operation.shape, n), spec) for n in (0, 1))
        np.testing.assert_array_equal(minus, -plus if signed else plus)
        for i in range(len(spec)):
            wanted = table(bins, int(spec.h[i]), int(spec.w[i]))
            wanted = np.zeros(bins) if wanted is None else wanted.double().numpy()
            if torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512") and bins < 32:
                np.testing.assert_array_equal(plus[i], wanted)
            np.testing.assert_allclose(plus[i], wanted, rtol=3e-7, atol=1e-7 * max(1.0, float(wanted.max())))


@pytest.mark.parametrize("name", POLICY_NAMES)
def test_policies_are_torchvisions(name: str) -> None:
    reference = v2.AutoAugment(v2.AutoAugmentPolicy(name))._policies
    table = POLICIES[name]
    assert table.operation.shape == (25, 2)
    for row, pair in enumerate(reference):
        for place, (operation, probability, bin_number) in enumerate(pair):
            assert OPERATIONS[table.operation[row, place]] == operation
            assert table.probability[row, place] == probability
            assert table.bin_number[row, place] == (bin_number or 0)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("method", ["nearest", "bilinear"])
@pytest.mark.parametrize(("kind", "bins"), [("AutoAugment", 10), ("RandAugment", 31), ("TrivialAugmentWide", 31)])
def test_every_operation_at_every_magnitude(kind: str, bins: int, method: str, engine: Any) -> None:
    """One batch of all of them: as many images as there are operations, bins and signs that differ."""
    space = SPACES[kind][0]
    codes, numbers, signs = np.meshgrid(space.drawn(np.arange(len(space.scales)) / len(space.scales)),
                                        np.arange(bins), [False, True], indexing="ij")  # fmt: skip
    every = [v.reshape(-1, 1) for v in (codes, numbers, signs)]
    for picture in PICTURES:
        image, pil = np.ascontiguousarray(picture), Image.fromarray(np.ascontiguousarray(picture))
        magnitude = space.magnitudes(every[0], every[1], bins, every[2], Spec.of([(*image.shape, 3)[:3]], "uint8"))
        wanted = {what: np.asarray(theirs(pil, OPERATIONS[what[0]], what[1], method))
                  for what in zip(every[0][:, 0].tolist(), magnitude[:, 0].tolist(), strict=True)}  # fmt: skip
        columns = np.array(list(wanted))
        params = {"": {"operation": columns[:, :1].astype(np.int64), "magnitude": columns[:, 1:]}}
        got = getattr(T, kind)(interpolation=method).replay([image] * len(wanted), params, engine=engine)
        for ours, (what, other) in zip(got, wanted.items(), strict=True):
            np.testing.assert_array_equal(ours, other, err_msg=f"{OPERATIONS[what[0]]} {what[1]}")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("transform", ALL, ids=str)
def test_pixels_are_torchvisions_on_pil_images(transform: Any, engine: Any) -> None:
    for number, picture in enumerate(PICTURES):
        fill = 77 if picture.ndim == 2 else (10, 200, 30)
        for method in ("nearest", "bilinear"):
            drawn = type(transform)(**{**dict(transform.config), "interpolation": method, "fill": fill})
            pils = [Image.fromarray(np.ascontiguousarray(picture))] * 30
            got, params = drawn(pils, keys=keys(30, number), engine=engine, return_params=True)
            for i, image in enumerate(got):
                wanted = sequence(pils[0], params[""], i, method, fill)
                np.testing.assert_array_equal(np.asarray(image), np.asarray(wanted))


@pytest.mark.parametrize("transform", ALL, ids=str)
def test_a_batch_is_its_images_and_both_engines_agree(transform: Any) -> None:
    images = torch.from_numpy(np.stack([data.astronaut()[:48, i : i + 64] for i in range(40)])).permute(0, 3, 1, 2)
    native, kornia = (transform(images, keys=keys(40), engine=engine) for engine in ENGINES)
    assert torch.equal(native, kornia)
    assert not torch.equal(native, images)
    for i, key in enumerate(keys(40)):
        assert torch.equal(transform(images[i], key=key), native[i])


def test_images_of_any_size_go_through_one_batch() -> None:
    images = [data.astronaut()[: 40 + i, : 90 - i] for i in range(20)]
    pipe = T.Compose([T.RandAugment(interpolation="bilinear"), T.CenterCrop(32), T.ToTensor()])
    out = pipe.batch(images, keys=keys(20))
    assert out.shape == (20, 3, 32, 32)
    for i, image in enumerate(images):
        np.testing.assert_array_equal(pipe(image, key=keys(20)[i]).numpy(), out[i].numpy())


def test_as_many_operators_for_many_images_as_for_few() -> None:
    everything = np.arange(len(OPERATIONS))[:, None]
    magnitude = np.full(everything.shape, 0.3)
    magnitude[3:6], magnitude[10] = 9.0, 4.0
    counts = []
    for times in (1, 8):
        params = {"": {"operation": np.tile(everything, (times, 2)), "magnitude": np.tile(magnitude, (times, 2))}}
        images = torch.zeros(len(everything) * times, 3, 32, 40, dtype=torch.uint8)
        for _ in range(2):  # the first makes the tables that are kept
            with Operators() as counted:
                T.RandAugment().replay(images, params, engine="kornia")
        counts.append(counted.names)
    assert counts[0] == counts[1]
    assert not {name.split(".")[0] for name in counts[0]} & WAITING


def test_randaugment_draws_every_operation_and_sign_alike() -> None:
    batch = np.zeros((7000, 20, 40, 3), np.uint8)
    _, params = T.RandAugment(3, 9)(batch, keys=keys(7000), return_params=True)
    operation, magnitude = params[""]["operation"], params[""]["magnitude"]
    assert operation.shape == (7000, 3)
    for place in range(3):
        assert chi_square(np.bincount(operation[:, place], minlength=14)) < RARE[13]
    pairs = operation[:, 0] * 14 + operation[:, 1]
    assert chi_square(np.bincount(pairs, minlength=196)) < 263.0  # 195 degrees of freedom, p = 0.001
    for name in ("ShearX", "Rotate", "Color", "Sharpness"):
        drawn = magnitude[operation == OPERATIONS.index(name)]
        assert len(np.unique(np.abs(drawn))) == 1
        assert chi_square(np.array([(drawn < 0).sum(), (drawn > 0).sum()])) < RARE[1]
    for name, wanted in (("Posterize", 7.0), ("Identity", 0.0), ("Solarize", np.float32(0.7))):
        assert (magnitude[operation == OPERATIONS.index(name)] == wanted).all()


def test_trivial_augment_draws_every_bin_alike() -> None:
    batch = np.zeros((14000, 4, 4, 1), np.uint8)
    _, params = T.TrivialAugmentWide()(batch, keys=keys(14000, 3), return_params=True)
    operation, magnitude = params[""]["operation"][:, 0], params[""]["magnitude"][:, 0]
    assert chi_square(np.bincount(operation, minlength=14)) < RARE[13]
    bins = np.concatenate([np.rint(np.abs(magnitude[operation == OPERATIONS.index(name)]) / top * 30)
                           for name, top in (("ShearX", 0.99), ("TranslateY", 32), ("Rotate", 135))])  # fmt: skip
    assert chi_square(np.bincount(bins.astype(int), minlength=31)) < RARE[30]
    rotated = magnitude[operation == OPERATIONS.index("Rotate")]
    assert chi_square(np.array([(rotated < 0).sum(), (rotated > 0).sum()])) < RARE[1]


@pytest.mark.parametrize("name", POLICY_NAMES)
def test_autoaugment_draws_every_sub_policy_alike_and_applies_with_its_probabilities(name: str) -> None:
    batch = np.zeros((10000, 4, 4, 1), np.uint8)
    _, params = T.AutoAugment(name)(batch, keys=keys(10000, 1), return_params=True)
    rows, operation = params[""]["sub_policy"], params[""]["operation"]
    assert chi_square(np.bincount(rows, minlength=25)) < RARE[24]
    table = POLICIES[name]
    scores = []
    for row in range(25):
        drawn = operation[rows == row]
        for place, probability in enumerate(table.probability[row]):
            applied = drawn[:, place] >= 0
            assert set(drawn[applied, place]) <= {table.operation[row, place]}
            if probability in (0.0, 1.0):
                assert (applied == bool(probability)).all()
            else:
                n = len(drawn)
                scores.append((applied.sum() - n * probability) / np.sqrt(n * probability * (1 - probability)))
    assert np.square(scores).sum() < len(scores) + 4 * np.sqrt(2 * len(scores))
    signed = params[""]["magnitude"][np.isin(operation, [OPERATIONS.index(n) for n in ("Rotate", "ShearX", "ShearY")])]
    signed = signed[signed != 0]
    assert chi_square(np.array([(signed < 0).sum(), (signed > 0).sum()])) < RARE[1]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("operation", ["ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Color", "Equalize"])
def test_masks_boxes_and_keypoints_follow(operation: str, engine: Any) -> None:
    """As they follow torchvision's affine and rotate."""
    magnitude = 7.0 if operation in ("TranslateX", "TranslateY", "Rotate") else 0.2
    params = {"": {"operation": np.array([[OPERATIONS.index(operation)]]), "magnitude": np.array([[magnitude]])}}
    image, mask = data.astronaut()[:60, :80].copy(), np.arange(60 * 80).reshape(60, 80).astype(np.uint8) % 7
    boxes, points = torch.tensor([[20.0, 20.0, 50.0, 40.0]]), torch.tensor([[30.0, 25.0]])
    out = T.RandAugment(1).replay(
        {"image": image, "mask": mask, "boxes": Boxes(boxes), "keypoints": Keypoints(points)}, params, engine=engine
    )
    wanted = np.asarray(theirs(Image.fromarray(image), operation, magnitude, "nearest"))
    np.testing.assert_array_equal(out["image"], wanted)
    geometric = operation not in ("Color", "Equalize")
    moved = np.asarray(theirs(Image.fromarray(mask), operation, magnitude, "nearest")) if geometric else mask
    np.testing.assert_array_equal(out["mask"], moved)
    assert geometric == (not torch.equal(out["keypoints"].data, points))
    if operation.startswith("Translate"):
        shift = torch.tensor([7.0, 0.0] if operation.endswith("X") else [0.0, 7.0])
        assert torch.equal(out["keypoints"].data, points + shift)
        assert torch.equal(out["boxes"].xyxy, boxes + shift.repeat(2))
    if operation.startswith("Shear"):  # about the top left corner, against its direction by 0.2 of the other coordinate
        across = torch.tensor([0.2 * 25.5, 0.0] if operation.endswith("X") else [0.0, 0.2 * 30.5])
        torch.testing.assert_close(out["keypoints"].data, points - across, atol=1e-4, rtol=0)


def test_quarter_turns_of_a_wide_rotation_move_targets() -> None:
    params = {"": {"operation": np.array([[5]]), "magnitude": np.array([[90.0]])}}
    square = np.arange(9, dtype=np.uint8).reshape(3, 3)
    out = T.TrivialAugmentWide().replay({"image": square, "keypoints": Keypoints(torch.tensor([[2.0, 0.0]]))}, params)
    assert out["image"].tolist() == np.rot90(square).tolist()
    assert out["keypoints"].data.tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("transform", [*ALL, T.RandAugment(3, 5, 11, "bilinear", [1, 2, 3])], ids=str)
def test_saved_pickled_and_pasted(transform: Any, tmp_path: Path) -> None:
    twinlens.save(transform, tmp_path / "pipe.yaml")
    image = data.astronaut()[:50, :60]
    again = twinlens.load(tmp_path / "pipe.yaml")
    for copy in (again, pickle.loads(pickle.dumps(transform)), eval(repr(transform), vars(T))):
        assert copy == transform
        np.testing.assert_array_equal(copy(image, key=5), transform(image, key=5))


def test_torchvisions_policies_and_none_as_fill_are_taken() -> None:
    for policy in v2.AutoAugmentPolicy:
        assert T.AutoAugment(policy) == T.AutoAugment(T.AutoAugmentPolicy(policy.value))
    assert T.AutoAugment().fill is None
    assert T.RandAugment(fill=(1, 2, 3)).fill == [1.0, 2.0, 3.0]
    torch.manual_seed(0)
    row, numbers, signs = T.AutoAugment.get_params(25)
    torch.manual_seed(0)
    reference = v2.AutoAugment.get_params(25)
    assert (row, numbers.tolist(), signs.tolist()) == (reference[0], reference[1].tolist(), reference[2].tolist())


def test_no_operations_leave_the_image() -> None:
    image = data.astronaut()[:20, :30]
    np.testing.assert_array_equal(T.RandAugment(0)(image), image)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: T.AutoAugment("coco"), "AutoAugment: policy='coco' must be one of imagenet, cifar10, svhn"),
        (lambda: T.RandAugment(-1), "RandAugment: num_ops=-1: wants an integer from 0"),
        (lambda: T.RandAugment(1.5), "num_ops=1.5: wants an integer"),
        (lambda: T.RandAugment(True), "num_ops=True: wants an integer"),
        (lambda: T.RandAugment(2, -1), "magnitude=-1: wants an integer from 0"),
        (lambda: T.RandAugment(2, 31), "magnitude=31 must be below num_magnitude_bins, which is 31"),
        (lambda: T.RandAugment(2, 0, 1), "num_magnitude_bins=1: wants an integer from 2"),
        (lambda: T.TrivialAugmentWide(1), "num_magnitude_bins=1: wants an integer from 2"),
        (lambda: T.TrivialAugmentWide(interpolation="lanczos"), "interpolation='lanczos' must be one of nearest"),
        (lambda: T.RandAugment(fill=float("nan")), "fill="),
    ],
)
def test_bad_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        make()
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (
            np.zeros((5, 6, 3), np.float32),
            "RandAugment: wants uint8 with 1 or 3 channels, the image is float32",
        ),
        (np.zeros((5, 6, 4), np.uint8), "wants uint8 with 1 or 3 channels, the image is uint8 (5, 6, 4)"),
        (Image.new("P", (5, 6)), "RandAugment: the image is of PIL mode P or 1"),
    ],
)
def test_images_that_an_operation_would_refuse_are_refused_always(image: Any, message: str) -> None:
    for key in range(3):
        with pytest.raises(InputError) as error:
            T.RandAugment()(image, key=key)
        assert message in str(error.value)


def test_a_fill_that_does_not_fit_is_refused_always() -> None:
    for key in range(3):
        with pytest.raises(InputError, match="fill has 3 values, image has 1 channels"):
            T.RandAugment(fill=(1, 2, 3))(np.zeros((5, 6, 1), np.uint8), key=key)
