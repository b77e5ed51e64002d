"""ConvertColor, RGB, ToGray, ToSepia, HueSaturationValue and the channel transforms against OpenCV and torchvision."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch
from skimage import data
from torchvision.transforms import v2

import twinlens
from images import picture
from pil_images import assert_same_pil, pil_image
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

PHOTO: Any = np.ascontiguousarray(data.astronaut()[:300, 40:330])

CODES = {
    ("rgb", "bgr"): cv2.COLOR_RGB2BGR,
    ("rgb", "gray"): cv2.COLOR_RGB2GRAY,
    ("rgb", "hsv"): cv2.COLOR_RGB2HSV,
    ("rgb", "lab"): cv2.COLOR_RGB2LAB,
    ("rgb", "ycrcb"): cv2.COLOR_RGB2YCrCb,
    ("bgr", "rgb"): cv2.COLOR_BGR2RGB,
    ("bgr", "hsv"): cv2.COLOR_BGR2HSV,
    ("bgr", "ycrcb"): cv2.COLOR_BGR2YCrCb,
    ("gray", "rgb"): cv2.COLOR_GRAY2RGB,
    ("lab", "rgb"): cv2.COLOR_Lab2RGB,
    ("ycrcb", "rgb"): cv2.COLOR_YCrCb2RGB,
    ("ycrcb", "bgr"): cv2.COLOR_YCrCb2BGR,
}


def keys(n: int) -> Any:
    return np.array([twinlens.key(index=i) for i in range(n)], np.uint64)


@pytest.mark.parametrize(("source", "target"), CODES)
@pytest.mark.parametrize("engine", ["native", "kornia"])
def test_convert_color_is_cvtcolor(source: str, target: str, engine: Any) -> None:
    image = PHOTO[..., :1] if source == "gray" else PHOTO
    wanted = cv2.cvtColor(np.ascontiguousarray(image), CODES[source, target]).reshape(*image.shape[:2], -1)
    tensor = torch.from_numpy(image.copy()).permute(2, 0, 1)
    got = T.ConvertColor(target, source)(tensor, engine=engine).permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize(("source", "target"), [("rgb", "lab"), ("lab", "rgb")])
def test_all_colours_to_lab_and_back(isa: str, source: str, target: str) -> None:
    del isa
    code = np.arange(1 << 24, dtype=np.uint32).reshape(4096, 4096)
    colours = np.ascontiguousarray(code.view(np.uint8).reshape(4096, 4096, 4)[..., :3])
    assert np.array_equal(T.ConvertColor(target, source)(colours), cv2.cvtColor(colours, CODES[source, target]))


def test_convert_color_from_hsv_is_within_a_level_of_opencv_and_equal_before_its_last_columns() -> None:
    hsv = cv2.cvtColor(PHOTO, cv2.COLOR_RGB2HSV)
    theirs, ours = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), T.ConvertColor("rgb", "hsv")(hsv)
    body = PHOTO.shape[1] // 32 * 32
    np.testing.assert_array_equal(ours[:, :body], theirs[:, :body])
    assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_convert_color_of_a_kind_to_itself_is_nothing() -> None:
    np.testing.assert_array_equal(T.ConvertColor("LAB", "lab")(PHOTO), PHOTO)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_rgb(mode: str) -> None:
    image = pil_image(mode, 13, 9)
    assert_same_pil(T.RGB()(image), v2.RGB()(image) if mode != "LA" else image.convert("RGB"))


def test_to_gray_is_opencvs() -> None:
    gray = cv2.cvtColor(PHOTO, cv2.COLOR_RGB2GRAY)
    np.testing.assert_array_equal(T.ToGray(p=1.0)(PHOTO), np.repeat(gray[..., None], 3, -1))
    np.testing.assert_array_equal(T.ToGray(1, p=1.0)(PHOTO)[..., 0], gray)
    np.testing.assert_array_equal(T.ToGray(p=0.0)(PHOTO), PHOTO)


def test_to_sepia_is_opencvs_transform() -> None:
    matrix = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], np.float32)
    for image in (PHOTO, picture(7, 5, 3)):
        np.testing.assert_array_equal(T.ToSepia(p=1.0)(image), cv2.transform(image, matrix))
    unit = picture(9, 7, 3, "float32")
    np.testing.assert_allclose(T.ToSepia(p=1.0)(unit), np.clip(unit @ matrix.T, 0, 1), atol=1e-6, rtol=0)


@pytest.mark.parametrize("shift", [(20, -30, 20), (-7.6, 13.3, -40.2), (60, 0, 0)])
def test_hue_saturation_value_is_a_table_in_opencvs_hsv(shift: tuple[float, float, float]) -> None:
    image = PHOTO[:, :288]
    h, s, v = np.moveaxis(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2HSV).astype(float), -1, 0)
    whole = [int(number) for number in shift]
    moved = ((h + shift[0]) % 180, np.where(s == 0, 0, np.clip(s + whole[1], 0, 255)), np.clip(v + whole[2], 0, 255))
    wanted = cv2.cvtColor(np.stack(moved, -1).astype(np.uint8), cv2.COLOR_HSV2RGB)
    np.testing.assert_array_equal(T.HueSaturationValue(*shift, p=1.0)(image), wanted)


def test_hue_saturation_value_is_drawn_within_its_limits() -> None:
    batch = np.zeros((2000, 1, 1, 3), np.uint8)
    _, params = T.HueSaturationValue((-20, 20), (0, 30), 5)(batch, keys=keys(2000), return_params=True)
    drawn = params[""]
    assert abs(drawn["active"].mean() - 0.5) < 0.04
    for name, low, high in (("hue_shift_limit", -20, 20), ("sat_shift_limit", 0, 30)):
        counts, _ = np.histogram(drawn[name], 10, (low, high))
        assert counts.sum() == 2000
        assert ((counts - 200.0) ** 2 / 200).sum() < 27.9  # chi-square, 9 degrees of freedom, p = 0.001
    assert (drawn["val_shift_limit"] == 5).all()


@pytest.mark.parametrize("name", ["RandomChannelPermutation", "ChannelShuffle"])
def test_every_order_is_as_likely(name: str) -> None:
    batch = np.broadcast_to(np.array([0, 1, 2], np.uint8), (6000, 1, 1, 3))
    transform = T.ChannelShuffle(p=1.0) if name == "ChannelShuffle" else T.RandomChannelPermutation()
    out = np.stack(transform(batch, keys=keys(6000))).reshape(-1, 3)
    assert (np.sort(out, 1) == [0, 1, 2]).all()
    _, counts = np.unique(out, axis=0, return_counts=True)
    assert len(counts) == 6
    assert ((counts - 1000.0) ** 2 / 1000).sum() < 20.5  # 5 degrees of freedom, p = 0.001


def test_permutation_of_images_with_different_channels() -> None:
    images = [picture(4, 5, c) for c in (1, 3, 4, 3)]
    out = T.RandomChannelPermutation()(images, keys=[1, 2, 3, 4])
    for image, done, key in zip(images, out, (1, 2, 3, 4), strict=True):
        assert sorted(done.sum((0, 1))) == sorted(image.sum((0, 1)))
        np.testing.assert_array_equal(done, T.RandomChannelPermutation()(image, key=key))


def test_channel_dropout() -> None:
    batch = np.full((3000, 1, 1, 4), 9, np.uint8)
    out = np.stack(T.ChannelDropout((1, 3), fill=7, p=1.0)(batch, keys=keys(3000))).reshape(-1, 4)
    dropped = out == 7
    assert set(np.unique(out)) == {7, 9}
    counts = np.bincount(dropped.sum(1), minlength=5)
    assert counts[0] == counts[4] == 0
    assert ((counts[1:4] - 1000.0) ** 2 / 1000).sum() < 13.8  # 2 degrees of freedom
    assert np.abs(dropped.mean(0) - 0.5).max() < 0.04
    with pytest.raises(InputError, match="leaves nothing of an image with 1 channels"):
        T.ChannelDropout(p=1.0)(picture(3, 3, 1))


def test_channel_select() -> None:
    image = picture(6, 5, 4)
    np.testing.assert_array_equal(T.ChannelSelect([3, 0, 0])(image), image[..., [3, 0, 0]])
    np.testing.assert_array_equal(T.ChannelSelect(2)(image), image[..., [2]])
    with pytest.raises(InputError, match="wants 5 channels, image has 4"):
        T.ChannelSelect(4)(image)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: T.ConvertColor("xyz"), "ConvertColor: target='xyz': wants one of rgb"),
        (lambda: T.ChannelSelect([-1]), "ChannelSelect: channels="),
        (lambda: T.ChannelDropout((2, 1)), "ChannelDropout: channel_drop_range="),
        (lambda: T.ToGray(2), "ToGray: num_output_channels=2"),
        (lambda: T.HueSaturationValue((3, 1)), "HueSaturationValue: hue_shift_limit="),
        (lambda: T.ToSepia(2.0), "ToSepia: p=2.0"),
    ],
)
def test_bad_arguments_are_named(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as error:
        make()
    assert message in str(error.value)


@pytest.mark.parametrize(
    "transform",
    [
        T.ConvertColor("ycrcb"),
        T.RandomChannelPermutation(),
        T.ChannelShuffle(),
        T.ChannelDropout((1, 2), 3.0),
        T.ToSepia(),
        T.ToGray(),
        T.HueSaturationValue(),
    ],
    ids=lambda t: type(t).__name__,
)
def test_engines_agree_and_targets_stay(transform: Any) -> None:
    batch = torch.from_numpy(np.stack([picture(12, 9, 3, seed=i) for i in range(6)])).permute(0, 3, 1, 2)
    native, kornia = (transform(batch, keys=keys(6), engine=engine) for engine in ("native", "kornia"))
    assert torch.equal(native, kornia)
    assert twinlens.from_dict(transform.to_dict()) == transform
    sample = {"image": PHOTO, "mask": PHOTO[..., 0], "boxes": twinlens.Boxes([[1.0, 2, 3, 4]])}
    out = transform(sample, key=3)
    np.testing.assert_array_equal(out["mask"], PHOTO[..., 0])
    assert out["boxes"].data.tolist() == [[1.0, 2, 3, 4]]
