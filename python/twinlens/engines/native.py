"""The native engine: one call into C++ for a whole batch of differently sized images, without the GIL."""

from __future__ import annotations

import os
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens import _native
from twinlens.engines import kornia
from twinlens.engines.batch import Batch
from twinlens.engines.memory import empty_array, empty_tensor
from twinlens.errors import ArgumentError
from twinlens.steps.base import place
from twinlens.steps.device import choose, movable
from twinlens.steps.spec import DTYPES, Spec

if TYPE_CHECKING:
    from twinlens.steps.base import NativeOp, Placed, Step

__all__ = ["arrays_of", "get_num_threads", "run", "set_num_threads"]

_CODES = {name: code for code, name in enumerate(DTYPES)}
_num_threads: int | None = None

if TYPE_CHECKING:
    _Native = tuple[Step, NativeOp | None, Spec]


def set_num_threads(n: int | None) -> None:
    """How many threads a batch may use; None goes back to the default, one a core, or 1 in a DataLoader worker."""
    global _num_threads
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 1):
        raise ArgumentError(f"set_num_threads: n={n!r} must be a positive integer or None")
    _num_threads = n


def get_num_threads() -> int:
    """How many threads a batch uses unless told otherwise."""
    if _num_threads is not None:
        return _num_threads
    if torch.utils.data.get_worker_info() is not None:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    steps: list[Placed], batch: Batch, *, chw: bool, tensors: bool, num_threads: int | None = None, out: Any = None
) -> Batch:
    """Runs `steps` on CPU images, which may differ in size.

    The result is channels first or last as `chw` says, tensors or NumPy arrays as `tensors` says, or fills `out`. A
    step without a native operation splits the plan and runs its torch twin.
    """
    threads = get_num_threads() if num_threads is None else num_threads
    calls = [(step, step.native(before), after) for step, before, after in steps]
    for i, (native, members) in enumerate(segments := _segments(calls)):
        if not native:
            batch = _twins([step for step, _, _ in members], batch, threads)
            continue
        if i and not members and out is None and (ready := _ready(batch, chw, tensors)) is not None:
            return ready
        ops = [op for _, op, _ in members if op is not None]
        spec = members[-1][2] if members else batch.spec
        if i == len(segments) - 1:
            batch = _call(ops, batch, spec, _allocate(spec, chw, tensors) if out is None else out, chw, threads)
        else:
            batch = _call(ops, batch, spec, _allocate(spec, batch.chw, True), batch.chw, threads)
    return batch


def _segments(calls: list[_Native]) -> list[tuple[bool, list[_Native]]]:
    """Neighbours that the core runs, and neighbours that it does not; the last part is always the core's."""
    for _, op, _ in calls:
        if op is None:
            break
    else:
        return [(True, calls)]
    segments = [(native, list(group)) for native, group in groupby(calls, lambda call: call[1] is not None)]
    if not segments[-1][0]:
        segments.append((True, []))  # copies the result to where it is wanted
    return segments


def _twins(steps: list[Step], batch: Batch, threads: int) -> Batch:
    """Steps without a native operation; those in their branches may have one."""
    for branching, group in groupby(steps, lambda step: bool(step.branches())):
        if not branching:
            batch = kornia.run(list(group), as_tensors(batch))
            continue
        for step in group:
            parts = [
                run(place(chain, batch.spec), batch, chw=True, tensors=True, num_threads=threads).data
                for chain in step.branches()
            ]
            with torch.no_grad():
                batch = Batch(_joined(step, as_tensors(batch), parts), batch.spec, True)
    return batch


def _ready(batch: Batch, chw: bool, tensors: bool) -> Batch | None:
    """What a twin has made, where it lies in memory as it is wanted: the same memory, which nobody else has."""
    if not isinstance(batch.data, torch.Tensor) or not len(batch.spec):
        return None
    data = batch.data if batch.chw == chw else batch.data.permute(0, *((2, 3, 1) if batch.chw else (3, 1, 2)))
    if not data.is_contiguous():
        return None
    return Batch(data if tensors else arrays_of(data), batch.spec, chw)


def _joined(step: Step, batch: Batch, parts: list[Any]) -> Any:
    """One tensor where all sizes agree, else a list; images for which the step is not are left as they are."""
    active = np.ones(len(batch.spec), bool) if step.active is None else np.broadcast_to(step.active, len(batch.spec))
    if batch.spec.uniform:
        x = torch.stack(batch.data) if isinstance(batch.data, list) and len(batch.spec) else batch.data
        return choose(active, step.batched(_side_by_side([x, *parts]), batch.spec), x)
    images = []
    for i, x in enumerate(batch.data):
        row = np.array([i])
        everything = _side_by_side([x[None], *(part[i][None] for part in parts)])
        images.append(step.select(row).batched(everything, batch.spec.select(row))[0] if active[i] else x)
    return images


def _side_by_side(parts: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat([movable(part) for part in parts], 1).view(parts[0].dtype)


def as_tensors(batch: Batch) -> Batch:
    """The same pixels as tensors, channels first; without a copy where one memory can serve."""
    if isinstance(batch.data, list):
        return Batch([_tensor(item, batch.chw) for item in batch.data], batch.spec, True)
    if isinstance(batch.data, torch.Tensor) and batch.chw:
        return batch
    data = torch.from_numpy(_shareable(batch.data)) if isinstance(batch.data, np.ndarray) else batch.data
    return Batch(data if batch.chw else data.permute(0, 3, 1, 2), batch.spec, True)


def _shareable(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array itself, or a copy where torch could not share its memory."""
    plain = all(stride >= 0 for stride in array.strides) and array.flags.writeable and array.flags.aligned
    return array if plain else array.copy()


def _tensor(item: Any, chw: bool) -> torch.Tensor:
    if isinstance(item, np.ndarray):
        item = torch.from_numpy(_shareable(item))
    tensor: torch.Tensor = item.unsqueeze(-1) if item.ndim == 2 else item
    return tensor if chw and item.ndim == 3 else tensor.permute(2, 0, 1)


def _call(ops: list[NativeOp], batch: Batch, spec: Spec, out: Any, chw: bool, threads: int) -> Batch:
    if len(spec):
        codes = _CODES[batch.spec.dtype], _CODES[spec.dtype]
        _native.run(arrays_of(batch.data, copies=True), arrays_of(out), ops, *codes, batch.chw, chw, threads)
    return Batch(out, spec, chw)


def arrays_of(data: Any, *, copies: bool = False) -> Any:
    """NumPy views of the same memory; `copies` of arrays that do not lie at multiples of their items, if allowed."""
    if isinstance(data, list):
        return [arrays_of(item, copies=copies) for item in data]
    if isinstance(data, np.ndarray):
        return data.copy() if copies and not data.flags.aligned else data
    tensor = data.detach()
    return (tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor).numpy()


def _allocate(spec: Spec, chw: bool, tensors: bool) -> Any:
    """Memory for the result: stacked where all sizes agree, else a list."""

    def empty(*shape: int) -> Any:
        return (empty_tensor if tensors else empty_array)(shape, spec.dtype)

    def shape(i: int) -> tuple[int, int, int]:
        h, w, c = spec.shape(i)
        return (c, h, w) if chw else (h, w, c)

    if spec.uniform:
        return empty(len(spec), *(shape(0) if len(spec) else (0, 0, 0)))
    return [empty(*shape(i)) for i in range(len(spec))]
