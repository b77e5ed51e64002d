"""Mosaic: several samples of a batch in one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
import torch
from pydantic import BeforeValidator, model_validator

from twinlens.errors import InputError
from twinlens.pipeline.plan import Plan
from twinlens.pipeline.points import Points
from twinlens.steps import Crop, Resample
from twinlens.steps import Pad as PadStep
from twinlens.steps.base import place
from twinlens.steps.device import as_tensor
from twinlens.steps.spec import Spec
from twinlens.transforms.arguments import (
    Fill,
    Interpolation,
    InterpolationMode,
    Pair,
    Probability,
    Range,
    Semantics,
    fill_rows,
)
from twinlens.transforms.cross_sample import CrossSample, joined, merged, merged_target, partners_of, summed
from twinlens.transforms.resampling import ResamplingConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinlens.engines import Engine
    from twinlens.pipeline.images import Images
    from twinlens.pipeline.mover import Mover
    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Step
    from twinlens.steps.spec import Ints

__all__ = ["Mosaic"]


def _grid(value: Any) -> tuple[int, int]:
    pair = tuple(value) if isinstance(value, tuple | list) else ()
    if len(pair) != 2 or any(isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= 8 for n in pair):
        raise ValueError(f"grid_yx={value!r} must be two integers from 1 to 8")
    return pair[0], pair[1]


class MosaicConfig(ResamplingConfig):
    grid_yx: Annotated[tuple[int, int], BeforeValidator(_grid)] = (2, 2)
    target_size: Pair = (512, 512)
    cell_shape: Pair = (512, 512)
    center_range: Range = (0.3, 0.7)
    fit_mode: Literal["cover", "contain"] = "cover"
    interpolation: Interpolation = InterpolationMode.LINEAR
    fill: Fill = 0.0
    p: Probability = 0.5
    semantics: Semantics = "opencv"

    @model_validator(mode="after")
    def _check(self) -> Self:
        canvas = tuple(n * side for n, side in zip(self.grid_yx, self.cell_shape, strict=True))
        if canvas[0] < self.target_size[0] or canvas[1] < self.target_size[1]:
            raise ValueError(f"target_size={self.target_size} must fit the grid, which is {canvas}")
        if not 0 <= self.center_range[0] <= self.center_range[1] <= 1:
            raise ValueError(f"center_range={self.center_range} must be from 0 to 1")
        return self


class Mosaic(CrossSample):
    """A window of a grid of images: the sample itself, where the window's middle lies, and others around it.

    The others come from the same batch, each as likely; a single sample is an InputError. grid_yx: rows and columns.
    target_size: height and width of the result. cell_shape: of a cell. center_range: where the window lies, 0 at the
    top left end and 1 at the bottom right, both axes uniform. fit_mode: "cover" scales an image to fill its cell, cuts
    off what is over, "contain" lets it lie inside, with `fill` around. p: for each sample by itself; with p below 1 a
    tensor batch must have the target size already. Interpolation by name, OpenCV's arithmetic, or semantics="pillow".

    Boxes, keypoints (`Boxes` and `Keypoints`, padded) and labels (B, N) of all cells are joined: (B, cells * N), with
    `valid` for those that are seen. Albumentations' name; there the others come from metadata.

    >>> import torch
    >>> from twinlens import Boxes, transforms as T
    >>> batch = {"image": torch.zeros(4, 3, 20, 30, dtype=torch.uint8), "boxes": Boxes(torch.zeros(4, 2, 4))}
    >>> done = T.Mosaic(target_size=32, cell_shape=24, p=1.0)(batch)
    >>> done["image"].shape, done["boxes"].data.shape
    (torch.Size([4, 3, 32, 32]), torch.Size([4, 8, 4]))
    """

    Config = MosaicConfig

    def __init__(
        self,
        grid_yx: Any = (2, 2),
        target_size: Any = (512, 512),
        cell_shape: Any = (512, 512),
        center_range: Any = (0.3, 0.7),
        fit_mode: Literal["cover", "contain"] = "cover",
        interpolation: Any = InterpolationMode.LINEAR,
        fill: Any = 0,
        p: float = 0.5,
        *,
        semantics: Semantics = "opencv",
        name: str | None = None,
    ) -> None:
        super().__init__(
            grid_yx=grid_yx, target_size=target_size, cell_shape=cell_shape, center_range=center_range,
            fit_mode=fit_mode, interpolation=interpolation, fill=fill, p=p, semantics=semantics, name=name,
        )  # fmt: skip

    @property
    def cells(self) -> int:
        """How many images a mosaic is made of."""
        rows, columns = self.grid_yx
        return int(rows * columns)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        u = draws.uniform(3)
        low, high = self.center_range
        cell, grid, size = (np.array(v) for v in (self.cell_shape, self.grid_yx, self.target_size))
        start = np.floor((low + u[:, 1:] * (high - low)) * (grid * cell - size + 1)).astype(np.int64)
        start = np.minimum(start, grid * cell - size)
        middle = np.minimum((start + size // 2) // cell, grid - 1)
        members = partners_of(draws, self.cells, first=3)
        members[np.arange(len(draws)), middle[:, 0] * self.grid_yx[1] + middle[:, 1]] = np.arange(len(draws))
        return {"applied": u[:, 0] < self.p, "start": start, "members": members}

    def combine(
        self, params: Params, images: Images, targets: Sequence[Mover], engine: Engine | None
    ) -> tuple[Images, list[Mover]]:
        _check_targets(targets)
        rows = np.flatnonzero(params["applied"])
        if len(rows):
            parts = [self._cell(k, params, rows, images, targets, engine) for k in range(self.cells)]
            whole = summed([part for part, _ in parts])
            moved = [joined([movers[t] for _, movers in parts]) for t in range(len(targets))]
        else:
            whole, moved = images.select(rows), [target.select(rows) for target in targets]
        return merged(images, whole, rows), [
            merged_target(target, done, rows, self.cells) for target, done in zip(targets, moved, strict=True)
        ]

    def _cell(
        self, k: int, params: Params, rows: Ints, images: Images, targets: Sequence[Mover], engine: Engine | None
    ) -> tuple[Images, list[Mover]]:
        """What cell k gives to each window: a picture of the target's size, 0 elsewhere."""
        chosen = params["members"][rows, k]
        part = images.select(chosen)
        placed = place(self._steps(k, params["start"][rows], part.spec), part.spec)
        plan = Plan(part.spec, tuple(s for s, *_ in placed), tuple(b for _, b, _ in placed), placed[-1][2])
        return part.run(plan, part.kind, engine), [target.select(chosen).move(plan, engine) for target in targets]

    def _steps(self, k: int, start: Ints, spec: Spec) -> list[Step]:
        cell, size = np.array(self.cell_shape), np.array(self.target_size)
        scale = np.stack((cell[0] / spec.h, cell[1] / spec.w))
        factor = scale.max(0) if self.fit_mode == "cover" else scale.min(0)
        sides = np.stack((spec.h, spec.w), 1)
        scaled = np.maximum(np.rint(sides * factor[:, None]).astype(np.int64), 1)
        scaled = np.maximum(scaled, cell) if self.fit_mode == "cover" else np.minimum(scaled, cell)
        over, under = (scaled - cell).clip(0), (cell - scaled).clip(0)
        at = np.array(divmod(k, self.grid_yx[1])) * cell - start  # of the cell, in the window
        before, after = (at.max(0)).clip(0), (size - at - cell).max(0).clip(0)
        window = before - at
        half, rest, off, kept = under // 2, under - under // 2, over // 2, np.minimum(scaled, cell)
        top, left, bottom, right = (np.array([n]) for n in (*before, *after))
        none = fill_rows(0.0)
        return [
            Resample(self.config.method, scaled[:, 0], scaled[:, 1]),
            Crop(off[:, 0], off[:, 1], kept[:, 0], kept[:, 1]),
            PadStep(half[:, 1], half[:, 0], rest[:, 1], rest[:, 0], "constant", fill_rows(self.fill)),
            PadStep(left, top, right, bottom, "constant", none),
            Crop(window[:, 0], window[:, 1], np.array([size[0]]), np.array([size[1]])),
        ]

    def combine_labels(self, params: Params, labels: Any) -> Any:
        members, applied = params["members"], params["applied"]
        if len(labels) != len(members):
            raise InputError(f"Mosaic: labels of shape {tuple(labels.shape)} for {len(members)} images")
        tensor = isinstance(labels, torch.Tensor)
        own = np.broadcast_to(np.arange(len(members))[:, None], members.shape)
        order = np.where(applied[:, None], members, own)
        if tensor:
            return labels[as_tensor(order, labels.device)].flatten(1, 2)
        joined = labels[order]
        return joined.reshape(len(members), -1, *labels.shape[2:])


def _check_targets(targets: Sequence[Mover]) -> None:
    for target in targets:
        if isinstance(target, Points) and not target.keeps_valid:
            raise InputError("Mosaic: boxes and keypoints must be twinlens.Boxes and Keypoints, which have `valid`")
