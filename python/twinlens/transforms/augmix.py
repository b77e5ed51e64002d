"""AugMix: chains of operations by chance, mixed with each other and with the image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BeforeValidator

from twinlens.steps import Blend
from twinlens.transforms import base
from twinlens.transforms.arguments import InterpolationMode, fill_rows
from twinlens.transforms.dirichlet import NUMBERS, dirichlet
from twinlens.transforms.magnitudes import AUGMIX
from twinlens.transforms.operations import check_image, operated
from twinlens.transforms.policies import PolicyConfig, whole
from twinlens.transforms.warp import Method

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

__all__ = ["AugMix"]

_BINS = 10
_DEEPEST = 3  # of chains whose depth is drawn
_MOST = 32
_LARGEST_ALPHA = 1000.0


def _alpha(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value <= _LARGEST_ALPHA:
        raise ValueError(f"alpha={value!r} must be a number above 0, at most {_LARGEST_ALPHA:.0f}")
    return float(value)


class AugMixConfig(PolicyConfig):
    severity: Annotated[int, whole(1, _BINS)] = 3
    mixture_width: Annotated[int, whole(1, _MOST)] = 3
    chain_depth: Annotated[int, whole(-1, _MOST)] = -1
    alpha: Annotated[float, BeforeValidator(_alpha)] = 1.0
    all_ops: bool = True
    interpolation: Method = InterpolationMode.BILINEAR


class AugMix(base.Transform):
    """Mixes each image with `mixture_width` chains of operations on it, by shares that are drawn.

    severity: magnitudes are drawn from the first so many bins of 10. chain_depth: operations in a chain, -1 draws 1 to
    3 for each. alpha: of the Dirichlet distribution of the chains' shares, and of the Beta distribution of the whole
    they make up beside the image. all_ops: with brightness, color, contrast and sharpness. interpolation: nearest,
    bilinear, bicubic. fill: one value or one a channel, None for 0. uint8 with 1 or 3 channels: each operation as
    torchvision's on PIL images, their sum as torchvision's, in float32, truncated. Masks, boxes and keypoints stay
    where the image has them.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.AugMix()(np.zeros((9, 8, 3), np.uint8)).shape
    (9, 8, 3)
    """

    Config = AugMixConfig
    is_random = True

    def __init__(
        self,
        severity: int = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: Any = InterpolationMode.BILINEAR,
        fill: Any = None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            severity=severity, mixture_width=mixture_width, chain_depth=chain_depth, alpha=alpha, all_ops=all_ops,
            interpolation=interpolation, fill=fill, name=name,
        )  # fmt: skip

    def sample(self, draws: Draws, spec: Spec) -> Params:
        n, width = len(spec), self.mixture_width
        deepest = self.chain_depth if self.chain_depth > 0 else _DEEPEST
        space = AUGMIX[self.all_ops]
        numbers = 3 * width * deepest
        u = draws.uniform(numbers + width)
        by_operation, by_bin, by_sign = u[:, :numbers].reshape(n, 3, -1).swapaxes(0, 1)
        operation = space.drawn(by_operation)
        bins = np.floor(by_bin * self.severity).astype(np.int64)
        magnitude = space.magnitudes(operation, bins, _BINS, by_sign < 0.5, spec)
        depth = np.floor(u[:, numbers:] * _DEEPEST).astype(np.int64) + 1
        if self.chain_depth > 0:
            depth[:] = deepest
        applied = np.arange(deepest) < depth[..., None]
        return {
            "operation": np.where(applied, operation.reshape(n, width, deepest), -1),
            "magnitude": np.where(applied, magnitude.reshape(n, width, deepest), 0.0),
            "weights": self._weights(draws, numbers + width),
        }

    def _weights(self, draws: Draws, first: int) -> Any:
        """(B, 1 + width) float32: of the image, and of the chains; torchvision multiplies in float32 too."""
        kept = dirichlet(draws, self.alpha, 2, first=first).astype(np.float32)
        chains = dirichlet(draws, self.alpha, self.mixture_width, first=first + 2 * NUMBERS).astype(np.float32)
        return np.concatenate((kept[:, :1], chains * kept[:, 1:]), 1)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        fill = fill_rows(self.fill or 0.0)
        check_image("AugMix", spec, fill)
        chains = []
        for operations, magnitudes in zip(*(params[k].swapaxes(0, 1) for k in ("operation", "magnitude")), strict=True):
            chains.append(tuple(operated(operations, magnitudes, spec, self.interpolation.value, fill)))
        yield Blend(tuple(chains), params["weights"].astype(np.float64))
