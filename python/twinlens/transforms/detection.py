"""Crops that look at boxes or masks before they draw: RandomIoUCrop, RandomSizedBBoxSafeCrop, CropNonEmptyMaskIfExists.

What they draw depends on the sample's key and on its boxes or masks, which are read from the device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
import torch
from pydantic import BeforeValidator, Field, model_validator

from twinlens.errors import InputError
from twinlens.pipeline.masks import Mask
from twinlens.pipeline.points import Points
from twinlens.steps import Crop, Resample
from twinlens.transforms import base
from twinlens.transforms.arguments import Interpolation, InterpolationMode, Probability, Semantics
from twinlens.transforms.chance import finite
from twinlens.transforms.resampling import ResamplingConfig
from twinlens.transforms.sizes import Side

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from twinlens.pipeline.trace import Params, Trace
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Bools, Ints, Reals

__all__ = ["CropNonEmptyMaskIfExists", "RandomIoUCrop", "RandomSizedBBoxSafeCrop"]

_OPTIONS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
_ROUNDS = 200  # choices of an option until an image stays as it is


def _boxes_of(trace: Trace) -> tuple[Reals, Bools] | None:
    """(A, N, 4) float64 and which of them count, of the images that are active; all entries of the sample together."""
    found = [points for points in trace.moved(Points) if points.boxes]
    if not found:
        return None
    rows = trace.rows
    xyxy = [points.data[rows].double().cpu().numpy() for points in found]
    valid = [
        np.ones(boxes.shape[:2], bool) if points.valid is None else points.valid[rows].cpu().numpy()
        for points, boxes in zip(found, xyxy, strict=True)
    ]
    return np.concatenate(xyxy, 1), np.concatenate(valid, 1)


def _positive(value: Any) -> float:
    number = finite(value)
    if number <= 0:
        raise ValueError(f"wants a positive number, got {value!r}")
    return number


def _options(value: Any) -> tuple[float, ...]:
    options = _OPTIONS if value is None else tuple(finite(v) for v in value)
    if not options or min(options) < 0:
        raise ValueError(f"wants overlaps from 0 up, got {value!r}")
    return options


Positive = Annotated[float, BeforeValidator(_positive)]


class RandomIoUCropConfig(base.Config):
    min_scale: Positive = 0.3
    max_scale: Positive = 1.0
    min_aspect_ratio: Positive = 0.5
    max_aspect_ratio: Positive = 2.0
    sampler_options: Annotated[tuple[float, ...], BeforeValidator(_options)] = _OPTIONS
    trials: Side = 40

    @model_validator(mode="after")
    def _check_ranges(self) -> Self:
        if self.min_scale > self.max_scale or self.max_scale > 1:
            raise ValueError(f"max_scale={self.max_scale} must be from min_scale={self.min_scale} to 1")
        if self.min_aspect_ratio > self.max_aspect_ratio:
            raise ValueError(f"max_aspect_ratio={self.max_aspect_ratio} must not be below min_aspect_ratio")
        return self


class RandomIoUCrop(base.Transform):
    """A crop that overlaps a box by an IoU that is drawn first (SSD, Liu et al. 2016). Source: torchvision.

    min_scale, max_scale: of each side, to 1. min_aspect_ratio, max_aspect_ratio: width over height of the crop.
    sampler_options: least IoUs of the crop and the box that it overlaps most, each as likely; 1 and above leaves the
    image as it is; None for 0, 0.1, 0.3, 0.5, 0.7, 0.9, 1. trials: windows to try before another option is drawn; after
    200 options the image stays as it is. Boxes whose middle is outside of the crop become 0, 0, 0, 0: let
    `SanitizeBoundingBoxes` follow. Masks, boxes and keypoints move along.

    Raises InputError for a sample without boxes.

    >>> import numpy as np
    >>> from twinlens import Boxes, transforms as T
    >>> sample = {"image": np.zeros((20, 30, 3), np.uint8), "boxes": Boxes([[5, 5, 12, 12]])}
    >>> T.RandomIoUCrop(sampler_options=[1.0])(sample)["image"].shape
    (20, 30, 3)
    """

    Config = RandomIoUCropConfig
    is_random = True

    def __init__(
        self,
        min_scale: float = 0.3,
        max_scale: float = 1.0,
        min_aspect_ratio: float = 0.5,
        max_aspect_ratio: float = 2.0,
        sampler_options: Any = None,
        trials: int = 40,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            min_scale=min_scale, max_scale=max_scale, min_aspect_ratio=min_aspect_ratio,
            max_aspect_ratio=max_aspect_ratio, sampler_options=sampler_options, trials=trials, name=name,
        )  # fmt: skip

    @property
    def options(self) -> list[float]:
        """torchvision's name for `sampler_options`."""
        return list(self.sampler_options)

    def trace(self, trace: Trace, path: str) -> None:
        found = _boxes_of(trace)
        if found is None:
            raise InputError("RandomIoUCrop: the sample has no boxes")
        xyxy, valid = found
        trace.lower(path, lambda draws, spec: self._drawn(draws, spec, xyxy, valid), self.lower)

    def _drawn(self, draws: Draws, spec: Spec, xyxy: Reals, valid: Bools) -> Params:
        windows = np.stack((np.zeros_like(spec.w), np.zeros_like(spec.h), spec.w, spec.h), 1)
        cropped = np.zeros(len(spec), bool)
        open_rows = np.flatnonzero(valid.any(1))
        options = np.array(self.sampler_options)
        each = 1 + 4 * self.trials
        for turn in range(_ROUNDS):
            if not len(open_rows):
                break
            u = type(draws)(draws.keys[open_rows], draws.stream).uniform(each, first=turn * each)
            least = options[np.floor(u[:, 0] * len(options)).astype(np.int64)]
            tried = self._windows(u[:, 1:].reshape(len(u), self.trials, 4), spec.select(open_rows))
            fits = self._fits(tried, xyxy[open_rows], valid[open_rows], least)
            done, chosen = fits.any(1) & (least < 1.0), fits.argmax(1)
            at = open_rows[done]
            windows[at], cropped[at] = tried[done, chosen[done]], True
            open_rows = open_rows[~done & (least < 1.0)]
        return {"window": windows, "cropped": cropped}

    def _windows(self, u: Reals, spec: Spec) -> Ints:
        """(b, trials, 4): left, top, right, bottom."""
        scale = self.min_scale + u[..., :2] * (self.max_scale - self.min_scale)
        side = np.stack((spec.w, spec.h), 1)[:, None]
        size = np.floor(side * scale).astype(np.int64)
        start = np.floor((side - size) * u[..., 2:]).astype(np.int64)
        return np.concatenate((start, start + size), -1)

    def _fits(self, windows: Ints, xyxy: Reals, valid: Bools, least: Reals) -> Bools:
        """(b, trials): right shape, the middle of a box inside, and enough overlap with such a box."""
        size = windows[..., 2:] - windows[..., :2]
        ratio = size[..., 0] / np.maximum(size[..., 1], 1)
        shaped = (size > 0).all(-1) & (self.min_aspect_ratio <= ratio) & (ratio <= self.max_aspect_ratio)
        window, boxes = windows[:, :, None].astype(np.float64), xyxy[:, None]
        middle = (boxes[..., :2] + boxes[..., 2:]) * 0.5
        inside = ((window[..., :2] < middle) & (middle < window[..., 2:])).all(-1) & valid[:, None]
        both = np.minimum(window[..., 2:], boxes[..., 2:]) - np.maximum(window[..., :2], boxes[..., :2])
        shared = np.maximum(both, 0).prod(-1)
        areas = (boxes[..., 2:] - boxes[..., :2]).prod(-1) + size[:, :, None].prod(-1)
        union = areas - shared
        overlap = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
        enough = (np.where(inside, overlap, -1.0).max(-1, initial=-1.0) >= least[:, None]) & inside.any(-1)
        fits: Bools = shaped & enough
        return fits

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        left, top, right, bottom = params["window"].T
        yield Crop(top, left, bottom - top, right - left, drops=True, active=params["cropped"])


