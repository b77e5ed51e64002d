"""Memory for batches: pinned where they go to a CUDA device, else memory that serves again.

Pages that the system hands out anew cost as much as the pixels that are written to them. A batch is the consumer's own:
its memory serves again only when neither the batch nor a view of it is left.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from math import prod
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BatchMemory"]


class BatchMemory:
    """Hands out tensors with anything in them. `most`: how many free ones are kept."""

    def __init__(self, most: int, *, pinned: bool) -> None:
        self._most, self._pinned = most, pinned
        self._free: list[NDArray[Any]] = []
        self._lock = threading.Lock()
        # The collector may let a batch go in the midst of `empty`, in the thread that has the lock: that takes none.
        self._back: deque[NDArray[Any]] = deque(maxlen=most)

    def empty(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """A dense tensor on CPU. torch keeps pinned memory itself, until copies from it are through."""
        size = prod(shape) * dtype.itemsize
        if self._pinned or not size:
            return torch.empty(shape, dtype=dtype, pin_memory=self._pinned)
        with self._lock:
            while self._back:
                self._free.append(self._back.popleft())
            del self._free[: -self._most]
            fitting = [i for i, block in enumerate(self._free) if block.nbytes == size]
            block = self._free.pop(fitting[-1]) if fitting else None
        if block is None:
            block = torch.empty(size, dtype=torch.uint8, device="cpu").numpy()
        # The tensor's storage, which all views share, holds this view, and nothing else does.
        view = block.view()
        weakref.finalize(view, _give, weakref.ref(self), block).atexit = False
        return torch.from_numpy(view).view(dtype).view(shape)


def _give(memory: weakref.ref[BatchMemory], block: NDArray[Any]) -> None:
    if (owner := memory()) is not None:
        owner._back.append(block)
