"""Prints the lowest versions that pyproject.toml accepts, as pins; torchvision's is the one made for that torch."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

TORCHVISION = {"2.5": "0.20", "2.6": "0.21", "2.7": "0.22", "2.8": "0.23", "2.9": "0.24"}


def pins(requirements: list[str]) -> dict[str, str]:
    """name -> version of every requirement with a floor."""
    found = (re.match(r"([\w.-]+)(?:\[[^]]*\])?>=([\w.]+)", line) for line in requirements)
    return {match[1]: match[2] for match in found if match}


project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
names = ("data", "export", "serve")
lowest = pins([*project["dependencies"], *(line for name in names for line in extras[name])])
lowest["torchvision"] = TORCHVISION[".".join(lowest["torch"].split(".")[:2])]
for name, version in sorted(lowest.items()):
    # A floor of two numbers is the first release of that series.
    sys.stdout.write(f"{name}=={version}{'' if version.count('.') > 1 else '.*'}\n")
