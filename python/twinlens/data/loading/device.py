"""Batches to the device, on a stream beside the consumer's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from twinlens.errors import ArgumentError
from twinlens.targets import Boxes, Keypoints

__all__ = ["Device", "mapped"]


class Device:
    """Where batches go; None leaves them on CPU."""

    def __init__(self, device: Any) -> None:
        try:
            self.device = torch.device("cpu" if device is None else device)
        except (RuntimeError, TypeError) as error:
            raise ArgumentError(f"Loader: device={device!r}: {error}") from None
        self.cuda = self.device.type == "cuda"
        if self.cuda and not torch.cuda.is_available():
            raise ArgumentError(f"Loader: device={device!r}: torch sees no CUDA device")
        self._stream: Any = torch.cuda.Stream(self.device) if self.cuda else None  # type: ignore[no-untyped-call]

    def send(self, batch: Any) -> tuple[Any, Any]:
        """The batch on the device and the event behind its copies; called by a worker."""
        if self.device.type == "cpu":
            return batch, None
        if self._stream is None:
            return mapped(batch, lambda tensor: tensor.to(self.device)), None
        with torch.cuda.stream(self._stream):
            sent = mapped(batch, self._copy)
            event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            event.record(self._stream)
        return sent, event

    def _copy(self, tensor: torch.Tensor) -> torch.Tensor:
        pinned = tensor if tensor.is_pinned() or tensor.is_cuda else tensor.pin_memory()
        return pinned.to(self.device, non_blocking=True)

    def receive(self, batch: Any, event: Any) -> Any:
        """The batch for the consumer's stream, which waits for the copies; the host does not."""
        if event is None:
            return batch
        stream = torch.cuda.current_stream(self.device)
        stream.wait_event(event)

        def used(tensor: torch.Tensor) -> torch.Tensor:
            tensor.record_stream(stream)
            return tensor

        return mapped(batch, used)


def mapped(value: Any, function: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """A batch with every tensor in it replaced."""
    if isinstance(value, torch.Tensor):
        return function(value)
    if isinstance(value, Mapping):
        return {name: mapped(item, function) for name, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(item, function) for item in value))
    if type(value) in (tuple, list):
        return type(value)(mapped(item, function) for item in value)
    if isinstance(value, Boxes | Keypoints):
        tensors = {name: item for name, item in vars(value).items() if isinstance(item, torch.Tensor)}
        moved: dict[str, Any] = {name: function(item) for name, item in tensors.items()}
        return replace(value, **moved)
    return value
