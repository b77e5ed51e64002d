"""Shapes, dtypes, channels: what is announced is what comes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from twinlens.engines.batch import Batch
from twinlens.engines.kornia import run as run_batched
from twinlens.pipeline.foreign import seeded
from twinlens.steps import Spec, Step
from twinlens.steps.base import Placed
from twinlens.testing.report import FailedError, NotRunError
from twinlens.testing.subject import Subject

__all__ = ["dtypes", "formats", "shapes", "throughput"]


def shapes(s: Subject) -> None:
    """Each step's result has the height, width and channels that `Step.result` announces, and so has the whole."""
    _each_step(s, "shape")
    for plan in s.plans[:1] if len(s.plans) == 1 else ():
        h, w, c = plan.after.shape(0)
        found = _hwc(s.run(s.image))
        if found != (h, w, c):
            raise FailedError(f"the plan announces {(h, w, c)}, the result is {found}")


def dtypes(s: Subject) -> None:
    """Each step's result has the dtype that `Step.result` announces, and so has the whole."""
    _each_step(s, "dtype")
    for plan in s.plans[:1] if len(s.plans) == 1 else ():
        found = str(s.run(s.image).dtype).removeprefix("torch.")
        if found != plan.after.dtype:
            raise FailedError(f"the plan announces {plan.after.dtype}, the result is {found}")


def _each_step(s: Subject, what: str) -> None:
    if not s.plans:
        raise NotRunError("it has no plan: it runs by itself")
    x = torch.from_numpy(s.image).permute(2, 0, 1)[None]
    for plan in s.plans:
        for placed in plan.placed_as_lowered:
            x = _batched(placed, x)
            _compare(placed[0], x, placed[2], what)
            if x.shape[1:] != _chw(placed[2]) or str(x.dtype) != f"torch.{placed[2].dtype}":
                return  # the other check says so


def _batched(placed: Placed, x: torch.Tensor) -> torch.Tensor:
    """One step's torch program, without what an engine would make of a wrong result."""
    step, before, _ = placed
    with torch.no_grad():
        if step.branches() or step.active is not None:
            done: torch.Tensor = run_batched([step], Batch(x, before, True)).data
            return done
        return step.batched(x, before)


def _compare(step: Step, x: torch.Tensor, after: Spec, what: str) -> None:
    name = type(step).__name__
    if what == "shape" and tuple(x.shape[1:]) != _chw(after):
        raise FailedError(f"{name}.result announces (C, H, W) {_chw(after)}, batched makes {tuple(x.shape[1:])}")
    if what == "dtype" and str(x.dtype) != f"torch.{after.dtype}":
        raise FailedError(f"{name}.result announces {after.dtype}, batched makes {str(x.dtype).removeprefix('torch.')}")


def _chw(spec: Spec) -> tuple[int, int, int]:
    h, w, c = spec.shape(0)
    return c, h, w


def _hwc(result: Any) -> tuple[int, ...]:
    shape = tuple(result.shape)
    return (*shape[1:], shape[0]) if isinstance(result, torch.Tensor) else shape


def formats(s: Subject) -> None:
    """Every dtype with 1 to 5 channels works or is an InputError; what it declares (`takes_dtypes`, `takes_channels`)
    is what works.
    """
    crashed = [(form, error) for form, error in s.formats.items() if error and not error.startswith("InputError")]
    if s.transform.opaque and crashed:
        raise NotRunError(f"it runs by itself, and raises errors of its own: {crashed[0][1].splitlines()[0]}")
    for (dtype, c), error in crashed:
        raise FailedError(f"{dtype} with {c} channels: wants a result or an InputError, got {error}")
    works = {form for form, error in s.formats.items() if error is None}
    kind = type(s.transform)
    declared = {
        (dtype, c)
        for dtype, c in s.formats
        if (kind.takes_dtypes is None or dtype in kind.takes_dtypes)
        and (kind.takes_channels is None or c in kind.takes_channels)
    }
    if kind.takes_dtypes is None and kind.takes_channels is None:
        return
    for dtype, c in sorted(declared - works):
        raise FailedError(f"it declares {dtype} with {c} channels, and says {s.formats[dtype, c]}")
    for dtype, c in sorted(works - declared):
        raise FailedError(f"it takes {dtype} with {c} channels, and does not declare so")


def throughput(s: Subject) -> str:
    """Images a second on this machine, one thread, 224 x 224 uint8: a figure, nothing that fails."""
    from time import perf_counter

    if type(s.transform).is_structural:
        raise NotRunError("it works on a whole sample, which a batch of images is not")
    images = [np.resize(image, (224, 224, 3)) for image in s.images * 4]
    rates = []
    for engine in ("native", "kornia"):
        with seeded(0):
            s.transform.batch(images[:2], keys=[1, 2], engine=engine)
            started = perf_counter()
            s.transform.batch(images, keys=list(range(len(images))), engine=engine, num_threads=1)
        rates.append(f"{engine} {len(images) / max(perf_counter() - started, 1e-9):,.0f}")
    return f"{', '.join(rates)} images a second"
