"""The sheet of twinlens show: draws, steps, values that are no picture, masks and boxes on results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from looking import NAMES, SIZE_HW, write_coco, write_images, write_masks
from PIL import Image

import twinlens
from images import picture
from twinlens import data
from twinlens import transforms as T
from twinlens.cli.show.boxes import boxes_for
from twinlens.cli.show.masks import masks_for
from twinlens.cli.show.scene import Scene, applied
from twinlens.cli.show.sheet import Look, Made, chosen, make_sheet
from twinlens.data.sources import open_source

SIDE = 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_images(tmp_path / "images")
    return tmp_path / "images"


def made_of(source: Any, pipe: Any = None, **options: Any) -> Made:
    opened = open_source(source)
    indices = options.pop("indices", range(len(opened)))
    return make_sheet(Look(opened, list(indices), pipe, **{"side": SIDE, **options}), "title", ["note"])


def pixels(cell: Any) -> np.ndarray[Any, Any]:
    assert cell.picture is not None, cell.fault
    return np.asarray(cell.picture)


class Arrays:
    """A source of arrays."""

    def __init__(self, *images: np.ndarray[Any, Any]) -> None:
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def path(self, index: int) -> str:
        return f"{index}"

    def label(self, index: int) -> str:
        del index
        return ""

    def read(self, index: int) -> np.ndarray[Any, Any]:
        return self._images[index]


def test_draws_are_what_a_loader_gives_in_that_epoch(folder: Path) -> None:
    pipe = T.Compose([T.RandomResizedCrop(SIDE), T.RandomHorizontalFlip(), T.ColorJitter(0.4, 0.4), T.ToImage()])
    section = made_of(folder, pipe, draws=3, seed=5).sheet.sections[0]
    assert [name for name, _ in section.heads] == ["original", "draw 0", "draw 1", "draw 2"]
    loader = data.Loader(folder, pipe, batch_size=3, seed=5)
    for draw in range(3):
        batch, _ = next(iter(loader))
        loader.set_epoch(draw + 1)
        for line, image in zip(section.lines, batch, strict=True):
            np.testing.assert_array_equal(pixels(line.cells[1 + draw]), image.permute(1, 2, 0).numpy())


def test_a_pipeline_that_draws_nothing_has_one_result(folder: Path) -> None:
    section = made_of(folder, T.Compose([T.Resize((16, 24))]), draws=4).sheet.sections[0]
    assert section.heads == [("original", ""), ("result", "24 x 16")]
    assert all(len(line.cells) == 2 and not line.cells[1].caption for line in section.lines)


def test_steps_end_in_the_first_draw(folder: Path) -> None:
    pipe = T.Compose([T.RandomHorizontalFlip(0.0), T.RandomCrop(20), T.RandomInvert(1.0), T.ToTensor()])
    draws, steps = made_of(folder, pipe, draws=1, steps=True).sheet.sections
    assert [name for name, _ in steps.heads] == ["original", *(type(part).__name__ for part in pipe.transforms)]
    assert steps.heads[2][1] == "size=(20, 20)"
    for line, drawn in zip(steps.lines, draws.lines, strict=True):
        original, flipped, cropped, inverted, tensor = line.cells
        np.testing.assert_array_equal(pixels(flipped), pixels(original))
        assert flipped.caption == "40 x 30, no change"
        assert cropped.caption == "20 x 20"
        np.testing.assert_array_equal(255 - pixels(cropped), pixels(inverted))
        np.testing.assert_array_equal(pixels(tensor), pixels(drawn.cells[1]))
        assert tensor.caption == "20 x 20, float32"


def test_normalize_is_undone(folder: Path) -> None:
    mean, std = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]
    pipe = T.Compose([T.CenterCrop(SIDE), T.ToTensor(), T.Normalize(mean, std), T.RandomErasing(0.0)])
    plain = T.CenterCrop(SIDE)
    for line, index in zip(made_of(folder, pipe, draws=1).sheet.sections[0].lines, range(3), strict=True):
        image = plain(data.decode(folder / NAMES[index]))
        np.testing.assert_array_equal(pixels(line.cells[1]), image)
        assert "shown" not in line.about


def test_deep_images_are_stretched_and_the_results_of_one_alike() -> None:
    """12 bits in 16, as X-rays have: neither the image nor floats of it are black."""
    image = np.linspace(100, 4095, SIDE * SIDE).reshape(SIDE, SIDE).astype(np.uint16)
    halved = T.Compose([T.RandomBrightnessContrast(0.0, (-0.5, 0.0), p=1.0), T.ToDtype(torch.float32, scale=True)])
    line = made_of(Arrays(image), halved, draws=2).sheet.sections[0].lines[0]
    assert "shown from 100 to 4095" in line.about
    first, second = (pixels(cell)[..., 0].astype(int) for cell in line.cells[1:])
    assert pixels(line.cells[0]).min() == 0
    assert pixels(line.cells[0]).max() == 255
    low, high = (float(v) for v in line.about.rpartition("results shown from ")[2].split(" to "))
    made = [halved(image, key=twinlens.key(0, draw, 0)) for draw in range(2)]
    assert low == pytest.approx(min(float(one.min()) for one in made), rel=1e-3)
    assert high == pytest.approx(max(float(one.max()) for one in made), rel=1e-3)
    assert (first.max() == 255) != (second.max() == 255), "one is lighter than the other"


def test_floats_beyond_one_are_stretched() -> None:
    image = picture(SIDE, SIDE, 3, "float32")
    line = made_of(Arrays(image), T.Compose([T.Normalize([0.5], [0.5]), lambda x: x * 3])).sheet.sections[0].lines[0]
    assert "results shown" not in line.about, "Normalize is undone, whatever follows it"
    line = made_of(Arrays(image), T.Compose([lambda x: x * 3 - 1]), draws=1).sheet.sections[0].lines[0]
    shown = line.about.rpartition("results shown from ")[2].split(" to ")
    assert [float(v) for v in shown] == pytest.approx([image.min() * 3 - 1, image.max() * 3 - 1], rel=1e-3)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6])
def test_any_number_of_channels(channels: int) -> None:
    image = picture(SIDE, SIDE, channels)
    shown = pixels(made_of(Arrays(image)).sheet.sections[0].lines[0].cells[0])
    wanted = image[..., :3] if channels >= 3 else np.repeat(image[..., :1], 3, 2)
    np.testing.assert_array_equal(shown, wanted)


def test_small_images_grow_and_large_ones_fit() -> None:
    small, wide = picture(10, 8), picture(20, 300)
    lines = made_of(Arrays(small, wide)).sheet.sections[0].lines[0].cells
    np.testing.assert_array_equal(pixels(lines[0]), small.repeat(3, 0).repeat(3, 1))
    assert pixels(lines[1]).shape == (2, SIDE, 3)


def test_several_crops_are_side_by_side(folder: Path) -> None:
    cell = made_of(folder, T.Compose([T.FiveCrop(10)])).sheet.sections[0].lines[0].cells[1]
    assert cell.picture is not None
    assert cell.picture.width == SIDE
    five = applied(T.FiveCrop(10), Scene(data.decode(folder / NAMES[0])), 0).image
    assert five.shape == (10, 5 * 10 + 4 * 2, 3)
    stacked = T.Compose([T.TenCrop(10), lambda crops: np.stack(crops)])
    assert applied(stacked, Scene(data.decode(folder / NAMES[0])), 0).image.shape == (10, 10 * 10 + 9 * 2, 3)


def test_masks_and_boxes_move_with_the_image(folder: Path, tmp_path: Path) -> None:
    write_masks(tmp_path / "masks")
    write_coco(tmp_path / "boxes.json")
    source = open_source(folder)
    masks, boxes = (
        masks_for(str(tmp_path / "masks"), source, str(folder)),
        boxes_for(str(tmp_path / "boxes.json"), "xywh", source),
    )
    mask, _ = masks.of(0) or (None, None)
    found = boxes.of(0, SIZE_HW)
    assert mask is not None
    scene = Scene(data.decode(folder / NAMES[0]), mask, {}, found.xyxy, tuple(found.names))
    after = applied(T.Compose([T.RandomHorizontalFlip(1.0), T.ToTensor()]), scene, 0)
    assert after.mask is not None
    assert after.boxes is not None
    np.testing.assert_array_equal(after.mask, mask[:, ::-1])
    assert after.boxes.tolist() == [[28, 4, 38, 16], [12, 10, 20, 16]]
    cleaned = applied(T.Compose([T.CenterCrop((30, 20)), T.SanitizeBoundingBoxes(min_size=5)]), scene, 0)
    assert cleaned.names == ("tail",)

    pipe = T.Compose([T.RandomHorizontalFlip(1.0)])
    plain = made_of(folder, pipe, side=40, draws=1).sheet.sections[0].lines
    drawn = made_of(folder, pipe, side=40, draws=1, masks=masks, boxes=boxes).sheet.sections[0].lines
    original, result = (pixels(cell).astype(int) for cell in drawn[0].cells)
    tinted = (result != pixels(plain[0].cells[1])).any(2)
    assert tinted[8, 32]
    assert not tinted[2, 2], "nothing was there"
    np.testing.assert_array_equal(original[12, 2], result[12, 37], "a mask's edge is its colour")
    assert "2 boxes" in drawn[0].about
    assert "no mask" in drawn[2].about


def test_an_image_without_boxes(folder: Path, tmp_path: Path) -> None:
    write_coco(tmp_path / "boxes.json")
    boxes = boxes_for(str(tmp_path / "boxes.json"), "xywh", open_source(folder))
    pipe = T.Compose([T.RandomIoUCrop(), T.SanitizeBoundingBoxes(), T.RandomRotation(20)])
    line = made_of(folder, pipe, boxes=boxes, indices=[1]).sheet.sections[0].lines[0]
    assert "0 boxes" in line.about
    assert all(cell.picture is not None for cell in line.cells)


def test_colours_of_a_mask_differ(folder: Path, tmp_path: Path) -> None:
    write_masks(tmp_path / "masks")
    masks = masks_for(str(tmp_path / "masks"), open_source(folder), str(folder))
    cell = made_of(folder, masks=masks, side=40).sheet.sections[0].lines[0].cells[0]
    shown = pixels(cell)
    assert shown[4, 5].tolist() != shown[20, 8].tolist(), "edges of 1 and 2"
    np.testing.assert_array_equal(shown[0, 30], data.decode(folder / NAMES[0])[0, 30])


def test_what_does_not_fit_is_said(folder: Path, tmp_path: Path) -> None:
    Image.fromarray(np.ones((5, 6), np.uint8)).save(tmp_path / "a.png")
    write_coco(tmp_path / "boxes.json", images=[{"id": 0, "file_name": "a.png", "height": 60, "width": 80}])
    source = open_source(folder)
    masks = masks_for(str(tmp_path / "a.png"), source, str(folder))
    boxes = boxes_for(str(tmp_path / "boxes.json"), "xywh", source)
    section = made_of(folder, T.Compose([T.Resize(10)]), masks=masks, boxes=boxes, indices=[0]).sheet.sections[0]
    assert section.lines[0].fault == "its mask is 6 x 5; its boxes are for 80 x 60"
    assert section.lines[0].cells[1].picture is not None


def test_images_and_results_that_there_are_not(folder: Path) -> None:
    (folder / "cats/b.png").write_bytes(b"no image")
    made = made_of(folder, T.Compose([T.RandomCrop((30, 41))]), draws=2, steps=True)
    draws, steps = made.sheet.sections
    assert [name for name, _ in made.unread] == ["cats/b.png"]
    assert "not a JPEG" in draws.lines[1].cells[0].fault
    assert len(steps.lines) == 2
    assert {name for name, _ in made.failed} == {"cats/a.png", "dogs/c.png"}
    assert "(30, 41)" in draws.lines[0].cells[1].fault


def test_images_come_from_the_whole_source(tmp_path: Path) -> None:
    for i in range(10):
        (tmp_path / f"{i}.png").write_bytes(b"")
    source = open_source(tmp_path)
    assert chosen(source, 5) == [0, 2, 4, 6, 8]
    assert chosen(source, 20) == list(range(10))

    class Some:
        def has(self, index: int) -> bool:
            return index in (3, 4, 9)

        def of(self, index: int) -> None:
            del index

    assert chosen(source, 2, Some()) == [3, 4]
