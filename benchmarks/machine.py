"""What ran where: CPU, versions, commit."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

import twinlens

__all__ = ["describe", "file_stem"]

_DISTRIBUTIONS = (
    "twinlens",
    "numpy",
    "pillow",
    "torch",
    "torchvision",
    "opencv-python",
    "opencv-python-headless",
    "albumentations",
    "kornia",
    "kornia-rs",
)


def describe() -> dict[str, Any]:
    """Machine, versions and commit, as plain values."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "isa": twinlens.isa(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "commit": _commit(),
        "versions": {name: version for name in _DISTRIBUTIONS if (version := _version(name))},
    }


def file_stem(report: dict[str, Any]) -> str:
    """`<date>-<cpu>-<isa>`, the CPU's name without marks and clock."""
    name = re.sub(r"\(\w+\)|@\s*[\d.]+\s*GHz|\b(CPU|Processor|family|model|stepping)\b", " ", report["machine"]["cpu"])
    cpu = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"{report['date']}-{cpu}-{report['machine']['isa']}"


def _cpu_model() -> str:
    """The model's name; x86 names that hide the generation get family and model numbers."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = fields.get("model name") or platform.processor() or platform.machine()
    if "model" not in fields:
        return name
    return f"{name}, family {fields['cpu family']} model {fields['model']} stepping {fields['stepping']}"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return twinlens.__version__ if name == "twinlens" else None


def _commit() -> str:
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
