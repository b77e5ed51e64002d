"""WindowLevel: the standard's formulas, pydicom's values, the same bits on both engines."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels import apply_windowing
from scans import SHAPES, noise, slice_hu
from twinlens_medical import PRESETS, WindowLevel, window_preset
from twinlens_medical.lookup import look_up
from twinlens_medical.steps.window import Window
from twinlens_medical.windows import FUNCTIONS, exp, fraction

import twinlens
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError
from twinlens.steps import Spec

LARGEST = {"uint8": 255, "uint16": 65535}
centers = st.floats(-3000, 5000, allow_nan=False).map(lambda v: round(v, 3))
widths = st.floats(1, 8000).map(lambda v: round(v, 3))


def share(x: float, c: float, w: float, function: str) -> float:
    """The standard's text, one value at a time, with ymin = 0 and ymax = 1."""
    if function == "sigmoid":
        return 1.0 / (1.0 + math.exp(min(-4.0 * (x - c) / w, 700.0)))  # exp(710) is no float64
    if function == "linear":
        if x <= (c - 0.5) - (w - 1.0) / 2:
            return 0.0
        return 1.0 if x > (c - 0.5) + (w - 1.0) / 2 else (x - (c - 0.5)) / (w - 1.0) + 0.5
    if x <= c - w / 2:
        return 0.0
    return 1.0 if x > c + w / 2 else (x - c) / w + 0.5


def assert_rounded(got: Any, shares: list[float], largest: int) -> None:
    """Half to even; within 1e-9 of a half either neighbour will do, for exp is not the same everywhere."""
    for value, exact in zip(np.ravel(got).tolist(), shares, strict=True):
        scaled = exact * largest
        if abs(scaled - math.floor(scaled) - 0.5) > 1e-9:
            assert value == round(scaled)
        else:
            assert value in (math.floor(scaled), math.ceil(scaled))


@given(centers, widths, st.sampled_from(FUNCTIONS), st.sampled_from(["uint8", "uint16", "float32"]), st.data())
def test_formula_of_the_standard(c: float, w: float, function: str, dtype: str, data: Any) -> None:
    values = st.floats(-4000, 6000, width=32) if dtype == "float32" else st.integers(0, LARGEST[dtype])
    row = data.draw(st.lists(values, min_size=1, max_size=12))
    image = np.array([row], dtype)
    window = WindowLevel(c, w, function=function, dtype="uint16")
    shares = [share(float(v), c, w, function) for v in image[0]]
    for engine in ("native", "kornia"):
        assert_rounded(window(image, engine=engine), shares, 65535)
    one = WindowLevel(c, w, function=function, dtype="float32")(image)[0]
    np.testing.assert_allclose(one, np.float32(shares), rtol=1.2e-7, atol=1.5e-45)  # a unit in the last place


@given(centers, widths, st.integers(0, 65535))
def test_linear_is_within_a_rounding_of_exact_arithmetic(c: float, w: float, x: int) -> None:
    """No chain of float64 operations may cost more than one of the 65536 levels' halves."""
    centre, width = Fraction(c) - Fraction(1, 2), Fraction(w) - 1
    exact = Fraction(0) if x <= centre - width / 2 else Fraction(1)
    if centre - width / 2 < x <= centre + width / 2:
        exact = (x - centre) / width + Fraction(1, 2)
    got = int(WindowLevel(c, w)(np.array([[x]], np.uint16))[0, 0])
    assert abs(got - exact * 65535) <= Fraction(1, 2) + Fraction(1, 10**6) or _at_the_edge(x, centre, width)


def _at_the_edge(x: int, centre: Fraction, width: Fraction) -> bool:
    """Narrow windows jump: float64 may see an end of the window on the other side of a pixel value."""
    return any(abs(x - end) < Fraction(1, 10**9) for end in (centre - width / 2, centre + width / 2))


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("window", [(2000, 1000), (100.5, 1), (32768, 65536), (700.25, 3.5)])
def test_equals_pydicom(function: str, window: tuple[float, float]) -> None:
    ds = Dataset()
    ds.PhotometricInterpretation, ds.BitsStored, ds.PixelRepresentation = "MONOCHROME2", 16, 0
    ds.WindowCenter, ds.WindowWidth = window
    ds.VOILUTFunction = function
    image = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    ours = WindowLevel(*window, function=function.lower().replace("_", "-"))(image)
    with np.errstate(over="ignore"):
        theirs = apply_windowing(image, ds)
    if function != "SIGMOID":
        np.testing.assert_array_equal(ours, np.rint(theirs))
    assert_rounded(ours, (theirs.ravel() / 65535).tolist(), 65535)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("out", ["uint8", "uint16", "float32", None])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_engines_and_batches_agree(dtype: str, out: str | None, function: str) -> None:
    images = [noise((*hw, 3), dtype) for hw in SHAPES]
    window = WindowLevel((20, 90), (15, 400), function=function, slope=1.5, intercept=-30.0, dtype=out)
    keys = list(range(len(images)))
    native, batched = (window.batch(images, keys=keys, engine=engine) for engine in ("native", "kornia"))
    for image, key, a, b in zip(images, keys, native, batched, strict=True):
        assert a.dtype == (out or dtype)
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(window(image, key=key), a)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_table_holds_the_formula(dtype: str, function: str) -> None:
    """What the CPU looks up is what other devices compute."""
    x = torch.arange(LARGEST[dtype] + 1, dtype=torch.int32).to(getattr(torch, dtype)).view(1, 1, 16, -1)
    step = Window(np.array([300.25]), np.array([577.5]), function, 0.5, -11.0, "uint16")
    spec = Spec.of([(16, x.shape[3], 1)], dtype)
    value = x.to(torch.float64) * 0.5 - 11.0
    center, width = (torch.tensor(v, dtype=torch.float64) for v in (300.25, 577.5))
    wanted = (fraction(value, center, width, function) * 65535).round().to(torch.int32)
    assert torch.equal(step.batched(x, spec).to(torch.int32), wanted)


