"""run(resume=True): after a kill, with nothing twice and nothing missing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from run_directory import contents

import twinlens
from image_files import write_broken, write_folder
from twinlens import data
from twinlens import transforms as T
from twinlens.errors import ArgumentError

PIPE = T.Compose([T.RandomResizedCrop(12), T.RandomHorizontalFlip()])


def slowly(image: object) -> object:
    """Part of a pipeline that gives a test the time to kill the run."""
    time.sleep(0.05)
    return image


def start_run(src: Path, pipe: Path, out: Path, *flags: str) -> subprocess.Popen[bytes]:
    # A shell that runs the tests in the background has its children ignore SIGINT.
    handler = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{handler}; from twinlens.cli import main; main()"
    arguments = ["run", str(src), "--pipeline", str(pipe), "--out", str(out), "--allow-functions", "--shard-size", "7"]
    places = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments, *flags],
        env={**os.environ, "PYTHONPATH": places},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def stop_after(process: subprocess.Popen[bytes], out: Path, shard: str, how: signal.Signals = signal.SIGKILL) -> bytes:
    """Sends a signal once a shard is there; what the process said."""
    deadline = time.monotonic() + 600  # of a machine that does much else
    while not (out / shard).exists():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    if how == signal.SIGINT:
        os.killpg(process.pid, how)  # as a terminal does
    else:
        process.send_signal(how)
    return process.communicate()[1]


def test_resume_after_sigkill_gives_the_bytes_of_an_undisturbed_run(tmp_path: Path) -> None:
    src, out = tmp_path / "src", tmp_path / "out"
    write_folder(src, 50)
    broken = write_broken(src)
    slow = T.Compose([T.RandomResizedCrop(12), T.Lambda(slowly), T.RandomHorizontalFlip()])
    pipe = tmp_path / "pipe.yaml"
    twinlens.save(slow, pipe)
    whole = data.run(src, slow, tmp_path / "whole", shard_size=7, workers=2)
    first = ("--workers", "2", "--batch-size", "4")
    for shard, flags in (("part-00001.parquet", first), ("part-00004.parquet", ("--resume",))):
        stop_after(start_run(src, pipe, out, *flags), out, shard)
        assert json.loads((out / "run.json").read_text("utf-8"))["status"] == "running"
        for path in out.glob("part-*.parquet"):
            assert path.read_bytes() == (tmp_path / "whole" / path.name).read_bytes()
    summary = data.run(src, slow, out, shard_size=7, resume=True)
    assert summary.resumed >= 28
    assert (summary.written, summary.failed) == (whole.written, len(broken))
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_an_interrupted_run_says_so_and_leaves_nothing_half_written(tmp_path: Path, executor: str) -> None:
    write_folder(tmp_path / "src", 50)
    pipe, out = tmp_path / "pipe.yaml", tmp_path / "out"
    twinlens.save(T.Compose([T.Lambda(slowly)]), pipe)
    process = start_run(tmp_path / "src", pipe, out, "--batch-size", "2", "--executor", executor)
    said = stop_after(process, out, "part-00000.parquet", signal.SIGINT)
    assert said == b"twinlens: interrupted; `twinlens run` goes on with --resume\n"
    assert process.returncode == 130
    assert not list(out.glob(".*"))
    assert json.loads((out / "run.json").read_text("utf-8"))["status"] == "running"


def test_what_a_kill_may_leave_is_taken_up(tmp_path: Path) -> None:
    src, out = tmp_path / "src", tmp_path / "out"
    write_folder(src)
    write_broken(src)
    data.run(src, PIPE, tmp_path / "whole", shard_size=4)
    data.run(src, PIPE, out, shard_size=4)
    (out / "part-00002.parquet").unlink()
    (out / ".part-00002.parquet.tmp").write_bytes(b"PAR1 half")
    (out / ".run.json.tmp").write_text("{")
    errors = (out / "errors.jsonl").read_bytes()
    (out / "errors.jsonl").write_bytes(errors[:-20])
    summary = data.run(src, PIPE, out, shard_size=4, resume=True)
    assert summary.files - summary.resumed == 4 + 1
    assert contents(out) == contents(tmp_path / "whole")


def test_resume_of_a_finished_run_does_nothing(tmp_path: Path) -> None:
    write_folder(tmp_path / "src")
    data.run(tmp_path / "src", PIPE, tmp_path / "out")
    before = contents(tmp_path / "out")
    summary = data.run(tmp_path / "src", PIPE, tmp_path / "out", resume=True)
    assert (summary.resumed, summary.written) == (12, 12)
    assert contents(tmp_path / "out") == before


def test_resume_may_be_the_first_run(tmp_path: Path) -> None:
    write_folder(tmp_path / "src")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/.run.json.tmp").write_text("{")  # killed before anything was there
    assert data.run(tmp_path / "src", PIPE, tmp_path / "out", resume=True).written == 12


def test_a_different_run_is_not_resumed(tmp_path: Path) -> None:
    src, out = tmp_path / "src", tmp_path / "out"
    write_folder(src)
    data.run(src, PIPE, out)
    with pytest.raises(ArgumentError, match="the pipeline differs"):
        data.run(src, T.Resize(5), out, resume=True)
    for change in ({"seed": 1}, {"format": "raw"}, {"color": "bgr"}, {"max_pixels": 10_000}):
        name = next(iter(change)).replace("_", "-")
        with pytest.raises(ArgumentError, match=f"--{name} differs"):
            data.run(src, PIPE, out, resume=True, **change)  # type: ignore[arg-type]
    (src / "000 é.jpg").rename(src / "moved.jpg")
    with pytest.raises(ArgumentError, match="the list of files in SRC differs"):
        data.run(src, PIPE, out, resume=True)
    (out / "run.json").write_text("[]")
    with pytest.raises(ArgumentError, match="not the manifest of a run"):
        data.run(src, PIPE, out, resume=True)
