"""CLAHE of uint8: a launch for the tables of all tiles, one for the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from twinlens.engines.triton.memory import launch, source_rows, target, upload
from twinlens.steps.clahe.step import Clahe
from twinlens.steps.clahe.torch_twin import tile_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twinlens.steps.base import Step
    from twinlens.steps.spec import Ints, Spec

__all__ = ["ClaheChain", "match"]

_BLOCK = 1024


@dataclass(frozen=True)
class ClaheChain:
    """One step, of every channel by itself or of the L of RGB; the way to Lab and back is torch code."""

    title: ClassVar[str] = "CLAHE"

    step: Clahe
    after: Spec

    def __len__(self) -> int:
        return 1

    def select(self, rows: Ints) -> ClaheChain:
        """See Chain."""
        return ClaheChain(self.step.select(rows), self.after.select(rows))

    def run(self, images: Any, spec: Spec, out: torch.Tensor | None = None) -> torch.Tensor:
        """See Chain."""
        del spec
        if self.step.mode == "channel":
            return self._equalized(images, out)
        from twinlens.steps.color.torch_twin import lab_to_rgb, rgb_to_lab

        lab = rgb_to_lab(images if isinstance(images, torch.Tensor) else torch.stack(images))
        return lab_to_rgb(torch.cat((self._equalized(lab[:, :1], None), lab[:, 1:]), 1))

    def _equalized(self, images: Any, out: torch.Tensor | None) -> torch.Tensor:
        from twinlens.engines.triton.kernels.clahe import blend_kernel, tables_kernel

        batch, (channels, height, width), device = len(images), images[0].shape, images[0].device
        tiles_y, tiles_x = self.step.grid_yx
        tile_h, tile_w = tile_size((height, width), self.step.grid_yx)
        base, sources = source_rows(images)
        images_at, numbers = upload(device, sources, self._numbers(batch, tile_h * tile_w))
        done = target(out, (batch, channels, height, width), torch.uint8, device)
        tables = torch.empty((batch, channels, tiles_y * tiles_x, 256), dtype=torch.uint8, device=device)
        scale, inverse_h, inverse_w = (
            float(np.float32(n) / np.float32(of)) for n, of in ((255, tile_h * tile_w), (1, tile_h), (1, tile_w))
        )
        launch(
            tables_kernel, (tiles_y * tiles_x, channels, batch),
            tables, base, images_at, numbers, height, width, channels, tiles_x, tile_h, tile_w, scale, BLOCK=_BLOCK,
        )  # fmt: skip
        launch(
            blend_kernel, (-(-height * width // _BLOCK), channels, batch),
            done, base, images_at, numbers, tables, height, width, channels, tiles_y, tiles_x, inverse_h, inverse_w,
            BLOCK=_BLOCK,
        )  # fmt: skip
        return done

    def _numbers(self, batch: int, area: int) -> NDArray[np.int32]:
        """max(int(clip * area / 256), 1), the area where clipping is off; whether the step is for the image."""
        clip = np.broadcast_to(self.step.clip_limit, (batch,))
        limit = np.where(clip > 0, np.clip(clip * float(area) * 2.0**-8, 1.0, float(area)), float(area))
        active = np.broadcast_to(True if self.step.active is None else self.step.active, (batch,))
        return np.stack((limit.astype(np.int32), active.astype(np.int32)), 1)


def match(steps: list[Step], spec: Spec) -> ClaheChain | None:
    """One step."""
    step = steps[0] if steps else None
    if type(step) is not Clahe or spec.dtype != "uint8":
        return None
    if step.mode == "lab" and not (step.active is None or step.active.all()):
        return None
    return ClaheChain(step, step.after(spec))
