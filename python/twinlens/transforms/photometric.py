"""RandomPhotometricDistort."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator

from twinlens.errors import InputError
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens.transforms.channels import by_count, orders
from twinlens.transforms.jitter import adjusted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

__all__ = ["RandomPhotometricDistort"]

_KINDS = ("brightness", "contrast", "saturation", "hue")


def _within(low: float, high: float) -> BeforeValidator:
    def check(value: Any) -> tuple[float, float]:
        numbers = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else ()
        plain = all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
        if len(numbers) != 2 or not plain or not low <= numbers[0] <= numbers[1] <= high:
            raise ValueError(f"wants two numbers within {low} and {high}, the smaller first, got {value!r}")
        return float(numbers[0]), float(numbers[1])

    return BeforeValidator(check)


Factors = Annotated[tuple[float, float], _within(0.0, 1e6)]
Turns = Annotated[tuple[float, float], _within(-0.5, 0.5)]


class PhotometricDistortConfig(base.Config):
    brightness: Factors = (0.875, 1.125)
    contrast: Factors = (0.5, 1.5)
    saturation: Factors = (0.5, 1.5)
    hue: Turns = (-0.05, 0.05)
    p: Probability = 0.5


class RandomPhotometricDistort(base.Transform):
    """Brightness, contrast, saturation, hue and the order of channels, each with probability `p`; SSD's augmentation.

    brightness, contrast, saturation: ranges of factors. hue: of parts of the circle, within -0.5 and 0.5. Contrast is
    before saturation and hue or after them, one as likely as the other. uint8 (exactly torchvision on PIL images),
    uint16, float32. Masks, boxes and keypoints pass through.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandomPhotometricDistort(p=0.0)(np.full((1, 1, 3), 7, np.uint8)).tolist()
    [[[7, 7, 7]]]
    """

    Config = PhotometricDistortConfig
    is_random = True

    def __init__(
        self,
        brightness: Any = (0.875, 1.125),
        contrast: Any = (0.5, 1.5),
        saturation: Any = (0.5, 1.5),
        hue: Any = (-0.05, 0.05),
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(brightness=brightness, contrast=contrast, saturation=saturation, hue=hue, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        drawn = draws.uniform(10)
        params: Params = {"contrast_before": drawn[:, 8] < 0.5, "permuted": drawn[:, 9] < self.p}
        for i, kind in enumerate(_KINDS):
            low, high = getattr(self.config, kind)
            params[kind] = low + drawn[:, i] * (high - low)
            params[f"{kind}_active"] = drawn[:, 4 + i] < self.p
        return {**params, "order": orders(draws, spec, 10)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        if spec.indexed:
            raise InputError("RandomPhotometricDistort: the image is of PIL mode P or 1; convert('RGB') it first")
        active = {kind: params[f"{kind}_active"] for kind in _KINDS}
        before = params["contrast_before"]
        yield from adjusted("brightness", params["brightness"], spec, active["brightness"])
        yield from adjusted("contrast", params["contrast"], spec, active["contrast"] & before)
        yield from adjusted("saturation", params["saturation"], spec, active["saturation"])
        yield from adjusted("hue", params["hue"], spec, active["hue"])
        yield from adjusted("contrast", params["contrast"], spec, active["contrast"] & ~before)
        yield from by_count(params["order"], spec, params["permuted"])
