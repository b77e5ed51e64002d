"""ToGray."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinlens.errors import InputError
from twinlens.steps import ColorConvert
from twinlens.transforms import Transform
from twinlens_medical.steps.amounts import check_amounts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec, Step

__all__ = ["ToGray"]


class ToGray(Transform):
    """One channel: cv2.cvtColor's gray of RGB images; gray images as they are, so that files of both kinds go together.

    uint8, uint16, float32 of 1 or 3 channels, a batch may hold both. Exact: OpenCV's COLOR_RGB2GRAY. Masks, boxes and
    keypoints stay.

    Raises InputError for other numbers of channels, palettes and alpha.

    >>> import numpy as np
    >>> from twinlens_medical import ToGray
    >>> ToGray()(np.full((4, 5, 3), 9, np.uint8)).shape, ToGray()(np.full((4, 5), 9, np.uint8)).shape
    ((4, 5, 1), (4, 5))
    """

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        check_amounts("ToGray", spec)
        wrong = (spec.c != 1) & (spec.c != 3)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise InputError(f"ToGray: wants 1 or 3 channels, image has {int(spec.c[i])} {spec.shape(i)}")
        colour = spec.c == 3
        if colour.any():
            yield ColorConvert("gray_opencv", 1, active=colour)
