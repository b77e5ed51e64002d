"""HostFunction: a Python function of one NumPy image, as a step."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch

from twinlens.errors import EngineError, HostCopyWarning, InputError
from twinlens.steps.base import Step
from twinlens.steps.frozen import changed
from twinlens.steps.spec import Ints, Spec

__all__ = ["HostFunction"]


@dataclass(frozen=True, eq=False)
class HostFunction(Step):
    """`function(image, **parameters)` for every image: (H, W, C) array to an array of the same shape and dtype.

    parameters: arrays with a row an image; the function gets each image's own. dtypes, channels: what it takes, None
    for all. The array that it is given is its own to change. It runs on the host: tensors of a card are copied there
    and back, which a HostCopyWarning says; copies=False makes that an EngineError instead.
    """

    name: str
    function: Callable[..., Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    dtypes: tuple[str, ...] | None = None
    channels: tuple[int, ...] | None = None
    copies: bool = True

    def result(self, spec: Spec) -> Spec:
        if self.dtypes is not None and spec.dtype not in self.dtypes:
            raise InputError(f"{self.name}: takes {', '.join(self.dtypes)}, the image is {spec.dtype}")
        if self.channels is not None and not (known := np.isin(spec.c, self.channels)).all():
            i = int(np.argmin(known))
            wants = " or ".join(map(str, self.channels))
            raise InputError(f"{self.name}: wants {wants} channels, image has {int(spec.c[i])} {spec.shape(i)}")
        return spec

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        if x.device.type != "cpu":
            return self._elsewhere(x, spec)
        if x.dtype == torch.bfloat16:
            raise InputError(f"{self.name}: runs on NumPy arrays, which know no bfloat16; convert the image first")
        done = [self._one(image, self._row(i, len(x))) for i, image in enumerate(x.permute(0, 2, 3, 1).numpy())]
        return torch.from_numpy(np.stack(done)).permute(0, 3, 1, 2) if done else x

    def select(self, rows: Ints) -> Self:
        chosen = {name: value[rows] if len(value) > 1 else value for name, value in self.parameters.items()}
        return changed(super().select(rows), parameters=chosen)

    def describe(self) -> str:
        return f"HostFunction({self.name}, parameters={', '.join(self.parameters) or 'none'})"

    def _row(self, i: int, n: int) -> dict[str, Any]:
        return {name: value[i] if len(value) == n else value[0] for name, value in self.parameters.items()}

    def _one(self, image: np.ndarray[Any, Any], parameters: dict[str, Any]) -> np.ndarray[Any, Any]:
        done = np.asarray(self.function(image.copy(), **parameters))
        if done.ndim == 2 and image.shape[2] == 1:
            done = done[..., None]  # OpenCV drops the channel of gray images
        if done.shape != image.shape or done.dtype != image.dtype:
            raise InputError(
                f"{self.name}: its function made {done.shape} {done.dtype} of {image.shape} {image.dtype}; "
                "shape and dtype must stay"
            )
        return done

    def _elsewhere(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        if not self.copies:
            raise EngineError(f"{self.name}: runs on the host and has no twin for {x.device}; call image.cpu() first")
        warnings.warn(
            f"{self.name} runs on the host: its images are copied from {x.device} and back, at every call",
            HostCopyWarning, stacklevel=2,
        )  # fmt: skip
        return self.batched(x.cpu(), spec).to(x.device)
