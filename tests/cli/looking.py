"""Images, masks and boxes in folders for the commands that look at them, and how to call a command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from images import picture
from twinlens.cli import main

NAMES = ("cats/a.png", "cats/b.png", "dogs/c.png")
SIZE_HW = (30, 40)


def write_images(root: Path, size: tuple[int, int] = SIZE_HW) -> list[np.ndarray[Any, Any]]:
    """Three pictures in two folders."""
    images = [picture(*size, 3, kind="gradient" if i == 1 else "noise", seed=i) for i in range(len(NAMES))]
    for name, image in zip(NAMES, images, strict=True):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(root / name)
    return images


def write_masks(root: Path, ending: str = "") -> None:
    """A block of 1 and a block of 2 in the left half of each but the last."""
    mask = np.zeros(SIZE_HW, np.uint8)
    mask[4:14, 2:12], mask[20:28, 4:16] = 1, 2
    for name in NAMES[:2]:
        file = root / (name.removesuffix(".png") + ending + ".png")
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(file)


def write_coco(path: Path, **more: Any) -> None:
    """Two boxes on the first image, one on the last, by the last part of the name."""
    h, w = SIZE_HW
    entries = [{"id": i, "file_name": name.rpartition("/")[2], "height": h, "width": w} for i, name in enumerate(NAMES)]
    boxes = [(0, 7, [2, 4, 10, 12]), (0, 9, [20, 10, 8, 6]), (2, 7, [0, 0, 40, 30])]
    annotations = [{"image_id": i, "category_id": c, "bbox": box} for i, c, box in boxes]
    categories = [{"id": 7, "name": "paw"}, {"id": 9, "name": "tail"}]
    held = {"images": entries, "annotations": annotations, "categories": categories, **more}
    path.write_text(json.dumps(held), encoding="utf-8")


def called(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What the command line prints; it must succeed."""
    with pytest.raises(SystemExit) as exit_info:
        main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    assert not exit_info.value.code, printed.err
    return printed.out


def failing(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line of its error."""
    with pytest.raises(SystemExit) as exit_info:
        main([str(argument) for argument in arguments])
    error = capsys.readouterr().err
    assert exit_info.value.code == 1
    assert error.count("\n") == 1
    return error
