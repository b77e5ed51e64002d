"""What the checks found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["FailedError", "NotRunError", "Outcome", "Report", "differing"]

Status = Literal["passed", "failed", "not run"]


class FailedError(Exception):
    """A promise is not kept; the message says how to see it."""


class NotRunError(Exception):
    """A check does not apply; the message says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check of one transform. note: what went wrong, why it was not run, or a figure."""

    check: str
    status: Status
    note: str = ""


@dataclass(slots=True)
class Report:
    """The outcomes for one transform, in the order of the checks."""

    subject: str
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def failed(self) -> list[Outcome]:
        """The promises that are not kept."""
        return [outcome for outcome in self.outcomes if outcome.status == "failed"]

    def __str__(self) -> str:
        lines = [f"{o.status:8}{o.check}{': ' if o.note else ''}{o.note}" for o in self.outcomes]
        return "\n".join([self.subject, *(f"  {line}" for line in lines)])


def differing(a: Any, b: Any) -> str | None:
    """How two results differ, in words; None where they are the same in every bit, shape and dtype."""
    import numpy as np
    import torch

    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        a, b = ((x.float() if x.dtype == torch.bfloat16 else x).cpu().numpy() for x in (a, b))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return _arrays(a, b)
    if type(a) is not type(b):
        return f"{type(a).__name__} and {type(b).__name__}"
    if isinstance(a, dict):
        parts = [(name, a.get(name), b.get(name)) for name in sorted({*a, *b}, key=str)]
    elif isinstance(a, list | tuple):
        if len(a) != len(b):
            return f"{len(a)} results and {len(b)}"
        parts = [(str(i), x, y) for i, (x, y) in enumerate(zip(a, b, strict=True))]
    elif hasattr(a, "data") and isinstance(a.data, torch.Tensor):  # Boxes, Keypoints
        return differing(a.data, b.data)
    else:
        return None if bool(a == b) else f"{a!r} and {b!r}"
    return next((f"{name}: {found}" for name, x, y in parts if (found := differing(x, y))), None)


def _arrays(a: Any, b: Any) -> str | None:
    import numpy as np

    if a.shape != b.shape or a.dtype != b.dtype:
        return f"{a.shape} {a.dtype} and {b.shape} {b.dtype}"
    wrong = a != b
    if a.dtype.kind == "f":
        wrong &= ~(np.isnan(a) & np.isnan(b))
    if not wrong.any():
        return None
    largest = np.abs(a.astype(np.float64) - b.astype(np.float64))[wrong].max()
    return f"{int(wrong.sum())} of {a.size} values differ, by up to {largest:g}"
