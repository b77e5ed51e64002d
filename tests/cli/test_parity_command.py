"""twinlens parity: its table, report and heat maps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from looking import NAMES, called, failing, write_images
from PIL import Image

import twinlens
from images import picture
from twinlens import transforms as T
from twinlens.cli.parity.measure import compare, labels_of
from twinlens.cli.parity.picture import heat
from twinlens.cli.parity.report import cells, markdown
from twinlens.cli.parity.rivals.albumentations import Albumentations
from twinlens.cli.parity.rivals.kornia import Kornia
from twinlens.cli.parity.rivals.opencv import OpenCV
from twinlens.cli.parity.rows import Comparison, Row
from twinlens.data.sources import open_source

Capture = pytest.CaptureFixture[str]
EVAL = T.Compose([T.Resize(20), T.CenterCrop(16), T.ToTensor(), T.Normalize([0.4, 0.5, 0.6], [0.2, 0.2, 0.2])])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "220")
    write_images(tmp_path / "images")
    return tmp_path / "images"


def saved(pipe: Any, tmp_path: Path) -> Path:
    twinlens.save(pipe, tmp_path / "pipe.yaml")
    return tmp_path / "pipe.yaml"


def rows(folder: Path, pipe: Any, *against: str) -> list[Row]:
    source = open_source(folder)
    found = compare(source, range(len(source)), pipe, against)
    assert not found.failed
    assert found.images == 3
    return found.rows


def test_evaluation(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    options = ["--against", "pillow,opencv,kornia", "--out", out]
    printed = called(capsys, "parity", folder, "--pipeline", saved(EVAL, tmp_path), *options)
    assert "3 images" in printed
    report = json.loads((out / "parity.json").read_text("utf-8"))
    assert (report["images"], report["listed"], report["failed"]) == (3, 3, [])
    ours, pillow, opencv, kornia = report["rows"]
    for exact in (ours, pillow):
        assert exact["difference"]["values"] == 3 * 3 * 16 * 16
        assert exact["difference"]["differing"] == 0
        assert exact["worst"] is None
    for other in (opencv, kornia):
        assert other["first_differs_in"] == {"Resize": 3}
        assert 0 < other["difference"]["mean_levels"] < other["difference"]["max_levels"] < 255
        assert other["no_equivalent"] == {}
        with Image.open(out / other["worst"]["picture"]) as sheet:
            assert sheet.width > 1000
            assert np.asarray(sheet).std() > 20
    assert opencv["done_by"]["Resize"] == "cv2.resize(INTER_LINEAR)"
    text = (out / "parity.md").read_text("utf-8")
    assert "| batched engine" in text
    assert "![ours, theirs, difference](opencv.png)" in text
    assert sorted(file.name for file in out.iterdir()) == ["kornia.png", "opencv.png", "parity.json", "parity.md"]


def test_the_difference_is_that_of_the_results(folder: Path) -> None:
    import cv2

    (_, row) = rows(folder, T.Compose([T.Resize((20, 30))]), "opencv")
    ours, theirs = [], []
    for name in NAMES:
        image = np.asarray(Image.open(folder / name))
        ours.append(T.Resize((20, 30))(image).astype(int))
        theirs.append(cv2.resize(image, (30, 20), interpolation=cv2.INTER_LINEAR).astype(int))
    gap = np.abs(np.stack(ours) - np.stack(theirs))
    found = row.difference
    assert (found.values, found.differing, found.greatest) == (gap.size, np.count_nonzero(gap), gap.max())
    assert found.mean == pytest.approx(gap.mean())
    assert row.worst is not None
    assert row.worst.name == NAMES[int(gap.mean((1, 2, 3)).argmax())]


def test_what_has_no_equivalent_is_named_and_hides_nothing(folder: Path) -> None:
    """Ours runs on the library's image: the resize before it still differs."""
    pipe = T.Compose([T.Resize(20), T.ElasticTransform(20.0), T.RandomHorizontalFlip(), T.ElasticTransform(20.0)])
    assert labels_of(pipe) == ["Resize", "ElasticTransform (2)", "RandomHorizontalFlip", "ElasticTransform (4)"]
    ours, pillow, opencv = rows(folder, pipe, "pillow", "opencv")
    assert ours.difference.differing == pillow.difference.differing == 0
    assert pillow.missing == {"ElasticTransform (2)": "Remap", "ElasticTransform (4)": "Remap"}
    assert opencv.first == {"Resize": 3}
    assert opencv.difference.share > 0.1
    assert "ElasticTransform (2): Remap; ElasticTransform (4): Remap" in cells(opencv)[-1]


def test_nothing_to_compare(folder: Path) -> None:
    _, row = rows(folder, T.Compose([T.GaussNoise(p=1.0)]), "pillow")
    assert not row.compared
    assert cells(row)[1] == "nothing to compare"
    assert cells(row)[-1] == "GaussNoise"


