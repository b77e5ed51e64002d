"""ConvertColor, RGB, ToGray, ToSepia and HueSaturationValue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator

from twinlens.errors import InputError
from twinlens.steps import ColorConvert, ColorMatrix, Lut
from twinlens.transforms import base
from twinlens.transforms.chance import Drawn, Limit, PConfig, Sometimes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec, Step
    from twinlens.steps.color.step import ColorKind
    from twinlens.steps.spec import Bools

__all__ = ["RGB", "ConvertColor", "HueSaturationValue", "ToGray", "ToSepia"]

#: the steps from RGB and back
_FROM_RGB: dict[str, tuple[ColorKind, int]] = {
    "bgr": ("swap_rb", 3),
    "gray": ("gray_opencv", 1),
    "hsv": ("rgb_to_hsv", 3),
    "lab": ("rgb_to_lab", 3),
    "ycrcb": ("rgb_to_ycrcb", 3),
}
_TO_RGB: dict[str, tuple[ColorKind, int]] = {
    "bgr": ("swap_rb", 3),
    "gray": ("gray_to_rgb", 3),
    "hsv": ("hsv_to_rgb", 3),
    "lab": ("lab_to_rgb", 3),
    "ycrcb": ("ycrcb_to_rgb", 3),
}


def _space(value: Any) -> str:
    name = value.lower() if isinstance(value, str) else value
    if name not in ("rgb", *_FROM_RGB):
        raise ValueError(f"wants one of rgb, {', '.join(_FROM_RGB)}, got {value!r}")
    return str(name)


Space = Annotated[str, BeforeValidator(_space)]


def _refuse_names(owner: str, spec: Spec) -> None:
    if spec.indexed:
        raise InputError(f"{owner}: the image is of PIL mode P or 1; convert('RGB') it first")


class ConvertColorConfig(base.Config):
    target: Space
    source: Space = "rgb"


class ConvertColor(base.Transform):
    """From one colour space to another with OpenCV's cvtColor's arithmetic.

    target, source: "rgb", "bgr", "gray", "hsv" (H 0 to 179), "lab" or "ycrcb", capitals or not; pairs without RGB go
    through it. hsv, lab and ycrcb: uint8; bgr and gray: uint16 and float32 too. The result holds the numbers of the
    target; a PIL image stays of mode RGB or L. Equal to OpenCV in every value, except the last columns of hsv to rgb,
    see the docs.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.ConvertColor("hsv")(np.array([[[0, 255, 0]]], np.uint8)).tolist()
    [[[60, 255, 255]]]
    """

    Config = ConvertColorConfig

    def __init__(self, target: str, source: str = "rgb", *, name: str | None = None) -> None:
        super().__init__(target=target, source=source, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        _refuse_names("ConvertColor", spec)
        if self.source == self.target:
            return
        if self.source != "rgb":
            yield ColorConvert(*_TO_RGB[self.source])
        if self.target != "rgb":
            yield ColorConvert(*_FROM_RGB[self.target])


class RGB(base.Transform):
    """Three channels: gray is repeated, RGB stays. An alpha channel of a PIL image is left out.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RGB()(np.full((1, 1, 1), 7, np.uint8)).tolist()
    [[[7, 7, 7]]]
    """

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        _refuse_names("RGB", spec)
        colors = spec.c - (1 if spec.alpha else 0)
        kinds: tuple[tuple[ColorKind, Bools], ...] = (
            ("gray_to_rgb", colors == 1),
            ("drop_alpha", (colors == 3) & spec.alpha),
        )
        wrong = (colors != 1) & (colors != 3)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise InputError(f"RGB: wants 1 or 3 channels, image has {int(spec.c[i])} {spec.shape(i)}")
        for kind, where in kinds:
            if where.any():
                yield ColorConvert(kind, 3, active=None if where.all() else where)


class ToGrayConfig(PConfig):
    num_output_channels: Literal[1, 3] = 3


class ToGray(Sometimes):
    """Gray with OpenCV's weights and probability `p`, Albumentations' name and its method "weighted_average".

    num_output_channels: 3 equal ones, or 1, which a batch can hold only if all images become so. uint8, uint16,
    float32. `Grayscale` has Pillow's weights.
    """

    Config = ToGrayConfig

    def __init__(self, num_output_channels: int = 3, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(num_output_channels=num_output_channels, p=p, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        _refuse_names("ToGray", spec)
        active = self.active(params, spec)
        if active.any():
            where = None if active.all() else active
            yield ColorConvert("gray_opencv", self.num_output_channels, active=where)


_SEPIA = np.array([[[0.393, 0.769, 0.189, 0.0], [0.349, 0.686, 0.168, 0.0], [0.272, 0.534, 0.131, 0.0]]])


class ToSepia(Sometimes):
    """A brown tint with probability `p`, Albumentations' name, matrix and pixels: weights in 10 bits for uint8.

    uint8, uint16, float32 (0 to 1, cut off at 1) of three channels.
    """

    def __init__(self, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(p=p, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        _refuse_names("ToSepia", spec)
        active = self.active(params, spec)
        if active.any():
            yield ColorMatrix(_SEPIA, active=None if active.all() else active)


class HueSaturationValueConfig(PConfig):
    hue_shift_limit: Limit = (-20.0, 20.0)
    sat_shift_limit: Limit = (-30.0, 30.0)
    val_shift_limit: Limit = (-20.0, 20.0)


_RAMP = np.arange(256)


class HueSaturationValue(Drawn):
    """Adds to hue, saturation and value of OpenCV's 8-bit HSV with probability `p`, as Albumentations does.

    hue_shift_limit: in 2 degrees, of 180. sat_shift_limit, val_shift_limit: in levels of 255; gray stays gray. Ranges
    to draw from, or fixed numbers. uint8 of three channels.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.HueSaturationValue(60, 0, 0, p=1.0)(np.array([[[255, 0, 0]]], np.uint8)).tolist()
    [[[0, 255, 0]]]
    """

    Config = HueSaturationValueConfig
    ranges = ("hue_shift_limit", "sat_shift_limit", "val_shift_limit")

    def __init__(
        self,
        hue_shift_limit: Any = (-20, 20),
        sat_shift_limit: Any = (-30, 30),
        val_shift_limit: Any = (-20, 20),
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            hue_shift_limit=hue_shift_limit,
            sat_shift_limit=sat_shift_limit,
            val_shift_limit=val_shift_limit,
            p=p,
            name=name,
        )

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        _refuse_names("HueSaturationValue", spec)
        active = self.active(params, spec)
        if not active.any():
            return
        where = None if active.all() else active
        # Albumentations truncates the hue that comes out, but the shifts of the other two.
        hue, saturation, value = (self.drawn(params, spec)[name][:, None] for name in self.ranges)
        saturated = np.where(_RAMP == 0, 0, np.clip(_RAMP + np.trunc(saturation), 0, 255))
        tables = np.stack((np.mod(_RAMP + hue, 180), saturated, np.clip(_RAMP + np.trunc(value), 0, 255)), 1)
        yield ColorConvert("rgb_to_hsv", 3, active=where)
        yield Lut(tables.astype(np.uint8), active=where)
        yield ColorConvert("hsv_to_rgb", 3, active=where)
