"""The command line: see `twinlens --help`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point. Exits with 0, or with 1 after one line on what is wrong."""
    from twinlens.cli.app import invoke

    sys.exit(invoke(sys.argv[1:] if arguments is None else list(arguments)))
