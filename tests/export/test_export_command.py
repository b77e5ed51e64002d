"""`twinlens export`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import parser
from onnx_twin import session

import twinlens
from twinlens import transforms as T
from twinlens.cli import main

PIPE = T.Compose([T.Resize(16), T.CenterCrop(12), T.ToTensor()])
NET = '<ir_version: 8, opset_import: ["" : 17]> net (float[n, 3, 12, 12] x) => (float[n, 3, 12, 12] y) {y = Neg(x)}'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    twinlens.save(PIPE, "pipe.yaml")
    return tmp_path


def called(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["export", *arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


def test_a_pipeline(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["--input-name", "bytes", "--output-name", "prepared"]
    assert called("pipe.yaml", "out.onnx", "--layout", "chw", "--opset", "14", *names) == 0
    told = capsys.readouterr().out
    assert "bytes uint8 (batch, 3, height, width) -> prepared float32 (batch, 3, 12, 12), opset 14" in told
    image = np.random.default_rng(0).integers(0, 256, (1, 3, 20, 31), np.uint8)
    done = session(onnx.load("out.onnx")).run(["prepared"], {"bytes": image})[0]
    np.testing.assert_array_equal(done[0], np.asarray(PIPE(image[0].transpose(1, 2, 0).copy())))


def test_in_front_of_a_model() -> None:
    onnx.save(parser.parse_model(NET), "net.onnx")
    assert called("pipe.yaml", "out.onnx", "--model", "net.onnx") == 0
    image = np.random.default_rng(0).integers(0, 256, (1, 20, 31, 3), np.uint8)
    done = session(onnx.load("out.onnx")).run(["y"], {"image": image})[0]
    np.testing.assert_array_equal(done[0], -np.asarray(PIPE(image[0])))


def test_what_cannot_be_exported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twinlens.save(T.Compose([T.RandomInvert(), T.Denoise()]), "random.yaml")
    assert called("random.yaml", "out.onnx") == 1
    err = capsys.readouterr().err
    assert err.startswith(
        "twinlens: the pipeline cannot be exported: RandomInvert() at 0: it draws at random; Denoise()"
    )
    assert err.count("\n") == 1
    assert not (folder / "out.onnx").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.yaml", "out.onnx"), "none.yaml: no such file"),
        (("pipe.yaml", "out.onnx", "--opset", "3"), "opset=3 must be an integer from 12"),
        (("pipe.yaml", "out.onnx", "--model", "net.onnx"), "net.onnx: no such file"),
        (("pipe.yaml", "out.onnx", "--model-input", "x"), "--model-input goes with --model"),
        (("pipe.yaml", "no/folder/out.onnx"), "does not exist"),
    ],
)
def test_errors_are_one_line(arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(*arguments) == 1
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
