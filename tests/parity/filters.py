"""Trials of the filters: sharpness and blurs."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import PIL.Image
from hypothesis import strategies as st
from PIL import ImageEnhance

import reference
from images import Image
from parity.trial import Trial, batches, ints, masked, where_active
from twinlens.steps import BoxFilter, Convolve, GaussianBlur, Sharpness, UnsharpMask


def _pillow_sharpness(image: Image, factor: float) -> Image | None:
    if image.dtype != np.uint8 or image.shape[2] not in (1, 3):
        return None
    picture = PIL.Image.fromarray(np.ascontiguousarray(image if image.shape[2] == 3 else image[..., 0]))
    return np.asarray(ImageEnhance.Sharpness(picture).enhance(factor)).reshape(image.shape)


@st.composite
def sharpness(draw: st.DrawFn) -> Trial:
    """A factor of its own for every image."""
    images = draw(batches(max_side=24))
    active = masked(draw, images)
    some = st.sampled_from([0.0, 0.3, 1.0, 1.9, 9.0]) | st.floats(0, 12)
    factors = [draw(some, label="factor") for _ in images]
    done = [reference.sharpness(a, f) for a, f in zip(images, factors, strict=True)]
    peer = [_pillow_sharpness(a, f) for a, f in zip(images, factors, strict=True)]
    step = Sharpness(np.array(factors), active=active)
    return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))


def _opencv(image: Image, call: Any) -> Image | None:
    """The integer result; OpenCV's float sums are in another order."""
    if image.dtype == np.float32 or image.shape[2] > 4:
        return None
    return call(np.ascontiguousarray(image)).reshape(image.shape)


def _opencv_gaussian(image: Image, ksize: tuple[int, int], sigma: tuple[float, float]) -> Image | None:
    if sigma[1] == 0 and sigma[0] != 0:
        return None  # a second sigma of 0 means the first to OpenCV
    return _opencv(image, lambda x: cv2.GaussianBlur(x, ksize, sigma[0], None, sigma[1]))


def _opencv_box(image: Image, ksize: tuple[int, int]) -> Image | None:
    """OpenCV divides sums over an even number of pixels by a reciprocal that can round a mean of equal values up."""
    return None if ksize[0] * ksize[1] % 2 == 0 else _opencv(image, lambda x: cv2.blur(x, ksize))


def _sizes(draw: st.DrawFn, images: list[Image], some: st.SearchStrategy[int]) -> list[tuple[int, int]]:
    """One size for all, or one an image."""
    pair = st.tuples(some, some)
    return draw(pair.map(lambda p: [p]) | st.lists(pair, min_size=len(images), max_size=len(images)), label="ksize")


def _each(values: list[Any], images: list[Image]) -> list[Any]:
    return values * len(images) if len(values) == 1 else values


def gaussian(semantics: Any) -> st.SearchStrategy[Trial]:
    """Sizes and sigmas of its own for every image, or the same for all."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        images = draw(batches(channels=(1, 3, 4, 5), max_side=19))
        active = masked(draw, images)
        sizes = _sizes(draw, images, st.sampled_from([1, 3, 3, 5, 5, 7, 9, 11, 15]))
        one = st.sampled_from([0.0, 0.5, 0.8, 1.5, 4.0]) | st.floats(0.1, 5)
        sigmas = [draw(st.tuples(one, one), label="sigma") for _ in sizes]
        both = list(zip(images, _each(sizes, images), _each(sigmas, images), strict=True))
        done = [reference.gaussian_blur(*args, semantics) for args in both]
        peer: list[Image | None] = [None] * len(images)
        if semantics == "opencv":
            peer = [_opencv_gaussian(*args) for args in both]
        step = GaussianBlur(ints(sizes), np.array(sigmas), semantics, active=active)
        return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))

    return trials()


@st.composite
def box(draw: st.DrawFn) -> Trial:
    """Windows of its own for every image, even ones too."""
    images = draw(batches(channels=(1, 3, 4, 5), max_side=19))
    active = masked(draw, images)
    sizes = _sizes(draw, images, st.one_of(st.integers(1, 8), st.integers(11, 13)))
    done = [reference.box_filter(a, k) for a, k in zip(images, _each(sizes, images), strict=True)]
    peer = [_opencv_box(a, k) for a, k in zip(images, _each(sizes, images), strict=True)]
    step = BoxFilter(ints(sizes), active=active)
    return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))


def _opencv_filter(image: Image, kernel: Image) -> Image | None:
    """The last elements of a row, fewer than four, have products rounded by themselves: left out."""
    theirs = _opencv(image, lambda x: cv2.filter2D(x, -1, kernel.astype(np.float32)))
    if theirs is None or image.dtype != np.uint8:
        return None
    h, w, c = image.shape
    body = w * c // 4 * 4
    merged = reference.filter2d(image, kernel).reshape(h, w * c)
    merged[:, :body] = theirs.reshape(h, w * c)[:, :body]
    return merged.reshape(image.shape)


@st.composite
def filter2d(draw: st.DrawFn) -> Trial:
    """A kernel of its own for every image, with zeros in it, or one for all."""
    images = draw(batches(channels=(1, 3, 4, 5), max_side=12, max_images=2))
    active = masked(draw, images)
    rows, columns = (draw(st.integers(1, 5), label="kernel size") for _ in range(2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1), label="seed"))
    kernels = rng.normal(0.3, 0.4, (draw(st.sampled_from([1, len(images)])), rows, columns))
    kernels[rng.random(kernels.shape) < 0.3] = 0
    each = list(zip(images, _each(list(kernels), images), strict=True))
    done = [reference.filter2d(a, k) for a, k in each]
    peer = [_opencv_filter(a, k) for a, k in each]
    step = Convolve(kernels, active=active)
    return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))


@st.composite
def unsharp(draw: st.DrawFn) -> Trial:
    """A strength of its own for every image."""
    images = draw(batches(channels=(1, 3, 4), max_side=14, max_images=2))
    active = masked(draw, images)
    sizes = _sizes(draw, images, st.sampled_from([3, 5, 7]))
    sigmas = [(s, s) for s in (draw(st.sampled_from([0.0, 0.7, 2.0]), label="sigma") for _ in sizes)]
    alphas = [draw(st.floats(0, 1), label="alpha") for _ in images]
    threshold = draw(st.integers(0, 30), label="threshold")
    both = zip(images, _each(sizes, images), _each(sigmas, images), alphas, strict=True)
    done = [reference.unsharp_mask(*args, threshold) for args in both]
    step = UnsharpMask(ints(sizes), np.array(sigmas), np.array(alphas), threshold, active=active)
    return Trial(step, images, where_active(active, done, images))
