"""An image with its mask and boxes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twinlens.cli.samples import reason
from twinlens.errors import InputError

if TYPE_CHECKING:
    from twinlens.cli.show.box_rows import BoxesOf
    from twinlens.cli.show.masks import Masks
    from twinlens.cli.show.scene import Scene

__all__ = ["annotated"]


def annotated(scene: Scene, index: int, masks: Masks | None, boxes: BoxesOf | None) -> tuple[Scene, list[str]]:
    """Image `index` with what belongs to it, and what is wrong with that."""
    faults: list[str] = []
    try:
        scene = scene if masks is None else _with_mask(scene, index, masks)
    except Exception as error:  # a source may raise anything
        faults.append(reason(error))
    try:
        scene = scene if boxes is None else _with_boxes(scene, index, boxes, faults)
    except Exception as error:
        faults.append(reason(error))
    return scene, faults


def _with_mask(scene: Scene, index: int, masks: Masks) -> Scene:
    found = masks.of(index)
    if found is None:
        return scene
    mask, colours = found
    if mask.shape != scene.image.shape[:2]:
        h, w = mask.shape
        raise InputError(f"its mask is {w} x {h}")
    return replace(scene, mask=mask, colours=colours)


def _with_boxes(scene: Scene, index: int, boxes: BoxesOf, faults: list[str]) -> Scene:
    h, w = scene.image.shape[:2]
    found = boxes.of(index, (h, w))
    if found.size_hw not in (None, (h, w)):
        faults.append("its boxes are for {1} x {0}".format(*found.size_hw))
    return replace(scene, boxes=found.xyxy, names=tuple(found.names))
