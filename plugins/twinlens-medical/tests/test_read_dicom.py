"""read_dicom: pydicom's values for every kind of file, and the file's name in every error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from files import dataset, item, lut, ramp, saved, write
from hypothesis import given
from hypothesis import strategies as st
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut, apply_windowing
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless
from scans import chest, noise, slice_hu
from twinlens_medical import PRESETS, WindowLevel, read_dicom

from twinlens.errors import DecodeError

DEPTHS = [(8, False), (8, True), (10, False), (12, False), (12, True), (16, False), (16, True)]


def range_of(bits: int, signed: bool) -> tuple[int, int]:
    low = -(1 << (bits - 1)) if signed else 0
    return low, low + (1 << bits) - 1


def displayed(ds: Any, *, largest: int = 65535) -> Any:
    """pydicom's modality and VOI stages, then the ends of its range as 0 and `largest`; MONOCHROME1 last."""
    values = apply_modality_lut(ds.pixel_array, ds).astype(np.float64)
    low, high = range_of(ds.BitsStored, ds.PixelRepresentation == 1)
    slope, intercept = float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
    low, high = low * slope + intercept, high * slope + intercept
    shares = (apply_windowing(values, ds) - low) / (high - low)
    assert -1e-12 <= shares.min() <= shares.max() <= 1 + 1e-12
    rounded = np.rint(np.clip(shares, 0, 1) * largest)
    unsure = np.abs(shares * largest % 1 - 0.5) < 1e-7  # two chains of float64 may fall on either side of a half
    return (largest - rounded if ds.PhotometricInterpretation == "MONOCHROME1" else rounded), unsure


