"""RandomRotation, RandomAffine and RandomPerspective: torchvision's, with Pillow's pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from pydantic import BeforeValidator

from twinlens.steps import Transpose, Warp
from twinlens.transforms import base
from twinlens.transforms.arguments import Fill, Interpolation, InterpolationMode, Probability, fill_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Bools, Ints, Reals

__all__ = [
    "RandomAffine",
    "RandomPerspective",
    "RandomRotation",
    "affine_rows",
    "inverse_affine",
    "perspective_between",
    "perspective_rows",
    "quarter_turns",
    "rotation",
    "rotation_rows",
]

_METHODS = ("nearest", "bilinear", "bicubic")


def _interpolation(value: Any) -> Any:
    name = str(getattr(value, "value", value)).lower()
    if isinstance(value, str) and name not in _METHODS:
        raise ValueError(f"interpolation={value!r} must be one of {', '.join(_METHODS)}")
    return value


Method = Annotated[Interpolation, BeforeValidator(_interpolation)]


def _numbers(value: Any, name: str, lengths: tuple[int, ...]) -> tuple[float, ...]:
    numbers = tuple(value) if isinstance(value, Sequence | np.ndarray) else (value,)
    fine = all(isinstance(n, int | float | np.number) and not isinstance(n, bool) and np.isfinite(n) for n in numbers)
    if not fine or len(numbers) not in lengths:
        wants = " or ".join(str(n) for n in lengths)
        raise ValueError(f"{name}={value!r} must be {wants} finite numbers")
    return tuple(float(n) for n in numbers)


def _range(value: Any, name: str, lengths: tuple[int, ...]) -> list[float]:
    numbers = _numbers(value, name, lengths)
    if len(numbers) == 1:
        if numbers[0] < 0:
            raise ValueError(f"{name}={value!r} as one number must not be negative")
        return [-numbers[0], numbers[0]]
    if any(low > high for low, high in zip(numbers[::2], numbers[1::2], strict=True)):
        raise ValueError(f"{name}={value!r} must have the smaller number first")
    return list(numbers)


def _translate(value: Any) -> tuple[float, ...] | None:
    if value is None:
        return None
    numbers = _numbers(value, "translate", (2,))
    if not all(0 <= n <= 1 for n in numbers):
        raise ValueError(f"translate={value!r} must be two numbers from 0 to 1")
    return numbers


def _scale(value: Any) -> tuple[float, ...] | None:
    if value is None:
        return None
    numbers = _range(value, "scale", (2,))
    if numbers[0] <= 0:
        raise ValueError(f"scale={value!r} must be positive")
    return tuple(numbers)


Degrees = Annotated[list[float], BeforeValidator(lambda v: _range(v, "degrees", (1, 2)))]
Shear = Annotated[list[float] | None, BeforeValidator(lambda v: None if v is None else _range(v, "shear", (1, 2, 4)))]
Center = Annotated[
    tuple[float, float] | None, BeforeValidator(lambda v: None if v is None else _numbers(v, "center", (2,)))
]


class RotationConfig(base.Config):
    degrees: Degrees
    interpolation: Method = InterpolationMode.NEAREST
    expand: bool = False
    center: Center = None
    fill: Fill = 0.0


class RandomRotation(base.Transform):
    """Rotates by an angle drawn from `degrees`, counter-clockwise. Exactly Pillow's Image.rotate.

    degrees: a number d draws from -d to d, two numbers are the range. interpolation: nearest, bilinear, bicubic.
    expand: the result holds all of the image; sizes then differ from image to image. center: x, y in pixels from the
    top left corner, None for the middle. fill: one value or one a channel. uint8, uint16, float32; masks take the
    nearest and are filled with 0.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandomRotation((90, 90))(np.array([[1, 2], [3, 4]], np.uint8)).tolist()
    [[2, 4], [1, 3]]
    """

    Config = RotationConfig
    is_random = True

    def __init__(
        self,
        degrees: Any,
        interpolation: Any = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Any = None,
        fill: Any = 0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            degrees=degrees, interpolation=interpolation, expand=expand, center=center, fill=fill, name=name
        )

    @staticmethod
    def get_params(degrees: list[float]) -> float:
        """torchvision's: an angle from torch's generator."""
        return float(torch.empty(1).uniform_(float(degrees[0]), float(degrees[1])))

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        low, high = self.degrees
        return {"angle": draws.uniform(low=low, high=high)[:, 0]}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        angle = np.mod(params["angle"], 360.0)
        turns = quarter_turns(angle, (spec.h == spec.w) | self.expand)
        if self.center is not None:
            turns = np.zeros_like(turns)
        if turns.any():
            yield Transpose.turns((angle // 90).astype(np.int64), active=None if turns.all() else turns)
        if not turns.all():
            matrix, out_h, out_w = rotation_rows(angle, spec, self.center, self.expand)
            active = None if not turns.any() else ~turns
            yield Warp(self.interpolation.value, matrix, out_h, out_w, fill_rows(self.fill), active=active)


def quarter_turns(angle: Reals, square: Bools) -> Bools:
    """Where Pillow turns by whole quarters without a warp: where the picture stays as it is around them."""
    quarters: Bools = (angle % 180.0 == 0.0) | ((angle % 90.0 == 0.0) & square)
    return quarters & (angle < 360.0)  # what a tiny negative angle is modulo 360, Pillow warps


def rotation_rows(
    angle: Reals, spec: Spec, center: tuple[float, float] | None = None, expand: bool = False
) -> tuple[Reals, Ints, Ints]:
    """(B, 8), (B,) and (B,): Pillow's inverse matrices for angles (B,) from 0 to 360, and the results' sizes."""
    rows = [rotation(float(a), int(h), int(w), center, expand) for a, h, w in zip(angle, spec.h, spec.w, strict=True)]
    matrix = np.array([row[0] for row in rows]).reshape(-1, 8)
    out_h, out_w = (np.array([row[i] for row in rows], np.int64) for i in (1, 2))
    return matrix, out_h, out_w


def rotation(
    angle: float, h: int, w: int, center: tuple[float, float] | None, expand: bool
) -> tuple[list[float], int, int]:
    """Pillow's Image.rotate: output to input, and the result's height and width."""
    cx, cy = (w / 2, h / 2) if center is None else center
    turn = -math.radians(angle)
    cos, sin = round(math.cos(turn), 15), round(math.sin(turn), 15)
    minus_sin = round(-math.sin(turn), 15)

    def placed(x: float, y: float, c: float, f: float) -> tuple[float, float]:
        return cos * x + sin * y + c, minus_sin * x + cos * y + f

    c, f = placed(-cx, -cy, 0.0, 0.0)
    c, f = c + cx, f + cy
    new_h, new_w = h, w
    if expand:
        xs, ys = zip(*(placed(x, y, c, f) for x, y in ((0, 0), (w, 0), (w, h), (0, h))), strict=True)
        new_w, new_h = (math.ceil(max(v)) - math.floor(min(v)) for v in (xs, ys))
        c, f = placed(-(new_w - w) / 2.0, -(new_h - h) / 2.0, c, f)
    return [cos, sin, c, minus_sin, cos, f, 0.0, 0.0], new_h, new_w


class AffineConfig(base.Config):
    degrees: Degrees
    translate: Annotated[tuple[float, ...] | None, BeforeValidator(_translate)] = None
    scale: Annotated[tuple[float, ...] | None, BeforeValidator(_scale)] = None
    shear: Shear = None
    interpolation: Method = InterpolationMode.NEAREST
    fill: Fill = 0.0
    center: Center = None


class RandomAffine(base.Transform):
    """Rotates, shifts, scales and shears by chance, about the middle. Exactly torchvision on PIL images.

    degrees: a number d draws from -d to d, two numbers are the range. translate: the largest shift across and down, in
    parts of the width and height; shifts are whole pixels. scale: a range of factors. shear: a number s draws degrees
    from -s to s along x, two numbers are the range along x, four also that along y. interpolation: nearest, bilinear,
    bicubic. fill: one value or one a channel. center: x, y in pixels, None for the middle.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandomAffine(0)(np.array([[1, 2], [3, 4]], np.uint8)).tolist()
    [[1, 2], [3, 4]]
    """

    Config = AffineConfig
    is_random = True

    def __init__(
        self,
        degrees: Any,
        translate: Any = None,
        scale: Any = None,
        shear: Any = None,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = 0,
        center: Any = None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            degrees=degrees, translate=translate, scale=scale, shear=shear, interpolation=interpolation, fill=fill,
            center=center, name=name,
        )  # fmt: skip

    @staticmethod
    def get_params(
        degrees: list[float], translate: list[float] | None, scale_ranges: list[float] | None,
        shears: list[float] | None, img_size: list[int],
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:  # fmt: skip
        """torchvision's: angle, shifts, scale and shears from torch's generator; img_size is width, height."""

        def drawn(low: float, high: float) -> float:
            return float(torch.empty(1).uniform_(low, high))

        angle = drawn(degrees[0], degrees[1])
        shift = (0, 0)
        if translate is not None:
            most = [float(part * side) for part, side in zip(translate, img_size, strict=True)]
            shift = (round(drawn(-most[0], most[0])), round(drawn(-most[1], most[1])))
        scale = 1.0 if scale_ranges is None else drawn(scale_ranges[0], scale_ranges[1])
        across = 0.0 if shears is None else drawn(shears[0], shears[1])
        down = drawn(shears[2], shears[3]) if shears is not None and len(shears) == 4 else 0.0
        return angle, shift, scale, (across, down)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        u = draws.uniform(6)

        def between(i: int, low: Any, high: Any) -> Reals:
            values: Reals = low + u[:, i] * (high - low)
            return values

        translate = self.translate or [0.0, 0.0]
        shifts = [
            np.rint(between(i + 1, -part * side, part * side)).astype(np.int64)
            for i, (part, side) in enumerate(zip(translate, (spec.w, spec.h), strict=True))
        ]
        scale = self.scale or [1.0, 1.0]
        shear = [*(self.shear or [0.0, 0.0]), 0.0, 0.0][:4]
        return {
            "angle": between(0, *self.degrees),
            "translate": np.stack(shifts, 1),
            "scale": between(3, *scale),
            "shear": np.stack((between(4, shear[0], shear[1]), between(5, shear[2], shear[3])), 1),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        matrix = affine_rows(
            params["angle"], params["translate"].astype(np.float64), params["scale"], params["shear"], spec, self.center
        )
        yield Warp(self.interpolation.value, matrix, spec.h, spec.w, fill_rows(self.fill))


def affine_rows(
    angle: Reals, translate: Reals, scale: Reals, shear: Reals, spec: Spec, center: tuple[float, float] | None
) -> Reals:
    """(B, 8): torchvision's inverse matrices for angle (B,), translate (B, 2), scale (B,), shear (B, 2) in degrees."""
    rows = []
    for i in range(len(spec)):
        cx, cy = (int(spec.w[i]) * 0.5, int(spec.h[i]) * 0.5) if center is None else center
        rows.append(inverse_affine(cx, cy, float(angle[i]), translate[i].tolist(), float(scale[i]), shear[i].tolist()))
    return np.array(rows).reshape(-1, 8)


