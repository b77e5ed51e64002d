"""CLAHE, clip limit 2, 8 x 8 tiles: gray, and the L channel of Lab."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from twinlens import transforms as T
from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows.base import Array, Call, Row, Subject

__all__ = ["subjects"]

_CLIP, _GRID = 2.0, (8, 8)


def subjects() -> list[Subject]:
    """Gray and RGB."""
    gray = [
        Row("twinlens", "twinlens", _ours, lambda photo: photo.gray, exact=True),
        Row("OpenCV", "cv2", _cv2_gray, lambda photo: photo.gray),
        Row("Albumentations", "albumentations", _albumentations, lambda photo: photo.gray, lambda out: out["image"]),
        Row("kornia", "kornia", _kornia, _unit_gray, _from_unit),
        Row("kornia-rs", "kornia_rs", _kornia_rs, lambda photo: photo.gray[..., None], lambda out: out[..., 0]),
    ]
    lab = [
        Row("twinlens", "twinlens", _ours, lambda photo: photo.array, exact=True),
        Row("OpenCV, through Lab", "cv2", _cv2_lab, lambda photo: photo.array),
        Row("Albumentations", "albumentations", _albumentations, lambda photo: photo.array, lambda out: out["image"]),
    ]
    return [
        Subject("clahe_gray", "CLAHE, gray", gray, lambda photo: _cv2_gray()(photo.gray), "OpenCV"),
        Subject("clahe_lab", "CLAHE, RGB through Lab", lab, lambda photo: _cv2_lab()(photo.array), "OpenCV"),
    ]


def _ours() -> Call:
    return T.CLAHE(_CLIP, _GRID)


def _cv2_gray() -> Call:
    import cv2

    call: Call = cv2.createCLAHE(_CLIP, _GRID).apply
    return call


def _cv2_lab() -> Call:
    import cv2

    clahe = cv2.createCLAHE(_CLIP, _GRID)

    def equalize(array: Array) -> Array:
        lab = cv2.cvtColor(array, cv2.COLOR_RGB2LAB)
        lab[..., 0] = clahe.apply(lab[..., 0])
        out: Array = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
        return out

    return equalize


def _albumentations() -> Call:
    import albumentations

    clahe = albumentations.CLAHE(clip_limit=(_CLIP, _CLIP), tile_grid_size=_GRID, p=1.0)
    return lambda array: clahe(image=array)


def _unit_gray(photo: Photo) -> torch.Tensor:
    return torch.from_numpy(photo.gray)[None, None].float().div(255)


def _from_unit(result: Any) -> Array:
    rounded: Array = result[0, 0].clamp(0, 1).mul(255).round().to(torch.uint8).numpy()
    return rounded


def _kornia() -> Call:
    from kornia.enhance import equalize_clahe

    return lambda image: equalize_clahe(image, clip_limit=_CLIP, grid_size=_GRID)


def _kornia_rs() -> Call:
    from kornia_rs.imgproc import clahe

    return lambda array: np.asarray(clahe(array, _CLIP, _GRID))
