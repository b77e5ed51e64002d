"""Parity: for every step, native on each instruction set and layout = kornia engine = oracle = reference library."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
import twinlens
from images import DTYPES, picture
from parity import STEPS, Trial, assert_parity
from parity.pixels import COLOR
from parity.resize import OPENCV, opencv_resize, pillow_resize
from parity.trial import batches, every_isa, ints, masked, planar, where_active
from reference import tone
from reference.adjust import adjust
from reference.normalize import round_to
from twinlens import engines, steps
from twinlens.engines import Batch
from twinlens.steps import (
    AdaptiveThreshold,
    Adjust,
    ColorConvert,
    Convert,
    Convolve,
    HistogramLut,
    Lut,
    Normalize,
    Resample,
    Spec,
    Step,
    Warp,
)
from twinlens.steps.adjust.step import AdjustKind
from twinlens.steps.resample.step import ANTIALIASED


@pytest.mark.parametrize("name", STEPS)
@given(data=st.data())
def test_parity(name: str, data: st.DataObject) -> None:
    assert_parity(data.draw(STEPS[name]))


EXTREMES = [
    ((1, 1), (400, 3)),
    ((3, 900), (5, 1)),
    ((900, 1), (1, 7)),
    ((1, 2), (2, 1)),
    ((120, 130), (1, 1)),
    ((40, 60), (20, 30)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("in_hw", "out_hw"), EXTREMES)
@pytest.mark.parametrize("method", [*ANTIALIASED, *OPENCV])
def test_extreme_sizes(method: str, in_hw: tuple[int, int], out_hw: tuple[int, int], dtype: str) -> None:
    """Lines, far up and far down: filters wider than the source, and sums that no longer fit float32."""
    images = [picture(*in_hw, channels, dtype, "checker", seed=channels) for channels in (1, 3)]
    if method in ANTIALIASED:
        expected = [reference.resample(image, out_hw, method) for image in images]
        peer = [pillow_resize(image, out_hw, method, None) for image in images]
    else:
        expected = [OPENCV[method][0](image, out_hw) for image in images]
        peer = [opencv_resize(image, out_hw, method) for image in images]
    assert_parity(Trial(Resample(method, ints([out_hw[0]]), ints([out_hw[1]])), images, expected, peer))


def test_every_colour_under_every_alpha() -> None:
    """All 65536 pairs, each twice in the result: rounding that differs for one in a thousand shows."""
    image = np.stack(np.meshgrid(np.arange(256), np.arange(256)), -1).astype(np.uint8)
    expected = reference.resample_rgba(image, (256, 512), "box")
    step = Resample("box", ints([256]), ints([512]))
    assert_parity(Trial(step, [image], [expected], alpha=True))


@pytest.mark.parametrize("kind", ["gray_pillow", "gray_opencv", "rgb_to_lab", "lab_to_rgb"])
def test_colours_of_the_whole_cube(kind: Any) -> None:
    """Every 29th of the 2**24 triples, so that single entries of tables count."""
    code = np.arange(0, 1 << 24, 29)
    image = np.stack([code >> 16, (code >> 8) & 255, code & 255], -1).astype(np.uint8)[None]
    expected = COLOR[kind][1](image)
    assert_parity(Trial(ColorConvert(kind, expected.shape[2]), [image], [expected]))


#: values that floats hold and pictures do not
SPECIAL = np.array(
    [
        np.inf,
        -np.inf,
        np.nan,
        1e38,
        -1e38,
        65504,
        65520,
        65519.99,
        6e-8,
        2**-25,
        -(2**-25),
        2.99e-8,
        1e-45,
        -0.0,
        6.1e-5,
    ],
    np.float32,
).reshape(1, -1, 1)


@pytest.mark.parametrize("target", ["uint8", "uint16", "float16", "bfloat16"])
@pytest.mark.parametrize("scale", [True, False])
def test_special_floats_convert(target: str, scale: bool) -> None:
    if target in ("float16", "bfloat16"):
        expected = round_to(SPECIAL, target)
    else:
        with np.errstate(over="ignore"):
            expected = reference.convert_dtype(SPECIAL, getattr(np, target), scale)
    assert_parity(Trial(Convert(target, scale), [SPECIAL], [expected]))


@pytest.mark.parametrize("target", ["float32", "float16", "bfloat16"])
def test_special_floats_normalize(target: str) -> None:
    with np.errstate(over="ignore"):
        expected = reference.normalize(SPECIAL, [0.485], [0.229], target, rescale=False)
    assert_parity(Trial(Normalize(np.array([[0.485]]), np.array([[0.229]]), target), [SPECIAL], [expected]))


@pytest.mark.parametrize(("target", "dropped"), [("float16", 13), ("bfloat16", 16)])
def test_ties_narrow_to_even(target: str, dropped: int) -> None:
    """Halfway between two neighbours, and a hair beside it, for every last bit that is kept."""
    halfway = (np.arange(0x3F800000 >> dropped, 0x41000000 >> dropped) << dropped) + (1 << (dropped - 1))
    values = np.stack([halfway - 1, halfway, halfway + 1]).astype(np.uint32).view(np.float32)[..., None]
    expected = round_to(values, target)
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    assert_parity(Trial(Normalize(zero, one, target), [values], [expected]))


@pytest.mark.parametrize("target", ["uint8", "uint16"])
def test_floats_at_the_steps_of_integers(target: str) -> None:
    """Where scaling truncates: every k / 2**bits and its neighbours."""
    levels = np.iinfo(target).max + 1
    steps_at = (np.arange(levels + 1) / levels).astype(np.float32)
    values = np.stack([np.nextafter(steps_at, np.float32(-1)), steps_at, np.nextafter(steps_at, np.float32(2))])[
        ..., None
    ]
    expected = reference.convert_dtype(values, getattr(np, target))
    assert_parity(Trial(Convert(target), [values], [expected]))


def test_every_step_is_in_the_table() -> None:
    vocabulary = {name for name in steps.__all__ if isinstance(getattr(steps, name), type)}
    concrete = {name for name in vocabulary if issubclass(getattr(steps, name), steps.Step)}
    concrete -= {"Step", "HostFunction"}  # the latter is a function of somebody's, which both engines call
    first_words = {name.split()[0] for name in STEPS}
    listed = {name for name in concrete if any(name.lower().startswith(word) for word in first_words)}
    assert listed == concrete
    assert all(any(name.lower().startswith(word) for name in concrete) for word in first_words)


def assert_chain(chain: list[Step], images: list[Any], expected: list[Any]) -> None:
    """On every ISA, interleaved and planar."""
    spec = Spec.of([image.shape for image in images], "uint8")
    batch, planes = Batch(images, spec, False), Batch([planar(image) for image in images], spec, True)
    with every_isa() as isas:
        for isa in isas:
            twinlens.set_isa(isa)
            flat = engines.run(chain, batch, chw=False, tensors=False, engine="native")
            apart = engines.run(chain, planes, chw=True, tensors=True, engine="native")
            for want, got, other in zip(expected, flat.data, apart.data, strict=True):
                np.testing.assert_array_equal(got, want, err_msg=isa)
                np.testing.assert_array_equal(np.moveaxis(other.numpy(), 0, -1), want, err_msg=f"{isa} planar")


@given(data=st.data())
def test_adjustments_in_a_chain(data: st.DataObject) -> None:
    """Those that follow each other share walks over the pixels; each image has its own active ones."""
    images = data.draw(batches(dtypes=("uint8",), channels=(3,), max_side=70, max_images=2))
    expected, chain = images, []
    for kind in data.draw(st.lists(st.sampled_from([*get_args(AdjustKind)[:3]] * 3 + ["hue"]), max_size=11)):
        amounts = st.floats(-0.5, 0.5) if kind == "hue" else st.floats(0, 3)
        amount = [data.draw(amounts, label=kind) for _ in images]
        active = masked(data.draw, images)
        done = [adjust(a, kind, f) for a, f in zip(expected, amount, strict=True)]
        expected = where_active(active, done, expected)
        chain.append(Adjust(kind, np.array(amount), active=active))
    assert_chain(chain, images, expected)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (5, 13), (1, 65), (9, 7)])
def test_contrasts_in_a_chain(shape: tuple[int, int]) -> None:
    """The second one's mean is of what the first one left, and of nothing behind the last pixel."""
    images = [np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8) for seed in range(4)]
    factors = [np.array([0.1, 0.4, 0.7, 0.0]), np.array([0.2, 1.5, 0.0, 0.5])]
    expected = images
    for factor in factors:
        expected = [adjust(image, "contrast", f) for image, f in zip(expected, factor, strict=True)]
    assert_chain([Adjust("contrast", factor) for factor in factors], images, expected)


