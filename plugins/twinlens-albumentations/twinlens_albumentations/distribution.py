"""Which distribution the module `albumentations` belongs to: another one, under another licence, installs it too.

Only metadata are read before the module is imported.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
from functools import cache
from pathlib import Path
from types import ModuleType

from twinlens.errors import PluginError

__all__ = ["albumentations", "check"]

WANTED = "2.0.8"
_INSTALL = f"pip uninstall the other one, then pip install albumentations=={WANTED}"


def check() -> None:
    """Raises PluginError unless `import albumentations` would import albumentations 2.0.8, under the MIT License."""
    spec = importlib.util.find_spec("albumentations")  # of the module itself where it was imported before
    if spec is None or spec.origin is None:
        raise PluginError(f"albumentations is not installed; try pip install albumentations=={WANTED}")
    owners = _owners(Path(spec.origin))
    names = {owner.metadata["Name"].lower() for owner in owners}
    if names - {"albumentations"}:
        others = ", ".join(
            f"{owner.metadata['Name']} {owner.version} ({_licence(owner)})"
            for owner in owners
            if owner.metadata["Name"].lower() != "albumentations"
        )
        raise PluginError(
            f"the module albumentations comes from {others}, a distribution of another name and licence, which "
            f"twinlens-albumentations does not import; {_INSTALL}"
        )
    if not owners:
        raise PluginError(
            f"no installed distribution owns the module albumentations at {spec.origin}, so its version and licence "
            f"are unknown; {_INSTALL}"
        )
    for owner in owners:
        if owner.version != WANTED or "mit" not in _licence(owner).lower().split():
            raise PluginError(
                f"albumentations {owner.version} ({_licence(owner)}) is installed; twinlens-albumentations wants "
                f"{WANTED}, MIT License: try pip install albumentations=={WANTED}"
            )


def _owners(origin: Path) -> list[importlib.metadata.Distribution]:
    """The distributions beside the module that list it among their files; else those anywhere that do."""
    beside = [d for d in importlib.metadata.distributions(path=[str(origin.parent.parent)]) if _owns(d, origin)]
    return beside or [d for d in importlib.metadata.distributions() if _owns(d, origin)]


def _owns(distribution: importlib.metadata.Distribution, origin: Path) -> bool:
    listed = distribution.read_text("RECORD") or distribution.read_text("SOURCES.txt") or ""
    files = {line.split(",")[0].strip() for line in listed.splitlines()}
    if "albumentations/__init__.py" in files and distribution.locate_file("albumentations/__init__.py") == origin:
        return True
    return "albumentations" in (distribution.read_text("top_level.txt") or "").split() and (
        Path(str(distribution.locate_file("albumentations"))) == origin.parent
    )


def _licence(distribution: importlib.metadata.Distribution) -> str:
    metadata = distribution.metadata
    for field in ("License-Expression", "License"):
        texts = metadata.get_all(field)
        if texts:
            return str(texts[0]).splitlines()[0]
    classifiers = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    return classifiers[0].rpartition(":: ")[2] if classifiers else "no licence named"


@cache
def albumentations() -> ModuleType:
    """The module, imported when it is first needed, without the request for a newer version that its import makes."""
    check()
    name = "NO_ALBUMENTATIONS_UPDATE"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        return importlib.import_module("albumentations")
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