class SafeCropConfig(ResamplingConfig):
    height: Side
    width: Side
    erosion_rate: Probability = 0.0
    interpolation: Interpolation = InterpolationMode.LINEAR
    p: Probability = 1.0
    semantics: Semantics = "opencv"


class RandomSizedBBoxSafeCrop(base.Transform):
    """With probability `p`, a crop that holds all boxes, resized to height x width. Albumentations' name.

    Each edge of the crop is uniform between the image's and the boxes'. erosion_rate: the part of its sides by which
    every box may be cut, half of it at either end. Without boxes: a window of the image's shape, its side uniform from
    1 - erosion_rate of the image's to all of it, at a uniform place. interpolation: a name, with OpenCV's arithmetic,
    or Pillow's with semantics="pillow". Masks take the nearest.

    >>> import numpy as np
    >>> from twinlens import Boxes, transforms as T
    >>> sample = {"image": np.zeros((20, 30, 3), np.uint8), "boxes": Boxes([[5, 5, 12, 12]])}
    >>> T.RandomSizedBBoxSafeCrop(8, 9)(sample)["image"].shape
    (8, 9, 3)
    """

    Config = SafeCropConfig
    is_random = True

    def __init__(
        self,
        height: int,
        width: int,
        erosion_rate: float = 0.0,
        interpolation: Any = InterpolationMode.LINEAR,
        p: float = 1.0,
        *,
        semantics: Semantics = "opencv",
        name: str | None = None,
    ) -> None:
        super().__init__(
            height=height, width=width, erosion_rate=erosion_rate, interpolation=interpolation, p=p,
            semantics=semantics, name=name,
        )  # fmt: skip

    def trace(self, trace: Trace, path: str) -> None:
        found = _boxes_of(trace)
        trace.lower(path, lambda draws, spec: self._drawn(draws, spec, found), self.lower)

    def _drawn(self, draws: Draws, spec: Spec, found: tuple[Reals, Bools] | None) -> Params:
        u = draws.uniform(5)
        side = np.stack((spec.w, spec.h), 1).astype(np.float64)
        least = np.ceil(side * (1.0 - self.erosion_rate))
        size = least + np.floor(u[:, 1:2] * (side - least + 1.0))
        start = np.floor(u[:, 2:4] * (side - size + 1.0))
        end = start + np.maximum(size, 1.0)
        if found is not None and found[0].shape[1]:
            low, high, some = self._hull(*found)
            low, high = np.clip(low, 0.0, side), np.clip(high, 0.0, side)
            around_low, around_high = np.floor(u[:, 1:3] * low), np.ceil(high + u[:, 3:5] * (side - high))
            start = np.where(some[:, None], np.minimum(around_low, side - 1), start)
            end = np.where(some[:, None], np.maximum(around_high, start + 1), end)
        end = np.minimum(end, side)
        window = np.concatenate((start, end), 1).astype(np.int64)
        return {"applied": u[:, 0] < self.p, "window": window}

    def _hull(self, xyxy: Reals, valid: Bools) -> tuple[Reals, Reals, Bools]:
        """The corners around all boxes of an image, (b, 2) each, and whether there is one."""
        cut = (xyxy[..., 2:] - xyxy[..., :2]) * (self.erosion_rate / 2)
        low = np.where(valid[..., None], xyxy[..., :2] + cut, np.inf).min(1)
        high = np.where(valid[..., None], xyxy[..., 2:] - cut, -np.inf).max(1)
        some: Bools = np.asarray(valid.any(1))
        return np.where(some[:, None], low, 0.0), np.where(some[:, None], high, 0.0), some

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        left, top, right, bottom = params["window"].T
        applied = params["applied"]
        yield Crop(top, left, bottom - top, right - left, active=applied)
        h, w = np.array([self.height]), np.array([self.width])
        yield Resample(self.config.method, h, w, active=applied)


