"""Medians on one thread, against the peers that are installed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from twinlens import transforms as T
from twinlens.cli.demo.parity import MEAN, STD, eval_pipeline, have_torchvision

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PEERS", "rows"]

PEERS = ("Pillow", "OpenCV", "torchvision on PIL", "torchvision v2", "albumentations")

#: a transform under each name of who does it; every one takes one RGB picture in its own container
Contest = dict[str, tuple[Callable[[Any], Any], Callable[["NDArray[Any]"], Any]]]

_ROUNDS = 7


def rows(pictures: list[NDArray[Any]]) -> Iterator[tuple[str, dict[str, float]]]:
    """Name of the job, and milliseconds a picture for twinlens and each peer that has it."""
    with _one_thread():
        for name, contest in _contests().items():
            prepared = {who: (run, [held(p) for p in pictures]) for who, (run, held) in contest.items()}
            yield name, _medians(prepared)


def _medians(prepared: dict[str, tuple[Callable[[Any], Any], list[Any]]]) -> dict[str, float]:
    """Rounds go through all contestants in turn, so that a slow moment of the machine meets each of them."""
    times: dict[str, list[float]] = {who: [] for who in prepared}
    for number in range(_ROUNDS + 1):
        for who, (run, held) in prepared.items():
            start = time.perf_counter()
            for picture in held:
                run(picture)
            if number:  # the first round warms caches
                times[who].append((time.perf_counter() - start) / len(held) * 1e3)
    return {who: statistics.median(values) for who, values in times.items()}


@contextmanager
def _one_thread() -> Iterator[None]:
    import cv2

    before = torch.get_num_threads(), cv2.getNumThreads()  # one picture through twinlens takes one thread
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


def _as_is(array: NDArray[Any]) -> Any:
    return array


def _pil(array: NDArray[Any]) -> Any:
    return Image.fromarray(array)


def _tensor(array: NDArray[Any]) -> Any:
    """(C, H, W) in the memory of (H, W, C): what a decoder gives, and torchvision's fastest layout."""
    return torch.from_numpy(array.copy()).permute(2, 0, 1)


def _gray(array: NDArray[Any]) -> Any:
    return np.asarray(Image.fromarray(array).convert("L"))


def _contests() -> dict[str, Contest]:
    import cv2

    clahe = cv2.createCLAHE(2.0, (8, 8))
    contests: dict[str, Contest] = {
        "resize 256": {
            "twinlens": (T.Resize(256), _as_is),
            "Pillow": (_pillow_resize, _pil),
        },
        "CLAHE gray": {
            "twinlens": (T.CLAHE(2.0, (8, 8)), _gray),
            "OpenCV": (clahe.apply, _gray),
        },
        "normalize": {"twinlens": (T.Compose([T.ToTensor(), T.Normalize(MEAN, STD)]), _as_is)},
        "eval pipeline": {"twinlens": (eval_pipeline(), _as_is)},
    }
    if have_torchvision():
        _add_torchvision(contests)
    _add_albumentations(contests)
    return contests


def _pillow_resize(image: Any) -> Any:
    w, h = image.size
    scale = 256 / min(w, h)
    return image.resize((int(w * scale), int(h * scale)), Image.Resampling.BILINEAR)


def _add_torchvision(contests: dict[str, Contest]) -> None:
    from torchvision import transforms as v1
    from torchvision.transforms import v2

    to_float = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
    old, new = "torchvision on PIL", "torchvision v2"
    contests["resize 256"].update({old: (v1.Resize(256), _pil), new: (v2.Resize(256, antialias=True), _tensor)})
    contests["normalize"].update(
        {old: (v1.Compose([v1.ToTensor(), v1.Normalize(MEAN, STD)]), _pil), new: (v2.Compose(to_float), _tensor)}
    )
    whole = [v1.Resize(256), v1.CenterCrop(224), v1.ToTensor(), v1.Normalize(MEAN, STD)]
    fast = [v2.Resize(256, antialias=True), v2.CenterCrop(224), *to_float]
    contests["eval pipeline"].update({old: (v1.Compose(whole), _pil), new: (v2.Compose(fast), _tensor)})


def _add_albumentations(contests: dict[str, Contest]) -> None:
    """The last MIT release, where somebody has it."""
    try:
        import albumentations as A
        from albumentations.pytorch import ToTensorV2
    except ImportError:
        return
    normalize = [A.Normalize(MEAN, STD), ToTensorV2()]
    parts = {
        "normalize": A.Compose(normalize),
        "eval pipeline": A.Compose([A.SmallestMaxSize(256), A.CenterCrop(224, 224), *normalize]),
    }
    for name, transform in parts.items():
        contests[name]["albumentations"] = (lambda a, transform=transform: transform(image=a), _as_is)  # type: ignore[misc]
