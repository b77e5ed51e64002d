"""Non-local means on uint8 batches in torch, in integers."""

from __future__ import annotations

import torch
from torch import Tensor

from twinlens.steps.blur.torch_twin import mirrored
from twinlens.steps.denoise.weights import shift_of
from twinlens.steps.device import as_tensor
from twinlens.steps.spec import Ints

__all__ = ["non_local_means"]

# kornia has no non-local means.


def _window_sums(x: Tensor, n: int) -> Tensor:
    """(B, H, W) to sums over n x n windows, (B, H - n + 1, W - n + 1)."""
    height, width = x.shape[1] - n + 1, x.shape[2] - n + 1
    rows = x[:, :, :width].clone()
    for i in range(1, n):
        rows += x[:, :, i : i + width]
    sums = rows[:, :height].clone()
    for i in range(1, n):
        sums += rows[:, i : i + height]
    return sums


def non_local_means(x: Tensor, weights: Ints, template_window: int, search_window: int) -> Tensor:
    """(B, C, H, W) uint8; weights (1 or B, n) by the shifted sum of squares. No sum passes 2^31."""
    height, width = x.shape[-2:]
    side = search_window // 2
    h, w = height + template_window - 1, width + template_window - 1
    around = search_window + template_window - 1
    padded = mirrored(x, around, around).to(torch.int32)
    centre = padded[..., side : side + h, side : side + w]
    table = as_tensor(weights, x.device).to(torch.int32)
    last = table.shape[1] - 1
    starts = (torch.arange(len(table), dtype=torch.int32, device=x.device) * (last + 1)).view(-1, 1, 1)
    flat, shift, edge = table.reshape(-1), shift_of(template_window), template_window // 2
    total = torch.zeros(x.shape[0], height, width, dtype=torch.int32, device=x.device)
    sums = torch.zeros(x.shape, dtype=torch.int32, device=x.device)
    for dy in range(search_window):
        for dx in range(search_window):
            moved = padded[..., dy : dy + h, dx : dx + w]
            difference = centre - moved
            distance = _window_sums((difference * difference).sum(1, dtype=torch.int32), template_window)
            weight = flat[(distance >> shift).clamp_(max=last) + starts]
            total += weight
            sums += weight.unsqueeze(1) * moved[..., edge : edge + height, edge : edge + width]
    divisor = total.to(torch.int64).unsqueeze(1)
    return torch.div(sums + divisor // 2, divisor, rounding_mode="floor").to(torch.uint8)
