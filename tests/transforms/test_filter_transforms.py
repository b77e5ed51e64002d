"""The filters against torchvision on PIL images, OpenCV and Albumentations' definitions."""

from __future__ import annotations

import pickle
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from skimage import data
from torchvision.transforms import functional as v1
from torchvision.transforms import v2

import twinlens
from images import picture
from pil_images import assert_same_pil, pil_image
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

PHOTOS = ("astronaut", "chelsea", "coffee")


def photo(name: str) -> np.ndarray[Any, Any]:
    """A part of a scikit-image picture, (H, W, 3) uint8, not square."""
    return np.ascontiguousarray(getattr(data, name)()[:211, 40:333])


def keys(n: int) -> np.ndarray[Any, Any]:
    return np.array([twinlens.key(index=i) for i in range(n)], np.uint64)


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0, 1.7, 4.0])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK"])
def test_sharpness_of_pil_modes(mode: str, factor: float) -> None:
    image = pil_image(mode, 21, 17)
    theirs = v2.RandomAdjustSharpness(factor, p=1.0)(image)
    assert_same_pil(T.RandomAdjustSharpness(factor, p=1.0)(image), theirs)
    assert_same_pil(T.RandomAdjustSharpness(factor, p=0.0)(image), image)


@pytest.mark.parametrize("name", PHOTOS)
def test_sharpness_of_photos(name: str) -> None:
    image = Image.fromarray(photo(name))
    for factor in (0.0, 0.3, 1.9):
        wanted = v2.RandomAdjustSharpness(factor, p=1.0)(image)
        assert_same_pil(T.RandomAdjustSharpness(factor, p=1.0)(image), wanted)
        with twinlens.use_engine("kornia"):
            assert_same_pil(T.RandomAdjustSharpness(factor, p=1.0)(image), wanted)


def test_sharpness_of_floats_is_torchvisions() -> None:
    x = torch.from_numpy(picture(33, 29, 3, "float32")).permute(2, 0, 1)
    for factor in (0.0, 0.5, 2.0):
        wanted = v2.functional.adjust_sharpness(x, factor)
        torch.testing.assert_close(T.RandomAdjustSharpness(factor, p=1.0)(x), wanted, atol=1e-6, rtol=0)


def test_sharpness_probability() -> None:
    images = np.zeros((8000, 1, 1, 1), np.uint8)
    for p in (0.1, 0.5, 0.9):
        _, params = T.RandomAdjustSharpness(2.0, p)(images, keys=keys(8000), return_params=True)
        expected = np.array([p, 1 - p]) * 8000
        count = params[""]["adjusted"].sum()
        chi_square = ((np.array([count, 8000 - count]) - expected) ** 2 / expected).sum()
        assert chi_square < 10.8  # 0.1% of correct samples


@pytest.mark.parametrize("factor", [-0.1, float("nan"), float("inf"), "2", True, None])
def test_bad_sharpness_factor(factor: Any) -> None:
    with pytest.raises(ArgumentError, match="RandomAdjustSharpness: sharpness_factor"):
        T.RandomAdjustSharpness(factor)


def test_sharpness_of_names_is_refused() -> None:
    with pytest.raises(InputError, match="mode P or 1"):
        T.RandomAdjustSharpness(2.0, p=1.0)(pil_image("P", 5, 6))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("name", PHOTOS)
def test_gaussian_blur_is_that_of_opencv(name: str, dtype: str) -> None:
    image = photo(name).astype(dtype) * (257 if dtype == "uint16" else 1)
    for size, sigma in ((3, 0.8), (5, 1.0), ((7, 3), 1.5), (15, 3.0), (65, 20.0), ((1, 71), 9.0)):
        ksize = size if isinstance(size, tuple) else (size, size)
        wanted = cv2.GaussianBlur(image, ksize, sigma)
        np.testing.assert_array_equal(T.GaussianBlur(size, sigma)(image), wanted)
        with twinlens.use_engine("kornia"):
            np.testing.assert_array_equal(T.GaussianBlur(size, sigma)(image), wanted)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("size", [3, 5, 7, 9, 11, (5, 3)])
def test_gaussian_sigma_of_opencv(dtype: str, size: Any) -> None:
    image = photo(PHOTOS[0]).astype(dtype) * (257 if dtype == "uint16" else 1)
    wanted = cv2.GaussianBlur(image, size if isinstance(size, tuple) else (size, size), 0)
    for engine in ("native", "kornia"):
        np.testing.assert_array_equal(T.GaussianBlur(size, None)(image, engine=engine), wanted)
    with pytest.raises(ArgumentError, match="sigma=None is OpenCV's rule"):
        T.GaussianBlur(size, None, semantics="torch")


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK"])
def test_gaussian_blur_of_pil_modes(mode: str) -> None:
    image = pil_image(mode, 21, 17)
    wanted = cv2.GaussianBlur(np.asarray(image), (5, 5), 1.2)
    np.testing.assert_array_equal(np.asarray(T.GaussianBlur(5, 1.2)(image)), wanted)


