"""Mean and deviation into a pipeline file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import twinlens
from twinlens import transforms as T
from twinlens.errors import ArgumentError

if TYPE_CHECKING:
    from twinlens.data.statistics import Statistics
    from twinlens.transforms import Transform

__all__ = ["before_normalize", "check", "written"]

_DIGITS = 6


def check(path: Path) -> None:
    """Before any work: whether there is a pipeline that mean and deviation can be put into."""
    _places(twinlens.load(path), path)


def written(found: Statistics, path: Path) -> str:
    """Puts mean and std, to six digits, into the file's Normalize, or one behind its end; says what was done."""
    pipe = twinlens.load(path)
    mean, std = ([round(v, _DIGITS) for v in values] for values in (found.mean, found.std))
    if min(std) <= 0:
        raise ArgumentError(
            f"--write: std is {std}: Normalize cannot divide by the deviation of a channel of one value"
        )
    parts, places = list(pipe.transforms), _places(pipe, path)
    if places:
        old = parts[places[0]].config
        parts[places[0]] = T.Normalize(mean, std, old.inplace, name=old.name)
    else:
        ends_in_floats = any(isinstance(part, T.ToTensor | T.ToDtype | T.ConvertImageDtype) for part in parts)
        parts += [T.Normalize(mean, std)] if ends_in_floats else [T.ToTensor(), T.Normalize(mean, std)]
    twinlens.save(T.Compose(parts), path)
    return f"Normalize({mean}, {std}) {'replaced' if places else 'added'} in {path}"


def before_normalize(pipe: Transform, path: Path) -> Transform:
    """What the pipeline's Normalize sees: the transforms before it; the pipeline itself where it has none."""
    places = _places(pipe, path)
    return T.Compose(list(pipe.transforms)[: places[0]]) if places else pipe


def _places(pipe: Transform, path: Path) -> list[int]:
    """Where a pipeline normalises: nowhere, or once, at its top level."""
    if type(pipe) is not T.Compose:
        raise ArgumentError(f"{path}: wants a list of transforms, got {type(pipe).__name__}")
    places = [i for i, part in enumerate(pipe.transforms) if isinstance(part, T.Normalize)]
    count = _count(pipe)
    if len(places) > 1 or count > len(places):
        raise ArgumentError(f"{path}: has {count} Normalize, {len(places)} of them at its top level; wants one at most")
    return places


def _count(part: Any) -> int:
    """How many Normalize there are, at any depth."""
    return isinstance(part, T.Normalize) + sum(_count(inner) for inner in getattr(part, "transforms", ()))
