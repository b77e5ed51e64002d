"""A pipeline as a module of tensor operations alone, which torch.export and torch.compile take."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Self

import numpy as np
import torch

from twinlens.errors import ArgumentError, EngineError
from twinlens.pipeline import run as runner
from twinlens.pipeline.fixed import why_not_fixed
from twinlens.pipeline.trace import Trace
from twinlens.steps.spec import DTYPES, Spec

if TYPE_CHECKING:
    from twinlens.pipeline.plan import Plan
    from twinlens.transforms.base import Transform

__all__ = ["module"]

#: images in a batch: torch before 2.6 wants a bound
_MOST = 1 << 30 if torch.__version__ < "2.6" else None


class _Planned(torch.nn.Module):
    """The torch engine on images of one size. One row of parameters serves the batch, of whatever size it is."""

    def __init__(self, plan: Plan, *, copies: bool = False) -> None:
        super().__init__()
        self._plan, self._copies = plan, copies

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to (N, C', H', W')."""
        done = images
        for step, before, _ in self._plan.placed:
            done = step.batched(done, before)
        return done.clone() if self._copies else done


class _Program(torch.nn.Module):
    """An exported program as a part of other modules: in training and in evaluation it does the same."""

    def __init__(self, program: torch.export.ExportedProgram) -> None:
        super().__init__()
        self._run = program.module()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        done: torch.Tensor = self._run(images)
        return done

    def train(self, mode: bool = True) -> Self:
        """The program itself has no such thing, and refuses."""
        self.training = mode
        return self


def module(root: Transform, size: tuple[int, int], channels: int, dtype: str) -> torch.nn.Module:
    """See `Transform.module`."""
    pair = isinstance(size, tuple | list) and len(size) == 2
    if not pair or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in size):
        raise ArgumentError(f"module: size={size!r} must be (h, w), positive integers")
    if isinstance(channels, bool) or not isinstance(channels, int) or channels < 1:
        raise ArgumentError(f"module: channels={channels!r} must be a positive integer")
    if dtype not in DTYPES:
        raise ArgumentError(f"module: dtype={dtype!r} must be one of {', '.join(DTYPES)}")
    spec = Spec.of([(*size, channels)], dtype)
    for _, unit in root.units(""):
        if (reason := why_not_fixed(unit, spec)) is not None:
            raise ArgumentError(f"module: {' '.join(repr(unit).split())}: {reason}; see bind for what is drawn")
    plan, _ = runner.lower_units(root.units(""), Trace(spec, np.zeros(1, np.uint64), "tensor"))
    if any(step.branches() for step in plan.rewritten):
        raise ArgumentError("module: a part of the pipeline blends chains of steps, which has no module")
    return _exported(root, plan, _example((3, channels, *size), dtype))


def _example(shape: tuple[int, ...], dtype: str) -> torch.Tensor:
    """Noise that draws from no generator of the caller's."""
    noise = np.random.default_rng(0).random(shape, np.float32)
    full = {"uint8": 255.0, "uint16": 65535.0}.get(dtype, 1.0)
    return torch.from_numpy(noise * np.float32(full)).to(getattr(torch, dtype))


def _exported(root: Transform, plan: Plan, example: torch.Tensor) -> torch.nn.Module:
    """The program, of any batch; looked at once: a step that took one row of parameters for one image would show."""
    # First: steps keep tables that they have made, and those of a trace would be no real ones.
    wanted = root(example, engine="kornia")
    batch = torch.export.Dim("batch", max=_MOST)
    try:
        planned = _Planned(plan, copies=_share(_Planned(plan)(example), example))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some versions of torch warn of tables that they copy
            done = _Program(torch.export.export(planned, (example,), dynamic_shapes=({0: batch},), strict=False))
        same = torch.equal(done(example), wanted)
    except Exception as error:  # whatever torch.export says of a step that it cannot trace
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise EngineError(f"module: torch.export cannot trace the pipeline: {said}") from error
    if not same:
        raise EngineError("module: a step of the pipeline has no form that serves a batch of any size")
    return done


def _share(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether they have one memory."""
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()
