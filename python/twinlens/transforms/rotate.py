"""Rotate and SafeRotate under Albumentations' names, with OpenCV's pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from twinlens.steps import Crop
from twinlens.transforms.affine import MOST, OpencvWarp, TurnConfig, between
from twinlens.transforms.arguments import InterpolationMode
from twinlens.transforms.matrices import affine_rows, enclosed, middle, similar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

__all__ = ["Rotate", "SafeRotate"]


class SafeRotateConfig(TurnConfig):
    limit: Annotated[tuple[float, float], between(-MOST, MOST, "limit")] = (-90.0, 90.0)


class RotateConfig(SafeRotateConfig):
    crop_border: bool = False


class _Turned(OpencvWarp):
    """Draws `angle` from `limit`."""

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        u = draws.uniform(2)
        low, high = self.limit
        return {"active": u[:, 0] < self.p, "angle": low + u[:, 1] * (high - low)}


class Rotate(_Turned):
    """Turns about the middle by an angle from `limit`, with probability `p`, each image by itself. Albumentations'.

    limit: degrees, counter-clockwise, a range, or a number, which is fixed. crop_border: keep the largest upright
    rectangle without a border; sizes then differ from image to image. interpolation: nearest or bilinear. fill,
    fill_mask: beyond the border, one value or one a channel; masks take the nearest. uint8, uint16, float32.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Rotate(90, p=1.0)(np.array([[1, 2], [3, 4]], np.uint8)).tolist()
    [[2, 4], [1, 3]]
    """

    Config = RotateConfig

    def __init__(
        self, limit: Any = (-90, 90), interpolation: Any = InterpolationMode.BILINEAR, border_mode: Any = "constant",
        rotate_method: str = "largest_box", crop_border: bool = False, mask_interpolation: Any = "nearest",
        fill: Any = 0, fill_mask: Any = 0, p: float = 0.5, *, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            limit=limit, interpolation=interpolation, border_mode=border_mode, rotate_method=rotate_method,
            crop_border=crop_border, mask_interpolation=mask_interpolation, fill=fill, fill_mask=fill_mask, p=p,
            name=name,
        )  # fmt: skip

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        active, angle = params["active"], params["angle"]
        yield from self.warp(affine_rows(similar(spec, angle)), spec.h, spec.w, active)
        if self.crop_border and active.any():
            yield Crop(*enclosed(spec, angle), active=None if active.all() else active)


class SafeRotate(_Turned):
    """Turns by an angle from `limit` and shrinks the whole into the image's size, with probability `p`.

    Albumentations'. The turned image, in the smallest upright frame that holds it, is drawn at the size of the input:
    the ratio of the sides changes. limit: degrees, counter-clockwise, a range, or a number, which is fixed.
    interpolation: nearest or bilinear. fill, fill_mask: beyond the border, one value or one a channel; masks take the
    nearest.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.SafeRotate(45, p=1.0)(np.ones((9, 8, 3), np.uint8)).shape
    (9, 8, 3)
    """

    Config = SafeRotateConfig

    def __init__(
        self, limit: Any = (-90, 90), interpolation: Any = InterpolationMode.BILINEAR, border_mode: Any = "constant",
        rotate_method: str = "largest_box", mask_interpolation: Any = "nearest", fill: Any = 0, fill_mask: Any = 0,
        p: float = 0.5, *, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            limit=limit, interpolation=interpolation, border_mode=border_mode, rotate_method=rotate_method,
            mask_interpolation=mask_interpolation, fill=fill, fill_mask=fill_mask, p=p, name=name,
        )  # fmt: skip

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        turned = similar(spec, params["angle"])
        x, y = middle(spec)
        cos, sin = np.abs(turned[:, 0]), np.abs(turned[:, 1])
        frame_w = np.maximum(np.trunc(spec.h * sin + spec.w * cos), 1.0)
        frame_h = np.maximum(np.trunc(spec.h * cos + spec.w * sin), 1.0)
        turned[:, 2] += frame_w / 2 - x
        turned[:, 5] += frame_h / 2 - y
        turned[:, :3] *= (spec.w / frame_w)[:, None]
        turned[:, 3:] *= (spec.h / frame_h)[:, None]
        yield from self.warp(affine_rows(turned), spec.h, spec.w, params["active"])
