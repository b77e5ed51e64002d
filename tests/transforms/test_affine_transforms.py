"""Rotate, SafeRotate, ShiftScaleRotate, Affine, Perspective: OpenCV's pixels, Albumentations' maps, targets, draws."""

from __future__ import annotations

import math
import pickle
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from skimage import data

import twinlens
from images import picture
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError
from twinlens.random import Draws
from twinlens.steps import Crop, Spec, Warp

ENGINES = ("native", "kornia")
FLAGS = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR}
PICTURES = [
    data.astronaut()[:181, :240],
    data.coffee()[:120, :111].copy(),
    data.page()[:90, :96],
    picture(33, 48, 4, "uint16"),
    picture(40, 32, 3, "float32"),
]
N = 4000


def named(**options: Any) -> dict[str, Any]:
    """One of each, always applied."""
    return {
        "Rotate": T.Rotate((-180, 180), p=1.0, **options),
        "Cropped": T.Rotate((-180, 180), crop_border=True, p=1.0, **options),
        "SafeRotate": T.SafeRotate((-180, 180), p=1.0, **options),
        "ShiftScaleRotate": T.ShiftScaleRotate((-0.2, 0.2), (-0.4, 0.4), p=1.0, **options),
        "Affine": T.Affine((0.7, 1.3), None, (-9, 9), (-50, 50), (-15, 15), p=1.0, **options),
        "Fitted": T.Affine((0.7, 1.3), None, None, (-50, 50), (-15, 15), fit_output=True, p=1.0, **options),
        "Perspective": T.Perspective((0.05, 0.15), p=1.0, **options),
        "FittedPerspective": T.Perspective((0.05, 0.15), False, True, p=1.0, **options),
    }


NAMES = tuple(named())


def steps_of(pipe: Any, h: int, w: int, key: int = 0, dtype: str = "uint8") -> Any:
    return pipe.plan((h, w, 3), key=key, dtype=dtype).steps


def forward_of(pipe: Any, h: int, w: int, key: int = 0) -> Any:
    """(3, 3), input to output, with 1 in the last corner."""
    warp = steps_of(pipe, h, w, key)[0]
    inverse = np.append(warp.matrix[0], 1.0).reshape(3, 3)
    matrix = np.linalg.inv(inverse)
    return matrix / matrix[2, 2]


def opencv(image: Any, warp: Warp, flag: int, fill: float) -> Any:
    """The step's own map through OpenCV."""
    inverse = np.append(warp.matrix[0], 1.0).reshape(3, 3)
    size = int(warp.out_w[0]), int(warp.out_h[0])
    border = (fill,) * 4
    if warp.perspective:
        return cv2.warpPerspective(image, inverse, size, flags=flag | cv2.WARP_INVERSE_MAP, borderValue=border)
    return cv2.warpAffine(image, inverse[:2], size, flags=flag | cv2.WARP_INVERSE_MAP, borderValue=border)


