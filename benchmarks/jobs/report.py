"""The measurement as Markdown and JSON, as `benchmarks.report` writes its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks import checkout
from benchmarks.jobs.rows import OURS
from benchmarks.targets import section
from twinlens.data import durable

__all__ = ["render", "write"]


def write(report: dict[str, Any], folder: Path) -> Path:
    """`<date>-<cpu>-<isa>-jobs.md` and `.json`; the path of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{checkout.file_stem(report)}-jobs.md"
    for file, text in ((path, render(report)), (path.with_suffix(".json"), json.dumps(report, indent=1))):
        with durable.write(file) as partial:
            partial.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    return path


def render(report: dict[str, Any]) -> str:
    """As Markdown: machine, targets, the table."""
    return "\n".join([*_head(report), section(report["targets"]), *_table(report)])


def _head(report: dict[str, Any]) -> list[str]:
    at, files = report["machine"], report["files"]
    versions = ", ".join(f"{name} {version}" for name, version in at["versions"].items())
    return [
        f"# The whole job, {report['date']}, {at['isa']}",
        "",
        f"- Machine: {at['cpu']}, {at['cores']} cores, {at['system']}, Python {at['python']}",
        f"- Load before: {report['load']}",
        f"- Kernels: {at['isa']}",
        f"- Versions: {versions}",
        f"- Commit: {report['commit']}",
        f"- Files: {files['count']} distinct JPEGs, {files['mean_kilobytes']} kB on average, in the page cache",
        f"- Workers: {report['workers']} in every row",
        "",
        f"Wall time of the whole job divided by the images: the median of {report['rounds']} rounds, in which the rows "
        f"take turns. Workers have started and libraries are loaded before. Ratio: the row's time over that of {OURS}, "
        "the median of the rounds' ratios. Memory: the peak of anonymous and shared memory of all processes of a row, "
        "in a further run that is not timed. Only twinlens waits until its files are on the disk, and writes checksums "
        "of them.",
        "",
    ]


def _table(report: dict[str, Any]) -> list[str]:
    subject = report["subject"]
    lines = [f"## {subject['title']}", ""]
    lines += ["| row | us an image | images/s | ratio | peak memory, MB | differs from the first row |"]
    lines += ["|---|---:|---:|---:|---:|---|"]
    for entry in subject["rows"]:
        if "skipped" in entry:
            lines.append(f"| {entry['row']} | | | | | {entry['skipped']} |")
            continue
        us, memory = entry["microseconds"], entry["peak_megabytes"]
        cells = (f"{us:.1f}", f"{1e6 / us:.0f}", f"{entry['ratio']:.2f}", "" if memory is None else str(memory))
        lines.append(f"| {' | '.join((entry['row'], *cells, entry['differs'] or ''))} |")
    return lines
