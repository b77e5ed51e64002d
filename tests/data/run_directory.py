"""What a run leaves, for comparisons."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["contents"]


def contents(out: Path) -> dict[str, bytes]:
    """The bytes of every file, but for what run.json says of time and memory."""
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    told = json.loads(found["run.json"])
    told.pop("measured", None)
    return {**found, "run.json": json.dumps(told).encode()}
