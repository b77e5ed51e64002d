"""GaussianBlur and Blur."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
import torch
from pydantic import BeforeValidator, Field, model_validator

from twinlens.steps import BoxFilter
from twinlens.steps import GaussianBlur as GaussianStep
from twinlens.steps.blur.step import BlurSemantics
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

__all__ = ["Blur", "GaussianBlur", "OddLimit", "odd_sizes"]

_LARGEST = 1023


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _kernel_size(value: Any) -> tuple[int, int]:
    numbers = list(value) if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else [value]
    if len(numbers) not in (1, 2) or not all(_is_integer(n) for n in numbers):
        raise ValueError(f"kernel_size={value!r} must be one or two integers, across and down")
    if any(n < 1 or n % 2 == 0 or n > _LARGEST for n in numbers):
        raise ValueError(f"kernel_size={value!r} must be odd and from 1 to {_LARGEST}")
    return int(numbers[0]), int(numbers[-1])


def _sigma(value: Any) -> list[float] | None:
    if value is None:
        return None
    numbers = list(value) if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else [value] * 2
    real = all(isinstance(n, int | float | np.integer | np.floating) and not isinstance(n, bool) for n in numbers)
    numbers = numbers * 2 if len(numbers) == 1 else numbers
    if len(numbers) != 2 or not real:
        raise ValueError(f"sigma={value!r} must be a number or two numbers, the smaller first")
    low, high = (float(n) for n in numbers)
    if not (math.isfinite(high) and 0 < low <= high <= 1e4):
        raise ValueError(f"sigma={value!r} must be positive, at most 10000, the smaller first")
    return [low, high]


class GaussianBlurConfig(base.Config):
    kernel_size: Annotated[tuple[int, int], BeforeValidator(_kernel_size)]
    sigma: Annotated[list[float] | None, BeforeValidator(_sigma)] = Field(default=(0.1, 2.0), validate_default=True)
    semantics: BlurSemantics = "opencv"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.sigma is None and self.semantics != "opencv":
            raise ValueError(f"sigma=None is OpenCV's rule, not that of semantics={self.semantics!r}")
        return self


class GaussianBlur(base.Transform):
    """A Gaussian blur of random strength: cv2.GaussianBlur's fixed point, 0 pixels from it for uint8 and uint16.

    kernel_size: odd, one or two integers, across and down. sigma: in pixels, a number or the range that it is drawn
    from uniformly, for each image of a batch by itself; None is OpenCV's for the kernel, where cv2.GaussianBlur is
    given 0. semantics: "opencv", or "torch" for torchvision's weights in 20 bits. uint8, uint16, float32; the border is
    mirrored without its edge, also where it is wider than the image. Masks, boxes and keypoints stay.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.GaussianBlur(3, 0.8)(np.array([[0, 0, 255, 0, 0]], np.uint8)).tolist()
    [[0, 61, 133, 61, 0]]
    """

    Config = GaussianBlurConfig
    is_random = True

    def __init__(
        self, kernel_size: Any, sigma: Any = (0.1, 2.0), *, semantics: BlurSemantics = "opencv", name: str | None = None
    ) -> None:
        super().__init__(kernel_size=kernel_size, sigma=sigma, semantics=semantics, name=name)

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """A sigma, drawn from torch's default generator as torchvision does."""
        return float(torch.empty(1).uniform_(sigma_min, sigma_max).item())

    @property
    def random(self) -> bool:
        return self.sigma is not None and bool(self.sigma[0] != self.sigma[1])

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"sigma": draws.uniform(1, *self.sigma)[:, 0]}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        sigma = params["sigma"] if params else np.array([0.0] if self.sigma is None else self.sigma[:1])
        ksize = np.array([self.kernel_size], np.int64)
        yield GaussianStep(ksize, np.stack((sigma, sigma), 1), self.semantics)


def _odd_limit(value: Any) -> tuple[int, int]:
    numbers = list(value) if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else [3, value]
    if len(numbers) != 2 or not all(_is_integer(n) for n in numbers):
        raise ValueError(f"wants an odd integer (from 3 up to it) or two, the smaller first, got {value!r}")
    low, high = (int(n) for n in numbers)
    if low % 2 == 0 or high % 2 == 0 or not 3 <= low <= high <= _LARGEST:
        raise ValueError(f"wants odd integers from 3 to {_LARGEST}, the smaller first, got {value!r}")
    return low, high


#: odd kernel sizes, smallest and largest; one number is the largest
OddLimit = Annotated[tuple[int, int], BeforeValidator(_odd_limit)]


def odd_sizes(draws: Draws, limit: tuple[int, int], *, first: int) -> Any:
    """(B,) int64: odd numbers of the range, all alike probable."""
    return limit[0] + 2 * draws.below((limit[1] - limit[0]) // 2 + 1, first=first)


class BlurConfig(base.Config):
    blur_limit: OddLimit = (3, 7)
    p: Probability = 0.5


class Blur(base.Transform):
    """The mean of a square window, cv2.blur, with probability `p`; Albumentations' name and arguments.

    blur_limit: smallest and largest side of the window, odd, drawn for each image of a batch by itself; one number is
    the largest, after 3. uint8 and uint16 are `(sum + n // 2) // n`, 0 pixels from OpenCV; float32. Masks, boxes and
    keypoints stay.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Blur((3, 3), p=1.0)(np.array([[0, 90, 0, 0]], np.uint8)).tolist()
    [[60, 30, 30, 0]]
    """

    Config = BlurConfig
    is_random = True

    def __init__(self, blur_limit: Any = (3, 7), p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(blur_limit=blur_limit, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"active": draws.uniform()[:, 0] < self.p, "ksize": odd_sizes(draws, self.blur_limit, first=1)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        yield BoxFilter(np.stack((params["ksize"], params["ksize"]), 1), active=params["active"])
