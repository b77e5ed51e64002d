"""Other libraries, each with its own way to do what a pipeline does."""

from __future__ import annotations

from twinlens.cli.parity.rivals.base import Rival

__all__ = ["NAMES", "Rival", "rivals"]

#: what --against takes
NAMES = ("pillow", "opencv", "torchvision", "albumentations", "kornia")


def rivals(name: str) -> list[type[Rival]]:
    """Those behind a name: torchvision is two, for PIL images and for tensors."""
    from twinlens.cli.parity.rivals.albumentations import Albumentations
    from twinlens.cli.parity.rivals.kornia import Kornia
    from twinlens.cli.parity.rivals.opencv import OpenCV
    from twinlens.cli.parity.rivals.pillow import Pillow
    from twinlens.cli.parity.rivals.torchvision import TorchvisionOnPil, TorchvisionOnTensors

    known: dict[str, list[type[Rival]]] = {
        "pillow": [Pillow],
        "opencv": [OpenCV],
        "torchvision": [TorchvisionOnPil, TorchvisionOnTensors],
        "albumentations": [Albumentations],
        "kornia": [Kornia],
    }
    return known[name]
