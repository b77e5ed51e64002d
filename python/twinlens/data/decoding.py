"""Image files to arrays: JPEG, PNG, WebP, BMP and TIFF.

The size in the header is checked before a pixel is decoded, and a file that ends too early is an error, not a picture
with a gray part. Decoding does not hold the GIL.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from twinlens import _native
from twinlens.data.checks import positive
from twinlens.engines.memory import empty_array
from twinlens.errors import ArgumentError, DecodeError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.ImageFile import ImageFile

__all__ = [
    "MAX_PIXELS",
    "SUFFIXES",
    "Mode",
    "as_array",
    "decode",
    "decode_bytes",
    "file_mode",
    "jpeg_hw",
    "read_bytes",
    "reduction",
]

Mode = Literal["rgb", "gray", "fast"]

#: twice Pillow's MAX_IMAGE_PIXELS, where Pillow's own warning becomes an error
MAX_PIXELS = 178_956_970

_JPEG = b"\xff\xd8\xff"
_BINARY = getattr(os, "O_BINARY", 0)  # of Windows
_PIECE = 1 << 20

#: below this libjpeg-turbo has several scales of one size, and simplejpeg chooses among them by size
_TINY = 16

#: what `twinlens run` takes for images, in either case
SUFFIXES = frozenset({".bmp", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


def decode(
    source: str | os.PathLike[str] | bytes,
    *,
    mode: Mode = "rgb",
    size: tuple[int, int] | None = None,
    max_pixels: int = MAX_PIXELS,
) -> NDArray[Any]:
    """The image in a file, or in its bytes, as a new array: uint8 (H, W, 3) in RGB order, or (H, W, 1) of mode "gray".

    Gray, palette and CMYK images become RGB, alpha is left out, as by Pillow's `convert("RGB")`; 16-bit gray stays
    uint16 (H, W, 1). The first frame of several. EXIF orientation is not applied, as in Pillow and torchvision.
    JPEG: the pixels of Pillow and of OpenCV (of CMYK, Pillow's). Of TIFF files Pillow's own limit,
    Image.MAX_IMAGE_PIXELS, holds too.

    mode: "gray" is the luma plane of a JPEG, as OpenCV's IMREAD_GRAYSCALE and Pillow's draft("L") give it, which is not
    quite the gray of the decoded colours: 1% of the pixels differ, by up to 19 levels. Of CMYK and of other formats it
    is Pillow's `convert("L")`. "fast" decodes a JPEG at 1/2, 1/4 or 1/8 of its size, the smallest that is at least
    `size`, (height, width): the pixels of Pillow's `draft(None, (width, height))`. Other formats stay as large as they
    are. Photos resized to 128 after it differ from the exact way by 2 levels on average, at most 85; to 40 by 4, at
    most 118.
    Raises DecodeError for what cannot be decoded, ends early, or has more than `max_pixels` pixels; ArgumentError for
    other modes, and a size without "fast".

    >>> import io, numpy as np
    >>> from PIL import Image
    >>> file = io.BytesIO()
    >>> Image.new("L", (40, 20), 7).save(file, "JPEG")
    >>> decode(file.getvalue()).shape, decode(file.getvalue(), mode="gray").shape
    ((20, 40, 3), (20, 40, 1))
    >>> decode(file.getvalue(), mode="fast", size=(8, 8)).shape
    (10, 20, 3)
    """
    positive("decode", "max_pixels", max_pixels)
    if mode not in get_args(Mode):
        raise ArgumentError(f"decode: mode={mode!r} must be 'rgb', 'gray' or 'fast'")
    if (size is not None) != (mode == "fast"):
        raise ArgumentError(
            f"decode: mode={mode!r} with size={size!r}: 'fast' wants a size (height, width), others none"
        )
    if size is not None and (len(size) != 2 or any(isinstance(n, bool) or int(n) != n or n < 1 for n in size)):
        raise ArgumentError(f"decode: size={size!r} must be (height, width), positive integers")
    data = source if isinstance(source, bytes) else read_bytes(source)
    return decode_bytes(data, mode, size, max_pixels)


def decode_bytes(data: bytes, mode: Mode, size: tuple[int, int] | None, max_pixels: int) -> NDArray[Any]:
    """`decode` of arguments that fit."""
    kind = kind_of(data)
    try:
        array = _decode_jpeg(data, mode, size, max_pixels) if kind == "JPEG" else None
        return _decode_pillow(data, kind, mode, size, max_pixels) if array is None else array
    except DecodeError:
        raise
    except MemoryError:
        raise DecodeError(f"{kind}: not enough memory to decode it") from None
    except Exception as error:  # decoders raise OSError, SyntaxError, struct.error, zlib.error and more on bad files
        raise DecodeError(f"{kind}: {str(error) or type(error).__name__}") from None


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The file, or DecodeError with its name."""
    try:
        handle = os.open(path, os.O_RDONLY | _BINARY)
        try:
            return _whole(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise DecodeError(f"{os.fspath(path)}: {error.strerror or error}") from None


def _whole(handle: int) -> bytes:
    """What a file object takes twice as many calls of the system for."""
    size = os.fstat(handle).st_size
    data = os.read(handle, size + 1)
    if len(data) == size:
        return data
    parts = [data]
    while more := os.read(handle, _PIECE):
        parts.append(more)
    return b"".join(parts)


def jpeg_hw(data: bytes) -> tuple[int, int] | None:
    """Height and width in a JPEG's header; None for other formats and what cannot be read."""
    h, w = _native.jpeg_size(data)
    return (h, w) if h and w else None


def image_hw(data: bytes) -> tuple[int, int] | None:
    """Height and width in the header of an image file; None for what cannot be read."""
    if data.startswith(_JPEG):
        return jpeg_hw(data)
    try:
        kind = kind_of(data)
        if kind == "WebP":
            return _webp_size(data)[::-1]
        with _open(data, kind) as image:
            return image.height, image.width
    except Exception:  # see decode_bytes
        return None


def file_mode(data: bytes) -> str:
    """Format and Pillow's mode, "JPEG RGB", as the header has them. DecodeError for what is no image."""
    kind = kind_of(data)
    try:
        with _open(data, kind) as image:
            return f"{kind} {image.mode}"
    except Exception as error:  # see decode_bytes
        raise DecodeError(f"{kind}: {str(error) or type(error).__name__}") from None


def as_array(image: Any) -> NDArray[Any]:
    """Of a PIL image, with the colours that `decode` would give its file; others as NumPy has them."""
    plain = getattr(image, "mode", None) in (None, "L", "RGB", "I;16", "I;16L", "I;16B")
    return np.asarray(image if plain else image.convert("RGB"))


def reduction(h: int, w: int, size: tuple[int, int] | None) -> int:
    """Pillow's rule: the largest of 1, 2, 4 and 8 by which both sides can be divided and still cover `size`."""
    if size is None:
        return 1
    most = min(h // size[0], w // size[1])
    return next(factor for factor in (8, 4, 2, 1) if factor <= max(most, 1))


def kind_of(data: bytes) -> str:
    """The format by the file's first bytes; names lie."""
    if not data:
        raise DecodeError("the file is empty")
    if data.startswith(_JPEG):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data.startswith(b"BM"):
        return "BMP"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    raise DecodeError(f"not a JPEG, PNG, WebP, BMP or TIFF image: it starts with {data[:8]!r}")


def _check_size(kind: str, width: int, height: int, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise DecodeError(f"{kind}: the header says {width}x{height}, which holds no pixels")
    if width * height > max_pixels:
        raise DecodeError(
            f"{kind}: the header says {width}x{height} = {width * height} pixels, above max_pixels={max_pixels}"
        )


def _decode_jpeg(data: bytes, mode: Mode, size: tuple[int, int] | None, max_pixels: int) -> NDArray[np.uint8] | None:
    """Colour and gray by libjpeg-turbo; None for what is left to Pillow."""
    import simplejpeg

    try:
        height, width, colors, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError as error:
        if _is_damage(str(error)):
            raise
        return None
    _check_size("JPEG", width, height, max_pixels)
    factor = reduction(height, width, size)
    if colors not in ("YCbCr", "Gray") or (factor > 1 and max(height, width) < _TINY):
        return None
    h, w = -(-height // factor), -(-width // factor)
    space, channels = ("GRAY", 1) if mode == "gray" else ("RGB", 3)
    memory = empty_array((h, w, channels), "uint8")  # pages that the system hands out anew cost a sixth of the time
    try:
        array: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            data, space, min_height=h, min_width=w, min_factor=factor, buffer=memory
        )
    except ValueError as error:
        if _is_damage(str(error)):
            raise
        return None
    return array


def _is_damage(message: str) -> bool:
    """Whether libjpeg lost pixels. Its other warnings (stray bytes between markers, odd versions) cost none."""
    lower = message.lower()
    return "premature" in lower or ("corrupt" in lower and "extraneous" not in lower)


def _decode_pillow(data: bytes, kind: str, mode: Mode, size: tuple[int, int] | None, max_pixels: int) -> NDArray[Any]:
    if kind == "WebP":  # libwebp allocates its canvas on opening: the header comes first
        _check_size(kind, *_webp_size(data), max_pixels)
    with _open(data, kind) as image:
        _check_size(kind, *image.size, max_pixels)
        if image.mode.startswith("I;16"):
            return np.array(image, dtype=np.uint16)[..., None]
        if image.mode in ("I", "F", "LAB"):
            raise DecodeError(
                f"{kind}: pixels of mode {image.mode} are not supported; convert the file to 8 or 16 bits"
            )
        if mode == "gray":
            image.draft("L", image.size)
        elif size is not None:
            image.draft(None, size[::-1])  # None: the mode that the file has
        image.load()
        wanted = "L" if mode == "gray" else "RGB"
        if image.mode == wanted:
            return np.array(image).reshape(image.height, image.width, -1)
        # A palette with several transparent entries goes through RGBA; straight to RGB Pillow warns.
        through = image.convert("RGBA") if image.mode == "P" and "transparency" in image.info else image
        return np.array(through.convert(wanted)).reshape(image.height, image.width, -1)


def _open(data: bytes, kind: str) -> ImageFile:
    """The plugin of the format itself: Image.open would try others, and has a size limit that is process-wide."""
    from PIL import BmpImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

    plugins: dict[str, type[ImageFile]] = {
        "JPEG": JpegImagePlugin.JpegImageFile,
        "PNG": PngImagePlugin.PngImageFile,
        "WebP": WebPImagePlugin.WebPImageFile,
        "BMP": BmpImagePlugin.BmpImageFile,
        "TIFF": TiffImagePlugin.TiffImageFile,
    }
    return plugins[kind](io.BytesIO(data))


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height: RFC 9649, sections 2.5 (VP8), 2.6 (VP8L) and 2.7 (VP8X)."""
    chunk, body = data[12:16], data[20:30]
    if len(body) < 10:
        raise DecodeError("WebP: the file ends in its header")
    if chunk == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
