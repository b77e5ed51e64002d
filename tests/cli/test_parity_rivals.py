"""What other libraries have for our transforms: the same picture nearly, and the same pixels where that is promised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import twinlens
from twinlens import transforms as T
from twinlens.cli.parity.calls import NoEquivalent
from twinlens.cli.parity.chain import Chain
from twinlens.cli.parity.difference import Difference
from twinlens.cli.parity.rivals import NAMES, Rival, rivals

RIVALS = {f"{kind.name} {kind.on}".strip(): kind for name in NAMES for kind in rivals(name)}
ON_PIL, ON_TENSORS = "torchvision PIL images", "torchvision tensors"
ALL = set(RIVALS)
H, W = 61, 87


def smooth(channels: int = 3) -> np.ndarray[Any, Any]:
    """Waves and a bright block off the middle: what turns the wrong way shows, what rounds otherwise hardly does."""
    y, x = np.mgrid[0:H, 0:W]
    planes = [127 + 90 * np.sin(x / (9 + 3 * c)) * np.cos(y / (7 + 2 * c)) for c in range(channels)]
    image = np.stack(planes, -1)
    image[8:20, 50:76] += 30
    return np.clip(image, 0, 255).astype(np.uint8)


def jitter(**fixed: float) -> T.ColorJitter:
    return T.ColorJitter(**{name: (value, value) for name, value in fixed.items()})


#: transforms; who gives their pixels exactly; who has nothing like them
CASES: dict[str, tuple[Any, set[str], set[str]]] = {
    "resize": (T.Resize((40, 50)), {"Pillow", ON_PIL}, set()),
    "resize box": (T.Resize((40, 50), "box"), {"Pillow", ON_PIL}, {ON_TENSORS, "kornia"}),
    "resize area": (T.Resize((40, 50), "area"), {"OpenCV", "Albumentations"}, {ON_PIL, ON_TENSORS}),
    "resize linear": (T.Resize((40, 50), "linear"), {"OpenCV", "Albumentations"}, set()),
    "crop": (T.CenterCrop((40, 30)), ALL, set()),
    "random crop": (T.RandomResizedCrop(30), {"Pillow", ON_PIL}, set()),
    "pad": (T.Pad((3, 4, 5, 6), 77), ALL, set()),
    "pad reflect": (T.Pad((3, 4), padding_mode="reflect"), ALL - {"Pillow"}, {"Pillow"}),
    "flip": (T.RandomHorizontalFlip(1.0), ALL, set()),
    "vertical flip": (T.RandomVerticalFlip(1.0), ALL, set()),
    "transpose": (T.Transpose(p=1.0), ALL - {ON_PIL, ON_TENSORS}, {ON_PIL, ON_TENSORS}),
    "gray": (T.Grayscale(), {"Pillow", ON_PIL}, set()),
    "gray of three": (T.ToGray(p=1.0), {"OpenCV", "Albumentations"}, set()),
    "brightness": (jitter(brightness=1.3), {"Pillow", ON_PIL, ON_TENSORS, "Albumentations"}, set()),
    "contrast": (jitter(contrast=1.3), {"Pillow", ON_PIL}, {"OpenCV"}),
    "saturation": (jitter(saturation=1.3), {"Pillow", ON_PIL}, {"OpenCV"}),
    "hue": (jitter(hue=0.1), {ON_PIL}, {"Pillow", "OpenCV"}),
    "sharpness": (T.RandomAdjustSharpness(2.0, 1.0), {"Pillow", ON_PIL}, {"OpenCV", "Albumentations"}),
    "blur": (T.GaussianBlur(5, 1.2), {"OpenCV"}, set()),
    "box blur": (T.Blur(5, p=1.0), {"OpenCV", "Albumentations"}, {ON_PIL, ON_TENSORS}),
    "median": (T.MedianBlur(5, p=1.0), {"OpenCV", "Albumentations"}, {ON_PIL, ON_TENSORS}),
    "autocontrast": (T.RandomAutocontrast(1.0), {"Pillow", ON_PIL}, {"kornia"}),
    "equalize": (T.RandomEqualize(1.0), {"Pillow", ON_PIL}, set()),
    "equalizeHist": (T.HistogramEqualization(), {"OpenCV", "Albumentations"}, set()),
    "invert": (T.RandomInvert(1.0), ALL, set()),
    "posterize": (T.RandomPosterize(3, 1.0), {"Pillow", ON_PIL, ON_TENSORS, "Albumentations"}, {"OpenCV"}),
    "solarize": (T.RandomSolarize(128, 1.0), {"Pillow", ON_PIL, ON_TENSORS, "Albumentations"}, {"OpenCV"}),
    "gamma": (T.RandomGamma(80, p=1.0), {"Albumentations"}, {"Pillow", "OpenCV"}),
    "linear": (T.RandomBrightnessContrast(0.1, 0.2, p=1.0), {"Albumentations"},
               {"Pillow", ON_PIL, ON_TENSORS, "kornia"}),
    "clahe": (T.CLAHE(2.0, (4, 4)), {"OpenCV", "Albumentations"}, {"Pillow", ON_PIL, ON_TENSORS}),
    "jpeg": (T.JPEG(60), {ON_PIL, ON_TENSORS}, {"kornia"}),
    "rotation": (T.RandomRotation((20, 20), "bilinear", fill=50), {"Pillow", ON_PIL}, set()),
    "rotation, expanded": (T.RandomRotation((20, 20), expand=True), {"Pillow", ON_PIL}, {"Albumentations"}),
    "rotate": (T.Rotate(20, fill=50, p=1.0), set(), set()),
    "affine": (T.RandomAffine(15, (0.1, 0.1), (0.8, 1.2), 10, "bilinear", 9), {"Pillow", ON_PIL}, {"Albumentations"}),
    "affine, OpenCV's": (T.Affine((0.8, 1.2), rotate=(-15, 15), shear=(-8, 8), p=1.0), set(), {ON_PIL, ON_TENSORS}),
    "perspective": (T.RandomPerspective(0.4, 1.0), {"Pillow", ON_PIL}, {"Albumentations"}),
    "to tensor": (T.ToTensor(), ALL, set()),
    "noise": (T.GaussNoise(p=1.0), set(), ALL),
}  # fmt: skip
NEAR = 4.5  # mean difference in levels; what turns the wrong way is five times as far


def outcome(pipe: Any, rival: str, image: np.ndarray[Any, Any] | None = None, key: int = 3) -> Difference | None:
    """How far a library is from us; None where it has nothing like the transform."""
    kind = RIVALS[rival]
    if kind.version() is None:
        pytest.skip(f"not installed: {kind.library}")
    chain = Chain.of(T.Compose([pipe]), smooth() if image is None else image, twinlens.key(0, 0, key))
    (part,) = chain.parts
    other: Rival = kind()
    try:
        if part.why:
            raise NoEquivalent(part.why)
        state = other.load(chain.image)
        for call in part.calls:
            state, _ = other.run(state, call)
    except NoEquivalent:
        return None
    found = Difference()
    found.add(chain.results[0], other.read(state, chain.results[0].dtype.name), part.unit)
    return found


@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize("case", CASES)
def test_each_has_what_is_written(case: str, rival: str) -> None:
    pipe, exact, without = CASES[case]
    found = outcome(pipe, rival)
    assert (found is None) is (rival in without)
    if found is None:
        return
    if rival in exact:
        assert found.greatest <= (1e-4 if case == "to tensor" else 0), "floats may multiply by the reciprocal"
    assert found.mean < NEAR


@pytest.mark.parametrize("rival", RIVALS)
def test_gray_images(rival: str) -> None:
    image = smooth(1)
    for pipe in (T.Resize((40, 50)), T.RandomHorizontalFlip(1.0), T.Pad(2, 9), T.RandomRotation((9, 9), "bilinear")):
        found = outcome(pipe, rival, image)
        assert found is not None
        assert found.mean < NEAR
    clahe = outcome(T.CLAHE(2.0, (4, 4)), rival, image)
    assert (clahe is not None) is (rival in ("OpenCV", "Albumentations", "kornia"))


@pytest.mark.parametrize("rival", ["Pillow", "OpenCV", "kornia"])
def test_images_of_16_bits(rival: str) -> None:
    image = smooth(1).astype(np.uint16) * 257
    found = outcome(T.Resize((40, 50)), rival, image)
    assert found is not None
    assert found.mean < NEAR, "in levels of 255, not of 65535"


@pytest.mark.parametrize("rival", RIVALS)
def test_normalize_is_measured_in_levels(rival: str) -> None:
    pipe = T.Compose([T.ToTensor(), T.Normalize([0.4, 0.5, 0.6], [0.01, 0.2, 0.3])])
    found = outcome(pipe, rival)
    assert found is not None
    assert found.greatest < 1e-3, "what is divided by 0.01 is no hundred times further away"


def test_what_was_drawn_is_handed_on() -> None:
    """Two keys, two crops: each compared with its own."""
    pipe = T.RandomChoice([T.RandomRotation((30, 30)), T.RandomResizedCrop(30), T.RandomSolarize(90, 1.0)])
    for key in range(8):
        found = outcome(T.RandomApply([pipe], 0.7), "Pillow", key=key)
        assert found is not None
        assert found.differing == 0


def test_a_transform_alone_draws_as_in_its_pipeline() -> None:
    image = smooth()
    pipe = T.Compose([T.RandomCrop(50), T.RandomRotation(30), T.ToTensor(), T.RandomErasing(1.0)])
    chain = Chain.of(pipe, image, twinlens.key(0, 0, 5))
    for place in range(4):
        np.testing.assert_array_equal(chain.ours_on(place, chain.before(place)), chain.results[place])
    np.testing.assert_array_equal(chain.results[-1], pipe(image, key=twinlens.key(0, 0, 5)).permute(1, 2, 0).numpy())
    assert [part.name for part in chain.parts] == ["RandomCrop", "RandomRotation", "ToTensor", "RandomErasing"]


def test_a_transform_that_is_no_compose() -> None:
    chain = Chain.of(T.RandomHorizontalFlip(1.0), smooth(), 0)
    assert [call.name for call in chain.parts[0].calls] == ["flip"]
    np.testing.assert_array_equal(chain.ours_on(0, chain.image), chain.results[0])


def test_differences_are_counted() -> None:
    found = Difference()
    found.add(np.array([1, 2, 3], np.uint8), np.array([1, 5, 2], np.uint8))
    assert (found.values, found.differing, found.greatest, found.total) == (3, 2, 3.0, 4.0)
    assert (found.share, found.mean) == (2 / 3, 4 / 3)
    special = np.array([np.nan, np.inf, 1.0, np.nan], np.float32)
    other = Difference()
    other.add(special, np.array([np.nan, np.inf, 1.0, 2.0], np.float32))
    assert (other.differing, other.greatest) == (1, float("inf"))
    found.merge(other)
    assert (found.values, found.differing) == (7, 3)
    found.add(np.zeros(2, np.uint8), np.zeros(2, np.int16))
    assert found.differing == 5
    assert Difference().share == Difference().mean == 0.0
