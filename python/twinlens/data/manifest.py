"""OUT/run.json: what a run is, so that it can be resumed, and repeated."""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinlens.data import durable
from twinlens.errors import ArgumentError
from twinlens.pipeline.files import to_dict

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["MANIFEST", "Manifest", "describe"]

MANIFEST = "run.json"

#: what must be the same for a run to go on, with the words for it
_FIXED = {
    "pipeline_sha256": "the pipeline",
    "semantics": "the version of the pixel contract",
    "seed": "--seed",
    "format": "--format",
    "color": "--color",
    "max_pixels": "--max-pixels",
    "listing_sha256": "the list of files in SRC",
    "sink": "--sink",
    "copies": "--copies",
    "name": "--name",
    "plugins": "the plugins that the pipeline needs",
}


@dataclass(frozen=True)
class Manifest:
    """What decides the pixels, what was read, and how far the run is. versions: of what takes part; measured: what the
    last run took, which no result depends on. form: shape, dtype and layout of all results, where the format wants one.
    """

    status: str
    twinlens: str
    semantics: int
    pipeline: list[Any]
    pipeline_sha256: str
    seed: int
    format: str
    color: str
    max_pixels: int
    source: str
    listing_sha256: str
    files: int
    sink: str = "parquet"
    copies: int = 1
    name: str = "{path}"
    form: dict[str, Any] | None = None
    plugins: dict[str, dict[str, str]] = field(default_factory=dict)
    written: int = 0
    failed: int = 0
    shards: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    measured: dict[str, Any] = field(default_factory=dict)

    def save(self, out: Path) -> None:
        """Writes it, all or nothing."""
        with durable.write(out / MANIFEST) as partial:
            told = {**asdict(self), "versions": _versions()}
            partial.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, out: Path) -> Manifest | None:
        """What an earlier run left, or None."""
        path = out / MANIFEST
        if not path.exists():
            return None
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{known.name: data[known.name] for known in fields(cls)})
        except (ValueError, KeyError, TypeError) as error:
            raise ArgumentError(f"{path}: not the manifest of a run ({type(error).__name__}: {error})") from None

    def check_same_run(self, earlier: Manifest) -> None:
        """ArgumentError where the results of two runs would not fit together."""
        for name, words in _FIXED.items():
            before, now = getattr(earlier, name), getattr(self, name)
            if before != now:
                raise ArgumentError(
                    f"resume: {words} differs from the earlier run: {_short(before)}, now {_short(now)}"
                )

    def metadata(self) -> dict[str, str]:
        """What every shard carries in its schema."""
        return {
            "twinlens.pipeline": json.dumps({"semantics": self.semantics, "pipeline": self.pipeline}),
            "twinlens.pipeline_sha256": self.pipeline_sha256,
            "twinlens.semantics": str(self.semantics),
            "twinlens.version": self.twinlens,
            "twinlens.seed": str(self.seed),
            "twinlens.color": self.color,
            "twinlens.format": self.format,
        }


def describe(pipe: Transform) -> dict[str, Any]:
    """The manifest's fields about a pipeline. The hash is of its canonical JSON, without the library's version."""
    data = to_dict(pipe)
    text = json.dumps([data["semantics"], data["pipeline"]], sort_keys=True, separators=(",", ":"))
    return {**data, "pipeline_sha256": hashlib.sha256(text.encode()).hexdigest()}


@cache
def _versions() -> dict[str, str]:
    """Of Python, and of the libraries that decode, transform and encode."""
    names = ("numpy", "torch", "kornia", "opencv-python", "opencv-python-headless", "pillow", "simplejpeg", "pyarrow")
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _short(value: object) -> str:
    text = str(value)
    return text[:12] if len(text) == 64 else text
