"""JPEG, ImageCompression, Downscale and LinearTransformation against torchvision, OpenCV and Pillow."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from skimage import data
from torchvision.transforms import v2

import twinlens
from images import picture
from parity.codecs import pillow_codec
from pil_images import assert_same_pil, pil_image
from twinlens import transforms as T
from twinlens.errors import ArgumentError, EngineError, InputError
from twinlens.steps import JpegArtifact, Spec


@pytest.mark.filterwarnings("ignore:The image decoding and encoding capabilities:DeprecationWarning")
@pytest.mark.parametrize("quality", [1, 30, 75, 95, 100])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg_is_torchvisions(mode: str, quality: int) -> None:
    image = pil_image(mode, 61, 47, kind="gradient")
    assert_same_pil(T.JPEG(quality)(image), v2.JPEG(quality)(image))
    photo = torch.from_numpy(data.astronaut()[:120, :171].copy()).permute(2, 0, 1)
    assert torch.equal(T.JPEG(quality)(photo), v2.JPEG(quality)(photo))


def test_jpeg_draws_every_quality() -> None:
    keys = list(range(3000))
    image = np.zeros((3000, 1, 1, 1), np.uint8)
    _, params = T.JPEG((10, 19))(image, keys=keys, return_params=True)
    counts = np.bincount(params[""]["quality"], minlength=20)[10:]
    assert counts.sum() == 3000
    assert ((counts - 300) ** 2 / 300).sum() < 27.9  # 9 degrees of freedom, 99.9%


def test_each_image_has_its_quality_on_either_engine() -> None:
    images = [picture(24, 40, kind="gradient", seed=i) for i in range(4)]
    pipe = T.ImageCompression(quality_range=(5, 95), p=0.6)
    out, params = pipe(images, keys=list(range(4)), return_params=True)
    for image, done, on, quality in zip(images, out, params[""]["active"], params[""]["quality"], strict=True):
        expected = pillow_codec(image, "jpeg", int(quality)) if on else image
        np.testing.assert_array_equal(done, expected)
    batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    for engine in ("native", "kornia"):
        together = pipe(batch, keys=list(range(4)), engine=engine)
        np.testing.assert_array_equal(together.permute(0, 2, 3, 1).numpy(), np.stack(out))


def test_webp() -> None:
    photo = data.astronaut()[:100, :120]
    done = T.ImageCompression("webp", 40, p=1.0)(photo)
    np.testing.assert_array_equal(done, pillow_codec(photo, "webp", 40))
    assert T.ImageCompression("webp", 40, p=1.0)(photo[..., 0]).shape == (100, 120)


def test_a_card_is_told_that_there_is_no_twin() -> None:
    step = JpegArtifact(np.array([50]))
    x = torch.zeros(1, 3, 4, 4, dtype=torch.uint8, device="meta")
    with pytest.raises(EngineError, match=r"JpegArtifact: .* no twin for meta; call image.cpu\(\) first"):
        step.batched(x, Spec.of([(4, 4, 3)], "uint8"))


@pytest.mark.parametrize(
    ("down", "up"),
    [(cv2.INTER_NEAREST, cv2.INTER_NEAREST), (cv2.INTER_AREA, cv2.INTER_LINEAR), ("area", "nearest_exact")],
)
def test_downscale_is_two_resizes_of_opencv(down: Any, up: Any) -> None:
    image, mask = data.astronaut()[:101, :150].copy(), picture(101, 150, None)
    pipe = T.Downscale(0.3, {"downscale": down, "upscale": up}, p=1.0)
    codes = {"area": cv2.INTER_AREA, "nearest_exact": cv2.INTER_NEAREST_EXACT}
    small = cv2.resize(image, (45, 30), interpolation=codes.get(down, down))
    expected = cv2.resize(small, (150, 101), interpolation=codes.get(up, up))
    out = pipe({"image": image, "mask": mask, "boxes": [[1, 2, 3, 4]]})
    np.testing.assert_array_equal(out["image"], expected)
    np.testing.assert_array_equal(out["mask"], mask)
    assert out["boxes"] == [[1, 2, 3, 4]]
    np.testing.assert_array_equal(pipe(image, engine="kornia"), expected)


def test_downscale_of_images_with_scales_of_their_own() -> None:
    images = [picture(40, 50, seed=i) for i in range(6)]
    pipe = T.Downscale((0.2, 0.9), p=0.5)
    out, params = pipe(images, keys=list(range(6)), return_params=True)
    assert 0 < params[""]["active"].sum() < 6
    for image, done, on, scale in zip(images, out, params[""]["active"], params[""]["scale"], strict=True):
        np.testing.assert_array_equal(done, T.Downscale(float(scale), p=1.0)(image) if on else image)
    batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    together = pipe(batch, keys=list(range(6)), engine="kornia")
    np.testing.assert_array_equal(together.permute(0, 2, 3, 1).numpy(), np.stack(out))


def whitening(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, n, generator=generator), torch.rand(n, generator=generator)


def test_linear_transformation_is_torchvisions() -> None:
    matrix, mean = whitening(3 * 8 * 9)
    image = torch.from_numpy(data.astronaut()[:8, :9].copy()).permute(2, 0, 1) / 255
    ours, theirs = (lib.LinearTransformation(matrix, mean)(image) for lib in (T, v2))
    assert ours.dtype == theirs.dtype
    torch.testing.assert_close(ours, theirs, rtol=0, atol=4e-5)  # its own float32 sums of 216 terms
    exact = ((image - mean.view(3, 8, 9)).double().flatten() @ matrix.double()).view(3, 8, 9)
    assert (ours - exact).abs().max() <= (theirs - exact).abs().max()
    batch = torch.stack([image, image.flip(-1)])
    np.testing.assert_array_equal(T.LinearTransformation(matrix, mean)(batch)[0].numpy(), ours.numpy())
    array = T.LinearTransformation(matrix, mean)(image.permute(1, 2, 0).numpy())
    np.testing.assert_array_equal(array, ours.permute(1, 2, 0).numpy())


def test_linear_transformation_survives(tmp_path: Any) -> None:
    pipe = T.LinearTransformation(*whitening(4))
    twinlens.save(pipe, tmp_path / "pipe.yaml")
    loaded = twinlens.load(tmp_path / "pipe.yaml")
    for other in (loaded, pickle.loads(pickle.dumps(pipe)), copy.deepcopy(pipe), eval(f"T.{pipe!r}")):
        assert other == pipe
    assert pipe != T.LinearTransformation(torch.eye(4), torch.zeros(4))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: T.JPEG(0), "JPEG: quality=0: wants an integer from 1 to 100"),
        (lambda: T.JPEG((90, 10)), "JPEG: quality="),
        (lambda: T.JPEG(True), "JPEG: quality=True"),
        (lambda: T.ImageCompression("png"), "ImageCompression: compression_type='png'"),
        (lambda: T.Downscale(0.0), "Downscale: scale_range=0.0: wants a number above 0"),
        (lambda: T.Downscale(interpolation_pair={"upscale": 4, "downscale": 0}), "upscale=4 must be a name or code"),
        (lambda: T.Downscale(interpolation_pair=0), "Downscale: interpolation_pair=0: wants a dictionary"),
        (lambda: T.LinearTransformation(torch.zeros(2, 3), torch.zeros(2)), r"shape \(2, 3\) must be square"),
        (lambda: T.LinearTransformation(torch.eye(2), torch.zeros(3)), r"mean_vector of shape \(3,\) must have the 2"),
        (lambda: T.LinearTransformation("x", torch.zeros(3)), "LinearTransformation: transformation_matrix='x'"),
    ],
)
def test_bad_arguments(make: Any, says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        make()


@pytest.mark.parametrize(
    ("pipe", "image", "says"),
    [
        (T.JPEG(50), np.zeros((4, 4, 3), np.float32), "JpegArtifact: takes uint8, the image is float32"),
        (T.JPEG(50), np.zeros((4, 4, 4), np.uint8), r"wants 1 or 3 channels, image has 4 \(4, 4, 4\)"),
        (T.JPEG(50), pil_image("P", 4, 4), "JPEG: the image is of PIL mode P or 1"),
        (T.LinearTransformation(torch.eye(2), torch.zeros(2)), np.zeros((1, 3), np.uint8), "is for 2 samples, image"),
    ],
)
def test_bad_images(pipe: Any, image: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        pipe(image)
