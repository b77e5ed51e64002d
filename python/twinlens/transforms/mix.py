"""MixUp and CutMix: samples of a batch mixed with each other."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from pydantic import BeforeValidator, Field

from twinlens import _native
from twinlens.errors import InputError
from twinlens.pipeline.mix import default_labels
from twinlens.steps.device import movable
from twinlens.transforms import base

if TYPE_CHECKING:
    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec

__all__ = ["BatchMix", "CutMix", "MixUp"]

_TRIES = 128
_LARGEST_ALPHA = 1000.0


def symmetric_beta(draws: Draws, alpha: float, *, first: int = 0) -> tuple[float, int]:
    """A number of the distribution Beta(alpha, alpha), and the number of the next draw that is free.

    alpha < 1: Johnk's method (1964) on logarithms; from 1 on rejection against the uniform distribution. Logarithms and
    exponentials are the core's own, so that no C library decides a number. 1/2 if nothing is accepted, which has a
    chance below 1e-5.
    """
    tries = _TRIES * max(1, round(math.sqrt(alpha)))
    pairs = draws.uniform(2 * tries, first=first).reshape(tries, 2)
    logs = np.asarray(_native.log(1.0 - pairs))
    if alpha < 1.0:
        x, y = logs[:, 0] / alpha, logs[:, 1] / alpha
        accepted = np.asarray(_native.exp(x)) + np.asarray(_native.exp(y)) <= 1.0
        values = 1.0 / (1.0 + np.asarray(_native.exp(y - x)))
    else:
        values = pairs[:, 0]
        hill = np.asarray(_native.log(np.maximum(4.0 * values * (1.0 - values), 1e-300)))
        accepted = logs[:, 1] <= (alpha - 1.0) * hill
    return (float(values[np.argmax(accepted)]) if accepted.any() else 0.5), first + 2 * tries


def _alpha(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value <= _LARGEST_ALPHA:
        raise ValueError(f"alpha={value!r} must be a number above 0, at most {_LARGEST_ALPHA:.0f}")
    return float(value)


def _classes(value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError(f"num_classes={value!r} must be a positive integer or None")
    return value


def _getter(value: Any) -> Any:
    if value is not None and value != "default" and not callable(value):
        raise ValueError(f"labels_getter={value!r} must be 'default', a function or None")
    return value


class BatchMix(base.Transform, ABC):
    """Base of the transforms that mix the samples of a batch. It draws once a batch, from the ordered keys."""

    is_random = True
    is_opaque = True

    @property
    def mixes(self) -> bool:
        """Always."""
        return True

    def labels_of(self, structure: Any) -> Any:
        """The labels in what the pipeline was called with; None without."""
        getter: Callable[[Any], Any] | str | None = self.labels_getter
        return default_labels(structure) if getter == "default" else getter(structure) if callable(getter) else None

    @abstractmethod
    def mix(self, params: Params, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) of any device to the same."""

    def mix_labels(self, params: Params, labels: torch.Tensor, batch: int) -> torch.Tensor:
        """(B,) integers or (B, classes) numbers to (B, classes) float32."""
        share = float(params["label_share"][0])
        name = type(self).__name__
        if not isinstance(labels, torch.Tensor) or labels.ndim not in (1, 2) or len(labels) != batch:
            got = tuple(labels.shape) if isinstance(labels, torch.Tensor) else type(labels).__name__
            raise InputError(f"{name}: labels must be a tensor ({batch},) or ({batch}, num_classes), got {got}")
        classes = self.num_classes
        if labels.ndim == 1:
            if classes is None:
                raise InputError(f"{name}: labels of shape {tuple(labels.shape)} need num_classes")
            labels = (labels.unsqueeze(1) == torch.arange(classes, device=labels.device)).to(torch.int64)
        elif classes is not None and labels.shape[1] != classes:
            raise InputError(f"{name}: labels have {labels.shape[1]} classes, num_classes={classes}")
        hot = labels if labels.is_floating_point() else labels.to(torch.float32)
        return hot.roll(1, 0) * (1.0 - share) + hot * share


