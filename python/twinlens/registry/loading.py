"""A plugin's module to what it registers: versions checked, time bounded, whatever it raises kept from the rest."""

from __future__ import annotations

import importlib.metadata
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pluggy

from twinlens.errors import PluginError
from twinlens.hookspecs import API_VERSION, PROJECT, Hooks
from twinlens.registry.record import KINDS, Additions, Plugin

__all__ = ["DISABLE", "TIMEOUT", "TRACE", "disabled", "found", "importing", "load", "loading", "of_entry"]

DISABLE, TIMEOUT, TRACE = "TWINLENS_DISABLE_PLUGINS", "TWINLENS_PLUGIN_TIMEOUT", "TWINLENS_TRACE_PLUGINS"

_SECONDS = 30.0

_inside = threading.local()


def disabled(plugin: str) -> bool:
    """Whether TWINLENS_DISABLE_PLUGINS keeps a plugin out: 1 for all of them, else names with commas between."""
    names = {name.strip() for name in os.environ.get(DISABLE, "").split(",")} - {"", "0"}
    return bool(names & {"1", plugin})


def found() -> dict[str, list[importlib.metadata.EntryPoint]]:
    """The entry points that are installed and not switched off, by name; of one name in the order of packages."""
    entries = [entry for entry in importlib.metadata.entry_points(group=PROJECT) if not disabled(entry.name)]
    by_name: dict[str, list[importlib.metadata.EntryPoint]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.name, _package(entry)[0])):
        by_name.setdefault(entry.name, []).append(entry)
    return by_name


def loading(plugin: str) -> bool:
    """Whether that plugin's own module asks, or one that it loads meanwhile."""
    return plugin in getattr(_inside, "names", ())


def importing(entries: list[importlib.metadata.EntryPoint]) -> bool:
    """Whether the module of one of them is being imported by somebody who looks up names meanwhile."""
    specs = (getattr(sys.modules.get(entry.module), "__spec__", None) for entry in entries)
    return any(getattr(spec, "_initializing", False) for spec in specs)


def of_entry(entry: importlib.metadata.EntryPoint) -> Plugin:
    """A plugin before it is loaded."""
    return Plugin(entry.name, *_package(entry))


def load(plugin: Plugin, module: Callable[[], Any]) -> tuple[Plugin, Additions]:
    """The plugin with its names, and what it registers; with `error`, and nothing, where it failed.

    module: imports it, or returns what it is. What takes longer than TWINLENS_PLUGIN_TIMEOUT seconds (30) is left out.
    """
    _trace(plugin, "loading")
    started = time.perf_counter()
    result: list[tuple[Plugin, Additions]] = []
    around = getattr(_inside, "names", frozenset[str]())

    def run() -> None:
        _inside.names = around | {plugin.name}
        try:
            result.append(_loaded(plugin, module))
        except (Exception, SystemExit) as error:  # whatever a plugin raises must not break the rest
            shown = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
            result.append((replace(plugin, error=shown), Additions(plugin.name)))

    seconds = _seconds()
    worker = threading.Thread(target=run, name=f"twinlens-plugin-{plugin.name}", daemon=True)
    worker.start()
    worker.join(seconds)
    if not result:
        result.append((replace(plugin, error=_too_slow(seconds)), Additions(plugin.name)))
    done, additions = result[0]
    took = time.perf_counter() - started
    for kind in KINDS if done.error is None else ():
        if names := getattr(done, kind):
            _trace(plugin, f"register_{kind}: {', '.join(names)}")
    _trace(plugin, f"left out after {took:.3f} s: {done.error}" if done.error else f"loaded in {took:.3f} s")
    return done, additions


def _loaded(plugin: Plugin, module: Callable[[], Any]) -> tuple[Plugin, Additions]:
    imported = module()
    api = _check_version(getattr(imported, "TWINLENS_API", API_VERSION))
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(imported, plugin.name)
    manager.check_pending()
    callers = manager.get_hookcallers(imported)
    if not callers:
        hooks = ", ".join(f"register_{kind}" for kind in KINDS)
        raise PluginError(f"its module has no function marked with @hookimpl; the hooks are {hooks}")
    additions = Additions(plugin.name)
    for name, register in additions.registrars().items():
        getattr(manager.hook, name)(register=register)
    names: dict[str, Any] = {kind: list(entries) for kind, entries in additions.entries.items()}
    return replace(plugin, api=api, **names), additions


def _check_version(wanted: Any) -> str:
    parts = re.fullmatch(r"(\d+)\.(\d+)", wanted) if isinstance(wanted, str) else None
    if parts is None:
        raise PluginError(f"its TWINLENS_API={wanted!r} must be a version such as {API_VERSION!r}")
    major, minor = (int(part) for part in API_VERSION.split("."))
    if int(parts[1]) != major:
        what = "a newer twinlens" if int(parts[1]) > major else "a newer version of the plugin"
        raise PluginError(
            f"it is written for version {wanted} of the plugin hooks, this twinlens has {API_VERSION}: install {what}"
        )
    if int(parts[2]) > minor:
        raise PluginError(
            f"it wants version {wanted} of the plugin hooks, this twinlens has {API_VERSION}: install a newer twinlens"
        )
    return str(wanted)


def _seconds() -> float:
    text = os.environ.get(TIMEOUT, "")
    try:
        seconds = float(text or _SECONDS)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= threading.TIMEOUT_MAX:
        raise PluginError(f"{TIMEOUT}={text!r} must be a positive number of seconds")
    return seconds


def _too_slow(seconds: float) -> str:
    return f"it did not load within {seconds:g} s; {TIMEOUT} sets another limit"


def _package(entry: importlib.metadata.EntryPoint) -> tuple[str, str]:
    return (entry.dist.name, entry.dist.version) if entry.dist else ("?", "?")


def _trace(plugin: Plugin, message: str) -> None:
    if os.environ.get(TRACE, "0") not in ("", "0"):
        sys.stderr.write(f"twinlens plugin {plugin.name} ({plugin.package} {plugin.version}): {message}\n")
