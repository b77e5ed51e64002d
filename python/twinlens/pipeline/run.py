"""Running a pipeline: units in order, plans for those that lower to steps, a call for those that do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.errors import ArgumentError, InputError
from twinlens.pipeline import foreign, movers
from twinlens.pipeline.images import Images, read
from twinlens.pipeline.plan import Plan
from twinlens.pipeline.sample import Sample, split
from twinlens.pipeline.trace import Params, Trace
from twinlens.random import keys_from_torch, to_key_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.engines import Engine
    from twinlens.transforms.base import Transform

__all__ = ["Options", "call", "plan_for"]


@dataclass(slots=True)
class Options:
    """What a caller may ask for beside the images."""

    keys: Any = None
    engine: Engine | None = None
    num_threads: int | None = None
    out: Any = None
    color: str = "rgb"
    replayed: dict[str, Params] | None = None
    params: dict[str, Params] = field(default_factory=dict)


@dataclass(slots=True)
class State:
    """The images, and what travels with them, between two units. `raw`: a foreign callable's result, if no image."""

    images: Images
    targets: list[movers.Mover]
    raw: Any = None


def call(root: Transform, inputs: tuple[Any, ...], named: dict[str, Any], options: Options) -> Any:
    """Applies `root` to an image, a batch or a structure and returns the same kind of thing."""
    if options.color not in ("rgb", "bgr"):
        raise ArgumentError(f"color={options.color!r} must be 'rgb' or 'bgr'")
    sample = split(inputs, named)
    numbers = sample.of("image")
    first = read(sample.leaves[numbers[0]].value, color=options.color)
    keys = _keys(root, options, len(first.spec))
    targets = _movers(sample, first)
    values: list[Any] = [None] * len(sample.leaves)
    for number in numbers:
        is_first = number == numbers[0]
        images = first if is_first else read(sample.leaves[number].value, color=options.color)
        if not is_first:
            _check_same_size(first, images)
        state = run_units(root.units(""), State(images, targets if is_first else []), keys, options)
        values[number] = state.raw if state.raw is not None else state.images.hand_back()
        if is_first:
            for mover in state.targets:
                values[mover.number] = mover.hand_back()
    return sample.rebuild(values)


def _keys(root: Transform, options: Options, batch: int) -> NDArray[np.uint64]:
    if options.keys is not None:
        return to_key_array(options.keys, batch)
    return keys_from_torch(batch) if root.random and options.replayed is None else np.zeros(batch, np.uint64)


def _movers(sample: Sample, images: Images) -> list[movers.Mover]:
    return [
        movers.read(leaf.role, leaf.value, i, images)
        for i, leaf in enumerate(sample.leaves)
        if leaf.role in ("mask", "boxes", "keypoints")
    ]


def _check_same_size(first: Images, other: Images) -> None:
    a, b = first.spec, other.spec
    if len(a) != len(b) or not ((a.h == b.h).all() and (a.w == b.w).all()):
        raise InputError(f"image: the images of one sample differ in size: {a.shape(0)} and {b.shape(0)}")


def run_units(units: list[tuple[str, Any]], state: State, keys: NDArray[np.uint64], options: Options) -> State:
    """Runs (path, transform) pairs; consecutive ones that lower to steps share a plan."""
    pending: list[tuple[str, Transform]] = []
    for i, (path, unit) in enumerate(units):
        if not getattr(unit, "opaque", True):
            pending.append((path, unit))
            continue
        state = _flush(pending, state, keys, options, last=False)
        pending = []
        state = _run_opaque(path, unit, state, keys, options)
        if state.raw is not None and i + 1 < len(units):
            raise InputError(
                f"the transform at {path!r} returned {type(state.raw).__name__}, not an image, to the next one"
            )
    return _flush(pending, state, keys, options, last=True)


def _flush(
    pending: list[tuple[str, Transform]], state: State, keys: NDArray[np.uint64], options: Options, *, last: bool
) -> State:
    out = options.out if last else None
    if not pending and out is None:
        return state
    images = state.images
    trace = Trace(images.spec, keys, images.kind, options.params, options.replayed)
    plan, container = lower_units(pending, trace)
    after = images.run(plan, container, options.engine, options.num_threads, out)
    return State(after, [mover.move(plan, options.engine) for mover in state.targets])


def lower_units(units: list[tuple[str, Transform]], trace: Trace) -> tuple[Plan, str]:
    """The plan of consecutive units, and the container that its results are handed out in."""
    for path, unit in units:
        unit.trace(trace, path)
    return trace.plan(), trace.container


def _run_opaque(path: str, unit: Any, state: State, keys: NDArray[np.uint64], options: Options) -> State:
    """One sample at a time: a foreign callable, or a transform that holds one."""
    images = state.images
    results = []
    targets: list[list[movers.Mover]] = []
    for i in range(len(images.spec)):
        one = images if images.single else images.item(i)
        moving = [mover.item(i) for mover in state.targets]
        if hasattr(unit, "chosen"):
            trace = Trace(one.spec, keys[i : i + 1], one.kind, options.params, options.replayed)
            chosen = unit.chosen(trace, path)
            done = run_units(chosen, State(one, moving), keys[i : i + 1], _without_out(options))
            results.append(done.images.hand_back() if done.raw is None else done.raw)
            targets.append(done.targets)
        else:
            results.append(foreign.call(getattr(unit, "apply", unit), one.hand_back(), _seed(unit, options, keys, i)))
            targets.append(moving)
    return _gather(images, results, targets, state.targets)


def _seed(unit: Any, options: Options, keys: NDArray[np.uint64], i: int) -> int | None:
    """Callables from elsewhere are seeded where the caller gave keys; our own draw from streams."""
    return None if options.keys is None or hasattr(unit, "config") else int(keys[i])


def _without_out(options: Options) -> Options:
    return Options(None, options.engine, options.num_threads, None, options.color, options.replayed, options.params)


def _gather(images: Images, results: list[Any], targets: list[list[movers.Mover]], before: list[movers.Mover]) -> State:
    moved = [movers.unite(mover, [row[k] for row in targets]) for k, mover in enumerate(before)]
    if images.single:
        value = results[0]
        try:
            return State(read(value), moved)
        except InputError:
            return State(images, moved, value)
    together = read(results)
    if not images.listed:
        together = together.stacked()
    return State(together, moved)


def plan_for(root: Transform, size: tuple[int, ...], dtype: str, key: int) -> list[Plan | str]:
    """The plans of `root` for one image of size (h, w) or (h, w, c), with the names of opaque nodes between them."""
    shape = (*size, 3)[:3]
    spec = _spec(shape, dtype)
    plans: list[Plan | str] = []
    trace = Trace(spec, np.array([key], np.uint64), "ndarray")
    used = False
    for path, unit in root.units(""):
        if getattr(unit, "opaque", True):
            if used:
                plans.append(trace.plan())
            plans.append(f"opaque: {unit!r}")
            trace, used = Trace(trace.spec, trace.keys, trace.container), False
        else:
            unit.trace(trace, path)
            used = True
    return [*plans, trace.plan()] if used or not plans else plans


def _spec(shape: tuple[int, ...], dtype: str) -> Any:
    from twinlens.steps import Spec

    h, w, c = shape
    return Spec.of([(h, w, c)], dtype)
