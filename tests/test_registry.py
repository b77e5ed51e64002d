"""Names, plugins and what happens when one is broken: it is left out with its reason, and nothing else is."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import twinlens
from twinlens import registry
from twinlens import transforms as T
from twinlens.errors import ArgumentError, PluginError
from twinlens.hookspecs import hookimpl
from twinlens.registry import Plugin, Registry


class Module:
    """A plugin's module."""

    def __init__(self, register: Any) -> None:
        self._register = register

    @hookimpl
    def twinlens_register(self, registry: Registry) -> None:
        self._register(registry)


class Bleed(T.Pad):
    """A transform of a plugin."""


class Blot(T.Pad):
    """Another one."""


def loaded(*plugins: tuple[str, Any]) -> Registry:
    made = Registry()
    for name, register in plugins:
        made.load(Plugin(name, f"twinlens-{name}", "1.0"), Module(register))
    return made


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
    made = loaded(("ink", lambda r: (r.add(Bleed), r.add(Blot, "Spot"))), ("oil", lambda r: r.add(Bleed)))
    assert made.names() == ["ink.Bleed", "ink.Spot", "oil.Bleed"]
    assert made.type_of("ink.Spot") is Blot
    assert made.name_of(Blot) == "ink.Spot"
    assert made.plugins["ink"].transforms == ["ink.Bleed", "ink.Spot"]


def fails(registry: Registry) -> None:
    registry.add(Bleed)
    raise RuntimeError("boom")


def exits(registry: Registry) -> None:
    del registry
    sys.exit(3)


@pytest.mark.parametrize(
    ("register", "error"),
    [
        (fails, "RuntimeError: boom"),
        (lambda r: (r.add(Bleed), r.add(Blot, "Bleed")), "PluginError: the name 'ink.Bleed' is taken by .*Bleed"),
        (lambda r: r.add(int), "ArgumentError: registry.add: got <class 'int'>, wants a subclass"),
        (lambda r: r.add(T.Pad(1)), "ArgumentError: registry.add: got Pad"),
        (lambda r: r.add(Bleed, "a.b"), "ArgumentError: registry.add: name='a.b'"),
        (lambda r: r.nothing(), "AttributeError"),
        (exits, "SystemExit: 3"),
    ],
)
def test_a_plugin_whose_hook_fails_is_left_out(register: Any, error: str) -> None:
    made = loaded(("ink", register), ("oil", lambda r: r.add(Blot)))
    assert made.names() == ["oil.Blot"]
    assert made.name_of(Bleed) is None
    assert made.plugins["ink"].transforms == []
    assert loaded(("oil", lambda r: r.add(Bleed)), ("ink", register)).name_of(Bleed) == "oil.Bleed"
    with pytest.raises(AssertionError, match=error):
        raise AssertionError(made.plugins["ink"].error)


def test_a_plugin_name_is_taken_once() -> None:
    made = loaded(("ink", lambda r: r.add(Bleed)), ("ink", lambda r: r.add(Blot)))
    assert made.names() == ["ink.Bleed"]
    second = made.plugins["ink (twinlens-ink)"]
    assert second.error == "the plugin name 'ink' is taken by package twinlens-ink 1.0"


def test_an_unknown_hook_is_reported() -> None:
    class Wrong:
        @hookimpl
        def twinlens_registers(self, registry: Registry) -> None:
            """Misspelt."""

    made = Registry()
    made.load(Plugin("ink", "ink", "1"), Wrong())
    assert "twinlens_registers" in str(made.plugins["ink"].error)


def test_a_module_without_the_hook_is_reported() -> None:
    made = Registry()
    made.load(Plugin("ink", "ink", "1"), object())
    assert "twinlens_register" in str(made.plugins["ink"].error)


def test_add_outside_the_hook() -> None:
    with pytest.raises(PluginError, match="call it inside twinlens_register"):
        Registry().add(Bleed)
    with pytest.raises(ArgumentError, match="wants a subclass"):
        Registry().add(3)  # type: ignore[arg-type]


