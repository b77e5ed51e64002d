"""Image files made by code: good ones in folders, and the broken ones that a folder of real photos holds."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

from PIL import Image

from images import picture


def encoded(kind: str, h: int = 24, w: int = 32, mode: str = "RGB", seed: int = 0, **options: Any) -> bytes:
    """A picture as a file of format `kind`, a gradient that JPEG keeps well."""
    image = Image.fromarray(picture(h, w, 3, kind="gradient" if seed % 2 else "noise", seed=seed)).convert(mode)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_with_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def jpeg_with_header(width: int, height: int) -> bytes:
    """A JPEG whose frame header claims a size."""
    data = bytearray(encoded("JPEG"))
    at = data.index(b"\xff\xc0")  # SOF0: length, precision, height, width
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_with_header(width: int, height: int) -> bytes:
    """An extended WebP whose canvas claims a size."""
    canvas = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", len(canvas)) + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


def write_folder(root: Path, count: int = 12, size: tuple[int, int] = (24, 32)) -> list[str]:
    """`count` good pictures of all formats in nested folders, some names not ASCII; their sorted relative paths."""
    suffixes = {"jpg": "JPEG", "PNG": "PNG", "webp": "WEBP", "bmp": "BMP", "tiff": "TIFF", "jpeg": "JPEG"}
    folders = ("", "cats", "cats/日本", "dogs/Äpfel und Öl")
    paths = []
    for i in range(count):
        suffix = list(suffixes)[i % len(suffixes)]
        name = f"{i:03d} é.{suffix}" if i % 3 == 0 else f"{i:03d}.{suffix}"
        path = Path(folders[i % len(folders)], name)
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(encoded(suffixes[suffix], size[0] + i % 5, size[1] + i % 7, seed=i))
        paths.append(path.as_posix())
    return sorted(paths)


def write_broken(root: Path) -> dict[str, str]:
    """Files that cannot be decoded in a folder `broken`, and a word of the reason for each."""
    jpeg, png = encoded("JPEG", 64, 64), encoded("PNG", 64, 64)
    files = {
        "empty.jpg": (b"", "empty"),
        "header.jpg": (jpeg[:40], "JPEG"),
        "huge.jpg": (jpeg_with_header(60000, 60000), "60000x60000"),
        "huge.png": (png_with_header(60000, 60000), "60000x60000"),
        "text.png": (b"<html>not found</html>", "not a JPEG"),
        "truncated.jpg": (jpeg[: len(jpeg) // 2], "Premature end"),
        "truncated.png": (png[: len(png) // 2], "PNG"),
    }
    (root / "broken").mkdir(parents=True, exist_ok=True)
    for name, (data, _) in files.items():
        (root / "broken" / name).write_bytes(data)
    return {f"broken/{name}": word for name, (_, word) in files.items()}
