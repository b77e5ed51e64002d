"""What a rival is."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from twinlens.cli.parity.calls import NoEquivalent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.cli.parity.calls import Call

__all__ = ["Rival", "Said", "numpy_float", "numpy_normalize"]

#: a library's image after an operation, and what of the library did it
Said = tuple[Any, str]


class Rival(ABC):
    """A library that does the calls that it has a method for. Methods take the library's own image, and the arguments
    of the call, and return `Said`; they raise NoEquivalent where the library has no such thing.
    """

    name: ClassVar[str]
    on: ClassVar[str] = ""  # which of its kinds of images, where there are several
    library: ClassVar[str]  # the module that must import
    install: ClassVar[str]  # what pip wants
    distributions: ClassVar[tuple[str, ...]]

    @classmethod
    def version(cls) -> str | None:
        """Of the library, None where it is not installed."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import_module(cls.library)
        except ImportError:
            return None
        for distribution in cls.distributions:
            try:
                return metadata.version(distribution)
            except metadata.PackageNotFoundError:
                continue
        return "of unknown version"

    @abstractmethod
    def load(self, image: NDArray[Any]) -> Any:
        """(H, W, C) as the library has images."""

    @abstractmethod
    def read(self, state: Any, dtype: str) -> NDArray[Any]:
        """(H, W, C) of `dtype`, as far as the library's image is of that dtype."""

    def run(self, state: Any, call: Call) -> Said:
        """NoEquivalent, with the operation's name, where the library has nothing like it."""
        method = getattr(self, call.name, None)
        if method is None:
            raise NoEquivalent(call.name.replace("_", " "))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            done: Said = method(state, **call.arguments)
        return done


def numpy_float(image: NDArray[Any]) -> Said:
    """What scripts write where a library has no ToTensor."""
    if image.dtype == np.float32:
        return image, ""
    if image.dtype not in (np.uint8, np.uint16):
        raise NoEquivalent(f"conversion from {image.dtype}")
    largest = float(np.iinfo(image.dtype).max)
    return image.astype(np.float32) / np.float32(largest), f"NumPy: astype(float32) / {largest:.0f}"


def numpy_normalize(image: NDArray[Any], mean: list[float], std: list[float]) -> Said:
    """The same for Normalize."""
    return (image - np.array(mean, np.float32)) / np.array(std, np.float32), "NumPy: (x - mean) / std"
