"""`python -m benchmarks.jobs.measure PHOTOS --out benchmarks/results`: every row on the same files, turn by turn."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import checkout
from benchmarks.jobs import photos, report, tables
from benchmarks.jobs.contender import Contender
from benchmarks.jobs.memory import Peak
from benchmarks.jobs.rows import ROWS, SUBJECT, TARGETS, TITLE
from benchmarks.targets import listed
from twinlens.cli.bench import machine
from twinlens.cli.bench.rows import Differs
from twinlens.cli.bench.timing import Timing
from twinlens.errors import InputError

__all__ = ["clear", "main", "measured"]

Entry = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, writes the report, and says which targets are met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jobs.measure", description=__doc__)
    parser.add_argument("photos", type=Path, help="a folder of images, of which the files are made")
    parser.add_argument("--count", type=int, default=1000, help="how many files (default 1000)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"), help="where the report goes")
    asked = parser.parse_args(arguments)
    for name in ("count", "rounds", "workers"):
        if getattr(asked, name) < 1:
            parser.error(f"--{name} {getattr(asked, name)} must be positive")
    try:
        found = measured(asked.photos, asked.count, asked.rounds, asked.workers)
    except InputError as error:
        parser.error(str(error))
    path = report.write(found, asked.out)
    sys.stdout.write(f"{report.render(found)}\n{path}\n")


def measured(folder: Path, count: int, rounds: int, workers: int) -> dict[str, Any]:
    """Everything that the report shows, as values that JSON takes."""
    load = round(os.getloadavg()[0], 2)
    with TemporaryDirectory(prefix="twinlens-jobs-") as name, ExitStack() as stack:
        files, target = Path(name, "files"), Path(name, "out")
        _say(f"{count} files")
        photos.make(folder, files, count)
        contenders = [stack.enter_context(Contender(row, files, workers)) for row in ROWS]
        entries = _checked(contenders, target)
        running = [contender for contender in contenders if not contender.missing]
        timings = _timed(running, target, rounds, count)
        peaks = [_peak(contender, target) for contender in running]
        sizes = [path.stat().st_size for path in files.rglob("*.jpg")]
    present = [entry for entry in entries if "skipped" not in entry]
    for entry, timing, peak in zip(present, timings, peaks, strict=True):
        entry["microseconds"] = round(timing.median, 1)
        entry["ratio"] = round(timing.ratio(timings[0]), 3)
        entry["rounds"] = [round(value, 1) for value in timing.rounds]
        entry["peak_megabytes"] = None if peak is None else round(peak / 1e6)
    subject = {"name": SUBJECT, "title": TITLE, "rows": entries}
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine.describe(),
        "commit": checkout.commit(),
        "load": load,
        "files": {"count": count, "mean_kilobytes": round(statistics.mean(sizes) / 1e3, 1)},
        "workers": workers,
        "rounds": rounds,
        "subject": subject,
        "targets": listed([subject], TARGETS),
    }


def _checked(contenders: Sequence[Contender], target: Path) -> list[Entry]:
    """A run of each, untimed: workers start, libraries load, and the tables are compared with the first row's."""
    entries: list[Entry] = []
    first = None
    for contender in contenders:
        row = contender.row
        entry: Entry = {"row": row.name, "library": row.library}
        entries.append(entry)
        if contender.missing:
            entry["skipped"] = contender.missing
            continue
        _say(f"{row.name}: first run")
        contender.turn(target)
        if not row.writes:
            entry["differs"] = None
        else:
            table = tables.read(target)
            first = first or table
            verdict = tables.compared(first, table)
            if row.exact and verdict.differing:
                raise Differs(f"{row.name} differs from {contenders[0].row.name} in {verdict}")
            entry |= {"differs": str(verdict), "differing_share": verdict.differing / verdict.pixels}
        clear(target)
    return entries


def _timed(contenders: Sequence[Contender], target: Path, rounds: int, count: int) -> list[Timing]:
    """Microseconds an image; who begins moves on by one from round to round."""
    means: list[list[float]] = [[] for _ in contenders]
    for number in range(rounds):
        _say(f"round {number + 1} of {rounds}")
        for place in range(len(contenders)):
            k = (place + number) % len(contenders)
            means[k].append(1e6 * contenders[k].turn(target) / count)
            clear(target)
    return [Timing(values) for values in means]


def _peak(contender: Contender, target: Path) -> int | None:
    """Of a run that is not timed: looking takes a part of a processor."""
    _say(f"{contender.row.name}: memory")
    peak = Peak()
    contender.turn(target, peak)
    clear(target)
    return peak.bytes


def clear(target: Path) -> None:
    """What one row wrote is gone, and on no way to the disk, when the next one begins."""
    if target.is_dir():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    os.sync()


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


if __name__ == "__main__":
    main()
