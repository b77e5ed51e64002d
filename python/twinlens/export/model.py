"""A pipeline as an ONNX model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from twinlens.errors import ArgumentError, ExportError, PipelineFileError, PluginError
from twinlens.export.emitting import emit
from twinlens.export.graph import Graph
from twinlens.export.lowering import Lowered, lowered
from twinlens.export.picture import NeedsOpset, Picture, Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onnx import ModelProto, ValueInfoProto

    from twinlens.export.sizes import Expressions
    from twinlens.transforms.base import Transform

__all__ = ["FORMATS", "OPSET", "Layout", "Made", "check_options", "described", "fill", "image_info", "to_model"]

Layout = Literal["hwc", "chw"]

#: the opset of a graph unless it needs more, or another one is asked for
OPSET = 12

#: opset to the first version of ONNX's file format that holds it
FORMATS = {12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11}


@dataclass
class Made:
    """A pipeline's graph; `shape` of its result has names for what is not known before."""

    graph: Graph
    dtype: str
    shape: list[str | int]


def check_options(pipe: object, layout: object, channels: object, opset: object) -> None:
    """ArgumentError for what cannot be asked for."""
    from twinlens.transforms.base import Transform

    if not isinstance(pipe, Transform):
        raise ArgumentError(f"pipe={type(pipe).__name__} must be a twinlens transform")
    if layout not in get_args(Layout):
        raise ArgumentError(f"layout={layout!r} must be 'hwc' or 'chw'")
    if isinstance(channels, bool) or not isinstance(channels, int) or channels < 1:
        raise ArgumentError(f"channels={channels!r} must be a positive integer")
    if opset is not None and (isinstance(opset, bool) or not isinstance(opset, int) or opset not in FORMATS):
        raise ArgumentError(f"opset={opset!r} must be an integer from {min(FORMATS)} to {max(FORMATS)}")


def fill(
    pipe: Transform, source: str, output: str, *, layout: Layout, channels: int, opset: int | None, prefix: str
) -> Made:
    """The nodes from `source` to `output`, of an opset (None: the lowest that will do).

    Raises ExportError, which names every transform that has no graph.
    """
    units, sizes, after = lowered(pipe, channels, "ndarray" if layout == "hwc" else "tensor")
    planar = layout == "chw"
    graph, picture = _begun(source, channels, opset or OPSET, prefix, sizes, planar=planar)
    try:
        _emit_all(units, picture, chosen=opset is not None)
    except NeedsOpset as needed:
        return fill(pipe, source, output, layout=layout, channels=channels, opset=needed.opset, prefix=prefix)
    planar = planar or any(unit.container != "ndarray" for unit in units)
    x = picture.pixels()
    sides = [_side(side, name) for side, name in ((after.h, "out_height"), (after.w, "out_width"))]
    if planar:
        graph.op("Identity", x, out=output)
        shape = ["batch", picture.channels, *sides]
    else:
        graph.op("Transpose", x, out=output, perm=[0, 2, 3, 1])
        shape = ["batch", *sides, picture.channels]
    graph.prune(output)
    return Made(graph, picture.dtype, shape)


def _begun(
    source: str, channels: int, opset: int, prefix: str, sizes: Expressions, *, planar: bool
) -> tuple[Graph, Picture]:
    sides: dict[str, str] = {}
    graph = Graph(opset, prefix, sizes, sides)
    shape = graph.op("Shape", source)
    for name, axis in (("height", 1 + planar), ("width", 2 + planar)):
        sides[name] = graph.op("Gather", shape, graph.constant([axis], np.int64))
    x = source if planar else graph.op("Transpose", source, perm=[0, 3, 1, 2])
    return graph, Picture(graph, x, channels, interleaved=None if planar else source)


def _emit_all(units: list[Lowered], picture: Picture, *, chosen: bool) -> None:
    problems = []
    for unit in units:
        reason = unit.reason or _emitted(unit, picture, chosen=chosen)
        if reason is not None:
            named = " ".join(repr(unit.unit).split())
            problems.append(f"{named}{f' at {unit.path}' if unit.path else ''}: {reason}")
    if problems:
        raise ExportError(f"the pipeline cannot be exported: {'; '.join(problems)}")


def _emitted(unit: Lowered, picture: Picture, *, chosen: bool) -> str | None:
    """Why a transform's steps have no graph; None where they were added."""
    for step, spec in unit.steps:
        try:
            emit(picture, step, spec)
        except Unsupported as error:
            if isinstance(error, NeedsOpset) and not chosen:
                raise
            return str(error)
    return None


def _side(value: Any, name: str) -> str | int:
    return name if getattr(value, "expression", None) is not None else int(value[0])


def described(pipe: Transform) -> dict[str, str]:
    """What a model keeps of its pipeline: the file and its hash, where it can be saved, and the versions; under the
    names that they have in a run's Parquet files, whose hash it is.
    """
    from twinlens import SEMANTICS, __version__
    from twinlens.data.manifest import describe

    versions = {"twinlens.semantics": str(SEMANTICS), "twinlens.version": __version__}
    try:
        data = describe(pipe)
    except (PipelineFileError, PluginError):  # transforms that no plugin brings
        return versions
    digest = data.pop("pipeline_sha256")
    return {"twinlens.pipeline": json.dumps(data), "twinlens.pipeline_sha256": digest, **versions}


def image_info(
    name: str, layout: Layout, channels: int, sizes: Sequence[str | int | None] = ("batch", "height", "width")
) -> ValueInfoProto:
    """The input of a graph that begins with a pipeline. sizes: N, H and W, None for one without a name."""
    from onnx import TensorProto, helper

    batch, *sides = sizes
    shape = [batch, channels, *sides] if layout == "chw" else [batch, *sides, channels]
    info: ValueInfoProto = helper.make_tensor_value_info(name, TensorProto.UINT8, shape)
    return info


def to_model(
    pipe: Transform, *, layout: Layout, channels: int, opset: int | None, input_name: str, output_name: str
) -> ModelProto:
    """The model of a pipeline alone."""
    from onnx import helper

    done = fill(pipe, input_name, output_name, layout=layout, channels=channels, opset=opset, prefix="twinlens/")
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(done.dtype))
    graph = helper.make_graph(
        done.graph.nodes,
        "twinlens",
        [image_info(input_name, layout, channels)],
        [helper.make_tensor_value_info(output_name, kind, done.shape)],
        done.graph.initializers,
    )
    opset = done.graph.opset
    model: ModelProto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="twinlens", ir_version=FORMATS[opset]
    )
    helper.set_model_props(model, described(pipe))
    return model
