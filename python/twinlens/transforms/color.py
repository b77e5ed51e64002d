"""Grayscale, RandomGrayscale and CLAHE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator

from twinlens.errors import InputError
from twinlens.pipeline.blanks import Blanks, chance, uniform
from twinlens.steps import Clahe, ColorConvert
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.clahe.step import ClaheMode
    from twinlens.steps.spec import Bools

__all__ = ["CLAHE", "Grayscale", "RandomGrayscale"]


def _gray(channels: int, spec: Spec, active: Any = None) -> Iterable[Step]:
    """Pillow's L of RGB; one channel (two with alpha) is gray already."""
    if spec.indexed:
        raise InputError("Grayscale: the image is of PIL mode P or 1; convert('RGB') it first")
    colors = spec.c - (1 if spec.alpha else 0)
    colored = colors != 1
    if colored.any():
        where = colored if active is None else colored & active
        yield ColorConvert("gray_pillow", channels, active=None if where.all() else where)
    if channels == 3 and not colored.all():
        where = ~colored if active is None else ~colored & active
        yield ColorConvert("gray_to_rgb", 3, active=None if where.all() else where)
    elif spec.alpha and not colored.all():
        where = ~colored if active is None else ~colored & active
        yield ColorConvert("drop_alpha", 1, active=None if where.all() else where)


class GrayscaleConfig(base.Config):
    num_output_channels: Literal[1, 3] = 1


class Grayscale(base.Transform):
    """Gray as Pillow's mode L: (19595 R + 38470 G + 7471 B + 32768) >> 16, on uint8 exactly PIL's pixels.

    num_output_channels: 1, or 3 equal ones. uint8, uint16, and float32, where it is R * 0.299 + G * 0.587 + B * 0.114.
    An alpha channel of a PIL image is left out.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Grayscale()(np.full((1, 1, 3), 200, np.uint8)).tolist()
    [[[200]]]
    """

    Config = GrayscaleConfig

    def __init__(self, num_output_channels: int = 1, *, name: str | None = None) -> None:
        super().__init__(num_output_channels=num_output_channels, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        return _gray(self.num_output_channels, spec)


class RandomGrayscaleConfig(base.Config):
    p: Probability = 0.1


class RandomGrayscale(base.Transform):
    """Gray with probability `p`, as many channels as went in; see `Grayscale`.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandomGrayscale(p=1.0)(np.zeros((2, 2, 3), np.uint8)).shape
    (2, 2, 3)
    """

    Config = RandomGrayscaleConfig
    is_random = True

    def __init__(self, p: float = 0.1, *, name: str | None = None) -> None:
        super().__init__(p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"gray": draws.uniform()[:, 0] < self.p}

    def blanks(self, spec: Spec) -> Blanks | None:
        if int(spec.c[0]) == 1:
            return Blanks(())
        return Blanks((ColorConvert("gray_pillow", 3),), (chance(0, self.p),)) if int(spec.c[0]) == 3 else None

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        active = params["gray"] & (spec.c == 3)
        wrong = params["gray"] & (spec.c != 3) & (spec.c != 1)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise InputError(f"RandomGrayscale: wants 1 or 3 channels, image has {int(spec.c[i])} {spec.shape(i)}")
        if active.any():
            yield ColorConvert("gray_pillow", 3, active=active)


def _grid(value: Any) -> tuple[int, int]:
    numbers = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(numbers) != 2 or any(isinstance(n, bool) or not isinstance(n, int | np.integer) for n in numbers):
        raise ValueError(f"tile_grid_size={value!r} must be two integers")
    if min(numbers) < 1:
        raise ValueError(f"tile_grid_size={value!r} must be positive")
    if max(numbers) > 4096:
        raise ValueError(f"tile_grid_size={value!r} must be at most 4096")
    return int(numbers[0]), int(numbers[1])


def _clip(value: Any) -> float | tuple[float, float]:
    numbers = tuple(value) if isinstance(value, tuple | list) else (value,)
    ok = len(numbers) in (1, 2) and all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
    if not ok or not all(np.isfinite(n) for n in numbers) or (len(numbers) == 2 and numbers[0] > numbers[1]):
        raise ValueError(f"clip_limit={value!r} must be a finite number, or two, the smaller first")
    return float(numbers[0]) if len(numbers) == 1 else (float(numbers[0]), float(numbers[1]))


class CLAHEConfig(base.Config):
    clip_limit: Annotated[float | tuple[float, float], BeforeValidator(_clip)] = 2.0
    tile_grid_size: Annotated[tuple[int, int], BeforeValidator(_grid)] = (8, 8)
    mode: Literal["lab", "channel"] = "lab"
    p: Probability = 1.0


class CLAHE(base.Transform):
    """Contrast limited adaptive histogram equalisation, exactly OpenCV's createCLAHE.

    clip_limit: a number, or a range to draw from for each image; at or below 0 nothing is clipped. tile_grid_size:
    tiles across and down, as OpenCV orders them. mode: "lab" equalises the L channel of 8-bit RGB (Albumentations'
    CLAHE) and gray images as they are; "channel" equalises every channel by itself, uint8 or uint16. p: probability.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.CLAHE(clip_limit=2.0)(np.zeros((32, 32, 3), np.uint8)).shape
    (32, 32, 3)
    """

    Config = CLAHEConfig

    def __init__(
        self,
        clip_limit: Any = 2.0,
        tile_grid_size: Any = (8, 8),
        mode: Any = "lab",
        *,
        p: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(clip_limit=clip_limit, tile_grid_size=tile_grid_size, mode=mode, p=p, name=name)

    @property
    def random(self) -> bool:
        """Only a range or a probability below 1 is drawn."""
        return isinstance(self.clip_limit, tuple) or self.p < 1.0

    def sample(self, draws: Draws, spec: Spec) -> Params:
        if not self.random:
            return {}
        low, high = self.clip_limit if isinstance(self.clip_limit, tuple) else (self.clip_limit, self.clip_limit)
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "clip_limit": draws.uniform(low=low, high=high, first=1)[:, 0],
        }

    def blanks(self, spec: Spec) -> Blanks | None:
        if spec.indexed:
            return None
        low, high = self.clip_limit if isinstance(self.clip_limit, tuple) else (self.clip_limit, self.clip_limit)
        across, down = self.tile_grid_size
        mode: ClaheMode = "channel" if int(spec.c[0]) == 1 else self.mode
        return Blanks(
            (Clahe(np.array([low]), (down, across), mode),), (chance(0, self.p), uniform(0, 0, low, high, draw=1))
        )

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        if spec.indexed:
            raise InputError("CLAHE: the image is of PIL mode P or 1; convert('RGB') it first")
        clip = params.get("clip_limit", np.array([self.clip_limit]))
        across, down = self.tile_grid_size
        active = params.get("active", np.ones(len(spec), bool))
        gray = spec.c == 1
        modes: dict[ClaheMode, Bools] = {
            "channel": gray | (self.mode == "channel"),
            "lab": ~gray & (self.mode == "lab"),
        }
        for mode, where in modes.items():
            where = where & active
            if where.any():
                yield Clahe(clip, (down, across), mode, active=None if where.all() else where)
