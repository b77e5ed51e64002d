"""What a call costs beside the pixels: the pipelines on a picture of 12 x 16."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from benchmarks.rows import evaluation, train
from benchmarks.rows.base import Subject

__all__ = ["subjects"]

_HW, _SIDE, _CROP = (12, 16), 8, 6


def subjects() -> list[Subject]:
    """Both pipelines; the whole time is overhead."""
    return [
        Subject(
            "overhead_eval",
            f"Overhead: eval pipeline on {_HW[0]} x {_HW[1]} (resize {_SIDE}, crop {_CROP}, tensor, normalize)",
            evaluation.rows(_SIDE, _CROP),
            partial(evaluation.expected, _SIDE, _CROP),
            "torchvision on PIL",
            size_hw=_HW,
        ),
        replace(
            train.subjects()[0],
            name="overhead_train",
            title=f"Overhead: train pipeline on {_HW[0]} x {_HW[1]} (random crop {_CROP}, flip, tensor, normalize)",
            rows=train.rows(_CROP),
            shape=(3, _CROP, _CROP),
            size_hw=_HW,
        ),
    ]
