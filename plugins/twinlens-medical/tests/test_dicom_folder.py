"""DicomFolder: which files, which frames, and what loaders make of them."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from files import dataset, saved, write
from scans import chest
from twinlens_medical import DicomFolder, chest_xray, open_dicom, read_dicom

import twinlens
from twinlens import transforms as T
from twinlens.data import Loader, Source, read, run
from twinlens.data.sources import open_source
from twinlens.errors import ArgumentError, DecodeError


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Two classes, names without suffix, several frames, and files that are no images."""
    for i in range(3):
        write(tmp_path / "ill" / f"IM{i:04}", chest(90 + i, 80, seed=i), 12)
    write(tmp_path / "well" / "cine.dcm", np.stack([chest(90, 80, seed=i) for i in range(4)]), 12, frames=True)
    (tmp_path / "well" / "notes.dcm").write_text("not an image" * 40)
    (tmp_path / "short").write_bytes(b"DICM")
    report = dataset(chest(4, 4), 12)
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(report, keyword)
    saved(tmp_path / "well" / "report", report)
    return tmp_path


def test_samples(scans: Path) -> None:
    folder = DicomFolder(scans)
    assert folder.samples == [
        *((f"ill/IM{i:04}", None) for i in range(3)),
        *(("well/cine.dcm", i) for i in range(4)),
    ]
    assert len(folder) == 7
    sample = folder[4]
    image, metadata = read_dicom(scans / "well" / "cine.dcm", 1)
    np.testing.assert_array_equal(sample["image"], image)
    assert sample["label"] == "well"
    assert sample["metadata"] == {**metadata, "path": "well/cine.dcm/00001"}
    with pytest.raises(IndexError):
        folder[7]


def test_frames(scans: Path) -> None:
    assert [frame for _, frame in DicomFolder(scans, frames="first").samples] == [None, None, None, 0]
    everything = DicomFolder(scans, frames="all", values="modality")
    assert [sample["image"].shape for sample in everything][3] == (4, 90, 80, 1)
    assert everything[0]["image"].dtype == np.float32


def test_a_header_that_promises_too_many_frames(tmp_path: Path) -> None:
    write(tmp_path / "a.dcm", chest(8, 8), 12, NumberOfFrames=2_000_000_000)
    folder = DicomFolder(tmp_path)
    assert len(folder) == 1
    with pytest.raises(DecodeError, match=r"a\.dcm: frame 0 of 2000000000 cannot be decoded"):
        folder[0]


def test_loaders(scans: Path) -> None:
    folder, pipe = DicomFolder(scans), chest_xray(48, train=True)
    wanted = torch.stack([pipe(folder[i]["image"], key=twinlens.key(0, 0, i)) for i in range(7)])
    for threads in (1, 3):
        batches = list(Loader(folder, pipe, batch_size=3, num_threads=threads))
        assert torch.equal(torch.cat([batch["image"] for batch in batches]), wanted)
        labels = [label for batch in batches for label in batch["label"]]
        assert labels == ["ill"] * 3 + ["well"] * 4
        paths = [path for batch in batches for path in batch["metadata"]["path"]]
        assert paths == [folder.path(i) for i in range(7)]
    copy = pickle.loads(pickle.dumps(folder))
    np.testing.assert_array_equal(copy[5]["image"], folder[5]["image"])


def test_a_source_of_images(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = open_source(f"medical.dicom:{scans}")
    assert isinstance(folder, Source)
    assert [folder.path(i) for i in (0, 4)] == ["ill/IM0000", "well/cine.dcm/00001"]
    assert len({folder.path(i) for i in range(7)}) == 7
    out = tmp_path_factory.mktemp("shards")
    summary = run(f"medical.dicom:{scans}?dtype=uint8", T.Resize((32, 40)), out)
    assert (summary.written, summary.failed) == (7, 0)
    for i, record in enumerate(read(out)):
        assert (record.path, record.label) == (folder.path(i), folder.label(i))
        wanted = T.Resize((32, 40))(read_dicom(scans / folder.samples[i][0], folder.samples[i][1], dtype="uint8")[0])
        np.testing.assert_array_equal(np.squeeze(record.image), wanted[..., 0])


def test_options_of_the_source(scans: Path) -> None:
    opened = open_dicom(f"{scans}?window=lung&frames=first&view=0&values=display&function=linear&dtype=uint8")
    assert (opened.frames, opened.options["window"], opened.options["dtype"]) == ("first", "lung", "uint8")
    assert open_dicom(f"{scans}?window=-600,1500").options["window"] == (-600, 1500)
    for query, message in (
        ("widow=3", "'widow=3' must be one of dtype="),
        ("window", "'window' must be one of"),
        ("view=one", "view='one' must be an integer"),
        ("frames=none", "frames='none'"),
    ):
        with pytest.raises(ArgumentError, match=message):
            open_dicom(f"{scans}?{query}")


def test_a_damaged_file_is_named_when_it_is_read(scans: Path) -> None:
    whole = (scans / "ill" / "IM0001").read_bytes()
    (scans / "ill" / "IM0001").write_bytes(whole[:-500])
    folder = DicomFolder(scans)
    assert len(folder) == 7
    with pytest.raises(DecodeError, match=r"ill/IM0001: frame 0 of 1 cannot be decoded"):
        folder[1]
    loader = Loader(folder, chest_xray(32), batch_size=7, on_error="skip")
    (batch,) = loader
    assert len(batch["image"]) == 6
    (failure,) = loader.failures
    assert "IM0001" in failure.reason


def test_refuses(tmp_path: Path, scans: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path, message in ((tmp_path / "none", "no such folder"), (tmp_path / "empty", "no DICOM image in it")):
        with pytest.raises(ArgumentError, match=message):
            DicomFolder(path)
    with pytest.raises(ArgumentError, match="frames='last'"):
        DicomFolder(scans, frames="last")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="no argument named 'windows'"):
        DicomFolder(scans, windows=3)
