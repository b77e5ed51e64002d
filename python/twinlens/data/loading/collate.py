"""Samples to a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from twinlens.errors import InputError

__all__ = ["IMAGE", "collate", "stack"]


class _Image:
    """Stands where the image was, while the images of a batch are one tensor."""

    def __repr__(self) -> str:
        return "IMAGE"


IMAGE = _Image()


def collate(samples: list[Any], images: Any = None) -> Any:
    """The batch of samples that are alike: `images` stands where each has IMAGE.

    Numbers become a tensor, tensors and arrays are stacked where they have one shape, mappings and tuples are taken
    apart; everything else is a list.
    """
    first = samples[0]
    if first is IMAGE:
        return images
    if isinstance(first, Mapping):
        _check_entries(samples)
        return {name: collate([sample[name] for sample in samples], images) for name in first}
    if isinstance(first, tuple | list):
        return _columns(first, samples, images)
    if isinstance(first, bool | int | float | np.number | np.bool_):
        return (
            torch.tensor(samples)
            if all(isinstance(v, int | float | np.number | np.bool_) for v in samples)
            else samples
        )
    return stack(samples)


def stack(values: list[Any]) -> Any:
    """Tensors or arrays of one shape and dtype as one, else the list."""
    first = values[0]
    if not isinstance(first, torch.Tensor | np.ndarray) or _has_its_own_batches(first):
        return values
    alike = all(type(v) is type(first) and v.shape == first.shape and v.dtype == first.dtype for v in values)
    if not alike:
        return values
    if isinstance(first, torch.Tensor):
        return torch.stack([v.as_subclass(torch.Tensor) for v in values])
    return torch.from_numpy(np.stack(values)) if first.dtype.kind in "biuf" else values


def _has_its_own_batches(value: Any) -> bool:
    """Boxes and points of torchvision: how many there are differs from image to image."""
    return type(value).__name__ in ("BoundingBoxes", "KeyPoints")


def _check_entries(samples: list[Any]) -> None:
    wanted = set(samples[0])
    for sample in samples:
        if set(sample) != wanted:
            raise InputError(f"Loader: samples of a batch have the entries {sorted(wanted)} and {sorted(sample)}")


def _columns(first: Any, samples: list[Any], images: Any) -> Any:
    if any(type(sample) is not type(first) or len(sample) != len(first) for sample in samples):
        return samples
    columns = [collate(list(column), images) for column in zip(*samples, strict=True)]
    if hasattr(first, "_fields"):
        return type(first)(*columns)
    return tuple(columns) if isinstance(first, tuple) else columns
