"""Albumentations, of the versions 2."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens import transforms as T
from twinlens.cli.parity.calls import NoEquivalent, Origin
from twinlens.cli.parity.rivals.base import Rival, Said
from twinlens.cli.parity.rivals.geometry import filled, turn_of
from twinlens.cli.parity.rivals.opencv import BORDERS, METHODS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Albumentations"]

_STILL = {"brightness": (1.0, 1.0), "contrast": (1.0, 1.0), "saturation": (1.0, 1.0), "hue": (0.0, 0.0)}


class Albumentations(Rival):
    """Images are arrays (H, W, C); its own transforms, always applied, with ranges of one value."""

    name, library, install = "Albumentations", "albumentations", "albumentations==2.0.8"
    distributions = ("albumentations",)

    @classmethod
    def version(cls) -> str | None:
        os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # its import asks the network otherwise
        return super().version()

    def load(self, image: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(image)

    def read(self, state: NDArray[Any], dtype: str) -> NDArray[Any]:
        del dtype
        return state[..., None] if state.ndim == 2 else state

    def _call(self, state: NDArray[Any], name: str, **arguments: Any) -> Said:
        import albumentations

        transform = getattr(albumentations, name)(**arguments, p=1.0)
        return self.read(transform(image=state)["image"], ""), f"A.{name}"

    def _inter(self, method: str) -> int:
        import cv2

        if method not in METHODS:
            raise NoEquivalent(f"interpolation {method}")
        flag: int = getattr(cv2, f"INTER_{METHODS[method]}")
        return flag

    def resize(self, state: NDArray[Any], size_hw: tuple[int, int], method: str) -> Said:
        h, w = size_hw
        done, said = self._call(state, "Resize", height=h, width=w, interpolation=self._inter(method))
        return done, f"{said}(INTER_{METHODS[method]})"

    def crop(self, state: NDArray[Any], y: int, x: int, h: int, w: int) -> Said:
        return self._call(state, "Crop", x_min=x, y_min=y, x_max=x + w, y_max=y + h)

    def pad(self, state: NDArray[Any], borders: tuple[int, ...], mode: str, fill: list[float]) -> Said:
        import cv2

        kind = getattr(cv2, f"BORDER_{BORDERS[mode]}")
        ink = tuple(filled(fill, state.shape[2]))
        return self._call(state, "Pad", padding=borders, border_mode=kind, fill=ink)

    def flip(self, state: NDArray[Any], horizontal: bool, vertical: bool) -> Said:
        said = ""
        for wanted, name in ((horizontal, "HorizontalFlip"), (vertical, "VerticalFlip")):
            if wanted:
                state, said = self._call(state, name)
        return state, said

    def transpose(self, state: NDArray[Any]) -> Said:
        return self._call(state, "Transpose")

    def warp(
        self, state: NDArray[Any], matrix: list[float], size_hw: tuple[int, int], method: str, fill: list[float],
        perspective: bool, origin: Origin | None,
    ) -> Said:  # fmt: skip
        del matrix, size_hw, perspective
        named = {"interpolation": self._inter(method), "fill": tuple(filled(fill, state.shape[2]))}
        turn = turn_of(origin)
        if turn is not None and turn[1:] == (False, None):
            return self._call(state, "Rotate", limit=(turn[0], turn[0]), **named)
        if origin is None or not isinstance(origin.transform, T.Affine) or origin.transform.fit_output:
            raise NoEquivalent("a map by its matrix")
        scale, shift, shear = (origin.param(name) for name in ("scale", "translate", "shear"))
        angle = origin.param("angle")
        by_axis = {
            key: {axis: (value, value) for axis, value in zip("xy", pair, strict=True)}
            for key, pair in {"scale": scale, "translate_px": shift, "shear": shear}.items()
        }
        return self._call(state, "Affine", rotate=(angle, angle), **by_axis, **named)

    def gray(self, state: NDArray[Any], channels: int) -> Said:
        return self._call(state, "ToGray", num_output_channels=channels)

    def _jitter(self, state: NDArray[Any], kind: str, amount: float) -> Said:
        done, said = self._call(state, "ColorJitter", **{**_STILL, kind: (amount, amount)})
        return done, f"{said}({kind}={amount:.3g})"

    def brightness(self, state: NDArray[Any], amount: float) -> Said:
        return self._jitter(state, "brightness", amount)

    def contrast(self, state: NDArray[Any], amount: float) -> Said:
        return self._jitter(state, "contrast", amount)

    def saturation(self, state: NDArray[Any], amount: float) -> Said:
        return self._jitter(state, "saturation", amount)

    def hue(self, state: NDArray[Any], amount: float) -> Said:
        return self._jitter(state, "hue", amount)

    def linear(self, state: NDArray[Any], factor: float, offset: float) -> Said:
        ranges = {"brightness_limit": (offset, offset), "contrast_limit": (factor - 1, factor - 1)}
        return self._call(state, "RandomBrightnessContrast", **ranges)

    def gamma(self, state: NDArray[Any], gain: float, gamma: float) -> Said:
        if gain != 1:
            raise NoEquivalent("gamma with a gain")
        return self._call(state, "RandomGamma", gamma_limit=(gamma * 100, gamma * 100))

    def gaussian_blur(self, state: NDArray[Any], ksize: tuple[int, int], sigma: tuple[float, float]) -> Said:
        if ksize[0] != ksize[1] or sigma[0] != sigma[1] or sigma[0] <= 0:
            raise NoEquivalent("GaussianBlur with two sizes, or by size alone")
        return self._call(state, "GaussianBlur", blur_limit=ksize, sigma_limit=sigma)

    def box_blur(self, state: NDArray[Any], ksize: list[int]) -> Said:
        if ksize[0] != ksize[1]:
            raise NoEquivalent("Blur with two sizes")
        return self._call(state, "Blur", blur_limit=tuple(ksize))

    def median(self, state: NDArray[Any], ksize: int) -> Said:
        return self._call(state, "MedianBlur", blur_limit=(ksize, ksize))

    def autocontrast(self, state: NDArray[Any], cut: tuple[float, float]) -> Said:
        if cut[0] != cut[1]:
            raise NoEquivalent("autocontrast with two cut-offs")
        return self._call(state, "AutoContrast", cutoff=cut[0], method="pil")

    def equalize(self, state: NDArray[Any], opencv: bool) -> Said:
        return self._call(state, "Equalize", mode="cv" if opencv else "pil")

    def invert(self, state: NDArray[Any]) -> Said:
        return self._call(state, "InvertImg")

    def posterize(self, state: NDArray[Any], bits: float) -> Said:
        return self._call(state, "Posterize", num_bits=(int(bits), int(bits)))

    def solarize(self, state: NDArray[Any], threshold: int) -> Said:
        return self._call(state, "Solarize", threshold_range=(threshold / 255,) * 2)

    def clahe(self, state: NDArray[Any], clip_limit: float, grid: tuple[int, int], mode: str) -> Said:
        if mode != "lab" and state.shape[2] != 1:
            raise NoEquivalent("CLAHE of each channel")
        return self._call(state, "CLAHE", clip_limit=(clip_limit, clip_limit), tile_grid_size=grid)

    def jpeg(self, state: NDArray[Any], quality: int) -> Said:
        return self._call(state, "ImageCompression", compression_type="jpeg", quality_range=(quality, quality))

    def to_float(self, state: NDArray[Any]) -> Said:
        largest = 1.0 if state.dtype == np.float32 else float(np.iinfo(state.dtype).max)
        return self._call(state, "ToFloat", max_value=largest)

    def normalize(self, state: NDArray[Any], mean: list[float], std: list[float]) -> Said:
        return self._call(state, "Normalize", mean=tuple(mean), std=tuple(std), max_pixel_value=1.0)
