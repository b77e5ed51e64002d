"""The process that leads a run on a cluster is interrupted, or killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from nodes import Cluster
from run_rows import failures, rows, sums_hold

import twinlens
from image_files import write_broken, write_folder
from twinlens import data
from twinlens import transforms as T

pytestmark = pytest.mark.slow


def slowly(image: Any) -> Any:
    """Part of a pipeline that gives a test the time to kill."""
    time.sleep(0.05)
    return image


PIPE = T.Compose([T.RandomResizedCrop(12), T.Lambda(slowly), T.RandomHorizontalFlip()])


def start(address: str, src: Path, pipe: Path, out: Path, *flags: str) -> subprocess.Popen[bytes]:
    where = [str(src), "--pipeline", str(pipe), "--out", str(out), "--allow-functions", "--ray", address]
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from twinlens.cli import main; main()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, "run", *where, "--shard-size", "6", "--format", "raw", *flags],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def stop_after(process: subprocess.Popen[bytes], out: Path, shards: int, how: signal.Signals) -> bytes:
    deadline = time.monotonic() + 300
    while len(list(out.glob("part-*"))) < shards:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(how)
    return process.communicate()[1]


def test_it_goes_on_where_it_was(two_nodes: Cluster, tmp_path: Path) -> None:
    src, here, out, pipe = tmp_path / "src", str(tmp_path / "here"), tmp_path / "out", tmp_path / "pipe.yaml"
    write_folder(src, 60)
    broken = write_broken(src)
    twinlens.save(PIPE, pipe)
    data.run(src, PIPE, here, format="raw")
    interrupted = start(two_nodes.address, src, pipe, out)
    said = stop_after(interrupted, out, 2, signal.SIGINT)
    assert said.endswith(b"twinlens: interrupted; `twinlens run` goes on with --resume\n")
    assert interrupted.returncode == 130
    assert json.loads((out / "run.json").read_text("utf-8"))["status"] == "running"
    assert not list(out.glob(".*"))
    stop_after(start(two_nodes.address, src, pipe, out, "--resume"), out, 5, signal.SIGKILL)
    last = start(two_nodes.address, src, pipe, out, "--resume")
    assert f"{len(broken)} of 67 files failed" in last.communicate()[1].decode()
    assert last.returncode == 1
    assert rows(str(out)).equals(rows(here))
    assert failures(str(out)) == failures(here)
    assert sums_hold(str(out))
    assert not list(out.glob(".*"))
