"""Triton kernels without a card: the tests of tests/interpreted in a process where Triton's interpreter runs them, and
the compiler's output for a card. On a card: tests/test_cuda.py.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import twinlens
from twinlens.steps.warp.step import METHODS

HERE = Path(__file__).parent
TESTED_BY = {"weights": "resample"}
INTERPRETED = sorted(path.name for path in (HERE / "interpreted").glob("test_*.py"))

pytest.importorskip("triton", "3.6", reason="Triton 3.6 or newer, with wheels for Linux, runs the kernels")


def _interpreted(name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    quiet = ("-p", "no:cacheprovider", "-W", "ignore::hypothesis.errors.HypothesisWarning")  # of large examples
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", *quiet, str(HERE / "interpreted" / name)],
        env={**os.environ, "TRITON_INTERPRET": "1", **environment},
        capture_output=True, text=True, check=False, timeout=600, cwd=HERE.parent,
    )  # fmt: skip


@pytest.mark.parametrize("name", INTERPRETED)
def test_interpreted(name: str) -> None:
    done = _interpreted(name)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "passed" in done.stdout


MUTANTS = [
    ("resample", "tl.full([BLOCK], 1 << 21, tl.int32)", "tl.full([BLOCK], (1 << 21) - 1, tl.int32)"),
    ("resample", "total >> 22, 0), 255)\n        ab", "total >> 22, 0), 254)\n        ab"),
    ("resample", "3 * step).to(tl.int32) * w3", "2 * step).to(tl.int32) * w3"),
    ("resample", "(cd >> 32)", "cd"),
    ("resample", "tl.load(p + 5) * column_stride", "(tl.load(p + 5) + 1) * column_stride"),
    ("resample", "channel * table_channel", "0 * table_channel"),
    ("weights", "center + support + 0.5", "center + support"),
    ("weights", "- 2.5) * x * x", "- 2.50001) * x * x"),
    ("weights", "tl.where(w < 0.0, -0.5, 0.5)", "0.5"),
    ("weights", "width - 1 - i, i)", "i, i)"),
    ("weights", "upper - low", "0 * low"),
    ("clahe", "turn < rest", "turn <= rest"),
    ("clahe", "+ 12582912.0) - 12582912.0)", "+ 0.5))"),
    ("clahe", "- tl.where(bins == 0, behind, 0)", ""),
    ("clahe", "period - index)", "period - index - 1)"),
    ("clahe", "across - column.to(tl.float32)", "1.0 - (across - column.to(tl.float32))"),
    ("noise", "group * 128 + k * 32 + half * 16", "group * 128 + k * 32 + half"),
    ("noise", "0x7FFF, -1.0, 1.0", "0x7FFF, 1.0, 1.0"),
    ("noise", "uniform * second", "uniform * first"),
    ("noise", "word < tl.load(p + 3)", "word <= tl.load(p + 3) + 2**24"),
    ("adjust", "b + 32768", "b + 32767"),
    ("adjust", "mixed, 0.0)", "mixed, 1.0)"),
    ("adjust", "2 * total + pixels", "2 * total"),
    ("adjust", "first + 2 * second", "first + second"),
    ("adjust", "1.0 - wide * (1.0 - f)", "1.0 - wide * f"),
    ("adjust", "own + stage", "own"),
    ("warp", "y.to(tl.float64) + 0.5", "y.to(tl.float64)"),
    ("warp", "sx < tl.load(p + 9)", "sx <= tl.load(p + 9)"),
    ("warp", "+ 6755399441055744.0) - 6755399441055744.0", "+ 0.5)"),
    ("warp", "tl.load(p + 4) * y + tl.load(p + 3) * x) >> 16", "tl.load(p + 4) * y + tl.load(p + 3) * x + 9999) >> 16"),
    ("warp", "at < 0.0, -1", "at < 0.0, 0"),
    ("warp", "2 * (v1 - v2)", "(v1 - v2)"),
    ("warp", "(row >= -1)", "(row >= 0)"),
    ("warp", "_held(column + 2, w", "_held(column + 1, w"),
    ("warp", "(flags & 2) != 0", "(flags & 1) != 0"),
    ("warp", "ops + sample * n * 4", "ops"),
    ("warp", "source + 2 * step, row", "source + step, row"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("file", "old", "new"), MUTANTS)
def test_a_broken_kernel_is_noticed(file: str, old: str, new: str, tmp_path: Path) -> None:
    package = tmp_path / "twinlens"
    shutil.copytree(Path(twinlens.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    kernel = package / "engines" / "triton" / "kernels" / f"{file}.py"
    text = kernel.read_text()
    assert old in text
    kernel.write_text(text.replace(old, new))
    done = _interpreted(
        f"test_{TESTED_BY.get(file, file)}_kernel.py", PYTHONPATH=str(tmp_path), HYPOTHESIS_PROFILE="mutants"
    )
    assert done.returncode == 1, "it survived"
    assert "Mismatched elements" in done.stdout or "assert_same" in done.stdout


def _compiled(name: str, architecture: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    kernel, types, constants = KERNELS[name]()
    types = {name: types.get(name, "constexpr") for name in kernel.arg_names}
    signature = {**types, **dict.fromkeys(constants, "constexpr")}
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants)
    options = {"num_warps": 4, "enable_fp_fusion": False}
    made = triton.compile(source, target=GPUTarget("cuda", architecture, 32), options=options)
    assert made.asm["cubin"]
    ptx: str = made.asm["ptx"]
    return ptx


def _weights(kind: str) -> Any:
    from twinlens.engines.triton.kernels.weights import weights_kernel

    pointers = {"start": "*i32", "axes": "*i64", "weights": "*i32", "spans": "*i32", "dense": "*i32"}
    types = {**pointers, **dict.fromkeys(("width", "height", "taps_stride", "rows_stride"), "i32")}
    return weights_kernel, types, {"KIND": kind, "BLOCK": 128}


def _resample(dtype: str, unit: bool = True) -> Any:
    from twinlens.engines.triton.kernels.resample import resample_kernel

    pointers = {"out": f"*{dtype}", "base": "i64", "images": "*i64", "axes": "*i64", "start": "*i32", "weights": "*i32"}
    numbers = ("taps_stride", "rows_stride", "height", "width", "channels", "tiles_x", "table_sample", "table_channel")
    types = {**pointers, "spans": "*i32", "dense": "*i64", "table": f"*{dtype}", **dict.fromkeys(numbers, "i32")}
    return resample_kernel, types, {"TABLE": dtype != "u8", "UNIT": unit, "BLOCK": 128}


_COLORS = {"base": "i64", "images": "*i64", "ops": "*i32"}
_SIZES = ("n", "contrasts", "height", "width")


def _sums(channels: int) -> Any:
    from twinlens.engines.triton.kernels.adjust import sum_kernel

    types = {"sums": "*i64", **_COLORS, "stops": "*i32", "tables": "*u8", **dict.fromkeys((*_SIZES, "stage"), "i32")}
    return sum_kernel, types, {"CHANNELS": channels, "BLOCK": 1024}


def _adjust(dtype: str) -> Any:
    from twinlens.engines.triton.kernels.adjust import adjust_kernel

    types = {"out": f"*{dtype}", **_COLORS, "sums": "*i64", "tables": "*u8", "finish": f"*{dtype}"}
    types |= dict.fromkeys((*_SIZES, "finish_channel"), "i32")
    return adjust_kernel, types, {"CHANNELS": 3, "FINISH": dtype != "u8", "BLOCK": 1024}


def _noise(kind: str, shared: bool) -> Any:
    from twinlens.engines.triton.kernels.noise import noise_kernel

    pointers = {"out": "*u8", "base": "i64", "images": "*i64", "numbers": "*i64", "reals": "*fp32", "values": "*i32"}
    numbers = ("height", "width", "channels", "values_sample", "values_channel")
    types = {**pointers, "quantiles": "*fp32", **dict.fromkeys(numbers, "i32")}
    return noise_kernel, types, {"KIND": kind, "CLIP": not shared, "SHARED": shared, "BLOCK": 128}


def _clahe(name: str) -> Any:
    from twinlens.engines.triton.kernels import clahe

    types = {"base": "i64", "images": "*i64", "numbers": "*i32", "tables": "*u8", "out": "*u8"}
    types |= dict.fromkeys(("height", "width", "channels", "tiles_y", "tiles_x", "tile_h", "tile_w"), "i32")
    types |= dict.fromkeys(("scale", "inverse_h", "inverse_w"), "fp32")
    return getattr(clahe, name), types, {"BLOCK": 1024}


def _warp(method: str, perspective: bool, channels: int, dtype: str) -> Any:
    from twinlens.engines.triton.kernels.warp import warp_kernel

    types = {"out": f"*{dtype}", **_COLORS, "maps": "*i64", "places": "*i32", "tables": "*u8", "finish": f"*{dtype}"}
    types |= dict.fromkeys(("n", "sides", "height", "width", "tiles_x", "finish_channel"), "i32")
    fixed = {"METHOD": method, "PERSPECTIVE": perspective, "CHANNELS": channels, "FINISH": dtype != "u8"}
    return warp_kernel, types, {**fixed, "ACROSS": 32, "DOWN": 16}


def _places() -> Any:
    from twinlens.engines.triton.kernels.warp import places_kernel

    return places_kernel, {"places": "*i32", "maps": "*i64", "count": "i32", "sides": "i32"}, {"BLOCK": 32}


KERNELS: dict[str, Callable[[], Any]] = {
    **{f"weights {kind}": partial(_weights, kind) for kind in ("box", "bilinear", "bicubic")},
    **{f"resample to {dtype}": partial(_resample, dtype) for dtype in ("u8", "fp32", "fp16", "bf16")},
    "resample strided": partial(_resample, "u8", False),
    **{f"noise {kind}": partial(_noise, kind, False) for kind in ("gaussian", "multiplicative", "replace")},
    **{f"shared noise {kind}": partial(_noise, kind, True) for kind in ("gaussian", "replace")},
    **{f"clahe {name}": partial(_clahe, name) for name in ("tables_kernel", "blend_kernel")},
    **{f"sums of {channels}": partial(_sums, channels) for channels in (1, 3)},
    **{f"adjust to {dtype}": partial(_adjust, dtype) for dtype in ("u8", "fp32")},
    "places": _places,
    **{
        f"warp {method}{' in perspective' * perspective}": partial(_warp, method, perspective, 3, "fp32")
        for method in METHODS
        for perspective in (False, True)
    },
    "warp of one channel": partial(_warp, "bilinear", False, 1, "u8"),
}


@pytest.mark.parametrize("architecture", [80, 90])
@pytest.mark.parametrize("name", KERNELS)
def test_compiled_for_a_card(name: str, architecture: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No product is fused with a sum, no division is approximate, no arithmetic flushes."""
    ptx = _compiled(name, architecture, tmp_path, monkeypatch)
    assert not re.findall(r"\bfma\.|\bmad\.[a-z.]*f(?:16|32|64)|\.ftz|\.approx|\bdiv\.full", ptx)
    if name.startswith("weights"):
        assert "div.rn.f64" in ptx