@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("kind", ["shift", "scale", "turn"])
def test_warps_that_leave_room_around_colours(kind: str, method: str) -> None:
    """What lies before, in and behind the source in every row: Pillow walks over each kind in a way of its own."""
    h, w, fill = 19, 26, [9.0, 200.0, 77.0]
    images = [picture(h, w, 3, "uint8", "noise", seed=seed) for seed in range(6)]
    rng = np.random.default_rng(5)
    matrices = []
    for angle, scale, shift in zip(
        rng.uniform(-1, 1, 6), rng.uniform(1.2, 2, 6), rng.uniform(-6, 6, (6, 2)), strict=True
    ):
        turn, grow = (angle if kind == "turn" else 0.0), (1.0 if kind == "shift" else scale)
        a, b = float(np.cos(turn) * grow), float(np.sin(turn) * grow)
        x, y = np.rint(shift) if kind == "shift" else shift
        matrices.append([a, b, w / 2 - a * w / 2 - b * h / 2 + x, -b, a, h / 2 + b * w / 2 - a * h / 2 + y, 0.0, 0.0])
    expected = [reference.pillow_warp(*one, (h, w), fill, method, False) for one in zip(images, matrices, strict=True)]
    outside = [(image[:, side] == fill).all(-1).any() for image in expected for side in (0, -1)]
    assert any(outside[0::2])
    assert any(outside[1::2])
    step = Warp(method, np.array(matrices), ints([h]), ints([w]), np.array([fill]))
    assert_parity(Trial(step, images, expected))


