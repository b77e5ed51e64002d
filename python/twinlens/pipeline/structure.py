"""Pipelines with parts that work on the whole sample: filters of boxes and labels, crops that multiply an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.errors import InputError
from twinlens.pipeline import foreign
from twinlens.pipeline.images import read
from twinlens.pipeline.run import Options, call_units, is_structural
from twinlens.pipeline.sample import Crops, holds_crops, split
from twinlens.pipeline.trace import stream_of
from twinlens.random import Key, keys_from_torch, to_key_array

if TYPE_CHECKING:
    from twinlens.transforms.base import Transform

__all__ = ["call_structural", "exchanged", "labels_of"]

Units = list[tuple[str, Any]]


def call_structural(root: Transform, units: Units, structure: Any, options: Options) -> Any:
    """Runs stretches of other parts as one plan each, and the structural ones on what those return."""
    if root.random and options.replayed is None:
        _fix_keys(structure, options)
    pending: Units = []
    for path, unit in units:
        after_crops = getattr(unit, "opaque", True) and holds_crops(structure)
        if not is_structural(unit) and not after_crops:
            pending.append((path, unit))
            continue
        structure = _run(root, pending, structure, options)
        pending = []
        structure = (
            unit.apply_to_sample(structure) if is_structural(unit) else _on_crops(path, unit, structure, options)
        )
    return _plain(_run(root, pending, structure, options))


def _run(root: Transform, units: Units, structure: Any, options: Options) -> Any:
    if not units:
        return structure
    sample = split((structure,), {})
    own = options
    if isinstance(options.keys, np.ndarray):
        draws = read(sample.leaves[sample.of("image")[0]].value).draws
        if len(options.keys) == 1 and draws != 1:  # the crops of one image, stacked, share its draws
            own = replace(options, keys=np.repeat(options.keys, draws))
    return call_units(root, units, sample, own)


def _fix_keys(structure: Any, options: Options) -> None:
    """The keys of the whole call, for a stretch must not draw its own."""
    sample = split((structure,), {})
    draws = read(sample.leaves[sample.of("image")[0]].value, color=options.color).draws
    options.keys = keys_from_torch(draws) if options.keys is None else to_key_array(options.keys, draws)


def _on_crops(path: str, unit: Any, structure: Any, options: Options) -> Any:
    """A callable that gets all the crops of an image as one tuple, as torchvision's FiveCrop wants it."""
    seed = None if options.keys is None else int(Key(int(options.keys[0])).fold_in(stream_of(path)))

    def walk(value: Any) -> Any:
        if isinstance(value, Crops):
            return foreign.call(getattr(unit, "apply_to_image", unit), tuple(value), seed)
        return _mapped(value, walk)

    return walk(structure)


def _plain(value: Any) -> Any:
    """Crops as the tuples that they are for the caller."""
    return tuple(value) if isinstance(value, Crops) else _mapped(value, _plain)


def labels_of(structure: Any, getter: Any) -> list[Any]:
    """The labels that a getter finds; torchvision's rule for "default"."""
    if getter is None:
        return []
    if callable(getter):
        found = getter(structure)
        return list(found) if isinstance(found, tuple) else [found]
    name = "labels" if getter == "default" else getter
    entries = structure[1] if isinstance(structure, tuple) and len(structure) > 1 else structure
    if isinstance(entries, Mapping):
        for key, value in entries.items():
            if isinstance(key, str) and key.lower() == name.lower():
                return [value]
    raise InputError(f"labels: the sample has no entry named {name!r}; give labels_getter, None for boxes alone")


def exchanged(structure: Any, pairs: list[tuple[Any, Any]]) -> Any:
    """The structure with values, found by identity, replaced by others."""

    def walk(value: Any) -> Any:
        for old, new in pairs:
            if value is old:
                return new
        return _mapped(value, walk)

    return walk(structure)


def _mapped(value: Any, function: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: function(item) for name, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(function(item) for item in value)
    return value
