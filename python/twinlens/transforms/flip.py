"""RandomHorizontalFlip and RandomVerticalFlip."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from twinlens.pipeline.blanks import Blanks, chance
from twinlens.steps import Flip
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Bools

__all__ = ["RandomHorizontalFlip", "RandomVerticalFlip"]


_YES, _NO = np.array([True]), np.array([False])


class FlipConfig(base.Config):
    p: Probability = 0.5


class _RandomFlip(base.Transform):
    Config = FlipConfig
    is_random = True
    horizontal: ClassVar[bool]

    def __init__(self, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"flipped": draws.uniform()[:, 0] < self.p}

    def blanks(self, spec: Spec) -> Blanks:
        del spec
        return Blanks((Flip(*self._ways),), (chance(0, self.p),))

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        yield Flip(*self._ways, active=params["flipped"])

    @property
    def _ways(self) -> tuple[Bools, Bools]:
        return (_YES, _NO) if self.horizontal else (_NO, _YES)


class RandomHorizontalFlip(_RandomFlip):
    """Mirrors an image left-right with probability `p`, each image of a batch by itself.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandomHorizontalFlip(p=1.0)(np.array([[1, 2, 3]], np.uint8)).tolist()
    [[3, 2, 1]]
    """

    horizontal = True


class RandomVerticalFlip(_RandomFlip):
    """Mirrors an image top-bottom with probability `p`, each image of a batch by itself.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.RandomVerticalFlip(p=1.0)(np.array([[1], [2]], np.uint8)).tolist()
    [[2], [1]]
    """

    horizontal = False
