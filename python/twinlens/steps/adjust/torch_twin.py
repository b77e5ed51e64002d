"""Colour adjustments on batches: Pillow's arithmetic on uint8, torchvision's on uint16 and float32.

Not kornia.enhance: adjust_brightness adds there, adjust_contrast multiplies, and saturation and hue go through a float
HSV: other operations under the same names.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from twinlens.steps.color.torch_twin import gray_pillow
from twinlens.steps.device import as_tensor

if TYPE_CHECKING:
    from twinlens.steps.adjust.step import Adjust

__all__ = ["adjust_bytes", "adjust_reals"]


def _column(values: NDArray[Any], x: Tensor) -> Tensor:
    return as_tensor(values, x.device).view(-1, 1, 1, 1)


def adjust_bytes(x: Tensor, step: Adjust) -> Tensor:
    """(B, 1 or 3, H, W) uint8."""
    if step.kind == "hue":
        return _turn_hue(x, _column(step.shift.astype(np.int32), x))
    factor = _column(step.amount.astype(np.float32), x)
    wide = x.to(torch.int32)
    if step.kind == "brightness":
        degenerate = torch.zeros((), dtype=torch.int32, device=x.device)
    elif step.kind == "contrast":
        degenerate = _mean_gray(x)
    else:
        degenerate = gray_pillow(x).to(torch.int32)
    blended = degenerate.float() + factor * (wide - degenerate).float()
    return blended.clamp(0, 255).to(torch.uint8)


def _mean_gray(x: Tensor) -> Tensor:
    gray = x if x.shape[1] == 1 else gray_pillow(x)
    total = gray.flatten(1).sum(1, dtype=torch.int64).double()
    pixels = torch.full_like(total, float(gray.shape[2] * gray.shape[3]))
    return torch.floor(torch.div(total, pixels) + 0.5).to(torch.int32).view(-1, 1, 1, 1)


@functools.cache
def _hue_tables() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Of an 8-bit hue its sector and its place within, of a saturation s / 255, both float32 held as float64."""
    sixths = np.arange(256) * 6.0 / 255.0
    whole = np.floor(sixths)
    fraction = (sixths - whole).astype(np.float32).astype(np.float64)
    return (whole % 6).astype(np.int64), fraction, (np.arange(256) / 255.0).astype(np.float32).astype(np.float64)


def _turn_hue(x: Tensor, shift: Tensor) -> Tensor:
    """Pillow's rgb2hsv, the hue moved, its hsv2rgb."""
    h, s, v = _to_hsv(x)
    h = (h + shift[:, 0]) & 255
    sector, fraction, saturation = (as_tensor(table, x.device) for table in _hue_tables())
    k, f, part = sector[h.long()], fraction[h.long()], saturation[s.long()]
    wide = v.double()
    slanted = (part.float() * f.float()).double()
    p, q, t = (
        torch.floor(wide * factor + 0.5).to(torch.int32)
        for factor in (1.0 - part, 1.0 - slanted, 1.0 - part * (1.0 - f))
    )
    channels = (
        torch.stack([v, q, p, p, t, v]),
        torch.stack([t, v, v, q, p, p]),
        torch.stack([p, p, t, v, v, q]),
    )
    chosen = [options.gather(0, k.unsqueeze(0)).squeeze(0) for options in channels]
    return torch.stack(chosen, 1).to(torch.uint8)


def _to_hsv(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    r, g, b = x.to(torch.int32).unbind(1)
    top, low = torch.maximum(torch.maximum(r, g), b), torch.minimum(torch.minimum(r, g), b)
    grey = top == low
    width = torch.where(grey, 1, top - low).float()
    rc, gc, bc = (torch.div((top - channel).float(), width) for channel in (r, g, b))
    green = (2.0 + rc.double() - bc.double()).float()
    blue = (4.0 + gc.double() - rc.double()).float()
    sixth = torch.where(r == top, bc - gc, torch.where(g == top, green, blue)).double()
    turned = torch.div(sixth, torch.full_like(sixth, 6.0)) + 1.0
    hue = torch.where(turned >= 1.0, turned - 1.0, turned).float().double()
    saturation = torch.div((top - low).float(), torch.where(top == 0, 1, top).float()).double()
    h, s = ((part * 255.0).to(torch.int32) for part in (hue, saturation))
    return torch.where(grey, 0, h), torch.where(grey, 0, s), top


def adjust_reals(x: Tensor, step: Adjust) -> Tensor:
    """(B, 1 or 3, H, W) uint16 or float32; uint16 in its own units, truncated."""
    whole = x.dtype == torch.uint16
    top = 65535.0 if whole else 1.0
    v = x.float()
    amount = _column(step.amount.astype(np.float32), x)
    if step.kind == "hue":
        done = _turn_real_hue(torch.div(v, torch.full_like(v, top)), amount) * top
    elif step.kind == "brightness":
        done = v * amount
    else:
        gray = v if v.shape[1] == 1 else _gray(v)
        if step.kind == "contrast":
            gray = (gray.floor() if whole else gray).flatten(1).double().mean(1).float().view(-1, 1, 1, 1)
        elif whole:
            gray = gray.floor()
        done = v * amount + gray * (1.0 - amount)
    done = done.clamp(0, top)
    return done.to(torch.int32).to(torch.uint16) if whole else done


def _gray(v: Tensor) -> Tensor:
    """torchvision's weights for tensors."""
    r, g, b = v.unbind(1)
    return ((r * 0.2989 + g * 0.587) + b * 0.114).unsqueeze(1)


def _turn_real_hue(x: Tensor, amount: Tensor) -> Tensor:
    """torchvision's formulas for float tensors."""
    r, g, b = x.unbind(1)
    top, low = x.amax(1), x.amin(1)
    grey, ones = top == low, torch.ones_like(top)
    width = torch.where(grey, ones, top - low)
    s = torch.div(top - low, torch.where(grey, ones, top))
    rc, gc, bc = (torch.div(top - channel, width) for channel in (r, g, b))
    sixth = torch.where(r == top, bc - gc, torch.where(g == top, 2.0 + rc - bc, 4.0 + gc - rc))
    h = torch.fmod(torch.div(sixth, torch.full_like(sixth, 6.0)) + 1.0, 1.0)
    h = torch.remainder(h + amount[:, 0], 1.0) * 6.0
    k = torch.floor(h)
    f, k = h - k, k.long() % 6
    p, q, t = ((top * (1.0 - part)).clamp(0, 1) for part in (s, s * f, s * (1.0 - f)))
    channels = ([top, q, p, p, t, top], [t, top, top, q, p, p], [p, p, t, top, top, q])
    return torch.stack([torch.stack(o).gather(0, k.unsqueeze(0)).squeeze(0) for o in channels], 1)
