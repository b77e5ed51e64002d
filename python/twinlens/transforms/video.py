"""UniformTemporalSubsample: some frames of a video."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from twinlens.errors import InputError
from twinlens.pipeline.containers import plain_tensor, tv_image
from twinlens.pipeline.sample import split
from twinlens.transforms import base
from twinlens.transforms.boxes import OnSample
from twinlens.transforms.sizes import Side

__all__ = ["UniformTemporalSubsample"]


class SubsampleConfig(base.Config):
    num_samples: Side


class UniformTemporalSubsample(OnSample):
    """Keeps `num_samples` frames of a video (..., T, C, H, W), evenly from the first to the last. Source: torchvision.

    A tensor, torchvision's Video or an array (T, H, W, C). Frames are repeated where the video has fewer.

    >>> import torch
    >>> from twinlens import transforms as T
    >>> T.UniformTemporalSubsample(3)(torch.arange(9.0).reshape(9, 1, 1, 1)).flatten().tolist()
    [0.0, 4.0, 8.0]
    """

    Config = SubsampleConfig

    def __init__(self, num_samples: int, *, name: str | None = None) -> None:
        super().__init__(num_samples=num_samples, name=name)

    def apply_to_sample(self, sample: Any) -> Any:
        found = split((sample,), {})
        return found.rebuild(
            [self._frames(leaf.value) if leaf.role == "image" else leaf.value for leaf in found.leaves]
        )

    def _frames(self, video: Any) -> Any:
        if not isinstance(video, torch.Tensor | np.ndarray) or video.ndim < 4:
            shape = tuple(getattr(video, "shape", ())) or type(video).__name__
            raise InputError(f"UniformTemporalSubsample: got {shape}; wants a video (..., T, C, H, W)")
        picked = torch.linspace(0, video.shape[-4] - 1, self.num_samples).long()
        if isinstance(video, np.ndarray):
            return np.take(video, picked.numpy(), axis=video.ndim - 4)
        frames = plain_tensor(video).index_select(-4, picked.to(video.device))
        is_video = type(video).__module__.startswith("torchvision.tv_tensors")
        return tv_image(frames, type(video).__name__) if is_video else frames
