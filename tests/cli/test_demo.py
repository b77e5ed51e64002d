"""twinlens demo on small pictures in place of scikit-image's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from images import picture
from twinlens import data
from twinlens.cli import main
from twinlens.cli.demo import parity, pictures
from twinlens.errors import TwinlensError


@pytest.fixture
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder with a colour, a gray and a wide picture, and no others."""
    folder = tmp_path / "skimage"
    folder.mkdir()
    Image.fromarray(picture(280, 300)).save(folder / "astronaut.png")
    Image.fromarray(picture(300, 270, None, kind="gradient")).save(folder / "page.png")
    Image.fromarray(picture(257, 400, kind="low_contrast")).save(folder / "retina.jpg")
    monkeypatch.setattr(pictures, "_folders", lambda: [tmp_path / "nowhere", folder])
    monkeypatch.setenv("COLUMNS", "160")


@pytest.mark.usefixtures("_small")
def test_demo_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as exit_info:
        main(["demo", "--out", str(out)])
    printed = capsys.readouterr().out
    assert not exit_info.value.code
    assert "skipped, not on this machine: chelsea.png, coffee.png" in printed
    for words in ("summary", "parity", "speed", "resize lanczos", "CLAHE lab", "eval pipeline", "contact sheet"):
        assert words in printed
    assert "greatest" not in printed, "some pixels differ"
    assert sorted(record.path for record in data.read(out / "shards")) == [
        "documents/page.png",
        "medicine/retina.jpg",
        "people/astronaut.png",
    ]
    with Image.open(out / "contact-sheet.png") as sheet:
        assert sheet.width > 1200
        assert np.asarray(sheet).std() > 20
    with pytest.raises(SystemExit) as exit_info:
        main(["demo", "--out", str(out)])
    assert exit_info.value.code == 1
    assert "not an empty folder" in capsys.readouterr().err


def test_parity_is_exact_in_every_cell() -> None:
    found = dict(parity.rows([picture(270, 300), picture(300, 260, kind="gradient")]))
    assert len(found) == 10
    for name, differences in found.items():
        assert "kornia engine" in differences
        for peer, difference in differences.items():
            assert difference.values > 0
            assert difference.differing == 0, f"{name} against {peer}: {difference}"


def test_differences_are_counted() -> None:
    difference = parity.Difference()
    difference.add(np.array([1, 2, 3], np.uint8), np.array([1, 5, 2], np.uint8))
    assert (difference.values, difference.differing, difference.greatest) == (3, 2, 3.0)
    difference.add(np.zeros(2, np.uint8), np.zeros(3, np.uint8))
    assert (difference.differing, difference.greatest) == (4, float("inf"))


def test_no_picture_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_folders", lambda: [tmp_path])
    with pytest.raises(TwinlensError, match="none of scikit-image's pictures"):
        pictures.collect(tmp_path / "out")


def test_without_scikit_image_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "skimage", None)
    with pytest.raises(TwinlensError, match=r"pip install twinlens\[demo\]"):
        pictures.collect(Path("unused"))
