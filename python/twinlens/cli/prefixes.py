"""A pipeline one transform after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinlens import transforms as T

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["alone", "parts_of", "prefixes"]


def parts_of(pipe: Transform) -> list[Any]:
    """The transforms of a Compose; any other is the only one."""
    return list(pipe.transforms) if type(pipe) is T.Compose else [pipe]


def prefixes(pipe: Transform) -> list[Transform]:
    """The pipeline up to each of its transforms, which draw the same in all of them."""
    if type(pipe) is not T.Compose:
        return [pipe]
    parts = parts_of(pipe)
    return [T.Compose(parts[:count], name=pipe.config.name) for count in range(1, len(parts) + 1)]


def alone(pipe: Transform, place: int) -> Transform:
    """One transform, which draws as it does at its place."""
    if type(pipe) is not T.Compose:
        return pipe
    return T.Compose([*[T.Identity()] * place, parts_of(pipe)[place]], name=pipe.config.name)
