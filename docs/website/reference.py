"""Pages of the API reference: one for every public module, read without importing it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import griffe

__all__ = ["pages"]

#: what is only used through other modules, or from the command line
_INNER = frozenset({"cli", "engines", "include", "pipeline", "random", "registry", "targets"})
#: public modules inside others
_DEEPER = ("transforms.functional",)


@cache
def pages(sources: Path) -> dict[str, str]:
    """Markdown for mkdocstrings by the module's dotted name, the package itself first."""
    package = griffe.load("twinlens", search_paths=[sources], allow_inspection=False)
    inside = sorted([*(name for name, part in package.modules.items() if _is_public(name, part)), *_DEEPER])
    found = {"twinlens": package, **{f"twinlens.{name}": package[name] for name in inside}}
    return {name: _page(name, module) for name, module in found.items()}


def _is_public(name: str, part: griffe.Module) -> bool:
    return not name.startswith("_") and name not in _INNER and bool(part.exports)


def _page(name: str, module: griffe.Object | griffe.Alias) -> str:
    lines = [f"# {name}", "", f"::: {name}", "    options:"]
    lines += [f"      {option}: false" for option in ("members", "show_root_heading", "show_root_toc_entry")]
    for member in sorted(map(str, module.exports or []), key=str.lower):
        if place := _place(module, name, member):
            lines += ["", f"::: {place}"]
    return "\n".join(lines) + "\n"


def _place(module: griffe.Object | griffe.Alias, name: str, member: str) -> str | None:
    """Where a public name is found; a function may have the name of the module that it is in. None: a module."""
    if member.startswith("_"):
        return None
    found, path = module.members[member], f"{name}.{member}"
    if not _is_module(found, path):
        return path
    return f"{path}.{member}" if member in module[member].members else None


def _is_module(found: griffe.Object | griffe.Alias, path: str) -> bool:
    """An alias that leads to itself is a module of the package, imported by name in the package itself."""
    return found.target_path == path if isinstance(found, griffe.Alias) else found.is_module
