"""`python -m benchmarks.report --photos DIR --out benchmarks/results [--isa avx2]`: writes .md and .json."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

import twinlens
from benchmarks import machine, markdown
from benchmarks.photos import Photo, load_photos
from benchmarks.rows import Missing, Row, Subject, cpu_subjects, cuda_subjects, verify
from benchmarks.targets import TARGETS
from benchmarks.threads import use_one_thread
from benchmarks.timing import CLOCKS, interleave

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the subjects that were asked for and writes the two files."""
    asked = _parse(arguments)
    use_one_thread()
    if asked.isa:
        twinlens.set_isa(asked.isa)
    photos = load_photos(asked.photos, asked.limit)
    subjects = [s for s in cpu_subjects(asked.batch_size) if re.search(asked.only, s.name)]
    report = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine.describe(),
        "photos": _about(photos),
        "rounds": asked.rounds,
        "clock": asked.clock,
        "subjects": [measured(subject, photos, asked.rounds, asked.clock) for subject in subjects],
        "cuda": _cuda(photos, asked),
    }
    report["targets"] = _targets(report["subjects"])
    write(report, asked.out)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of images; else $TWINLENS_PHOTOS, else scikit-image's")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"), help="where the report goes")
    parser.add_argument("--isa", choices=twinlens.supported_isas(), help="the kernels to use; default the best")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu on a machine that others use too")
    parser.add_argument("--limit", type=int, help="use only so many photos")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--only", default="", help="a regular expression: subjects whose name it finds")
    return parser.parse_args(arguments)


def _about(photos: Sequence[Photo]) -> dict[str, Any]:
    heights, widths = zip(*(photo.hw for photo in photos), strict=True)
    return {
        "count": len(photos),
        "mean_hw": [round(sum(heights) / len(photos)), round(sum(widths) / len(photos))],
        "smallest_side": min(*heights, *widths),
        "largest_side": max(*heights, *widths),
    }


def measured(subject: Subject, photos: Sequence[Photo], rounds: int, clock: str) -> dict[str, Any]:
    """Checks every row, then times those whose library is there; as plain values."""
    sys.stderr.write(f"{subject.name}\n")
    items = subject.items(photos)
    entries: list[dict[str, Any]] = []
    present: list[tuple[dict[str, Any], Row]] = []
    for row in subject.rows:
        entry: dict[str, Any] = {"row": row.name, "library": row.library}
        try:
            verdict = verify(subject, row, items)
            present.append((entry, row))
        except Missing as missing:
            entry["skipped"] = str(missing)
        else:
            entry["differs"] = None if verdict is None else str(verdict)
        entries.append(entry)
    timings = interleave(subject, [row for _, row in present], items, rounds, clock)
    for (entry, _), timing in zip(present, timings, strict=True):
        entry["microseconds"] = round(timing.median, 2)
        entry["ratio"] = round(timing.ratio(timings[0]), 3)
        entry["rounds"] = [round(value, 2) for value in timing.rounds]
    return {
        "name": subject.name,
        "title": subject.title,
        "reference": subject.reference_name or None,
        "rows": entries,
    }


def _cuda(photos: Sequence[Photo], asked: argparse.Namespace) -> list[dict[str, Any]] | str:
    if not torch.cuda.is_available():
        return "not run on CUDA"
    subjects = [s for s in cuda_subjects(asked.batch_size) if re.search(asked.only, s.name)]
    return [measured(subject, photos, asked.rounds, "wall") for subject in subjects]


def _targets(subjects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = {(subject["name"], entry["row"]): (subject, entry) for subject in subjects for entry in subject["rows"]}
    listed = []
    for target in TARGETS:
        if (target.subject, target.row) not in rows:
            continue
        subject, entry = rows[target.subject, target.row]
        listed.append(
            {"name": f"{subject['title']}: over {target.row}", "wanted": target.wanted, "got": entry.get("ratio")}
        )
    return listed


def write(report: dict[str, Any], folder: Path) -> Path:
    """`<date>-<cpu>-<isa>.md` and `.json`; the path of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{machine.file_stem(report)}.md"
    path.write_text(markdown.render(report))
    path.with_name(f"{path.stem}.json").write_text(json.dumps(report, indent=1) + "\n")
    sys.stderr.write(f"{path}\n")
    return path


if __name__ == "__main__":
    main()
