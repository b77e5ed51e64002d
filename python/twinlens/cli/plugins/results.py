"""What the last check of a package found, kept in the user's cache."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import twinlens
from twinlens.data import durable

if TYPE_CHECKING:
    from twinlens.registry import Plugin
    from twinlens.testing import Report

__all__ = ["record", "recorded"]


def _file(plugin: Plugin) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "twinlens" / "conformance" / f"{re.sub(r'[^A-Za-z0-9._-]', '_', plugin.package)}.json"


def record(plugin: Plugin, reports: list[Report]) -> None:
    """Keeps how many kept their promises; a cache that cannot be written is left alone."""
    path = _file(plugin)
    failed = sum(bool(report.failed) for report in reports)
    data = {"version": plugin.version, "twinlens": twinlens.__version__, "tried": len(reports), "failed": failed}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with durable.write(path) as partial:
            partial.write_text(json.dumps(data) + "\n")
    except OSError:
        return


def recorded(plugin: Plugin) -> str:
    """`12 of 12 pass`, of this version with this twinlens; empty where that was not checked."""
    try:
        data: dict[str, Any] = json.loads(_file(plugin).read_text())
        if (data["version"], data["twinlens"]) != (plugin.version, twinlens.__version__):
            return ""
        return f"{data['tried'] - data['failed']} of {data['tried']} pass"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
