"""The hook that plugins implement; the built-in transforms register through it too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from twinlens.registry import Registry

__all__ = ["PROJECT", "hookimpl", "hookspec"]

PROJECT = "twinlens"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """Hook specifications, version 1."""

    @hookspec
    def twinlens_register(self, registry: Registry) -> None:
        """Called once, with the registry, when names are first looked up.

        Add each transform with `registry.add(MyTransform)`: it is then `twinlens.get("myplugin.MyTransform")`, where
        myplugin is the entry point's name.
        """
