"""SubtleNoise, BrightnessTexturize and NoiseTexturize: grain over a whole page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from pydantic import Field

from twinlens.steps import Lut
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Shares, check_page, drawn, reals
from twinlens_document.fields import bell, fractal, ramp, white
from twinlens_document.tones import PageStep, laid, layered, through

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints, Reals

    Sigmas = tuple[float, float]
else:
    Sigmas = reals(0.0, 60.0)

__all__ = ["BrightnessTexturize", "NoiseTexturize", "SubtleNoise"]


@dataclass(frozen=True, eq=False)
class Grain(PageStep):
    """clip(x + n), n = `values`[b, u] - 128 with a uniform byte u a pixel: values (1 or B, 256) uint8."""

    seed: Ints
    values: NDArray[np.uint8]

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        size = x.shape[2], x.shape[3]
        up, down = (np.maximum(self.values, 128) - 128), (128 - np.minimum(self.values, 128))
        lift, loss = (white(self.seed, size, x.device, table.astype(np.uint8)) for table in (up, down))
        return laid(x, ("add", lift), ("remove", loss))


class SubtleNoiseConfig(base.Config):
    span: Annotated[int, Field(ge=0, le=127)] = Field(10, description="levels by which a pixel changes at most")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class SubtleNoise(base.Transform):
    """The faint noise of a scanner: every pixel, in all its channels, by up to `span` levels.

    clip(page + n), n uniform in -span .. span. uint8 of any channels, both engines exact; masks, boxes and keypoints
    stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import SubtleNoise
    >>> page = SubtleNoise(span=3)(np.full((64, 64), 100, np.uint8), key=1)
    >>> int(page.min()), int(page.max())
    (97, 103)
    """

    Config = SubtleNoiseConfig
    is_random = True

    def __init__(self, span: int = 10, p: float = 1.0, *, name: str | None = None) -> None:
        super().__init__(span=span, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"active": draws.uniform()[:, 0] < self.p, "seed": draws.seeds(first=1)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("SubtleNoise", spec)
        steps = np.arange(256) * (2 * self.span + 1) // 256 - self.span
        yield Grain(params["seed"], (128 + steps).astype(np.uint8)[None], active=params["active"])


class BrightnessTexturizeConfig(base.Config):
    gain: Shares = Field((0.8, 0.99), description="about which pixels are multiplied, one value a page")
    deviation: Shares = Field((0.04, 0.1), description="of a pixel's own factor")
    p: Probability = Field(1.0, description="the share of pages that it is for")


@dataclass(frozen=True, eq=False)
class Mottle(PageStep):
    """rint(x * g / 255), g = `values`[b, u] with a uniform byte u a pixel: values (1 or B, 256) uint8."""

    seed: Ints
    values: NDArray[np.uint8]

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        return layered("multiply", x, white(self.seed, (x.shape[2], x.shape[3]), x.device, self.values))


class BrightnessTexturize(base.Transform):
    """Brightness that varies from pixel to pixel, as of rough paper under a scanner's lamp.

    rint(page * g / 255), g a normal number about 255 * gain with deviation 255 * deviation, within 0..255. uint8 of any
    channels, both engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import BrightnessTexturize
    >>> page = BrightnessTexturize(gain=0.8, deviation=0.05)(np.full((64, 64), 255, np.uint8), key=1)
    >>> bool(200 < page.mean() < 208)
    True
    """

    Config = BrightnessTexturizeConfig
    is_random = True

    def __init__(
        self, gain: Any = (0.8, 0.99), deviation: Any = (0.04, 0.1), p: float = 1.0, *, name: str | None = None
    ) -> None:
        super().__init__(gain=gain, deviation=deviation, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "gain": drawn(draws, self.gain, 1),
            "deviation": drawn(draws, self.deviation, 2),
            "seed": draws.seeds(first=3),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("BrightnessTexturize", spec)
        values = bell(255.0 * params["gain"], 255.0 * params["deviation"])
        yield Mottle(params["seed"], values, active=params["active"])


@dataclass(frozen=True, eq=False)
class Turbulence(PageStep):
    """clip(x + n), n smooth noise in octaves of deviation about `sigma`, (B,), its coarsest cells `cell` pixels."""

    seed: Ints
    sigma: Reals
    cell: int
    octaves: int

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        size = x.shape[2], x.shape[3]
        reach = np.minimum(3.0 * self.sigma, 127.0)
        cell = (float(self.cell), float(self.cell))
        noise = fractal(self.seed, size, x.device, cell, self.octaves, gain=0.8)
        # The field's own deviation is about 37, so that its 111 levels on either side of the middle are three of it.
        up, down = ramp(128.0, 239.0, 0.0, reach), ramp(17.0, 128.0, reach, 0.0)
        return laid(x, ("add", through(noise, [Lut(up)])), ("remove", through(noise, [Lut(down)])))


class NoiseTexturizeConfig(base.Config):
    sigma: Sigmas = Field((3.0, 10.0), description="deviation of the noise, levels")
    cell: Annotated[int, Field(ge=2, le=512)] = Field(16, description="pixels across the largest blots")
    octaves: Annotated[int, Field(ge=1, le=8)] = Field(4, description="sizes of blots, each half the one before")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class NoiseTexturize(base.Transform):
    """Smooth noise in blots of several sizes, as of paper that is not quite even.

    clip(page + n); n has `octaves` sizes of cells, the largest of `cell` pixels. uint8 of any channels, both engines
    exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import NoiseTexturize
    >>> page = NoiseTexturize(sigma=8)(np.full((128, 128), 128, np.uint8), key=1)
    >>> bool(3 < page.std() < 16)
    True
    """

    Config = NoiseTexturizeConfig
    is_random = True

    def __init__(
        self, sigma: Any = (3.0, 10.0), cell: int = 16, octaves: int = 4, p: float = 1.0, *, name: str | None = None
    ) -> None:
        super().__init__(sigma=sigma, cell=cell, octaves=octaves, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "sigma": drawn(draws, self.sigma, 1),
            "seed": draws.seeds(first=2),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("NoiseTexturize", spec)
        yield Turbulence(params["seed"], params["sigma"], self.cell, self.octaves, active=params["active"])
