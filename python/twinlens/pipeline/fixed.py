"""The short way for one image through a pipeline that draws nothing: what was prepared for its size is run again.

A call of the general way costs Python some hundred microseconds of lowering; for a fixed pipeline all of it depends on
the size, dtype and kind of the image only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from twinlens import _native, engines
from twinlens.pipeline.containers import pil_holds, pil_pixels
from twinlens.pipeline.images import read
from twinlens.pipeline.run import lower_units
from twinlens.pipeline.trace import Trace
from twinlens.steps.spec import DTYPES

if TYPE_CHECKING:
    from twinlens.steps import NativeOp
    from twinlens.transforms.base import Transform

__all__ = ["MISS", "call"]

MISS = object()  # the general way must be taken

_CODES = {name: code for code, name in enumerate(DTYPES)}
_PIL_MODES = ("L", "RGB", "RGBA")
_KEPT = 256


@dataclass(frozen=True, slots=True)
class _Prepared:
    """One native call. `lists` and `versions` tell whether the pipeline is still what it was."""

    ops: list[NativeOp]
    codes: tuple[int, int]
    in_chw: bool
    tensor: bool  # the result is a tensor, channels first
    shape: tuple[int, ...]
    dtype: Any
    pil: bool
    lists: list[tuple[list[Any], list[Any]]]
    versions: list[tuple[Transform, int]]

    def current(self) -> bool:
        """Whether the parts of the pipeline are those that were prepared."""
        # Plain loops, for a generator costs a microsecond.
        for now, then in self.lists:
            if now != then:
                return False
        for transform, version in self.versions:  # noqa: SIM110
            if transform.version != version:
                return False
        return True

    def run(self, image: Any) -> Any:
        """The result for an image of the prepared kind."""
        if self.in_chw:
            source = image.detach().numpy()
        else:
            source = image if isinstance(image, np.ndarray) else pil_pixels(image)
        if not self.tensor:
            done = np.empty(self.shape, self.dtype)
            _native.run([source], [done], self.ops, *self.codes, self.in_chw, False, 1)
            return Image.fromarray(done) if self.pil else done
        made = torch.empty(self.shape, dtype=self.dtype, device="cpu")
        target = (made.view(torch.int16) if self.dtype is torch.bfloat16 else made).numpy()
        _native.run([source], [target], self.ops, *self.codes, self.in_chw, True, 1)
        return made


def call(root: Transform, image: Any) -> Any:
    """The result, or MISS."""
    if engines.forced() not in (None, "native"):
        return MISS
    kind = type(image)
    where: Any
    if kind is np.ndarray:
        if not (image.dtype.isnative and image.flags.aligned):
            return MISS
        where = (image.shape, image.dtype.char)
    elif kind is torch.Tensor:
        if image.device.type != "cpu" or image.dtype == torch.bfloat16:
            return MISS
        where = (image.shape, image.dtype)
    elif isinstance(image, Image.Image) and image.mode in _PIL_MODES:
        where = (image.size, image.mode)
    else:
        return MISS
    found = root.plans.get(where)
    if found is None or (found is not MISS and not found.current()):
        found = _prepare(root, image)
        if len(root.plans) >= _KEPT:
            root.plans.clear()
        root.plans[where] = found
    return MISS if found is MISS else found.run(image)


def _prepare(root: Transform, image: Any) -> Any:
    """The native call for images like this one; MISS where the short way cannot serve them."""
    units = root.units("")
    if root.random or root.opaque or not units:
        return MISS
    images = read(image)
    if not images.single or images.spec.dtype not in DTYPES[:3]:
        return MISS
    plan, container = lower_units(units, Trace(images.spec, np.zeros(1, np.uint64), images.kind))
    ops = [op for step, before, _ in plan.placed if (op := step.native(before)) is not None]
    spec = plan.after
    if (
        len(ops) < len(plan.placed)
        or not ops
        or container == "tv_image"
        or (container == "ndarray" and spec.dtype == "bfloat16")
    ):
        return MISS
    if container == "pil" and not pil_holds(spec):
        return MISS
    h, w, c = spec.shape(0)
    tensor = container == "tensor"
    # (H, W) stays so, but for an array that becomes a tensor; a gray PIL image is made of (H, W).
    flat = c == 1 and (container == "pil" or (images.flat and container == images.kind))
    shape = (h, w) if flat else (c, h, w) if tensor else (h, w, c)
    return _Prepared(
        ops,
        (_CODES[images.spec.dtype], _CODES[spec.dtype]),
        images.batch.chw,
        tensor,
        shape,
        getattr(torch, spec.dtype) if tensor else np.dtype(spec.dtype),
        container == "pil",
        [(part, list(part)) for part in _lists(root)],
        [(unit, unit.version) for _, unit in units],
    )


def _lists(root: Transform) -> list[list[Any]]:
    """The lists of parts, of all composites within."""
    parts = getattr(root.config, "transforms", None)
    if parts is None:
        return []
    inner = [found for part in parts if hasattr(part, "config") for found in _lists(part)]
    return [parts, *inner]
