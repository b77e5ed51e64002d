"""Importing: what it loads and what it costs, what is said without the core; names, docstrings and their examples."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import twinlens
import twinlens.errors
from twinlens import transforms as T

PACKAGE = Path(twinlens.__file__).parent
NO_KERNELS = () if importlib.util.find_spec("triton") else ("twinlens.engines.triton.kernels.",)  # Linux only
HEAVY = (
    "kornia",
    "cv2",
    "pandas",
    "torchvision",
    "matplotlib",
    "typer",
    "rich",
    "pyarrow",
    "skimage",
    "simplejpeg",
    "triton",
    "onnx",
    "fastapi",
    "starlette",
    "uvicorn",
    "httpx",
    "prometheus_client",
    "onnxruntime",
    "gradio",
)
INNER = sorted(
    info.name
    for info in pkgutil.walk_packages([str(PACKAGE)], "twinlens.")
    if not info.name.startswith(("twinlens._", "twinlens.cli", "twinlens.data", *NO_KERNELS))
)


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**__import__("os").environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_import_is_light() -> None:
    done = python(f"import sys, twinlens; print([name for name in {HEAVY!r} if name in sys.modules])")
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "[]"


def test_a_fixed_pipeline_needs_neither_kornia_nor_cv2() -> None:
    done = python(
        "import sys, numpy as np; from twinlens import transforms as T\n"
        "T.Compose([T.Resize(8), T.CLAHE(), T.ToTensor(), T.Normalize(.5, .5)])(np.zeros((9, 9, 3), np.uint8))\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert done.stdout.strip() == "[]", done.stderr[-2000:]


def test_a_missing_core_says_how_to_build_it() -> None:
    done = python("import sys; sys.modules['twinlens._native'] = None; import twinlens")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: twinlens has no compiled core (twinlens._native) for this Python")
    assert "pip install ." in last


@pytest.mark.parametrize("name", INNER)
def test_modules_say_what_they_are(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    for public in getattr(module, "__all__", ()):
        value = getattr(module, public)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), f"{name}.{public}"


@pytest.mark.parametrize("name", INNER)
def test_examples_run(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


@pytest.mark.parametrize("kind", [getattr(T, name) for name in T.__all__ if name not in ("InterpolationMode",)])
def test_transforms_document_their_arguments(kind: Any) -> None:
    assert kind.__doc__
    assert kind.__doc__ is not T.Transform.__doc__ or kind is T.Transform
    for name, member in vars(T.Transform).items():
        if inspect.isfunction(member) and not name.startswith("_"):
            assert member.__doc__, name


def test_public_names_exist() -> None:
    for module in (twinlens, T, twinlens.errors):
        assert sorted(module.__all__) == sorted(set(module.__all__))
        assert all(hasattr(module, name) for name in module.__all__)
    for name in twinlens.errors.__all__:
        assert issubclass(getattr(twinlens.errors, name), (twinlens.errors.TwinlensError, UserWarning))


def test_the_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()
    assert (PACKAGE / "_native.pyi").is_file()
