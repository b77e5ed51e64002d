"""read_dicom: every error names the file and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from files import dataset, lut, saved, write
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import JPEG2000Lossless, RLELossless
from scans import chest
from twinlens_medical import DicomFolder, read_dicom

from twinlens.errors import ArgumentError, DecodeError


def window(width: float, function: str) -> dict[str, Any]:
    return {"WindowCenter": 5, "WindowWidth": width, "VOILUTFunction": function}


def table(count: int, bits: int) -> dict[str, Any]:
    """Of 9 entries, whatever the descriptor says."""
    made = lut(np.arange(9), 0, bits)
    made.LUTDescriptor = [count, 0, bits]
    return {"VOILUTSequence": [made]}


#: elements, None for those that are taken out, and what the message says
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no rows": ({"Rows": None}, r"Rows \(0028,0010\) missing"),
    "no pixels": ({"PixelData": None}, r"holds no pixels \(CT Image Storage\)"),
    "short": ({"PixelData": b"0" * 100}, "frame 0 of 1 cannot be decoded: .*pixel data"),
    "narrow": (window(0.5, "LINEAR"), "WindowWidth=0.5 must be at least 1 for LINEAR"),
    "flat": (window(0, "SIGMOID"), "WindowWidth=0.0 must be above 0 for SIGMOID"),
    "function": (window(9, "CUBIC"), "VOILUTFunction='CUBIC' must be LINEAR"),
    "slope": ({"RescaleSlope": 0}, "RescaleSlope=0 makes all pixels alike"),
    "photometric": ({"PhotometricInterpretation": "HSV"}, "PhotometricInterpretation='HSV' is not supported"),
    "samples": ({"SamplesPerPixel": 3}, "SamplesPerPixel=3 does not go with MONOCHROME2, which has 1"),
    "high bit": ({"HighBit": 15}, "HighBit=15 with BitsStored=12"),
    "bits": ({"BitsStored": 17}, "BitsStored=17 must be an integer from 1 to 16"),
    "frames": ({"NumberOfFrames": -1}, "NumberOfFrames=.*-1.* must be an integer"),
    "table": (table(10, 12), "VOILUTSequence has 9 entries, its LUTDescriptor says 10"),
    "table of 17 bits": (table(9, 17), "VOILUTSequence has entries of 17 bits"),
    "huge": ({"Rows": 65535, "Columns": 65535}, "the header says 65535x65535 = 4294836225 pixels, above"),
}


@pytest.mark.parametrize("name", BAD)
def test_errors_name_the_file_and_what_is_wrong(tmp_path: Path, name: str) -> None:
    changes, message = BAD[name]
    ds = dataset(chest(), 12)
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    path = saved(tmp_path / "bad one.dcm", ds)
    with pytest.raises(DecodeError, match=f"bad one.dcm: {message}"):
        read_dicom(path)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match=r"missing\.dcm: No such file"):
        read_dicom(tmp_path / "missing.dcm")
    (tmp_path / "text.dcm").write_text("no image at all" * 20)
    with pytest.raises(DecodeError, match=r"text\.dcm: not a DICOM file"):
        read_dicom(tmp_path / "text.dcm")
    with pytest.raises(DecodeError, match="bytes: not a DICOM file"):
        read_dicom(b"")
    whole = write(tmp_path / "a.dcm", chest(), 12).read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[:4000])
    with pytest.raises(DecodeError, match=r"cut\.dcm: "):
        read_dicom(tmp_path / "cut.dcm")


@given(st.data())
@pytest.mark.filterwarnings("ignore")
def test_damage_anywhere_names_the_file(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    """A flipped or lost byte gives pixels or a DecodeError with the name, never anything else."""
    ds = dataset(chest(20, 16), 12, **window(900, "LINEAR"), RescaleSlope=1, VOILUTSequence=[lut(np.arange(9), 0, 12)])
    if data.draw(st.booleans()):
        ds.compress(RLELossless, generate_instance_uid=False)
    path = tmp_path_factory.mktemp("damage") / "bad.dcm"
    ds.save_as(path, enforce_file_format=True)
    whole = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(128, len(whole) - 1), min_size=1, max_size=6)):
        whole[place] = data.draw(st.integers(0, 255))
    path.write_bytes(whole[: data.draw(st.integers(100, len(whole)))])
    said = []
    for call in (lambda: read_dicom(path)[0].ndim in (3, 4), lambda: len(DicomFolder(path.parent)) > 0):
        try:
            said.append(call())
        except (ArgumentError, DecodeError) as error:
            said.append(str(error))
    assert said[0] is True or "bad.dcm: " in said[0]
    assert said[1] is True or said[1].endswith("no DICOM image in it")


def test_compression_without_a_decoder(tmp_path: Path) -> None:
    ds = dataset(chest(), 12)
    ds.compress(RLELossless, generate_instance_uid=False)
    ds.file_meta.TransferSyntaxUID = JPEG2000Lossless
    ds.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    with pytest.raises(DecodeError, match=r"a\.dcm: (compressed as JPEG 2000.* wants one of|frame 0 of 1 cannot be)"):
        read_dicom(tmp_path / "a.dcm")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"values": "stored"}, "values='stored' must be 'display' or 'modality'"),
        ({"dtype": "int16"}, "dtype='int16'"),
        ({"values": "modality", "dtype": "uint16"}, "dtype='uint16' with values='modality'"),
        ({"window": "knee"}, "preset='knee'"),
        ({"window": (40, 0)}, r"window=\(40, 0\) must be a preset or \(center, width\), width at least 1"),
        ({"window": (40, 0), "function": "sigmoid"}, "width above 0"),
        ({"window": (40, float("nan"))}, "window="),
        ({"window": 40}, "window=40"),
        ({"function": "cubic"}, "function='cubic'"),
        ({"view": -1}, "view=-1"),
        ({"frame": True}, "frame=True"),
        ({"frame": 1}, "frame=1, but .*dcm has 1"),
        ({"tags": ["NoSuch"]}, "'NoSuch' is no keyword"),
    ],
)
def test_refuses_arguments(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    path = write(tmp_path / "a.dcm", chest(), 12)
    with pytest.raises(ArgumentError, match=message):
        read_dicom(path, **options)


def test_sources_that_are_none() -> None:
    with pytest.raises(ArgumentError, match="source=5 must be a path or bytes"):
        read_dicom(5)  # type: ignore[arg-type]


def test_view_that_the_file_has_not(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", chest(), 12, WindowCenter=[1, 2], WindowWidth=[9, 9])
    with pytest.raises(DecodeError, match=r"a\.dcm: view=2, but WindowCenter has 2"):
        read_dicom(path, view=2)
