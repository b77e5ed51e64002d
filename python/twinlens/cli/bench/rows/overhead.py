"""What a call costs beside the pixels: the pipelines and ColorJitter on a picture of 12 x 16."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from twinlens.cli.bench.rows import color, evaluation, train
from twinlens.cli.bench.rows.base import Subject

__all__ = ["subjects"]

_HW, _SIDE, _CROP = (12, 16), 8, 6


def subjects() -> list[Subject]:
    """The whole time is overhead."""
    jitter = color.subjects()[0]
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
        replace(
            jitter,
            name="overhead_color_jitter",
            title=f"Overhead: {jitter.title} on {_HW[0]} x {_HW[1]}",
            shape=(*_HW, 3),
            size_hw=_HW,
        ),
        Subject(
            "overhead_train_jitter",
            f"Overhead: train pipeline with ColorJitter on {_HW[0]} x {_HW[1]} (random crop {_CROP})",
            train.jittered_rows(_CROP),
            None,
            shape=(3, _CROP, _CROP),
            size_hw=_HW,
        ),
    ]
