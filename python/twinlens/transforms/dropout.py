"""CoarseDropout and GridDropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from twinlens.random import Draws
from twinlens.steps import Erase
from twinlens.transforms import base
from twinlens.transforms.arguments import Fill, Probability, fill_rows
from twinlens.transforms.impulse import colours
from twinlens.transforms.noise import largest_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Bools, Ints, Reals

__all__ = ["CoarseDropout", "GridDropout"]

_COLOURS = 1 << 20  # the draws of colours begin behind those of places
_ZERO = np.zeros((1, 1))


def _dropout_fill(value: Any) -> Any:
    if isinstance(value, str):
        if value in ("inpaint_telea", "inpaint_ns"):
            raise ValueError(f"fill={value!r}: inpainting is not supported; use a value, 'random' or 'random_uniform'")
        if value not in ("random", "random_uniform"):
            raise ValueError(f"fill={value!r} must be 'random', 'random_uniform', a number or one a channel")
    return value


DropoutFill = Annotated[Literal["random", "random_uniform"] | Fill, BeforeValidator(_dropout_fill)]


def _integer_range(value: Any) -> tuple[int, int]:
    pair = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value, value)
    if len(pair) != 2 or not all(isinstance(v, int) and not isinstance(v, bool) for v in pair):
        raise ValueError(f"wants an integer or two, got {value!r}")
    if not 1 <= pair[0] <= pair[1] <= 1 << 16:
        raise ValueError(f"wants positive integers, the smaller first, got {value!r}")
    return pair


IntegerRange = Annotated[tuple[int, int], BeforeValidator(_integer_range)]


def _hole_range(value: Any) -> tuple[int, int] | tuple[float, float]:
    """Two integers are pixels, anything else shares of the image."""
    pair = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value, value)
    if len(pair) == 2 and all(isinstance(v, int) and not isinstance(v, bool) for v in pair):
        return _integer_range(pair)
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in pair)
    if len(pair) != 2 or not numbers or not 0 <= pair[0] <= pair[1] <= 1:
        raise ValueError(f"wants pixels (integers) or shares from 0 to 1, the smaller first, got {value!r}")
    return float(pair[0]), float(pair[1])


HoleRange = Annotated[tuple[int, int] | tuple[float, float], BeforeValidator(_hole_range)]


def _lengths(sides: tuple[float, float], size: Ints, uniform: Reals) -> Ints:
    """(batch, n) pixels, at least 1 and at most the image's."""
    low, high = sides
    if isinstance(low, int):
        drawn = low + np.floor(uniform * (high - low + 1))
    else:
        drawn = np.floor((low + uniform * (high - low)) * size[:, None])
    clipped: Ints = np.clip(drawn, 1, size[:, None]).astype(np.int64)
    return clipped


def dropped(
    fill: Any, masks: Any, holes: tuple[Ints, Ints], params: Params, spec: Spec, draws: Draws | None
) -> Iterable[Step]:
    """The steps that fill `holes`, (batch, N, 4) and their number (batch,); `draws` gives each rectangle its colour."""
    yxhw, count = holes
    active: Bools = params["active"]
    mask_rows = None if masks is None else fill_rows(masks)
    if fill == "random":
        yield Erase(yxhw, count, _ZERO, "uniform", params["seed"], mask_rows, active=active)
    elif draws is None:
        yield Erase(yxhw, count, fill_rows(fill), masks=mask_rows, active=active)
    else:
        for c in np.unique(spec.c).tolist():
            values = colours(draws, yxhw.shape[1] * c, spec, _COLOURS)
            yield Erase(yxhw, count, values, masks=mask_rows, active=active & (spec.c == c))


class CoarseDropoutConfig(base.Config):
    num_holes_range: IntegerRange = Field((1, 2), description="How many holes, both ends included.")
    hole_height_range: HoleRange = (0.1, 0.2)
    hole_width_range: HoleRange = (0.1, 0.2)
    fill: DropoutFill = 0.0
    fill_mask: Fill | None = None
    p: Probability = 0.5


