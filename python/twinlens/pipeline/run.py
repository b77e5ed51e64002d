"""Running a pipeline: units in order, plans for those that lower to steps, a call for those that do not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.errors import ArgumentError, InputError
from twinlens.pipeline import foreign, mix, movers, scene
from twinlens.pipeline.images import Images, read
from twinlens.pipeline.plan import Plan
from twinlens.pipeline.sample import Sample, split
from twinlens.pipeline.trace import Params, Trace, stream_of
from twinlens.random import Draws, Key, keys_from_torch, to_key_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.engines import Engine
    from twinlens.transforms.base import Transform

__all__ = ["Options", "call", "call_units", "is_structural", "keys_of", "plan_for"]


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
    labels: Any = None  # of the batch, where a transform mixes them


@dataclass(slots=True)
class State:
    """The images, and what travels with them, between two units. `raw`: [a foreign callable's result], if no image."""

    images: Images
    targets: list[movers.Mover]
    raw: list[Any] | None = None


def call(root: Transform, inputs: tuple[Any, ...], named: dict[str, Any], options: Options) -> Any:
    """Applies `root` to an image, a batch or a structure and returns the same kind of thing."""
    if options.color not in ("rgb", "bgr"):
        raise ArgumentError(f"color={options.color!r} must be 'rgb' or 'bgr'")
    units = root.units("")
    if not any(is_structural(unit) for _, unit in units):
        return call_units(root, units, split(inputs, named), options)
    from twinlens.pipeline.structure import call_structural

    return call_structural(root, units, split(inputs, named).structure, options)


def is_structural(unit: Any) -> bool:
    """Whether it works on the whole sample, labels and all."""
    return getattr(unit, "is_structural", False)


def call_units(root: Transform, units: list[tuple[str, Any]], sample: Sample, options: Options) -> Any:
    """Runs (path, transform) pairs of `root` on a sample whose leaves were found."""
    labels = options.labels = _labels(units, sample) if root.opaque else None
    numbers = sample.of("image")
    first = read(sample.leaves[numbers[0]].value, color=options.color)
    keys = keys_of(root, options, first)
    targets = _movers(sample, first)
    values: list[Any] = [None] * len(sample.leaves)
    for number in numbers:
        is_first = number == numbers[0]
        images = first if is_first else read(sample.leaves[number].value, color=options.color)
        if not is_first:
            _check_same_size(first, images)
        state = run_units(units, State(images, targets if is_first else []), keys, options)
        values[number] = state.raw[0] if state.raw is not None else state.images.hand_back()
        if is_first:
            mixed = options.labels
            for mover in state.targets:
                values[mover.number] = mover.hand_back()
    done = sample.rebuild(values)
    return done if labels is None else mix.swapped(done, labels, mixed)


def _labels(units: list[tuple[str, Any]], sample: Sample) -> Any:
    """The labels that some part of the pipeline mixes; None where none does."""
    mixers = [unit for _, unit in units if getattr(unit, "mixes", False)]
    return next((found for unit in mixers if (found := unit.labels_of(sample.structure)) is not None), None)


def keys_of(root: Transform, options: Options, images: Images) -> NDArray[np.uint64]:
    """One key an image; the frames of a video share theirs."""
    if options.keys is not None:
        keys = to_key_array(options.keys, images.draws)
    elif root.random and options.replayed is None:
        keys = keys_from_torch(images.draws)
    else:
        keys = np.zeros(images.draws, np.uint64)
    if images.empty:
        return np.zeros(1, np.uint64)
    return np.repeat(keys, images.frames) if images.frames > 1 else keys


def _movers(sample: Sample, images: Images) -> list[movers.Mover]:
    return [
        movers.read(leaf.role, leaf.value, i, images)
        for i, leaf in enumerate(sample.leaves)
        if leaf.role in ("mask", "boxes", "keypoints")
    ]


def _check_same_size(first: Images, other: Images) -> None:
    a, b = first.spec, other.spec
    if len(a) != len(b) or first.empty != other.empty or not ((a.h == b.h).all() and (a.w == b.w).all()):
        raise InputError(f"image: the images of one sample differ in size: {a.shape(0)} and {b.shape(0)}")


def run_units(units: list[tuple[str, Any]], state: State, keys: NDArray[np.uint64], options: Options) -> State:
    """Runs (path, transform) pairs; consecutive ones that lower to steps share a plan."""
    if state.images.listed and not len(state.images.spec):
        return state  # nobody knows of what kind or size the images would have been
    pending: list[tuple[str, Transform]] = []
    for i, (path, unit) in enumerate(units):
        if not getattr(unit, "opaque", True):
            pending.append((path, unit))
            continue
        if is_structural(unit):
            raise ArgumentError(
                f"{type(unit).__name__}: works on a whole sample: it stands by itself or in Compose, not within other "
                "transforms, and is called, not batched"
            )
        state = _flush(pending, state, keys, options, last=False)
        pending = []
        run = _run_mix if getattr(unit, "mixes", False) else _run_opaque
        state = run(path, unit, state, keys, options)
        if state.raw is not None and i + 1 < len(units):
            raise InputError(
                f"the transform at {path!r} returned {type(state.raw[0]).__name__}, not an image, to the next one"
            )
    return _flush(pending, state, keys, options, last=True)


def _flush(
    pending: list[tuple[str, Transform]], state: State, keys: NDArray[np.uint64], options: Options, *, last: bool
) -> State:
    out = options.out if last else None
    if not pending and out is None:
        return state
    images = state.images
    trace = Trace(images.spec, keys, images.kind, options.params, options.replayed, state.targets)
    plan, container = lower_units(pending, trace)
    after = images.run(plan, container, options.engine, options.num_threads, out)
    return State(after, [mover.move(plan, options.engine) for mover in state.targets])


def lower_units(units: list[tuple[str, Transform]], trace: Trace) -> tuple[Plan, str]:
    """The plan of consecutive units, and the container that its results are handed out in."""
    for path, unit in units:
        unit.trace(trace, path)
    return trace.plan(), trace.container


def _run_mix(path: str, unit: Any, state: State, keys: NDArray[np.uint64], options: Options) -> State:
    """The whole batch at once, on the device where it is: the core's executor sees one picture at a time."""
    owner = type(unit).__name__
    if hasattr(unit, "chosen"):
        return _run_mix_chosen(path, unit, state, keys, options)
    if hasattr(unit, "combine"):
        return _run_combine(path, unit, state, keys, options)
    if state.targets:
        raise InputError(f"{owner}: takes images and labels; masks, boxes and keypoints cannot be mixed")
    x = mix.image_tensor(owner, state.images)
    spec = state.images.spec
    draws = mix.batch_draws(keys, stream_of(path))
    params = mix.params_of(path, options.replayed, lambda: unit.sample(draws, spec))
    options.params[path] = params
    with torch.no_grad():
        if options.labels is not None:
            options.labels = unit.mix_labels(params, options.labels, len(x))
        return State(mix.put_back(state.images, unit.mix(params, x)), state.targets)


def _run_mix_chosen(path: str, unit: Any, state: State, keys: NDArray[np.uint64], options: Options) -> State:
    """A composite with a part that mixes: it draws once, for the batch, and its parts see the batch."""
    images, inner = state.images, replace(options, out=None)
    first = images.spec.select(np.zeros(1, np.int64))
    trace = Trace(first, mix.batch_key(keys), images.kind, options.params, options.replayed, [])
    state = run_units(unit.chosen(trace, path), state, keys, inner)
    options.labels = inner.labels
    return state


def _run_combine(path: str, unit: Any, state: State, keys: NDArray[np.uint64], options: Options) -> State:
    """Samples of a batch put together, targets and all: what each draws is a function of its key and its batch."""
    owner, images = type(unit).__name__, state.images
    if images.single or images.count < 2 or images.frames:
        raise InputError(f"{owner}: puts the samples of a batch together, got {images.count} of them or a video")
    spec, draws = images.spec, Draws(keys, stream_of(path))
    params = mix.params_of(path, options.replayed, lambda: unit.sample(draws, spec))
    options.params[path] = params
    with torch.no_grad():
        images, targets = unit.combine(params, images, state.targets, options.engine)
        if options.labels is not None:
            options.labels = unit.combine_labels(params, options.labels)
    return State(images, targets)


def _run_opaque(path: str, unit: Any, state: State, keys: NDArray[np.uint64], options: Options) -> State:
    """One sample at a time: a foreign callable, or a transform that holds one."""
    images = state.images
    if images.empty:
        return state
    composite, whole = hasattr(unit, "chosen"), hasattr(unit, "apply_to_scene")
    each = [_options_of_image(options, path, i) for i in range(len(images.spec))]
    done = []
    run = _run_chosen if composite else _run_scene if whole else _run_foreign
    for i, own in enumerate(each):
        one = State(images if images.single else images.item(i), [mover.item(i) for mover in state.targets])
        done.append(run(path, unit, one, keys[i : i + 1], own))
    if composite or whole:
        options.params[path] = {"each": [own.params for own in each]}
    return _gather(images, done, state.targets)


def _options_of_image(options: Options, path: str, i: int) -> Options:
    each = None if options.replayed is None else options.replayed.get(path, {}).get("each")
    replayed = each[i] if each else None if options.replayed is None else {}
    return Options(options.keys, options.engine, options.num_threads, None, options.color, replayed)


def _run_chosen(path: str, unit: Any, one: State, key: NDArray[np.uint64], options: Options) -> State:
    """What a composite with a foreign part does to one image."""
    trace = Trace(one.images.spec, key, one.images.kind, options.params, options.replayed, one.targets)
    return run_units(unit.chosen(trace, path), one, key, options)


def _run_foreign(path: str, unit: Any, one: State, key: NDArray[np.uint64], options: Options) -> State:
    """Callables are seeded where the caller gave keys, each from a number of its own."""
    draws = options.keys is not None and getattr(unit, "random", True)
    seed = int(Key(int(key[0])).fold_in(stream_of(path))) if draws else None
    value = foreign.call(getattr(unit, "apply_to_image", unit), one.images.hand_back(), seed)
    try:
        images = read(value, color="bgr" if one.images.bgr else "rgb")
    except InputError:
        return State(one.images, one.targets, [value])
    if one.targets and images.spec.shape(0)[:2] != one.images.spec.shape(0)[:2]:
        raise InputError(
            f"the callable at {path!r} changed the image's size; masks, boxes and keypoints cannot follow it"
        )
    return State(images, one.targets)


def _run_scene(path: str, unit: Any, one: State, key: NDArray[np.uint64], options: Options) -> State:
    """A transform that runs by itself and sees the targets too; its number is what `replay` goes by."""
    kept = None if options.replayed is None else options.replayed.get(path)
    seed = int(Key(int(key[0])).fold_in(stream_of(path))) if kept is None else int(kept["seed"])
    options.params[path] = {"seed": seed}
    images, targets = scene.run(path, lambda given: unit.apply_to_scene(given, seed), one.images, one.targets)
    return State(images, targets)


def _gather(before: Images, done: list[State], targets: list[movers.Mover]) -> State:
    moved = [movers.unite(mover, [state.targets[k] for state in done]) for k, mover in enumerate(targets)]
    if before.single:
        return State(done[0].images, moved, done[0].raw)
    values = [state.images.hand_back() if state.raw is None else state.raw[0] for state in done]
    if any(state.raw is not None for state in done):
        return State(before, moved, [values])
    together = read(values, color="bgr" if done[0].images.bgr else "rgb")
    if not before.listed:
        together = together.stacked()
    return State(replace(together, lead=before.lead, frames=before.frames), moved)


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
