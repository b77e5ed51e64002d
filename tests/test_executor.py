"""The native executor trusts nobody: bad input raises, and nothing is written outside of the outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import Image, picture
from parity import every_isa
from twinlens import _native, set_isa

U8, U16, F32, F16, BF16 = range(5)
RESAMPLE, CROP, PAD, FLIP, COLOR, CLAHE, NORMALIZE, CONVERT = range(1, 9)
LARGE = 2**62


def op(code: int, ints: Any, reals: Any = ()) -> tuple[int, Any, Any]:
    """One row of parameters; `active` comes first."""
    table = np.array(ints, np.int64)
    return code, table.reshape(1, -1) if table.ndim == 1 else table, np.array(reals, np.float64).reshape(1, -1)


def resample(
    method: int = 1, out: Any = (8, 8), roi: Any = (0, 0, 8, 8), window: Any = (0, 0, 0, 0), **more: Any
) -> Any:
    box = more.get("box", (0.0, 0.0, 12.0, 10.0))
    return op(RESAMPLE, [1, method, *out, *roi, *window, more.get("premultiply", 0), 0, 0], box)


def run(*ops: Any, src: Any = None, out: Any = None, dtypes: tuple[int, int] = (U8, U8), chw: bool = False) -> None:
    src = [picture(10, 12)] if src is None else src
    out = [np.zeros((8, 8, 3), np.uint8)] if out is None else out
    _native.run(src, out, list(ops), *dtypes, chw, chw, 1)


BAD_OPS: dict[str, Any] = {
    "operation 0": op(0, [1]),
    "operation 9": op(9, [1, 1, 1, 1, 1]),
    "operation negative": op(-1, [1, 1]),
    "too few integers": op(CROP, [1, 0, 0]),
    "no reals": op(RESAMPLE, [1, 1, 8, 8, 0, 0, 8, 8, 0, 0, 0, 0, 0, 0, 0]),
    "rows for two": op(CROP, [[1, 0, 0, 8, 8]] * 2),
    "integers of three axes": (CROP, np.zeros((1, 1, 5), np.int64), np.zeros((1, 0))),
    "method negative": resample(-1),
    "method unknown": resample(11),
    "size 0": resample(out=(0, 8)),
    "size negative": resample(out=(-8, 8)),
    "size huge": resample(out=(LARGE, LARGE)),
    "roi outside": resample(roi=(1, 0, 8, 8)),
    "roi negative": resample(roi=(-1, 0, 8, 8)),
    "roi overflows": resample(roi=(LARGE, LARGE, LARGE, LARGE)),
    "roi outside, opencv": resample(7, roi=(0, 1, 8, 8)),
    "window outside": resample(window=(3, 0, 8, 8)),
    "window negative": resample(window=(-1, 0, 8, 8)),
    "window empty": resample(window=(1, 1, 0, 8)),
    "window negative size": resample(window=(0, 0, -3, -3)),
    "window overflows": resample(window=(LARGE, 0, LARGE, 1)),
    "box outside": resample(box=(0, 0, 13, 10)),
    "box negative": resample(box=(-1, 0, 12, 10)),
    "box empty": resample(box=(5, 0, 5, 10)),
    "box nan": resample(box=(np.nan, 0, 12, 10)),
    "box infinite": resample(box=(0, 0, np.inf, 10)),
    "premultiply without alpha": resample(7, premultiply=1),
    "crop outside": op(CROP, [1, 3, 0, 8, 8]),
    "crop negative": op(CROP, [1, 0, -1, 8, 8]),
    "crop empty": op(CROP, [1, 0, 0, 0, 8]),
    "crop overflows": op(CROP, [1, LARGE, LARGE, LARGE, LARGE]),
    "pad negative": op(PAD, [1, -1, 0, 0, 0, 0], [0]),
    "pad huge": op(PAD, [1, LARGE, LARGE, LARGE, LARGE, 0], [0]),
    "pad mode": op(PAD, [1, 1, 1, 1, 1, 4], [0]),
    "pad fill of two": op(PAD, [1, 1, 1, 1, 1, 0], [0, 0]),
    "pad fill outside": op(PAD, [1, 1, 1, 1, 1, 0], [256]),
    "pad fill nan": op(PAD, [1, 1, 1, 1, 1, 0], [np.nan]),
    "color kind": op(COLOR, [1, 7, 3]),
    "color kind negative": op(COLOR, [1, -1, 3]),
    "color channels": op(COLOR, [1, 0, 2]),
    "drop more than there is": op(COLOR, [1, 6, 4]),
    "clahe grid 0": op(CLAHE, [1, 0, 8, 0], [2.0]),
    "clahe grid huge": op(CLAHE, [1, LARGE, LARGE, 0], [2.0]),
    "clahe mode": op(CLAHE, [1, 2, 2, 2], [2.0]),
    "normalize to uint8": op(NORMALIZE, [1, U8, 1], [0.5, 0.5]),
    "normalize odd": op(NORMALIZE, [1, F32, 1], [0.5, 0.5, 0.5]),
    "normalize for two channels": op(NORMALIZE, [1, F32, 1], [0.5] * 4),
    "normalize std 0": op(NORMALIZE, [1, F32, 1], [0.5, 0.0]),
    "normalize std negative": op(NORMALIZE, [1, F32, 1], [0.5, -1.0]),
    "normalize mean nan": op(NORMALIZE, [1, F32, 1], [np.nan, 1.0]),
    "convert to unknown": op(CONVERT, [1, 9, 1]),
    "convert to float16": op(CONVERT, [1, F16, 1]),
}


@pytest.mark.parametrize("name", BAD_OPS)
def test_bad_operations_raise(name: str) -> None:
    out = np.full((8, 8, 3), 77, np.uint8)
    with pytest.raises(ValueError, match="native"):
        run(BAD_OPS[name], out=[out])
    assert (out == 77).all()


def test_the_good_ones_run() -> None:
    for good in (resample(), op(CROP, [1, 0, 0, 8, 8])):
        out = np.full((8, 8, 3), 77, np.uint8)
        run(good, out=[out])
        assert not (out == 77).all()


BAD_PICTURES: dict[str, dict[str, Any]] = {
    "one axis": {"src": [np.zeros(9, np.uint8)]},
    "four axes in a list": {"src": [np.zeros((1, 1, 9, 9), np.uint8)]},
    "two axes in a batch of pictures": {"src": np.zeros((9, 9), np.uint8)},
    "no axes": {"src": np.zeros((), np.uint8)},
    "empty": {"src": [np.zeros((0, 9, 3), np.uint8)]},
    "no channels": {"src": [np.zeros((9, 9, 0), np.uint8)]},
    "item size": {"src": [np.zeros((9, 9, 3), np.uint16)]},
    "dtype unknown": {"dtypes": (7, U8)},
    "dtype negative": {"dtypes": (U8, -1)},
    "more outputs": {"out": [np.zeros((8, 8, 3), np.uint8)] * 2},
    "fewer outputs": {"out": []},
    "output smaller": {"out": [np.zeros((7, 8, 3), np.uint8)]},
    "output larger": {"out": [np.zeros((8, 9, 3), np.uint8)]},
    "output of one channel": {"out": [np.zeros((8, 8, 1), np.uint8)]},
    "output of another dtype": {"out": [np.zeros((8, 8, 3), np.uint16)], "dtypes": (U8, U16)},
    "output with another item size": {"out": [np.zeros((8, 8, 3), np.uint16)]},
}


@pytest.mark.parametrize("name", BAD_PICTURES)
def test_bad_pictures_raise(name: str) -> None:
    with pytest.raises(ValueError, match="native"):
        run(resample(), **BAD_PICTURES[name])


def test_read_only_outputs_raise() -> None:
    out = np.zeros((8, 8, 3), np.uint8)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        run(resample(), out=[out])


def test_misaligned_pictures_raise() -> None:
    raw = np.zeros(10 * 12 * 3 * 2 + 1, np.uint8)
    misaligned = raw[1:].view(np.uint16).reshape(10, 12, 3)
    good = np.zeros((8, 8, 3), np.uint16)
    with pytest.raises(ValueError, match="aligned"):
        run(resample(), src=[misaligned], out=[good], dtypes=(U16, U16))
    with pytest.raises(ValueError, match="aligned"):
        run(resample(), src=[np.zeros((10, 12, 3), np.uint16)], out=[misaligned[:8, :8]], dtypes=(U16, U16))


def test_lists_of_other_things_raise() -> None:
    for src in ([None], ["x"], [object()], 3, [[[True] * 12] * 10]):
        with pytest.raises((ValueError, TypeError, RuntimeError)):
            run(resample(), src=src)


@pytest.mark.parametrize("code", [RESAMPLE, CROP, PAD, COLOR, CLAHE, NORMALIZE, CONVERT])
@given(data=st.data())
def test_any_numbers_raise_or_run(code: int, data: st.DataObject) -> None:
    """Hostile parameters against a fixed output: an error or a result, never a crash or a write outside."""
    numbers = st.integers(-3, 14) | st.sampled_from([-(2**63), 2**63 - 1, 2**31, -(2**31), 2**24, 2**32])
    ints = data.draw(st.lists(numbers, min_size=13, max_size=13))
    reals = data.draw(st.lists(st.floats(width=64), min_size=1, max_size=6))
    ints[0] = 1
    guarded = np.full((12, 12, 3), 99, np.uint8)
    out = guarded[2:10, 2:10]
    try:
        run(op(code, ints, reals), out=[out])
    except ValueError:
        assert (out == 99).all()
    outside = guarded.copy()
    outside[2:10, 2:10] = 99
    assert (outside == 99).all()


def _odd_views() -> dict[str, Image]:
    """Views that are legal but rare: axes of one element may have any stride, rows may overlap or stand still."""
    base = picture(40, 40, 3, seed=3)
    strides = np.lib.stride_tricks.as_strided
    return {
        "one row, wild stride": strides(base, (1, 12, 3), (2**40, 3, 1)),
        "one column, wild stride": strides(base, (10, 1, 3), (120, 2**40, 1)),
        "one channel, wild stride": strides(base, (10, 12, 1), (120, 3, 2**40)),
        "one pixel, wild strides": strides(base, (1, 1, 1), (2**40, -(2**40), 2**40)),
        "rows repeated": strides(base, (10, 12, 3), (0, 3, 1)),
        "columns repeated": strides(base, (10, 12, 3), (120, 0, 1)),
        "channels repeated": strides(base, (10, 12, 3), (120, 3, 0)),
        "rows overlap": strides(base, (10, 12, 3), (3, 3, 1)),
        "transposed": base.transpose(1, 0, 2),
        "channels reversed": base[..., ::-1],
        "all reversed": base[::-1, ::-1, ::-1],
    }


@pytest.mark.parametrize("name", _odd_views())
def test_odd_strides(name: str) -> None:
    image = _odd_views()[name]
    dense = np.ascontiguousarray(image)
    h, w, c = image.shape
    box = (0.0, 0.0, float(w), float(h))
    plans: dict[str, tuple[Any, tuple[int, int, int], int]] = {
        **{f"resample {m}": (resample(m, (7, 9), (1, 2, 5, 6), box=box), (5, 6, c), U8) for m in range(11)},
        "pad": (op(PAD, [1, 1, 2, 3, 4, 1], [0]), (h + 6, w + 4, c), U8),
        "flip": (op(FLIP, [1, 1, 1]), (h, w, c), U8),
        "clahe": (op(CLAHE, [1, 2, 3, 0], [2.0]), (h, w, c), U8),
        "normalize": (op(NORMALIZE, [1, F32, 1], [0.5, 0.2]), (h, w, c), F32),
        "convert": (op(CONVERT, [1, U16, 1]), (h, w, c), U16),
    }
    if c == 3:
        plans["gray"] = (op(COLOR, [1, 0, 1]), (h, w, 1), U8)
        plans["lab"] = (op(CLAHE, [1, 2, 3, 1], [2.0]), (h, w, 3), U8)
    dtypes = {U8: np.uint8, U16: np.uint16, F32: np.float32}
    with every_isa() as isas:
        for isa in isas:
            set_isa(isa)
            for what, (plan, shape, code) in plans.items():
                odd, plain = (np.zeros(shape, dtypes[code]) for _ in range(2))
                run(plan, src=[image], out=[odd], dtypes=(U8, code))
                run(plan, src=[dense], out=[plain], dtypes=(U8, code))
                np.testing.assert_array_equal(odd, plain, err_msg=f"{what} on {isa}")


@pytest.mark.parametrize("threads", [-1, 0, 1, 3, 10**6])
def test_any_number_of_threads(threads: int) -> None:
    images = [picture(10, 12, seed=i) for i in range(5)]
    outs = [np.zeros((8, 8, 3), np.uint8) for _ in images]
    _native.run(images, outs, [resample()], U8, U8, False, False, threads)
    alone = np.zeros((8, 8, 3), np.uint8)
    run(resample(), src=[images[4]], out=[alone])
    np.testing.assert_array_equal(outs[4], alone)


def test_one_bad_picture_of_many_raises() -> None:
    images = [picture(10, 12, seed=i) for i in range(8)]
    images[5] = picture(7, 7)
    outs = [np.zeros((8, 8, 3), np.uint8) for _ in images]
    for threads in (1, 4):
        with pytest.raises(ValueError, match="crop"):
            _native.run(images, outs, [op(CROP, [1, 0, 0, 8, 8])], U8, U8, False, False, threads)
