"""A report as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["render", "table"]


def render(report: dict[str, Any], sections: Sequence[str] = ()) -> str:
    """Machine, the `sections`, one table a subject."""
    return "\n".join([_head(report), *sections, *(table(subject) for subject in report["subjects"])])


def _head(report: dict[str, Any]) -> str:
    at, photos = report["machine"], report["photos"]
    versions = ", ".join(f"{name} {version}" for name, version in at["versions"].items())
    threads = "one" if report["threads"] == 1 else report["threads"]
    h, w = photos["mean_hw"]
    return "\n".join(
        [
            f"# Benchmarks, {report['date']}, {at['isa']}",
            "",
            f"- Machine: {at['cpu']}, {at['cores']} cores, {at['system']}, Python {at['python']}",
            f"- Threads: {threads} in every library",
            f"- Device: {at['device'] or 'none'}",
            f"- Kernels: {at['isa']}",
            f"- Versions: {versions}",
            *([f"- Commit: {report['commit']}"] if "commit" in report else []),
            f"- Photos: {photos['count']}, mean {h} x {w} (height x width), sides {photos['smallest_side']} to "
            f"{photos['largest_side']}, decoded first",
            "",
            f"Microseconds of {report['clock']} time an image: the median of {report['rounds']} rounds, each the mean "
            "over the photos; the rivals take turns on every photo. Ratio: the row's time over twinlens' first row, "
            "the median of the rounds' ratios. Differs: from the reference named above the table, counted before "
            "timing; rows whose output is promised to be exact fail the run at the first differing bit.",
            "",
        ]
    )


def table(subject: dict[str, Any]) -> str:
    """One subject."""
    reference = subject["reference"]
    lines = [f"## {subject['title']}", ""]
    lines += [f"Reference: {reference}." if reference else "Random: shapes are checked, pixels are not compared.", ""]
    lines += [subject["note"], ""] if subject.get("note") else []
    lines += ["| row | us an image | ratio | differs from reference |", "|---|---:|---:|---|"]
    for entry in subject["rows"]:
        if "skipped" in entry:
            lines.append(f"| {entry['row']} | | | {entry['skipped']} |")
        else:
            differs = entry["differs"] or ""
            lines.append(f"| {entry['row']} | {entry['microseconds']:.1f} | {entry['ratio']:.2f} | {differs} |")
    return "\n".join([*lines, ""])
