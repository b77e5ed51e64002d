"""AutoAugment, RandAugment and TrivialAugmentWide: operations and magnitudes by chance, torchvision's."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
import torch
from pydantic import BeforeValidator, model_validator

from twinlens.transforms import base
from twinlens.transforms.arguments import Fill, InterpolationMode, fill_rows
from twinlens.transforms.magnitudes import POLICIES, POLICY, RANDAUGMENT, WIDE
from twinlens.transforms.operations import check_image, operated
from twinlens.transforms.warp import Method

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

__all__ = ["AutoAugment", "AutoAugmentPolicy", "RandAugment", "TrivialAugmentWide"]


class AutoAugmentPolicy(StrEnum):
    """The data sets that AutoAugment learned policies for."""

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


def _policy(value: Any) -> AutoAugmentPolicy:
    name = value.value if isinstance(value, Enum) else value
    try:
        return AutoAugmentPolicy(name)
    except ValueError:
        names = ", ".join(policy.value for policy in AutoAugmentPolicy)
        raise ValueError(f"policy={value!r} must be one of {names}") from None


def whole(least: int, most: int) -> BeforeValidator:
    """A validator: an integer from `least` to `most`."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= most:
            raise ValueError(f"wants an integer from {least} to {most}, got {value!r}")
        return int(value)

    return BeforeValidator(check)


_AUTO_BINS = 10
_MOST_OPS = 64
_MOST_BINS = 1 << 20

Ops = Annotated[int, whole(0, _MOST_OPS)]
Bins = Annotated[int, whole(2, _MOST_BINS)]


class PolicyConfig(base.Config):
    """How warps look pixels up, and what they fill with; None is 0."""

    interpolation: Method = InterpolationMode.NEAREST
    fill: Fill | None = None


class Policy(base.Transform):
    """Base: parameters are `operation` and `magnitude`, (B, R), R operations after one another."""

    Config = PolicyConfig
    is_random = True
    few_choices = True

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        fill = fill_rows(self.fill or 0.0)
        check_image(type(self).__name__, spec, fill)
        return operated(params["operation"], params["magnitude"], spec, self.interpolation.value, fill)


class AutoAugmentConfig(PolicyConfig):
    policy: Annotated[AutoAugmentPolicy, BeforeValidator(_policy)] = AutoAugmentPolicy.IMAGENET


class AutoAugment(Policy):
    """One of 25 pairs of operations for each image, each operation with a probability of its own.

    policy: which tables, learned on "imagenet", "cifar10" or "svhn". interpolation: nearest, bilinear, bicubic. fill:
    one value or one a channel, None for 0. uint8 with 1 or 3 channels, exactly torchvision's operations on PIL images.
    Masks, boxes and keypoints follow shears, shifts and rotations.

    >>> from twinlens import transforms as T
    >>> T.AutoAugment("cifar10")
    AutoAugment(policy='cifar10')
    """

    Config = AutoAugmentConfig

    def __init__(
        self,
        policy: Any = AutoAugmentPolicy.IMAGENET,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(policy=policy, interpolation=interpolation, fill=fill, name=name)

    @staticmethod
    def get_params(transform_num: int) -> tuple[int, torch.Tensor, torch.Tensor]:
        """torchvision's: a sub-policy, numbers to compare its probabilities with, signs; from torch's generator."""
        sub_policy = int(torch.randint(transform_num, (1,)))
        return sub_policy, torch.rand((2,)), torch.randint(2, (2,))

    def sample(self, draws: Draws, spec: Spec) -> Params:
        table = POLICIES[self.policy.value]
        u = draws.uniform(5)
        row = np.floor(u[:, 0] * len(table.operation)).astype(np.int64)
        operation, bins = table.operation[row], table.bin_number[row]
        magnitude = POLICY.magnitudes(operation, bins, _AUTO_BINS, u[:, 3:] < 0.5, spec)
        applied = u[:, 1:3] < table.probability[row]
        return {
            "sub_policy": row,
            "operation": np.where(applied, operation, -1),
            "magnitude": np.where(applied, magnitude, 0.0),
        }


class RandAugmentConfig(PolicyConfig):
    num_ops: Ops = 2
    magnitude: Annotated[int, whole(0, _MOST_BINS)] = 9
    num_magnitude_bins: Bins = 31

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.magnitude >= self.num_magnitude_bins:
            raise ValueError(
                f"magnitude={self.magnitude} must be below num_magnitude_bins, which is {self.num_magnitude_bins}"
            )
        return self


class RandAugment(Policy):
    """`num_ops` of 14 operations for each image, all at one magnitude, those that have two directions in either.

    num_ops: how many, the same one may come twice. magnitude: a bin, from 0 up. num_magnitude_bins: how many bins there
    are. interpolation: nearest, bilinear, bicubic. fill: one value or one a channel, None for 0. uint8 with 1 or 3
    channels, exactly torchvision's operations on PIL images. Masks, boxes and keypoints follow.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandAugment()(np.zeros((9, 8, 3), np.uint8)).shape
    (9, 8, 3)
    """

    Config = RandAugmentConfig

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            num_ops=num_ops, magnitude=magnitude, num_magnitude_bins=num_magnitude_bins, interpolation=interpolation,
            fill=fill, name=name,
        )  # fmt: skip

    def sample(self, draws: Draws, spec: Spec) -> Params:
        u = draws.uniform(2 * self.num_ops)
        operation = RANDAUGMENT.drawn(u[:, : self.num_ops])
        negative = u[:, self.num_ops :] < 0.5
        magnitude = RANDAUGMENT.magnitudes(operation, self.magnitude, self.num_magnitude_bins, negative, spec)
        return {"operation": operation, "magnitude": magnitude}


class TrivialAugmentWideConfig(PolicyConfig):
    num_magnitude_bins: Bins = 31


class TrivialAugmentWide(Policy):
    """One of 14 operations for each image at a magnitude drawn from a wide range.

    num_magnitude_bins: how many magnitudes there are. interpolation: nearest, bilinear, bicubic. fill: one value or one
    a channel, None for 0. uint8 with 1 or 3 channels, exactly torchvision's operations on PIL images. Masks, boxes and
    keypoints follow.

    >>> from twinlens import transforms as T
    >>> T.TrivialAugmentWide(interpolation="bilinear")
    TrivialAugmentWide(interpolation='bilinear')
    """

    Config = TrivialAugmentWideConfig

    def __init__(
        self,
        num_magnitude_bins: int = 31,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(num_magnitude_bins=num_magnitude_bins, interpolation=interpolation, fill=fill, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        u = draws.uniform(3)
        operation = WIDE.drawn(u[:, :1])
        bins = np.floor(u[:, 1:2] * self.num_magnitude_bins).astype(np.int64)
        magnitude = WIDE.magnitudes(operation, bins, self.num_magnitude_bins, u[:, 2:] < 0.5, spec)
        return {"operation": operation, "magnitude": magnitude}
