"""ElasticTransform, GridDistortion, OpticalDistortion: against torchvision and OpenCV, targets, statistics, files."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.transforms import ElasticTransform as TheirElastic
from torchvision.transforms.v2 import ElasticTransform as V2Elastic
from torchvision.transforms.v2 import functional as F

import twinlens
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError
from twinlens.steps import Spec
from twinlens.steps.remap.maps import map_of

PHOTO = skimage.data.astronaut()[60:260, 100:340].copy()
CPU = torch.device("cpu")
KEYS = [int(twinlens.key(3, 1, i)) for i in range(400)]


def step_of(pipe: Any, h: int, w: int, key: int = 7) -> Any:
    """The Remap that a transform lowers to."""
    (step,) = pipe.plan((h, w, 3), key=key).steps
    return step


def places(pipe: Any, h: int, w: int, key: int = 7) -> tuple[Any, Any]:
    x, y = map_of(step_of(pipe, h, w, key), Spec.of([(h, w, 3)], "uint8"), 1, CPU)
    return x[0].numpy(), y[0].numpy()


def differing(a: Any, b: Any) -> tuple[float, int]:
    """Share of values that differ, and by how much at most."""
    d = np.abs(a.astype(int) - b.astype(int))
    return float((d > 0).mean()), int(d.max())


@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_elastic_is_torchvisions_at_equal_shifts(mode: str) -> None:
    h, w = PHOTO.shape[:2]
    pipe = T.ElasticTransform(120.0, 6.0, mode, fill=30)
    x, y = places(pipe, h, w)
    columns, rows = np.meshgrid(np.arange(w), np.arange(h))
    shift = np.stack(((x - columns) * 2 / w, (y - rows) * 2 / h), -1)[None].astype(np.float32)
    theirs = F.elastic(
        torch.from_numpy(PHOTO).permute(2, 0, 1), torch.from_numpy(shift), F.InterpolationMode(mode), fill=[30.0]
    )
    # where all four neighbours are in the image: torchvision blends the fill in twice at the border
    within = (x >= 0) & (x <= w - 1) & (y >= 0) & (y <= h - 1)
    assert within.mean() > 0.9
    share, worst = differing(pipe(PHOTO, key=7)[within], theirs.permute(1, 2, 0).numpy()[within])
    if mode == "bilinear":
        assert share < 0.01
        assert worst <= 1
    else:
        assert share < 1e-3


def test_elastic_shifts_have_torchvisions_distribution() -> None:
    size, alpha, sigma = [96, 128], [50.0, 70.0], [4.0, 4.0]
    torch.manual_seed(0)
    theirs = torch.cat([TheirElastic.get_params(alpha, sigma, size) for _ in range(40)])
    again = torch.cat([T.ElasticTransform.get_params(alpha, sigma, size) for _ in range(40)])
    pipe = T.ElasticTransform(alpha, sigma)
    ours = []
    for key in KEYS[:40]:
        x, y = places(pipe, *size, key)
        ours.append(np.stack(((x - np.arange(128)) / 64, (y - np.arange(96)[:, None]) / 48), -1))
    assert again.shape == theirs.shape == (40, 96, 128, 2)
    for drawn in (torch.from_numpy(np.stack(ours)), again):
        assert drawn.mean((0, 1, 2)).abs().max() < 0.07 * theirs.std()  # fields are smooth: few independent shifts
        torch.testing.assert_close(drawn.std((0, 1, 2)), theirs.std((0, 1, 2)).to(drawn.dtype), rtol=0.07, atol=0)


def test_elastic_without_smoothing_is_uniform() -> None:
    x, _ = places(T.ElasticTransform(64.0, 0.0), 64, 64)
    shift = np.sort(((x - np.arange(64)) / 32.0).ravel())
    distance = np.abs(shift - np.linspace(-1, 1, shift.size)).max() / 2
    assert distance < 1.95 / np.sqrt(shift.size)  # Kolmogorov-Smirnov, 0.1%


def test_optical_camera_is_opencvs() -> None:
    h, w = PHOTO.shape[:2]
    for key in range(4):
        pipe = T.OpticalDistortion((-0.4, 0.4), p=1.0, border_mode="reflect_101")
        k = pipe(PHOTO, key=key, return_params=True)[1][""]["k"][0]
        camera = np.array([[w, 0, w / 2], [0, h, h / 2], [0, 0, 1]])
        maps = cv2.initUndistortRectifyMap(camera, np.array([k, k, 0, 0]), None, None, (w, h), cv2.CV_32FC1)
        theirs = cv2.remap(PHOTO, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        for ours, their_map in zip(places(pipe, h, w, key), maps, strict=True):
            np.testing.assert_allclose(ours, their_map, atol=2e-4)
        share, worst = differing(pipe(PHOTO, key=key), theirs)
        assert share < 0.001
        assert worst <= 1


def test_optical_fisheye_moves_along_the_radius() -> None:
    x, y = places(T.OpticalDistortion(0.3, mode="fisheye", p=1.0), 60, 90)
    np.testing.assert_allclose(
        x[30, [15, 30, 45, 60, 75]], [12.23077, 29.653847, 45.0, 60.346153, 77.769226], rtol=1e-6
    )
    np.testing.assert_allclose(y[[10, 20, 30, 40], 45], [9.179487, 19.897436, 30.0, 40.102562], rtol=1e-6)


def grid_places(n: int, factors: Any, normalized: bool) -> Any:
    """Albumentations' rule, cell by cell."""
    cells = len(factors)
    step = n // (cells - 1)
    ends = [min((i + 1) * step, n) for i in range(cells)]
    lengths = [end - min(i * step, n) for i, end in enumerate(ends)]
    reach = [f * (length if normalized else step) for f, length in zip(factors, lengths, strict=True)]
    scale = n / sum(reach) if normalized else 1.0
    out, at = [], 0.0
    for length, far in zip(lengths, reach, strict=True):
        out.extend(np.linspace(at, at + far * scale, length))
        at += far * scale
    return np.array(out)


