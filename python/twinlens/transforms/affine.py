"""Affine and ShiftScaleRotate under Albumentations' names, with OpenCV's pixels; what its warps share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from twinlens.steps import Warp
from twinlens.transforms import base
from twinlens.transforms.arguments import Fill, InterpolationMode, Probability, fill_rows
from twinlens.transforms.chance import limit
from twinlens.transforms.matrices import affine_rows, fitted, similar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Bools, Ints, Reals

__all__ = ["MOST", "Affine", "OpencvWarp", "ShiftScaleRotate", "TurnConfig", "WarpConfig", "between", "range_of"]

_NEAREST, _LINEAR = (0, "nearest", "nearest-exact"), (1, "bilinear", "linear")  # 0, 1: cv2.INTER_*
#: of angles and pixels
MOST = 1e6


def _method(value: Any) -> InterpolationMode:
    name = value.lower().replace("_", "-") if isinstance(value, str) else value
    if isinstance(value, bool) or name not in (*_NEAREST, *_LINEAR):
        raise ValueError(f"interpolation={value!r} must be nearest or bilinear (OpenCV's 0, 1)")
    return InterpolationMode.NEAREST if name in _NEAREST else InterpolationMode.BILINEAR


def _mask_method(value: Any) -> str:
    if isinstance(value, bool) or value not in _NEAREST:
        raise ValueError(f"mask_interpolation={value!r} must be nearest (OpenCV's 0): masks are names")
    return "nearest"


def _border(value: Any) -> str:
    if isinstance(value, bool) or value not in (0, "constant"):
        raise ValueError(f"border_mode={value!r} must be constant (OpenCV's 0); for other borders put Pad before it")
    return "constant"


def _box_method(value: Any) -> str:
    if value != "largest_box":
        raise ValueError(f"rotate_method={value!r} must be largest_box: a box becomes the hull of its corners")
    return "largest_box"


def range_of(value: Any, low: float, high: float, name: str) -> tuple[float, float]:
    """A number, which is fixed, or a range, both within `low` and `high`, as a range; raises ValueError."""
    number = limit(value)
    pair = number if isinstance(number, tuple) else (number, number)
    if not low <= pair[0] <= pair[1] <= high:
        raise ValueError(f"{name}={value!r} must lie within {low:g} and {high:g}")
    return pair


def between(low: float, high: float, name: str) -> BeforeValidator:
    """`range_of`; None stays None."""
    return BeforeValidator(lambda value: None if value is None else range_of(value, low, high, name))


class WarpConfig(base.Config):
    """What all of Albumentations' warps take."""

    interpolation: Annotated[InterpolationMode, BeforeValidator(_method)] = InterpolationMode.BILINEAR
    border_mode: Annotated[
        Literal["constant"],
        BeforeValidator(_border),
        Field(description="What is beyond the image's borders: `fill`, no other is there."),
    ] = "constant"
    mask_interpolation: Annotated[
        Literal["nearest"],
        BeforeValidator(_mask_method),
        Field(description="As interpolation, for masks: nearest, since their values are names."),
    ] = "nearest"
    fill: Fill = 0.0
    fill_mask: Fill = 0.0
    p: Probability = 0.5


class TurnConfig(WarpConfig):
    """And how boxes are turned."""

    rotate_method: Annotated[
        Literal["largest_box"],
        BeforeValidator(_box_method),
        Field(description="What becomes of boxes: the hull of their turned corners, no other is there."),
    ] = "largest_box"


class OpencvWarp(base.Transform):
    """Base of the transforms that draw a map and warp by it, as cv2.warpAffine and cv2.warpPerspective do."""

    Config = WarpConfig
    is_random = True

    def warp(self, rows: Reals, out_h: Ints, out_w: Ints, active: Bools, perspective: bool = False) -> Iterable[Step]:
        """The step for the images that are active; rows: (B, 8), output to input."""
        if active.any():
            method = "cv_nearest" if self.interpolation == "nearest" else "cv_linear"
            yield Warp(
                method, rows, out_h, out_w, fill_rows(self.fill), perspective, fill_rows(self.fill_mask),
                active=None if active.all() else active,
            )  # fmt: skip


Axes = dict[Literal["x", "y"], tuple[float, float]]


