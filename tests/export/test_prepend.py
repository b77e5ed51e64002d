"""A pipeline in front of somebody else's model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, parser
from onnx_twin import session

import twinlens
from twinlens import export
from twinlens import transforms as T
from twinlens.data.manifest import describe
from twinlens.errors import ArgumentError, ExportError

PIPE = T.Compose([T.Resize(16), T.CenterCrop(12), T.ToTensor(), T.Normalize(0.5, 0.25)])
IMAGE = np.random.default_rng(0).integers(0, 256, (2, 31, 40, 3), np.uint8)
WANTED = np.stack([np.asarray(PIPE(image)) for image in IMAGE])


def model(text: str, opset: int = 17, version: int = 8) -> onnx.ModelProto:
    return parser.parse_model(f'<ir_version: {version}, opset_import: ["" : {opset}]> {text}')


DOUBLE = "net (float[n, 3, 12, 12] x) => (float[n, 3, 12, 12] y) {y = Add(x, x)}"


@pytest.mark.parametrize("opset", [12, 17, 20])
def test_joined(opset: int) -> None:
    joined = export.prepend(model(DOUBLE, opset), PIPE)
    assert joined.opset_import[0].version == opset
    np.testing.assert_array_equal(session(joined).run(["y"], {"image": IMAGE})[0], WANTED + WANTED)


def test_an_older_model_is_converted() -> None:
    joined = export.prepend(model(DOUBLE, 9, 4), PIPE)
    assert joined.opset_import[0].version == 12
    np.testing.assert_array_equal(session(joined).run(None, {"image": IMAGE})[0], WANTED + WANTED)


def test_another_opset_is_asked_for() -> None:
    joined = export.prepend(model(DOUBLE, 13), PIPE, opset=18)
    assert joined.opset_import[0].version == 18
    np.testing.assert_array_equal(session(joined).run(None, {"image": IMAGE})[0], WANTED + WANTED)


def test_the_models_input_may_be_called_image() -> None:
    joined = export.prepend(model(DOUBLE.replace("x", "image")), PIPE)
    assert [value.name for value in joined.graph.input] == ["image"]
    np.testing.assert_array_equal(session(joined).run(None, {"image": IMAGE})[0], WANTED + WANTED)


def test_twice_a_pipeline() -> None:
    """The names of the first do not meet those of the second."""
    inner = export.prepend(model("net (float[n, 3, h, w] x) => (float[n, 3, h, w] y) {y = Abs(x)}"), T.ToTensor())
    joined = export.prepend(inner, T.Compose([T.Resize(9), T.RandomInvert(p=1.0)]), input_name="outer")
    wanted = np.stack([np.asarray(T.Compose([T.Resize(9), T.RandomInvert(p=1.0), T.ToTensor()])(i)) for i in IMAGE])
    np.testing.assert_array_equal(session(joined).run(None, {"outer": IMAGE})[0], wanted)


def test_bodies_read_the_input_too() -> None:
    same = helper.make_tensor_value_info("same", TensorProto.FLOAT, None)
    branches = [
        helper.make_graph([helper.make_node(kind, ["x"], ["same"])], kind, [], [same]) for kind in ("Neg", "Abs")
    ]
    yes = helper.make_node("If", ["flag"], ["y"], then_branch=branches[0], else_branch=branches[1])
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 12, 12]),
        helper.make_tensor_value_info("flag", TensorProto.BOOL, []),
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, 12, 12])
    net = helper.make_model(
        helper.make_graph([yes], "net", inputs, [output]), opset_imports=[helper.make_opsetid("", 15)], ir_version=8
    )
    with pytest.raises(ArgumentError, match=r"the model has the inputs x, flag: say which of them takes the image"):
        export.prepend(net, PIPE)
    joined = export.prepend(net, PIPE, model_input="x")
    done = session(joined).run(None, {"image": IMAGE, "flag": np.array(True)})[0]
    np.testing.assert_array_equal(done, -WANTED)


def test_names_and_files(tmp_path: Path) -> None:
    source, target = tmp_path / "net.onnx", tmp_path / "joined.onnx"
    source.write_bytes(model(DOUBLE).SerializeToString())
    before = source.read_bytes()
    export.prepend(source, PIPE, target, input_name="bytes", output_name="logits")
    joined = onnx.load(target)
    assert [value.name for value in (*joined.graph.input, *joined.graph.output)] == ["bytes", "logits"]
    np.testing.assert_array_equal(session(joined).run(["logits"], {"bytes": IMAGE})[0], WANTED + WANTED)
    assert source.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["joined.onnx", "net.onnx"]


def test_the_model_given_stays_as_it_is() -> None:
    net = model(DOUBLE)
    before = net.SerializeToString()
    export.prepend(net, PIPE)
    assert net.SerializeToString() == before


def test_metadata() -> None:
    net = model(DOUBLE)
    helper.set_model_props(net, {"classes": "cat, dog"})
    kept = {entry.key: entry.value for entry in export.prepend(net, PIPE).metadata_props}
    assert kept["classes"] == "cat, dog"
    assert kept["twinlens.semantics"] == str(twinlens.SEMANTICS)
    assert twinlens.from_dict(json.loads(kept["twinlens.pipeline"])) == PIPE
    alone = {entry.key: entry.value for entry in export.onnx(PIPE).metadata_props}
    assert alone["twinlens.pipeline_sha256"] == kept["twinlens.pipeline_sha256"] == describe(PIPE)["pipeline_sha256"]


@pytest.mark.parametrize(
    ("net", "pipe", "message"),
    [
        (DOUBLE, T.Resize((12, 12)), r"the pipeline makes uint8, the model's input 'x' takes float32; see ToTensor"),
        (DOUBLE, T.Compose([T.Resize(12), T.ToTensor()]),
         r"makes \(batch, 3, out_height, out_width\), the model's input 'x' takes \(n, 3, 12, 12\)"),
        (DOUBLE, T.Compose([T.Resize((12, 13)), T.ToTensor()]), r"makes \(batch, 3, 12, 13\)"),
        (DOUBLE, T.Compose([T.Grayscale(), T.Resize((12, 12)), T.ToTensor()]), r"makes \(batch, 1, 12, 12\)"),
        ("net (float[n, 432] x) => (float[n, 432] y) {y = Abs(x)}", PIPE, r"takes \(n, 432\)"),
        (DOUBLE, T.RandomHorizontalFlip(), "it draws at random"),
    ],
)  # fmt: skip
def test_what_does_not_fit(net: str, pipe: Any, message: str) -> None:
    with pytest.raises(ExportError, match=message):
        export.prepend(model(net), pipe)


def test_what_is_no_model(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(ExportError, match="not an ONNX model"):
        export.prepend(broken, PIPE)
    with pytest.raises(ExportError, match="no such file"):
        export.prepend(tmp_path / "none.onnx", PIPE)
    with pytest.raises(ArgumentError, match=r"model=int must be a path or an onnx\.ModelProto"):
        export.prepend(3, PIPE)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="model_input='z' is not an input of the model, which has x"):
        export.prepend(model(DOUBLE), PIPE, model_input="z")
    with pytest.raises(ArgumentError, match="input_name='y' is the name of something else"):
        export.prepend(model(DOUBLE), PIPE, input_name="y")
