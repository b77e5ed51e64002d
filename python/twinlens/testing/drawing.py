"""Keys decide everything: no global state, no memory, no order, no engine, no thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

import twinlens
from twinlens.engines import Engine
from twinlens.errors import InputError
from twinlens.pipeline.foreign import seeded
from twinlens.testing.report import FailedError, NotRunError, differing
from twinlens.testing.subject import KEYS, Subject, picture, states

__all__ = ["batch", "empty", "engines", "global_state", "keys", "mutation", "threads"]


def global_state(s: Subject) -> None:
    """Under a key, the generators that everybody shares are neither read nor changed."""
    with seeded(1):
        before = states()
        first = s.transform(s.image, key=KEYS[0])
        if states() != before:
            raise FailedError("under a key it changes the state of random, numpy.random or torch's generator")
    with seeded(1):
        again = s.transform(s.image, key=KEYS[0])
    with seeded(2):
        other = s.transform(s.image, key=KEYS[0])
    if differing(first, again) is None and differing(first, other) is not None:
        raise FailedError("under one key the result depends on the seeds of the global generators")


def keys(s: Subject) -> None:
    """The same key draws the same; other keys, if it is random, draw something else; a replay repeats."""
    results = [s.run(s.image, key) for key in KEYS]
    for key, result in zip(KEYS[:4], results, strict=False):
        if found := differing(s.run(s.image, key), result):
            raise FailedError(f"two calls under one key: {found}")
    moved = any(differing(results[0], result) for result in results[1:])
    if moved and not s.transform.random:
        raise FailedError("it is not random (is_random), and yet the key changes the result")
    certain = s.transform.opaque or getattr(s.transform.config, "p", 0.5) in (0.0, 1.0)  # it may draw that and no more
    if s.transform.random and not moved and not certain:
        raise FailedError(f"it is random, and yet {len(KEYS)} keys give one result")
    if s.plans:
        done, params = s.run(s.image, KEYS[1], return_params=True)
        with seeded(0):
            replayed = s.transform.replay(s.image, params)
        if found := differing(replayed, done):
            raise FailedError(f"replay with the parameters of a call: {found}")


def batch(s: Subject) -> None:
    """Images of different sizes in one batch, and stacked tensors, are as each by itself."""
    if type(s.transform).is_structural:
        raise NotRunError("it works on a whole sample, which a batch of images is not")
    n = len(s.images)
    alone = [s.run(image, key) for image, key in zip(s.images, KEYS, strict=False)]
    with seeded(0):
        together = s.transform.batch([image.copy() for image in s.images], keys=list(KEYS[:n]))
    if len(together) != n:
        raise FailedError(f"a batch of {n} images gives {len(together)} results")
    for i, (one, wanted) in enumerate(zip(together, alone, strict=True)):
        if found := differing(one, wanted):
            raise FailedError(f"image {i} of a batch and by itself: {found}")
    x = _tensor(s.image)
    wanted = [s.run(x, key) for key in KEYS[:3]]
    with seeded(0):
        stacked = s.transform(torch.stack([x, x, x]), keys=list(KEYS[:3]))
    for i, (one, other) in enumerate(zip(stacked, wanted, strict=True)):
        if found := differing(one, other):
            raise FailedError(f"image {i} of a (B, C, H, W) tensor and by itself: {found}")


def engines(s: Subject) -> None:
    """The native and the batched engine give the same bits, for every dtype and number of channels that it takes."""
    h, w = s.images[0].shape[:2]
    for (dtype, c), refusal in s.formats.items():
        for key in KEYS[:3] if refusal is None else ():
            image = picture(h, w, c, dtype)
            native, kornia = (s.run(image, key, engine=engine) for engine in ("native", "kornia"))
            if found := differing(native, kornia):
                raise FailedError(f"{dtype} with {c} channels, native and kornia engine: {found}")


def mutation(s: Subject) -> None:
    """What it is given stays as it is, read-only arrays will do, and results have memory of their own."""
    array = s.image
    array.flags.writeable = False
    with seeded(KEYS[0]):
        s.transform(array, key=KEYS[0])
    engine: Engine
    for given in (s.image, _tensor(s.image), torch.stack([_tensor(s.image)] * 2)):
        before = given.copy() if isinstance(given, np.ndarray) else given.clone()
        for engine in ("native", "kornia"):
            drawn = {"keys": list(KEYS[: len(given)])} if given.ndim == 4 else {"key": KEYS[0]}
            with seeded(KEYS[0]), twinlens.use_engine(engine):
                done = s.transform(given, **drawn)
            kind = f"the {type(given).__name__} that it is given, {engine} engine"
            if found := differing(given, before):
                raise FailedError(f"it changes {kind}: {found}")
            if done is not given and _overlapping(done, given):
                raise FailedError(f"its result lies in the memory of {kind}")


def _overlapping(done: Any, given: Any) -> bool:
    """Whether one may change through the other."""
    arrays = [x.numpy() if isinstance(x, torch.Tensor) and x.dtype != torch.bfloat16 else x for x in (done, given)]
    return all(isinstance(x, np.ndarray) for x in arrays) and np.may_share_memory(arrays[0], arrays[1])


def threads(s: Subject) -> None:
    """Eight threads get what one gets."""
    wanted = [s.transform(s.image, key=key) for key in KEYS]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda key: s.transform(s.image, key=key), KEYS))
    for key, one, other in zip(KEYS, found, wanted, strict=True):
        if words := differing(one, other):
            raise FailedError(f"key {key} in a thread and alone: {words}")


def empty(s: Subject) -> None:
    """A batch without images has a result without images."""
    if len(done := s.transform.batch([])):
        raise FailedError(f"batch([]) gives {len(done)} results")
    h, w = s.images[0].shape[:2]
    try:
        stacked: Any = s.transform(torch.zeros(0, 3, h, w, dtype=torch.uint8))
    except InputError as error:
        raise FailedError(f"a (0, 3, {h}, {w}) tensor: {error}") from None
    parts = stacked if isinstance(stacked, tuple) else (stacked,)
    if any(len(part) for part in parts):
        raise FailedError(f"a (0, 3, {h}, {w}) tensor gives {[tuple(part.shape) for part in parts]}")


def _tensor(image: Any) -> torch.Tensor:
    if image.ndim != 3:
        raise NotRunError("wants (H, W, C) images")
    return torch.from_numpy(image).permute(2, 0, 1).contiguous()
