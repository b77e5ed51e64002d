"""OpenCV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinlens.cli.parity.calls import NoEquivalent, Origin
from twinlens.cli.parity.rivals.base import Rival, Said, numpy_float, numpy_normalize
from twinlens.cli.parity.rivals.geometry import centred, filled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BORDERS", "METHODS", "OpenCV"]

Array = "NDArray[Any]"
METHODS = {
    "bilinear": "LINEAR", "bicubic": "CUBIC", "lanczos": "LANCZOS4", "box": "AREA", "nearest": "NEAREST",
    "nearest_exact": "NEAREST_EXACT", "linear": "LINEAR", "linear_exact": "LINEAR_EXACT", "area": "AREA",
    "cubic": "CUBIC", "cv_nearest": "NEAREST", "cv_linear": "LINEAR",
}  # fmt: skip
BORDERS = {"constant": "CONSTANT", "edge": "REPLICATE", "reflect": "REFLECT_101", "symmetric": "REFLECT"}
_COLORS = {"rgb_to_lab": "RGB2LAB", "lab_to_rgb": "LAB2RGB", "rgb_to_hsv": "RGB2HSV", "hsv_to_rgb": "HSV2RGB",
           "rgb_to_ycrcb": "RGB2YCrCb", "ycrcb_to_rgb": "YCrCb2RGB"}  # fmt: skip


class OpenCV(Rival):
    """Images are arrays (H, W, C)."""

    name, library, install = "OpenCV", "cv2", "opencv-python"
    distributions = ("opencv-python", "opencv-python-headless", "opencv-contrib-python")

    def load(self, image: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(image)

    def read(self, state: NDArray[Any], dtype: str) -> NDArray[Any]:
        del dtype
        return state[..., None] if state.ndim == 2 else state

    def _flag(self, kind: str, name: str) -> int:
        import cv2

        flag: int = getattr(cv2, f"{kind}_{name}")
        return flag

    def resize(self, state: NDArray[Any], size_hw: tuple[int, int], method: str) -> Said:
        import cv2

        if method not in METHODS:
            raise NoEquivalent(f"Resample, {method}")
        name = METHODS[method]
        done = cv2.resize(state, size_hw[::-1], interpolation=self._flag("INTER", name))
        return self.read(done, ""), f"cv2.resize(INTER_{name})"

    def crop(self, state: NDArray[Any], y: int, x: int, h: int, w: int) -> Said:
        return np.ascontiguousarray(state[y : y + h, x : x + w]), "slicing"

    def pad(self, state: NDArray[Any], borders: tuple[int, ...], mode: str, fill: list[float]) -> Said:
        import cv2

        left, top, right, bottom = borders
        kind, ink = self._flag("BORDER", BORDERS[mode]), filled(fill, state.shape[2])
        done = cv2.copyMakeBorder(state, top, bottom, left, right, kind, value=ink)
        return self.read(done, ""), f"cv2.copyMakeBorder(BORDER_{BORDERS[mode]})"

    def flip(self, state: NDArray[Any], horizontal: bool, vertical: bool) -> Said:
        import cv2

        if not (horizontal or vertical):
            return state, ""
        code = -1 if horizontal and vertical else int(horizontal)
        return self.read(cv2.flip(state, code), ""), "cv2.flip"

    def transpose(self, state: NDArray[Any]) -> Said:
        import cv2

        return self.read(cv2.transpose(state), ""), "cv2.transpose"

    def warp(
        self, state: NDArray[Any], matrix: list[float], size_hw: tuple[int, int], method: str, fill: list[float],
        perspective: bool, origin: Origin | None,
    ) -> Said:  # fmt: skip
        import cv2

        del origin
        name = METHODS[method]
        flags = self._flag("INTER", name) | cv2.WARP_INVERSE_MAP
        square = centred(matrix, method, perspective=perspective)
        function, data = (cv2.warpPerspective, square) if perspective else (cv2.warpAffine, square[:2])
        ink = filled(fill, state.shape[2])
        done = function(state, data, size_hw[::-1], flags=flags, borderValue=ink)
        return self.read(done, ""), f"cv2.{'warpPerspective' if perspective else 'warpAffine'}(INTER_{name})"

    def gray(self, state: NDArray[Any], channels: int) -> Said:
        import cv2

        gray = cv2.cvtColor(state, cv2.COLOR_RGB2GRAY)
        done = gray[..., None] if channels == 1 else cv2.merge([gray] * 3)
        return done, "cv2.cvtColor(COLOR_RGB2GRAY)"

    def color(self, state: NDArray[Any], kind: str) -> Said:
        import cv2

        if kind not in _COLORS:
            raise NoEquivalent(kind)
        return cv2.cvtColor(state, self._flag("COLOR", _COLORS[kind])), f"cv2.cvtColor(COLOR_{_COLORS[kind]})"

    def brightness(self, state: NDArray[Any], amount: float) -> Said:
        import cv2

        return self.read(cv2.convertScaleAbs(state, alpha=amount), ""), f"cv2.convertScaleAbs(alpha={amount:.3g})"

    def linear(self, state: NDArray[Any], factor: float, offset: float) -> Said:
        import cv2

        done = cv2.addWeighted(state, factor, state, 0.0, offset * 255)
        return self.read(done, ""), f"cv2.addWeighted({factor:.3g}, {offset * 255:.3g})"

    def gaussian_blur(self, state: NDArray[Any], ksize: tuple[int, int], sigma: tuple[float, float]) -> Said:
        import cv2

        done = cv2.GaussianBlur(state, ksize, sigma[0], sigmaY=sigma[1])
        return self.read(done, ""), f"cv2.GaussianBlur({ksize}, {sigma[0]:.3g})"

    def box_blur(self, state: NDArray[Any], ksize: list[int]) -> Said:
        import cv2

        return self.read(cv2.blur(state, tuple(ksize)), ""), f"cv2.blur({tuple(ksize)})"

    def median(self, state: NDArray[Any], ksize: int) -> Said:
        import cv2

        return self.read(cv2.medianBlur(state, ksize), ""), f"cv2.medianBlur({ksize})"

    def autocontrast(self, state: NDArray[Any], cut: tuple[float, float]) -> Said:
        import cv2

        if cut != (0.0, 0.0):
            raise NoEquivalent("autocontrast with a cut-off")
        done = [cv2.normalize(c, None, 0, 255, cv2.NORM_MINMAX) for c in cv2.split(state)]  # type: ignore[call-overload]
        return self.read(cv2.merge(done), ""), "cv2.normalize(NORM_MINMAX)"

    def equalize(self, state: NDArray[Any], opencv: bool) -> Said:
        import cv2

        del opencv
        return self.read(cv2.merge([cv2.equalizeHist(c) for c in cv2.split(state)]), ""), "cv2.equalizeHist"

    def invert(self, state: NDArray[Any]) -> Said:
        import cv2

        return self.read(cv2.bitwise_not(state), ""), "cv2.bitwise_not"

    def clahe(self, state: NDArray[Any], clip_limit: float, grid: tuple[int, int], mode: str) -> Said:
        import cv2

        clahe = cv2.createCLAHE(clip_limit, grid)
        if mode != "lab":
            return self.read(cv2.merge([clahe.apply(c) for c in cv2.split(state)]), ""), "cv2.createCLAHE"
        lightness, a, b = cv2.split(cv2.cvtColor(state, cv2.COLOR_RGB2LAB))
        done = cv2.cvtColor(cv2.merge([clahe.apply(lightness), a, b]), cv2.COLOR_LAB2RGB)
        return done, "cv2.createCLAHE on L of Lab"

    def jpeg(self, state: NDArray[Any], quality: int) -> Said:
        import cv2

        _, file = cv2.imencode(".jpg", state[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        mode = cv2.IMREAD_COLOR if state.shape[2] == 3 else cv2.IMREAD_GRAYSCALE
        done = self.read(np.asarray(cv2.imdecode(file, mode)), "")
        return np.ascontiguousarray(done[..., ::-1]), f"cv2.imencode(quality {quality})"

    def to_float(self, state: NDArray[Any]) -> Said:
        return numpy_float(state)

    def normalize(self, state: NDArray[Any], mean: list[float], std: list[float]) -> Said:
        return numpy_normalize(state, mean, std)
