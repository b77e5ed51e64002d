"""How far an epoch is, so that another process goes on exactly there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twinlens.errors import ArgumentError

__all__ = ["Position", "Saved"]

_VERSION = 1


@dataclass
class Position:
    """The samples of an epoch that were handed out, in order."""

    epoch: int
    samples: int = 0
    finished: bool = False
    _hash: Any = field(default_factory=hashlib.sha256)

    def advance(self, indices: list[int]) -> None:
        """These were handed out."""
        self.samples += len(indices)
        self._hash.update(np.array(indices, "<i8").tobytes())

    def saved(self, seed: int, length: int) -> Saved:
        """What `state_dict` keeps."""
        if self.finished:
            return Saved(self.epoch + 1, 0, hashlib.sha256().hexdigest(), seed, length)
        return Saved(self.epoch, self.samples, self._hash.hexdigest(), seed, length)


@dataclass(frozen=True)
class Saved:
    """A position in a file. order: the sha256 of the samples' numbers, int64 little-endian."""

    epoch: int
    samples: int
    order: str
    seed: int
    length: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"version": _VERSION, **self.__dict__}

    @classmethod
    def from_dict(cls, state: Any, seed: int, length: int) -> Saved:
        """Of a loader with this seed and this many samples; ArgumentError for what is of another."""
        if not isinstance(state, dict) or set(state) != {"version", *cls.__annotations__}:
            raise ArgumentError("Loader: load_state_dict wants what state_dict gave")
        values = dict(state)
        if values.pop("version") != _VERSION:
            raise ArgumentError(f"Loader: the state has version {state['version']!r}, this library reads {_VERSION}")
        saved = cls(**values)
        for name, was, now in (("seed", saved.seed, seed), ("number of samples", saved.length, length)):
            if was != now:
                raise ArgumentError(f"Loader: the state is of a loader whose {name} is {was!r}; here it is {now!r}")
        return saved

    def resume(self, passed: list[int]) -> Position:
        """The position behind `passed`, which must be what had been handed out."""
        position = Position(self.epoch)
        position.advance(passed)
        if position.samples != self.samples or position.saved(self.seed, self.length).order != self.order:
            raise ArgumentError(
                f"Loader: the first {self.samples} samples of epoch {self.epoch} are others than when the state was "
                "saved: shuffle, sampler or batch_sampler differ"
            )
        return position
