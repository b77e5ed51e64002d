"""The plugin beside pydicom, NumPy, OpenCV and torchvision, in one process and in turns: writes results.md.

python plugins/twinlens-medical/benchmarks/chest.py [ROUNDS]

Every pair's outputs are compared before the clock starts. Times are CPU time of one thread, the median of the rounds.
"""

from __future__ import annotations

import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pydicom
import torch
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from torchvision.transforms import v2
from twinlens_medical import PercentileNormalize, WindowLevel, chest_xray, healthcare, read_dicom

import twinlens

HERE = Path(__file__).parent
_LARGE = "2500 x 2048, uint16"
sys.path.insert(0, str(HERE.parent / "docs"))
from phantoms import chest, slice_hu  # noqa: E402 - made by code, beside the gallery


@dataclass(frozen=True)
class Row:
    """same: how far apart the outputs may be, None where both only do alike."""

    name: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    same: float | None = 0.0


def dicom(path: Path, pixels: np.ndarray[Any, Any], bits: int, **elements: Any) -> Path:
    """A file of one frame."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = CTImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid(entropy_srcs=["twinlens"])
    ds.Rows, ds.Columns = pixels.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, bits, bits - 1
    ds.PixelData = pixels.tobytes()
    ds["PixelData"].VR = "OW"
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    ds.save_as(path, enforce_file_format=True)
    return path


def read_by_pydicom(path: Path) -> np.ndarray[Any, Any]:
    """What a display shows, over 16 bits."""
    ds = pydicom.dcmread(path)
    shown = apply_voi_lut(apply_modality_lut(ds.pixel_array, ds), ds)
    largest = (1 << ds.BitsStored) - 1
    shown = shown / largest
    if ds.PhotometricInterpretation == "MONOCHROME1":
        shown = 1 - shown
    return np.rint(shown * 65535).astype(np.uint16)


def stretched_by_numpy(image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    low, high = np.percentile(image, [0.5, 99.5])
    return np.rint(np.clip((image - low) / (high - low), 0, 1) * 65535).astype(np.uint16)


def equalized_by_opencv(image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return cv2.createCLAHE(32.0, (8, 8)).apply(stretched_by_numpy(image))


def evaluated_by_others(image: np.ndarray[Any, Any]) -> torch.Tensor:
    small = cv2.resize(equalized_by_opencv(image), (224, 224), interpolation=cv2.INTER_AREA)
    tensor = torch.from_numpy(small.astype(np.float32))[None] / 65535
    return v2.functional.normalize(tensor, [0.5], [0.25])


_AUGMENT = v2.Compose(
    [
        v2.RandomResizedCrop(224, scale=(0.8, 1.0), ratio=(0.9, 1.1)),
        v2.RandomAffine(7, translate=(0.03, 0.03), interpolation=v2.InterpolationMode.BILINEAR),
        v2.ColorJitter(0.1, 0.15),
        v2.GaussianNoise(0.0, 0.005),
        v2.Normalize([0.5], [0.25]),
    ]
)


def trained_by_others(image: np.ndarray[Any, Any]) -> torch.Tensor:
    return _AUGMENT(torch.from_numpy(equalized_by_opencv(image).astype(np.float32))[None] / 65535)


def windowed_by_numpy(hu: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    low, high = -600 - 0.5 - 1499 / 2, -600 - 0.5 + 1499 / 2
    share = np.clip((hu.astype(np.float64) - low) / (high - low), 0, 1)
    return np.rint(share * 65535).astype(np.uint16)


def recipe_by_opencv(image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    blurred = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (5, 5), 0)
    return cv2.resize(cv2.createCLAHE(2.0, (8, 8)).apply(blurred), (224, 224))[..., None]


def rows(folder: Path) -> list[Row]:
    stored = chest(2500, 2048)
    plain = dicom(folder / "plain.dcm", stored, 12)
    window = {"WindowCenter": 2100, "WindowWidth": 3000, "RescaleSlope": 1, "RescaleIntercept": 0}
    inverted = dicom(folder / "inverted.dcm", stored, 12, **window, PhotometricInterpretation="MONOCHROME1")
    image = read_dicom(plain)[0]
    flat = image[..., 0]
    stretch, evaluate, train = PercentileNormalize(0.5, 99.5), chest_xray(), chest_xray(train=True)
    hu = (slice_hu(512, 512) + 1024).clip(0).astype(np.uint16)
    lung, recipe = WindowLevel(preset="lung", intercept=-1024.0), healthcare()
    colour = np.repeat((image >> 8).astype(np.uint8), 3, 2)[:1024, :1280].copy()

    def read(path: Path) -> np.ndarray[Any, Any]:
        return read_dicom(path)[0]

    return [
        Row(
            f"DICOM, window, inverted, {_LARGE}",
            lambda: read(inverted)[..., 0],
            lambda: read_by_pydicom(inverted),
            1,
        ),
        Row(f"percentiles, {_LARGE}", lambda: stretch(flat), lambda: stretched_by_numpy(flat)),
        Row("lung window, 512 x 512, uint16", lambda: lung(hu), lambda: windowed_by_numpy(hu - 1024.0), 1),
        Row("healthcare recipe, 1280 x 1024, RGB", lambda: recipe(colour), lambda: recipe_by_opencv(colour)),
        Row("chest, evaluation, from the array", lambda: evaluate(image), lambda: evaluated_by_others(flat), 1e-6),
        Row(
            "chest, evaluation, from the file",
            lambda: evaluate(read(plain)),
            lambda: evaluated_by_others(read_by_pydicom(plain)),
            1e-6,
        ),
        Row(
            "chest, training, from the file",
            lambda: train(read(plain)),
            lambda: trained_by_others(read_by_pydicom(plain)),
            None,
        ),
    ]


def milliseconds(call: Callable[[], Any]) -> float:
    start = time.thread_time()
    call()
    return (time.thread_time() - start) * 1e3


def measured(row: Row, rounds: int) -> tuple[float, float]:
    """Medians of both, in turns."""
    first, second = np.asarray(row.ours(), np.float64), np.asarray(row.theirs(), np.float64)
    assert first.shape == second.shape, row.name
    if row.same is not None:
        apart = np.abs(first - second)
        assert apart.max() <= row.same, f"{row.name}: {apart.max()}"
        assert (apart > 1e-6).mean() < 1e-3, row.name
    times = [(milliseconds(row.ours), milliseconds(row.theirs)) for _ in range(rounds)]
    ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    return ours, theirs


def main() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    twinlens.set_num_threads(1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    versions = ", ".join(f"{module.__name__} {module.__version__}" for module in (np, cv2, pydicom, torch))
    page = [
        "# Speed",
        "",
        "Milliseconds of CPU time on one thread, medians of rounds in which both take turns; outputs compared before.",
        "Written by `python benchmarks/chest.py`.",
        "",
        f"{platform.machine()}, {twinlens.isa()}, {versions}, {rounds} rounds.",
        "",
        "| work | twinlens-medical | pydicom, NumPy, OpenCV, torchvision | ratio |",
        "|---|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(Path(folder)):
            ours, theirs = measured(row, rounds)
            page.append(f"| {row.name} | {ours:.1f} | {theirs:.1f} | {theirs / ours:.1f} |")
            sys.stdout.write(page[-1] + "\n")
    (HERE / "results.md").write_text("\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
