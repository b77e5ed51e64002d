"""Denoise: non-local means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator

from twinlens.errors import InputError
from twinlens.steps import Denoise as DenoiseStep
from twinlens.steps.denoise.step import LARGEST_SEARCH, LARGEST_TEMPLATE
from twinlens.transforms.arguments import Probability
from twinlens.transforms.chance import Drawn, Limit, PConfig, limit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec, Step
    from twinlens.steps.denoise.step import DenoiseMode
    from twinlens.steps.spec import Bools

__all__ = ["Denoise"]


def _strength(value: Any) -> Any:
    ends = limit(value)
    if (min(ends) if isinstance(ends, tuple) else ends) < 0:
        raise ValueError(f"wants a number from 0 up, or two, the smaller first, got {value!r}")
    return ends


Strength = Annotated[Limit, BeforeValidator(_strength)]


def odd_size(largest: int, smallest: int = 1) -> Any:
    """A validator of odd integers."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise ValueError(f"wants an odd integer, got {value!r}")
        if not smallest <= value <= largest or value % 2 == 0:
            raise ValueError(f"wants an odd integer from {smallest} to {largest}, got {value!r}")
        return int(value)

    return BeforeValidator(check)


class DenoiseConfig(PConfig):
    h: Strength = 3.0
    hColor: Strength = 3.0
    templateWindowSize: Annotated[int, odd_size(LARGEST_TEMPLATE)] = 7
    searchWindowSize: Annotated[int, odd_size(LARGEST_SEARCH)] = 21
    mode: Literal["auto", "joint", "lab"] = "auto"
    p: Probability = 1.0


class Denoise(Drawn):
    """Non-local means: each pixel the mean of those whose neighbourhoods look like its own. Exact: OpenCV's pixels.

    h: strength for gray or lightness, hColor: for colour, in 8-bit units; numbers, or ranges that they are drawn from
    for each image of a batch. templateWindowSize, searchWindowSize: odd, up to 63 and 127 pixels. mode: "joint" is
    cv2.fastNlMeansDenoising, one distance over up to four channels; "lab" cv2.fastNlMeansDenoisingColored on RGB in
    place of BGR; "auto" the second for three channels, else the first. uint8; alpha stays. Masks, boxes and keypoints
    stay.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Denoise(h=10)(np.array([[50, 52, 50, 200]], np.uint8)).shape
    (1, 4)
    """

    Config = DenoiseConfig
    ranges = ("h", "hColor")

    def __init__(
        self,
        h: Any = 3,
        hColor: Any = 3,
        templateWindowSize: int = 7,
        searchWindowSize: int = 21,
        *,
        mode: Literal["auto", "joint", "lab"] = "auto",
        p: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(
            h=h,
            hColor=hColor,
            templateWindowSize=templateWindowSize,
            searchWindowSize=searchWindowSize,
            mode=mode,
            p=p,
            name=name,
        )

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        if spec.indexed:
            raise InputError("Denoise: the image is of PIL mode P or 1; convert('RGB') it first")
        active = self.active(params, spec)
        strength = np.stack(list(self.drawn(params, spec).values()), 1)
        colours = spec.c - ((spec.c > 1) & spec.alpha)
        lab = (colours == 3) if self.mode == "auto" else np.full(len(spec), self.mode == "lab")
        modes: tuple[tuple[DenoiseMode, Bools], ...] = (("joint", active & ~lab), ("lab", active & lab))
        for mode, chosen in modes:
            if chosen.any():
                yield DenoiseStep(strength, self.templateWindowSize, self.searchWindowSize, mode, active=chosen)
