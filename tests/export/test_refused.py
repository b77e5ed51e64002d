"""What has no graph is named, all of it, before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinlens import export
from twinlens import transforms as T
from twinlens.errors import ArgumentError, ExportError, InputError
from twinlens.steps import Crop


def _halved(image: Any) -> Any:
    return image // 2


@pytest.mark.parametrize(
    ("transform", "reason"),
    [
        (T.RandomHorizontalFlip(), r"RandomHorizontalFlip\(\): it draws at random"),
        (T.RandomResizedCrop(32), r"RandomResizedCrop\(.*\): it draws at random"),
        (T.ColorJitter(0.2), r"ColorJitter\(.*\): it draws at random"),
        (T.RandomApply([T.RandomHorizontalFlip()], p=1.0), r"RandomApply\(.*\): it draws at random"),
        (T.Lambda(_halved), r"Lambda\(.*\): it runs Python code"),
        (T.Resize(32, semantics="opencv"), r"Resize\(.*\): OpenCV's linear has no graph; Pillow's filters have"),
        (T.FiveCrop(8), r"FiveCrop\(.*\): "),
        (T.ToDtype("bfloat16", scale=True), r"ToDtype\(.*\): results of bfloat16 have no graph"),
        (T.Denoise(), r"Denoise\(.*\): the step Denoise has no graph"),
        (T.Normalize(0.5, 0.5), r"Normalize\(.*\): Normalize: the image is uint8; put ToTensor"),
        (T.Pad(1, fill=(1, 2)), r"Pad\(.*\): Pad: fill has 2 values, image has 3 channels"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_the_reason(transform: T.Transform, reason: str) -> None:
    with pytest.raises(ExportError, match=f"^the pipeline cannot be exported: {reason}"):
        export.onnx(transform)


@pytest.mark.parametrize("transform", [T.Lambda(_halved), T.Grayscale(3)])
def test_what_comes_after_is_not_blamed(transform: T.Transform) -> None:
    """Nobody knows what images the second one would get."""
    pipe = T.Compose([T.CenterCrop(9), transform, T.Normalize([0.5] * 3, [0.5] * 3), T.RandomInvert()])
    with pytest.raises(ExportError, match=r"at 3: it draws at random") as caught:
        export.onnx(pipe, channels=2)
    assert f"{type(transform).__name__}(" in str(caught.value)
    assert "Normalize" not in str(caught.value)


def test_images_that_a_transform_refuses() -> None:
    with pytest.raises(ExportError, match=r"RGB\(\): RGB: wants 1 or 3 channels, image has 4"):
        export.onnx(T.RGB(), channels=4)


def test_all_are_named_and_nothing_is_written(tmp_path: Path) -> None:
    pipe = T.Compose([T.Resize(20), T.RandomInvert(), T.Morphological(p=1.0), T.ToTensor(), T.RandomErasing()])
    with pytest.raises(ExportError) as caught:
        export.onnx(pipe, tmp_path / "out.onnx")
    text = str(caught.value)
    assert [name in text for name in ("RandomInvert() at 1", "Morphological(", "RandomErasing() at 4", "Resize(")] == [
        True, True, True, False,
    ]  # fmt: skip
    assert "\n" not in text
    assert list(tmp_path.iterdir()) == []


class Tricky(T.Transform):
    """Its steps follow from the size behind the back of the array."""

    def lower(self, params: Any, spec: Any) -> Any:
        del params
        plain = np.asarray(spec.h)
        yield Crop(np.array([0]), np.array([0]), np.maximum(plain // 2, 1), spec.w)


class Deciding(T.Transform):
    """Its steps are chosen by the size."""

    def lower(self, params: Any, spec: Any) -> Any:
        del params
        from twinlens.steps import Flip

        if spec.h[0] > 40:
            yield Flip(np.array([True]), np.array([False]))


@pytest.mark.parametrize("transform", [Tricky(), Deciding()], ids=["Tricky", "Deciding"])
def test_steps_that_hide_the_size(transform: T.Transform) -> None:
    with pytest.raises(ExportError, match="its steps depend on the size in a way that has no graph"):
        export.onnx(transform)


class Checked(Crop):
    """Its check looks at several numbers at once."""

    def result(self, spec: Any) -> Any:
        if np.stack([self.h, self.w]).min() < 1:
            raise InputError("nothing is left")
        return super().result(spec)


class Checking(T.Transform):
    """All but the first row."""

    def lower(self, params: Any, spec: Any) -> Any:
        del params
        yield Checked(np.array([1]), np.array([0]), spec.h - 1, spec.w)


def test_checks_of_several_numbers() -> None:
    with pytest.raises(ExportError, match="the step Checked has no graph"):
        export.onnx(Checking())


class Halved(T.Transform):
    """Somebody's own transform, of NumPy and the size."""

    def lower(self, params: Any, spec: Any) -> Any:
        del params
        from twinlens.steps import Resample

        yield Resample("bilinear", np.maximum(spec.h // 2, 1), np.maximum(spec.w // 3 - 1, 1))


def test_somebody_elses_transform() -> None:
    from onnx_twin import Twin

    twin = Twin(T.Compose([Halved(), T.ToTensor()]))
    for size in [(1, 1), (40, 61), (33, 2)]:
        twin.pipe = T.Compose([Halved(), T.ToTensor()])
        twin.check(*size)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "nchw"}, "layout='nchw' must be 'hwc' or 'chw'"),
        ({"channels": 0}, "channels=0 must be a positive integer"),
        ({"opset": 11}, "opset=11 must be an integer from 12 to"),
        ({"input_name": ""}, "input_name='' must be a name"),
        ({"output_name": "image"}, "input_name and output_name are both 'image'"),
    ],
)
def test_arguments(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        export.onnx(T.Resize(20), **options)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"the folder .* does not exist"):
        export.onnx(T.Resize(20), tmp_path / "none" / "out.onnx")
