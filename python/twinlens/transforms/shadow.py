"""RandomShadow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BeforeValidator

from twinlens.steps import Overlay
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens.transforms.dropout import IntegerRange
from twinlens.transforms.noise import Shares, drawn, largest_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

__all__ = ["RandomShadow"]


def _roi(value: Any) -> tuple[float, float, float, float]:
    numbers = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else ()
    plain = all(isinstance(v, int | float) and not isinstance(v, bool) and 0 <= v <= 1 for v in numbers)
    if len(numbers) != 4 or not plain or numbers[0] >= numbers[2] or numbers[1] >= numbers[3]:
        raise ValueError(f"wants shares x_min, y_min, x_max, y_max from 0 to 1, the smaller first, got {value!r}")
    x0, y0, x1, y1 = (float(v) for v in numbers)
    return x0, y0, x1, y1


def _dimension(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 3 <= value <= 64:
        raise ValueError(f"wants an integer from 3 to 64, got {value!r}")
    return value


class RandomShadowConfig(base.Config):
    shadow_roi: Annotated[tuple[float, float, float, float], BeforeValidator(_roi)] = (0.0, 0.5, 1.0, 1.0)
    num_shadows_limit: IntegerRange = (1, 2)
    shadow_dimension: Annotated[int, BeforeValidator(_dimension)] = 5
    shadow_intensity_range: Shares = (0.5, 0.5)
    p: Probability = 0.5


class RandomShadow(base.Transform):
    """Darkens random polygons, Albumentations': pixels inside are multiplied by 1 - intensity.

    shadow_roi: where vertices may lie, shares x_min, y_min, x_max, y_max of the image. num_shadows_limit: how many,
    both ends included. shadow_dimension: vertices of each, 3 to 64; lines may cross. shadow_intensity_range: of every
    shadow. Masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> shadowed = T.RandomShadow((0, 0, 1, 1), p=1.0)(np.full((64, 64), 100, np.uint8), key=1)
    >>> sorted(set(shadowed.ravel().tolist()) - {25})
    [50, 100]
    """

    Config = RandomShadowConfig
    is_random = True

    def __init__(
        self,
        shadow_roi: Any = (0, 0.5, 1, 1),
        num_shadows_limit: Any = (1, 2),
        shadow_dimension: int = 5,
        shadow_intensity_range: Any = (0.5, 0.5),
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            shadow_roi=shadow_roi,
            num_shadows_limit=num_shadows_limit,
            shadow_dimension=shadow_dimension,
            shadow_intensity_range=shadow_intensity_range,
            p=p,
            name=name,
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        low, high = self.num_shadows_limit
        x0, y0, x1, y1 = self.shadow_roi
        size = np.stack((spec.w, spec.h), 1)
        start = np.floor(size * (x0, y0))
        room = np.maximum(np.floor(size * (x1, y1)) - start, 1)
        corners = 2 * high * self.shadow_dimension
        u = draws.uniform(corners, first=2 + high).reshape(-1, high, self.shadow_dimension, 2)
        places = start[:, None, None] + np.floor(u * room[:, None, None])
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "count": low + draws.below(high - low + 1, first=1),
            "intensity": np.stack([drawn(draws, self.shadow_intensity_range, 2 + i) for i in range(high)], 1),
            "polygons": places.astype(np.int64),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        largest_of("RandomShadow", spec)
        yield Overlay(params["polygons"], params["count"], 1.0 - params["intensity"], active=params["active"])