@pytest.mark.parametrize(("bits", "signed"), DEPTHS)
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("rescale", [None, (1, -1024), (0.5, 3.25), (2.75, -100)])
@pytest.mark.parametrize("window", [None, "LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_display_equals_pydicom(
    tmp_path: Path, bits: int, signed: bool, photometric: str, rescale: Any, window: Any
) -> None:
    low, high = range_of(bits, signed)
    slope, intercept = rescale or (1, 0)
    elements: dict[str, Any] = {"PhotometricInterpretation": photometric}
    if rescale is not None:
        elements.update(RescaleSlope=slope, RescaleIntercept=intercept)
    if window is not None:
        middle, extent = (low + high) / 2 * slope + intercept, (high - low) * slope
        elements.update(WindowCenter=round(middle - extent / 7, 2), WindowWidth=round(extent / 3, 2))
        elements["VOILUTFunction"] = window
    path = write(tmp_path / "a.dcm", ramp(bits, signed=signed), bits, **elements)
    image, metadata = read_dicom(path)
    wanted, unsure = displayed(pydicom.dcmread(path))
    assert (image.dtype, image.shape) == (np.uint16, (64, 48, 1))
    apart = np.abs(image[..., 0].astype(np.int64) - wanted)
    assert not apart[~unsure].any()
    assert apart.max() <= 1
    assert unsure.mean() < 0.2
    assert metadata["inverted"] == (photometric == "MONOCHROME1")
    assert (metadata["slope"], metadata["intercept"]) == (slope, intercept)


@pytest.mark.parametrize(("bits", "signed"), DEPTHS)
@pytest.mark.parametrize("rescale", [None, (1, -1024), (0.37, 3.25)])
def test_modality_equals_pydicom(tmp_path: Path, bits: int, signed: bool, rescale: Any) -> None:
    elements = {} if rescale is None else {"RescaleSlope": rescale[0], "RescaleIntercept": rescale[1]}
    path = write(
        tmp_path / "a.dcm", ramp(bits, signed=signed), bits, PhotometricInterpretation="MONOCHROME1", **elements
    )
    image, metadata = read_dicom(path, values="modality")
    ds = pydicom.dcmread(path)
    np.testing.assert_array_equal(image[..., 0], apply_modality_lut(ds.pixel_array, ds).astype(np.float32))
    assert image.dtype == np.float32
    assert metadata["photometric"] == "MONOCHROME1"


@given(st.data())
def test_windows_of_the_file_equal_pydicom(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    bits, signed = data.draw(st.sampled_from(DEPTHS))
    center, width = data.draw(st.integers(-3000, 5000)), data.draw(st.integers(1, 9000))
    pixels = data.draw(st.lists(st.integers(*range_of(bits, signed)), min_size=4, max_size=4))
    stored = np.array(pixels, ("i" if signed else "u") + ("1" if bits == 8 else "2")).reshape(2, 2)
    ds = dataset(stored, bits, WindowCenter=center, WindowWidth=width, RescaleSlope=1, RescaleIntercept=-100)
    path = saved(tmp_path_factory.mktemp("dicom") / "a.dcm", ds)
    image, metadata = read_dicom(path)
    wanted, unsure = displayed(pydicom.dcmread(path))
    apart = np.abs(image[..., 0].astype(np.int64) - wanted)
    assert not apart[~unsure].any()
    assert apart.max() <= 1
    assert metadata["window"] == (center, width)


@pytest.mark.parametrize("nbits", [8, 10, 12, 16])
@pytest.mark.parametrize("first", [0, 100, -50])
def test_voi_lut_equals_pydicom(tmp_path: Path, nbits: int, first: int) -> None:
    entries = np.sort(np.random.default_rng(nbits).integers(0, 1 << nbits, 700))
    stored = ramp(12, signed=first < 0)
    table = lut(entries, first, nbits, signed=first < 0)
    path = write(tmp_path / "a.dcm", stored, 12, VOILUTSequence=[table], WindowCenter=5, WindowWidth=10)
    image, metadata = read_dicom(path)
    found = entries[np.clip(stored.astype(int) - first, 0, 699)]
    if nbits > 8:  # pydicom 3.0 counts positions in 8 bits where entries have as many
        ds = pydicom.dcmread(path)
        np.testing.assert_array_equal(found, apply_voi_lut(ds.pixel_array, ds))
    np.testing.assert_array_equal(image[..., 0], np.rint(found / ((1 << nbits) - 1) * 65535))
    assert metadata["window"] is None


def test_voi_lut_of_packed_bytes(tmp_path: Path) -> None:
    entries = np.arange(256)[::-1]
    table = item(LUTDescriptor=[256, 0, 8])
    table.add_new(0x00283006, "OW", entries.astype(np.uint8).tobytes())
    path = write(tmp_path / "a.dcm", ramp(8, signed=False), VOILUTSequence=[table])
    np.testing.assert_array_equal(read_dicom(path, dtype="uint8")[0][..., 0], 255 - ramp(8, signed=False))


def test_modality_lut_equals_pydicom(tmp_path: Path) -> None:
    entries = np.random.default_rng(3).integers(0, 65536, 1000)
    table = lut(entries, 20, 16)
    table.ModalityLUTType = "US"
    path = write(tmp_path / "a.dcm", ramp(12, signed=False), 12, ModalityLUTSequence=[table])
    ds = pydicom.dcmread(path)
    wanted = apply_modality_lut(ds.pixel_array, ds)
    np.testing.assert_array_equal(read_dicom(path, values="modality")[0][..., 0], wanted)
    np.testing.assert_array_equal(read_dicom(path)[0][..., 0], wanted)


def test_views_and_windows_of_the_caller(tmp_path: Path) -> None:
    hu = slice_hu()
    elements = {"RescaleSlope": 1, "RescaleIntercept": -1024, "WindowCenter": [40, -600], "WindowWidth": [400, 1500]}
    path = write(tmp_path / "ct.dcm", (hu + 1024).astype(np.uint16), 12, **elements)
    modality, _ = read_dicom(path, values="modality")
    np.testing.assert_array_equal(modality[..., 0], hu)
    second, metadata = read_dicom(path, view=1)
    assert metadata["window"] == (-600, 1500)
    np.testing.assert_array_equal(second, read_dicom(path, window="lung")[0])
    for name in PRESETS:
        for dtype in ("uint8", "uint16", "float32"):
            got = read_dicom(path, window=name, dtype=dtype)[0]
            np.testing.assert_array_equal(got, WindowLevel(preset=name, dtype=dtype)(modality))
    sigmoid = read_dicom(path, window=(40, 400), function="sigmoid")[0]
    np.testing.assert_array_equal(sigmoid, WindowLevel(40, 400, function="sigmoid", dtype="uint16")(modality))


def test_sixteen_bits_stay(tmp_path: Path) -> None:
    stored = chest(bits=14)
    image, _ = read_dicom(write(tmp_path / "a.dcm", stored, 14))
    assert len(np.unique(image)) == len(np.unique(stored))
    full = noise((30, 40), "uint16")
    np.testing.assert_array_equal(read_dicom(write(tmp_path / "b.dcm", full))[0][..., 0], full)
    np.testing.assert_array_equal(
        read_dicom(write(tmp_path / "c.dcm", full, PhotometricInterpretation="MONOCHROME1"))[0][..., 0], 65535 - full
    )


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_transfer_syntaxes(tmp_path: Path, syntax: str, bits: int) -> None:
    frames = np.stack([ramp(bits, signed=False), ramp(bits, signed=False)[::-1]])
    ds = dataset(frames, bits, frames=True)
    if syntax == RLELossless:
        ds.compress(RLELossless, generate_instance_uid=False)
        ds.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    else:
        ds.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian and bits > 8:
            ds.PixelData = frames.astype(">u2").tobytes()
        pydicom.dcmwrite(tmp_path / "a.dcm", ds, enforce_file_format=True)
    image, metadata = read_dicom(tmp_path / "a.dcm")
    plain, _ = read_dicom(write(tmp_path / "b.dcm", frames, bits, frames=True))
    assert metadata["transfer_syntax"] == pydicom.uid.UID(syntax).name
    np.testing.assert_array_equal(image, plain)


@pytest.mark.parametrize(("bits", "signed"), [(10, False), (12, True), (12, False)])
def test_unused_bits_do_not_count(tmp_path: Path, bits: int, signed: bool) -> None:
    """Old files keep overlays there."""
    clean = ramp(bits, signed=signed)
    dirty = clean.copy().view(np.uint16)
    mask = np.uint16((1 << bits) - 1)
    dirty = (dirty & mask) | (noise(clean.shape, "uint16") & ~mask)
    path = write(tmp_path / "a.dcm", dirty.view(clean.dtype), bits)
    np.testing.assert_array_equal(read_dicom(path, values="modality")[0][..., 0], clean)
    np.testing.assert_array_equal(read_dicom(path)[0], read_dicom(write(tmp_path / "b.dcm", clean, bits))[0])


def test_frames(tmp_path: Path) -> None:
    stored = np.stack([chest(seed=i) for i in range(3)])
    path = write(tmp_path / "a.dcm", stored, 12, frames=True, WindowCenter=1800, WindowWidth=1000)
    every, metadata = read_dicom(path)
    assert every.shape == (3, 128, 112, 1)
    assert (metadata["frames"], metadata["frame"]) == (3, None)
    for i in range(3):
        one, metadata = read_dicom(path, i)
        assert metadata["frame"] == i
        np.testing.assert_array_equal(one, every[i])
        np.testing.assert_array_equal(one, read_dicom(write(tmp_path / "b.dcm", stored[i], 12), window=(1800, 1000))[0])


def test_functional_groups_of_enhanced_objects(tmp_path: Path) -> None:
    stored = np.stack([np.full((4, 4), 100, np.uint16)] * 2)

    def group(slope: float, center: float) -> Any:
        return item(
            PixelValueTransformationSequence=[item(RescaleSlope=slope, RescaleIntercept=-10)],
            FrameVOILUTSequence=[item(WindowCenter=center, WindowWidth=100)],
        )

    groups = [group(1, 90), group(2, 240)]
    path = write(tmp_path / "a.dcm", stored, frames=True, PerFrameFunctionalGroupsSequence=groups)
    modality = read_dicom(path, values="modality")[0]
    assert [modality[i].max() for i in (0, 1)] == [90, 190]
    shown = read_dicom(path)[0]
    for i, (value, center) in enumerate([(90, 90), (190, 240)]):
        wanted = WindowLevel(center, 100, dtype="uint16")(np.full((4, 4, 1), value, np.float32))
        np.testing.assert_array_equal(shown[i], wanted)
    shared = [item(FrameVOILUTSequence=[item(WindowCenter=100, WindowWidth=200)])]
    path = write(tmp_path / "b.dcm", stored, frames=True, SharedFunctionalGroupsSequence=shared)
    assert read_dicom(path)[1]["window"] == (100, 200)


def test_colour(tmp_path: Path) -> None:
    pixels = noise((12, 10, 3), "uint8")
    path = write(tmp_path / "a.dcm", pixels)
    np.testing.assert_array_equal(read_dicom(path, dtype="uint8")[0], pixels)
    np.testing.assert_array_equal(read_dicom(path)[0], pixels.astype(np.uint16) * 257)
    planes = dataset(pixels, PlanarConfiguration=1)
    planes.PixelData = np.moveaxis(pixels, -1, 0).tobytes()
    np.testing.assert_array_equal(read_dicom(saved(tmp_path / "b.dcm", planes), dtype="uint8")[0], pixels)
    with pytest.raises(DecodeError, match=r"a\.dcm: RGB has no modality values"):
        read_dicom(path, values="modality")


def test_ycbcr_becomes_rgb(tmp_path: Path) -> None:
    from pydicom.pixels.processing import convert_color_space

    pixels = noise((12, 10, 3), "uint8")
    ybr = convert_color_space(pixels, "RGB", "YBR_FULL")
    path = write(tmp_path / "a.dcm", ybr, PhotometricInterpretation="YBR_FULL")
    np.testing.assert_array_equal(read_dicom(path, dtype="uint8")[0], convert_color_space(ybr, "YBR_FULL", "RGB"))


def test_palette(tmp_path: Path) -> None:
    ds = dataset(ramp(8, signed=False), PhotometricInterpretation="PALETTE COLOR")
    tables = noise((3, 256), "uint16")
    for name, table in zip(("Red", "Green", "Blue"), tables, strict=True):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(ds, f"{name}PaletteColorLookupTableData", table.astype("<u2").tobytes())
    image = read_dicom(saved(tmp_path / "a.dcm", ds))[0]
    np.testing.assert_array_equal(image, np.moveaxis(tables[:, ramp(8, signed=False)], 0, -1))


def test_wide_and_real_pixels(tmp_path: Path) -> None:
    wide = np.array([[0, 1 << 31, (1 << 32) - 1]], np.uint32)
    assert read_dicom(write(tmp_path / "a.dcm", wide))[0].ravel().tolist() == [0, 32768, 65535]
    real = np.array([[-2.5, 0.25, 70000.0]], np.float32)
    ds = dataset(np.zeros((1, 3), np.uint32))
    del ds.PixelData
    ds.FloatPixelData = real.tobytes()
    path = saved(tmp_path / "b.dcm", ds)
    np.testing.assert_array_equal(read_dicom(path, values="modality")[0][..., 0], real)
    assert read_dicom(path, window=(0, 10), function="linear-exact")[0].ravel().tolist() == [16384, 34406, 65535]


def test_metadata_is_plain_and_nameless(tmp_path: Path) -> None:
    import json

    elements = {"PatientName": "Doe^Jane", "PatientID": "123", "Modality": "DX", "PixelSpacing": [0.2, 0.3]}
    path = write(tmp_path / "a.dcm", chest(), 12, **elements, ViewPosition="PA", BodyPartExamined="CHEST")
    _, metadata = read_dicom(path)
    text = json.dumps(metadata)
    assert "Jane" not in text
    assert "123" not in text.replace(str(path), "")
    assert (metadata["modality"], metadata["view_position"], metadata["body_part"]) == ("DX", "PA", "CHEST")
    assert metadata["pixel_spacing"] == [0.2, 0.3]
    assert read_dicom(path, tags=["PatientID", "Rows"])[1] == {**metadata, "PatientID": "123", "Rows": 128}


def test_bytes_are_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", chest(), 12)
    np.testing.assert_array_equal(read_dicom(path.read_bytes())[0], read_dicom(str(path))[0])
