"""`twinlens plugins new`."""

from __future__ import annotations

import keyword
import os
import re
import shutil
from pathlib import Path

from twinlens import __version__
from twinlens.errors import ArgumentError
from twinlens.hookspecs import API_VERSION
from twinlens.registry.record import BUILTIN

__all__ = ["scaffold"]

_TEMPLATE = Path(__file__).parent / "template"
#: where each file of the template goes; NAME is the plugin's
_PLACES = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "gitignore.txt": ".gitignore",
    "init.py.txt": "twinlens_NAME/__init__.py",
    "fade.py.txt": "twinlens_NAME/fade.py",
    "py.typed.txt": "twinlens_NAME/py.typed",
    "tests/test_fade.py.txt": "tests/test_fade.py",
    "github/test.yml.txt": ".github/workflows/test.yml",
}


def scaffold(name: str, out: Path) -> Path:
    """Makes `out`/twinlens-NAME, all or nothing, and returns it. ArgumentError for a name that will not do, or a folder
    that is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name) or name == BUILTIN:
        raise ArgumentError(f"new: name={name!r} must be one lower-case word, a Python identifier, such as ink")
    folder = out / f"twinlens-{name.replace('_', '-')}"
    if folder.exists():
        raise ArgumentError(f"{folder}: there is something of that name already")
    if not out.is_dir():
        raise ArgumentError(f"{out}: not a folder")
    partial = out / f".{folder.name}.{os.getpid()}.tmp"
    words = {"@NAME@": name, "@PACKAGE@": folder.name, "@API@": API_VERSION, "@TWINLENS@": __version__}
    try:
        for source, place in _PLACES.items():
            text = (_TEMPLATE / source).read_text(encoding="utf-8")
            for word, value in words.items():
                text = text.replace(word, value)
            file = partial / place.replace("NAME", name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder
