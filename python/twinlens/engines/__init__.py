"""Engines run a plan. The device of the input chooses; `use_engine` overrides it."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, get_args

import torch

from twinlens.engines import kornia, native
from twinlens.engines.batch import Batch
from twinlens.engines.native import get_num_threads, set_num_threads
from twinlens.errors import ArgumentError, EngineError
from twinlens.steps.base import place
from twinlens.steps.spec import DTYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinlens.steps.base import Placed, Step

__all__ = [
    "Batch",
    "Engine",
    "choose_engine",
    "forced",
    "get_num_threads",
    "run",
    "run_placed",
    "set_num_threads",
    "use_engine",
]

Engine = Literal["native", "kornia"]

_forced: ContextVar[Engine | None] = ContextVar("twinlens_engine", default=None)


def check_engine(name: object) -> Engine:
    """`name` itself, or ArgumentError."""
    for engine in get_args(Engine):
        if name == engine:
            return engine  # type: ignore[no-any-return]
    raise ArgumentError(f"engine={name!r} must be 'native' or 'kornia'")


@contextmanager
def use_engine(name: Engine) -> Iterator[None]:
    """Every pipeline called inside runs on this engine.

    >>> import torch, twinlens
    >>> from twinlens import transforms as T
    >>> image = torch.randint(0, 256, (3, 32, 48), dtype=torch.uint8)
    >>> with twinlens.use_engine("kornia"):
    ...     batched = T.Resize(16)(image)
    >>> torch.equal(batched, T.Resize(16)(image))
    True
    """
    token = _forced.set(check_engine(name))
    try:
        yield
    finally:
        _forced.reset(token)


def forced() -> Engine | None:
    """What `use_engine` set, if anything."""
    return _forced.get()


def choose_engine(batch: Batch, asked: Engine | None = None) -> Engine:
    """The engine that a call asked for, that `use_engine` set, or that the device of the images chooses."""
    engine = _forced.get() if asked is None else check_engine(asked)
    first = batch.data[0] if isinstance(batch.data, list) and batch.data else batch.data
    on_cpu = not isinstance(first, torch.Tensor) or first.device.type == "cpu"
    if engine == "native" and not on_cpu:
        raise EngineError(f"engine='native' runs on CPU, the image is on {first.device}; call image.cpu() first")
    if engine is None:
        engine = "native" if on_cpu else "kornia"
    if engine == "native" and batch.spec.dtype not in DTYPES:
        return "kornia"  # masks of int64 or bool: the core moves images' dtypes only
    return engine


def run(
    steps: list[Step],
    batch: Batch,
    *,
    chw: bool,
    tensors: bool,
    engine: Engine | None = None,
    num_threads: int | None = None,
    out: Any = None,
) -> Batch:
    """Runs steps on a batch; the result's layout and kind are as asked, on whichever engine."""
    placed = place(steps, batch.spec)
    return run_placed(placed, batch, chw=chw, tensors=tensors, engine=engine, num_threads=num_threads, out=out)


def run_placed(
    placed: list[Placed],
    batch: Batch,
    *,
    chw: bool,
    tensors: bool,
    engine: Engine | None = None,
    num_threads: int | None = None,
    out: Any = None,
) -> Batch:
    """`run`, where what is known of the images before and after each step has been worked out already."""
    if choose_engine(batch, engine) == "native":
        return native.run(placed, batch, chw=chw, tensors=tensors, num_threads=num_threads, out=out)
    done = kornia.run([step for step, _, _ in placed], native.as_tensors(batch), out=out if tensors and chw else None)
    if tensors and chw:
        return done
    data = (
        [_to_layout(x, chw, tensors) for x in done.data]
        if isinstance(done.data, list)
        else _to_layout(done.data, chw, tensors)
    )
    if out is not None:
        out[...] = data
        data = out
    return Batch(data, done.spec, chw)


def _to_layout(x: torch.Tensor, chw: bool, tensors: bool) -> Any:
    moved = x if chw else x.movedim(-3, -1).contiguous()
    return moved if tensors else moved.numpy()
