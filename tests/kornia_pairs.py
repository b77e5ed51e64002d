"""Transforms of kornia.augmentation at fixed parameters, what the guide puts in their place, and how they differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import kornia.augmentation as K
import torch

from twinlens import transforms as T

__all__ = ["PAIRS", "Pair"]

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
FACTOR, TURN, SIDES = (1.3, 1.3), (30.0, 30.0), (100, 120)


@dataclass(frozen=True)
class Pair:
    """At most `percent` of the values differ by more than a fiftieth of a level of 255, none by more than `levels`."""

    theirs: Callable[[], Any]
    ours: Callable[[], Any]
    percent: float = 0
    levels: float = 0
    eight_bit: bool = False  # ours gets uint8, which it wants, or has tables for

    def said(self) -> str:
        """As the guide has it."""
        return f"{self.percent:g}%, by at most {self.levels:g}" if self.levels else "0"

    def measured(self, images: torch.Tensor) -> tuple[float, float]:
        """Percent and levels for uint8 images (B, 3, H, W), of which Kornia gets x / 255."""
        wanted = self.theirs()(images / 255).double() * 255
        got = self.ours()(images if self.eight_bit else images / 255).double() * (1 if self.eight_bit else 255)
        apart = (wanted - got).abs()
        return float((apart > 0.02).double().mean() * 100), float(apart.max())


PAIRS: dict[str, Pair] = {
    "RandomHorizontalFlip": Pair(lambda: K.RandomHorizontalFlip(p=1.0), lambda: T.RandomHorizontalFlip(1.0)),
    "RandomVerticalFlip": Pair(lambda: K.RandomVerticalFlip(p=1.0), lambda: T.RandomVerticalFlip(1.0)),
    "CenterCrop": Pair(lambda: K.CenterCrop(SIDES), lambda: T.CenterCrop(SIDES)),
    "PadTo": Pair(lambda: K.PadTo((260, 330)), lambda: T.PadIfNeeded(260, 330, position="top_left")),
    "Normalize": Pair(lambda: K.Normalize(torch.tensor(MEAN), torch.tensor(STD)), lambda: T.Normalize(MEAN, STD)),
    "RandomInvert": Pair(lambda: K.RandomInvert(p=1.0), lambda: T.RandomInvert(1.0)),
    "RandomGrayscale": Pair(lambda: K.RandomGrayscale(p=1.0), lambda: T.RandomGrayscale(1.0)),
    "RandomGamma": Pair(lambda: K.RandomGamma(FACTOR), lambda: T.RandomGamma((130, 130), p=1.0)),
    "RandomPosterize": Pair(
        lambda: K.RandomPosterize((3.0, 3.0), p=1.0), lambda: T.RandomPosterize(3, 1.0), eight_bit=True
    ),
    "RandomSolarize": Pair(lambda: K.RandomSolarize((0.5, 0.5), (0, 0), p=1.0), lambda: T.RandomSolarize(0.5, 1.0)),
    "RandomEqualize": Pair(lambda: K.RandomEqualize(p=1.0), lambda: T.RandomEqualize(1.0), eight_bit=True),
    "RandomAutoContrast": Pair(
        lambda: K.RandomAutoContrast(), lambda: T.RandomAutocontrast(1.0), percent=58, levels=1, eight_bit=True
    ),
    "RandomSharpness": Pair(lambda: K.RandomSharpness((1.5, 1.5), p=1.0), lambda: T.RandomAdjustSharpness(1.5, 1.0)),
    "ColorJitter": Pair(
        lambda: K.ColorJitter(FACTOR, FACTOR, FACTOR, order=(0, 1, 2)),
        lambda: T.Compose([T.ColorJitter(FACTOR), T.ColorJitter(None, FACTOR), T.ColorJitter(None, None, FACTOR)]),
    ),
    "ColorJiggle": Pair(
        lambda: K.ColorJiggle(brightness=FACTOR),
        lambda: T.RandomBrightnessContrast((0.3, 0.3), (0, 0), p=1.0),
    ),
    "RandomBrightness": Pair(
        lambda: K.RandomBrightness(FACTOR), lambda: T.RandomBrightnessContrast((0.3, 0.3), (0, 0), p=1.0)
    ),
    "RandomContrast": Pair(
        lambda: K.RandomContrast(FACTOR), lambda: T.RandomBrightnessContrast((0, 0), (0.3, 0.3), p=1.0)
    ),
    "RandomSaturation": Pair(
        lambda: K.RandomSaturation(FACTOR), lambda: T.ColorJitter(saturation=FACTOR), percent=97, levels=31
    ),
    "RandomHue": Pair(lambda: K.RandomHue((0.1, 0.1)), lambda: T.ColorJitter(hue=(0.1, 0.1))),
    "RandomRGBShift": Pair(
        lambda: K.RandomRGBShift((0.1, 0.1), (0.1, 0.1), (0.1, 0.1), p=1.0),
        lambda: T.RGBShift(25.5, 25.5, 25.5, p=1.0),
        percent=99,
        levels=0.5,
        eight_bit=True,
    ),
    "RandomGaussianBlur": Pair(
        lambda: K.RandomGaussianBlur((5, 5), (1.2, 1.2), p=1.0), lambda: T.GaussianBlur(5, (1.2, 1.2))
    ),
    "RandomBoxBlur": Pair(lambda: K.RandomBoxBlur((3, 3), p=1.0), lambda: T.Blur((3, 3), p=1.0)),
    "RandomMedianBlur": Pair(
        lambda: K.RandomMedianBlur((3, 3), p=1.0), lambda: T.MedianBlur((3, 3), p=1.0), percent=0.9, levels=102
    ),
    "RandomClahe": Pair(
        lambda: K.RandomClahe((2.0, 2.0), p=1.0),
        lambda: T.CLAHE(2.0, mode="channel"),
        percent=97,
        levels=4,
        eight_bit=True,
    ),
    "RandomJPEG": Pair(
        lambda: K.RandomJPEG((50.0, 50.0)), lambda: T.JPEG((50, 50)), percent=99, levels=24, eight_bit=True
    ),
    "Resize": Pair(lambda: K.Resize(SIDES, align_corners=False), lambda: T.Resize(SIDES, "linear")),
    "Resize(antialias=True)": Pair(
        lambda: K.Resize(SIDES, antialias=True), lambda: T.Resize(SIDES), percent=99, levels=58
    ),
    "RandomRotation": Pair(
        lambda: K.RandomRotation(TURN, p=1.0), lambda: T.RandomRotation(TURN, "bilinear"), percent=0.7, levels=112
    ),
    "RandomAffine": Pair(
        lambda: K.RandomAffine(TURN, p=1.0),
        lambda: T.RandomAffine(TURN, interpolation="bilinear"),
        percent=0.7,
        levels=117,
    ),
}
