"""Checks what a wheel and an sdist hold: contents.py FILE..."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

WHEEL_HAS = (
    "twinlens/py.typed",
    "twinlens/_native.pyi",
    "twinlens/__init__.py",
    "twinlens/include/twinlens/kernel.h",
    "twinlens/cli/plugins/template/pyproject.toml.txt",
    "licenses/LICENSE",
)
SDIST_HAS = ("CMakeLists.txt", "csrc/bindings.cpp", "python/twinlens/_native.pyi", "LICENSE", "README.md")
NEVER = (".cpp", ".hpp", "CMakeLists.txt")


def problems(path: Path) -> list[str]:
    """What is missing, and what should not be there."""
    if path.suffix == ".whl":
        names = zipfile.ZipFile(path).namelist()
        missing = [wanted for wanted in WHEEL_HAS if not any(name.endswith(wanted) for name in names)]
        native = [name for name in names if name.startswith("twinlens/_native.") and name.endswith((".so", ".pyd"))]
        extra = [name for name in names if name.endswith(NEVER)]
        return [f"missing {m}" for m in missing] + [f"unwanted {e}" for e in extra] + ["no core"] * (len(native) != 1)
    with tarfile.open(path) as archive:
        names = archive.getnames()
    missing = [wanted for wanted in SDIST_HAS if not any(name.endswith("/" + wanted) for name in names)]
    return [f"missing {m}" for m in missing] + [f"unwanted {n}" for n in names if n.endswith((".so", ".pyc"))]


found = {path: problems(Path(path)) for path in sys.argv[1:]}
for path, wrong in found.items():
    sys.stdout.write(f"{Path(path).name}: {'; '.join(wrong) or 'complete'}\n")
sys.exit(any(found.values()) or not found)
