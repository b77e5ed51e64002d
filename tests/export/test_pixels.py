"""Graphs give the native engine's bits, whatever the size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnx_twin import Twin

from twinlens import transforms as T
from twinlens.errors import InputError
from twinlens.steps import Adjust, Channels, ColorConvert, ColorMatrix, Convert, Normalize, Spec, Step

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
FILTERS = ["box", "bilinear", "hamming", "bicubic", "lanczos"]

RESIZED = {
    "eval": T.Compose([T.Resize(64), T.CenterCrop(56), T.ToTensor(), T.Normalize(MEAN, STD)]),
    "float": T.Compose([T.ToTensor(), T.Resize(40, "bicubic"), T.CenterCrop(33), T.Normalize(MEAN, STD)]),
    **{name: T.Resize((29, 34), name) for name in FILTERS},
}

OTHERS = {
    "nothing": T.Compose([]),
    "shorter side": T.Resize(31, max_size=70),
    "float lanczos": T.Compose([T.ToTensor(), T.Resize((20, 40), "lanczos")]),
    "nearest": T.Resize((29, 34), "nearest"),
    "opencv's nearest": T.Resize((29, 34), "nearest", semantics="opencv"),
    "letter box": T.LetterBox(48, fill=[9, 200, 0]),
    "longest side": T.LongestMaxSize(40, semantics="pillow", interpolation="bilinear"),
    "crop": T.CenterCrop((40, 33)),
    "crop, floor": T.CenterCrop((32, 33), rounding="floor"),
    "pad if needed": T.PadIfNeeded(50, 60, border_mode="edge"),
    "pad to multiples": T.PadIfNeeded(None, None, 8, 16, position="top_left"),
    "pad": T.Pad([1, 2, 3, 4], fill=7),
    "pad, colour": T.Pad(2, fill=(1, 2, 3)),
    "pad, edge": T.Pad(3, padding_mode="edge"),
    "pad, reflect": T.Pad([2, 1], padding_mode="reflect"),
    "pad, symmetric": T.Pad(1, padding_mode="symmetric"),
    "crop by padding": T.Pad([-1, 2, -2, -1]),
    "float pad": T.Compose([T.ToTensor(), T.Pad(2, fill=0.5)]),
    "flips": T.Compose([T.RandomHorizontalFlip(p=1.0), T.RandomVerticalFlip(p=1.0), T.RandomVerticalFlip(p=0.0)]),
    "transpose": T.Transpose(p=1.0),
    "gray": T.Grayscale(),
    "three grays": T.RandomGrayscale(p=1.0),
    "tables": T.Compose([T.RandomInvert(p=1.0), T.RandomPosterize(3, p=1.0), T.RandomSolarize(99, p=1.0)]),
    "sepia": T.ToSepia(p=1.0),
    "half": T.Compose([T.ToTensor(), T.Normalize(MEAN, STD), T.ToDtype("float16")]),
    "half, resized": T.Compose([T.ToTensor(), T.Resize(20), T.Normalize(0.5, 1e-5), T.ToDtype("float16"), T.Pad(1)]),
    "there and back": T.Compose([T.ToTensor(), T.Resize(20), T.ConvertImageDtype("uint8"), T.RandomInvert(p=1.0)]),
    "equalize": T.Compose([T.Resize(40), T.RandomEqualize(p=1.0)]),
    "equalize, opencv": T.HistogramEqualization(),
    "autocontrast": T.Compose([T.RandomPosterize(2, p=1.0), T.RandomAutocontrast(p=1.0)]),
    "clahe": T.CLAHE(),
    "clahe, channels": T.CLAHE(clip_limit=3.5, tile_grid_size=(3, 2), mode="channel"),
    "clahe, not clipped": T.Compose([T.Grayscale(), T.CLAHE(clip_limit=0.0, tile_grid_size=(2, 4))]),
    "apply": T.RandomApply([T.Resize(20), T.Grayscale()], p=1.0),
}
PIPES = {**RESIZED, **OTHERS}


@pytest.fixture(scope="module")
def twins() -> dict[str, Twin]:
    return {}


def twin(twins: dict[str, Twin], name: str) -> Twin:
    if name not in twins:
        twins[name] = Twin(PIPES[name])
    return twins[name]


SIDES = st.one_of(st.integers(1, 12), st.integers(1, 150))


@pytest.mark.parametrize("name", RESIZED)
@settings(max_examples=9)
@given(h=SIDES, w=SIDES, seed=st.integers(0, 99))
@example(1, 97, 0)
@example(83, 1, 1)
@example(1, 1, 2)
def test_sizes(twins: dict[str, Twin], name: str, h: int, w: int, seed: int) -> None:
    twin(twins, name).check(h, w, seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*RESIZED, "clahe", "equalize", "letter box"])
def test_many_sizes(twins: dict[str, Twin], name: str) -> None:
    """600 sizes for the usual pipeline, 100 for the others; every sixth has one row or one column."""
    numbers = np.random.default_rng(len(name))
    for i in range(600 if name == "eval" else 100):
        h, w = (int(n) for n in np.exp(numbers.uniform(0, np.log(700), 2)))
        twin(twins, name).check(*{0: (1, w), 3: (h, 1)}.get(i % 6, (h, w)), i)


@pytest.mark.parametrize("size", [(480, 640), (333, 500), (2000, 13), (224, 224), (256, 256)])
def test_the_usual_pipeline(twins: dict[str, Twin], size: tuple[int, int]) -> None:
    PIPES["224"] = T.Compose([T.Resize(256), T.CenterCrop(224), T.ToTensor(), T.Normalize(MEAN, STD)])
    twin(twins, "224").check(*size)


@pytest.mark.parametrize("name", OTHERS)
def test_other_transforms(twins: dict[str, Twin], name: str) -> None:
    checked = 0
    for i, size in enumerate([(1, 1), (1, 33), (41, 1), (7, 5), (29, 34), (64, 47), (90, 111)]):
        graph = twin(twins, name)
        try:
            graph.wanted(graph.image(*size, i))
        except InputError:
            continue  # nobody asks what becomes of an image that the pipeline refuses
        graph.check(*size, i)
        checked += 1
    assert checked >= 4


@pytest.mark.parametrize("name", ["eval", "flips", "gray", "pad", "nothing"])
def test_channels_first(name: str) -> None:
    Twin(PIPES[name], layout="chw").check(37, 52)


@pytest.mark.parametrize("channels", [1, 4])
def test_other_channels(channels: int) -> None:
    Twin(T.Compose([T.Resize(20), T.Pad(1), T.ToTensor(), T.Normalize(0.4, 0.3)]), channels=channels).check(31, 50)


@pytest.mark.parametrize("opset", [12, 13, 17, 18, 21])
def test_opsets(opset: int) -> None:
    pipe = T.Compose([T.Resize(30), T.CenterCrop(32), T.ToTensor()])
    graph = Twin(pipe, opset=opset)
    assert graph.model.opset_import[0].version == opset
    graph.check(23, 45)


@pytest.mark.parametrize("name", ["eval", "float", "clahe", "opencv's nearest", "autocontrast"])
def test_graphs_as_they_are(name: str) -> None:
    """Without what ONNX Runtime makes of them."""
    graph = Twin(PIPES[name], optimized=False)
    for i, size in enumerate([(37, 52), (1, 40), (61, 99)]):
        graph.check(*size, i)


def test_batches() -> None:
    graph = Twin(PIPES["eval"])
    images = np.stack([graph.image(50, 70, seed) for seed in range(3)])
    wanted = np.stack([graph.wanted(image) for image in images])
    np.testing.assert_array_equal(graph.run(images), wanted)


@pytest.mark.parametrize("layout", ["hwc", "chw"])
@pytest.mark.parametrize("name", ["eval", "float", "clahe", "equalize", "letter box", "nearest"])
def test_a_batch_of_none(name: str, layout: str) -> None:
    graph = Twin(PIPES[name], layout=layout)
    wanted = graph.wanted(graph.image(50, 70))
    assert graph.run(graph.image(50, 70)[None][:0]).shape == (0, *wanted.shape)


def test_one_level_would_be_seen() -> None:
    """The comparison itself: a table that is wrong at one value."""
    graph = Twin(T.RandomInvert(p=1.0))
    graph.pipe = T.Compose([T.RandomInvert(p=1.0), T.RandomSolarize(255, p=1.0)])
    with pytest.raises(AssertionError, match="values differ"):
        graph.check(40, 40)


class Steps(T.Transform):
    """Steps that no fixed transform of the library comes down to."""

    def __init__(self, *steps: Step) -> None:
        super().__init__()
        self.chosen = steps

    def lower(self, params: Any, spec: Spec) -> Iterable[Step]:
        del params, spec
        return self.chosen


ONE = np.ones((1, 1))
STEPS = {
    **{
        f"{kind} {amount}": [Adjust(kind, np.array([amount]))]  # type: ignore[arg-type]
        for kind in ("brightness", "contrast", "saturation")
        for amount in (0.0, 0.37, 1.0, 1.9)
    },
    "brightness and contrast": [Adjust("brightness", np.array([1.3])), Adjust("contrast", np.array([0.7]))],
    "opencv's gray": [ColorConvert("gray_opencv", 3)],
    "blue first": [ColorConvert("swap_rb", 3)],
    "three of one": [ColorConvert("gray_pillow", 1), ColorConvert("gray_to_rgb", 3)],
    "a constant channel": [Channels(np.array([[2, -1, 0, 0]]), np.array([77.0]))],
    "matrix": [ColorMatrix(np.array([[[0.5, -0.7, 1.9, 20], [-1, 0.3, 0.2, -9.5], [0.1, 0.1, 0.1, 250]]]))],
    "normalized twice": [Convert("float32"), Normalize(0.4 * ONE, 0.3 * ONE), Normalize(-0.1 * ONE, 0.7 * ONE)],
}


@pytest.mark.parametrize("name", STEPS)
def test_steps(name: str) -> None:
    graph = Twin(Steps(*STEPS[name]))
    for i, size in enumerate([(1, 1), (33, 47), (90, 3)]):
        graph.check(*size, i)