class MixUpConfig(base.Config):
    alpha: Annotated[float, BeforeValidator(_alpha)] = 1.0
    num_classes: Annotated[int | None, BeforeValidator(_classes)] = None
    labels_getter: Annotated[Any, BeforeValidator(_getter)] = Field(
        "default", description="Where the labels are: 'default', a key, or a function of the sample."
    )


class MixUp(BatchMix):
    """Every sample becomes `share * sample + (1 - share) * the one before it`, images and labels alike, torchvision's.

    One share a batch, of the distribution Beta(alpha, alpha). uint8 and uint16 take the share in 16 bits and round half
    up; float32 is torchvision's arithmetic. Takes (images, labels) or a dict, images of one size, labels (B,) with
    `num_classes`, or (B, num_classes); labels come out as float32. labels_getter: "default" finds them as torchvision
    does, a function is given the whole structure, None leaves labels alone. A single sample is an `InputError`.

    >>> import torch
    >>> from twinlens import transforms as T
    >>> images, labels = T.MixUp(num_classes=3)(torch.zeros(2, 3, 4, 4), torch.tensor([0, 2]))
    >>> labels.shape, labels.sum(1).tolist()
    (torch.Size([2, 3]), [1.0, 1.0])
    """

    Config = MixUpConfig

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        num_classes: int | None = None,
        labels_getter: Any = "default",
        name: str | None = None,
    ) -> None:
        super().__init__(alpha=alpha, num_classes=num_classes, labels_getter=labels_getter, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"label_share": np.array([symmetric_beta(draws, self.alpha)[0]])}

    def mix(self, params: Params, x: torch.Tensor) -> torch.Tensor:
        share = float(params["label_share"][0])
        if x.is_floating_point():
            return x.roll(1, 0) * (1.0 - share) + x * share
        weight = int(share * 65536.0 + 0.5)
        whole = x.to(torch.int64)
        mixed = (whole * weight + whole.roll(1, 0) * (65536 - weight) + 32768) >> 16
        return mixed.to(torch.int32).to(x.dtype)


class CutMix(BatchMix):
    """A rectangle of every image is taken from the sample before it; labels are mixed by area, torchvision's.

    One rectangle a batch: its centre anywhere, its sides `sqrt(1 - share)` of the image's, cut off at the borders;
    share of the distribution Beta(alpha, alpha). Any dtype. Images and labels as for MixUp.

    >>> import torch
    >>> from twinlens import transforms as T
    >>> images, labels = T.CutMix(num_classes=2)(torch.zeros(2, 3, 4, 4), torch.tensor([0, 1]))
    >>> labels.sum(1).tolist()
    [1.0, 1.0]
    """

    Config = MixUpConfig

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        num_classes: int | None = None,
        labels_getter: Any = "default",
        name: str | None = None,
    ) -> None:
        super().__init__(alpha=alpha, num_classes=num_classes, labels_getter=labels_getter, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        h, w, _ = spec.shape(0)
        share, free = symmetric_beta(draws, self.alpha)
        x, y = (int(draws.below(n, first=free + i)[0]) for i, n in enumerate((w, h)))
        half = 0.5 * math.sqrt(1.0 - share)
        half_w, half_h = int(half * w), int(half * h)
        x0, x1 = max(x - half_w, 0), min(x + half_w, w)
        y0, y1 = max(y - half_h, 0), min(y + half_h, h)
        left = 1.0 - (x1 - x0) * (y1 - y0) / (w * h)
        return {"box": np.array([[x0, y0, x1, y1]]), "label_share": np.array([left])}

    def mix(self, params: Params, x: torch.Tensor) -> torch.Tensor:
        x0, y0, x1, y1 = params["box"][0].tolist()
        mixed = movable(x).clone()
        mixed[..., y0:y1, x0:x1] = movable(x).roll(1, 0)[..., y0:y1, x0:x1]
        return mixed.view(x.dtype)
