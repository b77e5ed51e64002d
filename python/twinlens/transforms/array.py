"""ArrayTransform: a transform that is a Python function of one NumPy image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from twinlens.errors import ArgumentError
from twinlens.steps import HostFunction
from twinlens.transforms.base import Transform

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec, Step

__all__ = ["ArrayTransform"]


class ArrayTransform(Transform):
    """Base of transforms that change pixels by NumPy, OpenCV or other host code, an image at a time.

    Subclasses implement `transform_array`; random ones set `is_random` and implement `sample`, whose arrays, a row an
    image, come as keyword arguments. Shape, dtype and the places of things stay, so that masks, boxes and keypoints do.

    takes_dtypes, takes_channels: anything else is an InputError before a pixel is touched. Tensors of a card are copied
    to the host and back, which a HostCopyWarning announces; `copies_to_host = False` makes that an EngineError.

    >>> import numpy as np
    >>> from twinlens.authoring import ArrayTransform
    >>> class Posterized(ArrayTransform):
    ...     def transform_array(self, image):
    ...         return image & 0xE0
    >>> Posterized()(np.array([[255, 31]], np.uint8)).tolist()
    [[224, 0]]
    """

    takes_dtypes: ClassVar[tuple[str, ...] | None] = ("uint8",)
    takes_channels: ClassVar[tuple[int, ...] | None] = (1, 3)
    copies_to_host: ClassVar[bool] = True

    def transform_array(self, image: NDArray[np.generic], **drawn: Any) -> Any:
        """(H, W, C), its own to change, to an array of the same shape and dtype; (H, W) will do for one channel."""
        del image, drawn
        raise ArgumentError(f"{type(self).__name__} does not implement transform_array")

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        yield HostFunction(
            type(self).__name__,
            self.transform_array,
            params,
            self.takes_dtypes,
            self.takes_channels,
            self.copies_to_host,
        )
