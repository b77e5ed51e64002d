"""scikit-image's pictures, those that are on this machine already: nothing is downloaded."""

from __future__ import annotations

import shutil
from pathlib import Path

from twinlens.errors import TwinlensError

__all__ = ["collect"]

#: files and the folder, that is the label, that each goes to
_PICTURES = {
    "astronaut.png": "people",
    "chelsea.png": "animals",
    "coffee.png": "things",
    "rocket.jpg": "things",
    "retina.jpg": "medicine",
    "page.png": "documents",
    "hubble_deep_field.jpg": "sky",
    "camera.png": "people",
}


def _folders() -> list[Path]:
    """Where scikit-image keeps pictures: in its wheel (older ones, in part), and in pooch's cache."""
    try:
        import skimage
        from skimage import data
    except ImportError:
        raise TwinlensError("the demo's pictures are scikit-image's: pip install twinlens[demo]") from None
    return [Path(skimage.__file__).parent / "data", Path(data.data_dir)]


def collect(target: Path) -> tuple[list[Path], list[str]]:
    """Copies the pictures into folders below `target`; returns them, and the names of those that are not here."""
    folders = _folders()
    copied, missing = [], []
    for name, label in _PICTURES.items():
        found = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if found is None:
            missing.append(name)
            continue
        (target / label).mkdir(parents=True, exist_ok=True)
        copied.append(Path(shutil.copy(found, target / label / name)))
    if not copied:
        raise TwinlensError("none of scikit-image's pictures is on this machine; skimage.data.download_all() gets them")
    return copied, missing
