"""WindowLevel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from twinlens.steps import Lut
from twinlens.transforms import Transform
from twinlens.transforms.base import Config
from twinlens_medical.steps.window import Window, window_table
from twinlens_medical.transforms.arguments import Finite, OutputDtype, Span
from twinlens_medical.windows import PRESETS, WindowFunction, window_preset

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

__all__ = ["WindowLevel"]


def _preset(value: Any) -> str | None:
    if value is None:
        return None
    window_preset(value)
    return str(value)


class WindowLevelConfig(Config):
    """See WindowLevel."""

    center: Span | None = Field(None, description="Centre of the window in modality units, or a range to draw from.")
    width: Span | None = Field(None, description="Width of the window, above 0, or a range to draw from.")
    preset: Annotated[str | None, BeforeValidator(_preset)] = Field(
        None, description=f"Instead of centre and width, for CT in Hounsfield units: {', '.join(PRESETS)}."
    )
    function: WindowFunction = Field("linear", description="The standard's VOI LUT function.")
    slope: Finite = Field(1.0, description="Modality value = pixel * slope + intercept; not 0.")
    intercept: Finite = Field(0.0, description="Modality value = pixel * slope + intercept.")
    dtype: OutputDtype = Field(None, description="Of the result: uint8, uint16, float32; None is the image's own.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.preset is None) == (self.center is None) or (self.center is None) != (self.width is None):
            raise ValueError(
                f"center={self.center}, width={self.width}, preset={self.preset!r}: wants center and width, or preset"
            )
        if self.slope == 0:
            raise ValueError("slope=0.0 must not be 0")
        least = 1.0 if self.function == "linear" else 0.0
        narrowest = self.window[1][0]
        if narrowest < least or narrowest <= 0:
            limit = "at least 1" if least else "above 0"
            raise ValueError(f"width={self.width} must be {limit} for function={self.function!r} (PS3.3 C.11.2.1)")
        return self

    @property
    def window(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Ranges of centre and width."""
        if self.preset is not None:
            center, width = window_preset(self.preset)
            return (center, center), (width, width)
        assert self.center is not None
        assert self.width is not None
        return self.center, self.width


class WindowLevel(Transform):
    """What lies in a window becomes the whole range of the image's dtype, what lies outside its smallest or largest.

    center, width: of the window in modality units (Hounsfield units in CT), numbers or ranges to draw from for each
    image; or preset: "bone", "lung", "soft-tissue", "brain", "mediastinum" and others of `PRESETS`. function: DICOM
    PS3.3's "linear" (C.11.2.1.2.1, the default of DICOM files, widths from 1), "linear-exact" (C.11.2.1.3.2) or
    "sigmoid" (C.11.2.1.3.1). slope, intercept: modality value = pixel * slope + intercept, for images that hold stored
    values. dtype: of the result, None for the image's own.
    uint8, uint16 and float32, any channels; float32 becomes 0..1. The formulas in float64, rounded once, half to even:
    the same bits on every engine and device. Masks, boxes and keypoints stay.

    Raises ArgumentError for a window that the standard does not allow, unknown names, and both or none of window and
    preset; InputError for palettes, alpha and other dtypes.

    >>> import numpy as np
    >>> from twinlens_medical import WindowLevel
    >>> ct = np.array([[-1350, -600, 150, 900]], np.float32)  # Hounsfield units
    >>> WindowLevel(preset="lung", dtype="uint8")(ct).tolist()
    [[0, 128, 255, 255]]
    """

    Config = WindowLevelConfig
    is_random = True

    def __init__(
        self,
        center: Any = None,
        width: Any = None,
        *,
        preset: str | None = None,
        function: WindowFunction = "linear",
        slope: float = 1.0,
        intercept: float = 0.0,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            center=center,
            width=width,
            preset=preset,
            function=function,
            slope=slope,
            intercept=intercept,
            dtype=dtype,
            name=name,
        )

    @property
    def random(self) -> bool:
        """Only ranges are drawn."""
        return any(low < high for low, high in self.config.window)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        drawn = draws.uniform(2)
        center, width = (low + drawn[:, i] * (high - low) for i, (low, high) in enumerate(self.config.window))
        return {"center": center, "width": width}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        ends = zip(("center", "width"), self.config.window, strict=True)
        center, width = (params.get(name, np.array([low])) for name, (low, _) in ends)
        dtype = self.dtype or spec.dtype
        step = Window(center, width, self.function, self.slope, self.intercept, dtype)
        if dtype != "uint8" or spec.dtype != "uint8" or params:
            yield step
            return
        step.result(spec)  # refuses what has no amounts
        more = (self.function, self.slope, self.intercept, "uint8", "uint8")
        yield Lut(window_table(*self._numbers(), *more)[None, None])

    def _numbers(self) -> tuple[float, float]:
        (center, _), (width, _) = self.config.window
        return center, width
