"""docs/migrating-from-kornia.md: what it says of differences in pixels is what they are."""

from __future__ import annotations

from pathlib import Path

import kornia.augmentation as K
import numpy as np
import pytest
import torch
from skimage import data

from kornia_pairs import PAIRS

GUIDE = (Path(__file__).parents[1] / "docs" / "migrating-from-kornia.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def photos() -> torch.Tensor:
    pictures = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket()]
    return torch.from_numpy(np.stack([picture[:240, :320] for picture in pictures])).permute(0, 3, 1, 2).contiguous()


@pytest.mark.parametrize("name", PAIRS)
def test_differences_are_those_of_the_guide(name: str, photos: torch.Tensor) -> None:
    pair = PAIRS[name]
    assert hasattr(K, name.partition("(")[0])
    (row,) = [line for line in GUIDE.splitlines() if line.startswith(f"| `{name}`") and line.endswith("|")]
    assert row.endswith(f"| {pair.said()} |")
    percent, levels = pair.measured(photos)
    assert 0.8 * pair.levels <= levels <= pair.levels + 0.02
    assert 0.8 * pair.percent <= percent <= pair.percent
