"""Functions that move pixels, and masks, boxes and keypoints with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.errors import ArgumentError, InputError
from twinlens.steps import Flip, Remap, Warp
from twinlens.transforms.arguments import InterpolationMode, fill_rows
from twinlens.transforms.compose import Compose
from twinlens.transforms.crop import CenterCrop, Pad, padded
from twinlens.transforms.crops import FiveCrop, TenCrop
from twinlens.transforms.distort import ElasticTransform
from twinlens.transforms.functional.apply import Ready, applied, made, number, whole
from twinlens.transforms.resize import Resize
from twinlens.transforms.warp import RandomAffine, RandomPerspective, RandomRotation, perspective_between

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.steps import Spec, Step

__all__ = [
    "affine",
    "center_crop",
    "crop",
    "elastic",
    "elastic_transform",
    "five_crop",
    "hflip",
    "horizontal_flip",
    "pad",
    "perspective",
    "resize",
    "resized_crop",
    "rotate",
    "ten_crop",
    "vertical_flip",
    "vflip",
]

_BILINEAR, _NEAREST = InterpolationMode.BILINEAR, InterpolationMode.NEAREST
_FARTHEST = 1e6


def resize(
    inpt: Any, size: Any, interpolation: Any = _BILINEAR, max_size: int | None = None, antialias: bool | None = True
) -> Any:
    """`Resize(size, interpolation, max_size)`; antialias has no effect, as on PIL images in torchvision.

    >>> import numpy as np
    >>> from twinlens.transforms import functional as F
    >>> F.resize(np.zeros((480, 640, 3), np.uint8), 256).shape
    (256, 341, 3)
    """
    return applied(inpt, made(Resize, size, interpolation, max_size, antialias))


def _window(top: int, left: int, height: int, width: int) -> Ready:
    if min(height, width) < 1:
        raise ArgumentError(f"height={height}, width={width} must be positive")

    def steps(spec: Spec) -> Iterable[Step]:
        return padded((-left, -top, left + width - spec.w, top + height - spec.h), 0, "constant", spec)

    return Ready(steps)


def crop(inpt: Any, top: int, left: int, height: int, width: int) -> Any:
    """The window of that size whose upper left corner is at row `top`, column `left`; 0 beyond the image.

    >>> import numpy as np
    >>> from twinlens.transforms import functional as F
    >>> F.crop(np.array([[1, 2], [3, 4]], np.uint8), 1, 0, 2, 2).tolist()
    [[3, 4], [0, 0]]
    """
    return applied(inpt, made(_window, *whole(top=top, left=left, height=height, width=width)))


def resized_crop(
    inpt: Any, top: int, left: int, height: int, width: int, size: Any, interpolation: Any = _BILINEAR,
    antialias: bool | None = True,
) -> Any:  # fmt: skip
    """`crop`, then `resize`."""
    window = whole(top=top, left=left, height=height, width=width)
    return applied(inpt, made(_resized_window, *window, size, interpolation, antialias))


def _resized_window(
    top: int, left: int, height: int, width: int, size: Any, interpolation: Any, antialias: Any
) -> Compose:
    return Compose([_window(top, left, height, width), Resize(size, interpolation, None, antialias)])


def center_crop(inpt: Any, output_size: Any) -> Any:
    """`CenterCrop(output_size)`: height and width, or one number for both; smaller images are padded with 0."""
    return applied(inpt, made(CenterCrop, output_size))


def pad(inpt: Any, padding: Any, fill: Any = None, padding_mode: str = "constant") -> Any:
    """`Pad(padding, fill, padding_mode)`: one number, left/right and top/bottom, or left, top, right, bottom."""
    return applied(inpt, made(Pad, padding, fill, padding_mode))


def five_crop(inpt: Any, size: Any) -> Any:
    """The four corners and the middle, a tuple of five: `FiveCrop(size)`."""
    return FiveCrop(size)(inpt)


def ten_crop(inpt: Any, size: Any, vertical_flip: bool = False) -> Any:
    """`five_crop` of the image and of its mirror image, a tuple of ten: `TenCrop(size, vertical_flip)`."""
    return TenCrop(size, vertical_flip)(inpt)


def _mirror(across: bool) -> Ready:
    flip = Flip(np.array([across]), np.array([not across]))
    return Ready(lambda spec: [flip])  # noqa: ARG005


def horizontal_flip(inpt: Any) -> Any:
    """Mirrored left-right.

    >>> import numpy as np
    >>> from twinlens.transforms import functional as F
    >>> F.horizontal_flip(np.array([[1, 2, 3]], np.uint8)).tolist()
    [[3, 2, 1]]
    """
    return applied(inpt, made(_mirror, True))


def vertical_flip(inpt: Any) -> Any:
    """Mirrored top-bottom."""
    return applied(inpt, made(_mirror, False))


hflip = horizontal_flip
vflip = vertical_flip


def rotate(
    inpt: Any, angle: float, interpolation: Any = _NEAREST, expand: bool = False, center: Any = None, fill: Any = None
) -> Any:
    """Rotated by `angle` degrees, counter-clockwise, exactly as Pillow's Image.rotate; see `RandomRotation`.

    >>> import numpy as np
    >>> from twinlens.transforms import functional as F
    >>> F.rotate(np.array([[1, 2], [3, 4]], np.uint8), 90).tolist()
    [[2, 4], [1, 3]]
    """
    turn = number("angle", angle, -_FARTHEST, _FARTHEST)
    return applied(inpt, made(_rotation, turn, interpolation, expand, center, fill))


def _rotation(turn: float, interpolation: Any, expand: bool, center: Any, fill: Any) -> Ready:
    rotation = RandomRotation((turn, turn), interpolation, expand, center, fill)
    return Ready(lambda spec: rotation.lower({"angle": np.full(len(spec), turn)}, spec))


def _pair(name: str, value: Any) -> list[float]:
    if not isinstance(value, Sequence | np.ndarray) or len(value) != 2:
        raise ArgumentError(f"{name}={value!r} must be two numbers")
    return [number(name, v, -_FARTHEST, _FARTHEST) for v in value]


def _shear(value: Any) -> list[float]:
    """One number is along x; a list of one is along both, as torchvision has it."""
    if isinstance(value, Sequence | np.ndarray):
        return _pair("shear", list(value) * 2 if len(value) == 1 else value)
    return [number("shear", value, -_FARTHEST, _FARTHEST), 0.0]


def affine(
    inpt: Any, angle: float, translate: Any, scale: float, shear: Any, interpolation: Any = _NEAREST, fill: Any = None,
    center: Any = None,
) -> Any:  # fmt: skip
    """Rotated by `angle` degrees, clockwise, shifted by `translate` pixels across and down, scaled, sheared by degrees.

    Exactly torchvision on PIL images. center: x, y in pixels, None for the middle. See `RandomAffine`.
    """
    turn, factor = number("angle", angle, -_FARTHEST, _FARTHEST), number("scale", scale, 0.0, _FARTHEST)
    shift, across = np.array([_pair("translate", translate)]), np.array([_shear(shear)])
    checked = RandomAffine(0, None, (factor, factor), None, interpolation, fill, center)

    def steps(spec: Spec) -> Iterable[Step]:
        n = len(spec)
        params = {
            "angle": np.full(n, turn),
            "translate": np.repeat(shift, n, 0),
            "scale": np.full(n, factor),
            "shear": np.repeat(across, n, 0),
        }
        return checked.lower(params, spec)

    return applied(inpt, Ready(steps))


def _corners(name: str, value: Any) -> Any:
    points = np.asarray(value, np.float64) if value is not None else np.zeros(0)
    if points.shape != (4, 2) or not np.isfinite(points).all():
        raise ArgumentError(f"{name}={value!r} must be four points x, y")
    return points[None]


def perspective(
    inpt: Any, startpoints: Any, endpoints: Any, interpolation: Any = _BILINEAR, fill: Any = None,
    coefficients: Any = None,
) -> Any:  # fmt: skip
    """Warped so that the four `startpoints` come to lie at the `endpoints`, exactly torchvision on PIL images.

    coefficients: instead of points, the eight of Pillow's Image.transform, output to input.
    """
    checked = RandomPerspective(0.5, 1.0, interpolation, fill)
    if coefficients is None:
        start, end = _corners("startpoints", startpoints), _corners("endpoints", endpoints)
        try:
            matrix = perspective_between(start, end)
        except RuntimeError as error:  # torch.linalg.LinAlgError
            raise ArgumentError(
                f"perspective: startpoints={startpoints!r} and endpoints={endpoints!r} must be corners of"
                " quadrilaterals: three of them lie on one line"
            ) from error
    elif startpoints is not None and endpoints is not None:
        raise ArgumentError("perspective: give points or coefficients, not both")
    else:
        matrix = np.asarray(coefficients, np.float64).reshape(1, -1)
        if matrix.shape != (1, 8) or not np.isfinite(matrix).all():
            raise ArgumentError(f"coefficients={coefficients!r} must be eight finite numbers")
    method, filled = checked.interpolation.value, fill_rows(checked.fill)
    return applied(inpt, Ready(lambda spec: [Warp(method, matrix, spec.h, spec.w, filled, perspective=True)]))


def _shifts(displacement: Any) -> tuple[int, int, Any]:
    """Height, width and (1, 2 * H * W) float64 pixels of (1, H, W, 2) shares of half the sides."""
    given = np.asarray(displacement.detach().cpu() if isinstance(displacement, torch.Tensor) else displacement)
    if given.ndim != 4 or given.shape[0] != 1 or given.shape[3] != 2 or not np.isfinite(given).all():
        raise ArgumentError(f"displacement: shape {given.shape} must be (1, H, W, 2), of finite numbers")
    _, h, w, _ = given.shape
    pixels = given[0].astype(np.float64) * (np.array([w, h]) / 2.0)
    return h, w, np.ascontiguousarray(pixels.transpose(2, 0, 1)).reshape(1, -1)


def elastic(inpt: Any, displacement: Any, interpolation: Any = _BILINEAR, fill: Any = None) -> Any:
    """Every pixel looked up where `displacement` (1, H, W, 2) says, x and y in shares of half the image's sides.

    interpolation: bilinear or nearest, OpenCV's remap. torchvision's `ElasticTransform.get_params`, and ours, gives
    such shifts. Within 1 level of torchvision, see `ElasticTransform`; the size must be the image's.
    """
    checked = ElasticTransform(0.0, 0.0, interpolation, fill)
    h, w, shifts = _shifts(displacement)
    nearest = checked.interpolation.value.startswith("nearest")
    step = Remap("field", shifts, nearest=nearest, fill=fill_rows(checked.fill))

    def steps(spec: Spec) -> Iterable[Step]:
        if (spec.h != h).any() or (spec.w != w).any():
            raise InputError(f"elastic: displacement for {h} x {w}, image {spec.shape(0)}")
        yield step

    return applied(inpt, Ready(steps))


elastic_transform = elastic
