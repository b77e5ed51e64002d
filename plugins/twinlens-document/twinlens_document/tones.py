"""Fields laid over pages: 8-bit, saturating, pixel by pixel, every result one number whoever computes it.

On the CPU OpenCV has these in one pass over memory, elsewhere torch computes the same integers.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from twinlens.engines import kornia, native
from twinlens.engines.batch import Batch
from twinlens.engines.memory import empty_array
from twinlens.errors import InputError
from twinlens.steps import Lut, Spec, Step
from twinlens.steps.base import place
from twinlens_document import host

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PageStep", "Tone", "blank", "by_torch", "coloured", "interleaved", "laid", "layered", "like", "through"]

Bytes = NDArray[np.uint8]

#: darken: the smaller value. lighten: the larger. remove: x - f. add: x + f. multiply: rint(x * f / 255)
Tone = Literal["darken", "lighten", "remove", "add", "multiply"]
_CACHED = 1 << 18  # samples that are taken through all layers at once


def layered(tone: Tone, x: torch.Tensor, field: torch.Tensor) -> torch.Tensor:
    """x (B, C, H, W) with a field (1 or B, 1 or C, H, W) over it; both uint8 on one device, the result too."""
    return laid(x, (tone, field))


def laid(x: torch.Tensor, *layers: tuple[Tone, torch.Tensor]) -> torch.Tensor:
    """x with several fields over it, one after the other; shapes as for `layered`."""
    if host.serves(x):
        return _by_opencv(x, layers)
    for tone, field in layers:
        x = by_torch(tone, x, field)
    return x


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


def _by_opencv(x: torch.Tensor, layers: Sequence[tuple[Tone, torch.Tensor]]) -> torch.Tensor:
    """All layers on some rows, then on the next ones: what is in between stays in the processor's cache."""
    done = blank(x)
    channels, h = x.shape[1:3]
    for i in range(len(x)):
        together = channels > 1 and interleaved(x[i])
        for k in [slice(None)] if together else [slice(k, k + 1) for k in range(channels)]:
            page, out = (_rows(t[i, k]) for t in (x, done))
            fields = [(tone, _planes(field[i % len(field)], k)) for tone, field in layers]
            step = max(_CACHED // page.shape[1], 1)
            for y in range(0, h, step):
                _lay(page[y : y + step], out[y : y + step], [(tone, f[y : y + step]) for tone, f in fields])
    return done


def _rows(t: torch.Tensor) -> Bytes:
    """(H, W * C) of a page (C, H, W) that lies pixel by pixel, or of one plane."""
    return np.ascontiguousarray(t.permute(1, 2, 0).numpy()).reshape(t.shape[1], -1)


def _planes(field: torch.Tensor, channels: slice) -> Bytes:
    """(H, W, 1 or C) of a field (1 or C, H, W)."""
    chosen = field if len(field) == 1 else field[channels]
    return chosen.permute(1, 2, 0).numpy()


def _lay(x: Bytes, out: Bytes, layers: Sequence[tuple[Tone, Bytes]]) -> None:
    """Some rows of a page, (n, W * C), under fields (n, W, 1 or C)."""
    import cv2

    run: dict[Tone, Any] = {"darken": cv2.min, "lighten": cv2.max, "remove": cv2.subtract, "add": cv2.add}
    for tone, field in layers:
        part = _widened(field, x.shape[1] // field.shape[1]).reshape(x.shape)
        if tone == "multiply":
            cv2.multiply(x, part, dst=out, scale=1.0 / 255.0)
        else:
            run[tone](x, part, dst=out)
        x = out


def _widened(field: Bytes, channels: int) -> Bytes:
    """(n, W, C) dense, of (n, W, 1 or C)."""
    import cv2

    if field.shape[2] == channels and field.flags.c_contiguous:
        return field
    planes = [np.ascontiguousarray(field[..., k]) for k in range(field.shape[2])]
    if channels == 1:
        return planes[0][..., None]
    return np.asarray(cv2.merge(planes if len(planes) == channels else planes * channels), np.uint8)


def blank(x: torch.Tensor) -> torch.Tensor:
    """Memory on the host for a page like x, pixels together where x has them together; with anything in it."""
    b, c, h, w = x.shape
    if c > 1 and b and interleaved(x[0]):
        return torch.from_numpy(empty_array((b, h, w, c), "uint8").transpose(0, 3, 1, 2))  # no view: nobody copies it
    return torch.from_numpy(empty_array((b, c, h, w), "uint8"))


def interleaved(chw: torch.Tensor) -> bool:
    """Whether the channels of a pixel lie side by side, without gaps."""
    return chw.permute(1, 2, 0).is_contiguous()


def like(field: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """A field (B, 1, H, W) in all channels of x, in the order that x has in memory."""
    channels = x.shape[1]
    if channels == 1:
        return field
    if not host.serves(x) or not (len(x) and interleaved(x[0])):
        return field.expand(-1, channels, -1, -1).contiguous()
    wide = blank(x)
    for page, out in zip(field, wide, strict=True):
        out.permute(1, 2, 0).numpy()[:] = _widened(_planes(page, slice(None)), channels)
    return wide


def joined(planes: Sequence[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Planes (B, 1, H, W) as the channels of one page, in the order that x has in memory."""
    if not host.serves(x) or not (len(x) and interleaved(x[0])):
        return torch.cat(list(planes), 1)
    import cv2

    wide = blank(x)
    for i, out in enumerate(wide):
        layers = [np.ascontiguousarray(plane[i, 0].numpy()) for plane in planes]
        cv2.merge(layers, dst=out.permute(1, 2, 0).numpy())
    return wide


def apart(x: torch.Tensor) -> list[torch.Tensor]:
    """The channels of a page, (B, 1, H, W) each."""
    if not host.serves(x) or not (len(x) == 1 and interleaved(x[0])):
        return [x[:, k : k + 1] for k in range(x.shape[1])]
    import cv2

    pixels, channels = x[0].permute(1, 2, 0).numpy(), range(x.shape[1])
    return [torch.from_numpy(np.asarray(cv2.extractChannel(pixels, k)))[None, None] for k in channels]


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


def coloured(field: torch.Tensor, tables: Bytes, x: torch.Tensor) -> torch.Tensor:
    """(B, C, H, W) of a field (B, 1, H, W): through tables (1 or B, C, 256), one a channel; in the order of x."""
    parts = [through(field, [Lut(tables[:, k : k + 1])]) for k in range(tables.shape[1])]
    return parts[0] if len(parts) == 1 else joined(parts, x)


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