class CoarseDropout(base.Transform):
    """Fills some rectangles of random size at uniform places, Albumentations'.

    hole_height_range, hole_width_range: two integers are pixels, both included; else shares of the image. fill: one
    number or one a channel in the units of the image, "random" (every sample) or "random_uniform" (a colour a
    rectangle). Masks are filled with `fill_mask`, or stay as they are; boxes and keypoints stay.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> int(T.CoarseDropout(1, 2, 3, p=1.0)(np.ones((9, 9), np.uint8)).sum())
    75
    """

    Config = CoarseDropoutConfig
    is_random = True

    def __init__(
        self,
        num_holes_range: Any = (1, 2),
        hole_height_range: Any = (0.1, 0.2),
        hole_width_range: Any = (0.1, 0.2),
        fill: Any = 0,
        fill_mask: Any = None,
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            num_holes_range=num_holes_range,
            hole_height_range=hole_height_range,
            hole_width_range=hole_width_range,
            fill=fill,
            fill_mask=fill_mask,
            p=p,
            name=name,
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        low, high = self.num_holes_range
        u = draws.uniform(4 * high, first=3).reshape(-1, high, 4)
        h, w = _lengths(self.hole_height_range, spec.h, u[..., 0]), _lengths(self.hole_width_range, spec.w, u[..., 1])
        y = np.floor(u[..., 2] * (spec.h[:, None] - h + 1)).astype(np.int64)
        x = np.floor(u[..., 3] * (spec.w[:, None] - w + 1)).astype(np.int64)
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "count": low + draws.below(high - low + 1, first=1),
            "yxhw": np.stack((y, x, h, w), -1),
            "seed": draws.seeds(first=2),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        largest_of("CoarseDropout", spec)
        draws = Draws(params["seed"].view(np.uint64), 0) if self.fill == "random_uniform" else None
        return dropped(self.fill, self.fill_mask, (params["yxhw"], params["count"]), params, spec, draws)


def _between(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError(f"wants a number above 0 and at most 1, got {value!r}")
    return float(value)


def _pair_from(low: int) -> Any:
    def check(value: Any) -> tuple[int, int] | None:
        if value is None:
            return None
        pair = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
        if len(pair) != 2 or not all(isinstance(v, int) and not isinstance(v, bool) for v in pair):
            raise ValueError(f"wants two integers, got {value!r}")
        if min(pair) < low or max(pair) > 1 << 16:
            raise ValueError(f"wants integers of at least {low}, got {value!r}")
        return pair

    return check


class GridDropoutConfig(base.Config):
    ratio: Annotated[float, BeforeValidator(_between)] = 0.5
    random_offset: bool = True
    unit_size_range: Annotated[tuple[int, int] | None, BeforeValidator(_pair_from(2))] = None
    holes_number_xy: Annotated[tuple[int, int] | None, BeforeValidator(_pair_from(1))] = None
    shift_xy: Annotated[tuple[int, int], BeforeValidator(_pair_from(0))] = (0, 0)
    fill: DropoutFill = 0.0
    fill_mask: Fill | None = None
    p: Probability = 0.5

    @model_validator(mode="after")
    def _check(self) -> Self:
        sizes = self.unit_size_range
        if sizes is not None and sizes[0] > sizes[1]:
            raise ValueError(f"unit_size_range={sizes} wants the smaller first")
        return self


class GridDropout(base.Transform):
    """Fills a rectangle in every unit of a grid, `ratio` of its sides long, Albumentations'.

    A unit is a square of `unit_size_range` pixels (both included), or 1 / holes_number_xy of the image across and down,
    or a tenth of both sides; at least 2 pixels. random_offset: every rectangle at a uniform place in its unit, else in
    its upper left corner, and the grid begins at `shift_xy`. fill, fill_mask and targets as in `CoarseDropout`.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.GridDropout(random_offset=False, unit_size_range=(2, 2), p=1.0)(np.ones((2, 4), np.uint8)).tolist()
    [[0, 1, 0, 1], [1, 1, 1, 1]]
    """

    Config = GridDropoutConfig
    is_random = True

    def __init__(
        self,
        ratio: float = 0.5,
        random_offset: bool = True,
        unit_size_range: Any = None,
        holes_number_xy: Any = None,
        shift_xy: Any = (0, 0),
        fill: Any = 0,
        fill_mask: Any = None,
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            ratio=ratio,
            random_offset=random_offset,
            unit_size_range=unit_size_range,
            holes_number_xy=holes_number_xy,
            shift_xy=shift_xy,
            fill=fill,
            fill_mask=fill_mask,
            p=p,
            name=name,
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        if self.unit_size_range is not None:
            low, high = self.unit_size_range
            unit_h = unit_w = low + draws.below(high - low + 1, first=1)
        else:
            across, down = self.holes_number_xy or (10, 10)
            unit_h, unit_w = spec.h // down, spec.w // across
        units = np.stack((np.maximum(unit_h, 2), np.maximum(unit_w, 2)), 1)
        return {"active": draws.uniform()[:, 0] < self.p, "unit": units, "seed": draws.seeds(first=2)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        largest_of("GridDropout", spec)
        draws = Draws(params["seed"].view(np.uint64), 0)
        holes = self._holes(params["unit"], spec, draws)
        own = draws if self.fill == "random_uniform" else None
        return dropped(self.fill, self.fill_mask, holes, params, spec, own)

    def _holes(self, unit: Ints, spec: Spec, draws: Draws) -> tuple[Ints, Ints]:
        """(batch, N, 4) and how many of them each image has; unit k has draws 2 k and 2 k + 1."""
        size = np.stack((spec.h, spec.w), 1)
        shift = np.zeros(2, np.int64) if self.random_offset else np.array(self.shift_xy[::-1])
        length = np.clip((unit * self.ratio).astype(np.int64), 1, unit - 1)
        cells = np.maximum(-((shift - size) // unit), 0)  # (batch, 2): rows and columns of units
        count = cells.prod(1)
        number = np.arange(max(int(count.max(initial=0)), 1))
        at = np.stack((number // np.maximum(cells[:, 1:], 1), number % np.maximum(cells[:, 1:], 1)), -1)
        start = shift + at * unit[:, None]
        if self.random_offset:
            room = (unit - length + 1)[:, None]
            start = start + np.floor(draws.uniform(2 * len(number)).reshape(len(unit), -1, 2) * room).astype(np.int64)
        end = np.minimum(start + length[:, None], size[:, None])
        inside = (end > start).all(-1) & (number < count[:, None])
        order = np.argsort(~inside, axis=1, kind="stable")  # rectangles that lie outside go to the back
        holes = np.take_along_axis(np.concatenate((start, end - start), -1), order[..., None], 1)
        return holes, inside.sum(1)
