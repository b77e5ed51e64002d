"""SaltAndPepper and PixelDropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.steps import Noise
from twinlens.steps.convert import MAX_OF
from twinlens.transforms import base
from twinlens.transforms.arguments import Fill, Probability, fill_rows
from twinlens.transforms.noise import Shares, drawn, largest_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Reals

__all__ = ["PixelDropout", "SaltAndPepper"]


class SaltAndPepperConfig(base.Config):
    amount: Shares = (0.01, 0.06)
    salt_vs_pepper: Shares = (0.4, 0.6)
    p: Probability = 0.5


class SaltAndPepper(base.Transform):
    """Turns a share `amount` of the pixels into the largest value or 0, Albumentations': `salt_vs_pepper` of them,
    another share, into the largest.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.SaltAndPepper(1.0, 1.0, p=1.0)(np.full((1, 2), 9, np.uint8)).tolist()
    [[255, 255]]
    """

    Config = SaltAndPepperConfig
    is_random = True

    def __init__(
        self,
        amount: Any = (0.01, 0.06),
        salt_vs_pepper: Any = (0.4, 0.6),
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(amount=amount, salt_vs_pepper=salt_vs_pepper, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "amount": drawn(draws, self.amount, 1),
            "salt": drawn(draws, self.salt_vs_pepper, 2),
            "seed": draws.seeds(first=3),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        values = np.array([[0.0, largest_of("SaltAndPepper", spec)]])
        shares = np.stack((params["amount"] * (1.0 - params["salt"]), params["amount"] * params["salt"]), 1)
        yield Noise("replace", params["seed"], shares, True, values=values, active=params["active"])


class PixelDropoutConfig(base.Config):
    dropout_prob: Probability = 0.01
    per_channel: bool = False
    drop_value: Fill | None = 0.0
    mask_drop_value: Fill | None = None
    p: Probability = 0.5


class PixelDropout(base.Transform):
    """Replaces a share `dropout_prob` of the pixels, or with per_channel of the samples, by `drop_value`.

    drop_value: one number or one a channel, in the units of the image; None draws a colour for each image. Masks take
    `mask_drop_value` at the dropped pixels, or stay as they are. Albumentations' names.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.PixelDropout(1.0, drop_value=7, p=1.0)(np.zeros((1, 2), np.uint8)).tolist()
    [[7, 7]]
    """

    Config = PixelDropoutConfig
    is_random = True

    def __init__(
        self,
        dropout_prob: float = 0.01,
        per_channel: bool = False,
        drop_value: Any = 0,
        mask_drop_value: Any = None,
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            dropout_prob=dropout_prob,
            per_channel=per_channel,
            drop_value=drop_value,
            mask_drop_value=mask_drop_value,
            p=p,
            name=name,
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        params = {"active": draws.uniform()[:, 0] < self.p, "seed": draws.seeds(first=1)}
        if self.drop_value is None:
            params["colour"] = colours(draws, max(int(spec.c.max(initial=1)), 4), spec, 2)
        return params

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        largest_of("PixelDropout", spec)
        masks = None if self.mask_drop_value is None else fill_rows(self.mask_drop_value)
        shares = np.array([[self.dropout_prob, 0.0]])
        for where, values in self._values(params, spec):
            pairs = np.repeat(values, 2, 1)
            active = params["active"] & where
            yield Noise(
                "replace", params["seed"], shares, not self.per_channel, values=pairs, masks=masks, active=active
            )

    def _values(self, params: Params, spec: Spec) -> Iterable[tuple[Any, Reals]]:
        if self.drop_value is not None:
            yield np.ones(len(spec), bool), fill_rows(self.drop_value)
            return
        for c in np.unique(spec.c).tolist():
            yield spec.c == c, params["colour"][:, :c]


def colours(draws: Draws, n: int, spec: Spec, first: int) -> Reals:
    """(batch, n) levels of the images' dtype, each as likely as any other."""
    largest = MAX_OF.get(spec.dtype, 1.0)
    uniform = draws.uniform(n, first=first)
    return uniform if largest == 1.0 else np.floor(uniform * (largest + 1.0))
