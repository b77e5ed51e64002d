"""The transform that is checked, and how it is called: under a key, with the global generators in a known state."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

import twinlens
from twinlens.errors import TwinlensError
from twinlens.pipeline.foreign import seeded
from twinlens.pipeline.plan import Plan
from twinlens.steps.spec import DTYPES
from twinlens.transforms.base import Transform

__all__ = ["KEYS", "SIZES", "Subject", "picture", "states"]

KEYS = tuple(int(twinlens.key(20260101, 0, i)) for i in range(32))
SIZES = ((61, 83), (96, 64), (61, 83), (70, 70))


def picture(h: int, w: int, c: int = 3, dtype: str = "uint8", seed: int = 0) -> Any:
    """(h, w, c) with flat parts, slopes, edges and noise; a (c, h, w) tensor of the dtypes that NumPy lacks."""
    noise = np.random.default_rng(np.random.PCG64([seed, h, w, c]))
    rows, columns = np.linspace(0, 1, h)[:, None], np.linspace(0, 1, w)[None]
    slopes = np.stack([(rows * (i + 1) + columns * (c - i)) / (c + 1) for i in range(c)], -1)
    marks = ((np.arange(h)[:, None] // 7 + np.arange(w)[None] // 9) % 3 == 0)[..., None]
    values = np.clip(np.where(marks, 0.1, 0.2 + 0.7 * slopes) + noise.normal(0, 0.05, (h, w, c)), 0, 1)
    if dtype in ("uint8", "uint16"):
        return np.rint(values * np.iinfo(dtype).max).astype(dtype)
    if dtype == "float32":
        return values.astype(np.float32)
    return torch.from_numpy(values).permute(2, 0, 1).to(getattr(torch, dtype))


def states() -> tuple[Any, ...]:
    """Of the generators that everybody shares."""
    legacy: Any = np.random.get_state()  # noqa: NPY002 - whether it was touched is what is asked
    return random.getstate(), legacy[1].tobytes(), legacy[2:], torch.get_rng_state().numpy().tobytes()


@dataclass
class Subject:
    """transform: what is checked. images: uint8 (H, W, C) arrays of different sizes that it takes."""

    transform: Transform
    registered: bool = True  # whether it has a name, arguments and a file
    images: tuple[Any, ...] = field(
        default_factory=lambda: tuple(picture(*size, seed=i) for i, size in enumerate(SIZES))
    )

    @property
    def image(self) -> Any:
        """A copy of the first image."""
        return self.images[0].copy()

    def run(self, value: Any, key: int = KEYS[0], *, on: Transform | None = None, **options: Any) -> Any:
        """The transform, or another, on a copy of `value`, in a world that depends on the key only."""
        with seeded(key):
            return (on or self.transform)(_copied(value), key=key, **options)

    @cached_property
    def plans(self) -> list[Plan]:
        """Its plan for the first image under the first key; none where it runs by itself."""
        try:
            with seeded(KEYS[0]):
                made = self.transform.plan(self.images[0].shape, key=KEYS[0])
        except TwinlensError:
            return []
        parts = [made] if isinstance(made, Plan) else list(made)
        return parts if all(isinstance(part, Plan) for part in parts) else []

    @cached_property
    def formats(self) -> dict[tuple[str, int], str | None]:
        """Dtypes and numbers of channels: None where it takes them, else the kind of the error and its message."""
        return {(dtype, c): self._refusal(dtype, c) for dtype in DTYPES for c in (1, 2, 3, 4, 5)}

    def _refusal(self, dtype: str, c: int) -> str | None:
        h, w = self.images[0].shape[:2]
        try:
            self.run(picture(h, w, c, dtype))
        except Exception as error:  # which one is what is asked
            return f"{type(error).__name__}: {error}"
        return None


def _copied(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, torch.Tensor):
        return value.clone()
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_copied(item) for item in value)
    return value
