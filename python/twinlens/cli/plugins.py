"""`twinlens plugins`."""

from __future__ import annotations

import warnings

import typer

__all__ = ["plugins_app"]

plugins_app = typer.Typer(
    help="Who provides which transforms.",
    invoke_without_command=True,
    epilog="[bold]Examples[/bold]\n\ntwinlens plugins\n\ntwinlens plugins list",
)


@plugins_app.callback()
def plugins(context: typer.Context) -> None:
    """Who provides which transforms: the library, installed plugins, and what is wrong with those left out."""
    if context.invoked_subcommand is None:
        list_plugins()


@plugins_app.command("list", epilog="[bold]Example[/bold]\n\ntwinlens plugins list")
def list_plugins() -> None:
    """List packages, versions, transforms and errors."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    import twinlens

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the table has a column for plugins that are left out
        found = twinlens.plugins()
    table = Table("plugin", "package", "version", "transforms", "error")
    for plugin in found:
        names = ", ".join(plugin.transforms)
        error = f"[red]{escape(plugin.error)}[/red]" if plugin.error else ""
        table.add_row(*(escape(v) for v in (plugin.name, plugin.package, plugin.version, names)), error)
    Console().print(table)