def test_filters_round_once_for_a_product_and_its_sum() -> None:
    """Windows of bytes where rounding the products by themselves would give another level."""
    rng = np.random.default_rng(3)
    sixteenths = rng.integers(1, 9, (3, 3)) / 16  # so that many sums lie near a half
    weights = (sixteenths + rng.normal(0, 2.0**-24, (3, 3))).astype(np.float32)
    windows = rng.integers(0, 64, (4000, 3, 3), dtype=np.uint8)
    apart, fused = (np.zeros(len(windows), np.float32) for _ in range(2))
    for i, j in np.ndindex(3, 3):
        sample = windows[:, i, j]
        apart += weights[i, j] * sample.astype(np.float32)
        fused = (float(weights[i, j]) * sample.astype(np.float64) + fused).astype(np.float32)
    levels = [np.rint(np.clip(total, 0, 255)) for total in (apart, fused)]
    telling = np.flatnonzero(levels[0] != levels[1])[:12]
    assert len(telling) == 12
    images = [windows[i][..., None] for i in telling]
    expected = [reference.filter2d(image, weights.astype(np.float64)) for image in images]
    assert [image[1, 1, 0] for image in expected] == levels[1][telling].tolist()
    assert_parity(Trial(Convolve(weights[None].astype(np.float64)), images, expected))


@pytest.mark.parametrize("method", ["mean", "gaussian"])
@pytest.mark.parametrize("block_size", [3, 5, 11])
def test_adaptive_thresholds_round_their_means(block_size: int, method: Any) -> None:
    """Few levels, so that most pixels are as near to the mean as can be."""
    rng = np.random.default_rng(block_size)
    images = [rng.integers(100, 104, (18, 23, 1), dtype=np.uint8) for _ in range(3)]
    offsets = np.array([0.0, 1.0, -1.0])
    done = [
        reference.adaptive_threshold(image[..., 0], block_size, c, method, False)[..., None]
        for image, c in zip(images, offsets.tolist(), strict=True)
    ]
    assert_parity(Trial(AdaptiveThreshold(block_size, offsets, method, False), images, done))


@pytest.mark.parametrize("width", [64, 65, 150, 203])
@pytest.mark.parametrize("padded", [False, True])
def test_tables_of_wide_colours(width: int, padded: bool) -> None:
    """Rows of several registers and what is left of them, by themselves or one behind the other."""
    rng = np.random.default_rng(width)
    image = rng.integers(0, 256, (3, 2 * width if padded else width, 3), dtype=np.uint8)[:, :width]
    image[..., 1] //= 2
    image[..., 2] = 90 + image[..., 2] % 20
    tables = rng.integers(0, 256, (1, 3, 256), dtype=np.uint8)
    assert_parity(Trial(Lut(tables), [image], [tone.lut(image, tables[0])]))
    equal = np.stack([tone.equalize(image[..., c]) for c in range(3)], -1)
    stretched = np.stack([tone.autocontrast(image[..., c], (1.0, 2.0)) for c in range(3)], -1)
    assert_parity(Trial(HistogramLut("equalize"), [image], [equal.reshape(image.shape)]))
    assert_parity(Trial(HistogramLut("autocontrast", (1.0, 2.0)), [image], [stretched.reshape(image.shape)]))


@pytest.mark.parametrize("cut", [(30.0, 0.0), (0.0, 30.0), (7.0, 41.0), (49.8, 49.8)])
def test_autocontrast_cuts_where_the_percentage_says(cut: tuple[float, float]) -> None:
    """Four pixels of every level: one per cent more or less is another level."""
    image = np.repeat(np.arange(256, dtype=np.uint8), 4).reshape(32, 32, 1)
    assert_parity(Trial(HistogramLut("autocontrast", cut), [image], [tone.autocontrast(image, cut)]))
