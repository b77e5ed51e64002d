"""A node that dies in the middle of a run."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray
from nodes import Cluster, cluster
from run_rows import failures, rows, sums_hold

import twinlens.ray
from image_files import write_broken, write_folder
from twinlens import data
from twinlens import transforms as T

pytestmark = pytest.mark.slow


def slowly(image: Any) -> Any:
    """Part of a pipeline that gives a test the time to kill."""
    time.sleep(0.05)
    return image


PIPE = T.Compose([T.RandomResizedCrop(12), T.Lambda(slowly), T.RandomHorizontalFlip()])


def kill_at_work(both: Cluster, node: subprocess.Popen[bytes], out: Path) -> None:
    """When some shards are there and the node is at another one."""
    top = psutil.Process(node.pid)
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        at_work = any("Writer.write" in " ".join(process.cmdline()) for process in top.children(recursive=True))
        if at_work and len(list(out.glob("part-*"))) >= 2:
            both.kill(node)
            return
        time.sleep(0.01)


def test_nothing_is_lost_and_nothing_double(tmp_path: Path) -> None:
    src, here, there = tmp_path / "src", str(tmp_path / "here"), tmp_path / "there"
    write_folder(src, 60)
    write_broken(src)
    data.run(src, PIPE, here, format="raw")
    with cluster() as two:
        killer = threading.Thread(target=kill_at_work, args=(two, two.nodes[1], there))
        killer.start()
        summary = twinlens.ray.run(src, PIPE, there, format="raw", shard_size=6, read_concurrency=1)
        killer.join()
        assert len(two.nodes) == 1
        two.wait(ray, 1)
    assert (summary.written, summary.failed) == (60, 7)
    assert rows(str(there)).equals(rows(here))
    assert failures(str(there)) == failures(here)
    assert sums_hold(str(there))
    assert not list(there.glob(".*"))
    assert json.loads((there / "run.json").read_text("utf-8"))["status"] == "done"
