"""The plugins that a saved pipeline needs, against those that are installed."""

from __future__ import annotations

import re
from typing import Any

from twinlens import registry
from twinlens.errors import PipelineFileError

__all__ = ["check_plugins", "normalized"]


def check_plugins(needed: Any) -> None:
    """PipelineFileError where a plugin is missing, of another package, or older than the one that saved the pipeline.

    needed: `{"squares": {"package": "twinlens-squares", "version": "0.1.0"}}`.
    """
    if not isinstance(needed, dict):
        raise PipelineFileError(f"got {needed!r}, wants a mapping of plugins to their package and version")
    for name, about in needed.items():
        if not isinstance(about, dict) or set(about) != {"package", "version"}:
            raise PipelineFileError(f"{name}: got {about!r}, wants a package and a version")
        _check(str(name), str(about["package"]), str(about["version"]))


def _check(name: str, package: str, version: str) -> None:
    found = registry.installed(name)
    saved, install = f"the pipeline was saved with plugin {name!r}", f"pip install '{package}>={version}'"
    if found is None:
        raise PipelineFileError(f"{saved}, which is not installed: {install}")
    if found.error:
        raise PipelineFileError(f"{saved}, which was left out: {found.error}")
    if normalized(found.package) != normalized(package):
        raise PipelineFileError(f"{saved} of package {package}, here it is {found.package}'s: {install}")
    if _release(found.version) < _release(version):
        raise PipelineFileError(f"{saved} {version}, here is {found.version}: {install}")


def normalized(package: str) -> str:
    """Names that the package index takes for the same (PEP 503)."""
    return re.sub(r"[-_.]+", "-", package).lower()


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a version before any letter, without zeros at their end."""
    leading = re.match(r"v?(\d+(?:\.\d+)*)", version)
    numbers = [int(part) for part in leading[1].split(".")] if leading else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
