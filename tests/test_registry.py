"""Names, plugins and what happens when one is broken: it is left out with its reason, and nothing else is."""

from __future__ import annotations

import re
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twinlens
from twinlens import registry
from twinlens import transforms as T
from twinlens.errors import PluginError
from twinlens.hookspecs import Hooks, hookimpl
from twinlens.registry import Plugin, Registry
from twinlens.registry.record import KINDS
from twinlens.steps import Flip, Kernel


class Module:
    """A plugin's module."""

    def __init__(self, register: Any) -> None:
        self._register = register

    @hookimpl
    def register_transforms(self, register: Any) -> None:
        self._register(register)


class Bleed(T.Pad):
    """A transform of a plugin."""


class Blot(T.Pad):
    """Another one."""


def loaded(*plugins: tuple[str, Any]) -> Registry:
    """Plugins whose modules are given, or what their register_transforms does."""
    made = Registry()
    for name, module in plugins:
        provider = Module(module) if callable(module) else module
        made.load(Plugin(name, f"twinlens-{name}", "1.0"), lambda provider=provider: provider)
    return made


def type_of(made: Registry, name: str) -> Any:
    entry = made.entry("transforms", name)
    return entry and entry.provided


def test_builtin_names() -> None:
    assert set(twinlens.names()) >= {"Resize", "CLAHE", "Compose", "Normalize"}
    assert twinlens.names() == sorted(twinlens.names())
    for name in T.__all__:
        kind = getattr(T, name)
        if isinstance(kind, type) and issubclass(kind, T.Transform) and kind is not T.Transform:
            assert twinlens.get(name) is kind
            assert registry.name_of(kind) == name
    first = twinlens.plugins()[0]
    assert (first.name, first.version, first.error) == ("twinlens", twinlens.__version__, None)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Resise", "no transform 'Resise'; did you mean 'Resize'"),
        ("Xyzzyx", r"no transform 'Xyzzyx'; see twinlens\.names\(\)"),
        ("ink.Bleed", "no plugin 'ink' is installed; try pip install twinlens-ink"),
        ("twinlens.Resize", "plugin 'twinlens' is installed, it has"),
    ],
)
def test_unknown_names(name: str, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        twinlens.get(name)


def test_plugins_are_namespaced() -> None:
    made = loaded(("ink", lambda r: (r(Bleed), r(Blot, "Spot"))), ("oil", lambda r: r(Bleed)))
    assert made.names() == ["ink.Bleed", "ink.Spot", "oil.Bleed"]
    assert type_of(made, "ink.Spot") is Blot
    assert made.name_of(Blot) == "ink.Spot"
    assert made.plugins["ink"].transforms == ["ink.Bleed", "ink.Spot"]


def fails(register: Any) -> None:
    register(Bleed)
    raise RuntimeError("boom")


def exits(register: Any) -> None:
    del register
    sys.exit(3)


@pytest.mark.parametrize(
    ("register", "error"),
    [
        (fails, "RuntimeError: boom"),
        (
            lambda r: (r(Bleed), r(Blot, "Bleed")),
            "register_transforms: the name 'ink.Bleed' is given twice, to .*Bleed",
        ),
        (lambda r: r(int), "ArgumentError: register_transforms: got <class 'int'>, wants a subclass"),
        (lambda r: r(T.Pad(1)), "ArgumentError: register_transforms: got Pad"),
        (lambda r: r(Bleed, "a.b"), "ArgumentError: register_transforms: name='a.b'"),
        (lambda r: r(Bleed, examples=[3]), r"ArgumentError: register_transforms: examples=\(3,\) must be mappings"),
        (lambda r: r.nothing(), "AttributeError"),
        (exits, "SystemExit: 3"),
    ],
)
def test_a_plugin_whose_hook_fails_is_left_out(register: Any, error: str) -> None:
    made = loaded(("ink", register), ("oil", lambda r: r(Blot)))
    assert made.names() == ["oil.Blot"]
    assert made.name_of(Bleed) is None
    assert made.plugins["ink"].transforms == []
    assert loaded(("oil", lambda r: r(Bleed)), ("ink", register)).name_of(Bleed) == "oil.Bleed"
    assert re.search(error, str(made.plugins["ink"].error))


def test_a_plugin_name_is_taken_once() -> None:
    made = loaded(("ink", lambda r: r(Bleed)), ("ink", lambda r: r(Blot)))
    assert made.names() == ["ink.Bleed"]
    second = made.plugins["ink (twinlens-ink)"]
    assert second.error == "the plugin name 'ink' is taken by package twinlens-ink 1.0"


def test_an_unknown_hook_is_reported() -> None:
    class Wrong:
        @hookimpl
        def register_transform(self, register: Any) -> None:
            """Misspelt."""

    assert "register_transform" in str(loaded(("ink", Wrong())).plugins["ink"].error)


def test_a_module_without_a_hook_is_reported() -> None:
    error = str(loaded(("ink", object())).plugins["ink"].error)
    assert "no function marked with @hookimpl; the hooks are register_transforms, register_steps" in error


class Everything:
    """A plugin that implements every hook."""

    TWINLENS_API = "1.0"

    @hookimpl
    def register_transforms(self, register: Any) -> None:
        register(Bleed, examples=[{"padding": 1}])

    @hookimpl
    def register_steps(self, register: Any) -> None:
        register(Flip, Flip(np.array([True]), np.array([False])), name="Turn")

    @hookimpl
    def register_kernels(self, register: Any) -> None:
        register(KERNEL, "bleed")

    @hookimpl
    def register_sources(self, register: Any) -> None:
        register(open, "files")

    @hookimpl
    def register_sinks(self, register: Any) -> None:
        register(print, "paper")

    @hookimpl
    def register_presets(self, register: Any) -> None:
        register(lambda train: T.Compose([T.Pad(1 + train)]), "border")


KERNEL = Kernel(lambda: None)


def test_every_hook() -> None:
    made = loaded(("ink", Everything()))
    plugin = made.plugins["ink"]
    assert plugin.error is None
    names = {kind: getattr(plugin, kind) for kind in KINDS}
    assert names == {
        "transforms": ["ink.Bleed"],
        "steps": ["ink.Turn"],
        "kernels": ["ink.bleed"],
        "sources": ["ink.files"],
        "sinks": ["ink.paper"],
        "presets": ["ink.border"],
    }
    for kind, (name,) in names.items():
        assert made.names(kind) == [name]
    examples = {kind: made.entry(kind, name).examples for kind, (name,) in names.items()}  # type: ignore[union-attr]
    assert examples["transforms"] == ({"padding": 1},)
    assert isinstance(examples["steps"][0], Flip)
    assert made.entry("kernels", "ink.bleed").provided is KERNEL  # type: ignore[union-attr]
    assert set(names) == {name.removeprefix("register_") for name in vars(Hooks) if name.startswith("register_")}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_registered_must_be_of_its_kind(kind: str) -> None:
    class Wrong:
        pass

    def register(_: Any, register: Any) -> None:
        register(3) if kind in ("transforms", "steps") else register(3, "three")

    register.__name__ = f"register_{kind}"
    setattr(Wrong, register.__name__, hookimpl(register))
    error = str(loaded(("ink", Wrong())).plugins["ink"].error)
    assert error.startswith(f"ArgumentError: register_{kind}: got 3, wants a ")


def test_every_hook_is_documented_with_arguments_and_example() -> None:
    text = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text()
    hooks = [f"register_{kind}" for kind in KINDS]
    for hook in hooks:
        section = text.split(f"### `{hook}(register)`")
        assert len(section) == 2, f"docs/plugins.md has no section of {hook}"
        body = section[1].split("\n### ")[0]
        assert "Arguments:" in body
        assert "```python" in body
        assert f"def {hook}(register)" in body
        assert (getattr(Hooks, hook).__doc__ or "").count("`register(") == 1


@pytest.mark.parametrize(
    ("version", "error"),
    [
        ("1.0", "None"),
        ("2.0", "it is written for version 2.0 of the plugin hooks, this twinlens has 1.0: install a newer twinlens"),
        ("0.9", "for version 0.9 of the plugin hooks, this twinlens has 1.0: install a newer version of the plugin"),
        ("1.7", "it wants version 1.7 of the plugin hooks, this twinlens has 1.0: install a newer twinlens"),
        ("one", "its TWINLENS_API='one' must be a version such as '1.0'"),
        (1.0, "its TWINLENS_API=1.0 must be a version such as '1.0'"),
    ],
)
def test_versions_of_the_hooks(version: Any, error: str) -> None:
    module = Everything()
    module.TWINLENS_API = version
    plugin = loaded(("ink", module)).plugins["ink"]
    assert error in str(plugin.error)
    assert plugin.transforms == ([] if plugin.error else ["ink.Bleed"])


def test_a_plugin_that_hangs_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = threading.Event()
    made = Registry()
    with monkeypatch.context() as limited:
        limited.setenv("TWINLENS_PLUGIN_TIMEOUT", "0.2")
        made.load(Plugin("ink", "twinlens-ink", "1"), lambda: ends.wait(60) and Everything())
    made.load(Plugin("oil", "twinlens-oil", "1"), lambda: Module(lambda r: r(Blot)))
    ends.set()
    error = "it did not load within 0.2 s; TWINLENS_PLUGIN_TIMEOUT sets another limit"
    assert (made.plugins["ink"].error, made.plugins["oil"].error) == (error, None)
    assert made.names() == ["oil.Blot"]


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan"])
def test_the_limit_is_a_positive_number(monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    monkeypatch.setenv("TWINLENS_PLUGIN_TIMEOUT", seconds)
    with pytest.raises(PluginError, match=f"TWINLENS_PLUGIN_TIMEOUT='{seconds}' must be a positive number of seconds"):
        loaded(("ink", Everything()))


def test_tracing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    loaded(("ink", Everything()))
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("TWINLENS_TRACE_PLUGINS", "1")
    loaded(("ink", Everything()), ("oil", fails))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "twinlens plugin ink (twinlens-ink 1.0): loading"
    assert "twinlens plugin ink (twinlens-ink 1.0): register_kernels: ink.bleed" in lines
    assert re.fullmatch(r"twinlens plugin ink \(twinlens-ink 1.0\): loaded in \d+\.\d{3} s", lines[7])
    assert re.fullmatch(
        r"twinlens plugin oil \(twinlens-oil 1.0\): left out after \d+\.\d{3} s: RuntimeError: boom", lines[9]
    )
