"""GaussianNoise, GaussNoise, ISONoise and MultiplicativeNoise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BeforeValidator

from twinlens.errors import InputError
from twinlens.steps import Noise
from twinlens.steps.convert import MAX_OF
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Reals

__all__ = ["GaussNoise", "GaussianNoise", "ISONoise", "MultiplicativeNoise"]

_LARGEST = 100.0  # of a mean, a deviation or a factor, where 1 is the range of the dtype


def _spread(value: Any) -> tuple[float, float]:
    """A number is a fixed value, two are a range."""
    pair = tuple(value) if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else (value, value)
    numbers = all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in pair)
    if len(pair) != 2 or not numbers or not all(abs(v) <= _LARGEST for v in pair) or pair[0] > pair[1]:
        raise ValueError(f"wants a number or two, the smaller first, at most {_LARGEST:.0f}, got {value!r}")
    return float(pair[0]), float(pair[1])


def _not_negative(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] < 0:
        raise ValueError(f"wants no negative numbers, got {pair}")
    return pair


def _shares(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] < 0 or pair[1] > 1:
        raise ValueError(f"wants numbers from 0 to 1, got {pair}")
    return pair


Spread = Annotated[tuple[float, float], BeforeValidator(_spread)]
Factors = Annotated[tuple[float, float], BeforeValidator(_spread), AfterValidator(_not_negative)]
Shares = Annotated[tuple[float, float], BeforeValidator(_spread), AfterValidator(_shares)]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise ValueError(f"wants a number of at most {_LARGEST:.0f}, got {value!r}")
    return float(value)


def _sigma(value: Any) -> float:
    if (number := _number(value)) < 0:
        raise ValueError(f"wants a number that is not negative, got {value!r}")
    return number


def largest_of(name: str, spec: Spec) -> float:
    """What 1.0 stands for in the images; InputError for those that hold names instead of amounts."""
    if spec.indexed:
        raise InputError(f"{name}: the image is of PIL mode P or 1; convert('RGB') it first")
    return MAX_OF.get(spec.dtype, 1.0)


def drawn(draws: Draws, pair: tuple[float, float], first: int) -> Reals:
    """(batch,) between both."""
    return draws.uniform(low=pair[0], high=pair[1], first=first)[:, 0]


class GaussianNoiseConfig(base.Config):
    mean: Annotated[float, BeforeValidator(_number)] = 0.0
    sigma: Annotated[float, BeforeValidator(_sigma)] = 0.1
    clip: bool = True


class GaussianNoise(base.Transform):
    """Adds a normal number to every sample, torchvision's: `mean` and `sigma` are shares of the dtype's range.

    uint8 and uint16 add the noise without its fraction. clip: to 0 and the largest value; without, integers wrap around
    and floats leave 0..1. The noise is a function of the key and the pixel's index, on every device.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.GaussianNoise(mean=0.1, sigma=0.0)(np.full((1, 2), 100, np.uint8)).tolist()
    [[125, 125]]
    """

    Config = GaussianNoiseConfig
    is_random = True

    def __init__(self, mean: float = 0.0, sigma: float = 0.1, clip: bool = True, *, name: str | None = None) -> None:
        super().__init__(mean=mean, sigma=sigma, clip=clip, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"seed": draws.seeds()}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        largest = largest_of("GaussianNoise", spec)
        yield Noise("gaussian", params["seed"], np.array([[self.mean, self.sigma]]) * largest, clip=self.clip)


class GaussNoiseConfig(base.Config):
    std_range: Shares = (0.2, 0.44)
    mean_range: Spread = (0.0, 0.0)
    per_channel: bool = True
    noise_scale_factor: Literal[1] = 1
    p: Probability = 0.5


class GaussNoise(base.Transform):
    """Adds a normal number to every sample, Albumentations': deviation and mean drawn for each image, as shares.

    per_channel: a number a sample, else one a pixel for all its channels. noise_scale_factor: only 1, the noise of full
    resolution.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.GaussNoise(std_range=0.0, mean_range=0.1, p=1.0)(np.full((1, 2), 100, np.uint8)).tolist()
    [[125, 125]]
    """

    Config = GaussNoiseConfig
    is_random = True

    def __init__(
        self,
        std_range: Any = (0.2, 0.44),
        mean_range: Any = (0.0, 0.0),
        per_channel: bool = True,
        noise_scale_factor: Any = 1,
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            std_range=std_range,
            mean_range=mean_range,
            per_channel=per_channel,
            noise_scale_factor=noise_scale_factor,
            p=p,
            name=name,
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "std": drawn(draws, self.std_range, 1),
            "mean": drawn(draws, self.mean_range, 2),
            "seed": draws.seeds(first=3),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        amounts = np.stack((params["mean"], params["std"]), 1) * largest_of("GaussNoise", spec)
        yield Noise("gaussian", params["seed"], amounts, not self.per_channel, active=params["active"])


class ISONoiseConfig(base.Config):
    color_shift: Shares = (0.01, 0.05)
    intensity: Shares = (0.1, 0.5)
    p: Probability = 0.5


class ISONoise(base.Transform):
    """The noise of a camera's sensor on 8-bit RGB, Albumentations': in HLS, hue by a normal number of
    `color_shift * intensity` degrees, lightness by `(1 - lightness) * intensity` times a Poisson number whose mean is
    the image's deviation of lightness times `intensity`.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.ISONoise(p=1.0)(np.full((1, 1, 3), 90, np.uint8)).tolist()
    [[[90, 90, 90]]]
    """

    Config = ISONoiseConfig
    is_random = True

    def __init__(
        self,
        color_shift: Any = (0.01, 0.05),
        intensity: Any = (0.1, 0.5),
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(color_shift=color_shift, intensity=intensity, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "color_shift": drawn(draws, self.color_shift, 1),
            "intensity": drawn(draws, self.intensity, 2),
            "seed": draws.seeds(first=3),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        largest_of("ISONoise", spec)
        sextants = params["color_shift"] * params["intensity"] / 60.0
        amounts = np.stack((sextants, params["intensity"]), 1)
        yield Noise("iso", params["seed"], amounts, True, active=params["active"])


class MultiplicativeNoiseConfig(base.Config):
    multiplier: Factors = (0.9, 1.1)
    per_channel: bool = False
    elementwise: bool = False
    p: Probability = 0.5


class MultiplicativeNoise(base.Transform):
    """Multiplies by numbers from `multiplier`, Albumentations': integers lose their fraction and saturate.

    One factor an image; per_channel: one a channel; elementwise: one a pixel, or a sample with per_channel.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.MultiplicativeNoise(1.5, p=1.0)(np.array([[101, 200]], np.uint8)).tolist()
    [[151, 255]]
    """

    Config = MultiplicativeNoiseConfig
    is_random = True

    def __init__(
        self,
        multiplier: Any = (0.9, 1.1),
        per_channel: bool = False,
        elementwise: bool = False,
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(multiplier=multiplier, per_channel=per_channel, elementwise=elementwise, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        params = {"active": draws.uniform()[:, 0] < self.p, "seed": draws.seeds(first=1)}
        if not self.elementwise:
            most = int(spec.c.max(initial=1)) if self.per_channel else 1
            low, high = self.multiplier
            params["factors"] = draws.uniform(max(most, 4), low=low, high=high, first=2)
        return params

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        largest_of("MultiplicativeNoise", spec)
        seed, active = params["seed"], params["active"]
        if self.elementwise:
            yield Noise("multiplicative", seed, np.array([self.multiplier]), not self.per_channel, active=active)
        elif not self.per_channel:
            yield Noise("scale", seed, params["factors"][:, :1], active=active)
        else:
            for c in np.unique(spec.c).tolist():
                yield Noise("scale", seed, params["factors"][:, :c], active=active & (spec.c == c))
