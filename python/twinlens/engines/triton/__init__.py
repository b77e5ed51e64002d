"""Runs of steps on CUDA that one Triton kernel does instead of several torch ones, with the same bits.

Only light imports here: triton itself is imported when a kernel is launched. The torch code of the steps stays the
fallback and the oracle.
"""

from __future__ import annotations

import functools
import importlib.util
import os
from typing import TYPE_CHECKING, Any

from twinlens.engines.triton.chain import Chain, match
from twinlens.steps.recording import current

if TYPE_CHECKING:
    import torch

    from twinlens.steps.base import Step
    from twinlens.steps.spec import Spec

__all__ = ["Chain", "chain_at", "enabled", "run_chain"]


_OLDEST = (3, 6)


def enabled(device: torch.device) -> bool:
    """Whether kernels run on `device`: CUDA from capability 7.0, with Triton 3.6 or newer, unless the environment has
    TWINLENS_TRITON=0. Older Tritons compile float32 arithmetic that takes subnormal numbers for 0.

    Under TRITON_INTERPRET=1, Triton's own setting for debugging, also on CPU, slowly.
    """
    if os.environ.get("TWINLENS_TRITON") == "0":
        return False
    if device.type == "cpu":
        return os.environ.get("TRITON_INTERPRET") == "1" and _exact()
    return device.type == "cuda" and _capable(device) and _exact()


@functools.cache
def _exact() -> bool:
    if importlib.util.find_spec("triton") is None:
        return False
    import triton

    return tuple(int(part) for part in triton.__version__.split(".")[:2]) >= _OLDEST


@functools.cache
def _capable(device: torch.device) -> bool:
    import torch

    return torch.version.cuda is not None and torch.cuda.get_device_capability(device) >= (7, 0)


def chain_at(steps: list[Step], spec: Spec, device: torch.device) -> Chain | None:
    """The longest run of `steps`, from the first one on, that a kernel does; None where there is none."""
    recording = current()
    return match(steps, spec) if enabled(device if recording is None else recording.device) else None


def run_chain(chain: Chain, images: Any, spec: Spec, out: torch.Tensor | None = None) -> torch.Tensor:
    """(B, C, H, W): `images`, (B, C, h, w) or B tensors (C, h, w) of any sizes, after the chain.

    All results have one size. `out`: where they go, if it is dense.
    """
    return chain.run(images, spec, out)
