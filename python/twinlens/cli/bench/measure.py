"""Checks and times subjects; the results as plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from twinlens.cli.bench import machine
from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows import Missing, Row, Subject, pillow_simd, verify
from twinlens.cli.bench.timing import interleave

__all__ = ["Settings", "measured", "report", "units"]

#: called with the subject's name and how many of its `units` are done since the last call
Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Settings:
    """How it is timed. `clock` is a name in `turn.CLOCKS`."""

    rounds: int = 9
    clock: str = "wall"
    threads: int = 1


def units(subjects: Sequence[Subject], settings: Settings) -> int:
    """What a progress bar counts: a check of a row, and a round of a row."""
    return sum(len(subject.rows) for subject in subjects) * (1 + settings.rounds)


def report(
    subjects: Sequence[Subject], photos: Sequence[Photo], settings: Settings, progress: Progress
) -> dict[str, Any]:
    """Everything that a report shows, as values that JSON takes."""
    about, simd = machine.describe(), pillow_simd.version()
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": {**about, "versions": {**about["versions"], **({"pillow-simd": simd} if simd else {})}},
        "photos": _about(photos),
        "rounds": settings.rounds,
        "clock": settings.clock,
        "threads": settings.threads,
        "subjects": [measured(subject, photos, settings, progress) for subject in subjects],
    }


def _about(photos: Sequence[Photo]) -> dict[str, Any]:
    heights, widths = zip(*(photo.hw for photo in photos), strict=True)
    return {
        "count": len(photos),
        "mean_hw": [round(sum(heights) / len(photos)), round(sum(widths) / len(photos))],
        "smallest_side": min(*heights, *widths),
        "largest_side": max(*heights, *widths),
    }


def measured(subject: Subject, photos: Sequence[Photo], settings: Settings, progress: Progress) -> dict[str, Any]:
    """Checks every row, then times those whose library is there.

    Raises Differs where a result of twinlens is not what it is promised to be.
    """
    items = subject.items(photos)
    entries = []
    for row in subject.rows:
        entries.append(_checked(subject, row, items))
        progress(subject.name, 1 + settings.rounds if "skipped" in entries[-1] else 1)
    present = [entry for entry in entries if "skipped" not in entry]
    rows = [row for row, entry in zip(subject.rows, entries, strict=True) if "skipped" not in entry]
    timings = interleave(
        subject, rows, items, settings.rounds, settings.clock, lambda: progress(subject.name, len(rows))
    )
    for entry, timing in zip(present, timings, strict=True):
        entry["microseconds"] = round(timing.median, 2)
        entry["ratio"] = round(timing.ratio(timings[0]), 3)
        entry["rounds"] = [round(value, 2) for value in timing.rounds]
    return {
        "name": subject.name,
        "title": subject.title,
        "reference": subject.reference_name or None,
        "rows": entries,
    }


def _checked(subject: Subject, row: Row, items: Sequence[Any]) -> dict[str, Any]:
    """A rival that cannot do this work on these photos is left out, with the reason."""
    entry: dict[str, Any] = {"row": row.name, "library": row.library}
    try:
        verdict = verify(subject, row, items)
    except Missing as missing:
        return {**entry, "skipped": str(missing)}
    except Exception as error:
        if row.library == "twinlens":
            raise
        return {**entry, "skipped": f"{row.name} failed: {type(error).__name__}: {' '.join(str(error).split())[:200]}"}
    if verdict is None:
        return {**entry, "differs": None}
    return {**entry, "differs": str(verdict), "differing_share": verdict.differing / verdict.pixels}
