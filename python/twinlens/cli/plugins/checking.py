"""`twinlens plugins check`."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import twinlens
from twinlens import registry
from twinlens.cli.plugins.results import record
from twinlens.data import durable
from twinlens.errors import HostCopyWarning, PluginError, TwinlensError
from twinlens.pipeline.requirements import normalized
from twinlens.registry import Entry, Plugin
from twinlens.testing import Outcome, Report, check_step, check_transform

__all__ = ["run"]

Try = tuple[str, Callable[[], Report]]


def run(package: str, only: str | None, into: Path | None) -> None:
    """Checks, prints, keeps and, where something failed, raises."""
    from rich.console import Console
    from rich.progress import Progress

    plugin = _plugin(package)
    tries = [one for one in _tries(plugin) if only is None or only in one[0]]
    if not tries:
        raise TwinlensError(f"{plugin.name}: nothing to check" + (f" whose name holds {only!r}" if only else ""))
    console, reports = Console(), list[Report]()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("checking", total=len(tries))
        for name, make in tries:
            progress.update(task, description=name)
            reports.append(_reported(name, make))
            progress.advance(task)
    console.print(_table(plugin, tries, reports))
    if only is None:
        record(plugin, reports)
    if into is not None:
        with durable.write(into) as partial:
            partial.write_text(json.dumps(_plain(plugin, reports), indent=2) + "\n", encoding="utf-8")
    failed = [report for report in reports if report.failed]
    if failed:
        raise TwinlensError(f"{plugin.package}: {len(failed)} of {len(reports)} do not keep their promises")


def _plugin(package: str) -> Plugin:
    """By its own name or its package's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # others that are left out are nobody's matter here
        found = twinlens.plugins()
    for plugin in found:
        if plugin.name == package or normalized(plugin.package) == normalized(package):
            if plugin.error:
                raise PluginError(f"{plugin.package}: it was left out: {plugin.error}")
            return plugin
    names = ", ".join(plugin.name for plugin in found)
    raise PluginError(f"no plugin or package {package!r} is installed; there are {names}")


def _tries(plugin: Plugin) -> Iterator[Try]:
    for entry in registry.entries_of(plugin.name, "transforms"):
        for example in entry.examples:
            yield entry.full, partial(_transform, entry, example)
    for entry in registry.entries_of(plugin.name, "steps"):
        for step in entry.examples:
            yield entry.full, partial(check_step, step, raises=False)
    for entry in registry.entries_of(plugin.name, "kernels"):
        yield entry.full, partial(_kernel, entry)


def _transform(entry: Entry, example: Any) -> Report:
    return check_transform(entry.provided(**example), raises=False)


def _kernel(entry: Entry) -> Report:
    return Report(entry.full, [Outcome("loads", "passed", f"operation {entry.provided.code}")])


def _reported(name: str, make: Callable[[], Report]) -> Report:
    """A report also of what cannot even be made."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HostCopyWarning)
            return make()
    except Exception as error:  # of a plugin
        return Report(name, [Outcome("made", "failed", f"{type(error).__name__}: {error}")])


def _table(plugin: Plugin, tries: list[Try], reports: list[Report]) -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table("name", "tried with", "passed", "not run", "failed", title=f"{plugin.package} {plugin.version}")
    for (name, _), report in zip(tries, reports, strict=True):
        skipped = ", ".join(o.check for o in report.outcomes if o.status == "not run")
        failed = "\n".join(f"[red]{escape(f'{o.check}: {o.note}')}[/red]" for o in report.failed)
        passed = sum(o.status == "passed" for o in report.outcomes)
        table.add_row(escape(name), escape(report.subject), str(passed), escape(skipped), failed)
    return table


def _plain(plugin: Plugin, reports: list[Report]) -> dict[str, Any]:
    return {
        "package": plugin.package,
        "version": plugin.version,
        "twinlens": twinlens.__version__,
        "reports": [asdict(report) for report in reports],
    }