@given(st.floats(-699, 699))
def test_exp(t: float) -> None:
    assert exp(torch.tensor(t, dtype=torch.float64)).item() == pytest.approx(math.exp(t), rel=5e-16)


def test_tables_without_opencv_of_16_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    values, table = noise((9, 7), "uint16"), noise((65536,), "uint8")
    out = np.empty((2, 9, 7), np.uint8)
    look_up(values, table, out[0])

    def refused(*_: Any) -> None:
        raise cv2.error("no such depth")

    monkeypatch.setattr(cv2, "LUT", refused)
    look_up(values, table, out[1])
    np.testing.assert_array_equal(out[0], table[values])
    np.testing.assert_array_equal(out[1], table[values])


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_their_numbers(name: str) -> None:
    hu = slice_hu().astype(np.float32)
    window = WindowLevel(preset=name, dtype="uint8")
    center, width = window_preset(name)
    assert not window.random
    np.testing.assert_array_equal(window(hu), WindowLevel(center, width, dtype="uint8")(hu))
    ends = np.array([[center - width / 2 - 1, center - 0.5, center + width / 2]], np.float32)
    assert window(ends).tolist() == [[0, 128, 255]]


def test_stored_values_with_slope_and_intercept_are_hounsfield_units() -> None:
    hu = slice_hu()
    stored = ((hu + 1024) * 2).astype(np.uint16)
    window = WindowLevel(preset="lung", slope=0.5, intercept=-1024.0, dtype="uint8")
    wanted = WindowLevel(preset="lung", dtype="uint8")(hu.astype(np.float32))
    np.testing.assert_array_equal(window(stored), wanted)


def test_drawn_windows_are_in_their_ranges() -> None:
    window = WindowLevel((30, 60), (200, 500))
    _, params = window([noise((4, 4), "uint8")] * 200, keys=range(200), return_params=True)
    for name, (low, high) in {"center": (30, 60), "width": (200, 500)}.items():
        assert low <= params[""][name].min() < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < params[""][name].max() < high


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "wants center and width, or preset"),
        ({"center": 40}, "wants center and width, or preset"),
        ({"center": 40, "width": 80, "preset": "brain"}, "wants center and width, or preset"),
        ({"preset": "knee"}, "preset='knee' must be one of abdomen, bone"),
        ({"center": 40, "width": 0.5}, r"width=\(0.5, 0.5\) must be at least 1 for function='linear'"),
        ({"center": 40, "width": 0, "function": "sigmoid"}, "must be above 0 for function='sigmoid'"),
        ({"center": 40, "width": (9, 3)}, "width=.*the smaller first"),
        ({"center": math.nan, "width": 3}, "center=nan.*finite"),
        ({"center": 40, "width": 80, "slope": 0}, "slope=0.0 must not be 0"),
        ({"center": 40, "width": 80, "dtype": "float64"}, "dtype="),
        ({"center": 40, "width": 80, "function": "cubic"}, "function="),
    ],
)
def test_refuses_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"WindowLevel: .*{message}"):
        WindowLevel(**arguments)


def test_refuses_images() -> None:
    import PIL.Image

    window = WindowLevel(40, 80)
    with pytest.raises(InputError, match="takes uint8, uint16, float32, the image is float16"):
        window(torch.zeros(1, 4, 4, dtype=torch.float16))
    for mode, what in (("P", "palette|mode P"), ("LA", "alpha")):
        with pytest.raises(InputError, match=what):
            window(PIL.Image.new(mode, (4, 4)))


def test_eight_bits_are_a_table_of_the_core() -> None:
    plan = T.Compose([WindowLevel(100, 80), T.ToTensor()]).plan((8, 8, 1))
    assert "Lut" in str(plan)
    assert "Window" not in str(plan)


def test_key_decides_alone() -> None:
    image, window = noise((6, 5), "uint16"), WindowLevel((0, 60000), (1, 60000))
    key = twinlens.key(1, 2, 3)
    np.testing.assert_array_equal(window(image, key=key), window.batch([image, image], keys=[9, key])[1])
    assert (window(image, key=key) != window(image, key=key.fold_in(1))).any()