@pytest.mark.parametrize("name", PHOTOS)
def test_gaussian_blur_with_torch_semantics(name: str) -> None:
    x = torch.from_numpy(photo(name)).permute(2, 0, 1)
    for size, sigma in ((3, 0.8), (5, 1.0), (9, 2.0), (23, 2.0)):
        theirs = v1.gaussian_blur(x, [size, size], [sigma, sigma])
        apart = (T.GaussianBlur(size, sigma, semantics="torch")(x).int() - theirs.int()).abs()
        assert apart.max() <= 1
        assert (apart > 0).float().mean() < 2e-4


def test_gaussian_blur_of_floats() -> None:
    image = picture(37, 31, 3, "float32")
    x = torch.from_numpy(image).permute(2, 0, 1)
    for semantics in ("opencv", "torch"):
        blurred = T.GaussianBlur((5, 7), 1.1, semantics=semantics)
        wanted = v2.functional.gaussian_blur(x, [5, 7], [1.1, 1.1])
        torch.testing.assert_close(blurred(x), wanted, atol=1e-6, rtol=0)
        np.testing.assert_allclose(blurred(image), cv2.GaussianBlur(image, (5, 7), 1.1), atol=1e-6)


def test_gaussian_sigma_is_uniform() -> None:
    _, params = T.GaussianBlur(3)(np.zeros((4000, 1, 1, 1), np.uint8), keys=keys(4000), return_params=True)
    assert stats.kstest(params[""]["sigma"], stats.uniform(0.1, 1.9).cdf).pvalue > 0.001
    torch.manual_seed(3)
    ours = T.GaussianBlur.get_params(0.5, 3.0)
    torch.manual_seed(3)
    assert ours == v2.GaussianBlur.get_params(0.5, 3.0)


def test_gaussian_blur_of_a_batch_is_by_itself() -> None:
    batch = torch.from_numpy(np.stack([picture(19, 23, 3, seed=i) for i in range(5)])).permute(0, 3, 1, 2)
    out, params = T.GaussianBlur(5)(batch, keys=list(range(5)), return_params=True)
    for image, result, sigma in zip(batch, out, params[""]["sigma"], strict=True):
        assert torch.equal(result, T.GaussianBlur(5, float(sigma))(image))


@pytest.mark.parametrize("bad", [0, 4, -3, 2.0, "3", (3, 5, 7), (3, 4), True, 1025])
def test_bad_kernel_size(bad: Any) -> None:
    with pytest.raises(ArgumentError, match="GaussianBlur: kernel_size="):
        T.GaussianBlur(bad)


@pytest.mark.parametrize("bad", [0, -1.0, (2.0, 1.0), (0.0, 1.0), float("nan"), "1", (1, 2, 3), float("inf")])
def test_bad_sigma(bad: Any) -> None:
    with pytest.raises(ArgumentError, match="GaussianBlur: sigma="):
        T.GaussianBlur(3, bad)


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("size", [3, 5, 7, 31])
def test_box_blur_is_that_of_opencv(name: str, size: int) -> None:
    image = photo(name)
    np.testing.assert_array_equal(T.Blur((size, size), p=1.0)(image), cv2.blur(image, (size, size)))


def test_blur_limits_are_drawn() -> None:
    images = np.zeros((6000, 1, 1, 1), np.uint8)
    _, params = T.Blur((3, 7), p=0.3)(images, keys=keys(6000), return_params=True)
    drawn, active = params[""]["ksize"], params[""]["active"]
    sizes, counts = np.unique(drawn, return_counts=True)
    assert sizes.tolist() == [3, 5, 7]
    assert stats.chisquare(counts).pvalue > 0.001
    assert stats.binomtest(int(active.sum()), 6000, 0.3).pvalue > 0.001
    assert T.Blur(9).blur_limit == (3, 9)


@pytest.mark.parametrize("bad", [2, (3, 4), (5, 3), (1, 3), "3", 3.0, (3, 5, 7)])
def test_bad_blur_limit(bad: Any) -> None:
    with pytest.raises(ArgumentError, match="Blur: blur_limit="):
        T.Blur(bad)


DETERMINED = [T.GaussianBlur(5, 1.0), T.Blur((5, 5), p=1.0), T.RandomAdjustSharpness(2.0, p=1.0)]

KERNELS = [
    T.Sharpen(p=0.9),
    T.Sharpen(method="gaussian", p=1.0),
    T.MotionBlur(p=1.0),
    T.Defocus((3, 9), p=1.0),
    T.UnsharpMask(p=1.0),
]


