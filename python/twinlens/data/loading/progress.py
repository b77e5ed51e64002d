"""A bar on the terminal."""

from __future__ import annotations

from typing import Any

__all__ = ["Bar"]


class Bar:
    """Batches of an epoch, on standard error; nothing where it is not wanted."""

    def __init__(self, epoch: int, done: int, total: int | None, *, shown: bool) -> None:
        self._progress: Any = None
        if not shown:
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task(f"epoch {epoch}", total=total, completed=done)
        self._progress.start()

    def advance(self) -> None:
        """One batch more."""
        if self._progress is not None:
            self._progress.advance(self._task)

    def close(self) -> None:
        """Leaves the bar as it is."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
