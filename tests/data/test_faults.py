"""Runs that are killed, run out of disk, or get more than memory holds: nothing lost, nothing twice, nothing left."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image
from run_directory import contents

import twinlens
from image_files import encoded, write_broken, write_folder
from twinlens import data
from twinlens import transforms as T

HERE = Path(__file__).parent
SINKS = ["parquet", "files", "webdataset", "memmap"]


def slowly(image: Any) -> Any:
    """Part of a pipeline that gives a kill the time to come."""
    time.sleep(0.01)
    return image


SLOW = T.Compose([T.RandomResizedCrop(12), T.Lambda(slowly), T.RandomHorizontalFlip()])


def start(arguments: list[Any], mark: str = "") -> subprocess.Popen[bytes]:
    places = os.pathsep.join([str(HERE), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-m", "twinlens.cli", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": places, "TWINLENS_TEST_MARK": mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def marked(mark: str) -> list[int]:
    """Processes that a run of this mark has started, and itself."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TWINLENS_TEST_MARK") == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def wait_until_gone(mark: str) -> None:
    deadline = time.monotonic() + 60
    while left := marked(mark):
        assert time.monotonic() < deadline, f"processes {left} outlive a run that was killed"
        time.sleep(0.1)


def shared_memory() -> set[str]:
    folder = Path("/dev/shm")
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def check_whole(out: Path) -> None:
    """What has a name is whole: the checksums of all that is listed."""
    sums = out / "SHA256SUMS"
    if not sums.exists():
        return
    lines = sums.read_bytes().rpartition(b"\n")[0].decode().splitlines()
    for line in lines:
        digest, _, name = line.partition("  ")
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["threads", "processes"])
@pytest.mark.parametrize("sink", SINKS)
def test_killed_again_and_again(tmp_path: Path, sink: str, executor: str) -> None:
    src, out, pipe = tmp_path / "src", tmp_path / "out", tmp_path / "pipe.yaml"
    write_folder(src, 150)
    write_broken(src)
    twinlens.save(SLOW, pipe)
    data.run(src, SLOW, tmp_path / "whole", shard_size=9, sink=sink, copies=2)
    options = ["--allow-functions", "--shard-size", 9, "--sink", sink, "--copies", 2, "--batch-size", 4, "--workers", 2]
    run = ["run", src, "--pipeline", pipe, "--out", out, *options, "--executor", executor, "--resume"]
    rng, kills, shm = random.Random(f"{sink}{executor}"), 0, shared_memory()
    while kills < 7:
        mark = uuid.uuid4().hex
        process = start(run, mark)
        begun = time.monotonic()
        while not (out / "run.json").exists() and process.poll() is None:
            assert time.monotonic() < begun + 300
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 2.5 if executor == "threads" else 6.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        wait_until_gone(mark)
        check_whole(out)
        if process.returncode >= 0:  # it was done before: another one
            assert contents(out) == contents(tmp_path / "whole")
            shutil.rmtree(out)
    last = start(run)
    last.communicate(timeout=600)
    assert last.returncode == 1  # of the broken files
    assert contents(out) == contents(tmp_path / "whole")
    assert not {name for name in shared_memory() - shm if name.startswith(("twinlens", "psm_", "pym-", "sem.mp"))}


