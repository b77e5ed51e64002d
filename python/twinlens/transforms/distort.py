"""ElasticTransform, GridDistortion and OpticalDistortion: pixels moved by smooth maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import torch
from pydantic import AfterValidator, BeforeValidator, Field

from twinlens.steps import Remap
from twinlens.steps.remap.maps import smoothed_fields, smoothing_taps
from twinlens.steps.remap.step import BORDERS
from twinlens.transforms import base
from twinlens.transforms.arguments import Fill, Interpolation, InterpolationMode, Probability, fill_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints, Reals

__all__ = ["ElasticTransform", "GridDistortion", "OpticalDistortion"]

_CV_BORDERS = {0: "constant", 1: "replicate", 4: "reflect_101"}  # cv2.BORDER_*
_LARGEST_ALPHA, _LARGEST_SIGMA = 1e5, 500.0


def _border(value: Any) -> Any:
    border = _CV_BORDERS.get(value, value) if isinstance(value, int) else value
    if border not in BORDERS:
        raise ValueError(f"border_mode={value!r} must be one of {', '.join(BORDERS)} (OpenCV's 0, 4, 1)")
    return border


def _two_methods(value: InterpolationMode) -> InterpolationMode:
    if value.value not in ("nearest", "nearest-exact", "bilinear", "linear"):
        raise ValueError(f"interpolation={value.value!r} must be nearest or bilinear")
    return value


Border = Annotated[str, BeforeValidator(_border)]
Method = Annotated[Interpolation, AfterValidator(_two_methods)]


def _is_nearest(method: InterpolationMode) -> bool:
    return method.value.startswith("nearest")


def _two_numbers(largest: float) -> BeforeValidator:
    def check(value: Any) -> list[float]:
        numbers = list(value) if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else [value]
        wrong = len(numbers) not in (1, 2) or any(isinstance(n, bool | str) for n in numbers)
        if wrong or not all(0.0 <= float(n) <= largest for n in numbers):
            raise ValueError(f"wants one or two numbers from 0 to {largest:.0f}, got {value!r}")
        return [float(numbers[0]), float(numbers[-1])]

    return BeforeValidator(check)


class ElasticTransformConfig(base.Config):
    alpha: Annotated[list[float], _two_numbers(_LARGEST_ALPHA)] = Field(default=[50.0, 50.0])
    sigma: Annotated[list[float], _two_numbers(_LARGEST_SIGMA)] = Field(default=[5.0, 5.0])
    interpolation: Method = InterpolationMode.BILINEAR
    fill: Fill = 0.0


class ElasticTransform(base.Transform):
    """Moves every pixel by smooth random shifts, torchvision's.

    alpha: their size, one number or one for x and one for y: uniform noise in -1..1, smoothed, times `alpha / 2`
    pixels, as torchvision 0.29 has it. sigma: of the Gaussian, in pixels, 0 for none. interpolation: bilinear or
    nearest, OpenCV's remap; masks take the nearest. fill: beyond the border, in the units of the image; masks get 0.
    The noise is drawn by pixel and smoothed in integers, so that all engines agree in every bit.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.ElasticTransform(alpha=0.0)(np.array([[1, 2], [3, 4]], np.uint8)).tolist()
    [[1, 2], [3, 4]]
    """

    Config = ElasticTransformConfig
    is_random = True

    def __init__(
        self,
        alpha: Any = 50.0,
        sigma: Any = 5.0,
        interpolation: Any = InterpolationMode.BILINEAR,
        fill: Any = 0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(alpha=alpha, sigma=sigma, interpolation=interpolation, fill=fill, name=name)

    @staticmethod
    def get_params(alpha: list[float], sigma: list[float], size: list[int]) -> torch.Tensor:
        """Shifts (1, H, W, 2) for an image of size (H, W), as shares of half its sides: torchvision's first version.

        Drawn from torch's default generator.
        """
        h, w = size
        noise = torch.randint(-(2**15), 2**15, (1, 2, h, w)).to(torch.float64)
        taps = [smoothing_taps(s) for s in sigma]
        shifts = smoothed_fields(noise, taps[0], taps[1]) * (1.0 / 32768.0)
        return (shifts * torch.tensor([alpha[0] / w, alpha[1] / h])[:, None, None]).permute(0, 2, 3, 1).float()

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"seed": draws.seeds()}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        yield Remap(
            "elastic",
            np.array([self.alpha]) / 65536.0,
            nearest=_is_nearest(self.interpolation),
            fill=fill_rows(self.fill),
            seed=params["seed"],
            taps_x=smoothing_taps(self.sigma[0]),
            taps_y=smoothing_taps(self.sigma[1]),
        )


def _limits(low: float, high: float) -> BeforeValidator:
    def check(value: Any) -> tuple[float, float]:
        pair = value if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else (value, value)
        if len(pair) != 2 or any(isinstance(n, bool | str) or not math.isfinite(n) for n in pair):
            raise ValueError(f"distort_limit={value!r} must be a number or two")
        a, b = float(pair[0]), float(pair[1])
        if not low <= a <= b <= high:
            raise ValueError(f"distort_limit={value!r} must lie in {low:g} .. {high:g}, the smaller first")
        return a, b

    return BeforeValidator(check)


def _steps(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 1 <= value <= 1024:
        raise ValueError(f"num_steps={value!r} must be an integer from 1 to 1024")
    return int(value)


class GridDistortionConfig(base.Config):
    num_steps: Annotated[int, BeforeValidator(_steps)] = 5
    distort_limit: Annotated[tuple[float, float], _limits(-1.0, 1.0)] = (-0.3, 0.3)
    interpolation: Method = InterpolationMode.BILINEAR
    normalized: bool = True
    border_mode: Border = "constant"
    fill: Fill = 0.0
    fill_mask: Fill = 0.0
    p: Probability = 0.5


class GridDistortion(base.Transform):
    """Stretches and squeezes the rows and columns of cells of a grid, Albumentations'.

    num_steps: cells a side. distort_limit: every row and column of cells is read from 1 + a number drawn from this
    range times its size; one number is the same for all. normalized: the whole still reads the whole image.
    interpolation: bilinear or nearest, OpenCV's remap. border_mode: constant, reflect_101, replicate.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> int(T.GridDistortion(distort_limit=0.0, p=1.0)(np.full((9, 9), 7, np.uint8))[:5, :5].min())
    7
    """

    Config = GridDistortionConfig
    is_random = True

    def __init__(
        self,
        num_steps: int = 5,
        distort_limit: Any = (-0.3, 0.3),
        interpolation: Any = InterpolationMode.BILINEAR,
        normalized: bool = True,
        border_mode: Any = "constant",
        fill: Any = 0,
        fill_mask: Any = 0,
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            num_steps=num_steps,
            distort_limit=distort_limit,
            interpolation=interpolation,
            normalized=normalized,
            border_mode=border_mode,
            fill=fill,
            fill_mask=fill_mask,
            p=p,
            name=name,
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        cells = self.num_steps + 1
        low, high = self.distort_limit
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "x": 1.0 + draws.uniform(cells, low, high, first=1),
            "y": 1.0 + draws.uniform(cells, low, high, first=1 + cells),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        if not len(spec):
            return
        xs = _places(spec.w, params["x"], self.normalized)
        ys = _places(spec.h, params["y"], self.normalized)
        yield Remap(
            "grid",
            np.concatenate((xs, ys), 1),
            self.border_mode,
            _is_nearest(self.interpolation),
            fill_rows(self.fill),
            fill_rows(self.fill_mask),
            columns=xs.shape[1],
            active=params["active"],
        )


def _places(sizes: Ints, factors: Reals, normalized: bool) -> Reals:
    """(B, longest): where each pixel of a side is read; both ends of a cell belong to it, as in Albumentations."""
    cells = factors.shape[1]
    step = np.maximum(sizes // (cells - 1), 1)[:, None]
    begin = np.minimum(np.arange(cells) * step, sizes[:, None])
    length = np.minimum(np.arange(1, cells + 1) * step, sizes[:, None]) - begin
    reach = factors * (length if normalized else step)
    if normalized:
        reach = reach * (sizes[:, None] / np.maximum(np.cumsum(reach, 1)[:, -1:], 1e-9))
    start = np.cumsum(reach, 1) - reach
    pixel = np.arange(int(sizes.max()))
    cell = np.minimum(pixel // step, cells - 1)

    def of(table: Any) -> Any:
        return np.take_along_axis(np.broadcast_to(table, (*cell.shape[:1], cells)), cell, 1)

    share = (pixel - of(begin)) / np.maximum(of(length) - 1, 1)
    places: Reals = of(start) + of(reach) * np.minimum(share, 1.0)
    return places


class OpticalDistortionConfig(base.Config):
    distort_limit: Annotated[tuple[float, float], _limits(-10.0, 10.0)] = (-0.05, 0.05)
    interpolation: Method = InterpolationMode.BILINEAR
    mode: Literal["camera", "fisheye"] = "camera"
    border_mode: Border = "constant"
    fill: Fill = 0.0
    fill_mask: Fill = 0.0
    p: Probability = 0.5


class OpticalDistortion(base.Transform):
    """The barrel or cushion of a lens, Albumentations'.

    distort_limit: the coefficient k is drawn from this range; one number is fixed. mode: camera is OpenCV's
    initUndistortRectifyMap with k1 = k2 = k and focal lengths W and H; fisheye moves by `1 + k * (r / r_corner)**2`.
    interpolation: bilinear or nearest, OpenCV's remap. border_mode: constant, reflect_101, replicate.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.OpticalDistortion(0.0, mode="fisheye", p=1.0)(np.arange(4, dtype=np.uint8).reshape(2, 2)).tolist()
    [[0, 1], [2, 3]]
    """

    Config = OpticalDistortionConfig
    is_random = True

    def __init__(
        self,
        distort_limit: Any = (-0.05, 0.05),
        interpolation: Any = InterpolationMode.BILINEAR,
        mode: str = "camera",
        border_mode: Any = "constant",
        fill: Any = 0,
        fill_mask: Any = 0,
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            distort_limit=distort_limit,
            interpolation=interpolation,
            mode=mode,
            border_mode=border_mode,
            fill=fill,
            fill_mask=fill_mask,
            p=p,
            name=name,
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        low, high = self.distort_limit
        return {"active": draws.uniform()[:, 0] < self.p, "k": draws.uniform(1, low, high, first=1)[:, 0]}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        w, h, k = spec.w.astype(np.float64), spec.h.astype(np.float64), params["k"]
        one, none = np.ones_like(w), np.zeros_like(w)
        if self.mode == "camera":
            numbers = ((w - 1) / 2, (h - 1) / 2, 1 / w, 1 / h, w, h, w / 2, h / 2, k, k)
        else:
            numbers = (w / 2, h / 2, one, one, one, one, w / 2, h / 2, k / (w * w / 4 + h * h / 4), none)
        yield Remap(
            "radial",
            np.stack(numbers, 1),
            self.border_mode,
            _is_nearest(self.interpolation),
            fill_rows(self.fill),
            fill_rows(self.fill_mask),
            active=params["active"],
        )
