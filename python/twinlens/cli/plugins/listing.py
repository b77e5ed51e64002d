"""`twinlens plugins list`."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from twinlens.cli.plugins.results import recorded

if TYPE_CHECKING:
    from twinlens.registry import Plugin

__all__ = ["show"]


def show() -> None:
    """Prints the table."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    import twinlens

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the table has a column for plugins that are left out
        found = twinlens.plugins()
    table = Table("plugin", "package", "version", "hooks", "provides", "checked", "error")
    for plugin in found:
        error = f"[red]{escape(plugin.error)}[/red]" if plugin.error else ""
        cells = (plugin.name, plugin.package, plugin.version, plugin.api, _provides(plugin), recorded(plugin))
        table.add_row(*(escape(cell) for cell in cells), error)
    Console().print(table)


def _provides(plugin: Plugin) -> str:
    from twinlens.registry.record import BUILTIN, KINDS

    if plugin.name == BUILTIN:
        return f"{len(plugin.transforms)} transforms"
    parts = []
    for kind in KINDS:
        names = getattr(plugin, kind)
        if names:
            parts.append((f"{kind}: " if kind != "transforms" else "") + ", ".join(names))
    return "; ".join(parts)