def in_small_disk(folder: Path, megabytes: int, commands: list[str]) -> subprocess.CompletedProcess[str]:
    """Shell commands, with a disk of that size at `folder`, which is gone with them."""
    mount = f"mount -t tmpfs -o size={megabytes}m tmpfs {folder}"
    script = "\n".join([f"{mount} || exit 77", *commands])
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", script],
        capture_output=True, text=True, timeout=600,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])},
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare, with which a small disk is made")
@pytest.mark.parametrize("sink", ["parquet", *(pytest.param(name, marks=pytest.mark.slow) for name in SINKS[1:])])
def test_a_full_disk(tmp_path: Path, sink: str) -> None:
    src, disk = tmp_path / "src", tmp_path / "disk"
    src.mkdir()
    disk.mkdir()
    for i in range(40):
        (src / f"{i:02d}.jpg").write_bytes(encoded("JPEG", 220, 220, seed=i))
    twinlens.save(T.Compose([T.RandomCrop(200), T.ToTensor()]), tmp_path / "pipe.yaml")  # 480 kB each
    data.run(src, twinlens.load(tmp_path / "pipe.yaml"), tmp_path / "whole", shard_size=5, sink=sink, batch_size=2)
    run = (
        f"{sys.executable} -m twinlens.cli run {src} --pipeline {tmp_path}/pipe.yaml --out {disk}/out "
        f"--shard-size 5 --sink {sink} --batch-size 2"
    )
    done = in_small_disk(
        disk,
        10,
        [
            f"{run} > {tmp_path}/first.txt 2> {tmp_path}/error.txt; echo $?",
            f"cp -r {disk}/out {tmp_path}/full",
            f"mount -o remount,size=100m {disk}",
            f"{run} --resume > {tmp_path}/second.txt; echo $?; cp -r {disk}/out {tmp_path}/out",
        ],
    )
    if done.returncode == 77:
        pytest.skip(f"no small disk here: {done.stderr.strip()}")
    assert done.stdout.split() == ["1", "0"], done.stderr
    (line,) = (tmp_path / "error.txt").read_text().splitlines()
    assert "No space left on device" in line
    assert not list((tmp_path / "full").rglob(".*"))
    check_whole(tmp_path / "full")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def peak(src: Path, out: Path, *options: Any) -> tuple[dict[str, Any], int]:
    """What a run's manifest tells, and its exit status."""
    process = start(["run", src, "--pipeline", src.parent / "pipe.yaml", "--out", out, "--format", "raw", *options])
    said = process.communicate(timeout=3600)[1]
    assert process.returncode in (0, 1), said
    return json.loads((out / "run.json").read_text()), process.returncode


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_memory_does_not_grow_with_the_number_of_images(tmp_path: Path, executor: str) -> None:
    twinlens.save(T.Compose([T.Resize(96), T.CenterCrop(80)]), tmp_path / "pipe.yaml")
    originals = tmp_path / "originals"
    originals.mkdir()
    for i in range(50):
        (originals / f"{i}.jpg").write_bytes(encoded("JPEG", 150 + i, 200, seed=i))
    peaks = {}
    for count in (1000, 20000):
        src = tmp_path / f"src{count}"
        src.mkdir()
        for i in range(count):
            (src / f"{i:05d}.jpg").symlink_to(originals / f"{i % 50}.jpg")
        told, code = peak(src, tmp_path / f"out{count}", "--executor", executor, "--workers", 2)
        assert (code, told["written"]) == (0, count)
        peaks[count] = told["measured"]["peak_memory"]
    assert peaks[20000] < 1.1 * peaks[1000], peaks


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["threads", "processes"])
@pytest.mark.parametrize(("count", "steps"), [(200, [T.Resize(512)]), (12, [T.RandomHorizontalFlip()])])
def test_50_megapixels_within_4_gigabytes(tmp_path: Path, executor: str, count: int, steps: list[Any]) -> None:
    twinlens.save(T.Compose(steps), tmp_path / "pipe.yaml")
    big = Image.effect_noise((8192, 6104), 40).convert("RGB")
    big.save(tmp_path / "big.jpg", quality=80)
    src = tmp_path / "src"
    src.mkdir()
    for i in range(count):
        (src / f"{i:03d}.jpg").symlink_to(tmp_path / "big.jpg")
    told, code = peak(
        src, tmp_path / "out", "--executor", executor, "--workers", 2, "--memory", "4G", "--shard-size", 4
    )
    assert (code, told["written"]) == (0, count)
    assert told["measured"]["peak_memory"] < 4 << 30
