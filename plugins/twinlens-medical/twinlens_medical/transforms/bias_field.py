"""BiasField."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from twinlens.transforms import Transform
from twinlens.transforms.arguments import Probability
from twinlens.transforms.base import Config
from twinlens_medical.steps.shading import Shading, legendre
from twinlens_medical.transforms.arguments import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Reals

__all__ = ["BiasField"]

_STRONGEST = 0.95
_GRID = legendre(4, np.linspace(-1.0, 1.0, 17))  # where a field is measured


def _strength(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] < 0 or pair[1] > _STRONGEST:
        raise ValueError(f"wants numbers from 0 to {_STRONGEST}, got {pair}")
    return pair


class BiasFieldConfig(Config):
    """See BiasField."""

    strength: Annotated[Span, AfterValidator(_strength)] = Field(
        (0.1, 0.4), description=f"Largest deviation of the field from 1, or a range to draw from, 0 to {_STRONGEST}."
    )
    degree: int = Field(3, ge=1, le=4, strict=True, description="Of the polynomial in x and y, 1 to 4.")
    p: Probability = Field(0.5, ge=0, le=1, description="Probability for each image.")


class BiasField(Transform):
    """Multiplies the image by a smooth field, as uneven coils, heel effect or a scatter grid leave it.

    The field is 1 plus a polynomial of `degree` in x and y with random coefficients (Legendre's basis, so that its mean
    over the image is about 1), scaled so that its largest deviation on a grid of 17 x 17 points is `strength`: a
    number, or a range to draw from. p: probability for each image.
    uint8, uint16, float32; all channels get the same field. Integers are rounded half to even and cut off at their
    range, float32 is not cut off. A function of the key and the image's size, the same bits on every engine and device.
    Masks, boxes and keypoints stay.

    Raises ArgumentError for numbers out of range; InputError for palettes, alpha and other dtypes.

    >>> import numpy as np
    >>> from twinlens_medical import BiasField
    >>> shaded = BiasField(0.5, p=1.0)(np.full((64, 64), 10000, np.uint16), key=3)
    >>> str(shaded.dtype), bool(5000 <= shaded.min() < shaded.max() <= 15000)
    ('uint16', True)
    """

    Config = BiasFieldConfig
    is_random = True

    def __init__(self, strength: Any = (0.1, 0.4), degree: int = 3, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(strength=strength, degree=degree, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        low, high = self.strength
        drawn = draws.uniform(2)
        strength = low + drawn[:, 1] * (high - low)
        return {"active": drawn[:, 0] < self.p, "coefficients": self._field(draws) * strength[:, None, None]}

    def _field(self, draws: Draws) -> Reals:
        """(B, K, K): rows for y, columns for x; the largest value on the grid is 1."""
        size = self.degree + 1
        weights = draws.uniform(size * size, -1.0, 1.0, first=2).reshape(-1, size, size)
        k, j = np.indices((size, size))
        weights[:, (k + j > self.degree) | (k + j == 0)] = 0.0
        values = np.zeros((len(weights), 17, 17))
        for y, x in zip(k.flat, j.flat, strict=True):  # no matrix product: its order of sums is the machine's
            values += weights[:, y, x, None, None] * (_GRID[y, :, None] * _GRID[x])
        most = np.abs(values).max(axis=(1, 2), initial=0.0)
        scaled: Reals = weights / np.where(most > 0, most, 1.0)[:, None, None]
        return scaled

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        yield Shading(params["coefficients"], active=params["active"])
