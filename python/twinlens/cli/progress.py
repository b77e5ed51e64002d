"""A bar that tells how far a job is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from twinlens.data.usage import Usage

__all__ = ["Bar", "progress_bar"]

_EVERY = 0.1  # seconds from one look of the bar to the next


class Bar:
    """A bar with images a second, failures and memory."""

    def __init__(self, bars: Progress, doing: str) -> None:
        self._bars, self._task = bars, bars.add_task(doing, visible=False, rate="")
        self._before: int | None = None
        self._usage: Usage | None = None
        self._next = 0.0

    def watch(self, usage: Usage) -> None:
        """Shows this memory from now on."""
        self._usage = usage

    def __call__(self, written: int, failed: int, files: int) -> None:
        """So many are done."""
        from twinlens.data.usage import in_words

        count, now = written + failed, monotonic()
        if self._before is None:
            self._before = count - 1  # an earlier run's images say nothing of this one's speed
        if count < files and now < self._next:
            return
        self._next = now + _EVERY
        seconds = self._bars.tasks[0].elapsed or 0.0
        told = [f"{(count - self._before) / seconds:.0f} img/s"] if seconds else []
        if failed:
            told.append(f"[red]{failed} failed[/red]")
        if self._usage is not None:
            told.append(f"{in_words(self._usage.now)}, at most {in_words(self._usage.peak)}")
        self._bars.update(self._task, completed=count, total=files, rate="  ".join(told), visible=True)


@contextmanager
def progress_bar(console: Console, doing: str = "transforming") -> Iterator[Bar]:
    """Call it with the numbers written, failed and all."""
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TextColumn("{task.fields[rate]}"),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=console, refresh_per_second=4) as shown:  # a look costs milliseconds
        yield Bar(shown, doing)
