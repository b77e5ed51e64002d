"""Models as they come: older, with functions, with weights elsewhere, with names and sizes of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper, parser
from onnx_twin import session

from twinlens import export
from twinlens import transforms as T
from twinlens.errors import ArgumentError, ExportError

PIPE = T.Compose([T.Resize((12, 12)), T.ToTensor()])
IMAGE = np.random.default_rng(0).integers(0, 256, (2, 31, 40, 3), np.uint8)
WANTED = np.stack([np.asarray(PIPE(image)) for image in IMAGE])

FLOATS = "float[n, 3, 12, 12]"
NET = f'<ir_version: 8, opset_import: ["" : 17]> net ({FLOATS} x) => ({FLOATS} y) {{y = Add(x, x)}}'


def sizes(info: onnx.ValueInfoProto) -> list[str | int]:
    return [side.dim_param or side.dim_value for side in info.type.tensor_type.shape.dim]


def with_function(opset: int, inner: int) -> onnx.ModelProto:
    return parser.parse_model(f"""
        <ir_version: 8, opset_import: ["" : {opset}, "own" : 1]> net ({FLOATS} x) => ({FLOATS} y) {{y = own.twice(x)}}
        <domain: "own", opset_import: ["" : {inner}]> twice (a) => (b) {{b = Add(a, a)}}
    """)


@pytest.mark.parametrize(("opset", "asked"), [(9, None), (17, None), (17, 18)])
def test_functions(opset: int, asked: int | None) -> None:
    joined = export.prepend(with_function(opset, opset), PIPE, opset=asked)
    np.testing.assert_array_equal(session(joined).run(None, {"image": IMAGE})[0], WANTED + WANTED)


def test_functions_of_another_opset() -> None:
    with pytest.raises(ExportError, match=r"of opset 17 and cannot be converted to 18: .* functions .*: twice$"):
        export.prepend(with_function(17, 13), PIPE, opset=18)


def test_what_cannot_be_converted_is_one_line() -> None:
    net = parser.parse_model(NET.replace("Add(x, x)", "LayerNormalization(x, x)"))
    reason = "the model is of opset 17 and cannot be converted to 12: No Previous Version of LayerNormalization exists"
    with pytest.raises(ExportError, match=f"^{reason}$"):
        export.prepend(net, PIPE, opset=12)


def test_no_operators_of_onnx() -> None:
    text = NET.replace('"" : 17', '"ai.onnx.ml" : 3').replace("Add(x, x)", "ai.onnx.ml.Binarizer(x)")
    joined = export.prepend(parser.parse_model(text), PIPE)
    np.testing.assert_array_equal(session(joined).run(None, {"image": IMAGE})[0], (WANTED > 0).astype(np.float32))


def test_weights_in_another_file(tmp_path: Path) -> None:
    net, path = parser.parse_model(NET.replace("Add(x, x)", "Add(x, k)")), tmp_path / "net.onnx"
    net.graph.initializer.append(numpy_helper.from_array(np.full((3, 12, 12), 2, np.float32), "k"))
    onnx.save(net, path, save_as_external_data=True, location="net.data", size_threshold=0)
    joined = export.prepend(path, PIPE)
    np.testing.assert_array_equal(session(joined).run(None, {"image": IMAGE})[0], WANTED + 2)
    with pytest.raises(ArgumentError, match="its weights are in other files: give the model's path"):
        export.prepend(onnx.load(path, load_external_data=False), PIPE)
    (tmp_path / "net.data").unlink()
    with pytest.raises(ExportError, match=r"not an ONNX model that can be read: .*net\.data"):
        export.prepend(path, PIPE)


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").touch()
    with pytest.raises(ExportError, match=r"empty\.onnx: not an ONNX model that can be read: it holds no graph"):
        export.prepend(tmp_path / "empty.onnx", PIPE)


def test_an_input_that_is_an_output_too() -> None:
    net = parser.parse_model(NET.replace(" y) {", f" y, {FLOATS} x) {{"))
    joined = export.prepend(net, PIPE)
    assert [info.name for info in joined.graph.output] == ["y", "x"]
    twice, once = session(joined).run(["y", "x"], {"image": IMAGE})
    np.testing.assert_array_equal(twice, WANTED + WANTED)
    np.testing.assert_array_equal(once, WANTED)
    with pytest.raises(ArgumentError, match="input_name='x' is the name of something else"):
        export.prepend(net, PIPE, input_name="x")


def test_an_input_called_as_outputs_usually_are() -> None:
    assert [info.name for info in export.prepend(parser.parse_model(NET), PIPE, input_name="output").graph.input] == [
        "output"
    ]


@pytest.mark.parametrize("name", ["", 3, "twinlens/x"])
def test_names_that_are_none(name: Any) -> None:
    with pytest.raises(ArgumentError, match=f"output_name={name!r} must be a name that does not begin"):
        export.prepend(parser.parse_model(NET), PIPE, output_name=name)


def test_sizes_of_the_same_name() -> None:
    """Runtimes take equal names for equal sizes, and memory of one for the other."""
    side = "float[n, 3, height, width]"
    text = f'<ir_version: 8, opset_import: ["" : 17]> net ({side} x) => ({side} y) {{a = Neg(x) b = Sin(a) y = Abs(b)}}'
    net = parser.parse_model(text)
    net.graph.value_info.append(helper.make_tensor_value_info("a", TensorProto.FLOAT, ["n", 3, "height", "width"]))
    pipe = T.Compose([T.ToTensor(), T.Resize(64)])
    joined = export.prepend(net, pipe)
    assert sizes(joined.graph.input[0]) == ["n", "image_height", "image_width", 3]
    wanted = np.stack([np.asarray(pipe(image)) for image in IMAGE])
    np.testing.assert_allclose(session(joined).run(None, {"image": IMAGE})[0], np.abs(np.sin(wanted)), rtol=1e-5)
    plain = export.prepend(parser.parse_model(NET), PIPE)
    assert sizes(plain.graph.input[0]) == ["n", "height", "width", 3]


@pytest.mark.parametrize("unknown", [0, -1])
def test_sizes_without_a_name(unknown: int) -> None:
    net = parser.parse_model(NET)
    for info in (*net.graph.input, *net.graph.output):
        for side in (0, 2, 3):
            info.type.tensor_type.shape.dim[side].dim_value = unknown
    joined = export.prepend(net, PIPE)
    assert not joined.graph.input[0].type.tensor_type.shape.dim[0].WhichOneof("value")


def test_an_input_that_is_no_tensor() -> None:
    graph = helper.make_graph(
        [helper.make_node("SequenceLength", ["x"], ["y"])],
        "net",
        [helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("y", TensorProto.INT64, [])],
    )
    net = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(ExportError, match="the model's input 'x' is no tensor"):
        export.prepend(net, PIPE)


class Huge:
    def SerializeToString(self) -> bytes:
        raise ValueError("Failed to serialize proto")


def test_files_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"the model is of 2 GiB or more: .* save_as_external_data=True"):
        export.save(Huge(), tmp_path / "out.onnx")  # type: ignore[arg-type]
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExportError, match=r"folder: Is a directory"):
        export.onnx(PIPE, tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
