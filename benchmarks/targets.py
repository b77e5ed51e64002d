"""How many times faster than which rival twinlens is to be, on an AVX-512 machine with one thread."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TARGETS", "Target"]


@dataclass(frozen=True)
class Target:
    subject: str
    row: str
    wanted: float


TARGETS = (
    Target("resize_bilinear", "Pillow", 7.0),
    Target("resize_bilinear", "torchvision v2, channels last", 1.5),
    Target("eval", "torchvision on PIL", 12.0),
    Target("eval", "torchvision v2, channels last", 4.5),
    Target("eval", "Albumentations", 2.3),
    Target("clahe_gray", "OpenCV", 1.5),
    Target("normalize", "Albumentations Normalize, ToTensorV2", 2.0),
    Target("color_jitter", "torchvision on PIL", 5.0),
    Target("color_jitter", "Albumentations", 2.0),
    Target("gaussian_blur", "OpenCV", 1.0),
    Target("median_3", "OpenCV", 1.0),
    Target("median_5", "OpenCV", 1.0),
    Target("rotate", "OpenCV", 1.0),
    Target("randaugment_train", "torchvision on PIL", 4.0),
)
