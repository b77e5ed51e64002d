"""`python -m benchmarks.report --photos DIR --out benchmarks/results [--isa avx2]`: writes .md and .json."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

import twinlens
from benchmarks import checkout, floors, instructions
from benchmarks.targets import listed, section
from twinlens.cli.bench import markdown, measure
from twinlens.cli.bench.photos import Photo, load_photos
from twinlens.cli.bench.rows import cpu_subjects, cuda_subjects
from twinlens.cli.bench.threads import use_threads
from twinlens.cli.bench.turn import CLOCKS

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the subjects that were asked for and writes the two files."""
    asked = _parse(arguments)
    use_threads(1)
    if asked.isa:
        twinlens.set_isa(asked.isa)
    photos = load_photos(asked.photos, asked.limit)
    subjects = [s for s in cpu_subjects(asked.batch_size) if re.search(asked.only, s.name)]
    report = measure.report(subjects, photos, measure.Settings(asked.rounds, asked.clock), _Names())
    report["commit"] = checkout.commit()
    report["cuda"] = _cuda(photos, asked)
    report["targets"] = listed(report["subjects"] + (report["cuda"] if isinstance(report["cuda"], list) else []))
    report["floors"] = [] if asked.only else floors.measured()
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


class _Names:
    """Progress: every subject's name, once."""

    def __init__(self) -> None:
        self.last = ""

    def __call__(self, name: str, done: int) -> None:
        del done
        if name != self.last:
            sys.stderr.write(f"{name}\n")
        self.last = name


def _cuda(photos: Sequence[Photo], asked: argparse.Namespace) -> list[dict[str, Any]] | str:
    if not torch.cuda.is_available():
        return "not run on CUDA"
    subjects = [s for s in cuda_subjects(asked.batch_size) if re.search(asked.only, s.name)]
    settings = measure.Settings(asked.rounds)
    return [measure.measured(subject, photos, settings, _Names()) for subject in subjects]


def _cuda_section(cuda: list[dict[str, Any]] | str) -> list[str]:
    if isinstance(cuda, str):
        return [f"## CUDA\n\n{cuda}.\n"]
    return ["## CUDA\n\n", *(markdown.table(subject) for subject in cuda)]


def write(report: dict[str, Any], folder: Path) -> Path:
    """`<date>-<cpu>-<isa>.md` and `.json`; the path of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{checkout.file_stem(report)}.md"
    counts = json.loads(instructions.COMMITTED.read_text())
    for subject in report["subjects"]:
        subject["note"] = instructions.of_subject(subject["name"], counts)
    text = [markdown.render(report, [section(report["targets"])]), *_cuda_section(report["cuda"])]
    text += [floors.section(report["floors"])] if report["floors"] else []
    text.append(instructions.section(counts))
    path.write_text("\n".join(text))
    path.with_name(f"{path.stem}.json").write_text(json.dumps(report, indent=1) + "\n")
    sys.stderr.write(f"{path}\n")
    return path


if __name__ == "__main__":
    main()
