"""Trials of the steps that move or map single pixels: crop, pad, flip, colour, CLAHE, normalise, convert."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
import PIL.Image
import torch
from hypothesis import strategies as st
from torchvision.transforms import functional as v1
from torchvision.transforms.v2 import functional as v2

import reference
from images import Image
from parity.resize import cut, rectangles
from parity.trial import Trial, batches, ints, masked, planar, where_active
from reference.normalize import round_to
from twinlens.steps import Clahe, ColorConvert, Convert, Crop, Flip, Normalize, Pad


def channels_last(tensor: torch.Tensor) -> Image:
    """(C, H, W) to an array (H, W, C)."""
    return np.moveaxis(tensor.numpy(), 0, -1)


@st.composite
def crop(draw: st.DrawFn) -> Trial:
    """A window of its own for every image."""
    images = draw(batches())
    active = masked(draw, images)
    windows = [draw(rectangles(*image.shape[:2]), label="window") for image in images]
    y, x, h, w = ints(windows).T
    done = [cut(a, b) for a, b in zip(images, windows, strict=True)]
    peer = [channels_last(v2.crop(planar(a), *b)) for a, b in zip(images, windows, strict=True)]
    step = Crop(y, x, h, w, active=active)
    return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))


def pad(mode: Any) -> st.SearchStrategy[Trial]:
    """Borders of its own for every image; none where a mirror has nothing to show."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        images = draw(batches(channels=(1, 3, 4, 5), max_side=17))
        active = masked(draw, images)
        slack = {"reflect": -1, "symmetric": 0}.get(mode, 9)
        borders = []
        for image in images:
            h, w = (n + slack for n in image.shape[:2])
            borders.append(tuple(draw(st.integers(0, min(n, 9)), label="border") for n in (w, h, w, h)))
        same = len({image.shape[2] for image in images}) == 1
        whole = images[0].dtype != np.float32
        values = st.integers(0, np.iinfo(images[0].dtype).max) if whole else st.floats(-4, 4, width=32)
        length = images[0].shape[2] if same and draw(st.booleans(), label="fill by channel") else 1
        fill = draw(st.lists(values, min_size=length, max_size=length), label="fill")
        done = [reference.pad(a, b, fill, mode) for a, b in zip(images, borders, strict=True)]
        peer: list[Image | None] = [None] * len(images)
        if images[0].dtype != np.uint16:  # torch pads no uint16
            peer = [
                channels_last(v2.pad(planar(a), list(b), fill=fill if mode == "constant" else 0, padding_mode=mode))
                for a, b in zip(images, borders, strict=True)
            ]
        step = Pad(*ints(borders).T, mode, np.array([fill], np.float64), active=active)
        return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))

    return trials()


@st.composite
def flip(draw: st.DrawFn) -> Trial:
    """None, one or both directions, image by image."""
    images = draw(batches())
    active = masked(draw, images)
    horizontal, vertical = (masked(draw, images) for _ in range(2))
    done, peer = [], []
    for image, h, v in zip(images, horizontal, vertical, strict=True):
        ours, theirs = image, planar(image)
        if h:
            ours, theirs = reference.horizontal_flip(ours), v2.horizontal_flip(theirs)
        if v:
            ours, theirs = reference.vertical_flip(ours), v2.vertical_flip(theirs)
        done.append(ours)
        peer.append(channels_last(theirs))
    step = Flip(horizontal, vertical, active=active)
    return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))


def _pillow_gray(image: Image) -> Image | None:
    if image.dtype != np.uint8:
        return None
    return np.asarray(PIL.Image.fromarray(np.ascontiguousarray(image)).convert("L"))[..., None]


def _opencv(code: int, image: Image) -> Image | None:
    if image.dtype == np.float32:
        return None  # fuses some of its multiplications and additions
    done = cv2.cvtColor(np.ascontiguousarray(image), code)
    return done.reshape(*image.shape[:2], -1)


def _swap(image: Image) -> Image:
    return image[..., [2, 1, 0, 3][: image.shape[2]]]


#: kind: channels in, oracle, reference library, dtypes
COLOR: dict[str, tuple[tuple[int, ...], Callable[[Image], Image], Callable[[Image], Image | None] | None]] = {
    "gray_pillow": ((3,), lambda x: reference.gray_pillow(x)[..., None], _pillow_gray),
    "gray_opencv": ((3,), lambda x: reference.gray_opencv(x)[..., None], partial(_opencv, cv2.COLOR_RGB2GRAY)),
    "swap_rb": ((3, 4), _swap, None),
    "rgb_to_lab": ((3,), reference.rgb_to_lab, partial(_opencv, cv2.COLOR_RGB2Lab)),
    "lab_to_rgb": ((3,), reference.lab_to_rgb, partial(_opencv, cv2.COLOR_Lab2RGB)),
}


