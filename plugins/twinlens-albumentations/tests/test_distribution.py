"""The distribution that owns the module: another name, licence or version is refused before anything is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from twinlens_albumentations.distribution import check

from twinlens.errors import PluginError


def install(folder: Path, name: str, version: str, licence: str, *, record: bool = True) -> None:
    """A distribution as installers leave it, whose module must not be imported."""
    (folder / "albumentations").mkdir(parents=True, exist_ok=True)
    (folder / "albumentations" / "__init__.py").write_text("raise SystemExit('imported')\n")
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: {licence}\n")
    if record:
        (info / "RECORD").write_text("albumentations/__init__.py,,\n")


@pytest.fixture(autouse=True)
def _not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the module is imported already, it is the one that is looked at."""
    monkeypatch.delitem(sys.modules, "albumentations", raising=False)


def test_the_one_that_is_meant_passes() -> None:
    check()


@pytest.mark.parametrize(
    ("name", "version", "licence", "message"),
    [
        ("albumentationsx", "2.0.14", "AGPL-3.0", r"comes from albumentationsx 2\.0\.14 \(AGPL-3\.0\)"),
        ("AlbumentationsX", "2.0.8", "MIT License", r"another name"),
        ("albumentations", "2.1.0", "MIT License", r"albumentations 2\.1\.0 \(MIT License\) is installed; .*2\.0\.8"),
        ("albumentations", "2.0.8", "AGPL-3.0", r"albumentations 2\.0\.8 \(AGPL-3\.0\) is installed"),
    ],
)
def test_others_are_refused(
    name: str, version: str, licence: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, name, version, licence)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError, match=message):
        check()


def test_both_at_once_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "albumentations", "2.0.8", "MIT License")
    install(tmp_path, "albumentationsx", "2.0.14", "AGPL-3.0")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError, match="comes from albumentationsx"):
        check()


def test_a_neighbour_whose_module_ends_alike_is_not_the_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "albumentations", "2.0.8", "MIT License")
    install(tmp_path, "twinlens-albumentations", "0.1.0", "Apache-2.0", record=False)
    info = tmp_path / "twinlens-albumentations-0.1.0.dist-info"
    (info / "RECORD").write_text("twinlens_albumentations/__init__.py,sha256=x,9\n")
    monkeypatch.syspath_prepend(tmp_path)
    check()


def test_a_module_without_a_distribution_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "something", "1.0", "MIT", record=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError, match="no installed distribution owns"):
        check()


def test_the_library_works_without_the_plugin(tmp_path: Path) -> None:
    install(tmp_path, "albumentationsx", "2.0.14", "AGPL-3.0")
    code = (
        "import sys, warnings; sys.path.insert(0, sys.argv[1]); warnings.simplefilter('ignore')\n"
        "import twinlens\n"
        "plugin, = (p for p in twinlens.plugins() if p.name == 'albumentations')\n"
        "assert 'albumentationsx 2.0.14 (AGPL-3.0)' in plugin.error, plugin.error\n"
        "assert 'Resize' in twinlens.names() and 'albumentations' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
