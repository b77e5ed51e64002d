"""Perspective under Albumentations' name, with OpenCV's pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from twinlens import _native
from twinlens.transforms.affine import OpencvWarp, WarpConfig, between
from twinlens.transforms.arguments import InterpolationMode
from twinlens.transforms.matrices import corners, homography, perspective_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints, Reals

__all__ = ["Perspective"]

_DEEPEST = 0.32  # of a side: how far a corner may come in; what is drawn beyond starts again at 0
_INWARD = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], np.float64)
_NEAREST_HORIZON = 0.05
_WIDEST = 8  # of the longer side: how large a fitted result may become


class PerspectiveConfig(WarpConfig):
    scale: Annotated[tuple[float, float], between(0.0, 10.0, "scale")] = (0.05, 0.1)
    keep_size: bool = True
    fit_output: bool = False


class Perspective(OpencvWarp):
    """Moves four corners inwards by chance and draws what they enclose, with probability `p`. Albumentations'.

    scale: standard deviation of the corners' distances, in parts of the sides, a range to draw from, or a number, which
    is fixed; distances are the absolute values, modulo 0.32. keep_size: the result has the input's size. fit_output:
    the result holds all of the image, rather than only what the corners enclose. interpolation: nearest or bilinear.
    fill, fill_mask: beyond the border, one value or one a channel; masks take the nearest.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Perspective(p=1.0)(np.ones((9, 8, 3), np.uint8)).shape
    (9, 8, 3)
    """

    Config = PerspectiveConfig

    def __init__(
        self, scale: Any = (0.05, 0.1), keep_size: bool = True, fit_output: bool = False,
        interpolation: Any = InterpolationMode.BILINEAR, mask_interpolation: Any = "nearest",
        border_mode: Any = "constant", fill: Any = 0, fill_mask: Any = 0, p: float = 0.5, *, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            scale=scale, keep_size=keep_size, fit_output=fit_output, interpolation=interpolation,
            mask_interpolation=mask_interpolation, border_mode=border_mode, fill=fill, fill_mask=fill_mask, p=p,
            name=name,
        )  # fmt: skip

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        u = draws.uniform(10)
        low, high = self.scale
        deviation = low + u[:, 1] * (high - low)
        quantiles = _native.normal_quantiles().astype(np.float64)
        normal = quantiles[np.floor(u[:, 2:] * len(quantiles)).astype(np.int64)].reshape(-1, 4, 2)
        return {"active": u[:, 0] < self.p, "inward": np.mod(deviation[:, None, None] * normal, _DEEPEST)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        sides = np.stack((spec.w, spec.h), 1).astype(np.float64)[:, None]
        whole = corners(spec)
        quad = whole + _INWARD * params["inward"] * sides
        forward = homography(quad, whole)
        if self.fit_output:
            forward, out_w, out_h = _fitted(forward, spec)
        else:
            out_w, out_h = _sides(quad)
        if self.keep_size:
            forward = forward.copy()
            forward[:, 0] *= (spec.w / out_w)[:, None]
            forward[:, 1] *= (spec.h / out_h)[:, None]
            out_w, out_h = spec.w, spec.h
        yield from self.warp(perspective_rows(forward), out_h, out_w, params["active"], True)


def _sides(quad: Reals) -> tuple[Ints, Ints]:
    """Width and height: of opposite sides the longer, in whole pixels."""
    tl, tr, br, bl = (quad[:, i] for i in range(4))

    def longer(a: Reals, b: Reals) -> Ints:
        lengths = np.sqrt(np.stack([(v * v).sum(1) for v in (a, b)]))
        found: Ints = np.maximum(lengths.max(0).astype(np.int64), 1)
        return found

    return longer(tr - tl, br - bl), longer(tr - br, tl - bl)


def _fitted(forward: Reals, spec: Spec) -> tuple[Reals, Ints, Ints]:
    """The map that takes the image's corners where `forward` does, moved to 0 and rounded; width and height."""
    whole = corners(spec)
    x, y = whole[..., 0], whole[..., 1]
    scaled = forward / np.where(np.abs(forward[:, 2, 2]) < 1e-9, 1e-9, forward[:, 2, 2])[:, None, None]
    rows = [scaled[:, k, 0, None] * x + scaled[:, k, 1, None] * y + scaled[:, k, 2, None] for k in range(3)]
    moved = np.stack(rows[:2], 2) / np.maximum(rows[2], _NEAREST_HORIZON)[..., None]
    moved = np.rint(moved - moved.min(1)[:, None])
    most = (_WIDEST * np.maximum(spec.w, spec.h))[:, None]
    size = np.clip(moved.max(1).astype(np.int64), 1, most)
    return homography(whole, moved), size[:, 0], size[:, 1]
