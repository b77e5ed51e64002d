"""How far a pipeline is from the preprocessing that it stands for, measured when it is built."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

if TYPE_CHECKING:
    from twinlens.transforms import Compose

__all__ = ["DeviationWarning", "report"]


_ROUNDING = 1e-5  # what the order of float32 operations makes of values around 1


class DeviationWarning(UserWarning):
    """A pipeline does not give the tensors of the preprocessing that it was made from."""


@cache
def _picture() -> Image.Image:
    """Smooth waves, hard edges and noise, 417 x 523: what resizing, cropping and rounding rules differ on."""
    y, x = np.mgrid[0:417, 0:523].astype(np.float64)
    waves = [127.5 + 90 * np.sin(x / (7 + 9 * c)) * np.cos(y / (5 + 6 * c)) for c in range(3)]
    picture = np.stack(waves, -1)
    picture[(x // 37 + y // 29) % 5 == 0] += 60
    picture += np.random.default_rng(0).normal(0, 12, picture.shape)
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def report(pipeline: Compose, original: Callable[[Image.Image], Any], name: str) -> Compose:
    """The pipeline; with a DeviationWarning where its tensor for a test picture is not the original's."""
    wanted = torch.as_tensor(np.asarray(original(_picture())))
    got = pipeline(_picture())
    if got.shape != wanted.shape:
        raise ValueError(f"{name}: the pipeline gives {tuple(got.shape)}, the original {tuple(wanted.shape)}")
    difference = (got.double() - wanted.double()).abs()
    worst, share = float(difference.max()), float((difference > _ROUNDING).double().mean())
    if worst > 0:
        warnings.warn(
            f"{name} works on tensors, whose arithmetic is not Pillow's: on a test picture {share:.2%} of the values "
            f"differ by more than rounding, the greatest by {worst:.3g} (normalised units)",
            DeviationWarning,
            stacklevel=3,
        )
    return pipeline
