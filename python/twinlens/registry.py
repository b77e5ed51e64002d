"""Names of transforms and who provides them.

Plugins are Python packages with an entry point in the group `twinlens`, whose module implements `twinlens_register`.
They are loaded when a name is first looked up, not at import; one that fails is reported and left out.
"""

from __future__ import annotations

import importlib.metadata
import os
import threading
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pluggy

from twinlens.errors import ArgumentError, PluginError
from twinlens.hookspecs import PROJECT, Hooks

if TYPE_CHECKING:
    from twinlens.transforms.base import Transform

__all__ = ["Plugin", "Registry", "get", "name_of", "names", "plugins"]

BUILTIN = "twinlens"


@dataclass(slots=True)
class Plugin:
    """One provider of transforms. `error` says why it was left out."""

    name: str
    package: str
    version: str
    transforms: list[str] = field(default_factory=list)
    error: str | None = None


class Registry:
    """What `twinlens_register` is called with: `add` the plugin's transforms."""

    def __init__(self) -> None:
        self._types: dict[str, type[Transform]] = {}
        self._names: dict[type[Transform], str] = {}
        self._adding: Plugin | None = None
        self.plugins: dict[str, Plugin] = {}

    def add(self, transform: type[Transform], name: str | None = None) -> type[Transform]:
        """Registers a transform under its class name or `name`, behind the plugin's own name and a dot.

        Raises ArgumentError for what is no Transform subclass and PluginError for a name that is taken.
        """
        from twinlens.transforms.base import Transform

        if not isinstance(transform, type) or not issubclass(transform, Transform):
            raise ArgumentError(f"registry.add: got {transform!r}, wants a subclass of twinlens.transforms.Transform")
        plugin = self._adding
        if plugin is None:
            raise PluginError("registry.add: call it inside twinlens_register")
        short = transform.__name__ if name is None else name
        if not isinstance(short, str) or not short.isidentifier():
            raise ArgumentError(f"registry.add: name={short!r} must be a Python identifier")
        full = short if plugin.name == BUILTIN else f"{plugin.name}.{short}"
        taken = self._types.get(full)
        if taken is not None:
            raise PluginError(f"the name {full!r} is taken by {taken.__module__}.{taken.__qualname__}")
        self._types[full] = transform
        self._names.setdefault(transform, full)
        plugin.transforms.append(full)
        return transform

    def load(self, plugin: Plugin, module: object) -> None:
        """Calls one plugin's hook; a failure takes back what it added and is kept as `plugin.error`."""
        if plugin.name in self.plugins:
            other = self.plugins[plugin.name]
            plugin.error = f"the plugin name {plugin.name!r} is taken by package {other.package} {other.version}"
            self.plugins[f"{plugin.name} ({plugin.package})"] = plugin
            return
        self.plugins[plugin.name] = plugin
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(Hooks)
        self._adding = plugin
        try:
            manager.register(module, plugin.name)
            manager.check_pending()
            if not manager.get_hookcallers(module):
                raise PluginError("its module has no function twinlens_register marked with @hookimpl")
            manager.hook.twinlens_register(registry=self)
        except (Exception, SystemExit) as error:  # whatever a plugin raises must not break the rest
            for added in plugin.transforms:
                transform = self._types.pop(added)
                if self._names.get(transform) == added:
                    del self._names[transform]
            plugin.transforms.clear()
            plugin.error = f"{type(error).__name__}: {error}"
        finally:
            self._adding = None

    def type_of(self, name: str) -> type[Transform] | None:
        """The transform under a full name."""
        return self._types.get(name)

    def name_of(self, transform: type[Transform]) -> str | None:
        """The full name of a transform."""
        return self._names.get(transform)

    def names(self) -> list[str]:
        """All full names, sorted."""
        return sorted(self._types)


_registry: Registry | None = None
_lock = threading.RLock()


def _loaded() -> Registry:
    """The registry, with the built-ins and every installed plugin."""
    global _registry
    with _lock:
        if _registry is None:
            made = Registry()
            _load_builtins(made)
            if not os.environ.get("TWINLENS_DISABLE_PLUGINS"):
                for entry in sorted(importlib.metadata.entry_points(group=PROJECT), key=lambda e: e.name):
                    _load_entry_point(made, entry)
            _registry = made
        return _registry


def _load_builtins(registry: Registry) -> None:
    from twinlens import __version__, transforms

    registry.load(Plugin(BUILTIN, BUILTIN, __version__), transforms)
    broken = registry.plugins[BUILTIN].error
    if broken:
        raise PluginError(f"the built-in transforms did not register: {broken}")


def _load_entry_point(registry: Registry, entry: importlib.metadata.EntryPoint) -> None:
    distribution = entry.dist
    plugin = Plugin(
        entry.name, distribution.name if distribution else "?", distribution.version if distribution else "?"
    )
    try:
        module = entry.load()
    except (Exception, SystemExit) as error:  # a plugin may raise anything at import
        plugin.error = f"{type(error).__name__}: {error}"
        registry.plugins.setdefault(entry.name, plugin)
    else:
        registry.load(plugin, module)
    if plugin.error:
        warnings.warn(f"twinlens plugin {plugin.name!r} ({plugin.package}) was left out: {plugin.error}", stacklevel=2)


def get(name: str) -> type[Transform]:
    """The transform class under a name, `get("Resize")` or `get("document.InkBleed")`; PluginError if there is none."""
    registry = _loaded()
    found = registry.type_of(name)
    if found is not None:
        return found
    plugin, dot, _ = name.partition(".")
    if dot and plugin in registry.plugins:
        error = registry.plugins[plugin].error
        has = (
            f"it was left out: {error}"
            if error
            else f"it has {', '.join(registry.plugins[plugin].transforms) or 'none'}"
        )
        raise PluginError(f"no transform {name!r}; plugin {plugin!r} is installed, {has}")
    if dot:
        raise PluginError(
            f"no transform {name!r}: no plugin {plugin!r} is installed; try pip install twinlens-{plugin}"
        )
    from difflib import get_close_matches

    close = get_close_matches(name, registry.names(), 1)
    raise PluginError(
        f"no transform {name!r}" + (f"; did you mean {close[0]!r}?" if close else "; see twinlens.names()")
    )


def names() -> list[str]:
    """The names of all transforms, plugins' included."""
    return _loaded().names()


def name_of(transform: type[Transform]) -> str:
    """The name under which a transform class is registered; PluginError for one that is not."""
    found = _loaded().name_of(transform)
    if found is None:
        raise PluginError(
            f"{transform.__module__}.{transform.__qualname__} is not registered; "
            "register it in a plugin's twinlens_register"
        )
    return found


def plugins() -> list[Plugin]:
    """Who provides transforms, the library itself first."""
    return list(_loaded().plugins.values())
