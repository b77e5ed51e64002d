"""A pipeline in front of a model of somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinlens.errors import ArgumentError, ExportError
from twinlens.export.loading import converted, opset_of, read
from twinlens.export.model import FORMATS, Layout, Made, described, fill, image_info

if TYPE_CHECKING:
    import os

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

    joined = converted(read(model), opset)
    graph = joined.graph
    old = _image_input(graph, replaces)
    _check_input_name(graph, old, input_name)
    prefix = _free(graph, "twinlens/")
    pixels = f"{prefix}pixels" if input_name == old.name else old.name
    done = fill(pipe, input_name, pixels, layout=layout, channels=channels, opset=opset, prefix=prefix)
    if done.graph.opset > opset_of(joined):
        joined = converted(joined, done.graph.opset)
        graph, old = joined.graph, _image_input(joined.graph, replaces)
    if done.graph.opset < opset_of(joined):
        same = opset_of(joined)
        done = fill(pipe, input_name, pixels, layout=layout, channels=channels, opset=same, prefix=prefix)
    batch = _fit(done, old)
    image = image_info(input_name, layout, channels, [batch, *_sides(graph, old)])
    _rename(graph, old.name, pixels)
    _put_in_front(graph, done, old, image)
    if output_name is not None:
        _name_output(graph, output_name)
    joined.ir_version = max(joined.ir_version, FORMATS.get(opset_of(joined), joined.ir_version))
    properties = {entry.key: entry.value for entry in joined.metadata_props} | described(pipe)
    helper.set_model_props(joined, properties)
    return joined


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


def _check_input_name(graph: GraphProto, old: ValueInfoProto, name: str) -> None:
    """The name of the input that goes is free, unless an output is the input itself."""
    taken = {info.name for info in graph.output} if name == old.name else _names(graph)
    if name in taken:
        raise ArgumentError(f"input_name={name!r} is the name of something else in the model")


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


def _fit(done: Made, old: ValueInfoProto) -> str | int | None:
    """Checks what the pipeline makes against what the model takes; the batch that both have."""
    from onnx import helper

    if not old.type.HasField("tensor_type"):
        raise ExportError(f"the model's input {old.name!r} is no tensor")
    tensor = old.type.tensor_type
    takes = helper.tensor_dtype_to_np_dtype(tensor.elem_type) if tensor.elem_type else None
    if takes is not None and takes != np.dtype(done.dtype):
        raise ExportError(
            f"the pipeline makes {done.dtype}, the model's input {old.name!r} takes {takes}; see ToTensor and ToDtype"
        )
    if not tensor.HasField("shape"):
        return None
    sides = [side.dim_value if side.dim_value > 0 else side.dim_param or None for side in tensor.shape.dim]
    pairs = zip(done.shape[1:], sides[1:], strict=False)
    wrong = any(isinstance(want, int) and has != want for has, want in pairs)
    if len(sides) != 4 or wrong:
        made, wanted = (f"({', '.join(str(side or '?') for side in shape)})" for shape in (done.shape, sides))
        raise ExportError(f"the pipeline makes {made}, the model's input {old.name!r} takes {wanted}")
    return sides[0]


def _sides(graph: GraphProto, old: ValueInfoProto) -> tuple[str, str]:
    """Names of the image's height and width that no other size in the model has."""
    infos = [info for info in (*graph.input, *graph.output, *graph.value_info) if info.name != old.name]
    taken = {side.dim_param for info in infos for side in info.type.tensor_type.shape.dim}
    prefix = ""
    while taken & {f"{prefix}height", f"{prefix}width"}:
        prefix += "image_"
    return f"{prefix}height", f"{prefix}width"


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
