"""Somebody else's model: read, looked at, and brought to an opset."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinlens.errors import ArgumentError, ExportError
from twinlens.export.model import OPSET

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["converted", "opset_of", "read"]

_ONNX = ("", "ai.onnx")  # the domain of its own operators


def read(model: Any) -> ModelProto:
    """A copy of a model, or the model in a file, with its weights."""
    import onnx

    if isinstance(model, onnx.ModelProto):
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        return _checked(copy)
    if not isinstance(model, str | os.PathLike):
        raise ArgumentError(f"model={type(model).__name__} must be a path or an onnx.ModelProto")
    try:
        loaded = onnx.load(Path(model))
    except FileNotFoundError:
        raise ExportError(f"{model}: no such file") from None
    except OSError as error:
        raise ExportError(f"{model}: {error.strerror or error}") from None
    except Exception as error:  # protobuf's own, and of weights in a file that is not there
        raise ExportError(f"{model}: not an ONNX model that can be read: {error}") from None
    if not loaded.HasField("graph"):
        raise ExportError(f"{model}: not an ONNX model that can be read: it holds no graph")
    return _checked(loaded)


def _checked(model: ModelProto) -> ModelProto:
    """With its weights, and an opset of ONNX's own operators, which a model of others need not have."""
    from onnx import external_data_helper, helper

    if any(external_data_helper.uses_external_data(tensor) for tensor in model.graph.initializer):
        raise ArgumentError("model: its weights are in other files: give the model's path, or load them with it")
    if model.opset_import and all(entry.domain not in _ONNX for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid("", OPSET))
    return model


def opset_of(model: ModelProto) -> int:
    """Of ONNX's own operators."""
    return next((entry.version for entry in model.opset_import if entry.domain in _ONNX), 1)


def converted(model: ModelProto, opset: int | None) -> ModelProto:
    """Of the opset that is asked for; without, of its own, or of the first that a pipeline can be written in."""
    from onnx import inliner, version_converter

    has = opset_of(model)
    to = max(has, OPSET) if opset is None else opset
    if has == to:
        return model
    failed = f"the model is of opset {has} and cannot be converted to {to}"
    if model.functions:  # the converter leaves them out
        model = inliner.inline_local_functions(model)
    if model.functions:
        listed = ", ".join(function.name for function in model.functions)
        raise ExportError(f"{failed}: it has functions of another opset: {listed}")
    try:
        return version_converter.convert_version(model, to)
    except Exception as error:  # the converter's are RuntimeErrors of C++, one kind a cause
        raise ExportError(f"{failed}: {str(error).rpartition('failed: ')[2]}") from None
