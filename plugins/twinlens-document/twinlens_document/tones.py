"""Fields laid over pages: 8-bit, saturating, pixel by pixel, every result one number whoever computes it.

On the CPU OpenCV has these in one pass over memory, elsewhere torch computes the same integers.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from twinlens.engines import kornia, native
from twinlens.engines.batch import Batch
from twinlens.errors import InputError
from twinlens.steps import Spec, Step
from twinlens.steps.base import place
from twinlens_document import host

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PageStep", "Tone", "by_torch", "layered", "like", "through"]

#: darken: the smaller value. lighten: the larger. remove: x - f. add: x + f. multiply: rint(x * f / 255)
Tone = Literal["darken", "lighten", "remove", "add", "multiply"]
_TONES = get_args(Tone)


def layered(tone: Tone, x: torch.Tensor, field: torch.Tensor) -> torch.Tensor:
    """x (B, C, H, W) with a field (1 or B, 1 or C, H, W) over it; both uint8 on one device, the result too."""
    return _by_opencv(tone, x, field) if host.serves(x) else by_torch(tone, x, field)


def by_torch(tone: Tone, x: torch.Tensor, field: torch.Tensor) -> torch.Tensor:
    """`layered` in torch, on any device."""
    if tone == "darken":
        return torch.minimum(x, field)
    if tone == "lighten":
        return torch.maximum(x, field)
    if tone == "remove":
        return x - torch.minimum(x, field)
    if tone == "add":
        return x + torch.minimum(255 - x, field)
    t = x.to(torch.int32) * field + 128  # 255 is odd: no product lies in the middle between two integers
    return ((t + (t >> 8)) >> 8).to(torch.uint8)


def _by_opencv(tone: Tone, x: torch.Tensor, field: torch.Tensor) -> torch.Tensor:
    import cv2

    done = torch.empty_like(x)
    run: dict[Tone, Any] = {"darken": cv2.min, "lighten": cv2.max, "remove": cv2.subtract, "add": cv2.add}
    for a, b, out in _planes(x, field, done):
        if tone == "multiply":
            cv2.multiply(a, b, dst=out, scale=1.0 / 255.0)
        else:
            run[tone](a, b, dst=out)
    return done


def _planes(x: torch.Tensor, field: torch.Tensor, done: torch.Tensor) -> Iterator[tuple[Any, Any, Any]]:
    """2-D arrays of the same samples of the page, the field and the result: views wherever memory allows it."""
    _, channels, h, w = x.shape
    for i in range(len(x)):
        a, out, b = x[i], done[i], field[i % len(field)]
        if channels > 1 and _interleaved(a) and _interleaved(out):
            layers = np.ascontiguousarray(_merged(b, channels))
            yield _flat(a), layers.reshape(h, w * channels), _flat(out)
            continue
        for k in range(channels):
            page, over = (np.ascontiguousarray(t.numpy()) for t in (a[k], b[k % len(b)]))
            if out[k].is_contiguous():
                yield page, over, out[k].numpy()
            else:
                result = np.empty_like(page)
                yield page, over, result
                out[k].copy_(torch.from_numpy(result))


def _interleaved(chw: torch.Tensor) -> bool:
    return chw.permute(1, 2, 0).is_contiguous()


def _merged(field: torch.Tensor, channels: int) -> NDArray[np.uint8]:
    """(H, W, C) of a field (1 or C, H, W)."""
    import cv2

    if len(field) == channels and _interleaved(field):
        return field.permute(1, 2, 0).numpy()
    layers = [np.ascontiguousarray(layer.numpy()) for layer in field]
    return np.asarray(cv2.merge(layers * channels if len(layers) == 1 else layers), np.uint8)


def like(field: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """A field (B, 1, H, W) in all channels of x, in the order that x has in memory."""
    channels = x.shape[1]
    if channels == 1:
        return field
    if not host.serves(x) or not (len(x) and _interleaved(x[0])):
        return field.expand(-1, channels, -1, -1).contiguous()
    return torch.from_numpy(np.stack([_merged(page, channels) for page in field])).permute(0, 3, 1, 2)


def _flat(chw: torch.Tensor) -> NDArray[np.uint8]:
    array: NDArray[np.uint8] = chw.permute(1, 2, 0).numpy().reshape(chw.shape[1], -1)
    return array


def through(x: torch.Tensor, steps: Sequence[Step]) -> torch.Tensor:
    """An image or a field (B, C, H, W) after `steps`: by the native core on the CPU, by their twins elsewhere."""
    spec = Spec.of([(x.shape[2], x.shape[3], x.shape[1])] * len(x), "uint8")
    if not len(x):
        after = place(steps, spec)[-1][2]
        done: torch.Tensor = x.new_zeros((0, after.channels or x.shape[1], *x.shape[2:]))
        return done
    if not host.serves(x):
        return torch.as_tensor(kornia.run(list(steps), Batch(x, spec, True)).data)
    interleaved = x.shape[1] > 1 and x.permute(0, 2, 3, 1).is_contiguous()
    batch = Batch(x.permute(0, 2, 3, 1) if interleaved else x, spec, not interleaved)
    done = native.run(place(steps, spec), batch, chw=not interleaved, tensors=True).data
    return done.permute(0, 3, 1, 2) if interleaved else done


@dataclass(frozen=True, eq=False)
class PageStep(Step):
    """Base of the steps that change 8-bit pages where they are: sizes stay, alpha stays, targets stay."""

    def result(self, spec: Spec) -> Spec:
        if spec.dtype != "uint8":
            raise InputError(f"{type(self).__name__}: takes uint8 pages, the image is {spec.dtype}")
        return spec

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        if not len(x):
            return x
        if spec.alpha and x.shape[1] > 1:
            return torch.cat((self.painted(x[:, :-1]), x[:, -1:]), 1)
        return self.painted(x)

    @abstractmethod
    def painted(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W), B at least 1, without alpha, to the same."""
