"""Statistics of sets of images: NumPy's float64 figures however the set is divided, a census, duplicates, files."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import twinlens
from twinlens import transforms as T
from twinlens.cli.app import invoke
from twinlens.data import Statistics, stats
from twinlens.data.statistics.pixels import FLOAT_RANGE, Pixels
from twinlens.errors import ArgumentError


def pictures(n: int, dtype: str = "uint8", channels: int = 3, seed: int = 0) -> list[Any]:
    """Of different sizes; the first one flat."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(n):
        shape = (*rng.integers(1, 30, 2).tolist(), channels)
        values = rng.random(shape) * rng.random() if i else np.full(shape, 0.25)
        if dtype.startswith("float"):
            made.append((6 * values - 3).astype(dtype))
        else:
            made.append(np.rint(values * np.iinfo(dtype).max).astype(dtype))
    return made


def reference(images: list[Any]) -> dict[str, Any]:
    """The same figures by NumPy, over all pixels at once."""
    scale = 1.0 if images[0].dtype.kind == "f" else float(np.iinfo(images[0].dtype).max)
    together = np.concatenate([image.reshape(-1, image.shape[2]) for image in images]).astype(np.float64) / scale
    own = np.stack([(image.astype(np.float64) / scale).std((0, 1)) for image in images])
    return {
        "mean": together.mean(0), "std": together.std(0), "mean_of_image_stds": own.mean(0),
        "std_of_image_stds": own.std(0), "low": together.min(0) * scale, "high": together.max(0) * scale,
    }  # fmt: skip


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@settings(max_examples=20)
@given(
    n=st.integers(1, 9),
    channels=st.integers(1, 4),
    cuts=st.lists(st.integers(0, 9), max_size=4),
    seed=st.integers(0, 99),
)
def test_figures_are_numpys_whatever_the_division(
    dtype: str, n: int, channels: int, cuts: list[int], seed: int
) -> None:
    images = pictures(n, dtype, channels, seed)
    ends = [0, *sorted(cut for cut in cuts if cut < n), n]
    parts = []
    for start, end in pairwise(ends):
        part = Statistics()
        for image in images[start:end]:
            part.add(image)
        parts.append(part)
    whole = Statistics()
    for part in reversed(parts):
        whole.merge(part)
    assert whole.images == n
    for name, wanted in reference(images).items():
        np.testing.assert_allclose(getattr(whole.only, name), wanted, rtol=1e-9, atol=1e-12, err_msg=name)
    if dtype.startswith("uint"):
        one = Statistics()
        for image in images:
            one.add(image)
        assert (one.mean, one.std) == (whole.mean, whole.std)  # exact sums, in any order
        np.testing.assert_array_equal(one.only.histogram, whole.only.histogram)
    assert Statistics.from_dict(json.loads(json.dumps(whole.to_dict()))).to_dict() == whole.to_dict()


def test_many_pixels_are_counted_exactly() -> None:
    image = np.full((4100, 4200, 1), 7, np.uint8)  # more than a float32 counts
    image[-1, -1] = 9
    found = Pixels.of(image)
    assert (found.histogram[0, 7], found.histogram[0, 9]) == (4100 * 4200 - 1, 1)


def test_float_histogram_and_its_ends() -> None:
    found = Pixels.of(np.array([[[-9.0], [0.0], [99.0]]], np.float32))
    width = (FLOAT_RANGE[1] - FLOAT_RANGE[0]) / found.histogram.shape[1]
    assert np.flatnonzero(found.histogram[0]).tolist() == [
        0,
        round(-FLOAT_RANGE[0] / width),
        found.histogram.shape[1] - 1,
    ]


class Dataset:
    """Samples of a kind, made of arrays."""

    def __init__(self, images: list[Any], kind: str) -> None:
        self.images, self.kind = images, kind

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> Any:
        image = self.images[i]
        if self.kind == "tuple":
            return image, i
        if self.kind == "mapping":
            return {"image": image, "mask": None}
        if self.kind == "tensor":
            return torch.from_numpy(image).permute(2, 0, 1)
        if self.kind == "pil":
            return Image.fromarray(image), i
        return image


@pytest.mark.parametrize("kind", ["array", "tuple", "mapping", "tensor", "pil"])
def test_datasets(kind: str) -> None:
    images = pictures(7)
    found = stats(Dataset(images, kind), workers=3)
    np.testing.assert_allclose(found.mean, reference(images)["mean"], rtol=1e-12)
    assert found.sizes.total() == 7
    assert not found.failures
    assert stats(Dataset(images, kind), workers=1).to_dict() == found.to_dict()


def test_after_a_pipeline() -> None:
    images = pictures(5)
    pipe = T.Compose([T.RandomResizedCrop(8), T.ToTensor()])
    found = stats(images, pipe, seed=4, duplicates=False)
    assert found.after is not None
    made = [pipe(image, key=twinlens.key(4, 0, i)).numpy() for i, image in enumerate(images)]
    np.testing.assert_allclose(found.after.mean, np.stack(made).astype(np.float64).mean((0, 2, 3)), rtol=1e-9)
    assert found.after.modes == {"array float32 x 3": 5}
    assert not found.likenesses


