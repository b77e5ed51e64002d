"""A batch of differently sized photos to one (B, 3, 224, 224) tensor; the microseconds are an image's."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch

from twinlens import transforms as T
from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows import evaluation, train
from twinlens.cli.bench.rows.base import Array, Call, Row, Subject

__all__ = ["our_rows", "pils", "singles", "subjects", "tensors"]


def subjects(batch_size: int) -> list[Subject]:
    """Eval and train, `pipe.batch` against a loop of single calls; the Kornia engine on CPU is for information."""
    return [
        Subject(
            "batch_eval",
            f"Eval pipeline, batch of {batch_size} photos of different sizes, per image",
            _eval_rows(),
            lambda photos: np.stack([evaluation.expected(256, 224, photo) for photo in photos]),
            "torchvision on PIL",
            per_call=batch_size,
        ),
        Subject(
            "batch_train",
            f"Train pipeline, batch of {batch_size} photos of different sizes, per image",
            _train_rows(),
            None,
            shape=(batch_size, 3, 224, 224),
            per_call=batch_size,
        ),
    ]


def _eval_rows() -> list[Row]:
    return [
        *our_rows(partial(evaluation.ours, 256, 224), exact=True),
        Row("torchvision on PIL, singles", "torchvision", partial(singles, partial(evaluation.v1, 256, 224)), pils),
        Row("torchvision v2, singles", "torchvision", partial(singles, partial(evaluation.v2, 256, 224)), tensors),
        Row("Albumentations, singles", "albumentations", _albumentations_singles, _arrays),
    ]


def _train_rows() -> list[Row]:
    return [
        *our_rows(partial(train.ours, 224), exact=False),
        Row("torchvision on PIL, singles", "torchvision", partial(singles, partial(train.v1, 224)), pils),
        Row("torchvision v2, singles", "torchvision", partial(singles, partial(train.v2, 224)), tensors),
    ]


def our_rows(pipe: Any, exact: bool) -> list[Row]:
    return [
        Row("twinlens, pipe.batch", "twinlens", lambda: pipe().batch, _arrays, exact=exact),
        Row("twinlens, pipe.batch into out", "twinlens", partial(_into_out, pipe), _arrays, exact=exact),
        Row("twinlens, singles", "twinlens", partial(singles, pipe), _arrays, exact=exact),
        Row(
            "twinlens, Kornia engine on CPU",
            "twinlens",
            lambda: partial(pipe().batch, engine="kornia"),
            _arrays,
            exact=exact,
        ),
    ]


def _arrays(photos: list[Photo]) -> list[Array]:
    return [photo.array for photo in photos]


def pils(photos: list[Photo]) -> list[Any]:
    return [photo.pil for photo in photos]


def tensors(photos: list[Photo]) -> list[torch.Tensor]:
    return [photo.channels_last for photo in photos]


def _into_out(pipe: Any) -> Call:
    """A loader that keeps its buffer."""
    transform: T.Compose = pipe()
    kept: dict[int, torch.Tensor] = {}

    def run(images: list[Any]) -> Any:
        out = kept.setdefault(len(images), torch.empty(len(images), 3, 224, 224))
        return transform.batch(images, out=out)

    return run


def singles(pipe: Any) -> Call:
    transform = pipe()
    return lambda images: torch.stack([transform(image) for image in images])


def _albumentations_singles() -> Call:
    transform = evaluation.albumentations_pipe(256, 224)
    return lambda images: torch.stack([transform(image)["image"] for image in images])