def _axes(name: str, missing: float, low: float, high: float, *, whole: bool = False) -> BeforeValidator:
    """A number, a range, or a dictionary of them for x and y; kept as a range for each."""

    def check(value: Any) -> Axes | None:
        if value is None:
            return None
        given = value if isinstance(value, Mapping) else {"x": value, "y": value}
        if not given or set(given) - {"x", "y"}:
            raise ValueError(f"{name}={value!r} must have the keys 'x', 'y' or both")
        ranges = [range_of(given.get(axis, missing), low, high, name) for axis in ("x", "y")]
        if whole and any(v != int(v) for pair in ranges for v in pair):
            raise ValueError(f"{name}={value!r} must be whole pixels")
        return {"x": ranges[0], "y": ranges[1]}

    return BeforeValidator(check)


class AffineConfig(TurnConfig):
    scale: Annotated[Axes, _axes("scale", 1.0, 1e-3, 1e3)] = Field(default={"x": (1.0, 1.0), "y": (1.0, 1.0)})
    translate_percent: Annotated[Axes | None, _axes("translate_percent", 0.0, -10.0, 10.0)] = None
    translate_px: Annotated[Axes | None, _axes("translate_px", 0.0, -MOST, MOST, whole=True)] = None
    rotate: Annotated[tuple[float, float], between(-MOST, MOST, "rotate")] = (0.0, 0.0)
    shear: Annotated[Axes, _axes("shear", 0.0, -89.0, 89.0)] = Field(default={"x": (0.0, 0.0), "y": (0.0, 0.0)})
    fit_output: bool = False
    keep_ratio: bool = False
    balanced_scale: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.translate_percent is not None and self.translate_px is not None:
            raise ValueError("translate_percent and translate_px exclude each other, both were given")
        if self.keep_ratio and self.scale["x"] != self.scale["y"]:
            raise ValueError(f"keep_ratio=True wants one range for x and y, got scale={self.scale!r}")
        folds = [
            math.tan(math.radians(x)) * math.tan(math.radians(y)) for x in self.shear["x"] for y in self.shear["y"]
        ]
        if max(folds) > 1.0 or min(folds) > 0.999:
            raise ValueError(f"shear={self.shear!r} folds the image: angles along x and y add up to 90 or more")
        return self


