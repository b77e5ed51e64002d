"""`twinlens bench --strategies` on small pictures. No time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

import twinlens
from image_files import encoded, write_broken, write_folder
from images import picture
from twinlens import transforms as T
from twinlens.cli import main
from twinlens.cli.bench.rows import Differs
from twinlens.cli.bench.strategies import chart, measure, show, task, worker
from twinlens.cli.bench.strategies.ways import Way
from twinlens.errors import InputError, TwinlensError

RANDOM = T.Compose([T.RandomResizedCrop(8), T.RandomHorizontalFlip(), T.ColorJitter(0.4), T.ToTensor()])
NAMES = [
    "one process, one by one",
    "ProcessPoolExecutor",
    "ProcessPoolExecutor, in chunks",
    "multiprocessing.Pool.imap",
    "threads",
    "native batches, in threads",
    "twinlens.data.map, threads",
]


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
def pipeline(tmp_path: Path) -> Path:
    twinlens.save(RANDOM, tmp_path / "pipe.yaml")
    return tmp_path / "pipe.yaml"


def bench(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_info:
        main(["bench", *(str(argument) for argument in arguments)])
    printed = capsys.readouterr()
    return int(exit_info.value.code or 0), printed.out, printed.err


def test_a_folder(pipeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With random draws, broken files and one of another depth; the command compares the strategies' results."""
    write_folder(tmp_path / "photos", 7)
    broken = write_broken(tmp_path / "photos")
    (tmp_path / "photos/z deep.png").write_bytes(encoded("PNG", mode="I;16"))
    out = tmp_path / "deep/out"
    options = ("--workers", 1, "--rounds", 2, "--batch-size", 3, "--pipeline", pipeline, "--out", out)
    code, printed, error = bench(capsys, tmp_path / "photos", "--strategies", *options)
    assert code == 0, error
    assert "7 images, 1 worker, chunks of 3" in printed
    for name in (*broken, "z deep.png: is uint16, those before it uint8"):
        assert f"left out: {name}" in printed
    report = json.loads((out / "strategies.json").read_text("utf-8"))
    assert [entry["strategy"] for entry in report["strategies"]] == NAMES
    assert (report["images"], report["values"]) == (7, 7 * 3 * 8 * 8)
    for entry in report["strategies"]:
        assert len(entry["rounds"]) == 2
        started = "Pool" in entry["strategy"]
        assert (entry["startup_seconds"] is not None) == started
        assert not started or entry["startup_seconds"] > 0.1
    assert report["strategies"][0]["speedup"] == 1
    text = (out / "strategies.md").read_text("utf-8")
    assert "![speedups](strategies.png)" in text
    assert "`Compose([ RandomResizedCrop(" in text
    for entry in report["strategies"]:
        assert f"| {entry['strategy']} | {entry['microseconds']:.1f} |" in text
    with Image.open(out / "strategies.png") as drawn:
        assert drawn.format == "PNG"
    assert sorted(path.suffix for path in out.iterdir()) == [".json", ".md", ".png"]


def test_an_archive_from_an_installed_script(tmp_path: Path) -> None:
    """Worker processes import the script that is running; of a script as pip writes it that starts nothing."""
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for i in range(4):
            archive.writestr(f"{i}.jpg", encoded("JPEG", 30, 40, seed=i))
    (tmp_path / "twinlens").write_text(
        "import sys\nfrom twinlens.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n"
    )
    options = ("--strategies", "--workers", "2", "--rounds", "1", "--limit", "3")
    command = [sys.executable, tmp_path / "twinlens", "bench", tmp_path / "photos.zip", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "3 images, 2 workers, chunks of 16" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--strategies"], "--strategies wants one source, got 0"),
        (["a", "b", "--strategies"], "--strategies wants one source, got 2"),
        (["a", "--strategies"], "a: no such folder"),
        (["a", "--strategies", "--only", "x"], "--strategies takes no --only"),
        (["a", "--strategies", "--threads", "1"], "--strategies takes no --threads"),
        (["a", "--pipeline", "p.yaml"], "--pipeline is for --strategies"),
        (["a", "--workers", "2"], "--workers is for --strategies"),
        (["a", "--allow-functions"], "--allow-functions is for --strategies"),
        (["a", "--strategies", "--pipeline", "none.yaml"], "none.yaml"),
    ],
)
def test_refusals(given: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = bench(capsys, *given)
    assert code == 1
    assert message in error
    assert error.count("\n") == 1


def test_a_pipeline_that_mixes_images_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twinlens.save(T.Compose([T.Resize((8, 8)), T.MixUp(num_classes=3)]), tmp_path / "mix.yaml")
    code, _, error = bench(capsys, tmp_path, "--strategies", "--pipeline", tmp_path / "mix.yaml")
    assert code == 1
    assert "the pipeline mixes the images of a batch" in error


def test_the_sample_is_the_same_every_time(tmp_path: Path) -> None:
    names = write_folder(tmp_path, 20)
    found, wrong = task.sampled(str(tmp_path), RANDOM, 6)
    assert found == task.sampled(str(tmp_path), RANDOM, 6)[0]
    assert not wrong
    assert len(found.images) == 6
    chosen = [found.images.path(i) for i in range(6)]
    assert chosen == sorted(chosen)
    assert set(chosen) < set(names)
    assert len(task.sampled(str(tmp_path), RANDOM, None)[0].places) == 20


def test_no_image_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"no image to be read; a\.jpg: .*empty"):
        task.sampled(str(tmp_path), RANDOM, None)


