"""JPEG, ImageCompression and Downscale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from twinlens.steps import JpegArtifact, Resample
from twinlens.steps.resample.step import METHODS
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens.transforms.noise import largest_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step

__all__ = ["JPEG", "Downscale", "ImageCompression"]


def _quality(value: Any) -> list[int]:
    """torchvision's form: always two."""
    pair = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value, value]
    integers = all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in pair)
    if len(pair) != 2 or not integers or not 1 <= pair[0] <= pair[1] <= 100:
        raise ValueError(f"wants an integer from 1 to 100, or two, the smaller first, got {value!r}")
    return [int(v) for v in pair]


Quality = Annotated[list[int], BeforeValidator(_quality)]


class JPEGConfig(base.Config):
    quality: Quality


class JPEG(base.Transform):
    """JPEG compression of uint8 gray or RGB images, exactly torchvision's: 4:2:0, accurate transforms.

    quality: 1 to 100, or a range to draw from, both ends included. Images on a card are refused: the codec runs on the
    host.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> int(T.JPEG(90)(np.full((8, 8, 3), 100, np.uint8)).max())
    100
    """

    Config = JPEGConfig

    def __init__(self, quality: Any, *, name: str | None = None) -> None:
        super().__init__(quality=quality, name=name)

    @property
    def random(self) -> bool:
        """Only a range is drawn."""
        low, high = self.quality
        return bool(low != high)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        low, high = self.quality
        return {"quality": low + draws.below(high - low + 1)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        largest_of("JPEG", spec)
        yield JpegArtifact(params.get("quality", np.array([self.quality[0]])))


class ImageCompressionConfig(base.Config):
    compression_type: Literal["jpeg", "webp"] = Field("jpeg", description="The codec.")
    quality_range: Quality = [99, 100]  # noqa: RUF012  pydantic copies it
    p: Probability = 0.5


class ImageCompression(base.Transform):
    """Lossy compression of uint8 gray or RGB images, jpeg or webp, at a quality drawn from `quality_range`, both ends
    included. Albumentations' names; its encoder takes red for blue. Images on a card are refused.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.ImageCompression("webp", 50, p=1.0)(np.zeros((8, 9, 3), np.uint8)).shape
    (8, 9, 3)
    """

    Config = ImageCompressionConfig
    is_random = True

    def __init__(
        self,
        compression_type: Any = "jpeg",
        quality_range: Any = (99, 100),
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(compression_type=compression_type, quality_range=quality_range, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        low, high = self.quality_range
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "quality": low + draws.below(high - low + 1, first=1),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        largest_of("ImageCompression", spec)
        yield JpegArtifact(params["quality"], self.compression_type, active=params["active"])


#: cv2.INTER_*
_OPENCV = {0: "nearest", 1: "linear", 2: "cubic", 3: "area", 5: "linear_exact", 6: "nearest_exact"}


def _interpolations(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or set(value) != {"downscale", "upscale"}:
        raise ValueError(f"wants a dictionary of 'downscale' and 'upscale', got {value!r}")
    methods = {}
    for way in ("upscale", "downscale"):
        given = value[way]
        method = _OPENCV.get(given, str(given)) if isinstance(given, int) else str(given).replace("-", "_")
        if method not in METHODS:
            known = ", ".join(f"{code} ({name})" for code, name in _OPENCV.items())
            raise ValueError(f"{way}={given!r} must be a name or code of OpenCV's, {known}")
        methods[way] = method
    return methods


def _scales(value: Any) -> tuple[float, float]:
    pair = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value, value)
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in pair)
    if len(pair) != 2 or not numbers or not 0 < pair[0] <= pair[1] <= 1:
        raise ValueError(f"wants a number above 0 and at most 1, or two, the smaller first, got {value!r}")
    return float(pair[0]), float(pair[1])


class DownscaleConfig(base.Config):
    scale_range: Annotated[tuple[float, float], BeforeValidator(_scales)] = (0.25, 0.25)
    interpolation_pair: Annotated[dict[str, str], BeforeValidator(_interpolations)] = {  # noqa: RUF012
        "upscale": "nearest",
        "downscale": "nearest",
    }
    p: Probability = 0.5


class _Shrink(Resample):
    """A resample whose targets stay where they are: the way back follows at once."""

    moves: ClassVar[bool] = False

    def mask(self) -> None:
        return None


class Downscale(base.Transform):
    """Resizes by a factor drawn from `scale_range` and back to the old size, Albumentations'.

    interpolation_pair: OpenCV's codes (cv2.INTER_NEAREST, INTER_LINEAR, INTER_CUBIC, INTER_AREA and the exact ones) or
    their names for both ways. Masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.Downscale(0.5, p=1.0)(np.array([[1, 2, 3, 4]] * 2, np.uint8)).tolist()
    [[1, 1, 3, 3], [1, 1, 3, 3]]
    """

    Config = DownscaleConfig
    is_random = True

    def __init__(
        self,
        scale_range: Any = (0.25, 0.25),
        interpolation_pair: Any = {"upscale": 0, "downscale": 0},  # noqa: B006  never changed
        p: float = 0.5,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(scale_range=scale_range, interpolation_pair=interpolation_pair, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        low, high = self.scale_range
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "scale": draws.uniform(low=low, high=high, first=1)[:, 0],
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        largest_of("Downscale", spec)
        h, w = (np.maximum(np.rint(side * params["scale"]), 1).astype(np.int64) for side in (spec.h, spec.w))
        down, up = self.interpolation_pair["downscale"], self.interpolation_pair["upscale"]
        yield _Shrink(down, h, w, active=params["active"])
        yield _Shrink(up, spec.h, spec.w, active=params["active"])
