"""The usual recipes, by model family and size, for evaluation and for training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twinlens import registry
from twinlens import transforms as T
from twinlens.errors import ArgumentError

__all__ = ["get", "names"]

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))


@dataclass(frozen=True)
class Classification:
    """resize: the shorter side before the central crop of `size`; None squashes to the size instead."""

    size: int
    resize: int | None
    interpolation: str = "bilinear"
    normalization: tuple[tuple[float, ...], tuple[float, ...]] = _IMAGENET

    def evaluation(self) -> list[Any]:
        if self.resize is None:
            return [T.Resize((self.size, self.size), self.interpolation), *self._values()]
        return [T.Resize(self.resize, self.interpolation), T.CenterCrop(self.size), *self._values()]

    def training(self) -> list[Any]:
        crop = T.RandomResizedCrop(self.size, interpolation=self.interpolation)
        return [crop, T.RandomHorizontalFlip(), *self._values()]

    def _values(self) -> list[Any]:
        return [T.ToTensor(), T.Normalize(*self.normalization)]


@dataclass(frozen=True)
class Detection:
    """Square inputs, values from 0 to 1. Training is SSD's (Liu et al. 2016), for samples with boxes and labels."""

    size: int

    def evaluation(self) -> list[Any]:
        return [T.Resize((self.size, self.size)), T.ToTensor()]

    def training(self) -> list[Any]:
        return [
            T.RandomPhotometricDistort(),
            T.RandomZoomOut(fill=[123, 117, 104]),
            T.RandomIoUCrop(),
            T.RandomHorizontalFlip(),
            T.Resize((self.size, self.size)),
            T.SanitizeBoundingBoxes(),
            T.ToTensor(),
        ]


@dataclass(frozen=True)
class Segmentation:
    """Square inputs and masks; training crops a quarter to all of the picture."""

    size: int

    def evaluation(self) -> list[Any]:
        return [T.Resize((self.size, self.size)), T.ToTensor(), T.Normalize(*_IMAGENET)]

    def training(self) -> list[Any]:
        return [
            T.RandomResizedCrop(self.size, scale=(0.25, 1.0)),
            T.RandomHorizontalFlip(),
            T.ToTensor(),
            T.Normalize(*_IMAGENET),
        ]


class XRay:
    """Gray pictures: blur against noise, CLAHE for contrast, OpenCV's resize; training augments the resized picture."""

    def evaluation(self) -> list[Any]:
        return [
            T.Grayscale(),
            T.GaussianBlur(5, sigma=1.1),
            T.CLAHE(2.0, (8, 8)),
            T.Resize((224, 224), semantics="opencv"),
        ]

    def training(self) -> list[Any]:
        return [
            T.Resize((224, 224)),
            T.RandomHorizontalFlip(),
            T.RandomRotation(15),
            T.ToTensor(),
            T.Normalize([0.5], [0.5]),
        ]


class Document:
    """Pages for text recognition: Otsu's threshold, then non-local means; training distorts the page before."""

    def evaluation(self) -> list[Any]:
        return [T.Grayscale(), T.Threshold(method="otsu"), T.Denoise()]

    def training(self) -> list[Any]:
        white = 255
        distort = [
            T.Rotate((-5, 5), fill=white, p=1.0),
            T.Perspective(fill=white),
            T.CLAHE(),
            T.Sharpen(),
        ]
        return [*distort, *self.evaluation()]


_RECIPES: dict[str, Callable[[], Any]] = {
    "clip_vit_l14_336": lambda: Classification(336, 336, "bicubic", _CLIP),
    "convnext_384": lambda: Classification(384, None, "bicubic"),
    "detection_448": lambda: Detection(448),
    "detection_512": lambda: Detection(512),
    "document": Document,
    "efficientnet_b7": lambda: Classification(600, 600, "bicubic"),
    "imagenet_224": lambda: Classification(224, 256),
    "inception_v3": lambda: Classification(299, 342),
    "segmentation_448": lambda: Segmentation(448),
    "segmentation_512": lambda: Segmentation(512),
    "vit_384": lambda: Classification(384, 384, "bicubic"),
    "xception": lambda: Classification(299, 333, "bicubic", _HALF),
    "xray": XRay,
}


def names() -> list[str]:
    """All recipes, and plugins' presets."""
    return [*_RECIPES, *registry.names("presets")]


def get(name: str, *, train: bool = False) -> T.Compose:
    """The recipe `name` for evaluation, or for training; docs/presets.md shows what each holds.

    A plugin's preset has the plugin's name in front: `get("document.archive")`. Raises ArgumentError for a name that
    there is not.
    """
    if "." in name:
        made: T.Compose = registry.provided("presets", name).provided(train)
        return made
    if name not in _RECIPES:
        raise ArgumentError(f"presets.get: name={name!r} must be one of {', '.join(names())}")
    recipe = _RECIPES[name]()
    return T.Compose(recipe.training() if train else recipe.evaluation())
