"""The batched engine: tensors on any torch device, one set of parameters a sample.

Images of one size run together. Where a step gives them different sizes, or runs for some of them only and changes
their size, the batch is divided by what the host knows of the parameters, and put together again at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.engines import triton
from twinlens.engines.batch import Batch
from twinlens.steps.device import as_tensor, movable
from twinlens.steps.frozen import changed
from twinlens.steps.spec import Ints, Spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinlens.steps.base import Step

__all__ = ["run"]

Group = tuple[Ints, torch.Tensor, Spec]  # which images, (G, C, H, W), what is known of them


def run(steps: list[Step], batch: Batch, *, out: Any = None) -> Batch:
    """Runs `steps` on tensors, channels first, stacked or a list; into `out` where it is given."""
    with torch.no_grad():
        spec, position = batch.spec, 0
        groups: list[Group] = []
        while position < len(steps):
            step, chain = steps[position], _chain(steps[position:], spec, batch)
            if chain is None:
                groups = groups or list(_stack(batch))
                groups = [after for group in groups for after in _apply(step.select(group[0]), group)]
                spec, position = step.after(spec), position + 1
            else:
                started = groups or [(np.arange(len(spec)), batch.data, spec)]
                whole = out if position + len(chain) == len(steps) else None
                groups = [after for group in started for after in _fused(chain, group, whole)]
                spec, position = chain.after, position + len(chain)
        return Batch(_unite(groups or list(_stack(batch)), spec, batch, out), spec, True)


def _chain(steps: list[Step], spec: Spec, batch: Batch) -> triton.Chain | None:
    return triton.chain_at(steps, spec, batch.data[0].device) if len(spec) else None


def _fused(chain: triton.Chain, group: Group, out: Any) -> Iterator[Group]:
    """Images of any sizes, divided by the sizes and channels that their results have."""
    numbers, images, spec = group
    chain = chain if len(numbers) == len(chain.after) else chain.select(numbers)
    after = chain.after
    parts = _agreeing(np.stack((after.h, after.w, after.c), 1))
    for rows in parts:
        if len(parts) == 1:
            yield numbers, triton.run_chain(chain, images, spec, out if len(numbers) == len(after) else None), after
            continue
        some = [images[i] for i in rows]
        yield numbers[rows], triton.run_chain(chain.select(rows), some, spec.select(rows)), after.select(rows)


def _stack(batch: Batch) -> Iterator[Group]:
    if isinstance(batch.data, torch.Tensor):
        yield np.arange(len(batch.spec)), batch.data, batch.spec
        return
    for rows in _agreeing(np.stack((batch.spec.h, batch.spec.w, batch.spec.c), 1)):
        yield rows, torch.stack([batch.data[i] for i in rows]), batch.spec.select(rows)


def _agreeing(signature: Ints) -> list[Ints]:
    """Row numbers, divided by equal signatures, in the order of their first appearance."""
    if len(signature) == 0 or (signature == signature[:1]).all():
        return [np.arange(len(signature))]
    _, first, inverse = np.unique(signature, axis=0, return_index=True, return_inverse=True)
    return [np.flatnonzero(inverse.reshape(-1) == group) for group in np.argsort(first)]


def _part(group: Group, rows: Ints) -> Group:
    numbers, x, spec = group
    if len(rows) == len(numbers):
        return group
    return numbers[rows], x.index_select(0, as_tensor(rows, x.device)), spec.select(rows)


def _apply(step: Step, group: Group) -> list[Group]:
    numbers, x, spec = group
    active = None if step.active is None else np.broadcast_to(step.active, (len(spec),))
    if active is not None and len(spec) and not active.any():
        return [group]
    if active is not None and not active.all():
        rows = np.flatnonzero(active)
        chosen = _part(group, rows)
        everywhere = changed(step.select(rows), active=None)
        if _reshapes(everywhere, chosen[2]):
            return [_part(group, np.flatnonzero(~active)), *_apply(everywhere, chosen)]
        return [(numbers, _put(x, rows, _computed(everywhere, *chosen[1:])), step.after(spec))]
    parts = _agreeing(step.signature(spec))
    if len(parts) == 1:
        return [(numbers, _computed(step, x, spec), step.result(spec))]
    divided = []
    for rows in parts:
        n, y, s = _part(group, rows)
        part = step.select(rows)
        divided.append((n, part.batched(y, s), part.result(s)))
    return divided


def _computed(step: Step, x: torch.Tensor, spec: Spec) -> torch.Tensor:
    chains = step.branches()
    if chains:
        parts = [x, *(run(list(chain), Batch(x, spec, True)).data for chain in chains)]
        x = torch.cat([movable(part) for part in parts], 1).view(x.dtype)
    return step.batched(x, spec)


def _put(x: torch.Tensor, rows: Ints, done: torch.Tensor) -> torch.Tensor:
    """`x` with other samples at `rows`."""
    return movable(x).index_copy(0, as_tensor(rows, x.device), movable(done)).view(x.dtype)


def _reshapes(step: Step, spec: Spec) -> bool:
    after = step.result(spec)
    same = (after.h == spec.h).all() and (after.w == spec.w).all() and (after.c == spec.c).all()
    return not same or len(_agreeing(step.signature(spec))) > 1


def _unite(groups: list[Group], spec: Spec, batch: Batch, out: Any) -> Any:
    """The groups' images in their first order: one tensor where all sizes agree, else a list."""
    if spec.uniform:
        stacked = groups[0][1] if len(groups) == 1 else torch.cat([x for _, x, _ in groups])
        order = np.concatenate([numbers for numbers, _, _ in groups])
        if not (order == np.arange(len(order))).all():
            stacked = stacked.index_select(0, as_tensor(np.argsort(order), stacked.device))
        if out is not None:
            return out if stacked is out else out.copy_(stacked)
        return _own(stacked, batch)
    images: list[Any] = [None] * len(spec)
    for numbers, x, _ in groups:
        for number, image in zip(numbers.tolist(), _own(x, batch).unbind(0), strict=True):
            images[number] = image
    return images


def _own(x: torch.Tensor, batch: Batch) -> torch.Tensor:
    """A result never shares memory with the input: inputs are never changed, by nobody's later hand."""
    return x.clone() if x is batch.data or x._base is not None else x
