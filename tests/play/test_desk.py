"""What the page shows: results, draws, steps, engines and times; uploads, masks and boxes; what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import twinlens
from images import picture
from twinlens import transforms as T
from twinlens.errors import ArgumentError
from twinlens.play import pictures, timing, views
from twinlens.play.desk import TABS, Desk, shown
from twinlens.play.editor import Editor


def desk(tmp_path: Path, size_hw: tuple[int, int] = (40, 50)) -> Desk:
    """With a small picture on it."""
    Image.fromarray(picture(*size_hw, 3, seed=2)).save(tmp_path / "small.png")
    made = Desk(count=2)
    made.take_image(str(tmp_path / "small.png"))
    return made


def test_the_result_has_the_pixels_of_the_pipeline(tmp_path: Path) -> None:
    made = desk(tmp_path)
    pipe = T.Compose([T.RandomResizedCrop(24), T.CLAHE()])
    found = views.result(pipe, made.scene, 7)
    assert found.after is not None
    np.testing.assert_array_equal(np.asarray(found.before), picture(40, 50, 3, seed=2))
    np.testing.assert_array_equal(np.asarray(found.after), pipe(made.scene.image, key=twinlens.key(7, 0, 0)))
    assert found.before_words == "50 x 40 x 3, uint8"
    floats = views.result(T.Compose([T.ToTensor(), T.Normalize(0.5, 0.5)]), made.scene, 0)
    assert floats.after_words == "50 x 40 x 3, float32, Normalize undone"
    assert floats.after is not None
    np.testing.assert_array_equal(np.asarray(floats.after), made.scene.image)


def test_large_pictures_are_shown_smaller() -> None:
    found = views.result(T.Compose([]), pictures.Scene(np.zeros((20, 2048, 3), np.uint8)), 0)
    assert found.after is not None
    assert found.after.size == (1024, 10)
    assert found.after_words == "2048 x 20 x 3, uint8, shown smaller"


def test_draws_and_steps(tmp_path: Path) -> None:
    scene = desk(tmp_path).scene
    pipe = T.Compose([T.Grayscale(3), T.Grayscale(3), T.RandomResizedCrop(24)])
    cells = views.draws(pipe, scene, 0, 3)
    assert [cell.caption.split("\n")[0] for cell in cells] == ["draw 0", "draw 1", "draw 2"]
    assert len({cell.picture.tobytes() for cell in cells if cell.picture}) == 3
    assert len(views.draws(T.Compose([T.Grayscale(3)]), scene, 0, 3)) == 1, "nothing is drawn"
    names = [cell.caption for cell in views.steps(pipe, scene, 0)]
    assert names[0] == "original"
    assert names[2] == "2. Grayscale\n50 x 40, no change"
    assert [name.split("\n")[0] for name in names[1:]] == ["1. Grayscale", "2. Grayscale", "3. RandomResizedCrop"]
    with pytest.raises(ArgumentError, match="draws: 0 wants to be from 1 to 24"):
        views.draws(pipe, scene, 0, 0)


def test_engines(tmp_path: Path) -> None:
    scene = desk(tmp_path).scene
    ours, theirs = views.differences(T.Compose([T.Resize(20)]), scene, 0, ["opencv"])
    assert ours.caption.endswith("\n0 of 1,500 values differ")
    assert ours.picture is not None
    assert not np.asarray(ours.picture).any(), "a black map"
    assert re.search(r"OpenCV.*\n[1-9][\d,]+ of 1,500 values differ, by \d+ levels at most", theirs.caption)
    assert theirs.picture is not None
    assert np.asarray(theirs.picture).std() > 20


def test_times(tmp_path: Path) -> None:
    image = desk(tmp_path).scene.image
    found = timing.times(T.Compose([T.Resize(20), T.ToTensor(), T.Normalize(0.5, 0.5)]), image, 0)
    assert [one.name for one in found] == ["Resize", "ToTensor", "Normalize", "the whole pipeline"]
    assert all(one.milliseconds > 0 and one.calls >= 3 for one in found)
    assert [one.name for one in timing.times(T.Compose([T.Grayscale(3)]), image, 0)] == ["Grayscale"]
    assert timing.times(T.Compose([]), image, 0) == []


def editors() -> Iterator[Editor]:
    yield Editor()
    yield Editor.of(T.Compose([T.RandomResizedCrop(24), T.CLAHE(), T.ToTensor(), T.Normalize(0.5, 0.5)]))
    yield Editor.of(T.Compose([T.FiveCrop(20)]))
    yield Editor.of(T.Compose([T.ToTensor(), T.CLAHE()]))  # fails
    yield Editor.of(T.Compose([T.CutMix(num_classes=3)]))  # wants a batch


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_shows_something_whatever_the_pipeline(tab: str, tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.tab = tab
    for each in editors():
        seen = shown(each, made)
        assert seen.yaml.startswith("twinlens:")
        assert seen.before.size == (50, 40)
        assert (seen.after is None) == bool(seen.faults), seen.faults
        assert seen.panel or not each.steps


def test_what_fails_is_one_line_and_the_steps_say_where(tmp_path: Path) -> None:
    made = desk(tmp_path)
    seen = shown(Editor.of(T.Compose([T.Grayscale(3), T.CenterCrop(8), T.RandomCrop(30)])), made)
    assert seen.after is None
    assert "RandomCrop" in seen.faults
    assert seen.faults.count("<div>") == 1
    assert "2. CenterCrop" in seen.panel
    seen = shown(Editor.of(T.Compose([T.MixUp(num_classes=3)])), made)
    assert "mixes the images of a batch" in seen.faults


def test_words_of_a_plugin_or_a_file_are_escaped() -> None:
    made = Desk()
    made.faults["image"] = "<script>alert(1)</script>"
    assert "<script>" not in shown(Editor(), made).faults


def test_uploads_that_are_no_image_leave_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = desk(tmp_path)
    before = made.scene
    (tmp_path / "words.png").write_text("no image")
    made.take_image(str(tmp_path / "words.png"))
    assert made.faults["image"].startswith("image: ")
    assert made.scene is before
    monkeypatch.setattr(pictures, "MAX_PIXELS", 100)
    made.take_image(str(tmp_path / "small.png"))
    assert "100" in made.faults["image"]
    monkeypatch.setattr(pictures, "MAX_BYTES", 10)
    made.take_image(str(tmp_path / "small.png"))
    assert "the file has" in made.faults["image"]
    made.take_image(None)
    assert made.faults == {}
    assert made.scene.names == ("disc", "square"), "the sample"


def test_masks(tmp_path: Path) -> None:
    made = desk(tmp_path)
    mask = np.zeros((40, 50), np.uint8)
    mask[10:20, 10:30] = 1
    Image.fromarray(mask).save(tmp_path / "mask.png")
    made.take_mask(str(tmp_path / "mask.png"))
    assert made.scene.mask is not None
    np.testing.assert_array_equal(made.scene.mask, mask)
    plain, tinted = picture(40, 50, 3, seed=2), np.asarray(shown(Editor(), made).before)
    np.testing.assert_array_equal((plain != tinted).any(2)[mask == 0], False)
    assert (plain != tinted).any(2)[mask == 1].mean() > 0.9
    Image.fromarray(mask[:, :40]).save(tmp_path / "mask.png")
    made.take_mask(str(tmp_path / "mask.png"))
    assert made.faults == {"mask": "mask: it is 40 x 40, the image 50 x 40"}
    assert made.scene.mask is None
    made.take_image(str(tmp_path / "small.png"))
    assert made.faults == {}


def test_boxes(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.take_boxes("- [1, 2, 30, 20, cat]\n- [5, 5, 9.5, 9]")
    assert made.scene.boxes is not None
    assert made.scene.boxes.tolist() == [[1, 2, 30, 20], [5, 5, 9.5, 9]]
    assert made.scene.names == ("cat", "")
    assert pictures.boxes_text(made.scene) == "- [1, 2, 30, 20, cat]\n- [5, 5, 9.5, 9]"
    after = views.result(T.Compose([T.HorizontalFlip(1.0)]), made.scene, 0)
    assert after.after_words.endswith("2 boxes")
    for text, why in (
        ("- [1, 2, 3]", "row 1"),
        ("- [1, 2, 30, 20]\n- [9, 2, 3, 20]", "row 2"),
        ("3", "wants rows"),
        ("- [1, 2, .inf, 20]", "row 1"),
        ("[[", "not YAML"),
    ):
        made.take_boxes(text)
        assert why in made.faults["boxes"]
        assert made.scene.boxes is None
    made.take_boxes("")
    assert made.faults == {}


def test_numbers(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.take_numbers(5, 3)
    assert (made.seed, made.count) == (5, 3)
    for seed, count in ((None, None), (-1, 0), (2**70, -4)):
        made.take_numbers(seed, count)
        assert (made.seed, made.count) == (0, 1)
    made.take_numbers(1, 1000)
    assert made.count == views.MOST_DRAWS
