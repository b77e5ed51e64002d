"""Fields over pages: OpenCV, torch and a formula in integers agree on every pair of bytes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from twinlens_document.tones import by_torch, layered, like

PAIRS = np.stack(np.meshgrid(np.arange(256), np.arange(256), indexing="ij"))
WANTED = {
    "darken": np.minimum(*PAIRS),
    "lighten": np.maximum(*PAIRS),
    "remove": np.maximum(PAIRS[0] - PAIRS[1], 0),
    "add": np.minimum(PAIRS[0] + PAIRS[1], 255),
    "multiply": (2 * PAIRS[0] * PAIRS[1] + 255) // 510,
}


@pytest.mark.parametrize("tone", list(WANTED))
def test_every_pair_of_bytes(tone: str) -> None:
    x, field = (torch.from_numpy(side.astype(np.uint8))[None, None] for side in PAIRS)
    for run in (layered, by_torch):
        np.testing.assert_array_equal(run(tone, x, field)[0, 0].numpy(), WANTED[tone])


@pytest.mark.parametrize("tone", list(WANTED))
@pytest.mark.parametrize("fields", [(1, 1), (3, 1), (1, 3), (3, 3)])
@pytest.mark.parametrize("order", ["planes", "pixels", "strided"])
def test_any_order_in_memory(tone: str, fields: tuple[int, int], order: str) -> None:
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.integers(0, 256, (3, 3, 14, 10), dtype=np.uint8))
    field = torch.from_numpy(rng.integers(0, 256, (*fields, 14, 10), dtype=np.uint8))
    wanted = by_torch(tone, x, field)
    if order == "pixels":
        x = x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    if order == "strided":
        x = torch.stack((x, x), -1)[..., 0]
    assert torch.equal(layered(tone, x, field), wanted)


@pytest.mark.parametrize("pixels", [False, True])
def test_a_field_in_all_channels(pixels: bool) -> None:
    field = torch.arange(2 * 15, dtype=torch.uint8).view(2, 1, 3, 5)
    x = torch.zeros(2, 3, 3, 5, dtype=torch.uint8)
    if pixels:
        x = x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    assert torch.equal(like(field, x), field.expand(2, 3, 3, 5))
    assert like(field, x).stride() == x.stride()
