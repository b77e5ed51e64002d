"""`twinlens plugins`: who provides what, whether it keeps its promises, and how to begin one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["plugins_app"]

plugins_app = typer.Typer(
    help="Who provides which transforms, whether they keep their promises, and how to begin a plugin.",
    invoke_without_command=True,
    epilog=(
        "[bold]Examples[/bold]\n\ntwinlens plugins\n\ntwinlens plugins new ink\n\ntwinlens plugins check twinlens-ink"
    ),
)


@plugins_app.callback()
def plugins(context: typer.Context) -> None:
    """Who provides which transforms: the library, installed plugins, and what is wrong with those left out."""
    if context.invoked_subcommand is None:
        list_plugins()


@plugins_app.command("list", epilog="[bold]Example[/bold]\n\ntwinlens plugins list")
def list_plugins() -> None:
    """List packages, versions, what they provide, the last check, and why one was left out.

    TWINLENS_PLUGIN_TIMEOUT bounds the seconds that each may take to load.
    """
    from twinlens.cli.plugins.listing import show

    show()


@plugins_app.command(
    "check",
    epilog=(
        "[bold]Examples[/bold]\n\ntwinlens plugins check ink\n\ntwinlens plugins check twinlens-ink --only Bleed\n\n"
        "twinlens plugins check ink --json report.json"
    ),
)
def check(
    package: Annotated[str, typer.Argument(help="Plugin or package, installed.", show_default=False)],
    only: Annotated[str | None, typer.Option(help="Only transforms and steps whose name holds this.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write every outcome to this file too.")] = None,
) -> None:
    """Run the conformance suite on everything that a plugin registers.

    Exits with 1 where a promise is not kept. docs/plugins.md says what is checked.
    """
    from twinlens.cli.plugins.checking import run

    run(package, only, json)


@plugins_app.command(
    "new", epilog="[bold]Examples[/bold]\n\ntwinlens plugins new ink\n\ntwinlens plugins new ink --out work"
)
def new(
    name: Annotated[str, typer.Argument(help="The plugin's name, the word before the dot: ink.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder in which the package's folder is made.")] = Path(),
) -> None:
    """Begin a plugin: an installable package with a transform, tests that pass, a README and CI."""
    from rich.console import Console

    from twinlens.cli.plugins.scaffold import scaffold

    made = scaffold(name, out)
    console = Console()
    console.print(f"made {made}")
    console.print(f"next: pip install -e '{made}[test]', then pytest {made}", markup=False)