@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("n", [5, 4])
def test_grid_is_opencvs_remap_of_albumentations_places(n: int, normalized: bool) -> None:
    h, w = PHOTO.shape[0] - 3, PHOTO.shape[1]
    image = np.ascontiguousarray(PHOTO[:h])
    pipe = T.GridDistortion(n, (-0.3, 0.3), normalized=normalized, fill=9, p=1.0)
    done, params = pipe(image, key=5, return_params=True)
    xs = grid_places(w, params[""]["x"][0], normalized).astype(np.float32)
    ys = grid_places(h, params[""]["y"][0], normalized).astype(np.float32)
    x, y = places(pipe, h, w, 5)
    np.testing.assert_allclose(x, np.broadcast_to(xs, (h, w)), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(y, np.broadcast_to(ys[:, None], (h, w)), rtol=1e-6, atol=1e-6)
    theirs = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(9, 9, 9))
    np.testing.assert_array_equal(done, theirs)


@pytest.mark.parametrize("pipe", [T.GridDistortion(p=0.3), T.OpticalDistortion(p=0.3)], ids=["grid", "optical"])
def test_probability(pipe: Any) -> None:
    images = torch.zeros(len(KEYS), 1, 4, 4, dtype=torch.uint8)
    active = pipe(images, keys=KEYS, return_params=True)[1][""]["active"]
    assert abs(active.mean() - 0.3) < 3.3 * np.sqrt(0.3 * 0.7 / len(KEYS))


def test_ranges_are_uniform() -> None:
    images = torch.zeros(len(KEYS), 1, 4, 4, dtype=torch.uint8)
    k = T.OpticalDistortion((-0.2, 0.6), p=1.0)(images, keys=KEYS, return_params=True)[1][""]["k"]
    x = T.GridDistortion(2, (-0.2, 0.6), p=1.0)(images, keys=KEYS, return_params=True)[1][""]["x"] - 1.0
    for drawn in (k, x.ravel()):
        distance = np.abs(np.sort(drawn) - np.linspace(-0.2, 0.6, drawn.size)).max() / 0.8
        assert distance < 1.95 / np.sqrt(drawn.size)


PIPES = {
    "elastic": T.ElasticTransform(80.0, 6.0),
    "elastic nearest": T.ElasticTransform([30.0, 60.0], [5.0, 3.0], "nearest"),
    "grid": T.GridDistortion(p=1.0),
    "grid reflected": T.GridDistortion(3, (-0.5, 0.5), normalized=False, border_mode="reflect_101", p=0.7),
    "optical": T.OpticalDistortion((-0.4, 0.4), p=1.0),
    "fisheye": T.OpticalDistortion((-0.4, 0.4), mode="fisheye", border_mode="replicate", fill=[1, 2, 3], p=0.7),
}


@pytest.mark.parametrize("name", PIPES)
def test_batches_engines_files_and_replay(name: str, tmp_path: Any) -> None:
    pipe = PIPES[name]
    rng = np.random.default_rng(2)
    images = [rng.integers(0, 256, (h, w, 3), np.uint8) for h, w in ((31, 40), (17, 50), (40, 31))]
    whole, params = pipe(images, keys=KEYS[:3], return_params=True)
    twinlens.save(pipe, tmp_path / "pipe.yaml")
    assert twinlens.load(tmp_path / "pipe.yaml") == pipe
    with twinlens.use_engine("kornia"):
        other = pipe(images, keys=KEYS[:3])
    again = pipe.replay(images, params)
    for i, image in enumerate(images):
        alone = pipe(image, key=KEYS[i])
        for done in (whole, other, again):
            np.testing.assert_array_equal(done[i], alone)


