"""BatchMix: the node that sees a whole batch. Its draws are functions of the keys of the batch, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens import _native
from twinlens.engines import Batch
from twinlens.engines.native import as_tensors
from twinlens.errors import ArgumentError, InputError
from twinlens.random import Draws
from twinlens.steps.frozen import changed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.pipeline.images import Images

__all__ = [
    "BATCH_ROLE",
    "batch_draws",
    "batch_key",
    "default_labels",
    "image_tensor",
    "params_of",
    "put_back",
    "swapped",
]

BATCH_ROLE = 3  # the second word of the counter: keeps a batch's key apart from draws and from noise by pixel


def batch_key(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """(1,): a sum of Philox blocks, one of every sample's key at the sample's place."""
    counter = np.zeros((len(keys), 4), np.uint32)
    counter[:, 0] = np.arange(len(keys))
    counter[:, 1] = BATCH_ROLE
    words = _native.philox(counter, np.ascontiguousarray(keys).view(np.uint32).reshape(-1, 2))
    blocks = np.ascontiguousarray(words[:, :2]).view(np.uint64)[:, 0]
    return np.array([blocks.sum(dtype=np.uint64)], np.uint64)


def batch_draws(keys: NDArray[np.uint64], stream: int) -> Draws:
    """One row of draws for a batch."""
    return Draws(batch_key(keys), stream)


def params_of(path: str, replayed: dict[str, Any] | None, sample: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What is drawn for the batch, or was in the call that is replayed."""
    if replayed is None:
        return sample()
    if path not in replayed:
        raise ArgumentError(f"replay: params have nothing for the transform at {path!r}")
    params: dict[str, Any] = replayed[path]
    return params


def image_tensor(owner: str, images: Images) -> torch.Tensor:
    """(B, C, H, W) of images that lie in whatever container; InputError for what is no batch of one size."""
    if images.single or images.count < 2:
        raise InputError(f"{owner}: mixes the samples of a batch, got {1 if images.single else images.count}")
    if not images.spec.uniform:
        shapes = sorted({images.spec.shape(i) for i in range(images.count)})
        raise InputError(f"{owner}: the images of a batch must have one size, got {shapes[0]} and {shapes[1]}")
    data = as_tensors(images.batch).data
    return torch.stack(data) if isinstance(data, list) else data


def put_back(images: Images, mixed: torch.Tensor) -> Images:
    """The mixed batch in the container that the images came in."""
    tensors = images.kind in ("tensor", "tv_image")
    data: Any = mixed if tensors else mixed.movedim(1, -1).contiguous().numpy()
    if images.listed:
        data = list(data)
    return changed(images, batch=Batch(data, images.spec, tensors), original=None)


def default_labels(structure: Any) -> Any:
    """torchvision's rule: the second of (images, labels), or the entry whose name has "label" in it; None if none."""
    if isinstance(structure, tuple | list) and len(structure) > 1:
        return default_labels(structure[1]) if isinstance(structure[1], Mapping) else structure[1]
    if not isinstance(structure, Mapping):
        return None
    names = [name for name in structure if isinstance(name, str) and "label" in name.lower()]
    exact = [name for name in names if name.lower() in ("label", "labels")]
    return structure[(exact or names)[0]] if names else None


def swapped(structure: Any, old: Any, new: Any) -> Any:
    """A structure with one of its values, found by identity, replaced."""
    if structure is old:
        return new
    if isinstance(structure, dict):
        return {name: swapped(value, old, new) for name, value in structure.items()}
    if isinstance(structure, list):
        return [swapped(value, old, new) for value in structure]
    if isinstance(structure, tuple):
        parts = [swapped(value, old, new) for value in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)
    return structure
