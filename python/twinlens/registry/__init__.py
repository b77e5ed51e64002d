"""Names of transforms and of what else plugins provide, and who provides them.

Plugins are Python packages with an entry point in the group `twinlens`; see `twinlens.hookspecs`. One is loaded when
a name of its own is looked up, all of them when names are listed, none at import; one that fails is reported and left
out.
"""

from __future__ import annotations

import importlib.metadata
import threading
import warnings
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from twinlens.errors import PluginError
from twinlens.registry import loading
from twinlens.registry.record import BUILTIN, KINDS, Entry, Plugin

if TYPE_CHECKING:
    from twinlens.transforms.base import Transform

__all__ = [
    "Entry",
    "Plugin",
    "Registry",
    "entries_of",
    "get",
    "installed",
    "name_of",
    "names",
    "plugins",
    "provided",
    "requirement",
]

_SINGULAR = {kind: kind.removesuffix("s") for kind in KINDS}


class Registry:
    """What is installed, by kind and name. installed: the entry points by plugin name."""

    def __init__(self, installed: dict[str, list[importlib.metadata.EntryPoint]] | None = None) -> None:
        self.plugins: dict[str, Plugin] = {}
        self._waiting = dict(installed or {})
        self._entries: dict[str, dict[str, Entry]] = {kind: {} for kind in KINDS}
        self._names: dict[type[Transform], str] = {}
        self._busy: dict[str, threading.Event] = {}  # plugins that some thread is loading
        self._lock = threading.Lock()  # never held while a plugin's code runs

    def load(self, plugin: Plugin, module: Callable[[], Any]) -> Plugin:
        """Takes up one plugin; a name that is taken, or a failure, leaves it out with `error`."""
        with self._lock:
            other = self.plugins.get(plugin.name)
            if other is not None:
                plugin.error = f"the plugin name {plugin.name!r} is taken by package {other.package} {other.version}"
                self.plugins[f"{plugin.name} ({plugin.package})"] = plugin
                return plugin
        done, additions = loading.load(plugin, module)
        with self._lock:
            for kind in KINDS if done.error is None else ():
                self._entries[kind].update(additions.entries[kind])
            for full in done.transforms:
                self._names.setdefault(self._entries["transforms"][full].provided, full)
            self.plugins[plugin.name] = done
        return done

    def load_installed(self, name: str | None = None) -> None:
        """Loads the installed plugins of that name, or all of them, that are not loaded yet; waits for another thread
        that is just loading one.
        """
        with self._lock:
            asked = [name] if name is not None else [*self._waiting, *self._busy]
        for plugin in asked:
            entries = self._waiting.get(plugin, [])
            if not loading.loading(plugin) and not loading.importing(entries):  # its own module may ask
                self._load_installed(plugin)

    def _load_installed(self, plugin: str) -> None:
        with self._lock:
            entries = self._waiting.pop(plugin, [])
            ready = self._busy.setdefault(plugin, threading.Event()) if entries else self._busy.get(plugin)
        if not entries:
            if ready is not None:
                ready.wait()
            return
        try:
            for entry in entries:
                done = self.load(loading.of_entry(entry), entry.load)
                if done.error:
                    message = f"twinlens plugin {done.name!r} ({done.package}) was left out: {done.error}"
                    warnings.warn(message, stacklevel=5)
        finally:
            with self._lock:
                self._busy.pop(plugin).set()

    def entry(self, kind: str, name: str) -> Entry | None:
        """What stands under a full name; loads the plugin before its dot."""
        plugin, dot, _ = name.partition(".")
        if dot:
            self.load_installed(plugin)
        return self._entries[kind].get(name)

    def name_of(self, transform: type[Transform]) -> str | None:
        """The full name of a transform."""
        if transform not in self._names:
            self.load_installed()
        return self._names.get(transform)

    def names(self, kind: str = "transforms") -> list[str]:
        """All full names of what is loaded, sorted."""
        return sorted(self._entries[kind])

    def missing(self, kind: str, name: str) -> str:
        """Why there is nothing of that name."""
        what = _SINGULAR[kind]
        plugin, dot, _ = name.partition(".")
        if not dot:
            close = get_close_matches(name, self.names(kind), 1)
            return f"no {what} {name!r}" + (f"; did you mean {close[0]!r}?" if close else "; see twinlens.names()")
        if plugin not in self.plugins:
            if loading.disabled(plugin):
                return f"no {what} {name!r}: {loading.DISABLE} switches plugin {plugin!r} off"
            return f"no {what} {name!r}: no plugin {plugin!r} is installed; try pip install twinlens-{plugin}"
        known = self.plugins[plugin]
        has = (
            f"it was left out: {known.error}" if known.error else f"it has {', '.join(getattr(known, kind)) or 'none'}"
        )
        return f"no {what} {name!r}; plugin {plugin!r} is installed, {has}"


_registry: Registry | None = None
_lock = threading.Lock()


def _ready() -> Registry:
    """The registry with the built-ins; installed plugins wait until they are asked for."""
    global _registry
    made = _registry
    if made is None:
        with _lock:
            made = _registry or _with_builtins()
            _registry = made
    return made


def _with_builtins() -> Registry:
    from twinlens import __version__, transforms

    made = Registry(loading.found())
    broken = made.load(Plugin(BUILTIN, BUILTIN, __version__), lambda: transforms).error
    if broken:
        raise PluginError(f"the built-in transforms did not register: {broken}")
    return made


def get(name: str) -> type[Transform]:
    """The transform class under a name, `get("Resize")` or `get("document.InkBleed")`; PluginError if there is none."""
    kind: type[Transform] = provided("transforms", name).provided
    return kind


def provided(kind: str, name: str) -> Entry:
    """What is registered as `kind`: transforms, steps, kernels, sources, sinks or presets; PluginError if none."""
    registry = _ready()
    found = registry.entry(kind, name)
    if found is None:
        raise PluginError(registry.missing(kind, name))
    return found


def names(kind: str = "transforms") -> list[str]:
    """The names of all transforms, plugins' included; or of plugins' steps, kernels, sources, sinks or presets."""
    registry = _ready()
    registry.load_installed()
    return registry.names(kind)


def name_of(transform: type[Transform]) -> str:
    """The name under which a transform class is registered; PluginError for one that is not."""
    found = _ready().name_of(transform)
    if found is None:
        raise PluginError(
            f"{transform.__module__}.{transform.__qualname__} is not registered; "
            "register it in a plugin's register_transforms"
        )
    return found


def plugins() -> list[Plugin]:
    """Who provides what, the library itself first, those that were left out included."""
    registry = _ready()
    registry.load_installed()
    return list(registry.plugins.values())


def entries_of(plugin: str, kind: str = "transforms") -> list[Entry]:
    """What one plugin registered, with its examples; PluginError for one that is not installed or was left out."""
    registry, known = _ready(), installed(plugin)
    if known is None or known.error:
        why = f"was left out: {known.error}" if known else "is not installed"
        raise PluginError(f"plugin {plugin!r} {why}")
    return [entry for name in getattr(known, kind) if (entry := registry.entry(kind, name)) is not None]


def requirement(name: str) -> Plugin | None:
    """The plugin behind a registered full name; None for the library's own."""
    plugin, dot, _ = name.partition(".")
    return _ready().plugins.get(plugin) if dot else None


def installed(plugin: str) -> Plugin | None:
    """The plugin of that name, loaded, perhaps with an `error`; None where there is none."""
    registry = _ready()
    registry.load_installed(plugin)
    return registry.plugins.get(plugin)
