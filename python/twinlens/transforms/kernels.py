"""Sharpen, MotionBlur and Defocus: filters whose kernel is drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from twinlens.steps import Convolve
from twinlens.steps.blur.weights import gaussian_weights
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability, Range
from twinlens.transforms.blur import OddLimit, odd_sizes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Bools, Ints, Reals

__all__ = ["Defocus", "MotionBlur", "Sharpen"]


def _within(low: float, high: float) -> BeforeValidator:
    """Two numbers in low .. high, the smaller first; one number is both."""

    def check(value: Any) -> Any:
        pair = (value, value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        numbers = isinstance(pair, tuple | list) and len(pair) == 2
        if not numbers or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in pair):
            raise ValueError(f"wants two numbers, got {value!r}")
        if not low <= pair[0] <= pair[1] <= high:
            raise ValueError(f"wants numbers from {low:g} to {high:g}, the smaller first, got {value!r}")
        return pair

    return BeforeValidator(check)


def _odd(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value % 2 == 0 or not 3 <= value <= 101:
        raise ValueError(f"wants an odd integer from 3 to 101, got {value!r}")
    return value


class SharpenConfig(base.Config):
    alpha: Annotated[Range, _within(0, 1)] = (0.2, 0.5)
    lightness: Annotated[Range, _within(0, 1e4)] = (0.5, 1.0)
    method: Literal["kernel", "gaussian"] = "kernel"
    kernel_size: Annotated[int, BeforeValidator(_odd)] = 5
    sigma: Annotated[float, Field(gt=0, le=1e4)] = 1.0
    p: Probability = 0.5


class Sharpen(base.Transform):
    """Adds what a blur takes away, with probability `p`; Albumentations' name and arguments.

    cv2.filter2D's arithmetic.
    method "kernel": (1 - alpha) of the image and alpha of a 3 x 3 kernel, 8 + lightness in the middle and -1 around.
    method "gaussian": image + alpha * (image - its Gaussian blur), as one kernel of kernel_size (odd) and sigma. alpha
    and lightness are ranges that each image of a batch draws from by itself. uint8, uint16, float32 (clipped to 0..1).
    Masks, boxes and keypoints stay.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Sharpen((0.5, 0.5), (1.0, 1.0), p=1.0)(np.array([[9, 9, 20, 9]], np.uint8)).tolist()
    [[9, 0, 53, 0]]
    """

    Config = SharpenConfig
    is_random = True

    def __init__(
        self,
        alpha: Any = (0.2, 0.5),
        lightness: Any = (0.5, 1.0),
        method: Literal["kernel", "gaussian"] = "kernel",
        kernel_size: int = 5,
        sigma: float = 1.0,
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            alpha=alpha, lightness=lightness, method=method, kernel_size=kernel_size, sigma=sigma, p=p, name=name
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        alpha, lightness = draws.uniform(1, *self.alpha, first=1), draws.uniform(1, *self.lightness, first=2)
        return {"active": draws.uniform()[:, 0] < self.p, "alpha": alpha[:, 0], "lightness": lightness[:, 0]}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        alpha = params["alpha"][:, None, None]
        if self.method == "gaussian":
            line = np.array(gaussian_weights(self.kernel_size, self.sigma))
            effect = -np.outer(line, line)[None] * alpha
            effect[:, len(line) // 2, len(line) // 2] += 1 + params["alpha"]
            yield Convolve(effect, active=params["active"])
            return
        effect = np.full((len(alpha), 3, 3), -1.0) * alpha
        effect[:, 1, 1] = (1 - params["alpha"]) + params["alpha"] * (8 + params["lightness"])
        yield Convolve(effect, active=params["active"])


class MotionBlurConfig(base.Config):
    blur_limit: OddLimit = (3, 7)
    allow_shifted: bool = True
    angle_range: Annotated[Range, _within(0, 360)] = (0.0, 360.0)
    direction_range: Annotated[Range, _within(-1, 1)] = (-1.0, 1.0)
    p: Probability = 0.5


class MotionBlur(base.Transform):
    """The mean along a line, with probability `p`; Albumentations' name and arguments, cv2.filter2D's arithmetic.

    blur_limit: smallest and largest length, odd; one number is the largest, after 3. angle_range: degrees, from right
    towards down. direction_range: 0 spreads to both ends, 1 only forwards, -1 only backwards. allow_shifted: the line
    may lie up to a quarter of its length away from the pixel. Each image of a batch draws by itself. uint8, uint16,
    float32. Masks, boxes and keypoints stay.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> across = T.MotionBlur((3, 3), False, (0, 0), (0, 0), p=1.0)
    >>> across(np.array([[0, 0, 90, 0, 0]], np.uint8)).tolist()
    [[0, 30, 30, 30, 0]]
    """

    Config = MotionBlurConfig
    is_random = True

    def __init__(
        self,
        blur_limit: Any = (3, 7),
        allow_shifted: bool = True,
        angle_range: Any = (0, 360),
        direction_range: Any = (-1.0, 1.0),
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            blur_limit=blur_limit,
            allow_shifted=allow_shifted,
            angle_range=angle_range,
            direction_range=direction_range,
            p=p,
            name=name,
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        shift = draws.uniform(2, -0.5, 0.5, first=4) if self.allow_shifted else np.zeros((len(draws), 2))
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "ksize": odd_sizes(draws, self.blur_limit, first=1),
            "angle": draws.uniform(1, *self.angle_range, first=2)[:, 0],
            "direction": draws.uniform(1, *self.direction_range, first=3)[:, 0],
            "shift": shift,
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        kernel = motion_kernels(params["ksize"], params["angle"], params["direction"], params["shift"])
        yield Convolve(kernel, active=params["active"])


def motion_kernels(ksize: Ints, angle: Reals, direction: Reals, shift: Reals) -> Reals:
    """(B, n, n): `ksize` points spread evenly over a line, each at the nearest pixel; shift in halves of the size."""
    widest = int(ksize.max())
    reach = (ksize // 2)[:, None]
    before, behind = (reach * np.minimum(1 + sign * direction, 1.0)[:, None] for sign in (-1, 1))
    point = np.arange(widest)[None]
    along = -before + (before + behind) * point / (ksize - 1)[:, None]
    radians = np.deg2rad(angle)[:, None]
    # Rounded first, so that no last bit of a sine decides between two pixels.
    x, y = (
        np.rint(np.round(along * turn(radians) + reach * shift[:, i : i + 1], 9)).astype(np.int64)
        for i, turn in enumerate((np.cos, np.sin))
    )
    inside: Bools = (point < ksize[:, None]) & (np.abs(x) <= reach) & (np.abs(y) <= reach)
    kernel = np.zeros((len(ksize), widest, widest))
    image, at = np.nonzero(inside)
    kernel[image, y[image, at] + widest // 2, x[image, at] + widest // 2] = 1.0
    normalised: Reals = kernel / kernel.sum((1, 2), keepdims=True)
    return normalised


def _radius(value: Any) -> tuple[int, int]:
    pair = (1, value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise ValueError(f"wants a whole number (from 1 up to it) or two, got {value!r}")
    if not all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in pair):
        raise ValueError(f"wants whole numbers, got {value!r}")
    if not 1 <= pair[0] <= pair[1] <= 100:
        raise ValueError(f"wants whole numbers from 1 to 100, the smaller first, got {value!r}")
    return int(pair[0]), int(pair[1])


def _alias(value: Any) -> tuple[float, float]:
    pair = (0.0, value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise ValueError(f"wants a number (from 0 up to it) or two, got {value!r}")
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in pair) or not 0 <= pair[0] <= pair[1] <= 100:
        raise ValueError(f"wants numbers from 0 to 100, the smaller first, got {value!r}")
    return float(pair[0]), float(pair[1])


class DefocusConfig(base.Config):
    radius: Annotated[tuple[int, int], BeforeValidator(_radius)] = (3, 10)
    alias_blur: Annotated[tuple[float, float], BeforeValidator(_alias)] = (0.1, 0.5)
    p: Probability = 0.5


class Defocus(base.Transform):
    """The mean over a disk with soft edges, a lens out of focus, with probability `p`; Albumentations' arguments.

    radius: smallest and largest radius in pixels; one number is the largest, after 1. alias_blur: the range of the
    sigma of the Gaussian that softens the disk (Hendrycks and Dietterich, 2019: ImageNet-C); one number is the largest,
    after 0. Each image of a batch draws by itself. cv2.filter2D's arithmetic on uint8, uint16, float32. Masks, boxes
    and keypoints stay.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Defocus((1, 1), (0.1, 0.1), p=1.0)(np.array([[0, 0, 100, 0, 0]], np.uint8)).tolist()
    [[0, 20, 60, 20, 0]]
    """

    Config = DefocusConfig
    is_random = True

    def __init__(
        self, radius: Any = (3, 10), alias_blur: Any = (0.1, 0.5), p: float = 0.5, *, name: str | None = None
    ) -> None:
        super().__init__(radius=radius, alias_blur=alias_blur, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        low, high = self.radius
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "radius": low + draws.below(high - low + 1, first=1),
            "alias_blur": draws.uniform(1, *self.alias_blur, first=2)[:, 0],
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        yield Convolve(defocus_kernels(params["radius"], params["alias_blur"]), active=params["active"])


def defocus_kernels(radius: Ints, alias_blur: Reals) -> Reals:
    """(B, n, n): disks, softened by 3 x 3 Gaussians up to radius 8 and 5 x 5 beyond; each sums to 1."""
    reach = int(radius.max()) + 2
    squares = np.arange(-reach, reach + 1) ** 2
    disks = (squares[None, :, None] + squares[None, None] <= (radius**2)[:, None, None]).astype(np.float64)
    line = np.zeros((len(radius), 5))
    for row, r, sigma in zip(line, radius.tolist(), alias_blur.tolist(), strict=True):
        n = 3 if r <= 8 else 5
        row[2 - n // 2 : 3 + n // 2] = gaussian_weights(n, sigma)
    for axis in (1, 2):
        padded = np.pad(disks, [(0, 0)] + [(2, 2) if a == axis else (0, 0) for a in (1, 2)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, 5, axis)
        disks = (windows * line[:, None, None]).sum(-1)
    normalised: Reals = disks / disks.sum((1, 2), keepdims=True)
    return normalised
