"""Parameters of a plan on their way to a device, kept in the same memory for other parameters later.

A plan runs three ways, after a first try without a device: as always, while its parameter tables are kept; on those
tables, which is what a CUDA graph holds; and without a device, to find the tables of other parameters. What is done to
tensors is noted both of the last times: tables may replace each other only where it is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from twinlens.errors import InputError

__all__ = ["Recording", "current"]

_now: ContextVar[Recording | None] = ContextVar("twinlens_recording", default=None)

Phase = Literal["try", "keep", "use", "collect"]


def current() -> Recording | None:
    """The recording that runs, if any."""
    return _now.get()


@dataclass
class Recording:
    """tables: on `device`, in the order in which the plan asks for them. notes: what it does to tensors."""

    device: torch.device
    tables: list[torch.Tensor] = field(default_factory=list)
    notes: list[Any] = field(default_factory=list)
    phase: Phase = "keep"
    launching: bool = False  # a kernel: what Triton does with tensors is no part of the plan
    _shapes: list[torch.Tensor] = field(default_factory=list)
    _found: list[NDArray[Any]] = field(default_factory=list)
    _position: int = 0

    @contextmanager
    def running(self, phase: Phase) -> Iterator[None]:
        """While the plan runs in this way."""
        self.phase, self._position, self._found = phase, 0, []
        token = _now.set(self)
        try:
            if phase in ("try", "keep"):
                yield
            else:
                self.notes = []
                with _Noting(self):
                    yield
        finally:
            _now.reset(token)

    def table(self, values: NDArray[Any]) -> torch.Tensor:
        """What stands for `values`: a table of the same shape and dtype."""
        if self.phase == "try":
            return torch.from_numpy(np.array(values, order="C")).to("meta")
        if self.phase == "keep":
            self.tables.append(torch.from_numpy(np.array(values, order="C")).to(self.device))
            self._shapes.append(torch.empty_like(self.tables[-1], device="meta"))
            return self.tables[-1]
        position, self._position = self._position, self._position + 1
        kept = self.tables[position] if position < len(self.tables) else None
        if kept is None or (tuple(kept.shape), str(kept.dtype)) != (values.shape, f"torch.{values.dtype.name}"):
            raise InputError(_OTHER)
        if self.phase == "use":
            return kept
        self._found.append(values)
        return self._shapes[position]

    def note(self, *what: Any) -> None:
        """Something that must be the same for all parameters."""
        self.notes.append(what)

    def put(self, wanted: list[Any]) -> None:
        """What was collected goes to the tables, in the order of the device's stream; the host does not wait.

        wanted: the notes of a plan that uses the tables. InputError where those of the last one differ.
        """
        if len(self._found) != len(self.tables) or self.notes != wanted:
            raise InputError(_OTHER)
        for kept, values in zip(self.tables, self._found, strict=True):
            source = torch.from_numpy(np.array(values, order="C"))
            kept.copy_(source.pin_memory() if self.device.type == "cuda" else source, non_blocking=True)


_OTHER = (
    "capture: these parameters lead to other operations or sizes than those of the capture; capture plans whose "
    "parameters change values only, or capture again"
)


class _Noting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down every operation of torch, with what is no tensor among its arguments."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._recording = recording

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        if not self._recording.launching:
            self._recording.note(str(func), *(_shown(leaf) for leaf in tree_leaves((args, kwargs))))
        return func(*args, **(kwargs or {}))


def _shown(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return tuple(value.shape), value.dtype
    return None if isinstance(value, torch.device) else value