@pytest.mark.parametrize("name", PIPES)
def test_masks_follow_by_nearest(name: str) -> None:
    pipe = PIPES[name]
    mask = np.arange(31 * 40, dtype=np.int64).reshape(31, 40)
    x, y = places(pipe, 31, 40, KEYS[0])
    done = pipe({"image": np.zeros((31, 40, 3), np.uint8), "mask": mask}, key=KEYS[0])["mask"]
    rows, columns = np.rint(y).astype(int), np.rint(x).astype(int)
    inside = (rows >= 0) & (rows < 31) & (columns >= 0) & (columns < 40)
    np.testing.assert_array_equal(done[inside], mask[rows[inside], columns[inside]])
    if getattr(pipe, "border_mode", "constant") == "constant":
        assert (done[~inside] == 0).all()


@given(data=st.data())
def test_boxes_contain_and_points_stay_within_a_pixel(data: st.DataObject) -> None:
    pipe = PIPES[data.draw(st.sampled_from(["elastic", "grid", "optical"]))]
    key = data.draw(st.integers(0, 10**6))
    x0, y0 = data.draw(st.integers(8, 40)), data.draw(st.integers(8, 30))
    x1, y1 = x0 + data.draw(st.integers(1, 16)), y0 + data.draw(st.integers(1, 12))
    h, w = 50, 64
    mask = np.zeros((h, w), np.uint8)
    mask[y0:y1, x0:x1] = 1
    point = np.array([[(x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2]], np.float32)
    sample = {
        "image": mask * 255,
        "mask": mask,
        "boxes": twinlens.Boxes([[x0, y0, x1, y1]]),
        "keypoints": twinlens.Keypoints(point),
    }
    done = pipe(sample, key=key)
    left, top, right, bottom = done["boxes"].data[0].tolist()
    rows, columns = np.nonzero(done["mask"])
    if rows.size:
        assert left <= columns.min()
        assert right >= columns.max() + 1
        assert top <= rows.min()
        assert bottom >= rows.max() + 1
    px, py = done["keypoints"].data[0].tolist()
    x, y = places(pipe, h, w, key)
    if 0 <= px <= w - 1 and 0 <= py <= h - 1:  # where the point was read from, and one pixel around it
        off = np.hypot(x - point[0, 0], y - point[0, 1])
        row, column = np.unravel_index(off.argmin(), off.shape)
        assert np.hypot(px - column, py - row) <= 1.0


def test_a_box_that_leaves_has_no_area() -> None:
    pipe = T.GridDistortion(1, -0.9, normalized=False, p=1.0)  # reads the first tenth only
    boxes = twinlens.Boxes([[30.0, 30.0, 38.0, 38.0], [0.0, 0.0, 2.0, 2.0]])
    gone, kept = pipe({"image": np.zeros((40, 40), np.uint8), "boxes": boxes})["boxes"].data.tolist()
    assert gone[0] == gone[2]
    assert kept[2] - kept[0] > 10


def test_attributes_are_torchvisions() -> None:
    ours, theirs = T.ElasticTransform(40, sigma=(2, 3)), V2Elastic(40.0, sigma=[2.0, 3.0])
    assert ours.alpha == theirs.alpha
    assert ours.sigma == theirs.sigma


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: T.ElasticTransform(alpha=-1), "alpha=-1: wants one or two numbers from 0"),
        (lambda: T.ElasticTransform(sigma=[1, 2, 3]), "sigma"),
        (lambda: T.ElasticTransform(interpolation="bicubic"), "must be nearest or bilinear"),
        (lambda: T.GridDistortion(0), "num_steps=0 must be an integer from 1"),
        (lambda: T.GridDistortion(5, (0.5, -0.5)), "distort_limit"),
        (lambda: T.GridDistortion(border_mode="wrap"), "border_mode='wrap' must be one of constant"),
        (lambda: T.OpticalDistortion(mode="lens"), "mode"),
    ],
)
def test_bad_arguments(make: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        make()


def test_bad_images() -> None:
    with pytest.raises(InputError, match="fill has 2 values"):
        T.ElasticTransform(fill=[1, 2])(PHOTO)
    with pytest.raises(InputError, match="does not fit uint8"):
        T.ElasticTransform(fill=300)(PHOTO)
