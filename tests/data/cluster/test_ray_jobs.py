"""ray job submit, at the dashboard's port."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from nodes import Cluster, cluster
from run_rows import rows

import twinlens
from image_files import write_broken, write_folder
from twinlens import data
from twinlens import transforms as T

pytestmark = pytest.mark.slow

PIPE = T.Compose([T.RandomResizedCrop(16), T.RandomHorizontalFlip()])


@pytest.fixture(scope="module")
def with_dashboard() -> Iterator[Cluster]:
    with cluster(cpus=2, workers=0, dashboard=True) as made:
        yield made


def test_a_job_says_by_its_status_whether_all_went_well(with_dashboard: Cluster, tmp_path: Path) -> None:
    from ray.job_submission import JobStatus, JobSubmissionClient

    client = JobSubmissionClient(with_dashboard.dashboard)

    def finished(src: Path, out: Path) -> tuple[object, str]:
        command = ["run", str(src), "--pipeline", str(tmp_path / "pipe.yaml"), "--out", str(out), "--ray", "auto"]
        told = [sys.executable, "-m", "twinlens.cli", *command, "--max-actors", "2", "--format", "raw"]
        job = client.submit_job(entrypoint=shlex.join(told))
        deadline = time.monotonic() + 300
        while not (status := client.get_job_status(job)).is_terminal():
            assert time.monotonic() < deadline, client.get_job_logs(job)
            time.sleep(0.2)
        return status, client.get_job_logs(job)

    twinlens.save(PIPE, tmp_path / "pipe.yaml")
    write_folder(tmp_path / "src", 8)
    status, said = finished(tmp_path / "src", tmp_path / "out")
    assert status == JobStatus.SUCCEEDED, said
    data.run(tmp_path / "src", PIPE, tmp_path / "here", format="raw")
    assert rows(str(tmp_path / "out")).equals(rows(str(tmp_path / "here")))
    write_broken(tmp_path / "src")
    status, said = finished(tmp_path / "src", tmp_path / "again")
    assert status == JobStatus.FAILED
    assert "7 of 15 files failed" in said