def jpeg(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures, one of them four times in other clothes, and files that are none."""
    root = tmp_path / "photos"
    (root / "a").mkdir(parents=True)
    first, second = (Image.effect_mandelbrot((120, 90), (-2 + i, -1, 1, 1), 100).convert("RGB") for i in (0, 1))
    (root / "a" / "first.jpg").write_bytes(jpeg(first))
    (root / "a" / "copy.jpg").write_bytes(jpeg(first))
    (root / "again.jpg").write_bytes(jpeg(first, quality=40))
    first.resize((240, 180), Image.Resampling.BICUBIC).save(root / "large.png")
    (root / "second.jpg").write_bytes(jpeg(second))
    second.convert("L").save(root / "gray.png")
    for i, color in enumerate(("white", "red")):
        Image.new("RGB", (30, 20), color).save(root / f"flat{i}.png")
    (root / "cut.jpg").write_bytes(jpeg(first)[:900])
    (root / "empty.png").write_bytes(b"")
    (root / "text.jpg").write_text("not a picture")
    return root


def test_census(folder: Path) -> None:
    found = stats(folder)
    assert found.images == 8
    assert found.modes == {"JPEG RGB": 4, "PNG RGB": 3, "PNG L": 1}
    reasons = {Path(name).name: reason for name, reason in found.failures}
    assert set(reasons) == {"cut.jpg", "empty.png", "text.jpg"}
    assert "empty" in reasons["empty.png"]
    assert "not a JPEG" in reasons["text.jpg"]
    assert found.sizes[90, 120] == 5
    groups = [{Path(name).name for name in group} for group in found.duplicates()]
    assert sorted(groups, key=len) == [{"second.jpg", "gray.png"}, {"first.jpg", "copy.jpg", "again.jpg", "large.png"}]
    assert {Path(name).name for name in found.duplicates(0)[0]} >= {"first.jpg", "copy.jpg"}


def test_pictures_that_are_not_alike_are_no_duplicates() -> None:
    rng = np.random.default_rng(3)
    images = [np.kron(rng.integers(0, 256, (9, 9, 3), np.uint8), np.ones((6, 6, 1), np.uint8)) for _ in range(300)]
    found = stats(images)
    assert found.duplicates() == []
    assert len(stats([*images, images[0]]).duplicates()) == 1


def test_kinds_do_not_mix() -> None:
    found = stats([*pictures(2), *pictures(2, channels=1)])
    assert set(found.pixels) == {"uint8 x 3", "uint8 x 1"}
    with pytest.raises(
        ArgumentError, match="wants images of one dtype and number of channels, got uint8 x 1: 2 images"
    ):
        _ = found.mean
    with pytest.raises(ArgumentError, match="does not go with"):
        found.pixels["uint8 x 3"].merge(found.pixels["uint8 x 1"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stats(3), "source=int must be a folder"),
        (lambda: stats([], workers=0), "workers=0 must be a positive integer"),
        (lambda: stats("/nowhere/at/all"), "no such folder"),
        (lambda: Statistics().duplicates(40), "distance=40 must be"),
        (lambda: Statistics.from_dict({}), "wants what to_dict made"),
    ],
)
def test_refusals(call: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()


PIPE = "pipeline:\n  - Resize: {size: [40, 60]}\n  - ToTensor\n"


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report, picture, pipe = tmp_path / "stats.json", tmp_path / "stats.png", tmp_path / "pipe.yaml"
    pipe.write_text(PIPE)
    given = [str(folder), "--json", str(report), "--png", str(picture), "--pipeline", str(pipe), "--write", str(pipe)]
    assert invoke(["stats", *given]) == 0
    out = capsys.readouterr().out
    for words in ("mean of image stds", "std of image stds", "after the pipeline", "what --write uses", "added in"):
        assert words in out
    found = stats(folder, T.Compose([T.Resize((40, 60)), T.ToTensor()]))
    saved = json.loads(report.read_text())
    assert Statistics.from_dict(saved).to_dict() == found.to_dict()
    assert saved["duplicates"] == found.duplicates()
    assert found.after is not None
    with Image.open(picture) as image:
        assert image.width == 2000
        assert len(image.getcolors(1 << 20) or []) > 20
    normalize = twinlens.load(pipe).transforms[-1]
    np.testing.assert_allclose(normalize.mean, found.after.mean, atol=1e-6)
    np.testing.assert_allclose(normalize.std, found.after.std, atol=1e-6)
    # Again: what stands before Normalize counts, and the one that is there is replaced.
    assert invoke(["stats", *given]) == 0
    assert "replaced in" in capsys.readouterr().out
    again = twinlens.load(pipe)
    assert len(again.transforms) == 3
    assert again.transforms[-1] == normalize


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "pipeline:\n  - RandomApply: {transforms: [Normalize: {mean: [0.5], std: [0.5]}]}\n",
            "1 Normalize, 0 of them at",
        ),
        ("pipeline:\n" + "  - Normalize: {mean: [0.5], std: [0.5]}\n" * 2, "2 Normalize, 2 of them"),
        ("pipeline:\n  Resize: {size: 4}\n", "wants a list of transforms, got Resize"),
    ],
)
def test_where_nothing_can_be_written(
    text: str, message: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe = tmp_path / "pipe.yaml"
    pipe.write_text(text)
    assert invoke(["stats", str(folder), "--write", str(pipe)]) == 1
    captured = capsys.readouterr()
    assert message in captured.err
    assert "read" not in captured.out  # before any work
    assert pipe.read_text() == text


def test_nothing_to_read_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    assert invoke(["stats", str(tmp_path)]) == 1
    assert "none of 1 images could be read" in capsys.readouterr().err
