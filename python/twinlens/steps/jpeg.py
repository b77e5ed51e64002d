"""JpegArtifact: what encoding and decoding leaves of an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from twinlens.errors import EngineError, InputError
from twinlens.steps.base import Step
from twinlens.steps.spec import Ints, Spec

__all__ = ["JpegArtifact"]


@dataclass(frozen=True, eq=False)
class JpegArtifact(Step):
    """uint8 gray or RGB through an encoder at `quality`, (1,) or (B,) int64, 1 to 100, and back.

    jpeg: libjpeg-turbo's, 4:2:0, accurate transforms: the bytes and the pixels of Pillow, OpenCV and torchvision.io at
    their defaults. webp: libwebp's lossy. The codecs run on the host, image by image; there is no twin for a card.
    """

    quality: Ints
    codec: Literal["jpeg", "webp"] = "jpeg"

    def result(self, spec: Spec) -> Spec:
        if spec.dtype != "uint8":
            raise InputError(f"JpegArtifact: takes uint8, the image is {spec.dtype}")
        wrong = (spec.c != 1) & (spec.c != 3)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise InputError(f"JpegArtifact: wants 1 or 3 channels, image has {int(spec.c[i])} {spec.shape(i)}")
        largest = 65500 if self.codec == "jpeg" else 16383
        if (spec.h > largest).any() or (spec.w > largest).any():
            i = int(np.argmax(np.maximum(spec.h, spec.w)))
            raise InputError(f"JpegArtifact: {self.codec} holds sides up to {largest}, the image is {spec.shape(i)}")
        return spec

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        if x.device.type != "cpu":
            raise EngineError(
                f"JpegArtifact: encodes on the host and has no twin for {x.device}; call image.cpu() first"
            )
        if not len(x):
            return x
        images = x.permute(0, 2, 3, 1).numpy()
        quality = np.broadcast_to(self.quality, spec.h.shape).tolist()
        done = [_through(image, self.codec, q) for image, q in zip(images, quality, strict=True)]
        stacked = done[0][None] if len(done) == 1 else np.stack(done)
        return torch.from_numpy(stacked).permute(0, 3, 1, 2)


def _through(image: np.ndarray[Any, Any], codec: str, quality: int) -> np.ndarray[Any, Any]:
    """(H, W, 1 or 3) encoded and decoded. OpenCV is the fastest of those that give these pixels; it has blue first."""
    import cv2

    suffix, flag = (".jpg", cv2.IMWRITE_JPEG_QUALITY) if codec == "jpeg" else (".webp", cv2.IMWRITE_WEBP_QUALITY)
    if image.shape[2] == 1:
        data = cv2.imencode(suffix, np.ascontiguousarray(image), [flag, quality])[1]
        return _decoded(data, cv2.IMREAD_GRAYSCALE)[..., None]
    data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [flag, quality])[1]
    return cv2.cvtColor(_decoded(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def _decoded(data: np.ndarray[Any, Any], flag: int) -> np.ndarray[Any, Any]:
    import cv2

    image = cv2.imdecode(data, flag)
    if image is None:
        raise EngineError("JpegArtifact: OpenCV does not decode what it encoded")
    return image