# Installed plugins, in processes of their own

GOOD = """
    from twinlens import transforms as T
    from twinlens.hookspecs import hookimpl

    class Bleed(T.Transform):
        def __init__(self, *, name=None):
            super().__init__(name=name)

        def lower(self, params, spec):
            return T.Pad(1).lower(params, spec)

    @hookimpl
    def twinlens_register(registry):
        registry.add(Bleed)
"""


def install(where: Path, entry: str, body: str, package: str | None = None) -> None:
    """A distribution as pip leaves it: a module and its metadata."""
    package = package or f"twinlens-{entry}"
    module = f"plugin_{package.replace('-', '_')}"
    (where / f"{module}.py").write_text(textwrap.dedent(body))
    info = where / f"{package.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[twinlens]\n{entry} = {module}\n")


def run(where: Path, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    python = Path(twinlens.__file__).parents[1]
    path = os.pathsep.join([str(where), str(python)])
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": path, **environment}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_an_installed_plugin(tmp_path: Path) -> None:
    install(tmp_path, "ink", GOOD)
    done = run(tmp_path, """
        import numpy as np, pickle, twinlens
        kind = twinlens.get("ink.Bleed")
        assert "ink.Bleed" in twinlens.names()
        pipe = twinlens.transforms.Compose([kind()])
        assert pipe(np.zeros((4, 5, 3), np.uint8)).shape == (6, 7, 3)
        assert twinlens.from_dict(twinlens.to_dict(pipe)) == pipe
        print([(p.name, p.package, p.version, p.transforms, p.error)
               for p in twinlens.plugins() if p.name == 'ink'])
    """)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[('ink', 'twinlens-ink', '1.2', ['ink.Bleed'], None)]"
    assert "Warning" not in done.stderr


def test_broken_plugins_do_not_break_the_rest(tmp_path: Path) -> None:
    install(tmp_path, "alpha", "raise RuntimeError('cannot start')")
    install(tmp_path, "beta", "import module_that_is_not_installed")
    install(tmp_path, "gamma", "def twinlens_register(")
    install(tmp_path, "delta", GOOD.replace("registry.add(Bleed)", "1 / 0"))
    install(tmp_path, "omega", "raise SystemExit(4)")
    install(tmp_path, "ink", GOOD)
    install(tmp_path, "ink", GOOD, "other-ink")
    done = run(tmp_path, """
        import warnings
        with warnings.catch_warnings(record=True) as early:
            warnings.simplefilter("always")
            import twinlens
        assert not [w for w in early if "plugin" in str(w.message)]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            twinlens.get("Resize")
        for w in caught:
            print(w.message)
        assert twinlens.get("ink.Bleed")
        try:
            twinlens.get("beta.Anything")
        except twinlens.errors.PluginError as error:
            print(error)
    """)  # fmt: skip
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert "twinlens plugin 'alpha' (twinlens-alpha) was left out: RuntimeError: cannot start" in out
    assert "plugin 'beta' (twinlens-beta) was left out: ModuleNotFoundError" in out
    assert "plugin 'gamma' (twinlens-gamma) was left out: SyntaxError" in out
    assert "plugin 'delta' (twinlens-delta) was left out: ZeroDivisionError" in out
    assert "plugin 'omega' (twinlens-omega) was left out: SystemExit" in out
    assert "was left out: the plugin name 'ink' is taken by package" in out
    assert "no transform 'beta.Anything'; plugin 'beta' is installed, it was left out: ModuleNotFoundError" in out


def test_plugins_can_be_switched_off(tmp_path: Path) -> None:
    install(tmp_path, "alpha", "raise RuntimeError('cannot start')")
    done = run(
        tmp_path, "import twinlens; print([p.name for p in twinlens.plugins()])", TWINLENS_DISABLE_PLUGINS="1",
        PYTHONWARNINGS="error::UserWarning",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['twinlens']"
