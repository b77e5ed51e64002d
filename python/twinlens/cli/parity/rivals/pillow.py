"""Pillow."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from twinlens.cli.parity.calls import NoEquivalent, Origin
from twinlens.cli.parity.rivals.base import Rival, Said, numpy_float, numpy_normalize
from twinlens.cli.parity.rivals.geometry import filled, halved, turn_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FLIPS", "METHODS", "Pillow", "to_pil"]

Pil = Image.Image
METHODS = {
    "box": "BOX", "bilinear": "BILINEAR", "hamming": "HAMMING", "bicubic": "BICUBIC", "lanczos": "LANCZOS",
    "nearest": "NEAREST", "nearest_exact": "NEAREST", "linear": "BILINEAR", "linear_exact": "BILINEAR", "area": "BOX",
    "cubic": "BICUBIC", "cv_nearest": "NEAREST", "cv_linear": "BILINEAR",
}  # fmt: skip
FLIPS = {"horizontal": Image.Transpose.FLIP_LEFT_RIGHT, "vertical": Image.Transpose.FLIP_TOP_BOTTOM}


def to_pil(image: NDArray[Any]) -> Pil:
    """NoEquivalent for what Pillow has no mode for."""
    modes = {("uint8", 1), ("uint8", 3), ("uint8", 4), ("uint16", 1), ("float32", 1)}
    if (image.dtype.name, image.shape[2]) not in modes:
        raise NoEquivalent(f"images of {image.dtype} with {image.shape[2]} channels")
    return Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image))


class Pillow(Rival):
    """Images are PIL's, and arrays behind what makes floats of them."""

    name, library, install = "Pillow", "PIL", "pillow"
    distributions = ("pillow", "pillow-simd")

    def load(self, image: NDArray[Any]) -> Any:
        return image if image.dtype == np.float32 else to_pil(image)

    def read(self, state: Any, dtype: str) -> NDArray[Any]:
        del dtype
        array = np.asarray(state)
        return array[..., None] if array.ndim == 2 else array

    def _pil(self, state: Any) -> Pil:
        return state if isinstance(state, Pil) else to_pil(state)

    def resize(self, state: Any, size_hw: tuple[int, int], method: str) -> Said:
        kind = Image.Resampling[METHODS[method]]
        return self._pil(state).resize(size_hw[::-1], kind), f"Image.resize({kind.name})"

    def crop(self, state: Any, y: int, x: int, h: int, w: int) -> Said:
        return self._pil(state).crop((x, y, x + w, y + h)), "Image.crop"

    def pad(self, state: Any, borders: tuple[int, ...], mode: str, fill: list[float]) -> Said:
        if mode != "constant":
            raise NoEquivalent(f"Pad, {mode}")
        image = self._pil(state)
        return ImageOps.expand(image, borders, _ink(image, fill)), "ImageOps.expand"

    def flip(self, state: Any, **where: bool) -> Said:
        image = self._pil(state)
        for axis, wanted in where.items():
            image = image.transpose(FLIPS[axis]) if wanted else image
        return image, "Image.transpose"

    def transpose(self, state: Any) -> Said:
        return self._pil(state).transpose(Image.Transpose.TRANSPOSE), "Image.transpose"

    def warp(
        self, state: Any, matrix: list[float], size_hw: tuple[int, int], method: str, fill: list[float],
        perspective: bool, origin: Origin | None,
    ) -> Said:  # fmt: skip
        image, kind, turn = self._pil(state), Image.Resampling[METHODS[method]], turn_of(origin)
        ink = _ink(image, fill)
        if turn is not None:
            angle, expand, center = turn
            return image.rotate(angle, kind, expand, center, fillcolor=ink), f"Image.rotate({kind.name})"
        data = halved(matrix, method, perspective=perspective).ravel().tolist()
        how = Image.Transform.PERSPECTIVE if perspective else Image.Transform.AFFINE
        done = image.transform(size_hw[::-1], how, data[:8] if perspective else data[:6], kind, fillcolor=ink)
        return done, f"Image.transform({how.name}, {kind.name})"

    def gray(self, state: Any, channels: int) -> Said:
        gray = self._pil(state).convert("L")
        return gray if channels == 1 else Image.merge("RGB", [gray] * 3), 'Image.convert("L")'

    def brightness(self, state: Any, amount: float) -> Said:
        return ImageEnhance.Brightness(self._pil(state)).enhance(amount), f"ImageEnhance.Brightness({amount:.3g})"

    def contrast(self, state: Any, amount: float) -> Said:
        return ImageEnhance.Contrast(self._pil(state)).enhance(amount), f"ImageEnhance.Contrast({amount:.3g})"

    def saturation(self, state: Any, amount: float) -> Said:
        return ImageEnhance.Color(self._pil(state)).enhance(amount), f"ImageEnhance.Color({amount:.3g})"

    def sharpness(self, state: Any, factor: float) -> Said:
        return ImageEnhance.Sharpness(self._pil(state)).enhance(factor), f"ImageEnhance.Sharpness({factor:.3g})"

    def gaussian_blur(self, state: Any, ksize: tuple[int, int], sigma: tuple[float, float]) -> Said:
        if min(sigma) <= 0:
            raise NoEquivalent(f"GaussianBlur by size {ksize[0]} alone")
        return self._pil(state).filter(ImageFilter.GaussianBlur(sigma)), f"ImageFilter.GaussianBlur({sigma[0]:.3g})"

    def box_blur(self, state: Any, ksize: list[int]) -> Said:
        radius = tuple((k - 1) / 2 for k in ksize)
        return self._pil(state).filter(ImageFilter.BoxBlur(radius)), f"ImageFilter.BoxBlur({radius[0]:g})"

    def median(self, state: Any, ksize: int) -> Said:
        return self._pil(state).filter(ImageFilter.MedianFilter(ksize)), f"ImageFilter.MedianFilter({ksize})"

    def autocontrast(self, state: Any, cut: tuple[float, float]) -> Said:
        return ImageOps.autocontrast(self._pil(state), cut), "ImageOps.autocontrast"

    def equalize(self, state: Any, opencv: bool) -> Said:
        del opencv
        return ImageOps.equalize(self._pil(state)), "ImageOps.equalize"

    def invert(self, state: Any) -> Said:
        return ImageOps.invert(self._pil(state)), "ImageOps.invert"

    def posterize(self, state: Any, bits: float) -> Said:
        return ImageOps.posterize(self._pil(state), int(bits)), f"ImageOps.posterize({bits:.0f})"

    def solarize(self, state: Any, threshold: int) -> Said:
        return ImageOps.solarize(self._pil(state), threshold), f"ImageOps.solarize({threshold})"

    def jpeg(self, state: Any, quality: int) -> Said:
        file = io.BytesIO()
        self._pil(state).save(file, "JPEG", quality=quality)
        image = Image.open(io.BytesIO(file.getvalue()))
        image.load()
        return image, f"Image.save(quality={quality})"

    def to_float(self, state: Any) -> Said:
        return numpy_float(self.read(state, ""))

    def normalize(self, state: Any, mean: list[float], std: list[float]) -> Said:
        return numpy_normalize(self.read(state, ""), mean, std)


def _ink(image: Pil, fill: list[float]) -> Any:
    values = filled(fill, len(image.getbands()))
    whole = values if image.mode == "F" else [int(v) for v in values]
    return whole[0] if len(whole) == 1 else tuple(whole)
