"""Exported models, run on one thread of ONNX Runtime and compared with the native engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray

from twinlens import export
from twinlens.transforms import Transform

__all__ = ["Twin", "session"]


def session(model: onnx.ModelProto, *, optimized: bool = True) -> onnxruntime.InferenceSession:
    """Of a model that keeps ONNX's rules. optimized: as ONNX Runtime rewrites it, or as it is."""
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    if not optimized:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


class Twin:
    """A pipeline and its graph."""

    def __init__(
        self, pipe: Transform, layout: Any = "hwc", channels: int = 3, opset: int | None = None, optimized: bool = True
    ) -> None:
        self.pipe, self.layout, self.channels = pipe, layout, channels
        self.model = export.onnx(pipe, layout=layout, channels=channels, opset=opset)
        self._session = session(self.model, optimized=optimized)

    def image(self, h: int, w: int, seed: int = 0) -> NDArray[np.uint8]:
        """(H, W, C) or (C, H, W): noise, on a part of it flat black and white, where filters overshoot."""
        image = np.random.default_rng(seed).integers(0, 256, (h, w, self.channels), np.uint8)
        image[: h // 2, : w // 2] = np.where(image[: h // 2, : w // 2] < 128, 0, 255)
        return image if self.layout == "hwc" else np.ascontiguousarray(image.transpose(2, 0, 1))

    def run(self, images: NDArray[Any]) -> NDArray[Any]:
        """The graph's results for a batch."""
        done: NDArray[Any] = self._session.run(None, {"image": images})[0]
        return done

    def wanted(self, image: NDArray[Any]) -> NDArray[Any]:
        """The native engine's result for one image."""
        done = self.pipe(torch.from_numpy(image) if self.layout == "chw" else image)
        return np.asarray(done)

    def check(self, h: int, w: int, seed: int = 0) -> None:
        """Not one bit differs."""
        image = self.image(h, w, seed)
        wanted, done = self.wanted(image), self.run(image[None])[0]
        assert (done.shape, done.dtype) == (wanted.shape, wanted.dtype), (h, w)
        bits = np.dtype(f"u{done.itemsize}")
        differing = int((done.view(bits) != wanted.view(bits)).sum()) if done.size else 0
        assert differing == 0, f"{differing} of {done.size} values differ at {h}x{w}"
