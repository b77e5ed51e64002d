"""MarkText: lines of text found on the page itself, and marked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from twinlens.errors import InputError
from twinlens.steps import Spec, Step
from twinlens.steps.device import as_tensor
from twinlens_document import host
from twinlens_document.markup_host import mark

if TYPE_CHECKING:
    from twinlens.steps.spec import Ints, Reals

__all__ = ["KINDS", "KNEES", "MarkText"]

KINDS = ("highlight", "underline", "strikethrough", "crossed")
KNEES = 16  # places at which a hand's line changes its direction
_FINE = 16  # of a pixel
_SAMPLED = 320  # columns that are looked at


@dataclass(frozen=True, eq=False)
class MarkText(Step):
    """Marks on lines of text: highlighter multiplies, a pen covers what is paler.

    A row is of text where some of 320 columns, evenly spaced, are below 128 in a color; rows next to each other make a
    line. line, start, length: (1 or B, marks) float64 in 0..1, which of the lines is marked, from where and how far;
    length 0 for no mark. kind: (1 or B,) of KINDS. color: (1 or B, 1 or C) uint8. thickness: (1 or B,) int64, half a
    pen's width in 1/16 of a line's height. wobble: (1 or B, marks, KNEES) int64 in 1/256 of it. uint8; a page without
    text is left as it is. Integers alone, on every device.
    """

    line: Reals
    start: Reals
    length: Reals
    kind: Ints
    color: NDArray[np.uint8]
    thickness: Ints
    wobble: Ints

    def result(self, spec: Spec) -> Spec:
        if spec.dtype != "uint8":
            raise InputError(f"MarkText: takes uint8, the image is {spec.dtype}")
        wrong = (spec.c - int(spec.alpha) != self.color.shape[1]) & (self.color.shape[1] != 1)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise InputError(f"MarkText: a color of {self.color.shape[1]}, the image is {spec.shape(i)}")
        return spec

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        if not len(x):
            return x
        if spec.alpha and x.shape[1] > 1:
            return torch.cat((self._marked(x[:, :-1]), x[:, -1:]), 1)
        return self._marked(x)

    def _marked(self, x: torch.Tensor) -> torch.Tensor:
        if not host.serves(x):
            self._mark(x, done := x.clone())
            return done
        done = torch.from_numpy(host.copied(x).transpose(0, 3, 1, 2))
        for i in range(len(x)):
            self.select(np.array([i]) if len(self.kind) > 1 else np.array([0]))._mark(x[i : i + 1], done[i : i + 1])
        return done

    def _mark(self, x: torch.Tensor, done: torch.Tensor) -> None:
        """Marks `done`, a copy of x; in the host's memory both are one page."""
        h, w = x.shape[2:]
        stride = max(1, w // _SAMPLED)
        ink = reduce(torch.minimum, x[..., ::stride].unbind(1)) < 128
        number = _numbered(ink.to(torch.float32).sum(2) * 64 >= ink.shape[2], max(1, h // 400))
        count = number.amax(1)
        row = torch.arange(h, device=x.device)
        for k in np.flatnonzero((self.length > 0).any(0)).tolist():
            chosen = 1 + ((_fixed(self.line[:, k], x.device) * count) >> 16)
            of_line = (number == chosen[:, None]) & (count > 0)[:, None]
            top = torch.where(of_line, row, h).amin(1)
            bottom = torch.where(of_line, row + 1, 0).amax(1)
            if host.serves(x):
                ends = int(top[0]), int(bottom[0])
                start, length = self._span(ink[:, ends[0] : ends[1]].any(1), k, stride, w)
                mark(done[0].permute(1, 2, 0).numpy(), self, k, ends, (int(start[0]), int(length[0])))
            else:
                span = self._span((ink & of_line[:, :, None]).any(1), k, stride, w)
                self._draw(done, (top, bottom), span, k)

    def _span(self, inside: torch.Tensor, k: int, stride: int, w: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The first column of mark k, and how many; none where there is no ink."""
        at = torch.arange(inside.shape[1], device=inside.device)
        first = torch.where(inside, at, inside.shape[1]).amin(1) * stride
        last = torch.where(inside, at + 1, 0).amax(1) * stride
        long = (last - first).clamp(min=0)
        length = (long * _fixed(self.length[:, k], inside.device)) >> 16
        start = first + (((long - length) * _fixed(self.start[:, k], inside.device)) >> 16)
        return start, torch.minimum(length, w - start).clamp(min=0)

    def _draw(self, done: torch.Tensor, ends: Any, span: tuple[Any, Any], k: int) -> None:
        top, bottom = (v[:, None, None] for v in ends)
        start, length = (v[:, None, None] for v in span)
        y = torch.arange(done.shape[2], device=done.device)[None, :, None]
        height, along = (bottom - top).clamp(min=1), torch.arange(done.shape[3], device=done.device) - start
        wobble = self._wobble(along.clamp(min=0), length, height, k)
        pen = (as_tensor(self.thickness, done.device)[:, None, None] * height).clamp(min=_FINE // 2)
        slope = torch.div(along * height * _FINE, length.clamp(min=1), rounding_mode="floor")
        centres = (
            (1, bottom * _FINE + 2 * pen),
            (2, (top + bottom) * (_FINE // 2)),
            (3, top * _FINE + slope),
            (3, bottom * _FINE - slope),
        )
        kind, kinds = as_tensor(self.kind, done.device)[:, None, None], set(self.kind.tolist())
        covered = (kind == 0) & (y >= top - (height >> 3)) & (y < bottom + (height >> 3))
        for code, centre in centres:
            if code in kinds:
                off = y * _FINE - (centre + wobble)
                covered = covered | ((off.abs() <= pen) & (kind == code))
        covered = (covered & ((along >= 0) & (along < length))).unsqueeze(1)
        color = as_tensor(self.color, done.device)[:, :, None, None]
        t = done.to(torch.int32) * color + 128
        light = ((t + (t >> 8)) >> 8).to(torch.uint8)
        marked = torch.where(kind.unsqueeze(1) == 0, light, torch.minimum(done, color))
        done.copy_(torch.where(covered, marked, done))

    def _wobble(self, along: torch.Tensor, length: torch.Tensor, height: torch.Tensor, k: int) -> torch.Tensor:
        """How far the hand is off, in 1/16 of a pixel."""
        knees = as_tensor(self.wobble[:, k], along.device).expand(along.shape[0], KNEES)
        place = torch.div(along * ((KNEES - 1) << 8), length.clamp(min=1), rounding_mode="floor")
        place = place.clamp(max=((KNEES - 1) << 8) - 1).squeeze(1)
        left, part = place >> 8, place & 255
        a, b = knees.gather(1, left), knees.gather(1, left + 1)
        bent = (a * (256 - part) + b * part) >> 8
        return (bent.unsqueeze(1) * height * _FINE) >> 8

    def describe(self) -> str:
        return f"MarkText({self.line.shape[1]} at most)"


def _fixed(share: Reals, device: torch.device) -> torch.Tensor:
    """(1 or B,) in 1/65536."""
    return as_tensor(np.floor(share * 65536.0).astype(np.int64), device)


def _numbered(text: torch.Tensor, gap: int) -> torch.Tensor:
    """(B, H): 1, 2, 3 .. for the rows of each line, 0 between them; gaps of so many rows are closed."""
    near = torch.nn.functional.max_pool1d(text[:, None].to(torch.float32), 2 * gap + 1, 1, gap)[:, 0] > 0
    before = torch.nn.functional.pad(near[:, :-1], (1, 0))
    return (near & ~before).cumsum(1) * near
