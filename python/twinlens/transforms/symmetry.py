"""Flips, transposes and quarter turns under Albumentations' names: pixels change places and keep their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinlens.steps import Flip as FlipStep
from twinlens.steps import Transpose as TransposeStep
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens.transforms.chance import PConfig, Sometimes
from twinlens.transforms.flip import RandomHorizontalFlip, RandomVerticalFlip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

__all__ = ["D4", "Flip", "HorizontalFlip", "RandomRotate90", "Transpose", "VerticalFlip"]

#: of the group of the square, in Albumentations' order: e, r90, r180, r270, v, hvt, h, t
_TRANSPOSED = np.array([0, 1, 0, 1, 0, 1, 0, 1], bool)
_HORIZONTAL = np.array([0, 0, 1, 1, 0, 1, 1, 0], bool)
_VERTICAL = np.array([0, 1, 1, 0, 1, 1, 0, 0], bool)


class HorizontalFlip(RandomHorizontalFlip):
    """Mirrors an image left-right with probability `p`: RandomHorizontalFlip under Albumentations' name.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.HorizontalFlip(p=1.0)(np.array([[1, 2, 3]], np.uint8)).tolist()
    [[3, 2, 1]]
    """


class VerticalFlip(RandomVerticalFlip):
    """Mirrors an image top-bottom with probability `p`: RandomVerticalFlip under Albumentations' name.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.VerticalFlip(p=1.0)(np.array([[1], [2]], np.uint8)).tolist()
    [[2], [1]]
    """


class Transpose(Sometimes):
    """Rows and columns change places with probability `p`, so that (H, W) becomes (W, H), each image by itself.

    Any dtype and number of channels; masks, boxes and keypoints follow. Albumentations 2.0.8, exactly.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Transpose(p=1.0)(np.array([[1, 2, 3]], np.uint8)).tolist()
    [[1], [2], [3]]
    """

    def __init__(self, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(p=p, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        active = self.active(params, spec)
        if active.any():
            yes, no = np.ones(1, bool), np.zeros(1, bool)
            yield TransposeStep(yes, no, no, active=None if active.all() else active)


class _Chosen(base.Transform):
    """With probability `p` one of `choices` symmetries, all as likely."""

    is_random = True
    choices: int

    @property
    def random(self) -> bool:
        """A probability of 0 draws nothing."""
        return bool(self.p > 0.0)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"active": draws.uniform()[:, 0] < self.p, "choice": draws.below(self.choices, first=1)}


class Flip(_Chosen):
    """Mirrors an image with probability `p`: left-right, top-bottom or both, a third of the times each.

    Any dtype and number of channels; masks, boxes and keypoints follow. As in Albumentations before 2.0.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Flip(p=1.0)(np.array([[1, 2], [3, 4]], np.uint8), key=0).shape
    (2, 2)
    """

    Config = PConfig
    choices = 3

    def __init__(self, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(p=p, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        if self.p > 0.0:
            choice = params["choice"]
            yield FlipStep(choice != 1, choice != 0, active=params["active"])


class SymmetryConfig(base.Config):
    """`p` alone, and always unless said otherwise."""

    p: Probability = 1.0


class RandomRotate90(_Chosen):
    """Turns an image by 0, 1, 2 or 3 quarters counter-clockwise, a quarter of the times each, with probability `p`.

    An odd quarter makes (W, H) of (H, W). Any dtype and number of channels; masks, boxes and keypoints follow.
    Albumentations 2.0.8, exactly.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> sorted(T.RandomRotate90()(np.zeros((2, 3), np.uint8), key=0).shape)
    [2, 3]
    """

    Config = SymmetryConfig
    choices = 4

    def __init__(self, p: float = 1.0, *, name: str | None = None) -> None:
        super().__init__(p=p, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        if self.p > 0.0:
            quarters = params["choice"]
            moved = params["active"] & (quarters > 0)
            yield TransposeStep.turns(quarters, active=moved)


class D4(_Chosen):
    """One of the eight symmetries of the square, an eighth of the times each, with probability `p`.

    The drawn `choice` counts them in Albumentations' order: nothing, 90, 180, 270 degrees counter-clockwise,
    top-bottom, about the anti-diagonal, left-right, about the diagonal. Images need not be square: the odd ones make
    (W, H) of (H, W). Any dtype and number of channels; masks, boxes and keypoints follow. Exactly Albumentations 2.0.8.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> sorted(T.D4()(np.array([[1, 2], [3, 4]], np.uint8), key=0).ravel().tolist())
    [1, 2, 3, 4]
    """

    Config = SymmetryConfig
    choices = 8

    def __init__(self, p: float = 1.0, *, name: str | None = None) -> None:
        super().__init__(p=p, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        if self.p > 0.0:
            of = params["choice"]
            moved = params["active"] & (of > 0)
            yield TransposeStep(_TRANSPOSED[of], _HORIZONTAL[of], _VERTICAL[of], active=moved)
