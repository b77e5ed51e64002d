"""The benchmarks run: on two small photos, one round, whichever rivals are installed. No time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from images import picture

ROOT = Path(__file__).parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, (h, w) in enumerate([(90, 121), (140, 77)]):
        Image.fromarray(picture(h, w, kind="gradient", seed=i)).save(folder / f"{i}.png")
    return folder


def report(photos: Path, out: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    small = ["--rounds", "1", "--batch-size", "2", *arguments]
    done = run("benchmarks.report", "--photos", str(photos), "--out", str(out), *small)
    assert done.returncode == 0, done.stderr
    (path,) = out.glob("*.json")
    return json.loads(path.read_text()), path.with_name(f"{path.stem}.md").read_text()


def test_report_covers_every_subject_and_its_own_rows_are_exact(photos: Path, tmp_path: Path) -> None:
    found, text = report(photos, tmp_path / "out", "--isa", "baseline")
    names = [subject["name"] for subject in found["subjects"]]
    assert {"resize_bilinear", "clahe_gray", "normalize", "eval", "train", "batch_eval", "overhead_eval"} <= set(names)
    assert found["machine"]["isa"] == "baseline"
    for subject in found["subjects"]:
        assert f"## {subject['title']}\n" in text
        for entry in subject["rows"]:
            assert ("skipped" in entry) != ("microseconds" in entry)
            if entry["library"] == "twinlens" and subject["reference"]:
                assert entry["differs"] == "0 pixels"
    for target in found["targets"]:
        assert f"| {target['name']} | {target['wanted']} | {target['got']} | {target['state']} |" in text
    assert {"resize bilinear", "eval", "flip"} <= {floor["work"] for floor in found["floors"]}
    assert all(0 < floor["share_of_instructions"] < 1 for floor in found["floors"])
    for words in ("## Floors", "## Instructions", "Instructions for a synthetic 375 x 500 picture"):
        assert words in text
    if isinstance(found["cuda"], str):
        assert f"{found['cuda']}.\n" in text


def test_report_takes_a_part_of_the_subjects(photos: Path, tmp_path: Path) -> None:
    found, _ = report(photos, tmp_path / "out", "--only", "^normalize$", "--limit", "1")
    assert [subject["name"] for subject in found["subjects"]] == ["normalize"]
    assert found["photos"]["count"] == 1


def test_rows_run_under_pytest_benchmark() -> None:
    done = run("pytest", "benchmarks", "-c", "benchmarks/pytest.ini", "--collect-only", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bench_eval[eval-torchvision on PIL]" in done.stdout
