"""`twinlens bench SRC --strategies`: what the command does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from twinlens.transforms import Transform

__all__ = ["Settings", "compare"]


@dataclass(frozen=True)
class Settings:
    """As on the command line."""

    workers: int | None
    chunk: int
    rounds: int
    limit: int | None
    pipeline: Path | None
    allow_functions: bool


def compare(console: Console, sources: Sequence[str], settings: Settings, out: Path | None) -> None:
    """Measures, prints the table, and writes strategies.md, .png and .json into `out`."""
    from rich import progress as bars

    from twinlens.cli.bench.machine import cores
    from twinlens.cli.bench.strategies.measure import STRATEGIES, measured
    from twinlens.cli.bench.strategies.show import table
    from twinlens.cli.bench.strategies.task import sampled
    from twinlens.cli.bench.threads import use_threads
    from twinlens.errors import ArgumentError

    if len(sources) != 1:
        raise ArgumentError(f"--strategies wants one source, got {len(sources)}")
    pipe = _pipe(settings)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)  # what cannot be written to is known before the minutes of measuring
    use_threads(1)
    task, wrong = sampled(sources[0], pipe, settings.limit)
    for line in wrong:
        console.print("[yellow]left out:[/yellow]", line, soft_wrap=True)
    workers, rounds = settings.workers or cores(), settings.rounds
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.TaskProgressColumn())
    with bars.Progress(*columns, bars.TimeRemainingColumn(), console=console, transient=True) as bar:
        done = bar.add_task("starting processes", total=STRATEGIES * (1 + rounds))
        report = measured(
            task, workers, settings.chunk, rounds, lambda name: bar.update(done, description=name, advance=1)
        )
    console.print(table(report))
    if out is not None:
        _write(console, report, out)


def _pipe(settings: Settings) -> Transform:
    import twinlens
    from twinlens.cli.bench.rows import evaluation
    from twinlens.data.job import check

    if settings.pipeline is None:
        return evaluation.ours(256, 224)
    pipe = twinlens.load(settings.pipeline, allow_functions=settings.allow_functions)
    check({}, "rgb", 0, pipe, owner="--strategies")
    return pipe


def _write(console: Console, report: dict[str, Any], out: Path) -> None:
    """Each file whole or not at all."""
    from twinlens.cli.bench.strategies.chart import draw
    from twinlens.cli.bench.strategies.show import markdown
    from twinlens.data import durable

    with durable.write(out / "strategies.json") as path:
        path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    with durable.write(out / "strategies.png") as path:
        draw(report, path)
    with durable.write(out / "strategies.md") as path:
        path.write_text(markdown(report, "strategies.png"), "utf-8")
    written = (out / f"strategies.{suffix}" for suffix in ("md", "png", "json"))
    console.print(f"written: {', '.join(str(path) for path in written)}", soft_wrap=True)
