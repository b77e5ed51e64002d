"""Masks and boxes of twinlens show: files that belong to images, and what is in them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from looking import NAMES, SIZE_HW, write_coco, write_images, write_masks
from PIL import Image

from twinlens.cli.show.boxes import boxes_for
from twinlens.cli.show.masks import labels_in, masks_for
from twinlens.cli.show.overlay import colour
from twinlens.cli.show.stems import ByStem, is_mask_name, stem
from twinlens.data.sources import Source, open_source
from twinlens.errors import ArgumentError, DecodeError


@pytest.fixture
def source(tmp_path: Path) -> Source:
    write_images(tmp_path / "images")
    return open_source(tmp_path / "images")


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def test_names_without_suffixes() -> None:
    assert stem("a/b.tar.png") == "a/b.tar"
    assert stem("a.b/c") == "a.b/c"
    assert is_mask_name("x/cat_mask.png")
    assert is_mask_name("cat-GT.png")
    assert not is_mask_name("mask.png")
    names = ByStem(["train/a.png", "val/a.png", "val/b_mask.png", "c_seg.png", "c.png"])
    assert names.find("train/a.jpg") == 0
    assert names.find("other/a.jpg") is None, "two have that name"
    assert names.find("images/b.jpg") == 2
    assert names.find("c.jpg") == 4, "the name itself before an ending"
    assert names.find("d.jpg") is None


@pytest.mark.parametrize("ending", ["", "_mask"])
def test_masks_beside_folders(source: Source, tmp_path: Path, ending: str) -> None:
    write_masks(tmp_path / "masks", ending)
    masks = masks_for(str(tmp_path / "masks"), source, str(tmp_path / "images"))
    assert [masks.has(i) for i in range(3)] == [True, True, False]
    labels, colours = masks.of(1) or (None, None)
    assert labels is not None
    assert labels.shape == SIZE_HW
    assert np.unique(labels).tolist() == [0, 1, 2]
    assert colours == {}
    assert masks.of(2) is None


def test_masks_among_the_images(source: Source, tmp_path: Path) -> None:
    del source
    write_masks(tmp_path / "images", "_mask")
    folder = str(tmp_path / "images")
    both = open_source(folder)
    masks = masks_for(f"{folder}/", both, folder)
    assert [both.path(i) for i in range(len(both)) if masks.has(i)] == list(NAMES[:2])


def test_masks_of_other_images(source: Source, tmp_path: Path) -> None:
    Image.new("L", (4, 4)).save(tmp_path / "other.png")
    with pytest.raises(ArgumentError, match=r"such as cats/a\.png, not other\.png"):
        masks_for(str(tmp_path / "other.png"), source, str(tmp_path / "images"))
    with pytest.raises(ArgumentError, match="no such folder"):
        masks_for(str(tmp_path / "none"), source, str(tmp_path / "images"))


def test_values_of_masks() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    few = ramp // 64
    assert (labels_in(saved(Image.fromarray(few)))[0] == few).all()
    assert (labels_in(saved(Image.fromarray(few > 1)))[0] == (few > 1)).all()
    deep = few.astype(np.uint16) * 300
    assert (labels_in(saved(Image.fromarray(deep)))[0] == deep).all()
    palette = Image.fromarray(few)
    palette.putpalette([9, 9, 9] * 256)
    assert palette.mode == "P"
    assert (labels_in(saved(palette))[0] == few).all(), "the indices, not their colours"
    assert (labels_in(saved(Image.fromarray(ramp)))[0] == (ramp > 127)).all(), "soft"
    blocks = np.where(few > 1, 250, 3).astype(np.uint8).repeat(8, 0).repeat(8, 1)
    labels = labels_in(saved(Image.fromarray(blocks), "JPEG"))[0]
    assert (labels == (blocks > 127)).all(), "JPEG makes noise of it"
    assert np.unique(labels_in(few.astype(np.int64) * 70_000)[0]).tolist() == [0, 1, 2, 3]


def test_masks_in_colour() -> None:
    red, blue = (200, 10, 0), (0, 0, 255)
    image = np.zeros((4, 6, 3), np.uint8)
    image[:2, :3], image[2:, 3:] = red, blue
    labels, colours = labels_in(saved(Image.fromarray(image)))
    assert {colours[int(labels[0, 0])], colours[int(labels[3, 5])]} == {red, blue}
    assert labels[0, 5] == 0
    without_black, _ = labels_in(saved(Image.fromarray(np.full((2, 2, 3), red, np.uint8))))
    assert without_black.min() > 0
    gray, colours = labels_in(saved(Image.fromarray(np.full((2, 2, 3), 5, np.uint8))))
    assert (gray == 5).all()
    assert colours == {}
    with pytest.raises(DecodeError, match="mask: "):
        labels_in(b"no image")


def test_coco(source: Source, tmp_path: Path) -> None:
    write_coco(tmp_path / "boxes.json")
    boxes = boxes_for(str(tmp_path / "boxes.json"), "xywh", source)
    assert [boxes.has(i) for i in range(3)] == [True, False, True]
    found = boxes.of(0, SIZE_HW)
    assert found.xyxy.tolist() == [[2, 4, 12, 16], [20, 10, 28, 16]]
    assert found.names == ["paw", "tail"]
    assert found.size_hw == SIZE_HW
    assert boxes.of(1, SIZE_HW).xyxy.shape == (0, 4)


@pytest.mark.parametrize("text", ["[]", "{", '{"images": []}', '{"images": [{}], "annotations": []}', "[1, 2"])
def test_files_that_are_not_coco(source: Source, tmp_path: Path, text: str) -> None:
    (tmp_path / "boxes.json").write_text(text)
    with pytest.raises(ArgumentError, match="wants COCO's 'images' and 'annotations'"):
        boxes_for(str(tmp_path / "boxes.json"), "xywh", source)


def test_boxes_that_there_are_not(source: Source, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="no such file"):
        boxes_for(str(tmp_path / "none.json"), "xywh", source)
    write_coco(tmp_path / "boxes.json", images=[{"id": 0, "file_name": "else.jpg"}])
    with pytest.raises(ArgumentError, match=r"has none for an image, which are such as cats/a\.png"):
        boxes_for(str(tmp_path / "boxes.json"), "xywh", source)
    with pytest.raises(ArgumentError, match="or a column where the images come from a manifest"):
        boxes_for("boxes", "xywh", source)


def test_yolo(source: Source, tmp_path: Path) -> None:
    (tmp_path / "labels/cats").mkdir(parents=True)
    (tmp_path / "labels/classes.txt").write_text("paw\ntail\n")
    lines = ["1 0.5 0.5 0.25 0.2", "", "0 0.25 0.5 0.5 1.0 0.93", "5 0 0 0.5 0 0.5 0.5"]
    (tmp_path / "labels/cats/a.txt").write_text("\n".join(lines))
    (tmp_path / "labels/cats/b.txt").write_text("0 0.5 0.5\n")
    boxes = boxes_for(str(tmp_path / "labels"), "xywh", source)
    found = boxes.of(0, SIZE_HW)
    np.testing.assert_allclose(found.xyxy, [[15, 12, 25, 18], [0, 0, 20, 30], [0, 0, 20, 15]])
    assert found.names == ["tail", "paw", "5"]
    with pytest.raises(ArgumentError, match=r"b\.txt, line 1: got '0 0\.5 0\.5'"):
        boxes.of(1, SIZE_HW)
    assert boxes.of(2, SIZE_HW).names == []


OBJECTS: list[Any] = [
    [[2, 4, 10, 12], [20, 10, 8, 6]],
    {"bbox": [[2, 4, 10, 12], [20, 10, 8, 6]], "category": ["paw", "tail"]},
    [{"bbox": [2, 4, 10, 12], "label": "paw"}, {"bbox": [20, 10, 8, 6], "label": "tail"}],
]


@pytest.mark.parametrize("held", OBJECTS, ids=["rows", "mapping", "list"])
@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_columns(tmp_path: Path, held: Any, kind: str) -> None:
    images = write_images(tmp_path)
    Image.fromarray(np.full(SIZE_HW, 3, np.uint8)).save(tmp_path / "m.png")
    where = tmp_path / f"metadata.{kind}"
    if kind == "jsonl":
        rows = [{"file_name": NAMES[0], "objects": held, "seg": "m.png"}, {"file_name": NAMES[1]}]
        where.write_text("\n".join(json.dumps(row) for row in rows))
    elif kind == "csv":
        quoted = json.dumps(held).replace('"', '""')
        where.write_text(f'path,Objects,seg\n{NAMES[0]},"{quoted}",m.png\n{NAMES[1]},,\n')
    else:
        pa = pytest.importorskip("pyarrow")
        import pyarrow.parquet as parquet

        masks = [{"bytes": (tmp_path / "m.png").read_bytes(), "path": None}, None]
        table = {
            "image": [saved(Image.fromarray(image)) for image in images[:2]],
            "seg": masks,
            "objects": [held, None],
        }
        parquet.write_table(pa.table(table), where, row_group_size=1)
    source = open_source(where)
    boxes, masks_there = boxes_for("objects", "xywh", source), masks_for("seg", source, str(where))
    found = boxes.of(0, SIZE_HW)
    assert found.xyxy.tolist() == [[2, 4, 12, 16], [20, 10, 28, 16]]
    assert found.names == (["", ""] if held is OBJECTS[0] else ["paw", "tail"])
    assert boxes.of(1, SIZE_HW).names == []
    assert boxes_for("objects", "xyxy", source).of(0, SIZE_HW).xyxy.tolist() == [[2, 4, 10, 12], [20, 10, 8, 6]]
    labels = masks_there.of(0)
    assert labels is not None
    assert (labels[0] == 3).all()
    assert masks_there.of(1) is None
    with pytest.raises(ArgumentError, match=r"'else', only .*objects"):
        boxes_for("else", "xywh", source)


def test_columns_that_hold_no_boxes(tmp_path: Path) -> None:
    write_images(tmp_path)
    (tmp_path / "list.jsonl").write_text(json.dumps({"path": NAMES[0], "label": "cat", "objects": [[1, 2, 3]]}))
    source = open_source(tmp_path / "list.jsonl")
    for column in ("label", "objects"):
        with pytest.raises(ArgumentError, match=r"cats/a\.png has .*, wants rows of four numbers"):
            boxes_for(column, "xywh", source).of(0, SIZE_HW)


def test_outlines_of_coco(source: Source, tmp_path: Path) -> None:
    """A polygon of the first class, runs of the second on top of it, as numbers and packed."""
    h, w = SIZE_HW
    runs = [5 * h + 3, 10, h - 10, 10, w * h - 5 * h - 3 - h - 10]
    polygon = {"image_id": 0, "category_id": 7, "segmentation": [[4, 2, 20, 2, 20, 12, 4, 12]]}
    numbers = {"image_id": 0, "category_id": 9, "segmentation": {"counts": runs, "size": [h, w]}}
    # 153, 10, 20, 10, 1007: from the fourth on less the one before the last, 0 and 987; five bits a letter
    packed = {"image_id": 1, "category_id": 9, "segmentation": {"counts": "i4:d00kn0", "size": [h, w]}}
    wrong = {"image_id": 2, "category_id": 9, "segmentation": {"counts": [3], "size": [h, w]}}
    boxes = {"image_id": 0, "category_id": 9, "bbox": [1, 2, 3, 4]}
    write_coco(tmp_path / "coco.json", annotations=[polygon, numbers, packed, wrong, boxes])
    masks = masks_for(str(tmp_path / "coco.json"), source, str(tmp_path / "images"))
    assert [masks.has(i) for i in range(3)] == [True, True, True]
    labels, colours = masks.of(0) or (None, None)
    assert labels is not None
    assert colours is not None
    wanted = np.zeros(SIZE_HW, int)
    wanted[2:13, 4:21] = 1
    wanted[3:13, 5:7] = 2
    np.testing.assert_array_equal(labels, wanted)
    assert colours == {1: colour(0), 2: colour(1)}
    again = masks.of(1)
    assert again is not None
    np.testing.assert_array_equal(again[0] > 0, wanted == 2)
    with pytest.raises(ArgumentError, match="runs are of 3 pixels, the image has 1200"):
        masks.of(2)
