"""The native engine against the Kornia engine, Pillow, OpenCV and torchvision, pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from twinlens import transforms as T
from twinlens.cli.parity.difference import Difference

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MEAN", "PEERS", "STD", "Difference", "eval_pipeline", "have_torchvision", "rows"]

PEERS = ("kornia engine", "Pillow", "OpenCV", "torchvision")
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

Array = "NDArray[Any]"
Peer = Callable[["NDArray[Any]"], Any]


def have_torchvision() -> bool:
    """Whether torchvision is installed: the library does without."""
    from importlib.util import find_spec

    return find_spec("torchvision") is not None


def eval_pipeline() -> T.Compose:
    """What most models are evaluated with."""
    return T.Compose([T.Resize(256), T.CenterCrop(224), T.ToTensor(), T.Normalize(MEAN, STD)])


def rows(pictures: list[NDArray[Any]]) -> Iterator[tuple[str, dict[str, Difference]]]:
    """Name of the transform, and the difference from each peer that has it, over all RGB `pictures`."""
    for name, ours, peers in _trials():
        differences = {peer: Difference() for peer in ("kornia engine", *peers)}
        for picture in pictures:
            native = _array(ours(picture, engine="native"))
            differences["kornia engine"].add(native, _array(ours(picture, engine="kornia")))
            for peer, function in peers.items():
                differences[peer].add(native, _array(function(picture)))
        yield name, differences


def _array(result: Any) -> NDArray[Any]:
    if isinstance(result, torch.Tensor):
        return result.numpy()
    array = np.asarray(result)
    return array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array


def _trials() -> Iterator[tuple[str, T.Transform, dict[str, Peer]]]:
    yield from _resize_trials()
    yield "CLAHE gray", T.Compose([T.Grayscale(), T.CLAHE(2.0, (8, 8))]), {"OpenCV": _opencv_clahe_gray}
    yield "CLAHE lab", T.CLAHE(2.0, (8, 8), mode="lab"), {"OpenCV": _opencv_clahe_lab}
    gray: dict[str, Peer] = {"Pillow": lambda a: Image.fromarray(a).convert("L")}
    normalize: dict[str, Peer] = {}
    whole: dict[str, Peer] = {}
    if have_torchvision():
        from torchvision import transforms as tv

        gray["torchvision"] = _on_pil(tv.Grayscale())
        normalize["torchvision"] = _on_pil(tv.Compose([tv.ToTensor(), tv.Normalize(MEAN, STD)]))
        whole["torchvision"] = _on_pil(
            tv.Compose([tv.Resize(256), tv.CenterCrop(224), tv.ToTensor(), tv.Normalize(MEAN, STD)])
        )
    yield "gray", T.Grayscale(), gray
    yield "normalize", T.Compose([T.ToTensor(), T.Normalize(MEAN, STD)]), normalize
    yield "eval pipeline", eval_pipeline(), whole


def _resize_trials() -> Iterator[tuple[str, T.Transform, dict[str, Peer]]]:
    import cv2

    filters = {
        "bilinear": Image.Resampling.BILINEAR,
        "bicubic": Image.Resampling.BICUBIC,
        "lanczos": Image.Resampling.LANCZOS,
    }
    for name, code in filters.items():
        ours = T.Resize(256, name)
        peers: dict[str, Peer] = {"Pillow": lambda a, code=code: Image.fromarray(a).resize(_size_wh(a), code)}  # type: ignore[misc]
        if have_torchvision():
            from torchvision import transforms as tv

            peers["torchvision"] = _on_pil(tv.Resize(256, tv.InterpolationMode(name)))
        yield f"resize {name}", ours, peers
    for name, flag in {"linear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA}.items():
        opencv: Peer = lambda a, flag=flag: cv2.resize(a, _size_wh(a), interpolation=flag)  # type: ignore[misc]  # noqa: E731
        yield f"resize {name}", T.Resize(256, name, semantics="opencv"), {"OpenCV": opencv}


def _on_pil(transform: Callable[[Any], Any]) -> Peer:
    return lambda array: transform(Image.fromarray(array))


def _size_wh(array: NDArray[Any]) -> tuple[int, int]:
    """Shorter side 256, the longer one truncated, as torchvision has it."""
    h, w = array.shape[:2]
    return (256, int(256 * h / w)) if w <= h else (int(256 * w / h), 256)


def _opencv_clahe_gray(array: NDArray[Any]) -> Any:
    import cv2

    gray = np.asarray(Image.fromarray(array).convert("L"))  # the gray is Pillow's on both sides: CLAHE is compared
    return cv2.createCLAHE(2.0, (8, 8)).apply(gray)


def _opencv_clahe_lab(array: NDArray[Any]) -> Any:
    import cv2

    lab = cv2.cvtColor(array, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(2.0, (8, 8)).apply(np.ascontiguousarray(lab[..., 0]))
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
