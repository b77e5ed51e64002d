"""What only a checkout has: its commit, and the name of a report in `results/`."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

__all__ = ["commit", "file_stem"]


def file_stem(report: dict[str, Any]) -> str:
    """`<date>-<cpu>-<isa>`, the CPU's name without marks and clock."""
    name = re.sub(r"\(\w+\)|@\s*[\d.]+\s*GHz|\b(CPU|Processor|family|model|stepping)\b", " ", report["machine"]["cpu"])
    cpu = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"{report['date']}-{cpu}-{report['machine']['isa']}"


def commit() -> str:
    """The checkout's commit, with `+changes` where the tree differs from it."""
    root = Path(__file__).parent
    try:
        head = _git(root, "rev-parse", "--short=12", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}+changes" if changed else head


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()
