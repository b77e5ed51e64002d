"""CopyPaste: objects of one sample of a batch pasted onto another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.engines import Batch
from twinlens.errors import InputError
from twinlens.pipeline.masks import Mask
from twinlens.pipeline.mix import image_tensor, put_back
from twinlens.pipeline.points import Points
from twinlens.steps.device import as_tensor, movable, to_device
from twinlens.steps.frozen import changed
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens.transforms.cross_sample import CrossSample, partners_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinlens.engines import Engine
    from twinlens.pipeline.images import Images
    from twinlens.pipeline.mover import Mover
    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec

__all__ = ["CopyPaste"]


class CopyPasteConfig(base.Config):
    p: Probability = 0.5


class CopyPaste(CrossSample):
    """With probability `p`, objects of another sample of the batch are pasted over a sample, at the same place.

    Takes images of one size, a mask of objects, and perhaps `Boxes` and labels (B, N). A mask (B, N, H, W) holds an
    object a channel: of those that are there, a uniform number from 1 on is drawn, each set as likely; the result has
    2 N channels, the sample's own, less what is covered, and the pasted ones. Boxes become the hulls of what is left of
    their objects where something covers them, `valid` where an object is (still) there, labels are joined: (B, 2 N).
    A mask (B, H, W) of classes has all that is not 0 pasted. The other sample is uniform; one alone is an InputError.

    Source: Ghiasi et al., Simple Copy-Paste, 2021, without its scaling: let `ScaleJitter` and `RandomCrop` come first.

    >>> import torch
    >>> from twinlens import transforms as T
    >>> image = torch.tensor([[[[1, 1]]], [[[2, 2]]]], dtype=torch.uint8)
    >>> mask = torch.tensor([[[1, 0]], [[0, 1]]], dtype=torch.uint8)
    >>> T.CopyPaste(p=1.0)({"image": image, "mask": mask})["image"].flatten().tolist()
    [1, 2, 1, 2]
    """

    Config = CopyPasteConfig

    def __init__(self, p: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        partner = partners_of(draws, 1, first=1)[:, 0]
        return {"applied": draws.uniform()[:, 0] < self.p, "partner": partner, "share": draws.uniform(first=2)[:, 0],
                "score": draws.uniform(_MOST, first=3)}  # fmt: skip

    def combine(
        self, params: Params, images: Images, targets: Sequence[Mover], engine: Engine | None
    ) -> tuple[Images, list[Mover]]:
        del engine
        x = image_tensor("CopyPaste", images)
        mask, points = _split(targets)
        objects = _objects(mask)
        partner = as_tensor(params["partner"], x.device)
        chosen = _chosen(params, objects[partner] > 0)
        pasted = torch.where(chosen[:, :, None, None], objects[partner], torch.zeros_like(objects))
        over = (pasted > 0).any(1, keepdim=True)
        mixed = torch.where(over, movable(x)[partner], movable(x)).view(x.dtype)
        left = torch.where(over, torch.zeros_like(objects), objects)
        flat = mask.masks.flat
        after = torch.where(over, pasted, left) if flat else torch.cat((left, pasted), 1)
        done: list[Mover] = []
        for target in targets:
            if isinstance(target, Mask):
                done.append(changed(target, masks=_with_data(target.masks, after)))
            else:
                assert points is not None
                done.append(_boxes(points, left, objects, chosen, partner))
        return put_back(images, mixed), done

    def combine_labels(self, params: Params, labels: Any) -> Any:
        if isinstance(labels, torch.Tensor):
            return torch.cat((labels, labels[as_tensor(params["partner"], labels.device)]), 1)
        return np.concatenate((labels, labels[params["partner"]]), 1)


_MOST = 256  # objects of a sample


def _split(targets: Sequence[Mover]) -> tuple[Mask, Points | None]:
    masks = [target for target in targets if isinstance(target, Mask)]
    points = [target for target in targets if isinstance(target, Points)]
    if len(masks) != 1:
        raise InputError(f"CopyPaste: wants one mask of the objects, got {len(masks)}")
    if any(not target.boxes or not target.keeps_valid for target in points) or len(points) > 1:
        raise InputError("CopyPaste: takes one twinlens.Boxes beside the mask, and no keypoints")
    channels = 0 if masks[0].masks.flat else int(masks[0].masks.spec.c[0])
    if points and points[0].data.shape[1] != channels:
        raise InputError(f"CopyPaste: {points[0].data.shape[1]} boxes for {channels} objects in the mask's channels")
    if channels > _MOST:
        raise InputError(f"CopyPaste: the mask has {channels} channels, at most {_MOST} are objects")
    return masks[0], points[0] if points else None


def _objects(mask: Mask) -> torch.Tensor:
    """(B, N, H, W)."""
    data = mask.masks.stacked().batch.data
    if isinstance(data, list):
        raise InputError("CopyPaste: the masks of a batch must have one size")
    return data if isinstance(data, torch.Tensor) else torch.from_numpy(np.ascontiguousarray(np.moveaxis(data, -1, 1)))


def _with_data(masks: Images, after: torch.Tensor) -> Images:
    spec = masks.spec.but(c=after.shape[1])
    tensors = masks.kind == "tensor"
    data: Any = after if tensors else after.movedim(1, -1).contiguous().numpy()
    return changed(masks, batch=Batch(list(data) if masks.listed else data, spec, tensors), original=None)


def _chosen(params: Params, there: torch.Tensor) -> torch.Tensor:
    """(B, N): of the objects that are there, a uniform number of those with the lowest scores."""
    present = there.flatten(2).any(2)
    score = to_device(params["score"][:, : present.shape[1]], torch.zeros(0, dtype=torch.float64, device=there.device))
    rank = torch.where(present, score, 2.0).argsort(dim=1, stable=True).argsort(dim=1)
    share, applied = to_device(params["share"], score), as_tensor(params["applied"], score.device)
    number = torch.floor(share * present.sum(1)) + 1
    chosen: torch.Tensor = present & (rank < number[:, None]) & applied[:, None]
    return chosen


def _boxes(
    points: Points, left: torch.Tensor, objects: torch.Tensor, chosen: torch.Tensor, partner: torch.Tensor
) -> Points:
    """Own boxes, shrunk to what is left where something was covered, and the pasted ones."""
    covered = ((left > 0) != (objects > 0)).flatten(2).any(2)
    own = torch.where(covered[..., None], _hull(left > 0).to(points.data.dtype), points.data)
    there = ~covered | (left > 0).flatten(2).any(2)
    valid = torch.ones_like(there) if points.valid is None else points.valid
    data = torch.cat((own, torch.where(chosen[..., None], points.data[partner], torch.zeros_like(own))), 1)
    seen = points.seen
    if seen is not None:
        kept = (left > 0).flatten(2).sum(2) / (objects > 0).flatten(2).sum(2).clamp(min=1)
        own_seen = torch.where(covered, seen * kept, seen)
        seen = torch.cat((own_seen, torch.where(chosen, seen[partner], torch.zeros_like(seen))), 1)
    return changed(points, data=data, valid=torch.cat((there & valid, chosen & valid[partner]), 1), seen=seen)


def _hull(there: torch.Tensor) -> torch.Tensor:
    """(B, N, 4): the edges of the pixels that are there; 0, 0, 0, 0 for none."""
    ends = []
    for axis in (2, 3):
        line = there.any(axis)
        n = line.shape[2]
        at = torch.arange(n, device=there.device)
        some = line.any(2)
        first = torch.where(line, at, n).amin(2)
        last = torch.where(line, at, -1).amax(2) + 1
        ends.append((torch.where(some, first, 0), last))
    (x0, x1), (y0, y1) = ends
    return torch.stack((x0, y0, x1, y1), -1)
