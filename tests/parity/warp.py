"""Trials of the steps that turn and warp: symmetries of the grid, affine and perspective maps."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
from hypothesis import strategies as st

import reference
from images import Image
from parity.trial import Trial, batches, ints, masked, where_active
from twinlens.steps import Transpose, Warp

_RESAMPLING = {"nearest": 0, "bilinear": 2, "bicubic": 3}


@st.composite
def transpose(draw: st.DrawFn) -> Trial:
    """Any of the eight symmetries, image by image."""
    images = draw(batches())
    active = masked(draw, images)
    transposed, horizontal, vertical = (masked(draw, images) for _ in range(3))
    done = []
    for image, t, h, v in zip(images, transposed, horizontal, vertical, strict=True):
        out = np.swapaxes(image, 0, 1) if t else image
        out = out[:, ::-1] if h else out
        done.append(out[::-1] if v else out)
    step = Transpose(transposed, horizontal, vertical, active=active)
    return Trial(step, images, where_active(active, done, images))


def _matrix(draw: st.DrawFn, h: int, w: int, perspective: bool) -> list[float]:
    """Near the identity, or far from it, or without shear, or a shift alone, about the middle of the image."""
    number = st.floats(-2, 2).map(lambda v: round(v, 3))
    a, b, d, e = (draw(number, label="matrix") for _ in range(4))
    kind = draw(st.sampled_from(["any", "any", "turn", "scale", "shift"]), label="kind")
    if kind == "turn":
        angle = draw(st.floats(-4, 4), label="angle")
        a, b, d, e = np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)
    if kind in ("scale", "shift"):
        b = d = 0.0
    if kind == "shift":
        a = e = 1.0
    c, f = w / 2 - a * w / 2 - b * h / 2, h / 2 - d * w / 2 - e * h / 2
    shift = [draw(st.sampled_from([0.0, 0.5, 1.0, -2.25, 1e5]), label="shift") for _ in range(2)]
    tilt = [draw(st.floats(-0.02, 0.02), label="tilt") if perspective else 0.0 for _ in range(2)]
    return [float(v) for v in (a, b, c + shift[0], d, e, f + shift[1], *tilt)]


def _pillow(
    image: Image, matrix: list[float], size: tuple[int, int], fill: list[float], method: str, perspective: bool
) -> Image | None:
    modes = {(1, "uint8"): "L", (3, "uint8"): "RGB", (1, "float32"): "F"}
    if (image.shape[2], image.dtype.name) not in modes:
        return None
    plain = np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image)
    kind = PIL.Image.Transform.PERSPECTIVE if perspective else PIL.Image.Transform.AFFINE
    data = matrix if perspective else matrix[:6]
    color: Any = tuple(int(v) for v in fill) if image.dtype == np.uint8 else fill[0]
    color = color[0] if isinstance(color, tuple) and len(color) == 1 else color
    warped = PIL.Image.fromarray(plain).transform(size[::-1], kind, data, _RESAMPLING[method], fillcolor=color)
    return np.asarray(warped).reshape(*size, -1)


def _trial(draw: st.DrawFn, perspective: bool, **options: Any) -> Any:
    images = draw(batches(max_side=24, **options))
    active = masked(draw, images)
    sizes = [draw(st.tuples(st.integers(1, 12), st.integers(1, 70)), label="size") for _ in images]
    matrices = [_matrix(draw, *image.shape[:2], perspective) for image in images]
    whole = images[0].dtype != np.float32
    values = st.integers(0, np.iinfo(images[0].dtype).max) if whole else st.floats(-4, 4, width=32)
    same = len({image.shape[2] for image in images}) == 1
    length = images[0].shape[2] if same and draw(st.booleans(), label="fill by channel") else 1
    fill = draw(st.lists(values, min_size=length, max_size=length), label="fill")
    return images, active, sizes, matrices, [float(v) for v in fill]


def _step(method: str, trial: Any, perspective: bool) -> Warp:
    _, active, sizes, matrices, fill = trial
    return Warp(method, np.array(matrices), *ints(sizes).T, np.array([fill]), perspective, active=active)


def pillow(method: str, perspective: bool) -> st.SearchStrategy[Trial]:
    """Maps of their own for every image, to sizes of their own, beside Image.transform."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        trial = images, active, sizes, matrices, fill = _trial(draw, perspective)
        rows = [np.broadcast_to(fill, image.shape[2:]).tolist() for image in images]
        every = list(zip(images, matrices, sizes, rows, strict=True))
        done = [reference.pillow_warp(*one, method, perspective) for one in every]
        peer = [_pillow(*one, method, perspective) for one in every]
        step = _step(method, trial, perspective)
        return Trial(step, images, where_active(active, done, images), where_active(active, peer, images))

    return trials()


def opencv(method: str, perspective: bool) -> st.SearchStrategy[Trial]:
    """OpenCV's methods; the library itself is compared in the tests of the transforms, outside its last columns."""

    @st.composite
    def trials(draw: st.DrawFn) -> Trial:
        trial = images, active, sizes, matrices, fill = _trial(draw, perspective)
        rows = [np.broadcast_to(fill, image.shape[2:]).tolist() for image in images]
        linear = method == "cv_linear"
        done = [
            reference.opencv_warp(*one, linear, perspective) for one in zip(images, matrices, sizes, rows, strict=True)
        ]
        return Trial(_step(method, trial, perspective), images, where_active(active, done, images))

    return trials()


@st.composite
def premultiplied(draw: st.DrawFn) -> Trial:
    """LA and RGBA."""
    channels = draw(st.sampled_from([2, 4]), label="channels")
    method = draw(st.sampled_from(["bilinear", "bicubic"]), label="method")
    trial = images, active, sizes, matrices, fill = _trial(draw, False, dtypes=("uint8",), channels=(channels,))
    done = []
    for image, matrix, size in zip(images, matrices, sizes, strict=True):
        mode = "LA" if channels == 2 else "RGBA"
        h, w = image.shape[:2]
        color = tuple(int(v) for v in np.broadcast_to(fill, (channels,)))
        picture = PIL.Image.frombytes(mode, (w, h), np.ascontiguousarray(image).tobytes())
        warped = picture.transform(
            size[::-1], PIL.Image.Transform.AFFINE, matrix[:6], _RESAMPLING[method], fillcolor=color
        )
        done.append(np.asarray(warped).reshape(*size, channels))
    step = _step(method, trial, False)
    return Trial(step, images, where_active(active, done, images), alpha=True)
