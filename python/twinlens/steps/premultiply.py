"""Colour times alpha on tensors, as Pillow converts RGBA to RGBa and back; uint8, the last channel is alpha."""

from __future__ import annotations

import torch

__all__ = ["premultiplied", "unpremultiplied"]


def premultiplied(x: torch.Tensor) -> torch.Tensor:
    """(B, C, H, W): Pillow's MULDIV255."""
    color, alpha = x[:, :-1].to(torch.int32), x[:, -1:].to(torch.int32)
    product = color * alpha + 128
    return torch.cat((((product >> 8) + product) >> 8, alpha), 1).to(torch.uint8)


def unpremultiplied(x: torch.Tensor) -> torch.Tensor:
    """(B, C, H, W): floor(255 color / alpha), clipped; colour as it is where alpha is 0 or 255."""
    color, alpha = x[:, :-1].to(torch.int32), x[:, -1:].to(torch.int32)
    quotient = torch.div(color * 255, alpha.clamp(min=1), rounding_mode="floor").clamp(max=255)
    kept = (alpha == 0) | (alpha == 255)
    return torch.cat((torch.where(kept, color, quotient), alpha), 1).to(torch.uint8)
