"""Pipelines for other runtimes: ONNX graphs that compute the same pixels from the same images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from twinlens.errors import ArgumentError, ExportError
from twinlens.export import model as models
from twinlens.export.model import Layout

if TYPE_CHECKING:
    from onnx import ModelProto

    from twinlens.transforms.base import Transform

__all__ = ["Layout", "onnx", "prepend", "save"]


def onnx(
    pipe: Transform,
    path: str | os.PathLike[str] | None = None,
    *,
    layout: Layout = "hwc",
    channels: int = 3,
    opset: int | None = None,
    input_name: str = "image",
    output_name: str = "output",
) -> ModelProto:
    """A deterministic pipeline as an ONNX model, also written to `path` where that is given.

    The input is uint8, (N, H, W, C) for layout="hwc" or (N, C, H, W) for "chw", of any N, H and W; the images of a
    batch share one size. The output is what `pipe(image)` gives for an array, or for a tensor with "chw", with N in
    front: the same bits, in ONNX Runtime on a CPU. opset: None takes 12, or what the graph needs. The model's metadata
    hold the pipeline as JSON and its SHA-256, where it can be saved, and the version of the pixel contract.

    Raises ExportError, which names every transform that has no graph, before anything is written. An image of a size
    that the pipeline refuses is not checked for by the graph.

    >>> from twinlens import export, transforms as T
    >>> model = export.onnx(T.Compose([T.Resize(256), T.CenterCrop(224), T.ToTensor()]))
    >>> [d.dim_value or d.dim_param for d in model.graph.output[0].type.tensor_type.shape.dim]
    ['batch', 3, 224, 224]
    """
    _check_installed()
    models.check_options(pipe, layout, channels, opset)
    _check_name("input_name", input_name)
    _check_name("output_name", output_name)
    if input_name == output_name:
        raise ArgumentError(f"input_name and output_name are both {input_name!r}")
    made = models.to_model(
        pipe, layout=layout, channels=channels, opset=opset, input_name=input_name, output_name=output_name
    )
    if path is not None:
        save(made, path)
    return made


def prepend(
    model: ModelProto | str | os.PathLike[str],
    pipe: Transform,
    path: str | os.PathLike[str] | None = None,
    *,
    model_input: str | None = None,
    layout: Layout = "hwc",
    channels: int = 3,
    opset: int | None = None,
    input_name: str = "image",
    output_name: str | None = None,
) -> ModelProto:
    """A model, or the file of one, with a pipeline in front: it takes uint8 images as `onnx` says.

    model_input: which input takes the pipeline's result; None where there is one only. The model keeps its opset,
    unless another is asked for or the pipeline needs more: it is then converted. output_name: another name for its only
    output.

    Raises ExportError where the pipeline has no graph, or makes another dtype or shape than the model takes.

    >>> from onnx import parser
    >>> from twinlens import export, transforms as T
    >>> text = '<ir_version: 8, opset_import: ["" : 17]> f (float[n, 3, 8, 8] x) => (float[n, 3, 8, 8] y) {y = Relu(x)}'
    >>> joined = export.prepend(parser.parse_model(text), T.Compose([T.Resize((8, 8)), T.ToTensor()]))
    >>> [value.name for value in (*joined.graph.input, *joined.graph.output)]
    ['image', 'y']
    """
    _check_installed()
    from twinlens.export.joining import join

    models.check_options(pipe, layout, channels, opset)
    _check_name("input_name", input_name)
    if output_name is not None:
        _check_name("output_name", output_name)
    made = join(
        model, pipe, replaces=model_input, layout=layout, channels=channels, opset=opset, input_name=input_name,
        output_name=output_name,
    )  # fmt: skip
    if path is not None:
        save(made, path)
    return made


def save(model: ModelProto, path: str | os.PathLike[str]) -> None:
    """Writes a model to a file, all or nothing. A model of 2 GiB or more fits in no file; ONNX has it in two:
    `onnx.save(model, path, save_as_external_data=True)`.
    """
    from twinlens.data import durable

    target = Path(path)
    if not target.parent.is_dir():
        raise ExportError(f"{target}: the folder {target.parent} does not exist")
    try:
        data = model.SerializeToString()
    except Exception:  # protobuf's own, another one in every version
        raise ExportError(
            f"{target}: the model is of 2 GiB or more: leave the path out, and write what is returned with "
            "onnx.save(model, path, save_as_external_data=True)"
        ) from None
    try:
        with durable.write(target) as partial:
            partial.write_bytes(data)
    except OSError as error:
        raise ExportError(f"{target}: {error.strerror or error}") from None


def _check_installed() -> None:
    try:
        import onnx as _  # noqa: F401
    except ImportError:
        raise ExportError("exporting wants onnx: pip install twinlens[export]") from None


def _check_name(option: str, name: object) -> None:
    if not isinstance(name, str) or not name or name.startswith("twinlens/"):
        raise ArgumentError(f"{option}={name!r} must be a name that does not begin with 'twinlens/'")
