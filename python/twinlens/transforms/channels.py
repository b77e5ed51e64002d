"""Channels in another order, some of them, or a constant instead of some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BeforeValidator

from twinlens.errors import InputError
from twinlens.steps import Channels
from twinlens.transforms import base
from twinlens.transforms.chance import PConfig, Sometimes, finite

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Bools, Ints

__all__ = ["ChannelDropout", "ChannelSelect", "ChannelShuffle", "RandomChannelPermutation"]

_NO_FILL = np.zeros(1)


def orders(draws: Draws, spec: Spec, first: int) -> Ints:
    """(B, most channels): every permutation of an image's channels is as likely; places behind them hold their number.

    The order of as many uniform numbers; two are equal once in 2^53.
    """
    most = int(spec.c.max(initial=1))
    numbers = draws.uniform(most, first=first)
    numbers[np.arange(most) >= spec.c[:, None]] = 2.0
    return np.argsort(numbers, axis=1, kind="stable").astype(np.int64)


def by_count(sources: Ints, spec: Spec, active: Bools, fill: float = 0.0) -> Iterable[Step]:
    """One step for each number of channels that there is."""
    if spec.indexed and active.any():
        raise InputError("Channels: the image is of PIL mode P or 1; convert('RGB') it first")
    for count in np.unique(spec.c[active]):
        where = active & (spec.c == count)
        yield Channels(sources[:, :count], np.array([fill]), active=None if where.all() else where)


class RandomChannelPermutation(base.Transform):
    """Puts the channels of each image into a random order; every order is as likely.

    uint8, uint16, float32; any number of channels.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> sorted(T.RandomChannelPermutation()(np.array([[[1, 2, 3]]], np.uint8), key=5).ravel().tolist())
    [1, 2, 3]
    """

    is_random = True

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        return {"order": orders(draws, spec, 0)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        return by_count(params["order"], spec, np.ones(len(spec), bool))


class ChannelShuffle(Sometimes):
    """`RandomChannelPermutation` with probability `p`, Albumentations' name."""

    is_random = True

    def __init__(self, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(p=p, name=name)

    @property
    def random(self) -> bool:
        """The order is drawn whatever `p`."""
        return True

    def sample(self, draws: Draws, spec: Spec) -> Params:
        return {"active": draws.uniform()[:, 0] < self.p, "order": orders(draws, spec, 1)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        return by_count(params["order"], spec, params["active"])


def _count_range(value: Any) -> tuple[int, int]:
    numbers = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value, value)
    if len(numbers) != 2 or any(isinstance(n, bool) or not isinstance(n, int) for n in numbers):
        raise ValueError(f"channel_drop_range={value!r} must be two integers")
    if not 1 <= numbers[0] <= numbers[1]:
        raise ValueError(f"channel_drop_range={value!r} must be at least 1, the smaller first")
    return numbers[0], numbers[1]


class ChannelDropoutConfig(PConfig):
    channel_drop_range: Annotated[tuple[int, int], BeforeValidator(_count_range)] = (1, 1)
    fill: Annotated[float, BeforeValidator(finite)] = 0.0


class ChannelDropout(Sometimes):
    """Sets some channels to a constant with probability `p`, as Albumentations does.

    channel_drop_range: how many, both ends included; at least one channel of an image must remain. fill: in the units
    of the image's dtype. uint8, uint16, float32.
    """

    Config = ChannelDropoutConfig
    is_random = True

    def __init__(
        self, channel_drop_range: Any = (1, 1), fill: float = 0, p: float = 0.5, *, name: str | None = None
    ) -> None:
        super().__init__(channel_drop_range=channel_drop_range, fill=fill, p=p, name=name)

    @property
    def random(self) -> bool:
        """Which channels is drawn whatever `p`."""
        return True

    def sample(self, draws: Draws, spec: Spec) -> Params:
        low, high = self.channel_drop_range
        drawn = draws.uniform(2)
        count = low + np.floor(drawn[:, 1] * (high - low + 1)).astype(np.int64)
        return {"active": drawn[:, 0] < self.p, "count": count, "order": orders(draws, spec, 2)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        active = params["active"]
        few = active & (spec.c <= self.channel_drop_range[1])
        if few.any():
            i = int(np.argmax(few))
            raise InputError(
                f"ChannelDropout: channel_drop_range={self.channel_drop_range} leaves nothing of an image with "
                f"{int(spec.c[i])} channels {spec.shape(i)}"
            )
        rank = np.argsort(params["order"], axis=1)
        kept = np.broadcast_to(np.arange(rank.shape[1]), rank.shape)
        return by_count(np.where(rank < params["count"][:, None], -1, kept), spec, active, self.fill)


def _channel_list(value: Any) -> tuple[int, ...]:
    numbers = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    if not numbers or any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in numbers):
        raise ValueError(f"channels={value!r} must be integers from 0 on")
    return numbers


class ChannelSelectConfig(base.Config):
    channels: Annotated[tuple[int, ...], BeforeValidator(_channel_list)]


class ChannelSelect(base.Transform):
    """Keeps the channels named, in that order; one may come twice.

    channels: numbers from 0 on. uint8, uint16, float32.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.ChannelSelect((2, 0))(np.array([[[1, 2, 3]]], np.uint8)).tolist()
    [[[3, 1]]]
    """

    Config = ChannelSelectConfig

    def __init__(self, channels: Any, *, name: str | None = None) -> None:
        super().__init__(channels=channels, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        if spec.indexed:
            raise InputError("ChannelSelect: the image is of PIL mode P or 1; convert('RGB') it first")
        yield Channels(np.array([self.channels], np.int64), _NO_FILL)
