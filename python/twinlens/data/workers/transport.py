"""Objects between processes: the pixels in shared memory, the rest pickled."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from twinlens.data.encoding import Encoded
from twinlens.data.workers.arena import Arena

__all__ = ["Parcel", "pack", "unpack"]

_ALIGN = 64


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes through the pipe. spans: offset, length and whether it is read-only, of each buffer in the arena."""

    pickled: bytes
    spans: list[tuple[int, int, bool]]

    @property
    def size(self) -> int:
        """Bytes in the arena."""
        return max((start + length for start, length, _ in self.spans), default=0)


class _Pickler(pickle.Pickler):
    """Encoded images and tensors leave their bytes to the arena, as arrays do by themselves."""

    def reducer_override(self, value: Any) -> Any:
        if type(value) is Encoded:
            held = value.data
            return Encoded, (pickle.PickleBuffer(held), value.encoding, value.dtype, value.layout, value.shape)
        if type(value) is torch.Tensor and value.device.type == "cpu" and not value.requires_grad and value.dim():
            flat = value.detach().contiguous().view(torch.uint8).numpy()
            return _tensor, (flat, value.dtype)
        return NotImplemented


def _tensor(flat: Any, dtype: torch.dtype) -> torch.Tensor:
    return torch.from_numpy(flat).view(dtype)


def pack(value: Any, arena: Arena) -> Parcel:
    """Writes to the arena, over what was there."""
    buffers: list[pickle.PickleBuffer] = []
    pickled = io.BytesIO()
    _Pickler(pickled, 5, buffer_callback=buffers.append).dump(value)
    spans, end = [], 0
    for buffer in buffers:
        raw = buffer.raw()
        spans.append((end, raw.nbytes, raw.readonly))
        end += -(-raw.nbytes // _ALIGN) * _ALIGN
    parcel = Parcel(pickled.getvalue(), spans)
    memory = np.frombuffer(arena.of(parcel.size), np.uint8) if parcel.size else None
    for (start, length, _), buffer in zip(spans, buffers, strict=True):
        if memory is not None and length:
            memory[start : start + length] = np.frombuffer(buffer.raw(), np.uint8)
    return parcel


def unpack(parcel: Parcel, arena: Arena) -> Any:
    """The object, with memory of its own: the arena may be written to again."""
    memory = arena.of(parcel.size)
    makers: dict[bool, Callable[[memoryview], Any]] = {True: bytes, False: bytearray}
    buffers = [makers[fixed](memory[start : start + length]) for start, length, fixed in parcel.spans]
    return pickle.loads(parcel.pickled, buffers=buffers)
