"""PercentileNormalize: NumPy's percentiles, the same bits on both engines and by every way of counting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scans import SHAPES, chest, noise
from twinlens_medical import PercentileNormalize
from twinlens_medical.steps import percentile, ranks

from twinlens.errors import ArgumentError

LARGEST = {"uint8": 255, "uint16": 65535}
DTYPES = ["uint8", "uint16", "float32"]
values = {
    "uint8": st.integers(0, 255),
    "uint16": st.integers(0, 65535),
    "float32": st.floats(-1e6, 1e6, width=32),
}


def stretched(image: NDArray[Any], low: float, high: float, out: str, counted: NDArray[Any] | None = None) -> Any:
    wide = image.astype(np.float64)
    a, b = np.percentile(wide if counted is None else counted.astype(np.float64), [low, high])
    share = np.clip((wide - a) / (b - a), 0, 1) if b > a else (wide > a).astype(np.float64)
    return share.astype(np.float32) if out == "float32" else np.rint(share * LARGEST[out]).astype(out)


@given(st.sampled_from(DTYPES), st.sampled_from(DTYPES), st.floats(0, 60), st.floats(0.01, 40), st.data())
def test_equals_numpy(dtype: str, out: str, low: float, span: float, data: Any) -> None:
    image = np.array([data.draw(st.lists(values[dtype], min_size=1, max_size=30))], dtype)
    wanted = stretched(image, low, low + span, out)
    for engine in ("native", "kornia"):
        got = PercentileNormalize(low, low + span, dtype=out)(image, engine=engine)
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("ignore", [None, 0])
def test_batches_of_any_sizes_on_both_engines(dtype: str, per_channel: bool, ignore: float | None) -> None:
    images = [noise((*hw, 3), dtype) for hw in SHAPES]
    for image in images:
        image[:3, :5] = 0
    normalize = PercentileNormalize(2, 91, per_channel=per_channel, ignore=ignore)
    native, batched = (normalize.batch(images, engine=engine) for engine in ("native", "kornia"))
    for image, a, b in zip(images, native, batched, strict=True):
        parts = [image[..., i : i + 1] for i in range(3)] if per_channel else [image]
        counted = [part if ignore is None else part[part != ignore] for part in parts]
        counted = [part if part.size else np.zeros(1) for part in counted]
        each = [stretched(part, 2, 91, dtype, of) for part, of in zip(parts, counted, strict=True)]
        np.testing.assert_array_equal(a, np.concatenate(each, -1))
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(normalize(image), a)


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_other_devices_compute(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scattered histograms, sorting and the formula give what OpenCV's, partitions and tables give."""
    x = torch.from_numpy(noise((3, 2, 211, 173), dtype))
    for groups in (3, 6):
        flat = x.reshape(groups, -1)
        of = ranks.of_floats if dtype == "float32" else ranks.of_integers
        shares = (0.0, 0.013, 0.5, 0.999, 1.0)
        host = ranks.percentiles(of(flat, None), shares)
        monkeypatch.setattr(ranks, "_counted_on_host", ranks._counted)
        monkeypatch.setattr(ranks, "_partitioned", ranks._sorted)
        device = ranks.percentiles(of(flat, None), shares)
        monkeypatch.undo()
        assert torch.equal(host, device)
    ends = torch.tensor([[3.25, 190.5]], dtype=torch.float64).view(1, 1, 1, 1, 2)
    for out in DTYPES:
        step = percentile.Percentiles(0, 100, out)
        monkeypatch.setattr(percentile.Percentiles, "_ends", lambda *_: ends.view(1, 2).expand(3, 2))
        from twinlens.steps import Spec

        wanted = percentile.stretched(x, ends, out)
        got = step.batched(x, Spec.of([(211, 173, 2)] * 3, dtype))
        assert torch.equal(got.to(torch.float64), wanted.to(torch.float64))


def test_more_pixels_than_float32_counts() -> None:
    flat = torch.zeros((1, (1 << 24) + 3), dtype=torch.uint8)
    flat[0, :5] = 7
    counts = ranks._counted_on_host(flat, 256)
    assert counts[0, [0, 7]].tolist() == [(1 << 24) - 2, 5]


@pytest.mark.parametrize("dtype", DTYPES)
def test_flat_images(dtype: str) -> None:
    flat = np.full((5, 6), 9, dtype)
    assert not PercentileNormalize()(flat).any()
    assert not PercentileNormalize(ignore=9)(np.full((5, 6), 9, dtype))[flat < 9].any()
    flat[0, 0] = 200
    normalized = PercentileNormalize(0, 50)(flat)
    assert normalized[0, 0] == LARGEST.get(dtype, 1)
    assert normalized.astype(bool).sum() == 1


def test_sixteen_bits_stay() -> None:
    image = chest()
    normalized = PercentileNormalize(0, 100)(image)
    assert normalized.dtype == np.uint16
    assert len(np.unique(normalized)) == len(np.unique(image))
    assert (normalized.min(), normalized.max()) == (0, 65535)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"low": 50, "high": 50}, "high=50.0 must be above low=50.0"),
        ({"low": -1}, "low=-1"),
        ({"high": 101}, "high=101"),
        ({"low": "a"}, "low='a': wants a finite number"),
        ({"ignore": float("nan")}, "ignore=nan"),
        ({"dtype": "int16"}, "dtype='int16'"),
    ],
)
def test_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"PercentileNormalize: .*{message}"):
        PercentileNormalize(**arguments)
