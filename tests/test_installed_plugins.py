"""Plugins as pip leaves them, in processes of their own: loaded when asked for, left out when broken or off."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import twinlens

GOOD = """
    from twinlens import transforms as T
    from twinlens.hookspecs import hookimpl

    class Bleed(T.Transform):
        def __init__(self, *, name=None):
            super().__init__(name=name)

        def lower(self, params, spec):
            return T.Pad(1).lower(params, spec)

    @hookimpl
    def register_transforms(register):
        register(Bleed)
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
    install(tmp_path, "gamma", "def register_transforms(")
    install(tmp_path, "delta", GOOD.replace("register(Bleed)", "1 / 0"))
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
            assert not caught  # only who asks for a plugin, or for all, loads it
            twinlens.names()
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


def test_one_plugin_can_be_switched_off(tmp_path: Path) -> None:
    install(tmp_path, "ink", GOOD)
    install(tmp_path, "oil", GOOD)
    done = run(tmp_path, """
        import twinlens
        print([n for n in twinlens.names() if n.startswith(("ink.", "oil."))])
        try:
            twinlens.get("oil.Bleed")
        except twinlens.errors.PluginError as error:
            print(error)
    """, TWINLENS_DISABLE_PLUGINS="oil, alpha")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "['ink.Bleed']", "no transform 'oil.Bleed': TWINLENS_DISABLE_PLUGINS switches plugin 'oil' off"
    ]  # fmt: skip


def test_only_the_plugin_that_is_asked_for_is_loaded(tmp_path: Path) -> None:
    install(tmp_path, "ink", GOOD)
    install(tmp_path, "alpha", "raise RuntimeError('cannot start')")
    done = run(tmp_path, """
        import sys, twinlens
        twinlens.get("Resize")
        assert "plugin_twinlens_ink" not in sys.modules
        twinlens.get("ink.Bleed")
        assert "plugin_twinlens_ink" in sys.modules
    """, PYTHONWARNINGS="error::UserWarning")  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_plugin_may_look_up_names_while_it_is_imported(tmp_path: Path) -> None:
    lookup = "\n    import twinlens\n    twinlens.get('Resize'), twinlens.names(), twinlens.get('oil.Bleed')\n" + GOOD
    install(tmp_path, "ink", lookup)
    install(tmp_path, "oil", GOOD)
    for code in ("twinlens.get('ink.Bleed')", "import plugin_twinlens_ink; twinlens.get('ink.Bleed')"):
        done = run(tmp_path, f"import twinlens; {code}", TWINLENS_PLUGIN_TIMEOUT="20")
        assert done.returncode == 0, done.stderr


def test_a_plugin_that_hangs_in_its_import(tmp_path: Path) -> None:
    install(tmp_path, "ink", "import time; time.sleep(600)")
    install(tmp_path, "oil", GOOD)
    done = run(tmp_path, """
        import twinlens
        print({p.name: p.error for p in twinlens.plugins()})
        assert twinlens.get("oil.Bleed")
    """, TWINLENS_PLUGIN_TIMEOUT="20")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "'ink': 'it did not load within 20 s; TWINLENS_PLUGIN_TIMEOUT sets another limit'" in done.stdout
    assert "'oil': None" in done.stdout
