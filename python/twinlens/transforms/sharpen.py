"""RandomAdjustSharpness."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BeforeValidator

from twinlens.steps import Sharpness
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

__all__ = ["RandomAdjustSharpness"]


def _factor(value: Any) -> float:
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not 0 <= value <= 1e6:
        raise ValueError(f"wants a number from 0 to 1e6, got {value!r}")
    return float(value)


class AdjustSharpnessConfig(base.Config):
    sharpness_factor: Annotated[float, BeforeValidator(_factor)]
    p: Probability = 0.5


class RandomAdjustSharpness(base.Transform):
    """Pillow's ImageEnhance.Sharpness with probability `p`, each image of a batch by itself; 0 pixels from PIL.

    sharpness_factor: at least 0; 0 smooths, 1 leaves the image as it is, 2 doubles the sharpness. uint8, uint16 and
    float32 (torchvision's float form, clipped to 0..1). Masks, boxes and keypoints stay.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> edge = np.array([[0, 100, 100]] * 3, np.uint8)
    >>> T.RandomAdjustSharpness(2, p=1.0)(edge)[1].tolist()
    [0, 123, 100]
    """

    Config = AdjustSharpnessConfig
    is_random = True

    def __init__(self, sharpness_factor: float, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(sharpness_factor=sharpness_factor, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"adjusted": draws.uniform()[:, 0] < self.p}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        yield Sharpness(np.array([self.sharpness_factor]), active=params["adjusted"])