class MaskCropConfig(base.Config):
    height: Side = Field(description="Of the window, in pixels.")
    width: Side = Field(description="Of the window, in pixels.")
    ignore_values: list[int] | None = None
    ignore_channels: list[int] | None = None
    p: Probability = 1.0


class CropNonEmptyMaskIfExists(base.Transform):
    """With probability `p`, a window around a pixel of the mask that is not 0, each as likely; else anywhere.

    ignore_values: values that count as 0. ignore_channels: of the mask, that do not count. The pixel lies at a uniform
    place of the window, as far as the image allows. Several masks of a sample count together. Albumentations' name.

    Raises InputError where the image is smaller than the window.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> mask = np.zeros((8, 8), np.uint8)
    >>> mask[6, 7] = 1
    >>> int(T.CropNonEmptyMaskIfExists(3, 3)({"image": mask * 9, "mask": mask})["mask"].sum())
    1
    """

    Config = MaskCropConfig
    is_random = True

    def __init__(
        self,
        height: int,
        width: int,
        ignore_values: Any = None,
        ignore_channels: Any = None,
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            height=height, width=width, ignore_values=ignore_values, ignore_channels=ignore_channels, p=p, name=name
        )

    def trace(self, trace: Trace, path: str) -> None:
        masks = trace.moved(Mask)
        places = [_union([self._marked(mask, int(i)) for mask in masks]) for i in trace.rows]
        trace.lower(path, lambda draws, spec: self._drawn(draws, spec, places), self.lower)

    def _marked(self, mask: Mask, i: int) -> Bools:
        """(H, W): what counts in the mask of image i."""
        item = mask.masks.batch.data[i]
        array = item.movedim(0, -1).cpu().numpy() if isinstance(item, torch.Tensor) else item
        values: NDArray[Any] = array if array.ndim == 3 else array[..., None]
        kept = [c for c in range(values.shape[2]) if c not in (self.ignore_channels or ())]
        marked: Bools = ~np.isin(values[..., kept], [0, *(self.ignore_values or ())])
        return np.asarray(marked.any(-1))

    def _drawn(self, draws: Draws, spec: Spec, places: list[Bools | None]) -> Params:
        u = draws.uniform(4)
        applied = u[:, 0] < self.p
        small = applied & ((spec.h < self.height) | (spec.w < self.width))
        if small.any():
            shape = spec.shape(int(np.argmax(small)))
            raise InputError(f"CropNonEmptyMaskIfExists: {self.height} x {self.width} does not fit an image of {shape}")
        window, room = np.array([self.height, self.width]), np.stack((spec.h - self.height, spec.w - self.width), 1)
        start = np.floor(u[:, 2:] * (room + 1)).astype(np.int64)
        for i, marked in enumerate(places):
            spots = np.empty(0, np.int64) if marked is None else np.flatnonzero(marked)
            if len(spots):
                spot = spots[int(u[i, 1] * len(spots))]
                at = np.array(np.unravel_index(spot, (int(spec.h[i]), int(spec.w[i]))))
                start[i] = np.clip(at - np.floor(u[i, 2:] * window), 0, room[i])
        return {"applied": applied, "start": start}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del spec
        top, left = params["start"].T
        yield Crop(top, left, np.array([self.height]), np.array([self.width]), active=params["applied"])


def _union(marked: list[Bools]) -> Bools | None:
    return np.logical_or.reduce(marked) if marked else None
