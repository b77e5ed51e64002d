"""The strategies' report as a table and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["markdown", "table", "title"]

Report = dict[str, Any]


def table(report: Report) -> Table:
    """For the terminal."""
    from rich.markup import escape
    from rich.table import Table

    found = Table(title=escape(title(report)), title_justify="left", title_style="bold")
    found.add_column("strategy")
    for name in _COLUMNS:
        found.add_column(name, justify="right")
    best = max(report["strategies"], key=lambda entry: entry["speedup"])
    for entry in report["strategies"]:
        found.add_row(entry["strategy"], *_cells(entry), style="green" if entry is best else None)
    return found


def markdown(report: Report, picture: str) -> str:
    """picture: the chart's path."""
    at = report["machine"]
    lines = [
        f"# Strategies, {report['date']}",
        "",
        f"- Machine: {at['cpu']}, {at['cores']} cores, {at['system']}, Python {at['python']}",
        f"- Kernels: {at['isa']}",
        f"- Images: {report['images']} of {report['source']}",
        f"- Pipeline: `{' '.join(report['pipeline'].split())}`",
        f"- Workers: {report['workers']}; chunks of {report['chunk']}; others have a file a task",
        "",
        f"Reading, decoding and the pipeline; results come back to the first process, the same bits of every strategy. "
        f"Wall time an image: the median of {report['rounds']} rounds, in which the strategies take turns. Speedup: "
        "over the first one, the median of the rounds' ratios. Start-up: from no process to all of them having done an "
        "image, which the other columns leave out.",
        "",
        f"![speedups]({picture})",
        "",
        f"| strategy | {' | '.join(_COLUMNS)} |",
        "|---|---:|---:|---:|---:|",
        *(f"| {entry['strategy']} | {' | '.join(_cells(entry))} |" for entry in report["strategies"]),
    ]
    return "\n".join(lines) + "\n"


_COLUMNS = ("us an image", "images/s", "speedup", "start-up")


def _cells(entry: Report) -> tuple[str, ...]:
    us, startup = entry["microseconds"], entry["startup_seconds"]
    return f"{us:.1f}", f"{1e6 / us:.0f}", f"{entry['speedup']:.2f}", "" if startup is None else f"{startup:.1f} s"


def title(report: Report) -> str:
    """How many images, and how they were divided."""
    workers = "1 worker" if report["workers"] == 1 else f"{report['workers']} workers"
    return f"{report['images']} images, {workers}, chunks of {report['chunk']}"