class Affine(OpencvWarp):
    """Scales, turns, shears and shifts about the middle, with probability `p`, each image by itself. Albumentations'.

    scale: factors; translate_percent: parts of the width and height, cut to whole pixels; translate_px: whole pixels;
    shear: degrees, along x and y. Each a number, which is fixed for both axes, a range, from which x and y are drawn by
    themselves, or a dictionary of either for "x" and "y". rotate: degrees, counter-clockwise, a number or a range.
    fit_output: the result holds all of the image, shifts are ignored, and sizes differ from image to image.
    keep_ratio: one factor for both axes. balanced_scale: half of the factors below 1, half above. interpolation:
    nearest or bilinear. fill, fill_mask: beyond the border, one value or one a channel; masks take the nearest.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Affine(translate_px={"x": 1}, p=1.0)(np.array([[1, 2, 3]], np.uint8)).tolist()
    [[0, 1, 2]]
    """

    Config = AffineConfig

    def __init__(
        self, scale: Any = (1.0, 1.0), translate_percent: Any = None, translate_px: Any = None, rotate: Any = 0.0,
        shear: Any = (0.0, 0.0), interpolation: Any = InterpolationMode.BILINEAR, mask_interpolation: Any = "nearest",
        fit_output: bool = False, keep_ratio: bool = False, rotate_method: str = "largest_box",
        balanced_scale: bool = False, border_mode: Any = "constant", fill: Any = 0, fill_mask: Any = 0, p: float = 0.5,
        *, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            scale=scale, translate_percent=translate_percent, translate_px=translate_px, rotate=rotate, shear=shear,
            interpolation=interpolation, mask_interpolation=mask_interpolation, fit_output=fit_output,
            keep_ratio=keep_ratio, rotate_method=rotate_method, balanced_scale=balanced_scale, border_mode=border_mode,
            fill=fill, fill_mask=fill_mask, p=p, name=name,
        )  # fmt: skip

    def _scaled(self, u: Reals, axis: Literal["x", "y"]) -> Reals:
        low, high = self.scale[axis]
        factors: Reals = low + u * (high - low)
        if self.balanced_scale and low < 1.0 < high:
            factors = np.where(u < 0.5, low + 2.0 * u * (1.0 - low), 1.0 + (2.0 * u - 1.0) * (high - 1.0))
        return factors

    def _shifted(self, u: Reals, axis: Literal["x", "y"], side: Ints) -> Ints:
        if self.translate_percent is not None:
            low, high = self.translate_percent[axis]
            shifts = np.trunc((low + u * (high - low)) * side)
        else:
            low, high = (0, 0) if self.translate_px is None else self.translate_px[axis]
            shifts = low + np.floor(u * (high - low + 1))
        whole: Ints = shifts.astype(np.int64)
        return whole

    def sample(self, draws: Draws, spec: Spec) -> Params:
        u = draws.uniform(8)
        sx = self._scaled(u[:, 1], "x")
        low, high = self.rotate
        shear = [a + u[:, i] * (b - a) for i, (a, b) in ((6, self.shear["x"]), (7, self.shear["y"]))]
        return {
            "active": u[:, 0] < self.p,
            "scale": np.stack((sx, sx if self.keep_ratio else self._scaled(u[:, 2], "y")), 1),
            "translate": np.stack((self._shifted(u[:, 3], "x", spec.w), self._shifted(u[:, 4], "y", spec.h)), 1),
            "angle": low + u[:, 5] * (high - low),
            "shear": np.stack(shear, 1),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        shift = None if self.fit_output else params["translate"]
        forward = similar(spec, params["angle"], params["scale"], params["shear"], shift)
        out_h, out_w = spec.h, spec.w
        if self.fit_output and len(spec):
            forward, out_h, out_w = fitted(forward, spec)
        yield from self.warp(affine_rows(forward), out_h, out_w, params["active"])


class ShiftScaleRotateConfig(TurnConfig):
    shift_limit: Annotated[tuple[float, float], between(-1.0, 1.0, "shift_limit")] = (-0.0625, 0.0625)
    scale_limit: Annotated[tuple[float, float], between(-0.999, 1e3, "scale_limit")] = (-0.1, 0.1)
    rotate_limit: Annotated[tuple[float, float], between(-MOST, MOST, "rotate_limit")] = (-45.0, 45.0)
    shift_limit_x: Annotated[tuple[float, float] | None, between(-1.0, 1.0, "shift_limit_x")] = None
    shift_limit_y: Annotated[tuple[float, float] | None, between(-1.0, 1.0, "shift_limit_y")] = None


class ShiftScaleRotate(OpencvWarp):
    """Shifts, scales and turns about the middle, with probability `p`, each image by itself. Albumentations'.

    shift_limit: parts of the width and height, from -1 to 1, cut to whole pixels; shift_limit_x, shift_limit_y: for one
    axis instead. scale_limit: added to 1, a factor for each axis by itself. rotate_limit: degrees, counter-clockwise.
    Each a range, or a number, which is fixed. interpolation: nearest or bilinear. fill, fill_mask: beyond the border,
    one value or one a channel; masks take the nearest.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> shift = T.ShiftScaleRotate(0, 0, 0, shift_limit_x=0.34, p=1.0)
    >>> shift(np.array([[1, 2, 3]], np.uint8)).tolist()
    [[0, 1, 2]]
    """

    Config = ShiftScaleRotateConfig

    def __init__(
        self, shift_limit: Any = (-0.0625, 0.0625), scale_limit: Any = (-0.1, 0.1), rotate_limit: Any = (-45, 45),
        interpolation: Any = InterpolationMode.BILINEAR, border_mode: Any = "constant", shift_limit_x: Any = None,
        shift_limit_y: Any = None, rotate_method: str = "largest_box", mask_interpolation: Any = "nearest",
        fill: Any = 0, fill_mask: Any = 0, p: float = 0.5, *, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            shift_limit=shift_limit, scale_limit=scale_limit, rotate_limit=rotate_limit, interpolation=interpolation,
            border_mode=border_mode, shift_limit_x=shift_limit_x, shift_limit_y=shift_limit_y,
            rotate_method=rotate_method, mask_interpolation=mask_interpolation, fill=fill, fill_mask=fill_mask, p=p,
            name=name,
        )  # fmt: skip

    def sample(self, draws: Draws, spec: Spec) -> Params:
        u = draws.uniform(6)

        def drawn(i: int, limits: tuple[float, float]) -> Reals:
            values: Reals = limits[0] + u[:, i] * (limits[1] - limits[0])
            return values

        shifts = (self.shift_limit_x or self.shift_limit, self.shift_limit_y or self.shift_limit)
        moved = [np.trunc(drawn(1 + i, shifts[i]) * side) for i, side in enumerate((spec.w, spec.h))]
        return {
            "active": u[:, 0] < self.p,
            "translate": np.stack(moved, 1).astype(np.int64),
            "scale": 1.0 + np.stack([drawn(i, self.scale_limit) for i in (3, 4)], 1),
            "angle": drawn(5, self.rotate_limit),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        forward = similar(spec, params["angle"], params["scale"], shift=params["translate"])
        yield from self.warp(affine_rows(forward), spec.h, spec.w, params["active"])