def test_a_task_draws_by_its_key(tmp_path: Path) -> None:
    write_folder(tmp_path, 3)
    found, _ = task.sampled(str(tmp_path), RANDOM, None)
    (array,) = found(1)
    wanted = RANDOM(found.pixels(1), key=twinlens.key(0, 0, 1))
    np.testing.assert_array_equal(array, wanted.numpy())


def test_results_as_arrays() -> None:
    image = picture(20, 24)
    assert [array.shape for array in task.arrays_of(T.FiveCrop(8)(image))] == [(8, 8, 3)] * 5
    assert task.arrays_of(Image.fromarray(image))[0].shape == (20, 24, 3)
    with pytest.raises(TwinlensError, match="the pipeline made dict"):
        task.arrays_of({"image": image})


def test_digests_tell_results_apart() -> None:
    image = picture(4, 6)
    others = [image.astype(np.uint16), image.reshape(6, 4, 3), image ^ 1, image[:3]]
    digests = [task.digest(one) for one in ([image], *([other] for other in others), [image, image], [])]
    assert len(set(digests)) == len(digests)
    assert task.digest([image]) == task.digest([np.asfortranarray(image)])


def ways_of(*results: list[Any]) -> Any:
    @contextmanager
    def opened(*_: object) -> Iterator[list[Way]]:
        yield [Way(f"way {i}", lambda found=found: iter(found)) for i, found in enumerate(results)]

    return opened


def test_strategies_that_differ_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_folder(tmp_path, 2)
    found, _ = task.sampled(str(tmp_path), RANDOM, None)
    one, two = [np.zeros((2, 3))], [np.ones((2, 3))]
    seen: list[str] = []
    monkeypatch.setattr(measure, "opened", ways_of([one, two], [one, two]))
    report = measure.measured(found, 1, 1, 3, seen.append)
    assert (report["values"], seen.count("way 1")) == (12, 4)
    monkeypatch.setattr(measure, "opened", ways_of([one, two], [one, one]))
    with pytest.raises(Differs, match=f"{found.images.path(1)}: way 1 differs from way 0"):
        measure.measured(found, 1, 1, 1, seen.append)
    monkeypatch.setattr(measure, "opened", ways_of([one, two], [one]))
    with pytest.raises(Differs, match="way 1: 1 results, way 0 has 2"):
        measure.measured(found, 1, 1, 1, seen.append)


def test_a_worker_that_fails_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(worker, "_given", [])
    barrier = threading.Barrier(1)
    worker.start(task.Task(str(tmp_path / "none"), (0,), RANDOM), barrier)  # type: ignore[arg-type]
    with pytest.raises(TwinlensError, match="no such folder"):
        worker.ready(0)
    assert barrier.n_waiting == 0
    assert not barrier.broken


def report_of(*speedups: float) -> dict[str, Any]:
    entries = [
        {"strategy": f"way {i}", "microseconds": 100 / speedup, "speedup": speedup, "startup_seconds": i or None}
        for i, speedup in enumerate(speedups)
    ]
    machine = {"cpu": "a processor", "isa": "baseline", "cores": 2, "system": "Linux", "python": "3.11"}
    about = {"date": "2026-01-01", "machine": machine, "source": "photos", "images": 5, "pipeline": "Compose([])"}
    return {**about, "values": 15, "workers": 2, "chunk": 4, "rounds": 1, "strategies": entries}


@pytest.mark.parametrize("speedups", [(1.0, 2.0), (1.0, 0.25), (1.0, 40.0)])
def test_the_chart_has_bars_as_long_as_the_speedups(speedups: tuple[float, ...], tmp_path: Path) -> None:
    chart.draw(report_of(*speedups), tmp_path / "chart.png")
    with Image.open(tmp_path / "chart.png") as drawn:
        pixels = np.array(drawn)[2 * chart._HEAD :]
    lengths = [
        (pixels == np.array(ink)).all(axis=2).sum(axis=1).max() / (2 * chart._BARS / max(speedups))
        for ink in (chart._THREADS, chart._PROCESSES)
    ]
    np.testing.assert_allclose(lengths, speedups, rtol=0.1)


@pytest.mark.parametrize("most", [1.0, 1.9, 2.1, 3.0, 7.7, 15.0, 63.0, 250.0, 5000.0])
def test_the_axis_has_few_marks(most: float) -> None:
    marks = chart._marks(most)
    assert {0.0, 1.0} <= set(marks)
    assert max(marks) <= most
    assert len(marks) <= 8


def test_the_table_shows_the_fastest() -> None:
    table = show.table(report_of(1.0, 1.5, 1.2))
    assert [row.style for row in table.rows] == [None, "green", None]
