"""A native kernel from a plugin's wheel, see include/twinlens/kernel.h."""

from __future__ import annotations

import threading
from typing import Any

from twinlens import _native
from twinlens.errors import ArgumentError
from twinlens.steps.base import NativeOp, int_rows, real_rows
from twinlens.steps.spec import Bools

__all__ = ["Kernel"]

CAPSULE = "twinlens.kernel.1"


class Kernel:
    """A plugin's compiled function, as an operation of the native engine.

    capsule: a PyCapsule named "twinlens.kernel.1" that holds the address of a `twinlens_kernel`, or a function without
    arguments that returns one, so that the compiled module is imported when the kernel first runs. A step calls the
    Kernel in its `native`. Raises ArgumentError for what is neither, and for a kernel of another version.
    """

    def __init__(self, capsule: Any) -> None:
        if not callable(capsule) and type(capsule).__name__ != "PyCapsule":
            raise ArgumentError(
                f"Kernel: got {capsule!r}, wants a PyCapsule named {CAPSULE!r} or a function giving one"
            )
        self._capsule = capsule
        self._code: int | None = None
        self._lock = threading.Lock()

    @property
    def code(self) -> int:
        """Its number in this process."""
        if self._code is None:
            with self._lock:
                self._capsule = self._capsule() if callable(self._capsule) else self._capsule
                try:
                    self._code = _native.add_kernel(self._capsule)
                except (TypeError, ValueError) as error:
                    raise ArgumentError(f"Kernel: {error}") from None
        return self._code

    def __call__(self, active: Bools | None, ints: Any = (), reals: Any = None) -> NativeOp:
        """What a step's `native` returns: `kernel(self.active, (self.first, self.second), self.factors)`.

        ints: numbers, (n,) or (n, m) integer arrays, one row an image or one for all, side by side. reals: (m,) or
        (n, m) floats, or None.
        """
        return self.code, int_rows(active, *ints), real_rows(reals)
