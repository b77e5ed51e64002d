"""What every function does: some steps, run on an image, a batch, a structure, or on a mask or points alone."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.errors import ArgumentError
from twinlens.pipeline import movers
from twinlens.pipeline import run as runner
from twinlens.pipeline.images import read
from twinlens.pipeline.trace import Trace
from twinlens.transforms import base

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twinlens.pipeline.images import Images
    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec, Step

__all__ = ["Ready", "applied", "made", "number", "whole"]


class Ready(base.Transform):
    """The steps of one function, which nothing draws."""

    def __init__(self, steps: Callable[[Spec], Iterable[Step]]) -> None:
        super().__init__()
        self.__dict__["_steps"] = steps

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        found: Iterable[Step] = self.__dict__["_steps"](spec)
        return found


@lru_cache(maxsize=256, typed=True)
def _kept(make: Callable[..., base.Transform], types: tuple[type, ...], *arguments: Any) -> base.Transform:  # noqa: ARG001
    return make(*arguments)


_PLAIN = (int, float, str, Enum, torch.dtype, type(None))


def _is_plain(value: Any) -> bool:
    return isinstance(value, _PLAIN) or (isinstance(value, tuple) and all(isinstance(v, _PLAIN) for v in value))


def made(make: Callable[..., base.Transform], *arguments: Any) -> base.Transform:
    """make(*arguments), kept for the next call with the same: a transform prepares itself for sizes that it sees."""
    plain = [tuple(value) if isinstance(value, list) else value for value in arguments]
    if not all(map(_is_plain, plain)):
        return make(*arguments)
    return _kept(make, tuple(type(v) for value in plain if isinstance(value, tuple) for v in value), *plain)


_ROLES = {"Mask": "mask", "BoundingBoxes": "boxes", "KeyPoints": "keypoints"}


def applied(inpt: Any, transform: base.Transform) -> Any:
    """`inpt` after the transform, as the same kind of thing. torchvision's Mask, BoundingBoxes and KeyPoints come alone
    too: they know the size of their image.
    """
    kind = type(inpt)
    role = _ROLES.get(kind.__name__) if kind.__module__.startswith("torchvision.tv_tensors") else None
    if role is None:
        return transform(inpt)
    images = _canvas(inpt, role)
    trace = Trace(images.spec, np.zeros(len(images.spec), np.uint64), images.kind)
    plan, _ = runner.lower_units(transform.units(""), trace)
    return movers.read(role, inpt, 0, images).move(plan, None).hand_back()


def _canvas(value: Any, role: str) -> Images:
    """Images of the size that masks or points belong to, of which nobody looks at a pixel."""
    size = tuple(value.shape[-2:]) if role == "mask" else tuple(value.canvas_size)
    lead = (value.shape[0],) if role == "mask" and value.ndim == 4 else ()
    one = torch.empty((1,) * (1 + len(size)), dtype=torch.uint8, device=value.device)
    return read(one.expand(*lead, 1, *size))


def number(name: str, value: Any, low: float, high: float) -> float:
    """A number within both; ArgumentError for all else."""
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not real or not low <= value <= high:
        raise ArgumentError(f"{name}={value!r} must be a number from {low:g} to {high:g}")
    return float(value)


_FARTHEST = 1 << 20


def whole(**values: Any) -> list[int]:
    """Integers of a sensible size; ArgumentError for all else."""
    for name, value in values.items():
        integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not integer or abs(value) > _FARTHEST:
            raise ArgumentError(f"{name}={value!r} must be an integer of at most {_FARTHEST}")
    return [int(value) for value in values.values()]