@pytest.mark.parametrize("transform", [*DETERMINED, T.GaussianBlur(3), T.Blur(), *KERNELS], ids=repr)
def test_files_copies_and_targets(transform: Any, tmp_path: Any) -> None:
    pipe = T.Compose([transform])
    twinlens.save(pipe, tmp_path / "pipe.yaml")
    image, mask = picture(20, 24), picture(20, 24, None)
    boxes, points = twinlens.Boxes([[1.0, 2, 9, 8]]), twinlens.Keypoints([[3.0, 4]])
    sample = {"image": image, "mask": mask, "boxes": boxes, "keypoints": points}
    wanted = pipe(sample, key=7)
    np.testing.assert_array_equal(wanted["mask"], mask)
    assert wanted["boxes"].data.tolist() == boxes.data.tolist()
    assert wanted["keypoints"].data.tolist() == points.data.tolist()
    assert eval(repr(transform), vars(T)) == transform
    for other in (twinlens.load(tmp_path / "pipe.yaml"), pickle.loads(pickle.dumps(pipe))):
        assert other == pipe
        np.testing.assert_array_equal(other(image, key=7), wanted["image"])
    with twinlens.use_engine("kornia"):
        np.testing.assert_array_equal(pipe(image, key=7), wanted["image"])


def opencv_filter(image: Any, kernel: Any) -> Any:
    """cv2.filter2D; the last elements of a row, fewer than four, are left out of comparisons."""
    return cv2.filter2D(image, -1, kernel.astype(np.float32))


def assert_filtered(ours: Any, theirs: Any) -> None:
    h = len(ours)
    body = ours[0].size // 4 * 4
    np.testing.assert_array_equal(ours.reshape(h, -1)[:, :body], theirs.reshape(h, -1)[:, :body])
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 1


@pytest.mark.parametrize("name", PHOTOS)
def test_sharpen_is_opencvs_filter(name: str) -> None:
    image = photo(name)
    for alpha, lightness in ((0.0, 0.5), (0.3, 0.7), (1.0, 1.0)):
        around = np.full((3, 3), -1.0)
        around[1, 1] = 8 + lightness
        kernel = alpha * around
        kernel[1, 1] += 1 - alpha
        assert_filtered(T.Sharpen((alpha, alpha), (lightness, lightness), p=1.0)(image), opencv_filter(image, kernel))
    line = cv2.getGaussianKernel(7, 1.5)
    kernel = -0.4 * (line @ line.T)
    kernel[3, 3] += 1.4
    ours = T.Sharpen((0.4, 0.4), method="gaussian", kernel_size=7, sigma=1.5, p=1.0)(image)
    assert_filtered(ours, opencv_filter(image, kernel))