def color(kind: Any) -> st.SearchStrategy[Trial]:
    """Gray, Lab and channel order; gray also as three equal channels, where some images may stay as they are."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        wants, oracle, library = COLOR[kind]
        dtypes = ("uint8",) if "lab" in kind else ("uint8", "uint16", "float32")
        images = draw(batches(dtypes=dtypes, channels=wants))
        active = masked(draw, images)
        channels = draw(st.sampled_from([1, 3]), label="channels") if kind.startswith("gray") else 3
        repeat = channels if kind.startswith("gray") else 1
        done = [np.repeat(oracle(image), repeat, -1) for image in images]
        peer = [None if library is None else library(image) for image in images]
        peer = [None if theirs is None else np.repeat(theirs, repeat, -1) for theirs in peer]
        step = ColorConvert(kind, channels, active=active)
        return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))

    return trials()


@st.composite
def alpha_kinds(draw: st.DrawFn) -> Trial:
    """gray_to_rgb repeats the first channel, drop_alpha leaves the last out: LA, RGBA and gray images."""
    kind = draw(st.sampled_from(["gray_to_rgb", "drop_alpha", "gray_pillow"]), label="kind")
    channels = {"gray_to_rgb": draw(st.sampled_from([1, 2])), "drop_alpha": draw(st.sampled_from([2, 4]))}.get(kind, 4)
    images = draw(batches(channels=(channels,)))
    kept = channels - 1 if kind == "drop_alpha" else 3 if kind == "gray_to_rgb" else 1
    if kind == "gray_to_rgb":
        done = [np.repeat(image[..., :1], 3, -1) for image in images]
    elif kind == "drop_alpha":
        done = [image[..., :-1] for image in images]
    else:
        done = [reference.gray_pillow(image[..., :3])[..., None] for image in images]
    return Trial(ColorConvert(kind, kept), images, done, alpha=channels in (2, 4))


def _opencv_clahe(image: Image, clip_limit: float, grid_yx: tuple[int, int], mode: str) -> Image:
    apply = cv2.createCLAHE(clip_limit, grid_yx[::-1]).apply
    if mode == "lab":
        lab = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2Lab)
        lab[..., 0] = apply(np.ascontiguousarray(lab[..., 0]))
        return cv2.cvtColor(lab, cv2.COLOR_Lab2RGB)
    return np.stack([apply(np.ascontiguousarray(image[..., c])) for c in range(image.shape[2])], -1)


def clahe(mode: Any, dtype: str) -> st.SearchStrategy[Trial]:
    """A clip limit of its own for every image."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        wide = dtype == "uint16"  # 65536 bins a tile: keep the tiles few
        channels = (3,) if mode == "lab" else (1, 2) if wide else (1, 3, 5)
        images = draw(batches(dtypes=(dtype,), channels=channels, max_images=2 if wide else 3))
        active = masked(draw, images)
        tiles = st.sampled_from([1, 2, 3] if wide else [1, 2, 3, 4, 7, 8])
        grid = draw(st.tuples(tiles, tiles), label="grid_yx")
        limits = st.sampled_from([-1.0, 0.0, 0.01, 1.0, 2.0, 40.0, 1e9]) | st.floats(0, 10)
        clip = [draw(limits, label="clip_limit") for _ in images]
        oracle = reference.clahe_lab if mode == "lab" else reference.clahe
        done = [oracle(image, c, grid) for image, c in zip(images, clip, strict=True)]
        # OpenCV's clip limit is an int: beyond it there is nothing to compare.
        peer = [None if c > 1e6 else _opencv_clahe(image, c, grid, mode) for image, c in zip(images, clip, strict=True)]
        step = Clahe(np.array(clip), grid, mode, active=active)
        return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))

    return trials()


@st.composite
def normalize(draw: st.DrawFn) -> Trial:
    """uint8, uint16 and float32 to float32, float16 and bfloat16, one mean and std or one a channel."""
    channels = draw(st.sampled_from([1, 2, 3, 4, 5]), label="channels")
    images = draw(batches(channels=(channels,)))
    scale = images[0].dtype != np.float32
    dtype = draw(st.sampled_from(["float32", "float16", "bfloat16"]), label="to")
    length = draw(st.sampled_from([1, channels]), label="values")
    common = ([0.485, 0.456, 0.406, 0.5, 0.0][:length], [0.229, 0.224, 0.225, 0.5, 1.0][:length])
    mean = draw(st.just(common[0]) | st.lists(st.floats(-2, 2), min_size=length, max_size=length), label="mean")
    std = draw(st.just(common[1]) | st.lists(st.floats(1e-3, 100), min_size=length, max_size=length), label="std")
    done = [reference.normalize(image, mean, std, dtype, rescale=scale) for image in images]
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[images[0].dtype.name]
    scaled = [planar(image.astype(np.float32)) / full for image in images]
    theirs = [v2.normalize(x, list(mean), list(std)).to(getattr(torch, dtype)) for x in scaled]
    peer = [channels_last(x.view(torch.uint16) if dtype == "bfloat16" else x) for x in theirs]
    step = Normalize(np.array([mean]), np.array([std]), dtype, scale)
    return Trial(step, images, done, peer)


@st.composite
def convert(draw: st.DrawFn) -> Trial:
    """Between uint8, uint16 and float32, scaled and cast; floats a little outside of 0..1 saturate."""
    images = draw(batches())
    target = draw(st.sampled_from(["uint8", "uint16", "float32"]), label="to")
    scale = draw(st.booleans(), label="scale")
    source = images[0].dtype
    if source == np.float32:
        factor = np.float32(draw(st.sampled_from([1.0, 1.5, 300.0, -2.0]), label="times"))
        images = [image * factor for image in images]
    done = [reference.convert_dtype(image, getattr(np, target), scale) for image in images]
    peer: list[Image | None] = [None] * len(images)
    if scale and source != np.float32:
        theirs = v1.convert_image_dtype if target == "float32" else partial(v2.to_dtype, scale=True)
        peer = [channels_last(theirs(planar(image), getattr(torch, target))) for image in images]
    return Trial(Convert(target, scale), images, done, peer)


@st.composite
def narrow(draw: st.DrawFn) -> Trial:
    """float32 and integers to float16 and bfloat16: the float32 result, rounded once."""
    images = draw(batches())
    target = draw(st.sampled_from(["float16", "bfloat16"]), label="to")
    scale = draw(st.booleans(), label="scale")
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[images[0].dtype.name] if scale else 1
    wide = [image.astype(np.float32) / np.float32(full) for image in images]
    done = [round_to(np.ascontiguousarray(x), target) for x in wide]
    return Trial(Convert(target, scale), images, done)
