"""An ONNX model behind the pipeline."""

from __future__ import annotations

import json
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.data.encoding import as_array
from twinlens.errors import ArgumentError, InputError
from twinlens.serve.replies import npy, numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.transforms import Transform

__all__ = ["Model"]

_KINDS = {
    "tensor(float)": "float32",
    "tensor(uint8)": "uint8",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
}


class Model:
    """Run by onnxruntime on CPU, in the thread that calls it, an image at a time: what else is in a batch would show in
    the last bits of a sum.

    The model has one input, (1, C, H, W) or whatever the pipeline's result is with an axis for the batch before it.
    Raises ArgumentError for what is no such model.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = fspath(path)
        self._session = _session(Path(path))
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise ArgumentError(f"{self.path}: the model has {len(inputs)} inputs; wants one, for the image")
        self._input, self._dtype = inputs[0].name, _KINDS.get(inputs[0].type, "")
        if not self._dtype:
            raise ArgumentError(f"{self.path}: the input is {inputs[0].type}; wants one of {', '.join(_KINDS)}")
        self._outputs = [output.name for output in self._session.get_outputs()]

    def try_on(self, pipe: Transform) -> None:
        """ArgumentError where the model does not take what `pipe` gives, or where its outputs are no arrays."""
        if pipe.random:
            raise ArgumentError("a model wants a pipeline that draws nothing, the one of evaluation; this one draws")
        try:
            self.json(pipe(np.zeros((480, 640, 3), np.uint8)))
        except Exception as error:
            words = " ".join(str(error).split())
            raise ArgumentError(f"{self.path}: the model does not run on the pipeline's results: {words}") from None

    def outputs(self, result: Any) -> dict[str, NDArray[Any]]:
        """By name, without the axis of the batch."""
        array, dtype, _ = as_array(result)
        if dtype != self._dtype:
            raise InputError(f"the model takes {self._dtype}, the pipeline gives {dtype}")
        found = self._session.run(self._outputs, {self._input: np.ascontiguousarray(array)[None]})
        return {name: value[0] for name, value in zip(self._outputs, found, strict=True)}

    def json(self, result: Any) -> bytes:
        """{"outputs": {name: numbers}}."""
        return json.dumps({"outputs": {name: numbers(value) for name, value in self.outputs(result).items()}}).encode()

    def npy(self, result: Any) -> bytes:
        """The first output as a .npy file."""
        return npy(self.outputs(result)[self._outputs[0]])


def _session(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise ArgumentError("a model needs onnxruntime: pip install onnxruntime") from None
    if not path.is_file():
        raise ArgumentError(f"{path}: no such file")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class for each of its statuses
        raise ArgumentError(f"{path}: not a model that onnxruntime runs: {' '.join(str(error).split())}") from None
