"""Remap of every kind, border and dtype; cv2.remap is the peer."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from hypothesis import strategies as st

import reference.remap as oracle
from images import Image
from parity.trial import Trial, batches, ints, masked, where_active
from twinlens.steps import Remap
from twinlens.steps.remap.step import BORDERS

SEEDS = st.sampled_from([0, -1, 2**63 - 1]) | st.integers(-(2**63), 2**63 - 1)
_CV_BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "reflect_101": cv2.BORDER_REFLECT_101,
    "replicate": cv2.BORDER_REPLICATE,
}


def _opencv(image: Image, xs: Any, ys: Any, border: str, fill: Any, nearest: bool) -> Image | None:
    # OpenCV takes images of two channels another way, in fixed point with fractions of 5 bits
    if (
        image.shape[2] not in (1, 3, 4)
        or (border == "reflect_101" and 1 in image.shape[:2])
        or image.dtype == np.float32
    ):
        return None
    colour = np.broadcast_to(np.asarray(fill, float), (image.shape[2],)).tolist()
    method = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    dense = np.ascontiguousarray(image)
    done = cv2.remap(dense, xs, ys, method, borderMode=_CV_BORDERS[border], borderValue=[*colour, 0, 0, 0][:4])
    return done.reshape(image.shape)


def _numbers(draw: st.DrawFn, kind: str, images: list[Image]) -> tuple[Any, dict[str, Any]]:
    """`values`, and what else the step is told."""
    if kind == "elastic":
        scale = st.sampled_from([0.0, 1e-4, 0.003])
        return np.array([(draw(scale), draw(scale)) for _ in images]), {
            "seed": ints([draw(SEEDS, label="seed") for _ in images]),
            "taps_x": draw(st.sampled_from([(32768,), (12768, 7000, 3000), (2768, 5000, 4000, 3000, 2000, 1000)])),
            "taps_y": draw(st.sampled_from([(32768,), (12768, 10000)])),
        }
    if kind == "grid":
        w, h = (max(image.shape[axis] for image in images) + 1 for axis in (1, 0))
        places = st.floats(-9, 30, width=32) | st.integers(-3, 20).map(lambda n: n + 0.5)
        rows = [draw(st.lists(places, min_size=w + h, max_size=w + h)) for _ in images]
        return np.array(rows, float), {"columns": w}
    if kind == "field":
        h, w = images[0].shape[:2]
        shifts = st.floats(-9, 9, width=32) | st.sampled_from([0.0, 0.5, -1.0])
        few = [draw(st.lists(shifts, min_size=5, max_size=5)) for _ in images]
        return np.array([np.resize(row, 2 * h * w) for row in few], float), {}
    rows = []
    for image in images:
        h, w = image.shape[:2]
        k = [draw(st.floats(-1.5, 1.5), label="k") for _ in range(2)]
        rows.append([w / 2 - 0.5, h / 2, 1 / w, 1 / h, w, h, w / 2, draw(st.floats(0, h)), *k])
    return np.array(rows, float), {}


def _map(kind: str, image: Image, values: Any, rest: dict[str, Any], i: int) -> tuple[Any, Any]:
    h, w = image.shape[:2]
    if kind == "elastic":
        return oracle.elastic_map(h, w, int(rest["seed"][i]), values, list(rest["taps_x"]), list(rest["taps_y"]))
    if kind == "field":
        return oracle.field_map(h, w, values)
    if kind == "radial":
        return oracle.radial_map(h, w, values)
    across = rest["columns"]
    xs, ys = (part.astype(np.float32) for part in (values[:w], values[across : across + h]))
    return np.broadcast_to(xs, (h, w)).copy(), np.broadcast_to(ys[:, None], (h, w)).copy()


@st.composite
def remap(draw: st.DrawFn, kind: Any) -> Trial:
    """One kind of map."""
    channels = draw(st.sampled_from([1, 2, 3, 3, 4, 5]))
    images = draw(batches(channels=(channels,), max_side=18))
    if kind == "field":  # of one size
        images = [np.roll(images[0], i, 0) for i in range(len(images))]
    active = masked(draw, images)
    border: Any = draw(st.sampled_from(BORDERS), label="border")
    nearest = draw(st.booleans(), label="nearest")
    values, rest = _numbers(draw, kind, images)
    level = st.floats(-2, 2, width=32) if images[0].dtype == np.float32 else st.integers(0, 255)
    length = draw(st.sampled_from([1, channels]))
    fill = [draw(st.lists(level, min_size=length, max_size=length), label="fill") for _ in images]
    done, peer = [], []
    for i, image in enumerate(images):
        places = _map(kind, image, values[i], rest, i)
        done.append(oracle.remap(image, *places, border, fill[i], nearest))
        peer.append(_opencv(image, *places, border, fill[i], nearest) if active[i] else None)
    step = Remap(kind, values, border, nearest, np.array(fill, float), active=active, **rest)
    return Trial(step, images, where_active(active, done, images), peer)
