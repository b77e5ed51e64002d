"""Resample: resize a window of an image, and keep a region of the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from twinlens.errors import InputError
from twinlens.steps.base import NativeOp, Step, columns, int_rows, real_rows
from twinlens.steps.device import to_device
from twinlens.steps.flip import Flip
from twinlens.steps.frozen import changed
from twinlens.steps.spec import Bools, Ints, Reals, Spec

if TYPE_CHECKING:
    import torch

__all__ = ["ANTIALIASED", "METHODS", "Resample"]

#: methods in the order of the native core's codes: Pillow's filters, then nearest and OpenCV's
METHODS = (
    "box", "bilinear", "hamming", "bicubic", "lanczos",
    "nearest", "nearest_exact", "linear", "linear_exact", "area", "cubic",
)  # fmt: skip
ANTIALIASED = METHODS[:5]


@dataclass(frozen=True, eq=False)
class Resample(Step):
    """Resize to (out_h, out_w), each (1,) or (B,) int64.

    roi: (n, 4) y, x, h, w of the result that is kept (None: all). window: (n, 4) y, x, h, w of the source that is
    resized (None: all). box: (n, 4) x0, y0, x1, y1 within the window, fractional, antialiased methods only (None: all).
    flip: (n, 2) whether what is kept is then mirrored left-right, top-bottom (None: no).
    """

    method: str
    out_h: Ints
    out_w: Ints
    roi: Ints | None = None
    window: Ints | None = None
    box: Reals | None = None
    flip: Bools | None = None

    moves: ClassVar[bool] = True

    def result(self, spec: Spec) -> Spec:
        if self.method not in METHODS:
            raise InputError(f"Resample: method={self.method!r} is not one of {', '.join(METHODS)}")
        if spec.dtype not in ("uint8", "uint16", "float32") and not self._nearest(spec):
            raise InputError(f"Resample: the image is {spec.dtype}; it takes uint8, uint16 and float32")
        if self.roi is not None:
            return spec.but(h=self.roi[:, 2], w=self.roi[:, 3])
        return spec.sized(self.out_h, self.out_w)

    def _nearest(self, spec: Spec) -> bool:
        return spec.indexed or self.method.startswith("nearest")

    def _method(self, spec: Spec) -> str:
        """Values that are names are never mixed: Pillow resizes modes P and 1 by its NEAREST whatever is asked for."""
        return "nearest_exact" if spec.indexed and not self.method.startswith("nearest") else self.method

    def signature(self, spec: Spec) -> Ints:
        columns = [*np.broadcast_arrays(spec.h, self.out_h, self.out_w), spec.c]
        if self.roi is not None:
            columns += [np.broadcast_to(self.roi[:, i], spec.h.shape) for i in (2, 3)]
        return np.stack(columns[1:], 1)

    def native(self, spec: Spec) -> NativeOp | None:
        if spec.dtype not in ("uint8", "uint16", "float32"):
            return None
        premultiply = int(spec.alpha and spec.dtype == "uint8" and self._method(spec) in ANTIALIASED)
        roi = (0, 0, self.out_h, self.out_w) if self.roi is None else (self.roi,)
        window = (0, 0, 0, 0) if self.window is None else (self.window,)
        flip = (0, 0) if self.flip is None else (self.flip,)
        method = METHODS.index(self._method(spec))
        ints = int_rows(self.active, method, self.out_h, self.out_w, *roi, *window, premultiply, *flip)
        return 1, ints, real_rows(self._box(spec))

    def _roi(self) -> Ints:
        return columns(0, 0, self.out_h, self.out_w)

    def _window(self, spec: Spec) -> Ints:
        if self.window is not None:
            return np.broadcast_to(self.window, (len(spec), 4))
        zero = np.zeros_like(spec.h)
        return columns(zero, zero, spec.h, spec.w)

    def _box(self, spec: Spec) -> Reals:
        if self.box is not None:
            return self.box
        h, w = (spec.h, spec.w) if self.window is None else (self.window[:, 2], self.window[:, 3])
        return columns(0, 0, w, h).astype(np.float64)

    def mirroring(self) -> Flip | None:
        """The flip of what is kept, as a step of its own."""
        return None if self.flip is None else Flip(self.flip[:, 0], self.flip[:, 1])

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        y, flip = self._resampled(x, spec), self.mirroring()
        return y if flip is None else flip.batched(y, spec)

    def _resampled(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        batch = len(spec)
        method = self._method(spec)
        roi = np.broadcast_to(self._roi() if self.roi is None else self.roi, (batch, 4))
        window = self._window(spec)
        if method not in ANTIALIASED:
            from twinlens.steps.resample.torch_opencv import resample_opencv

            size = (int(self.out_h[0]), int(self.out_w[0]))
            return resample_opencv(x, method, size, window, roi[:, :2], (int(roi[0, 2]), int(roi[0, 3])))
        from twinlens.steps.resample.torch_pillow import Axis, resample_pillow, resample_premultiplied

        box = np.broadcast_to(self._box(spec), (batch, 4))
        out_h, out_w = (np.broadcast_to(v, (batch,)) for v in (self.out_h, self.out_w))
        columns = Axis(window[:, 1], window[:, 3], box[:, 0], box[:, 2], out_w, roi[:, 1], int(roi[0, 3]))
        rows = Axis(window[:, 0], window[:, 2], box[:, 1], box[:, 3], out_h, roi[:, 0], int(roi[0, 2]))
        premultiply = spec.alpha and spec.dtype == "uint8"
        return (resample_premultiplied if premultiply else resample_pillow)(x, METHODS.index(method), columns, rows)

    def mask(self) -> Step | None:
        if self.box is not None:
            raise InputError("Resample: a fractional box has no nearest-neighbour form for masks")
        return changed(self, method="nearest_exact")

    def _scale(self, spec: Spec) -> tuple[Reals, Reals]:
        """Offset before and factor of (x, y), each (B, 2); the region's offset comes after."""
        window = self._window(spec)
        box = np.broadcast_to(self._box(spec), (len(spec), 4))
        offset = np.stack((window[:, 1] + box[:, 0], window[:, 0] + box[:, 1]), 1)
        factor = np.stack((self.out_w / (box[:, 2] - box[:, 0]), self.out_h / (box[:, 3] - box[:, 1])), 1)
        return offset, factor

    def _points(self, xy: torch.Tensor, spec: Spec) -> torch.Tensor:
        """torchvision's resize_keypoints and resize_bounding_boxes: coordinates times the ratio of sizes."""
        offset, factor = self._scale(spec)
        moved = (xy - to_device(offset, xy).unsqueeze(1)) * to_device(factor, xy).unsqueeze(1)
        if self.roi is None:
            return moved
        return moved - to_device(self.roi[:, 1::-1].copy(), xy).unsqueeze(1)

    def boxes(self, xyxy: torch.Tensor, spec: Spec) -> torch.Tensor:
        import torch

        moved = torch.cat((self._points(xyxy[..., :2], spec), self._points(xyxy[..., 2:], spec)), -1)
        flip = self.mirroring()
        return moved if flip is None else flip.boxes(moved, self.result(spec))

    def keypoints(self, xy: torch.Tensor, spec: Spec) -> torch.Tensor:
        moved, flip = self._points(xy, spec), self.mirroring()
        return moved if flip is None else flip.keypoints(moved, self.result(spec))

    def mirrors(self) -> Bools:
        flip = self.mirroring()
        return super().mirrors() if flip is None else flip.mirrors()
