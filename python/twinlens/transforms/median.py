"""MedianBlur and Morphological."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field

from twinlens.steps import Median, Morphology
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens.transforms.blur import OddLimit, odd_sizes
from twinlens.transforms.chance import Sometimes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

__all__ = ["MedianBlur", "Morphological"]

_LARGEST = 255


def _small(limit: tuple[int, int]) -> tuple[int, int]:
    if limit[1] > _LARGEST:
        raise ValueError(f"wants odd integers from 3 to {_LARGEST}, got {limit!r}")
    return limit


class MedianBlurConfig(base.Config):
    blur_limit: Annotated[OddLimit, AfterValidator(_small)] = (3, 7)
    p: Probability = 0.5


class MedianBlur(Sometimes):
    """The median of a square window, cv2.medianBlur, with probability `p`; Albumentations' name and arguments.

    blur_limit: smallest and largest side of the window in pixels, odd, from 3 to 255, drawn for each image of a batch
    by itself; one number is the largest, after 3. Samples at the border stand for what is outside. uint8, uint16,
    float32. Masks, boxes and keypoints stay. ArgumentError for even sizes and what is out of range.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.MedianBlur((3, 3), p=1.0)(np.array([[1, 9, 2, 3]], np.uint8)).tolist()
    [[1, 2, 3, 3]]
    """

    Config = MedianBlurConfig

    def __init__(self, blur_limit: Any = (3, 7), p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(blur_limit=blur_limit, p=p, name=name)

    @property
    def random(self) -> bool:
        """Whether there is a range or a probability to draw from."""
        return super().random or self.blur_limit[0] < self.blur_limit[1]

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"active": draws.uniform()[:, 0] < self.p, "ksize": odd_sizes(draws, self.blur_limit, first=1)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        sizes = params.get("ksize", np.array(self.blur_limit[:1], np.int64))
        yield Median(sizes, active=self.active(params, spec))


def _scale(value: Any) -> tuple[int, int]:
    numbers = list(value) if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else [value] * 2
    integers = all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in numbers)
    if len(numbers) != 2 or not integers or not all(1 <= n <= _LARGEST for n in numbers):
        raise ValueError(f"wants one or two integers from 1 to {_LARGEST}, across and down, got {value!r}")
    return int(numbers[0]), int(numbers[1])


class MorphologicalConfig(base.Config):
    scale: Annotated[tuple[int, int], BeforeValidator(_scale)] = (2, 3)
    operation: Literal["erosion", "dilation"] = Field("dilation", description="Whether dark or light grows.")
    p: Probability = 0.5


class Morphological(Sometimes):
    """The largest (dilation) or smallest (erosion) sample under an ellipse, cv2.dilate and cv2.erode, with probability
    `p`; Albumentations' name and arguments.

    scale: columns and rows of cv2.getStructuringElement(cv2.MORPH_ELLIPSE, scale), from 1 to 255; one number is both.
    What is outside the image never wins. uint8, uint16, float32. Masks go through the same; boxes and keypoints stay.
    ArgumentError for sizes out of range and other operations.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Morphological((3, 3), p=1.0)(np.array([[0, 9, 0, 0]], np.uint8)).tolist()
    [[9, 9, 9, 0]]
    """

    Config = MorphologicalConfig

    def __init__(
        self,
        scale: Any = (2, 3),
        operation: Literal["erosion", "dilation"] = "dilation",
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(scale=scale, operation=operation, p=p, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        kind: Literal["erode", "dilate"] = "erode" if self.operation == "erosion" else "dilate"
        yield Morphology(kind, np.array([self.scale], np.int64), "ellipse", active=self.active(params, spec))
