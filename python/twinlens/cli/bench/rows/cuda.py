"""uint8 batches on a device: twinlens' Kornia engine, kornia, torchvision v2. Every call ends synchronised."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch

from twinlens import transforms as T
from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows import evaluation, train
from twinlens.cli.bench.rows.base import Array, Call, Row, Subject, chw_of
from twinlens.cli.bench.rows.resize import SIDE, resized_hw, resized_pil

__all__ = ["subjects"]

_HW = (375, 500)


def subjects(batch_size: int, device: str) -> list[Subject]:
    """Resize, CLAHE, eval and train. Exact rows equal the CPU's reference libraries, computed on the device."""
    where = f"batch of {batch_size} x {_HW[0]} x {_HW[1]} on {device}, per image"
    return [
        _resize(batch_size, device, where),
        _clahe(batch_size, device, where),
        *_pipelines(batch_size, device, where),
    ]


def _resize(batch_size: int, device: str, where: str) -> Subject:
    row = partial(_row, device, read=chw_of)
    rows = [
        row("twinlens", "twinlens", lambda: _ours(T.Resize(SIDE)), exact=True),
        row("torchvision v2", "torchvision", _v2_resize),
        row("kornia, float32", "kornia", _kornia_resize),
    ]
    return _subject("resize", f"Resize shorter side {SIDE}, bilinear, antialiased, {where}", rows, _resized, batch_size)


def _clahe(batch_size: int, device: str, where: str) -> Subject:
    row = partial(_row, device, read=chw_of)
    rows = [
        row("twinlens, per sample", "twinlens", lambda: _ours(T.CLAHE(2.0, mode="channel")), exact=True),
        row("kornia", "kornia", _kornia_clahe),
    ]
    return _subject("clahe", f"CLAHE, every channel, {where}", rows, _equalized, batch_size)


def _pipelines(batch_size: int, device: str, where: str) -> list[Subject]:
    row = partial(_row, device)
    evaluated = [
        row("twinlens", "twinlens", lambda: _ours(evaluation.ours(256, 224)), exact=True),
        row("torchvision v2", "torchvision", partial(evaluation.v2, 256, 224)),
        row("kornia", "kornia", partial(evaluation.kornia_pipe, 256, 224, device)),
    ]
    trained = [
        row("twinlens, a draw a sample", "twinlens", lambda: _ours(train.ours(224))),
        row("torchvision v2, one draw a batch", "torchvision", partial(train.v2, 224)),
        row("kornia, a draw a sample, no antialias", "kornia", partial(train.kornia_pipe, 224, device)),
    ]
    shape = (batch_size, 3, 224, 224)
    return [
        _subject("eval", f"Eval pipeline, {where}", evaluated, _evaluated, batch_size),
        Subject("cuda_train", f"Train pipeline, {where}", trained, None, "", shape, batch_size, _HW),
    ]


def _subject(name: str, title: str, rows: list[Row], one: Any, batch_size: int) -> Subject:
    def reference(photos: list[Photo]) -> Array:
        return np.stack([one(photo) for photo in photos])

    libraries = {"resize": "Pillow", "clahe": "OpenCV", "eval": "torchvision on PIL"}
    return Subject(f"cuda_{name}", title, rows, reference, libraries[name], None, batch_size, _HW)


def _row(device: str, name: str, library: str, build: Any, exact: bool = False, read: Any = None) -> Row:
    """The batch is on the device before the clock starts."""

    def prepare(photos: list[Photo]) -> torch.Tensor:
        return torch.stack([photo.planar for photo in photos]).to(device)

    chosen = {} if read is None else {"read": read}
    return Row(name, library, lambda: _synchronised(build(), device), prepare, exact=exact, **chosen)


def _synchronised(call: Call, device: str) -> Call:
    if device == "cpu":
        return call

    def run(images: torch.Tensor) -> Any:
        out = call(images)
        torch.cuda.synchronize()
        return out

    return run


def _ours(pipe: Any) -> Call:
    """Chosen by the device; named, so that the rows can be checked on CPU tensors as well."""
    return partial(pipe, engine="kornia")


def _resized(photo: Photo) -> Array:
    return np.asarray(resized_pil(photo.pil))


def _evaluated(photo: Photo) -> Array:
    return evaluation.expected(256, 224, photo)


def _equalized(photo: Photo) -> Array:
    import cv2

    clahe = cv2.createCLAHE(2.0, (8, 8))
    return np.stack([clahe.apply(np.ascontiguousarray(photo.array[..., c])) for c in range(3)], axis=-1)


def _v2_resize() -> Call:
    from torchvision.transforms import v2

    resize: Call = v2.Resize(SIDE, antialias=True)
    return resize


def _as_uint8(unit: torch.Tensor) -> torch.Tensor:
    return unit.clamp(0, 1).mul(255).round().to(torch.uint8)


def _kornia_resize() -> Call:
    from kornia.geometry.transform import resize

    size = resized_hw(_HW)
    return lambda images: _as_uint8(resize(images.float().div(255), size, interpolation="bilinear", antialias=True))


def _kornia_clahe() -> Call:
    from kornia.enhance import equalize_clahe

    return lambda images: _as_uint8(equalize_clahe(images.float().div(255), clip_limit=2.0, grid_size=(8, 8)))
