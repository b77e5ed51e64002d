"""A pipeline called with arrays, on whatever device, with arrays as results."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.data.encoding import as_array
from twinlens.errors import InputError, TwinlensError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.transforms.base import Transform

__all__ = ["Caller"]

_BLANK = (64, 64, 3)


class Caller:
    """device: None for the card that Ray has given to this worker, else the CPU."""

    def __init__(self, pipe: Transform, engine: Any, device: str | None, num_threads: int) -> None:
        self._pipe, self._engine, self._device, self._threads = pipe, engine, device, num_threads
        self._like: tuple[bool, NDArray[Any]] | None = None

    def __call__(self, images: list[NDArray[Any]], keys: list[int]) -> list[NDArray[Any] | Exception]:
        """The result of each image, or why there is none."""
        if not images:
            return []
        try:
            made = self._call(images, keys)
            return [self._checked(result) for result in made]
        except Exception as error:  # a callable in the pipeline may raise anything
            if len(images) == 1:
                return [error]
            return [result for image, key in zip(images, keys, strict=True) for result in self([image], [key])]

    def empty(self) -> NDArray[Any]:
        """What stands where there is no result: of the dtype and the dimensions of one."""
        return self._seen(None)[1]

    def _call(self, images: list[NDArray[Any]], keys: list[int]) -> Any:
        device = self._where()
        if device == "cpu":
            return self._pipe.batch(images, keys=keys, num_threads=self._threads, engine=self._engine)
        import torch

        if any(image.ndim != 3 for image in images):
            raise InputError(f"an image of {images[0].shape}; on a card it must be (H, W, C)")
        there = [torch.from_numpy(np.ascontiguousarray(image)).to(device).permute(2, 0, 1) for image in images]
        made = self._pipe.batch(there, keys=keys)
        turned = self._seen(images[0])[0]  # an array in would be an array out, with its channels last
        return [result.permute(1, 2, 0) if turned and result.ndim == 3 else result for result in made]

    def _where(self) -> str:
        if self._device is None:
            self._device = "cuda" if _has_card() else "cpu"
        return self._device

    def _checked(self, result: Any) -> NDArray[Any]:
        array, dtype, _ = as_array(result)
        if dtype == "bfloat16":
            raise InputError("the pipeline returned bfloat16, which NumPy lacks; end it with ToDtype('float32')")
        if self._like is None:
            self._like = isinstance(result, np.ndarray), _empty(array)
        return array

    def _seen(self, image: NDArray[Any] | None) -> tuple[bool, NDArray[Any]]:
        """Whether an array becomes an array, and an empty result; of this image or of a blank one on the CPU."""
        if self._like is None:
            try:
                result = self._pipe(np.zeros(_BLANK, np.uint8) if image is None else image, key=0)
                self._like = isinstance(result, np.ndarray), _empty(as_array(result)[0])
            except TwinlensError:
                return True, np.zeros((0, 0, 0), np.uint8)
        return self._like


def _empty(array: NDArray[Any]) -> NDArray[Any]:
    return np.zeros((0,) * array.ndim, array.dtype)


def _has_card() -> bool:
    """Whether this is a worker of Ray that has a card."""
    ray = sys.modules.get("ray")
    return bool(ray and ray.is_initialized() and ray.get_runtime_context().get_accelerator_ids().get("GPU"))
