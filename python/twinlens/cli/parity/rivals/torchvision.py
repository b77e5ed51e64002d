"""torchvision, on PIL images and on tensors: two different sets of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from twinlens import transforms as T
from twinlens.cli.parity.calls import NoEquivalent, Origin
from twinlens.cli.parity.rivals.base import Rival, Said
from twinlens.cli.parity.rivals.geometry import filled, turn_of
from twinlens.cli.parity.rivals.pillow import to_pil
from twinlens.cli.samples import planar

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TorchvisionOnPil", "TorchvisionOnTensors"]

_METHODS = {
    "bilinear": "bilinear", "bicubic": "bicubic", "nearest": "nearest", "nearest_exact": "nearest-exact",
    "linear": "bilinear", "cubic": "bicubic", "cv_nearest": "nearest", "cv_linear": "bilinear",
}  # fmt: skip
_PIL_METHODS = {"box": "box", "hamming": "hamming", "lanczos": "lanczos"}
_NOT_ANTIALIASED = ("linear", "cubic")


class TorchvisionOnTensors(Rival):
    """Images are tensors (C, H, W); v2's functionals."""

    name, library, install = "torchvision", "torchvision", "torchvision"
    on = "tensors"
    distributions = ("torchvision",)

    def load(self, image: NDArray[Any]) -> Any:
        return planar(image)

    def read(self, state: Any, dtype: str) -> NDArray[Any]:
        del dtype
        if isinstance(state, Image.Image):
            array = np.asarray(state)
            return array[..., None] if array.ndim == 2 else array
        return np.moveaxis(state.numpy(), 0, 2)

    def _call(self, state: Any, function: str, *arguments: Any, **named: Any) -> Said:
        from torchvision.transforms.v2 import functional as F

        return getattr(F, function)(state, *arguments, **named), f"F.{function}"

    def _mode(self, state: Any, method: str) -> Any:
        from torchvision.transforms import InterpolationMode

        names = {**_METHODS, **_PIL_METHODS} if isinstance(state, Image.Image) else _METHODS
        if method not in names:
            raise NoEquivalent(f"interpolation {method}")
        return InterpolationMode(names[method])

    def _ink(self, state: Any, fill: list[float]) -> Any:
        channels = len(state.getbands()) if isinstance(state, Image.Image) else state.shape[0]
        whole = isinstance(state, Image.Image) or not state.is_floating_point()
        return [int(v) if whole else v for v in filled(fill, channels)]

    def resize(self, state: Any, size_hw: tuple[int, int], method: str) -> Said:
        mode, antialias = self._mode(state, method), method not in _NOT_ANTIALIASED
        done, said = self._call(state, "resize", list(size_hw), mode, antialias=antialias)
        return done, f"{said}({mode.value}, antialias={antialias})"

    def crop(self, state: Any, y: int, x: int, h: int, w: int) -> Said:
        return self._call(state, "crop", y, x, h, w)

    def pad(self, state: Any, borders: tuple[int, ...], mode: str, fill: list[float]) -> Said:
        ink = self._ink(state, fill) if mode == "constant" else None
        return self._call(state, "pad", list(borders), ink, mode)

    def flip(self, state: Any, horizontal: bool, vertical: bool) -> Said:
        said = ""
        for wanted, name in ((horizontal, "horizontal_flip"), (vertical, "vertical_flip")):
            if wanted:
                state, said = self._call(state, name)
        return state, said

    def warp(
        self, state: Any, matrix: list[float], size_hw: tuple[int, int], method: str, fill: list[float],
        perspective: bool, origin: Origin | None,
    ) -> Said:  # fmt: skip
        del matrix, size_hw, perspective
        mode, ink, turn = self._mode(state, method), self._ink(state, fill), turn_of(origin)
        if turn is not None:
            angle, expand, center = turn
            named = {"expand": expand, "center": None if center is None else list(center), "fill": ink}
            return self._call(state, "rotate", angle, mode, **named)
        if origin is not None and isinstance(origin.transform, T.RandomAffine):
            center = origin.transform.center
            drawn = [origin.param(name) for name in ("angle", "translate", "scale", "shear")]
            return self._call(state, "affine", *drawn, mode, ink, None if center is None else list(center))
        if origin is not None and isinstance(origin.transform, T.RandomPerspective):
            h, w = self.read(state, "").shape[:2]
            start = [[0, 0], [w - 1, 0], [w - 1, h - 1], [0, h - 1]]
            return self._call(state, "perspective", start, origin.param("corners"), mode, ink)
        raise NoEquivalent("a map by its matrix")

    def gray(self, state: Any, channels: int) -> Said:
        return self._call(state, "rgb_to_grayscale", channels)

    def brightness(self, state: Any, amount: float) -> Said:
        return self._call(state, "adjust_brightness", amount)

    def contrast(self, state: Any, amount: float) -> Said:
        return self._call(state, "adjust_contrast", amount)

    def saturation(self, state: Any, amount: float) -> Said:
        return self._call(state, "adjust_saturation", amount)

    def hue(self, state: Any, amount: float) -> Said:
        return self._call(state, "adjust_hue", amount)

    def sharpness(self, state: Any, factor: float) -> Said:
        return self._call(state, "adjust_sharpness", factor)

    def gamma(self, state: Any, gain: float, gamma: float) -> Said:
        return self._call(state, "adjust_gamma", gamma, gain)

    def gaussian_blur(self, state: Any, ksize: tuple[int, int], sigma: tuple[float, float]) -> Said:
        if min(sigma) <= 0:
            return self._call(state, "gaussian_blur", list(ksize))
        return self._call(state, "gaussian_blur", list(ksize), list(sigma))

    def autocontrast(self, state: Any, cut: tuple[float, float]) -> Said:
        if cut != (0.0, 0.0):
            raise NoEquivalent("autocontrast with a cut-off")
        return self._call(state, "autocontrast")

    def equalize(self, state: Any, opencv: bool) -> Said:
        del opencv
        return self._call(state, "equalize")

    def invert(self, state: Any) -> Said:
        return self._call(state, "invert")

    def posterize(self, state: Any, bits: float) -> Said:
        return self._call(state, "posterize", int(bits))

    def solarize(self, state: Any, threshold: int) -> Said:
        return self._call(state, "solarize", threshold)

    def jpeg(self, state: Any, quality: int) -> Said:
        return self._call(state, "jpeg", quality)

    def to_float(self, state: Any) -> Said:
        return self._call(state, "to_dtype", torch.float32, scale=True)

    def normalize(self, state: Any, mean: list[float], std: list[float]) -> Said:
        return self._call(state, "normalize", mean, std)


class TorchvisionOnPil(TorchvisionOnTensors):
    """Images are PIL's until ToTensor."""

    on = "PIL images"

    def load(self, image: NDArray[Any]) -> Any:
        return super().load(image) if image.dtype == np.float32 else to_pil(image)

    def to_float(self, state: Any) -> Said:
        from torchvision.transforms.functional import to_tensor

        if isinstance(state, torch.Tensor):
            return super().to_float(state)
        return to_tensor(state), "ToTensor"
