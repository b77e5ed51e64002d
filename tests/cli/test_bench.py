"""`twinlens bench` on small pictures and few works. No time is asserted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

import twinlens
from images import picture
from twinlens.cli import main
from twinlens.cli.bench import chart, command, markdown, measure, turn
from twinlens.cli.bench import photos as photos_module
from twinlens.cli.bench.photos import Photo, files_in, sample
from twinlens.cli.bench.rows import Differs, Row, Subject, verify
from twinlens.data import decode
from twinlens.errors import InputError

PHOTO = Photo("one", picture(40, 52))


@pytest.fixture(autouse=True)
def _threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As they were before."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    for name in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "NO_ALBUMENTATIONS_UPDATE"):
        monkeypatch.setenv(name, "1")
    yield
    torch.set_num_threads(before[0])
    twinlens.set_num_threads(None)
    cv2.setNumThreads(before[1])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two pictures, one of them deeper in the folder, and a file that is none."""
    (tmp_path / "photos/deeper").mkdir(parents=True)
    Image.fromarray(picture(90, 121)).save(tmp_path / "photos/a.png")
    Image.fromarray(picture(140, 77)).save(tmp_path / "photos/deeper/b.jpg")
    (tmp_path / "photos/broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    return tmp_path / "photos"


def bench(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_info:
        main(["bench", *(str(argument) for argument in arguments)])
    printed = capsys.readouterr()
    return int(exit_info.value.code or 0), printed.out, printed.err


def inverted(name: str = "ours", library: str = "twinlens", wrong: int = 0, exact: bool = False) -> Row:
    def build() -> Callable[[Any], Any]:
        def invert(array: Any) -> Any:
            out = 255 - array
            out.flat[:wrong] ^= 1
            return out

        return invert

    return Row(name, library, build, lambda photo: photo.array, exact=exact)


def subject(*rows: Row) -> Subject:
    return Subject("invert", "Invert", rows, lambda photo: 255 - photo.array, "NumPy")


def no_progress(name: str, done: int) -> None:
    del name, done


def run(*rows: Row, rounds: int = 1) -> dict[str, Any]:
    return measure.report([subject(*rows)], [PHOTO], measure.Settings(rounds), no_progress)


def test_from_end_to_end(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "deep/out"
    options = ("--only", "^(resize_opencv_linear|transpose)$", "--rounds", 2, "--out", out)
    code, printed, _ = bench(capsys, photos, photos / "a.png", *options)
    assert code == 0
    for words in ("2 photos", "broken.jpg", "left out:", "Transpose", "us an image", "other pixels", "chart.png"):
        assert words in printed
    found = json.loads((out / "results.json").read_text("utf-8"))
    assert [s["name"] for s in found["subjects"]] == ["resize_opencv_linear", "transpose"]
    assert (found["rounds"], found["threads"], found["photos"]["count"]) == (2, 1, 2)
    for entry in found["subjects"][0]["rows"]:
        assert len(entry["rounds"]) == 2
        assert (entry["differs"], entry["differing_share"]) == ("0 pixels", 0)
    text = (out / "report.md").read_text("utf-8")
    assert "![ratios](chart.png)" in text
    assert "## Transpose\n" in text
    with Image.open(out / "chart.png") as drawn:
        assert drawn.format == "PNG"
        assert min(drawn.size) > 400
    assert sorted(path.name for path in out.iterdir()) == ["chart.png", "report.md", "results.json"]


def test_a_library_that_is_not_installed_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, photos: Path, tmp_path: Path
) -> None:
    rows = (inverted(), inverted("theirs", "no_such_library"))
    monkeypatch.setattr(command, "_subjects", lambda *asked: [subject(*rows)] if asked else [])
    code, printed, _ = bench(capsys, photos, "--out", tmp_path / "out")
    assert code == 0
    assert "left out: no_such_library is not installed" in printed
    assert "| theirs | | | no_such_library is not installed |" in (tmp_path / "out/report.md").read_text("utf-8")


def test_a_wrong_result_is_never_timed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, photos: Path, tmp_path: Path
) -> None:
    wrong = subject(inverted(wrong=1, exact=True))
    monkeypatch.setattr(command, "_subjects", lambda *asked: [wrong] if asked else [])
    code, _, error = bench(capsys, photos, "--out", tmp_path / "out")
    assert code == 1
    assert "invert: ours differs in 2 of 21670 pixels from NumPy" in error
    assert not list((tmp_path / "out").iterdir())


def test_what_differs_is_counted() -> None:
    ours, theirs = run(inverted(exact=True), inverted("theirs", "numpy", wrong=4))["subjects"][0]["rows"]
    assert ours["differing_share"] == 0
    assert theirs["differs"] == "2 of 2080 pixels, at most 1"  # four values in two pixels
    assert theirs["differing_share"] == 2 / 2080
    assert "ratio" in theirs


def test_shapes_and_dtypes_are_checked() -> None:
    longer = replace(inverted(), read=lambda array: np.vstack([array, array]))
    wider = replace(inverted(), read=lambda array: array.astype(np.uint16))
    with pytest.raises(Differs, match=r"shape \(80, 52, 3\), wants \(40, 52, 3\)"):
        verify(subject(longer), longer, [PHOTO])
    with pytest.raises(Differs, match="dtype uint16, wants uint8"):
        verify(subject(wider), wider, [PHOTO])


def test_a_rival_that_fails_is_left_out_and_twinlens_is_not() -> None:
    def fail(array: Any) -> Any:
        raise ValueError(f"too\nsmall: {array.shape}")

    failing = replace(inverted("theirs", "numpy"), build=lambda: fail)
    ours, theirs = run(inverted(), failing)["subjects"][0]["rows"]
    assert theirs["skipped"] == "theirs failed: ValueError: too small: (40, 52, 3)"
    assert "microseconds" in ours
    with pytest.raises(ValueError, match="small"):
        run(replace(failing, library="twinlens"))


def test_a_work_says_how_many_calls_make_a_turn() -> None:
    calls = []
    counting = replace(inverted(), build=lambda: lambda array: (calls.append(1), 255 - array)[1])
    for count, most in ((30, 30), (3, 25), (1, 1)):
        calls.clear()
        work = replace(subject(counting), calls=count)
        measure.report([work], [PHOTO], measure.Settings(2), no_progress)
        assert 1 + 2 * count <= len(calls) <= 1 + 2 * most  # the check, two rounds


def test_progress_reaches_its_total() -> None:
    rows = [inverted(), inverted("theirs", "numpy"), inverted("none", "no_such_library")]
    settings, done = measure.Settings(rounds=3), []
    measure.report([subject(*rows)], [PHOTO], settings, lambda name, n: done.append((name, n)))
    assert sum(n for _, n in done) == measure.units([subject(*rows)], settings)


def test_a_row_may_time_itself() -> None:
    class Slow:
        def __call__(self, value: Any) -> Any:
            return value

        def seconds(self, value: Any, now: turn.Clock) -> float:
            del value, now
            return 2e-3

    row = Row("self-timed", "numpy", Slow, lambda photo: 255 - photo.array)
    entry = run(inverted(), row)["subjects"][0]["rows"][1]
    assert entry["microseconds"] == 2000


def test_errors_name_what_is_wrong(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    for arguments, words in {
        (photos, "--only", "("): "not a regular expression",
        (photos, "--only", "nothing_like_it"): "finds none of resize_bilinear",
        (tmp_path / "none",): "no such file or folder",
        (tmp_path / "empty",): "no images there",
        (photos / "broken.jpg",): "no images to be read",
        (photos, "--rounds", "0"): "--rounds",
        (photos, "--out", photos / "a.png"): "a.png: File exists",
    }.items():
        code, _, error = bench(capsys, *arguments)
        assert code == 1
        assert words in error


def test_photos_are_the_same_sample_every_time(photos: Path) -> None:
    assert [path.name for path in files_in([photos, photos / "a.png"])] == ["a.png", "broken.jpg", "b.jpg"]
    files = files_in([photos / "a.png", photos / "deeper"])
    first, wrong = sample(files * 40)
    assert (len(first), wrong) == (32, [])  # 8 megapixels would be 735
    assert [photo.name for photo in first] == [photo.name for photo in sample(files * 40)[0]]
    assert len(sample(files * 40, 50)[0]) == 50
    with pytest.raises(InputError, match="no images"):
        sample([])


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    Image.fromarray(np.arange(0, 60000, 1000, dtype=np.uint16).reshape(6, 10)).save(tmp_path / "deep.png")
    (photo,) = sample([tmp_path / "deep.png"])[0]
    assert photo.array.shape == (6, 10, 3)
    assert (photo.array[5, 9] == 59000 >> 8).all()


def row(name: str, ratio: float, library: str = "numpy", differs: str | None = "0 pixels") -> dict[str, Any]:
    return {"row": name, "library": library, "ratio": ratio, "microseconds": 10 * ratio, "differs": differs}


def test_chart_shows_who_is_faster_and_whose_pixels_differ(tmp_path: Path) -> None:
    report = run(inverted())
    same, other, slower = [row("same", 4)], [row("other", 3, differs="1 of 9 pixels, at most 1")], [row("fast", 0.5)]
    inks = {}
    for name, rows in {"same": same, "other": other, "slower": slower}.items():
        report["subjects"] = [{"title": "Work", "reference": "NumPy", "rows": [row("ours", 1, "twinlens"), *rows]}]
        chart.draw_chart(report, tmp_path / "chart.png")
        pixels = decode(tmp_path / "chart.png")[2 * 100 :].reshape(-1, 3)
        inks[name] = {tuple(int(v) for v in ink) for ink in np.unique(pixels, axis=0)}
    assert chart._SAME in inks["same"]
    assert chart._SAME not in inks["other"] | inks["slower"]
    assert chart._OTHER in inks["other"]
    assert chart._SLOWER in inks["slower"]


def test_chart_of_many_works_has_columns_and_one_of_none_is_drawn(tmp_path: Path) -> None:
    report = run(inverted())
    work = {"title": "Work " * 30, "reference": None, "rows": [row(f"row {i}", 1 + i, differs=None) for i in range(9)]}
    sizes = []
    for count in (0, 1, 12):
        report["subjects"] = [work] * count
        chart.draw_chart(report, tmp_path / "chart.png")
        sizes.append(decode(tmp_path / "chart.png").shape)
    assert sizes[0][0] < sizes[1][0] < sizes[2][0]
    assert sizes[0][1] == sizes[1][1] < sizes[2][1]


def test_report_says_the_threads() -> None:
    report = run(inverted())
    assert "- Threads: one in every library" in markdown.render(report)
    assert "- Threads: 3 in every library" in markdown.render({**report, "threads": 3})


def test_without_images_those_of_scikit_image_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWINLENS_PHOTOS", raising=False)
    monkeypatch.setattr(photos_module, "_from_skimage", lambda: [PHOTO] * 3)
    assert photos_module.load_photos(limit=2) == [PHOTO] * 2
    monkeypatch.setattr(photos_module, "_from_skimage", list)
    with pytest.raises(InputError, match="name images"):
        photos_module.load_photos()


def test_square_photos_alone_are_refused(tmp_path: Path) -> None:
    for i in range(2):
        Image.fromarray(picture(20, 20, seed=i)).save(tmp_path / f"{i}.png")
    with pytest.raises(InputError, match="square"):
        photos_module.load_photos(tmp_path)


def test_an_interrupted_bench_says_no_more_than_that(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: Any) -> Any:
        raise KeyboardInterrupt(arguments)

    monkeypatch.setattr(command, "_photos", interrupted)
    code, _, error = bench(capsys)
    assert code == 130
    assert error == "twinlens: interrupted\n"
