"""Archives for the tests of sources and of ingest."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

__all__ = ["encoded", "held", "pack"]


def encoded(i: int) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(i).integers(0, 256, (12 + i, 17, 3), np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def pack(path: Path, files: dict[str, bytes]) -> Path:
    """An archive by its suffix, with folders, links and two files of one name in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first = next(name for name in files if name.endswith(".png"))
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.mkdir("cats")
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    kind: Any = {".gz": "gz", ".tgz": "gz", ".bz2": "bz2", ".xz": "xz"}.get(path.suffix, "")
    with tarfile.open(path, f"w:{kind}") as tar:
        folder = tarfile.TarInfo("cats")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, first
        tar.addfile(link)
        for name, content in [(first, encoded(99)), *files.items()]:  # the last of a name counts
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def held(objects: Any, target: str) -> dict[str, bytes]:
    """What is below a prefix of the bucket."""
    objects.invalidate_cache()
    below = f"pictures/{target}/"
    return {path.removeprefix(below): objects.cat_file(path) for path in objects.find(f"pictures/{target}")}
