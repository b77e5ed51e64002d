"""kornia, on floats from 0 to 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens.cli.parity.calls import NoEquivalent, Origin
from twinlens.cli.parity.rivals.base import Rival, Said
from twinlens.cli.parity.rivals.geometry import centred, filled, forward
from twinlens.steps.convert import MAX_OF

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Kornia"]

Tensor = torch.Tensor
_METHODS = {
    "bilinear": "bilinear", "bicubic": "bicubic", "nearest": "nearest", "nearest_exact": "nearest",
    "linear": "bilinear", "cubic": "bicubic", "area": "area", "cv_nearest": "nearest", "cv_linear": "bilinear",
}  # fmt: skip
_PADS = {"constant": "constant", "edge": "replicate", "reflect": "reflect"}


class Kornia(Rival):
    """Images are tensors (1, C, H, W) of float32. Results are rounded to the nearest where ours are integers; the next
    operation goes on from what was not rounded.
    """

    name, library, install = "kornia", "kornia", "kornia"
    distributions = ("kornia",)

    def load(self, image: NDArray[Any]) -> Tensor:
        self._largest = MAX_OF.get(image.dtype.name, 1.0)  # what fills are parts of
        return torch.from_numpy(np.moveaxis(image, 2, 0).astype(np.float32))[None] / self._largest

    def read(self, state: Tensor, dtype: str) -> NDArray[Any]:
        array: NDArray[Any] = np.moveaxis(state[0].numpy(), 0, 2)
        if dtype not in ("uint8", "uint16"):
            return array
        rounded: NDArray[Any] = np.rint(np.clip(array, 0, 1) * MAX_OF[dtype]).astype(dtype)
        return rounded

    def _mode(self, method: str) -> str:
        if method not in _METHODS:
            raise NoEquivalent(f"interpolation {method}")
        return _METHODS[method]

    def resize(self, state: Tensor, size_hw: tuple[int, int], method: str) -> Said:
        from kornia.geometry.transform import resize

        mode, antialias = self._mode(method), method in ("bilinear", "bicubic")
        done = resize(state, size_hw, interpolation=mode, antialias=antialias)
        return done, f"K.resize({mode}, antialias={antialias})"

    def crop(self, state: Tensor, y: int, x: int, h: int, w: int) -> Said:
        return state[..., y : y + h, x : x + w], "slicing"

    def pad(self, state: Tensor, borders: tuple[int, ...], mode: str, fill: list[float]) -> Said:
        if mode not in _PADS or len(set(fill)) > 1:
            raise NoEquivalent(f"Pad, {mode if mode not in _PADS else 'a colour'}")
        left, top, right, bottom = borders
        value = fill[0] / self._largest if mode == "constant" else 0.0
        return torch.nn.functional.pad(state, (left, right, top, bottom), _PADS[mode], value), "torch: pad"

    def flip(self, state: Tensor, horizontal: bool, vertical: bool) -> Said:
        from kornia.geometry.transform import hflip, vflip

        state = hflip(state) if horizontal else state
        return vflip(state) if vertical else state, "K.hflip, K.vflip"

    def transpose(self, state: Tensor) -> Said:
        return state.transpose(2, 3), "torch: transpose"

    def warp(
        self, state: Tensor, matrix: list[float], size_hw: tuple[int, int], method: str, fill: list[float],
        perspective: bool, origin: Origin | None,
    ) -> Said:  # fmt: skip
        from kornia.geometry.transform import warp_affine, warp_perspective

        del origin
        mode = self._mode(method)
        square = torch.from_numpy(forward(centred(matrix, method, perspective=perspective))).float()[None]
        ink = torch.tensor(filled(fill, state.shape[1])) / self._largest
        named: dict[str, Any] = {"mode": mode}
        if ink.any():
            named |= {"padding_mode": "fill", "fill_value": ink}
        if perspective:
            return warp_perspective(state, square, size_hw, **named), f"K.warp_perspective({mode})"
        return warp_affine(state, square[:, :2], size_hw, **named), f"K.warp_affine({mode})"

    def gray(self, state: Tensor, channels: int) -> Said:
        from kornia.color import rgb_to_grayscale

        return rgb_to_grayscale(state).expand(-1, channels, -1, -1), "K.rgb_to_grayscale"

    def _enhance(self, state: Tensor, name: str, *arguments: Any) -> Said:
        from kornia import enhance

        return getattr(enhance, name)(state, *arguments), f"K.{name}"

    def brightness(self, state: Tensor, amount: float) -> Said:
        return self._enhance(state, "adjust_brightness_accumulative", amount)

    def contrast(self, state: Tensor, amount: float) -> Said:
        return self._enhance(state, "adjust_contrast_with_mean_subtraction", amount)

    def saturation(self, state: Tensor, amount: float) -> Said:
        return self._enhance(state, "adjust_saturation_with_gray_subtraction", amount)

    def hue(self, state: Tensor, amount: float) -> Said:
        return self._enhance(state, "adjust_hue", amount * 2 * math.pi)

    def sharpness(self, state: Tensor, factor: float) -> Said:
        return self._enhance(state, "sharpness", factor)

    def gamma(self, state: Tensor, gain: float, gamma: float) -> Said:
        return self._enhance(state, "adjust_gamma", gamma, gain)

    def equalize(self, state: Tensor, opencv: bool) -> Said:
        del opencv
        return self._enhance(state, "equalize")

    def invert(self, state: Tensor) -> Said:
        return self._enhance(state, "invert")

    def posterize(self, state: Tensor, bits: float) -> Said:
        return self._enhance(state, "posterize", int(bits))

    def solarize(self, state: Tensor, threshold: int) -> Said:
        return self._enhance(state, "solarize", threshold / 255)

    def gaussian_blur(self, state: Tensor, ksize: tuple[int, int], sigma: tuple[float, float]) -> Said:
        from kornia.filters import gaussian_blur2d

        if min(sigma) <= 0:
            raise NoEquivalent(f"GaussianBlur by size {ksize[0]} alone")
        return gaussian_blur2d(state, ksize[::-1], sigma[::-1]), "K.gaussian_blur2d"

    def box_blur(self, state: Tensor, ksize: list[int]) -> Said:
        from kornia.filters import box_blur

        return box_blur(state, (ksize[1], ksize[0])), "K.box_blur"

    def median(self, state: Tensor, ksize: int) -> Said:
        from kornia.filters import median_blur

        return median_blur(state, ksize), "K.median_blur"

    def clahe(self, state: Tensor, clip_limit: float, grid: tuple[int, int], mode: str) -> Said:
        from kornia.color import lab_to_rgb, rgb_to_lab
        from kornia.enhance import equalize_clahe

        rows_first = grid[::-1]
        if mode != "lab":
            return equalize_clahe(state, float(clip_limit), rows_first), "K.equalize_clahe"
        lab = rgb_to_lab(state)
        lightness = equalize_clahe(lab[:, :1] / 100, float(clip_limit), rows_first) * 100
        return lab_to_rgb(torch.cat((lightness, lab[:, 1:]), 1)), "K.equalize_clahe on L of Lab"

    def to_float(self, state: Tensor) -> Said:
        self._largest = 1.0
        return state, ""

    def normalize(self, state: Tensor, mean: list[float], std: list[float]) -> Said:
        return self._enhance(state, "normalize", torch.tensor(mean), torch.tensor(std))