def test_callables_are_named(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "pipe.yaml"
    path.write_text("pipeline:\n  - Resize: {size: 20}\n  - Lambda: {lambd: 'numpy:fliplr'}\n  - ToTensor\n")
    parity = ("parity", folder, "--pipeline", path, "--against", "pillow,torchvision")
    assert "allow_functions" in failing(capsys, *parity)
    printed = called(capsys, *parity, "--allow-functions")
    assert printed.count("Lambda: a callable of its own") == 3
    assert printed.count("%") == 1, "of tensors: to_dtype multiplies by the reciprocal"


def test_another_kind_of_result(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OpenCV, "flip", lambda *given, **_: (given[1][:-1], "cropped"))
    _, row = rows(folder, T.Compose([T.RandomHorizontalFlip(1.0)]), "opencv")
    assert cells(row)[1:5] == ("100%", "", "", "RandomHorizontalFlip")
    assert cells(row)[5] == "gives uint8 29 x 40 x 3 where ours is uint8 30 x 40 x 3"


def test_results_that_ours_cannot_go_on_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OpenCV, "flip", lambda *given, **_: (given[1].astype(np.int16), "cast"))
    pipe = T.Compose([T.RandomHorizontalFlip(1.0), T.GaussNoise(p=1.0)])
    ours, row = rows(folder, pipe, "opencv")
    assert ours.images == 3
    assert row.images == 0
    assert "ours cannot go on from its image" in cells(row)[-1]


def test_libraries_that_fail(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("out of luck\nand of words")

    monkeypatch.setattr(Kornia, "flip", broken)
    _, row = rows(folder, T.Compose([T.RandomHorizontalFlip(1.0), T.Resize(10)]), "kornia")
    assert row.missing == {"RandomHorizontalFlip": "RuntimeError: out of luck and of words"}
    assert row.first == {"Resize": 3}


def test_libraries_that_are_not_installed(
    folder: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Albumentations, "library", "no_such_module")
    assert Albumentations.version() is None
    out = tmp_path / "out"
    options = ["--against", "albumentations", "--out", out]
    printed = called(capsys, "parity", folder, "--pipeline", saved(EVAL, tmp_path), *options)
    assert "not installed: pip install albumentations==2.0.8" in printed
    report = json.loads((out / "parity.json").read_text("utf-8"))
    assert report["rows"][1] == {
        "against": "Albumentations", "on": "", "installed": False, "install": "albumentations==2.0.8",
    }  # fmt: skip


def test_images_without_a_result(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    (folder / "a|<b>.png").write_bytes(b"")
    out = tmp_path / "out"
    options = ["--against", "pillow", "--out", out]
    printed = called(capsys, "parity", folder, "--pipeline", saved(EVAL, tmp_path), *options)
    assert "a|<b>.png: " in printed
    assert r"- a\|&lt;b>.png: " in (out / "parity.md").read_text("utf-8")
    for name in NAMES:
        (folder / name).write_bytes(b"")
    error = failing(capsys, "parity", folder, "--pipeline", tmp_path / "pipe.yaml", "--against", "pillow")
    assert "none of 4 images has a result" in error


def test_what_is_refused(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    pipe = saved(EVAL, tmp_path)
    parity = ("parity", folder, "--pipeline", pipe)
    for against in ("pillow,pil", "", ","):
        assert "wants some of pillow, opencv" in failing(capsys, *parity, "--against", against)
    assert "not a folder" in failing(capsys, *parity, "--out", pipe)
    assert "--pipeline" in failing(capsys, "parity", folder)
    mixing = saved(T.Compose([T.MixUp(num_classes=2)]), tmp_path)
    assert "leave MixUp" in failing(capsys, "parity", folder, "--pipeline", mixing)


def test_a_heat_map_shows_single_pixels() -> None:
    gap = np.zeros((100, 200))
    gap[37, 141] = 1.0
    small = np.asarray(heat(gap, (10, 20))).sum(2)
    assert np.flatnonzero(small.ravel()).tolist() == [3 * 20 + 14]
    large = np.asarray(heat(gap[30:40, 140:150], (20, 20))).sum(2)
    assert np.count_nonzero(large) == 4
    ramp = np.asarray(heat(np.linspace(0, 1, 64)[None], (1, 64))).astype(int).sum(2)[0]
    assert (np.diff(ramp) >= 0).all(), "more is lighter"
    assert (heat(np.full((1, 1), 9.0), (1, 1)).getpixel((0, 0))) == (252, 250, 170)


def test_figures_do_not_look_like_none_or_all() -> None:
    row = Row("library", "1.0", install="library", images=1, said={"Resize": "x"})
    row.difference.values, row.difference.differing, row.difference.greatest = 10**6, 999_999, 0.00012
    row.difference.total = 1e-9
    assert cells(row)[:4] == ("library 1.0", "99.9%", "0.00012", "1e-15")
    row.difference.differing = 1
    assert cells(row)[1] == "0.0001%"
    about = {"pipeline": "p", "listed": 1, "source": "s", "seed": 0}
    assert "| library 1.0 | 0.0001% |" in markdown(Comparison([row], 1), about, {})


@pytest.mark.cuda
def test_the_engine_on_a_card() -> None:
    class Pictures:
        def __len__(self) -> int:
            return 2

        def path(self, index: int) -> str:
            return str(index)

        def label(self, index: int) -> str:
            return str(index)

        def read(self, index: int) -> np.ndarray[Any, Any]:
            return picture(50 + index, 70)

    pipe = T.Compose([T.RandomResizedCrop(32), T.ColorJitter(0.4, 0.4, 0.4), *EVAL.transforms[2:]])
    cpu, card = compare(Pictures(), range(2), pipe, []).rows
    assert (cpu.on, card.on) == ("CPU", "CUDA")
    assert card.compared
    assert cpu.difference.differing == card.difference.differing == 0
