"""twinlens show from the command line: PNG and page, and what it refuses."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from looking import NAMES, called, failing, write_coco, write_images, write_masks
from PIL import Image

import twinlens
from twinlens import transforms as T
from twinlens.cli.drawing import cut, text_width
from twinlens.cli.show.layout import Cell, Line, Section, Sheet
from twinlens.cli.show.png import write_png

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_images(tmp_path / "images")
    return tmp_path / "images"


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe.yaml"
    twinlens.save(T.Compose([T.RandomResizedCrop(24), T.RandomHorizontalFlip(), T.ToTensor()]), path)
    return path


def test_png(folder: Path, pipe: Path, tmp_path: Path, capsys: Capture) -> None:
    write_masks(tmp_path / "masks")
    write_coco(tmp_path / "boxes.json")
    out = tmp_path / "sheet.png"
    options = ["--pipeline", pipe, "--masks", tmp_path / "masks", "--boxes", tmp_path / "boxes.json", "--steps"]
    printed = called(capsys, "show", folder, *options, "--out", out, "--draws", 2)
    assert "1 of 3 images" in printed, "only one has both, a mask and boxes"
    with Image.open(out) as sheet:
        assert sheet.format == "PNG"
        assert sheet.width == 2 * 28 + 4 * 234 - 10, "the original and three transforms"
        assert np.asarray(sheet).std() > 20
    assert list(tmp_path.glob(".*")) == []


def test_one_image_of_an_archive_or_by_itself(folder: Path, pipe: Path, tmp_path: Path, capsys: Capture) -> None:
    for out in ("a.png", "b.html"):
        called(capsys, "show", folder / NAMES[0], "--pipeline", pipe, "--out", tmp_path / out)
        assert (tmp_path / out).stat().st_size > 1000


class Page(HTMLParser):
    """Pictures, words and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.pictures: list[Image.Image] = []
        self.words: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "src" and value:
                assert value.startswith("data:image/png;base64,")
                self.pictures.append(Image.open(io.BytesIO(base64.b64decode(value.partition(",")[2]))))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_page(folder: Path, pipe: Path, tmp_path: Path, capsys: Capture) -> None:
    evil = folder / "<script>alert(1)</script> & 日本.png"
    evil.parent.mkdir(parents=True)
    Image.new("RGB", (30, 20), (9, 90, 200)).save(evil)
    (folder / "cats/b.png").write_bytes(b"<b>no image</b>")
    out = tmp_path / "sheet.html"
    printed = called(capsys, "show", folder, "--pipeline", pipe, "--out", out, "--draws", 2)
    assert "cats/b.png: not a JPEG" in printed
    text = out.read_text("utf-8")
    page = Page(text)
    assert len(page.pictures) == 3 * 3
    assert "script" not in page.tags
    assert "<script>alert(1)</script> & 日本.png" in page.words
    assert not re.search(r"(?:href|src)=\"(?!data:)|https?://|url\(", text), "nothing from elsewhere"
    assert {picture.size for picture in page.pictures} >= {(300, 200), (24 * 13, 24 * 13)}


def test_images_alone(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    called(capsys, "show", folder, "--out", tmp_path / "sheet.html")
    page = Page((tmp_path / "sheet.html").read_text("utf-8"))
    assert len(page.pictures) == 3
    assert [name for name in NAMES if name in page.words] == list(NAMES)
    for i in range(140):
        (folder / f"{i}.png").write_bytes((folder / NAMES[0]).read_bytes())
    called(capsys, "show", folder, "--out", tmp_path / "sheet.png", "--limit", 140)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 2 * 28 + 4 * 234 - 10


def test_a_pipeline_alone_is_printed(pipe: Path, capsys: Capture) -> None:
    printed = called(capsys, "show", pipe, "--size", "100x80")
    assert "RandomResizedCrop(size=(24, 24))" in printed
    assert "plan for 100x80x3" in printed
    assert "no such file" in failing(capsys, "show", "none.yaml")


def test_what_is_refused(folder: Path, pipe: Path, tmp_path: Path, capsys: Capture) -> None:
    show = ("show", folder, "--pipeline", pipe, "--out")
    assert "ends with .png or .html" in failing(capsys, *show, tmp_path / "sheet.gif")
    assert "no folder" in failing(capsys, *show, tmp_path / "none/sheet.png")
    assert "would be one of its images" in failing(capsys, *show, folder / "cats/sheet.png")
    assert "wants a pipeline" in failing(capsys, "show", folder, "--steps", "--out", tmp_path / "sheet.png")
    assert "too large for a PNG" in failing(capsys, *show, tmp_path / "sheet.png", "--draws", 999)
    assert "no such folder" in failing(capsys, "show", tmp_path / "none", "--out", tmp_path / "sheet.png")
    assert "--boxes" in failing(capsys, *show, tmp_path / "sheet.png", "--boxes", "objects")
    assert "--box-format" in failing(capsys, *show, tmp_path / "sheet.png", "--box-format", "yxyx")
    mixing = tmp_path / "mixing.yaml"
    twinlens.save(T.Compose([T.MixUp(num_classes=2)]), mixing)
    assert "leave MixUp" in failing(capsys, "show", folder, "--pipeline", mixing, "--out", tmp_path / "sheet.png")
    assert not list(tmp_path.glob("sheet*"))


def test_nothing_to_look_at(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    pipe = tmp_path / "pipe.yaml"
    twinlens.save(T.Compose([T.RandomIoUCrop()]), pipe)
    out = tmp_path / "sheet.png"
    error = failing(capsys, "show", folder, "--pipeline", pipe, "--out", out)
    assert "the pipeline failed for every image; cats/a.png: " in error
    for name in NAMES:
        (folder / name).write_bytes(b"")
    assert "none of 3 images could be read; cats/a.png: " in failing(capsys, "show", folder, "--out", out)
    assert not out.exists()


def test_long_and_odd_names_stay_in_their_place(tmp_path: Path) -> None:
    name = "a" * 300 + "\n\t日本\udcff.png"
    picture = Image.new("RGB", (32, 20), (200, 10, 10))
    cells = [Cell(picture, name), Cell(None, "below", "why " * 200)]
    lines = [Line(name, "about " * 99, cells, "fault " * 50), Line("", "", cells)]
    sheet = Sheet(name, [name], [Section("title", [(name, "many words " * 50), ("", "")], lines)], 32)
    write_png(sheet, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.width == 2 * 28 + 700
        border = np.asarray(image)[:, -20:]
    assert (border == border[0, 0]).all(), "nothing is drawn beyond the margin"
    for middle in (False, True):
        short = cut(name, 12, 80, middle=middle)
        assert text_width(short, 12) <= 80
        assert "..." in short
        assert short.endswith(".png") is middle
    assert cut("short", 12, 80) == "short"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, twinlens.cli.show.command, twinlens.cli.parity.command; "
        "print(*[m for m in ('rich', 'pyarrow', 'torchvision', 'albumentations', 'cv2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
