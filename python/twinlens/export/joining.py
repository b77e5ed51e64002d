"""A pipeline in front of a model of somebody else's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.errors import ArgumentError, ExportError
from twinlens.export.model import FORMATS, OPSET, Layout, Made, described, fill, image_info

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, ValueInfoProto

    from twinlens.transforms.base import Transform

__all__ = ["join"]


def join(
    model: ModelProto | str | os.PathLike[str],
    pipe: Transform,
    *,
    replaces: str | None,
    layout: Layout,
    channels: int,
    opset: int | None,
    input_name: str,
    output_name: str | None,
) -> ModelProto:
    """The model with its image input replaced by the pipeline's."""
    from onnx import helper

    joined = _converted(_read(model), opset)
    graph = joined.graph
    old = _image_input(graph, replaces)
    prefix = _free(graph, "twinlens/")
    pixels = f"{prefix}pixels"
    done = fill(pipe, input_name, pixels, layout=layout, channels=channels, opset=opset, prefix=prefix)
    if done.graph.opset > _opset(joined):
        joined = _converted(joined, done.graph.opset)
        graph, old = joined.graph, _image_input(joined.graph, replaces)
    if done.graph.opset < _opset(joined):
        same = _opset(joined)
        done = fill(pipe, input_name, pixels, layout=layout, channels=channels, opset=same, prefix=prefix)
    batch = _fit(done, old)
    _rename(graph, old.name, pixels)
    if input_name in _names(graph) - {old.name}:
        raise ArgumentError(f"input_name={input_name!r} is the name of something else in the model")
    _put_in_front(graph, done, old, image_info(input_name, layout, channels, batch))
    if output_name is not None:
        _name_output(graph, output_name)
    joined.ir_version = max(joined.ir_version, FORMATS.get(_opset(joined), joined.ir_version))
    properties = {entry.key: entry.value for entry in joined.metadata_props} | described(pipe)
    helper.set_model_props(joined, properties)
    return joined


def _read(model: Any) -> ModelProto:
    import onnx

    if isinstance(model, onnx.ModelProto):
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        return copy
    if not isinstance(model, str | os.PathLike):
        raise ArgumentError(f"model={type(model).__name__} must be a path or an onnx.ModelProto")
    try:
        return onnx.load(Path(model))
    except FileNotFoundError:
        raise ExportError(f"{model}: no such file") from None
    except OSError as error:
        raise ExportError(f"{model}: {error.strerror or error}") from None
    except Exception as error:  # protobuf's own
        raise ExportError(f"{model}: not an ONNX model: {error}") from None


def _opset(model: ModelProto) -> int:
    return next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)


def _converted(model: ModelProto, opset: int | None) -> ModelProto:
    """Of the opset that is asked for; without, of its own, or of the first that a pipeline can be written in."""
    from onnx import version_converter

    has = _opset(model)
    to = max(has, OPSET) if opset is None else opset
    if has == to:
        return model
    try:
        return version_converter.convert_version(model, to)
    except Exception as error:  # the converter's are RuntimeErrors of C++, one kind a cause
        raise ExportError(f"the model is of opset {has} and cannot be converted to {to}: {error}") from None


def _image_input(graph: GraphProto, name: str | None) -> ValueInfoProto:
    held = {tensor.name for tensor in graph.initializer}
    inputs = [info for info in graph.input if info.name not in held]
    listed = ", ".join(info.name for info in inputs)
    if name is None and len(inputs) != 1:
        raise ArgumentError(f"the model has the inputs {listed}: say which of them takes the image (model_input=)")
    found: ValueInfoProto | None = next((info for info in inputs if name in (None, info.name)), None)
    if found is None:
        raise ArgumentError(f"model_input={name!r} is not an input of the model, which has {listed}")
    return found


def _names(graph: GraphProto) -> set[str]:
    """Of all values and nodes, within bodies too."""
    names = {info.name for part in (graph.input, graph.output, graph.initializer) for info in part}
    for node in graph.node:
        names.update((*node.input, *node.output, node.name))
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                names |= _names(inner)
    return names


def _free(graph: GraphProto, prefix: str) -> str:
    """A beginning of names that no name has."""
    names, count = _names(graph), 1
    while any(name.startswith(prefix) for name in names):
        count += 1
        prefix = f"twinlens_{count}/"
    return prefix


def _fit(done: Made, old: ValueInfoProto) -> str | int:
    """Checks what the pipeline makes against what the model takes; the batch that both have."""
    from onnx import helper

    tensor = old.type.tensor_type
    takes = helper.tensor_dtype_to_np_dtype(tensor.elem_type) if tensor.elem_type else None
    if takes is not None and takes != np.dtype(done.dtype):
        raise ExportError(
            f"the pipeline makes {done.dtype}, the model's input {old.name!r} takes {takes}; see ToTensor and ToDtype"
        )
    if not tensor.HasField("shape"):
        return "batch"
    sides = [side.dim_value if side.HasField("dim_value") else side.dim_param or "?" for side in tensor.shape.dim]
    pairs = zip(done.shape[1:], sides[1:], strict=False)
    wrong = any(isinstance(want, int) and has != want for has, want in pairs)
    if len(sides) != 4 or wrong:
        made, wanted = (f"({', '.join(map(str, shape))})" for shape in (done.shape, sides))
        raise ExportError(f"the pipeline makes {made}, the model's input {old.name!r} takes {wanted}")
    return sides[0] if sides[0] != "?" else "batch"


def _rename(graph: GraphProto, old: str, new: str) -> None:
    """Whoever reads `old` reads `new`, within bodies too, unless they have an `old` of their own."""
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name == old:
                node.input[i] = new
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if old not in {info.name for info in inner.input}:
                    _rename(inner, old, new)
    for info in graph.output:
        if info.name == old:
            info.name = new


def _put_in_front(graph: GraphProto, done: Made, old: ValueInfoProto, image: ValueInfoProto) -> None:
    inputs = [image if info.name == old.name else info for info in graph.input]
    del graph.input[:]
    graph.input.extend(inputs)
    nodes = [*done.graph.nodes, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(done.graph.initializers)


def _name_output(graph: GraphProto, name: str) -> None:
    """A model's only output under another name."""
    if len(graph.output) != 1:
        listed = ", ".join(info.name for info in graph.output)
        raise ArgumentError(f"output_name={name!r}: the model has the outputs {listed}, their names stay")
    old = graph.output[0].name
    if name == old:
        return
    if name in _names(graph):
        raise ArgumentError(f"output_name={name!r} is the name of something else in the model")
    for node in graph.node:
        for i, made in enumerate(node.output):
            if made == old:
                node.output[i] = name
    _rename(graph, old, name)