def without_tail(image: Any) -> Any:
    """OpenCV rounds differently in the last columns, which do not fill a vector."""
    return image[:, : image.shape[1] // 16 * 16]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("interpolation", FLAGS)
@pytest.mark.parametrize("name", NAMES)
def test_pixels_are_opencvs(name: str, interpolation: str, engine: Any) -> None:
    pipe = named(interpolation=interpolation, fill=0.25, fill_mask=1)[name]
    whole = named(interpolation=interpolation, fill=77)[name]
    for key, image in enumerate(PICTURES):
        transform, fill = (pipe, 0.25) if image.dtype == np.float32 else (whole, 77)
        warp, *crops = steps_of(transform, *image.shape[:2], key, image.dtype.name)
        wanted = without_tail(opencv(image, warp, FLAGS[interpolation], fill))
        with twinlens.use_engine(engine):
            got = transform(image, key=key)
        if crops:
            y, x, h, w = (int(v[0]) for v in (crops[0].y, crops[0].x, crops[0].h, crops[0].w))
            wanted = wanted[y : y + h, x : x + w]
            got = got[:, : wanted.shape[1]]
        else:
            got = without_tail(got)
        assert wanted.size
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("angle", [30, -77.5, 90, 180, 1000])
def test_rotation_is_opencvs_rotation_matrix(angle: float) -> None:
    for image in PICTURES:
        h, w = image.shape[:2]
        matrix = cv2.getRotationMatrix2D(((w - 1) / 2, (h - 1) / 2), angle, 1.0)
        wanted = cv2.warpAffine(image, matrix, (w, h), flags=cv2.INTER_LINEAR)
        got = T.Rotate(angle, p=1.0)(image)
        np.testing.assert_array_equal(without_tail(got), without_tail(wanted))


def test_affine_is_scale_then_rotation_then_shear_then_shift() -> None:
    h, w, (sx, sy), angle, (shx, shy), (tx, ty) = 60, 80, (1.5, 0.8), 30, (10, 20), (5, -3)
    pipe = T.Affine({"x": sx, "y": sy}, None, {"x": tx, "y": ty}, angle, {"x": shx, "y": shy}, p=1.0)
    turn = math.radians(angle)
    parts = [
        [[1, 0, (w - 1) / 2 + tx], [0, 1, (h - 1) / 2 + ty], [0, 0, 1]],
        [[1, -math.tan(math.radians(shx)), 0], [-math.tan(math.radians(shy)), 1, 0], [0, 0, 1]],
        [[math.cos(turn), math.sin(turn), 0], [-math.sin(turn), math.cos(turn), 0], [0, 0, 1]],
        np.diag([sx, sy, 1]),
        [[1, 0, -(w - 1) / 2], [0, 1, -(h - 1) / 2], [0, 0, 1]],
    ]
    np.testing.assert_allclose(forward_of(pipe, h, w), np.linalg.multi_dot(parts), atol=1e-12)


def test_maps_are_albumentations() -> None:
    """Output to input, as 2.0.8 moves ramps of 60 x 80, to five decimals; sizes and crops exactly."""
    both = {"scale": {"x": 1.5, "y": 0.8}, "rotate": 30, "shear": {"x": 10, "y": 20}, "translate_px": {"x": 5, "y": -3}}
    cases: list[tuple[Any, list[float], tuple[int, int]]] = [
        (T.Rotate(30, p=1.0), [0.86603, -0.5, 20.042, 0.5, 0.86603, -15.79775], (60, 80)),
        (T.SafeRotate(30, p=1.0), [1.07171, -0.75833, 19.38174, 0.61875, 1.31347, -34.65416], (60, 80)),
        (T.SafeRotate(100, p=1.0), [-0.15628, -1.4608, 89.57528, 0.88633, -0.25758, 1.77426], (60, 80)),
        (
            T.ShiftScaleRotate(0.1, 0.2, 30, p=1.0),
            [0.72169, -0.41667, 20.01149, 0.41667, 0.72169, -15.91158],
            (60, 80),
        ),
        (T.Affine(shear=20, p=1.0), [1.1527, 0.41955, -18.40851, 0.41955, 1.1527, -21.07698], (60, 80)),
        (T.Affine(translate_percent=0.033, p=1.0), [1, 0, -2, 0, 1, -1], (60, 80)),
        (T.Affine(**both, p=1.0), [0.4873, -0.24741, 24.37146, 1.08889, 1.27453, -52.73081], (60, 80)),
        (T.Affine(rotate=30, fit_output=True, p=1.0), [0.86603, -0.5, 19.88174, 0.5, 0.86603, -35.52018], (94, 101)),
        (
            T.Affine(**both, fit_output=True, p=1.0),
            [0.4873, -0.24741, 24.0345, 1.08889, 1.27453, -126.57886],
            (133, 133),
        ),
        (T.Affine(1.5, fit_output=True, p=1.0), [0.66667, 0, -0.16667, 0, 0.66667, -0.16667], (92, 122)),
    ]
    for pipe, wanted, size in cases:
        (warp,) = steps_of(pipe, 60, 80)
        np.testing.assert_allclose(warp.matrix[0, :6], wanted, atol=1.1e-5)
        assert (warp.out_h[0], warp.out_w[0]) == size
    crop = steps_of(T.Rotate(30, crop_border=True, p=1.0), 60, 80)[1]
    assert isinstance(crop, Crop)
    assert [int(v[0]) for v in (crop.y, crop.x, crop.h, crop.w)] == [12, 9, 35, 61]


INWARD = np.array([[[0.0346, 0.0822], [0.033, 0.1303], [0.0905, 0.0446], [0.0537, 0.0581]]])


@pytest.mark.parametrize(
    ("keep_size", "fit_output", "size", "wanted"),
    [
        (
            True,
            False,
            (60, 80),
            [1.10544, -0.0327461, -2.89834, -0.0480857, 1.24283, -5.99654, -4.53878e-4, -1.60844e-3],
        ),
        (
            False,
            False,
            (51, 74),
            [1.02253, -0.0302901, -2.68097, -0.0408728, 1.05641, -5.09705, -4.53878e-4, -1.60844e-3],
        ),
        (True, True, (60, 80), [0.864502, -0.0283688, 1.70213, -0.0410959, 0.852659, 3.28767, -5.369e-4, -1.54244e-3]),
        (False, True, (73, 94), [1.01579, -0.0333333, 2.0, -0.05, 1.0374, 4.0, -5.369e-4, -1.54244e-3]),
    ],
)
def test_perspective_is_albumentations(
    keep_size: bool, fit_output: bool, size: tuple[int, int], wanted: list[float]
) -> None:
    """Input to output, as 2.0.8 has it for the same corners."""
    ramp = np.stack([*np.meshgrid(np.arange(80.0), np.arange(60.0)), np.ones((60, 80))], -1).astype(np.float32)
    pipe = T.Perspective(0.1, keep_size, fit_output, p=1.0)
    out = pipe.replay(ramp, {"": {"active": np.array([True]), "inward": INWARD}})
    assert out.shape[:2] == size
    forward = np.append(wanted, 1.0).reshape(3, 3)
    ys, xs = np.nonzero(out[..., 2] > 0.9999)
    source = np.concatenate((out[ys, xs, :2].astype(np.float64), np.ones((len(ys), 1))), 1)
    moved = source @ forward.T
    assert len(ys) > 1000
    np.testing.assert_allclose(moved[:, :2] / moved[:, 2:], np.stack((xs, ys), 1), atol=0.002)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", NAMES)
def test_targets_follow(name: str, engine: Any) -> None:
    image = np.zeros((70, 90), np.uint8)
    image[30:41, 40:56] = 255
    sample = {
        "image": image,
        "mask": (image > 0).astype(np.int64),
        "boxes": Boxes([[40.0, 30.0, 56.0, 41.0]]),
        "keypoints": Keypoints([[40.0, 30.0], [55.0, 40.0]]),
    }
    for key in range(4):
        with twinlens.use_engine(engine):
            out = named(interpolation="nearest", fill=0, fill_mask=5)[name](sample, key=key)
        np.testing.assert_array_equal(out["mask"] == 1, out["image"] > 127)
        assert set(np.unique(out["mask"])) <= {0, 1, 5}
        ys, xs = np.nonzero(out["mask"] == 1)
        hull = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
        assert np.abs(out["boxes"].xyxy[0].numpy() - hull).max() <= 1.0
        for x, y in out["keypoints"].data.tolist():
            assert np.hypot(xs - x, ys - y).min() <= 1.0


@pytest.mark.parametrize("engine", ENGINES)
def test_masks_are_opencvs_nearest(engine: Any) -> None:
    image = PICTURES[0]
    mask = (image[..., 0] // 32).copy()
    pipe = T.Rotate(33, interpolation="bilinear", fill=(1, 2, 3), fill_mask=255, p=1.0)
    with twinlens.use_engine(engine):
        out = pipe({"image": image, "mask": mask})
    h, w = mask.shape
    matrix = cv2.getRotationMatrix2D(((w - 1) / 2, (h - 1) / 2), 33, 1.0)
    wanted = cv2.warpAffine(mask, matrix, (w, h), flags=cv2.INTER_NEAREST, borderValue=(255,))
    np.testing.assert_array_equal(out["mask"], wanted)
    assert (out["mask"] == 255).any()
    assert (out["image"][0, 0] == (1, 2, 3)).all()


@pytest.mark.parametrize("name", NAMES)
def test_batch_is_single_and_files_keep_everything(name: str, tmp_path: Any) -> None:
    transform = named(fill=9)[name]
    transform.p = 0.75
    images = [picture(17 + i, 21, 3, seed=i) for i in range(12)]
    keys = [twinlens.key(index=i) for i in range(12)]
    whole, params = transform(images, keys=keys, return_params=True)
    twinlens.save(transform, tmp_path / "pipe.yaml")
    loaded = twinlens.load(tmp_path / "pipe.yaml")
    others = [loaded, pickle.loads(pickle.dumps(transform)), eval(f"T.{transform!r}")]
    assert all(other == transform for other in others)
    results = [other(images, keys=keys) for other in others]
    with twinlens.use_engine("kornia"):
        results.append(transform(images, keys=keys))
    results.append(transform.replay(images, params))
    results.append([transform(image, key=k) for image, k in zip(images, keys, strict=True)])
    for result in results:
        for a, b in zip(result, whole, strict=True):
            np.testing.assert_array_equal(a, b)
    still = [bool(np.array_equal(a, b)) for a, b in zip(whole, images, strict=True)]
    assert still == (~params[""]["active"]).tolist()


def test_tensors_of_a_batch_draw_for_themselves() -> None:
    images = torch.from_numpy(np.stack([PICTURES[0]] * 6)).permute(0, 3, 1, 2).contiguous()
    keys = [twinlens.key(index=i) for i in range(6)]
    for name in ("Rotate", "SafeRotate", "ShiftScaleRotate", "Affine", "Perspective"):
        with twinlens.use_engine("kornia"):
            batch = named()[name](images, keys=keys)
        for i in range(6):
            assert torch.equal(batch[i], named()[name](images[i], key=keys[i]))


def drawn(pipe: Any, h: int = 20, w: int = 40) -> dict[str, Any]:
    """What N images of h x w are given."""
    keys = np.array([twinlens.key(seed=11, index=i) for i in range(N)], np.uint64)
    params: dict[str, Any] = pipe.sample(Draws(keys, 3), Spec.of([(h, w, 1)] * N, "uint8"))
    return params


def assert_uniform(values: Any, low: float, high: float) -> None:
    """Kolmogorov-Smirnov at 99.9%."""
    at = (np.sort(values) - low) / (high - low)
    assert at[0] >= 0.0
    assert at[-1] <= 1.0
    assert np.abs(at - (np.arange(len(at)) + 0.5) / len(at)).max() < 1.95 / np.sqrt(len(at))


def assert_alike(values: Any, low: int, high: int) -> None:
    """Chi-square at 99.9%, by Wilson and Hilferty."""
    counts = np.bincount(values - low, minlength=high - low + 1)
    assert len(counts) == high - low + 1
    expected, free = len(values) / len(counts), len(counts) - 1
    most = free * (1 - 2 / (9 * free) + 3.09 * np.sqrt(2 / (9 * free))) ** 3
    assert ((counts - expected) ** 2 / expected).sum() < most


def test_draws_are_uniform() -> None:
    turned = drawn(T.Rotate((-30, 10), p=0.3))
    assert abs(turned["active"].mean() - 0.3) < 3.3 * np.sqrt(0.21 / N)
    assert_uniform(turned["angle"], -30, 10)
    assert_uniform(drawn(T.SafeRotate())["angle"], -90, 90)
    moved = drawn(T.ShiftScaleRotate((-0.5, 0.5), (-0.2, 0.3), 12, shift_limit_y=(0, 0.25)), 400, 4000)
    assert_uniform(moved["scale"][:, 0], 0.8, 1.3)
    assert_uniform(moved["scale"][:, 1], 0.8, 1.3)
    assert_uniform(moved["translate"][:, 0], -2000, 2000)
    assert_uniform(moved["translate"][:, 1] + 0.5, 0, 100)
    assert (moved["angle"] == 12).all()


def test_affine_draws() -> None:
    pipe = T.Affine((0.5, 2.0), translate_px={"x": (-3, 4), "y": (0, 1)}, rotate=(-5, 5), shear={"x": (1, 2)}, p=0.8)
    params = drawn(pipe)
    assert abs(params["active"].mean() - 0.8) < 3.3 * np.sqrt(0.16 / N)
    assert_uniform(params["scale"][:, 0], 0.5, 2.0)
    assert_uniform(params["scale"][:, 1], 0.5, 2.0)
    assert abs(np.corrcoef(params["scale"].T)[0, 1]) < 0.06
    assert_alike(params["translate"][:, 0], -3, 4)
    assert_alike(params["translate"][:, 1], 0, 1)
    assert_uniform(params["angle"], -5, 5)
    assert_uniform(params["shear"][:, 0], 1, 2)
    assert (params["shear"][:, 1] == 0).all()
    kept = drawn(T.Affine((0.5, 2.0), keep_ratio=True))["scale"]
    assert (kept[:, 0] == kept[:, 1]).all()
    balanced = drawn(T.Affine((0.5, 2.0), balanced_scale=True))["scale"][:, 1]
    assert abs((balanced < 1).mean() - 0.5) < 3.3 * 0.5 / np.sqrt(N)
    assert_uniform(balanced[balanced < 1], 0.5, 1)
    assert_uniform(balanced[balanced >= 1], 1, 2)
    assert_uniform(drawn(T.Affine((1.5, 2.0), balanced_scale=True))["scale"][:, 1], 1.5, 2)
    parts = drawn(T.Affine(translate_percent=(-0.3, 0.3)), 20, 1001)["translate"]
    assert np.abs(parts[:, 0]).max() == 300  # cut towards 0
    assert np.abs(parts[:, 1]).max() == 5


def test_perspective_draws_half_normal_distances() -> None:
    distances = np.sort(drawn(T.Perspective(0.05))["inward"].ravel())
    normal = np.vectorize(lambda d: math.erf(d / 0.05 / math.sqrt(2)))(distances)
    at = (np.arange(distances.size) + 0.5) / distances.size
    assert np.abs(normal - at).max() < 1.95 / np.sqrt(distances.size)
    wide = drawn(T.Perspective((1.0, 1.5)))["inward"]
    assert 0 <= wide.min() < 0.001
    assert 0.319 < wide.max() < 0.32
    assert wide.shape == (N, 4, 2)


def test_whatever_is_drawn_for_small_images_works() -> None:
    rng = np.random.default_rng(0)
    pipes = [*named().values(), T.Perspective((0, 5), True, True, p=1.0), T.Perspective((0, 5), False, True, p=1.0)]
    for pipe in pipes:
        images = [picture(*rng.integers(1, 5, 2).tolist(), 3, seed=i) for i in range(24)]
        for out, image in zip(pipe(images, keys=list(range(24))), images, strict=True):
            assert min(out.shape) >= 1
            assert max(out.shape) <= 8 * max(image.shape)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: T.Rotate((2, 1)), r"Rotate: limit=\(2, 1\): wants a finite number, or two, the smaller first"),
        (lambda: T.Rotate(float("nan")), "Rotate: limit=nan: wants a finite number"),
        (lambda: T.Rotate(None), "Rotate: limit=None"),
        (lambda: T.Rotate(interpolation=2), "interpolation=2 must be nearest or bilinear"),
        (lambda: T.Rotate(interpolation="bicubic"), "interpolation='bicubic' must be nearest or bilinear"),
        (lambda: T.Rotate(border_mode=4), "border_mode=4 must be constant .OpenCV's 0.; for other borders put Pad"),
        (lambda: T.SafeRotate(border_mode="reflect"), "border_mode='reflect' must be constant"),
        (lambda: T.SafeRotate(mask_interpolation=1), "mask_interpolation=1 must be nearest"),
        (lambda: T.SafeRotate(rotate_method="ellipse"), "rotate_method='ellipse' must be largest_box"),
        (lambda: T.ShiftScaleRotate(1.5), "shift_limit=1.5 must lie within -1 and 1"),
        (lambda: T.ShiftScaleRotate(scale_limit=(-1, 0)), r"scale_limit=\(-1, 0\) must lie within -0.999 and 1000"),
        (lambda: T.ShiftScaleRotate(shift_limit_x=(0, 2)), r"shift_limit_x=\(0, 2\) must lie within -1 and 1"),
        (lambda: T.Affine(0), "scale=0 must lie within 0.001 and 1000"),
        (lambda: T.Affine({"z": 1}), "scale={'z': 1} must have the keys 'x', 'y' or both"),
        (lambda: T.Affine({}), "scale={} must have the keys 'x', 'y' or both"),
        (lambda: T.Affine(translate_px=1.5), "translate_px=1.5 must be whole pixels"),
        (lambda: T.Affine(translate_px=1, translate_percent=0.1), "exclude each other"),
        (lambda: T.Affine(shear={"x": 45, "y": 45}), "folds the image: angles along x and y add up to 90 or more"),
        (lambda: T.Affine(shear=90), "shear=90 must lie within -89 and 89"),
        (lambda: T.Affine({"x": 2}, keep_ratio=True), "keep_ratio=True wants one range for x and y"),
        (lambda: T.Perspective(-0.1), "scale=-0.1 must lie within 0 and 10"),
        (lambda: T.Perspective(p=2), "p=2: wants a number from 0 to 1, got 2"),
    ],
)
def test_bad_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


def test_fill_must_fit() -> None:
    image = picture(8, 9)
    with pytest.raises(InputError, match="fill has 2 values, image has 3 channels"):
        T.Rotate(5, fill=(1, 2), p=1.0)(image)
    with pytest.raises(InputError, match=r"fill=\[300.0\] does not fit uint8"):
        T.Rotate(5, fill=300, p=1.0)(image)


def test_opencvs_flags_are_taken() -> None:
    assert T.Rotate(interpolation=cv2.INTER_LINEAR) == T.Rotate()
    assert T.Rotate(interpolation=cv2.INTER_NEAREST) == T.Rotate(interpolation="nearest")
    assert T.Rotate(border_mode=cv2.BORDER_CONSTANT, mask_interpolation=cv2.INTER_NEAREST) == T.Rotate()
