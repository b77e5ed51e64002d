"""RandomErasing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
import torch
from pydantic import BeforeValidator, Field, model_validator

from twinlens import _native
from twinlens.pipeline.blanks import Blanks, hole
from twinlens.steps import Erase
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability, Range
from twinlens.transforms.noise import largest_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Bools, Ints, Reals

__all__ = ["RandomErasing"]

_ATTEMPTS = 10
_ZERO: Reals = np.zeros((1, 1))


def _value(value: Any) -> list[float] | None:
    """None stands for random, as in torchvision's v2."""
    if value is None or value == "random":
        return None
    if isinstance(value, str):
        raise ValueError(f"value={value!r} must be 'random', a number or one a channel")
    numbers = list(value) if isinstance(value, Sequence | np.ndarray) else [value]
    if not numbers or not all(isinstance(v, int | float | np.number) and math.isfinite(v) for v in numbers):
        raise ValueError(f"value={value!r} must be 'random', a finite number or one a channel")
    return [float(v) for v in numbers]


class RandomErasingConfig(base.Config):
    p: Probability = 0.5
    scale: Range = (0.02, 0.33)
    ratio: Range = (0.3, 3.3)
    value: Annotated[list[float] | None, BeforeValidator(_value)] = Field(default=[0.0])
    inplace: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.scale[0] < 0 or self.scale[1] > 1:
            raise ValueError(f"scale={self.scale} must be between 0 and 1")
        if self.ratio[0] <= 0:
            raise ValueError(f"ratio={self.ratio} must be positive")
        return self


class RandomErasing(base.Transform):
    """Fills a rectangle of random area (`scale`, a share of the image's) and aspect (`ratio`, log-uniform).

    torchvision's distribution: ten attempts at a rectangle that is smaller than the image on both sides, then none.
    value: one number or one a channel in the units of the image, or "random": standard normal numbers in float32,
    levels of the whole range in integers. Masks, boxes and keypoints stay as they are. inplace has no effect: inputs
    are never changed.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> int(T.RandomErasing(p=1.0)(np.ones((32, 32, 3), np.uint8)).min())
    0
    """

    Config = RandomErasingConfig
    is_random = True

    def __init__(
        self,
        p: float = 0.5,
        scale: Any = (0.02, 0.33),
        ratio: Any = (0.3, 3.3),
        value: Any = 0.0,
        inplace: bool = False,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(p=p, scale=scale, ratio=ratio, value=value, inplace=inplace, name=name)

    @staticmethod
    def get_params(
        img: Any, scale: tuple[float, float], ratio: tuple[float, float], value: list[float] | None = None
    ) -> tuple[int, int, int, int, torch.Tensor]:
        """Top, left, height, width and the filling of torchvision's: drawn from torch's default generator."""
        channels, height, width = img.shape[-3:]
        for _ in range(_ATTEMPTS):
            area = height * width * torch.empty(1).uniform_(*scale).item()
            aspect = math.exp(torch.empty(1).uniform_(math.log(ratio[0]), math.log(ratio[1])).item())
            h, w = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if h >= height or w >= width:
                continue
            fill = torch.randn(channels, h, w) if value is None else torch.tensor(value)[:, None, None]
            i = int(torch.randint(0, height - h + 1, (1,)).item())
            j = int(torch.randint(0, width - w + 1, (1,)).item())
            return i, j, h, w, fill
        return 0, 0, height, width, img

    def sample(self, draws: Draws, spec: Spec) -> Params:
        shares = draws.uniform(2 * _ATTEMPTS, first=1).reshape(-1, _ATTEMPTS, 2)
        low, high = self.scale
        share = low + shares[..., 0] * (high - low)
        # IEEE operations alone: the same aspect on every machine
        ends = _native.log(np.array(self.ratio))
        aspect = _native.exp(ends[0] + shares[..., 1] * (ends[1] - ends[0]))
        images = zip(spec.h.tolist(), spec.w.tolist(), share.tolist(), aspect.tolist(), strict=True)
        sides = np.array([_first_that_fits(*image) for image in images], np.int64)
        found = sides.all(1)
        sides[~found] = 1
        h, w = sides.T
        at = 2 * _ATTEMPTS + 1
        y, x = draws.below(spec.h - h + 1, first=at), draws.below(spec.w - w + 1, first=at + 1)
        erased = found & (draws.uniform()[:, 0] < self.p)
        return {"erased": erased, "yxhw": np.stack((y, x, h, w), 1), "seed": draws.seeds(first=at + 2)}

    def blanks(self, spec: Spec) -> Blanks:
        step = self._step(np.array([[0, 0, 1, 1]]), np.zeros(1, np.int64), None, spec)
        return Blanks((step,), (hole(0, spec.shape(0)[:2], self.p, self.scale, self.ratio),))

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        yield self._step(params["yxhw"], params["seed"], params["erased"], spec)

    def _step(self, yxhw: Ints, seed: Ints, erased: Bools | None, spec: Spec) -> Erase:
        largest_of("RandomErasing", spec)
        holes, one = yxhw[:, None], np.ones(1, np.int64)
        if self.value is not None:
            return Erase(holes, one, np.array([self.value]), active=erased)
        return Erase(holes, one, _ZERO, _random_fill(spec), seed, active=erased)


def _first_that_fits(height: int, width: int, shares: list[float], aspects: list[float]) -> tuple[int, int]:
    """The sides of the first rectangle smaller than the image on both, 0 where there is none."""
    for share, aspect in zip(shares, aspects, strict=True):
        area = height * width * share
        h, w = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if h < height and w < width:
            return h, w
    return 0, 0


def _random_fill(spec: Spec) -> Literal["uniform", "normal"]:
    return "normal" if spec.dtype == "float32" else "uniform"
