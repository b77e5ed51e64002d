"""The kernel of docs/authoring.md: its C is compiled against the header that twinlens ships, its Python is checked."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

import twinlens
from twinlens import transforms as T
from twinlens.engines import native
from twinlens.engines.batch import Batch
from twinlens.steps import Spec
from twinlens.steps.base import place
from twinlens.testing import check_step, check_transform

GUIDE = Path(__file__).parents[1] / "docs" / "authoring.md"
COMPILER = next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The names of the guide's Python, with the compiled module where it looks for it."""
    if COMPILER is None:
        pytest.skip("no C compiler")
    folder, text = tmp_path_factory.mktemp("kernel"), GUIDE.read_text()
    (code,) = re.findall(r"^```c\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    source, module = folder / "kernels.c", folder / f"kernels{sysconfig.get_config_var('EXT_SUFFIX')}"
    source.write_text(code)
    include = [f"-I{twinlens.get_include()}", f"-I{sysconfig.get_path('include')}"]
    strict = ["-Wall", "-Wextra", "-Werror", "-Wno-cast-function-type"]
    done = subprocess.run(
        [COMPILER, "-O2", "-fPIC", "-shared", *strict, *include, str(source), "-o", str(module)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    spec = importlib.util.spec_from_file_location("twinlens_ink.kernels", module)
    assert spec is not None
    assert spec.loader is not None
    kernels = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kernels)
    sys.modules["twinlens_ink.kernels"] = kernels
    sys.modules["guide"] = ModuleType("guide")  # where pydantic looks for what annotations name
    names = vars(sys.modules["guide"])
    for block in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        exec(compile(block, str(GUIDE), "exec", dont_inherit=True), names)
    return names


def test_the_kernel_keeps_every_promise(guide: dict[str, Any]) -> None:
    assert not check_step(guide["Levels"](np.array([16]))).failed
    assert guide["LEVELS"].code >= 1000


def test_it_runs_in_the_core_within_a_plan(guide: dict[str, Any]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    pipe = T.Compose([T.Resize((30, 20)), guide["FewerLevels"](), T.RandomHorizontalFlip(1.0), T.ToTensor()])
    assert "Levels(step=" in str(pipe.plan((40, 50)))
    assert "[torch" not in str(pipe.plan((40, 50)))
    keys = [int(twinlens.key(1, 2, i)) for i in range(6)]
    core, kornia = (pipe.batch([image] * 6, keys=keys, engine=engine) for engine in ("native", "kornia"))
    assert torch.equal(core, kornia)
    _, params = pipe(image, key=keys[0], return_params=True)
    (step,) = [int(drawn["step"][0]) for drawn in params.values() if "step" in drawn]
    small = np.asarray(T.Resize((30, 20))(image))
    wanted = (small // step * step)[:, ::-1].transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(core[0], wanted)


def test_its_own_words_reach_the_caller(guide: dict[str, Any]) -> None:
    spec = Spec.of([(4, 5, 3)], "uint8")
    steps = place([guide["Levels"](np.array([0]))], spec)
    with pytest.raises(ValueError, match="a plugin's kernel: step must be positive"):
        native.run(steps, Batch(np.zeros((1, 4, 5, 3), np.uint8), spec, False), chw=False, tensors=False)


def test_the_guides_effect_keeps_every_promise(guide: dict[str, Any]) -> None:
    smudge = guide["Smudge"](5)
    failed = {outcome.check for outcome in check_transform(smudge, registered=False).failed}
    assert not failed
