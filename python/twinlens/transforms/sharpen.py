"""RandomAdjustSharpness and UnsharpMask."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from twinlens.steps import Sharpness
from twinlens.steps import UnsharpMask as UnsharpStep
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens.transforms.blur import OddLimit, odd_sizes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

__all__ = ["RandomAdjustSharpness", "UnsharpMask"]


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


def _upto(high: float) -> BeforeValidator:
    """Two numbers from 0 to `high`, the smaller first; one number is the largest, after 0."""

    def check(value: Any) -> tuple[float, float]:
        pair = (0.0, value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise ValueError(f"wants a number (from 0 up to it) or two, got {value!r}")
        real = all(isinstance(v, int | float) and not isinstance(v, bool) for v in pair)
        if not real or not 0 <= pair[0] <= pair[1] <= high:
            raise ValueError(f"wants numbers from 0 to {high:g}, the smaller first, got {value!r}")
        return float(pair[0]), float(pair[1])

    return BeforeValidator(check)


class UnsharpMaskConfig(base.Config):
    blur_limit: OddLimit = (3, 7)
    sigma_limit: Annotated[tuple[float, float], _upto(1e4)] = (0.0, 0.0)
    alpha: Annotated[tuple[float, float], _upto(1)] = (0.2, 0.5)
    threshold: Annotated[int, Field(strict=True, ge=0, le=255)] = 10
    p: Probability = 0.5


class UnsharpMask(base.Transform):
    """Adds what a Gaussian blur takes away where that is more than `threshold`, with probability `p`.

    Albumentations' name and arguments. blur_limit: smallest and largest kernel size, odd; one number is the largest,
    after 3. sigma_limit: its sigma, 0 for OpenCV's rule; one number is the largest, after 0. alpha: how much is added.
    threshold: in levels of 255. Each image of a batch draws by itself. uint8, uint16, float32; computed in float32 on
    either engine by the same torch code. Masks, boxes and keypoints stay.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.UnsharpMask((3, 3), 0.0, (0.5, 0.5), p=1.0)(np.array([[90, 90, 190, 190]], np.uint8)).tolist()
    [[90, 81, 199, 190]]
    """

    Config = UnsharpMaskConfig
    is_random = True

    def __init__(
        self,
        blur_limit: Any = (3, 7),
        sigma_limit: Any = 0.0,
        alpha: Any = (0.2, 0.5),
        threshold: int = 10,
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            blur_limit=blur_limit, sigma_limit=sigma_limit, alpha=alpha, threshold=threshold, p=p, name=name
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "ksize": odd_sizes(draws, self.blur_limit, first=1),
            "sigma": draws.uniform(1, *self.sigma_limit, first=2)[:, 0],
            "alpha": draws.uniform(1, *self.alpha, first=3)[:, 0],
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        ksize, sigma = (np.stack((params[name], params[name]), 1) for name in ("ksize", "sigma"))
        yield UnsharpStep(ksize, sigma, params["alpha"], self.threshold, active=params["active"])
