"""What ran where: CPU, versions."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

import twinlens

__all__ = ["cores", "describe"]

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
    "nvidia-dali-cuda120",
)


def describe() -> dict[str, Any]:
    """Machine and versions, as plain values."""
    return {
        "cpu": _cpu_model(),
        "cores": cores(),
        "isa": twinlens.isa(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "versions": {name: version for name in _DISTRIBUTIONS if (version := _version(name))},
    }


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
