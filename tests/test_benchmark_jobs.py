"""The scripts that `twinlens run` is measured beside: each on a few pictures, their tables beside ours."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from images import picture
from twinlens import data
from twinlens import transforms as T

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.jobs import measure, photos, tables
from benchmarks.jobs.contender import Contender
from benchmarks.jobs.rows import ROWS, SUBJECT, TARGETS, Row
from benchmarks.targets import Share

from twinlens.cli.bench.rows import Differs
from twinlens.errors import InputError

ROOT = Path(__file__).parents[1]
COUNT = 5


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"benchmarks.jobs.{script}", *(str(argument) for argument in arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two photos to make files of; not of one size, one wider than high."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i, (h, w) in enumerate([(270, 321), (310, 277)]):
        Image.fromarray(picture(h, w, kind="gradient", seed=i)).save(folder / f"photo {i}.png")
    return folder


@pytest.fixture
def files(pictures: Path, tmp_path: Path) -> Path:
    photos.make(pictures, tmp_path / "files", COUNT)
    return tmp_path / "files"


def test_photos_are_distinct_and_the_same_every_time(pictures: Path, files: Path, tmp_path: Path) -> None:
    done = run("photos", pictures, tmp_path / "again", "--count", COUNT)
    assert done.returncode == 0, done.stderr
    made = {path.relative_to(files): path.read_bytes() for path in files.rglob("*.jpg")}
    again = {path.relative_to(tmp_path / "again"): path.read_bytes() for path in (tmp_path / "again").rglob("*.jpg")}
    assert made == again
    assert sorted(path.as_posix() for path in made) == [
        "photo 0/00000.jpg", "photo 0/00002.jpg", "photo 0/00004.jpg", "photo 1/00001.jpg", "photo 1/00003.jpg"
    ]  # fmt: skip
    assert len({hashlib.sha256(content).hexdigest() for content in made.values()}) == COUNT
    for path in files.rglob("*.jpg"):
        with Image.open(path) as image, Image.open(pictures / f"{path.parent.name}.png") as whole:
            for side, most in zip(image.size, whole.size, strict=True):
                assert round(0.8 * most) <= side <= most
            assert image.layer[0][1:3] == (2, 2)  # type: ignore[attr-defined] # 4:2:0: twice the luma each way


def test_photos_says_what_is_wrong(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no image in it"):
        photos.make(tmp_path / "empty", tmp_path / "out", 3)
    Image.fromarray(picture(2, 2)).save(tmp_path / "empty/tiny.png")
    with pytest.raises(InputError, match="2x2 is too small for 9 different crops"):
        photos.make(tmp_path / "empty", tmp_path / "out", 9)
    done = run("photos", pictures, pictures)
    assert done.returncode == 2
    assert "is not an empty folder" in done.stderr


@pytest.mark.parametrize("row", [row for row in ROWS if row.library != "twinlens"], ids=lambda row: row.job)
def test_a_script_writes_what_ours_does(row: Row, files: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec(row.library) is None:
        pytest.skip(f"{row.library} is not installed")
    done = run(row.job.partition(":")[0], files, tmp_path / "out.parquet", "--workers", 1)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.parquet").exists() == row.writes
    if not row.writes:
        return
    data.run(files, T.Compose([T.Resize(256), T.CenterCrop(224)]), tmp_path / "ours", format="raw", workers=1)
    theirs = tables.read(tmp_path / "out.parquet")
    verdict = tables.compared(tables.read(tmp_path / "ours"), theirs)
    assert verdict.pixels == COUNT * 224 * 224
    assert not (row.exact and verdict.differing)
    assert set(theirs.labels.values()) == {"photo 0", "photo 1"}


def test_the_measurement(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row for row in ROWS if row.job in ("ours:command", "ceiling:job", "torchvision_pil:job")]
    monkeypatch.setattr("benchmarks.jobs.measure.ROWS", [*rows, Row("theirs", "none", "none_such:job")])
    monkeypatch.setattr("benchmarks.jobs.measure.TARGETS", [t for t in TARGETS if t.row in {row.name for row in rows}])
    options = ("--count", COUNT, "--rounds", 2, "--workers", 1, "--out", tmp_path / "out")
    measure.main([str(pictures), *(str(option) for option in options)])
    (path,) = (tmp_path / "out").glob("*-jobs.json")
    report, text = json.loads(path.read_text()), path.with_suffix(".md").read_text()
    assert text in capsys.readouterr().out
    *entries, missing = report["subject"]["rows"]
    assert missing["skipped"] == "benchmarks.jobs.none_such is not installed"
    for entry, row in zip(entries, rows, strict=True):
        assert f"| {row.name} | {entry['microseconds']:.1f} |" in text
        assert len(entry["rounds"]) == 2
        assert entry["differs"] == ("0 pixels" if row.writes else None)
        assert entry["peak_megabytes"] is None or entry["peak_megabytes"] > 1
    assert entries[0]["ratio"] == 1
    assert [target["wanted"] for target in report["targets"]] == ["85%", "3x"]
    assert {target["state"] for target in report["targets"]} <= {"met", "below"}


def test_the_measurement_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for given, message in ((["--rounds", "0"], "--rounds 0 must be positive"), ([], "no such file or folder")):
        with pytest.raises(SystemExit):
            measure.main([str(tmp_path / "none"), *given])
        assert message in capsys.readouterr().err


def test_every_target_names_rows_that_there_are() -> None:
    names = {row.name for row in ROWS}
    for target in TARGETS:
        assert target.subject == SUBJECT
        assert {target.row, *(target.rows if isinstance(target, Share) else ())} <= names


def table(*names: str, value: int = 0, shape: tuple[int, ...] = (4, 6, 3)) -> tables.Table:
    return tables.Table(dict.fromkeys(names, "cat"), {name: np.full(shape, value, np.uint8) for name in names})


def test_tables_are_compared() -> None:
    other = table("a", "b")
    other.images["b"][1, 2] = (0, 7, 9)
    assert str(tables.compared(table("a", "b"), other)) == "1 of 48 pixels, at most 9"
    assert str(tables.compared(table("a", value=255), table("a"))) == "24 of 24 pixels, at most 255"
    for wrong, message in ((table("a", "c"), "not the same"), (table("a", "b", shape=(6, 4, 3)), r"\(6, 4, 3\)")):
        with pytest.raises(Differs, match=message):
            tables.compared(table("a", "b"), wrong)


def test_what_is_not_installed_is_named(files: Path) -> None:
    with Contender(Row("theirs", "none", "none_such:job"), files, 1) as contender:
        assert contender.missing == "benchmarks.jobs.none_such is not installed"


def test_a_row_that_fails_is_named(files: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    next(files.rglob("*.jpg")).write_bytes(b"no image")
    row = Row("decoding", "simplejpeg", "ceiling:job")
    failed = pytest.raises(RuntimeError, match="decoding failed: what it raised is above")
    with Contender(row, files, 1) as contender, failed:
        assert not contender.missing
        contender.turn(tmp_path / "out")
    assert "ValueError" in capfd.readouterr().err
