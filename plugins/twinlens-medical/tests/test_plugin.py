"""What the plugin registers, and that every transform can be saved, pickled and printed."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import twinlens_medical
from scans import noise
from twinlens_medical import BiasField, PercentileNormalize, ToGray, WindowLevel, chest_xray, healthcare
from twinlens_medical.steps import Percentiles, Shading, Window
from twinlens_medical.windows import FUNCTIONS

import twinlens
from twinlens import presets
from twinlens import transforms as T
from twinlens.steps import Step
from twinlens.testing import check_step, check_transform

EXAMPLES: list[Any] = [
    BiasField(),
    BiasField((0.2, 0.5), 2, p=1.0, name="shade"),
    PercentileNormalize(),
    PercentileNormalize(5, 95, ignore=0, per_channel=True, dtype="float32"),
    ToGray(),
    WindowLevel(40, 80),
    WindowLevel((20, 60), (60, 100), function="sigmoid", slope=0.5, intercept=-20, dtype="uint8"),
    WindowLevel(preset="lung"),
]

STEPS: list[Step] = [
    *(Window(np.array([90.0]), np.array([120.0]), function, 1.0, -10.0, "uint16") for function in FUNCTIONS),
    Percentiles(1.0, 99.0, "float32"),
    Percentiles(5.0, 80.0, "uint8", 0.0, True),
    Shading(np.array([[[0.0, 0.2], [-0.1, 0.0]]])),
]


def test_is_registered() -> None:
    (plugin,) = (p for p in twinlens.plugins() if p.name == "medical")
    assert plugin.error is None
    for transform in (BiasField, PercentileNormalize, ToGray, WindowLevel):
        assert twinlens.get(f"medical.{transform.__name__}") is transform
    for train in (False, True):
        assert presets.get("medical.chest_xray", train=train) == chest_xray(train=train)
        assert presets.get("medical.healthcare", train=train) == healthcare()


def test_pydicom_is_imported_by_what_reads_files() -> None:
    code = (
        "import sys, twinlens; twinlens.get('medical.WindowLevel'); assert 'pydicom' not in sys.modules; "
        "from twinlens_medical import read_dicom; assert 'pydicom' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'read_nifti'"):
        twinlens_medical.read_nifti  # noqa: B018


@pytest.mark.parametrize("transform", EXAMPLES, ids=repr)
def test_transforms_conform(transform: Any) -> None:
    assert check_transform(transform).failed == []


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.describe())
def test_steps_conform(step: Step) -> None:
    assert check_step(step).failed == []


@pytest.mark.parametrize("transform", EXAMPLES, ids=repr)
def test_round_trips(transform: Any, tmp_path: Path) -> None:
    twinlens.save(T.Compose([transform]), tmp_path / "pipe.yaml")
    (loaded,) = twinlens.load(tmp_path / "pipe.yaml").transforms
    image = noise((20, 30, 3), "uint16")
    before = image.copy()
    wanted = transform(image, key=5)
    pasted = eval(repr(transform), vars(twinlens_medical) | {"np": np})
    for again in (loaded, pickle.loads(pickle.dumps(transform)), pasted):
        assert again == transform
        np.testing.assert_array_equal(again(image, key=5), wanted)
    np.testing.assert_array_equal(image, before)


def tensors(n: int, dtype: str) -> torch.Tensor:
    return torch.from_numpy(noise((n, 3, 70, 50), dtype))


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@pytest.mark.parametrize("transform", EXAMPLES, ids=repr)
def test_capture_and_compile_take_other_keys(transform: Any, dtype: str) -> None:
    images = tensors(3, dtype)
    pipe = T.Compose([transform])
    bound = pipe.bind(images, keys=[1, 2, 3])
    captured = bound.capture()
    for keys in ([1, 2, 3], [4, 5, 6]):
        wanted = pipe(images, keys=keys)
        bound.draw(keys)
        assert torch.equal(bound(images), wanted)
        if not isinstance(transform, BiasField) or transform.p == 1:  # which images are shaded is not captured
            assert torch.equal(captured(images, keys=keys), wanted)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("transform", EXAMPLES, ids=repr)
def test_cuda_is_the_cpu(transform: Any, dtype: str) -> None:
    images = tensors(4, dtype)
    got = transform(images.cuda(), keys=range(4))
    assert got.is_cuda
    assert torch.equal(got.cpu(), transform(images, keys=range(4)))