def kernel_of(transform: Any, n: int = 21) -> Any:
    """A transform's kernel, from what it makes of a point."""
    point = np.zeros((n, n), np.float32)
    point[n // 2, n // 2] = 1
    return transform(point)[::-1, ::-1]


def test_motion_kernels() -> None:
    def marks(size: int, angle: float, direction: float) -> list[tuple[int, int]]:
        kernel = kernel_of(T.MotionBlur((size, size), False, (angle, angle), (direction, direction), p=1.0))
        np.testing.assert_allclose(kernel[kernel > 0], 1 / (kernel > 0).sum(), rtol=1e-6)
        return [(int(y) - 10, int(x) - 10) for y, x in np.argwhere(kernel)]

    # Those of Albumentations 2.0.8.
    assert marks(5, 0, 0) == [(0, -2), (0, -1), (0, 0), (0, 1), (0, 2)]
    assert marks(5, 30, 0) == [(-1, -2), (0, -1), (0, 0), (0, 1), (1, 2)]
    assert marks(7, 20, 0.5) == [(-1, -1), (0, -1), (0, 0), (0, 1), (1, 1), (1, 2), (1, 3)]
    assert marks(7, 20, -0.5) == [(-1, -3), (-1, -2), (-1, -1), (0, -1), (0, 0), (0, 1), (1, 1)]
    assert marks(7, 0, 1.0) == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert marks(7, 0, -1.0) == [(0, -3), (0, -2), (0, -1), (0, 0)]


@pytest.mark.parametrize("name", PHOTOS)
def test_motion_blur_is_opencvs_filter(name: str) -> None:
    image = photo(name)
    for size, angle in ((3, 45), (7, 100), (9, 10)):
        blur = T.MotionBlur((size, size), False, (angle, angle), (0, 0), p=1.0)
        assert_filtered(blur(image), opencv_filter(image, kernel_of(blur)[6:15, 6:15]))


def test_defocus_kernels() -> None:
    squares = np.arange(-8, 9) ** 2
    for radius, sigma in ((3, 0.1), (5, 0.5), (8, 0.3)):
        disk = (squares[:, None] + squares[None] <= radius**2).astype(np.float64)
        wanted = cv2.GaussianBlur(np.pad(disk / disk.sum(), 2), (3, 3), sigma)
        ours = kernel_of(T.Defocus((radius, radius), (sigma, sigma), p=1.0))
        np.testing.assert_allclose(ours, wanted, atol=1e-7)
    assert abs(kernel_of(T.Defocus((10, 10), (0.5, 0.5), p=1.0), 31).sum() - 1) < 1e-5


def test_kernels_are_drawn_for_each_image() -> None:
    images = np.zeros((3000, 1, 1, 1), np.uint8)
    _, params = T.MotionBlur((3, 9), p=0.4)(images, keys=keys(3000), return_params=True)
    drawn = params[""]
    assert stats.kstest(drawn["angle"], stats.uniform(0, 360).cdf).pvalue > 0.001
    assert stats.kstest(drawn["direction"], stats.uniform(-1, 2).cdf).pvalue > 0.001
    assert stats.kstest(drawn["shift"][:, 1], stats.uniform(-0.5, 1).cdf).pvalue > 0.001
    assert stats.chisquare(np.unique(drawn["ksize"], return_counts=True)[1]).pvalue > 0.001
    assert stats.binomtest(int(drawn["active"].sum()), 3000, 0.4).pvalue > 0.001
    _, params = T.Defocus((2, 5))(images, keys=keys(3000), return_params=True)
    sizes, counts = np.unique(params[""]["radius"], return_counts=True)
    assert sizes.tolist() == [2, 3, 4, 5]
    assert stats.chisquare(counts).pvalue > 0.001
    assert stats.kstest(params[""]["alias_blur"], stats.uniform(0.1, 0.4).cdf).pvalue > 0.001
    _, params = T.Sharpen()(images, keys=keys(3000), return_params=True)
    assert stats.kstest(params[""]["alpha"], stats.uniform(0.2, 0.3).cdf).pvalue > 0.001
    assert stats.kstest(params[""]["lightness"], stats.uniform(0.5, 0.5).cdf).pvalue > 0.001


@pytest.mark.parametrize(
    ("name", "argument", "bad"),
    [
        ("Sharpen", "alpha", (0.5, 1.5)),
        ("Sharpen", "lightness", (1.0, 0.5)),
        ("Sharpen", "kernel_size", 4),
        ("Sharpen", "sigma", 0.0),
        ("Sharpen", "method", "median"),
        ("MotionBlur", "blur_limit", (2, 7)),
        ("MotionBlur", "angle_range", (0, 400)),
        ("MotionBlur", "direction_range", (-2, 1)),
        ("Defocus", "radius", (0, 3)),
        ("UnsharpMask", "alpha", (0.5, 1.5)),
        ("UnsharpMask", "threshold", 300),
        ("UnsharpMask", "sigma_limit", -1.0),
        ("UnsharpMask", "blur_limit", 4),
        ("Defocus", "alias_blur", (0.5, 0.1)),
    ],
)
def test_bad_kernel_arguments(name: str, argument: str, bad: Any) -> None:
    with pytest.raises(ArgumentError, match=f"{name}: {argument}"):
        getattr(T, name)(**{argument: bad})


def test_unsharp_mask_is_drawn() -> None:
    images = np.zeros((1500, 1, 1, 1), np.uint8)
    transform = T.UnsharpMask((3, 7), (0.5, 2.0), (0.1, 0.9), p=0.6)
    _, params = transform(images, keys=keys(1500), return_params=True)
    drawn = params[""]
    assert stats.kstest(drawn["alpha"], stats.uniform(0.1, 0.8).cdf).pvalue > 0.001
    assert stats.kstest(drawn["sigma"], stats.uniform(0.5, 1.5).cdf).pvalue > 0.001
    assert stats.chisquare(np.unique(drawn["ksize"], return_counts=True)[1]).pvalue > 0.001
    assert stats.binomtest(int(drawn["active"].sum()), 1500, 0.6).pvalue > 0.001


def test_unsharp_mask_leaves_what_is_below_the_threshold() -> None:
    smooth = np.repeat(np.arange(60, 120, dtype=np.uint8)[None, :, None], 3, 2).repeat(20, 0)
    np.testing.assert_array_equal(T.UnsharpMask(p=1.0)(smooth), smooth)
    edge = np.where(np.arange(40) < 20, 60, 160).astype(np.uint8)[None].repeat(9, 0)
    sharpened = T.UnsharpMask((5, 5), 0.0, (0.5, 0.5), p=1.0)(edge)
    assert sharpened[4, 19] < 60 < 160 < sharpened[4, 20]