def inverse_affine(
    cx: float, cy: float, angle: float, translate: list[float], scale: float, shear: list[float]
) -> list[float]:
    """One row of `affine_rows`, about the centre cx, cy."""
    turn, across, down = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    tx, ty = translate
    a = math.cos(turn - down) / math.cos(down)
    b = -math.cos(turn - down) * math.tan(across) / math.cos(down) - math.sin(turn)
    c = math.sin(turn - down) / math.cos(down)
    d = -math.sin(turn - down) * math.tan(across) / math.cos(down) + math.cos(turn)
    m = [v / scale for v in (d, -b, 0.0, -c, a, 0.0)]
    m[2] += m[0] * (-cx - tx) + m[1] * (-cy - ty)
    m[5] += m[3] * (-cx - tx) + m[4] * (-cy - ty)
    return [m[0], m[1], m[2] + cx, m[3], m[4], m[5] + cy, 0.0, 0.0]


class PerspectiveConfig(base.Config):
    distortion_scale: Probability = 0.5
    p: Probability = 0.5
    interpolation: Method = InterpolationMode.BILINEAR
    fill: Fill = 0.0


class RandomPerspective(base.Transform):
    """Moves the four corners inwards by chance and warps the image to them, with probability `p`.

    distortion_scale: how far, in halves of the sides. interpolation: nearest, bilinear, bicubic. fill: one value or one
    a channel. Exactly torchvision on PIL images: an 8 x 8 system in float64, rounded to float32.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandomPerspective(p=1.0)(np.ones((9, 8, 3), np.uint8)).shape
    (9, 8, 3)
    """

    Config = PerspectiveConfig
    is_random = True

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: Any = InterpolationMode.BILINEAR,
        fill: Any = 0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(distortion_scale=distortion_scale, p=p, interpolation=interpolation, fill=fill, name=name)

    @staticmethod
    def get_params(width: int, height: int, distortion_scale: float) -> tuple[list[list[int]], list[list[int]]]:
        """torchvision's: the corners and where they go, from torch's generator."""
        reach_x, reach_y = (int(distortion_scale * (side // 2)) + 1 for side in (width, height))
        start = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
        end = []
        for x, y in start:
            low_x, low_y = (width - reach_x if x else 0), (height - reach_y if y else 0)
            end.append([
                int(torch.randint(low_x, low_x + reach_x, (1,))),
                int(torch.randint(low_y, low_y + reach_y, (1,))),
            ])  # fmt: skip
        return start, end

    def sample(self, draws: Draws, spec: Spec) -> Params:
        u = draws.uniform(9)
        inward = u[:, 1:].reshape(-1, 4, 2)
        reach = np.stack([np.floor(self.distortion_scale * (side // 2)) + 1 for side in (spec.w, spec.h)], 1)
        moved = np.floor(inward * reach[:, None]).astype(np.int64)
        far = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
        base_at = (np.stack((spec.w, spec.h), 1)[:, None] - reach[:, None].astype(np.int64)) * far
        return {"active": u[:, 0] < self.p, "corners": base_at + moved}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        active = params["active"]
        if active.any():
            matrix = perspective_rows(params["corners"], spec)
            method, fill = self.interpolation.value, fill_rows(self.fill)
            yield Warp(method, matrix, spec.h, spec.w, fill, True, active=None if active.all() else active)


def perspective_rows(corners: Any, spec: Spec) -> Reals:
    """(B, 8) float64 of float32 numbers: output to input, where the image's corners go to `corners` (B, 4, 2) x, y."""
    w, h = (side - 1 for side in (spec.w, spec.h))
    zero = np.zeros_like(w)
    start = np.stack((np.stack((zero, w, w, zero), 1), np.stack((zero, zero, h, h), 1)), 2).astype(np.float64)
    return perspective_between(start, corners)


def perspective_between(start: Any, end: Any) -> Reals:
    """(B, 8) float64 of float32 numbers: output to input, where `start` (B, 4, 2) x, y goes to `end`."""
    system = np.zeros((len(start), 8, 8))
    x, y = end[..., 0].astype(np.float64), end[..., 1].astype(np.float64)
    for row, at in ((0, 0), (1, 3)):
        system[:, row::2, at], system[:, row::2, at + 1], system[:, row::2, at + 2] = x, y, 1.0
        system[:, row::2, 6], system[:, row::2, 7] = -start[..., row] * x, -start[..., row] * y
    # torchvision's solver, so that the last bits are its own.
    solved = torch.linalg.lstsq(
        torch.from_numpy(system), torch.from_numpy(start.reshape(len(start), 8, 1)), driver="gels"
    ).solution
    rows: Reals = solved.squeeze(-1).to(torch.float32).double().numpy()
    return rows
