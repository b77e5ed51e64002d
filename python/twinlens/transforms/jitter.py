"""ColorJitter: brightness, contrast, saturation and hue by chance, in an order by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from pydantic import BeforeValidator

from twinlens.errors import InputError
from twinlens.pipeline.blanks import Blanks, jitter
from twinlens.steps import Adjust
from twinlens.transforms import base

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.adjust.step import AdjustKind
    from twinlens.steps.spec import Bools, Reals

__all__ = ["ColorJitter", "adjusted"]

_KINDS: tuple[AdjustKind, ...] = ("brightness", "contrast", "saturation", "hue")


def _around(center: float, low: float, high: float, *, clips: bool) -> Any:
    """A validator: one number is a range around `center`, two are a range; `center` alone is None."""

    def check(value: Any) -> tuple[float, float] | None:
        if value is None:
            return None
        numbers = tuple(value) if isinstance(value, Sequence | np.ndarray) else (value,)
        ok = len(numbers) in (1, 2) and all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
        if not ok or not all(np.isfinite(n) for n in numbers):
            raise ValueError(f"wants a finite number, or two, got {value!r}")
        if not isinstance(value, Sequence | np.ndarray):
            if value < 0:
                raise ValueError(f"wants a number that is not negative, got {value!r}")
            numbers = (center - value, center + value)
            numbers = (max(numbers[0], 0.0), numbers[1]) if clips else numbers
        if len(numbers) != 2 or not low <= numbers[0] <= numbers[1] <= high:
            raise ValueError(f"wants a range within {low} and {high}, the smaller first, got {value!r}")
        return None if numbers[0] == numbers[1] == center else (float(numbers[0]), float(numbers[1]))

    return BeforeValidator(check)


_MOST = 1e6
Factor = Annotated[tuple[float, float] | None, _around(1.0, 0.0, _MOST, clips=True)]
Turn = Annotated[tuple[float, float] | None, _around(0.0, -0.5, 0.5, clips=False)]


class ColorJitterConfig(base.Config):
    brightness: Factor = None
    contrast: Factor = None
    saturation: Factor = None
    hue: Turn = None


class ColorJitter(base.Transform):
    """Brightness, contrast, saturation and hue, each by a factor of its own and in a random order, for each image.

    brightness, contrast, saturation: a number v draws from max(0, 1 - v) to 1 + v, two numbers are the range. hue: a
    part of the circle, at most 0.5 to either side. What is 0 is left out. uint8 (Pillow's ImageEnhance and HSV, exactly
    torchvision on PIL images), uint16 and float32 (torchvision's formulas for tensors); gray images take brightness and
    contrast only. Masks, boxes and keypoints pass through.

    >>> from twinlens import transforms as T
    >>> T.ColorJitter(0.4).brightness
    (0.6, 1.4)
    """

    Config = ColorJitterConfig
    is_random = True

    def __init__(
        self, brightness: Any = None, contrast: Any = None, saturation: Any = None, hue: Any = None,
        *, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(brightness=brightness, contrast=contrast, saturation=saturation, hue=hue, name=name)

    @staticmethod
    def get_params(
        brightness: list[float] | None, contrast: list[float] | None, saturation: list[float] | None,
        hue: list[float] | None,
    ) -> tuple[torch.Tensor, float | None, float | None, float | None, float | None]:  # fmt: skip
        """torchvision's: the order and the four amounts, drawn from torch's generator."""
        order = torch.randperm(4)
        drawn = [
            None if limits is None else float(torch.empty(1).uniform_(limits[0], limits[1]))
            for limits in (brightness, contrast, saturation, hue)
        ]
        return order, drawn[0], drawn[1], drawn[2], drawn[3]

    def _ranges(self) -> dict[AdjustKind, tuple[float, float]]:
        return {kind: limits for kind in _KINDS if (limits := getattr(self.config, kind)) is not None}

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        ranges = self._ranges()
        drawn = draws.uniform(2 * len(_KINDS))
        # Sorting one uniform number for each gives every order alike.
        order = drawn[:, len(_KINDS) :].argsort(axis=1, kind="stable")
        params: Params = {"order": order}
        for kind, (low, high) in ranges.items():
            params[kind] = low + drawn[:, _KINDS.index(kind)] * (high - low)
        return params

    def blanks(self, spec: Spec) -> Blanks | None:
        if spec.indexed or spec.dtype != "uint8":
            return None
        coloured = int(spec.c[0]) > 2
        ranges = {_KINDS.index(kind): r for kind, r in self._ranges().items() if coloured or kind in _KINDS[:2]}
        steps = tuple(Adjust(_KINDS[kind], np.zeros(1)) for kind in sorted(ranges))
        return Blanks(steps, (jitter(0, ranges),) if ranges else ())

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        if spec.indexed:
            raise InputError("ColorJitter: the image is of PIL mode P or 1; convert('RGB') it first")
        order = params["order"]
        if len(order) == 1:  # all that follows, without masks
            for number in order[0].tolist():
                if _KINDS[number] in params:
                    yield from adjusted(_KINDS[number], params[_KINDS[number]], spec)
            return
        for place in range(len(_KINDS)):
            for number, kind in enumerate(_KINDS):
                if kind in params:
                    yield from adjusted(kind, params[kind], spec, order[:, place] == number)


def adjusted(kind: AdjustKind, amount: Reals, spec: Spec, active: Bools | None = None) -> Iterable[Step]:
    """One adjustment of the images that are active; saturation and hue leave gray ones as they are."""
    if kind in ("saturation", "hue") and (spec.channels or 0) < 3:
        coloured = spec.c > 2
        active = coloured if active is None else active & coloured
    chosen = len(spec) if active is None else np.count_nonzero(active)
    if chosen:
        yield Adjust(kind, amount, active=None if chosen == len(spec) else active)
