"""Bad input: one clear error that names the argument, before any work, and never a crash."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import twinlens
from images import picture
from twinlens import transforms as T
from twinlens.errors import ArgumentError, EngineError, InputError, TwinlensError

ARGUMENTS: list[tuple[Any, str]] = [
    (lambda: T.Resize(0), r"^Resize: size=0 must be positive$"),
    (lambda: T.Resize((224, 0)), r"^Resize: size=\(224, 0\) must be positive$"),
    (lambda: T.Resize(-3), "Resize: size=-3 must be positive"),
    (lambda: T.Resize((1, 2, 3)), "Resize: size=.* must be one or two integers"),
    (lambda: T.Resize(2.5), "Resize: size=2.5"),
    (lambda: T.Resize(True), "Resize: size=True"),
    (lambda: T.Resize("224"), "Resize: size='224'"),
    (lambda: T.Resize(None), "Resize: size=None needs max_size"),
    (lambda: T.Resize(8, "cubical"), "Resize: interpolation='cubical' must be one of nearest, "),
    (lambda: T.Resize(8, 17), "Resize: interpolation=17 must be one of"),
    (lambda: T.Resize(8, max_size=8), "Resize: max_size=8 must be above"),
    (lambda: T.Resize((8, 9), max_size=12), "Resize: max_size goes with one size"),
    (lambda: T.Resize(8, "lanczos", semantics="opencv"), "Resize: interpolation='lanczos' has no OpenCV form"),
    (lambda: T.Resize(8, semantics="pil"), "Resize: semantics='pil'"),
    (lambda: T.Resize(1 << 40), "Resize: size=1099511627776 must be at most 1048576"),
    (lambda: T.Pad(1 << 70), "Pad: padding=.* must be at most 1048576"),
    (lambda: T.CenterCrop(0), "CenterCrop: size=0 must be positive"),
    (lambda: T.Pad("1"), "Pad: padding='1'"),
    (lambda: T.Pad([1, 2, 3]), r"Pad: padding=\[1, 2, 3\] must be 1, 2 or 4 integers"),
    (lambda: T.Pad(1.5), "Pad: padding=1.5"),
    (lambda: T.Pad(1, math.nan), "Pad: fill=nan must be a finite number"),
    (lambda: T.Pad(1, "red"), "Pad: fill='red'"),
    (lambda: T.Pad(1, 0, "wrap"), "Pad: padding_mode='wrap'"),
    (lambda: T.RandomCrop((0, 5)), r"RandomCrop: size=\(0, 5\) must be positive"),
    (lambda: T.RandomResizedCrop(8, scale=(0.5, 0.1)), "RandomResizedCrop: scale=.*the smaller first"),
    (lambda: T.RandomResizedCrop(8, scale=(0.0, 0.1)), "RandomResizedCrop: scale=.* must be positive"),
    (lambda: T.RandomResizedCrop(8, ratio=(math.nan, 1)), "RandomResizedCrop: ratio=.*finite"),
    (lambda: T.RandomResizedCrop(8, ratio="ab"), "RandomResizedCrop: ratio='ab'"),
    (lambda: T.RandomHorizontalFlip(1.5), "RandomHorizontalFlip: p=1.5: wants a number from 0 to 1"),
    (lambda: T.RandomVerticalFlip(-0.1), "RandomVerticalFlip: p=-0.1"),
    (lambda: T.RandomVerticalFlip(math.nan), "RandomVerticalFlip: p=nan"),
    (lambda: T.RandomGrayscale("x"), "RandomGrayscale: p='x'"),
    (lambda: T.Grayscale(2), "Grayscale: num_output_channels=2"),
    (lambda: T.Normalize([math.nan], [1.0]), r"Normalize: mean=\[nan\]: wants finite numbers"),
    (lambda: T.Normalize([0.5], [math.inf]), "Normalize: std="),
    (lambda: T.Normalize([0.5], [-1.0]), r"Normalize: std=\[-1.0\] must be positive"),
    (lambda: T.Normalize([0.5], [0.0]), r"Normalize: std=\[0.0\] must be positive"),
    (lambda: T.Normalize([0.5], [1e-60]), "Normalize: std=.* must be positive"),
    (lambda: T.Normalize([], []), r"Normalize: mean=\[\]"),
    (lambda: T.Normalize([0.5, 0.4], [0.1, 0.2, 0.3]), "Normalize: mean has 2 values, std has 3"),
    (lambda: T.Normalize("a", [1.0]), "Normalize: mean='a'"),
    (lambda: T.ToDtype(torch.int64), "ToDtype: dtype=torch.int64 must be one of uint8, uint16"),
    (lambda: T.ToDtype("float"), "ToDtype: dtype='float'"),
    (lambda: T.ConvertImageDtype(None), "ConvertImageDtype: dtype=None"),
    (lambda: T.CLAHE(tile_grid_size=(0, 8)), r"^CLAHE: tile_grid_size=\(0, 8\) must be positive$"),
    (lambda: T.CLAHE(tile_grid_size=(8, 8, 8)), "CLAHE: tile_grid_size=.* must be two integers"),
    (lambda: T.CLAHE(math.nan), "CLAHE: clip_limit=nan must be a finite number"),
    (lambda: T.CLAHE((4, 1)), r"CLAHE: clip_limit=\(4, 1\)"),
    (lambda: T.CLAHE(mode="hsv"), "CLAHE: mode='hsv'"),
    (lambda: T.Compose(T.Resize(3)), "Compose: transforms must be a list, got Resize"),
    (lambda: T.Compose([T.Resize(3), 7]), "Compose: transforms must be callable, item 1 is int"),
    (lambda: T.RandomChoice([]), "RandomChoice: transforms must not be empty"),
    (lambda: T.RandomChoice([len, str], p=[1]), r"RandomChoice: p=\[1.0\] has 1 values for 2 transforms"),
    (lambda: T.RandomChoice([len], p=[-1]), "RandomChoice: p=.* must be weights"),
    (lambda: T.RandomChoice([len], p=[math.nan]), "RandomChoice: p=.* must be weights"),
    (lambda: T.RandomApply([len], p=2), "RandomApply: p=2"),
    (lambda: T.Lambda(3), "Lambda: lambd=3 must be callable"),
    (lambda: T.Resize(3, name=7), "Resize: name=7"),
    (lambda: twinlens.key(seed=1.5), "key: seed=1.5 must be an integer"),
    (lambda: twinlens.set_num_threads(0), "set_num_threads: n=0 must be a positive integer"),
    (lambda: twinlens.Boxes(np.zeros((3, 5))), r"Boxes: data has shape \(3, 5\)"),
    (lambda: twinlens.Boxes(np.zeros((3, 4)), "yxyx"), "Boxes: format='yxyx' must be one of xyxy"),
    (lambda: twinlens.Keypoints(np.zeros((3, 4))), r"Keypoints: data has shape \(3, 4\)"),
    (lambda: twinlens.use_engine("cuda").__enter__(), "engine='cuda' must be 'native' or 'kornia'"),
]


@pytest.mark.parametrize(("make", "message"), ARGUMENTS)
def test_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


RGB = picture(12, 15)
INPUTS: list[tuple[Any, Any, str]] = [
    (T.Resize(4), np.zeros((0, 5, 3), np.uint8), r"image: shape \(0, 5, 3\) holds no pixels"),
    (T.Resize(4), np.zeros((5, 0), np.uint8), r"image: shape \(5, 0\) holds no pixels"),
    (T.Resize(4), torch.zeros(3, 0, 5), "holds no pixels"),
    (T.Resize(4), torch.zeros(0, 5, 5), "holds no pixels"),
    (T.Resize(4), Image.new("RGB", (0, 4)), "holds no pixels"),
    (T.Resize(4), np.zeros((5, 5, 3), np.int64), "image: the array is int64; wants uint8, uint16"),
    (T.Resize(4), np.zeros((5, 5, 3), np.float64), "image: the array is float64"),
    (T.Resize(4), np.zeros((5, 5, 3), bool), "image: the array is bool"),
    (T.Resize(4), np.zeros((5, 5, 3), object), "image: the array is object"),
    (T.Resize(4), torch.zeros(3, 5, 5, dtype=torch.int32), "image: the tensor is int32"),
    (T.Resize(4), torch.zeros(3, 5, 5, dtype=torch.float64), "image: the tensor is float64"),
    (T.Resize(4), torch.zeros(3, 5, 5, dtype=torch.float16), "Resample: the image is float16"),
    (T.Resize(4), torch.zeros(5), r"wants a PIL image|shape \(5,\)"),
    (T.Resize(4), "photo.jpg", "found no image"),
    (T.Resize(4), None, "found no image"),
    (T.Resize(4), {"label": 3}, "found no image"),
    (T.Resize(4), Image.new("I", (4, 4)), "PIL mode I is not supported"),
    (T.Resize(4), [RGB, RGB[..., 0]], "a list holds one kind of image"),
    (T.Resize(4), [RGB, RGB.astype(np.float32)], "item 0 of the list is uint8, item 1 is float32"),
    (T.Resize(4), [RGB, torch.zeros(3, 4, 4)], "a list holds one kind of image"),
    (T.RandomCrop(100), RGB, r"RandomCrop: size=\(100, 100\) is larger than the padded image of \(12, 15, 3\)"),
    (T.Pad(20, padding_mode="reflect"), RGB, "Pad: mode='reflect' cannot make a border wider than the image"),
    (T.Pad(2, (1, 2)), RGB, "Pad: fill has 2 values, image has 3 channels"),
    (T.Pad(-6), RGB, "Crop: .* leaves the image"),
    (T.Normalize([0.5] * 3, [0.5] * 3), np.zeros((480, 640, 4), np.float32),
     r"Normalize: mean has 3 values, image has 4 channels \(480, 640, 4\)"),
    (T.Normalize([0.5], [0.5]), RGB, r"Normalize: the image is uint8; put ToTensor\(\)"),
    (T.Grayscale(), np.zeros((5, 5, 4), np.uint8), "wants 3 channels, image has 4"),
    (T.CLAHE(), np.zeros((5, 5, 3), np.float32), "CLAHE: .*float32"),
    (T.CLAHE(), np.zeros((5, 5, 3), np.uint16), "CLAHE: .*uint16"),
    (T.ToDtype("bfloat16"), RGB, r"NumPy has no bfloat16; put ToTensor\(\)"),
    (T.ToDtype("float32", True), Image.fromarray(RGB), r"PIL cannot hold float32 with 3 channels; put ToTensor\(\)"),
]  # fmt: skip


@pytest.mark.parametrize("engine", ["native", "kornia"])
@pytest.mark.parametrize(("transform", "image", "message"), INPUTS)
def test_inputs(transform: T.Transform, image: Any, message: str, engine: Any) -> None:
    with pytest.raises(InputError, match=message) as caught, twinlens.use_engine(engine):
        transform(image)
    assert "\n" not in str(caught.value)


def test_calls() -> None:
    pipe = T.Compose([T.RandomHorizontalFlip(), T.ToTensor()])
    cases: list[tuple[Any, str]] = [
        (lambda: pipe(), "called without an image"),
        (lambda: pipe(RGB, image=RGB), "positionally or by name"),
        (lambda: pipe(RGB, key=1, keys=[1]), "give key or keys, not both"),
        (lambda: pipe([RGB, RGB], keys=[1]), "keys: got 1 for a batch of 2"),
        (lambda: pipe(RGB, keys=[1, 2]), "keys: got 2 for a batch of 1"),
        (lambda: pipe(RGB, key=1.5), "keys: got 1.5, wants integers"),
        (lambda: pipe([RGB], keys="a"), "keys: got 'a', wants integers"),
        (lambda: pipe(RGB, color="gbr"), "color='gbr' must be 'rgb' or 'bgr'"),
        (lambda: pipe(RGB, engine="tpu"), "engine='tpu' must be"),
        (lambda: pipe.replay(RGB, 3), "replay: params must be what return_params=True gave"),
        (lambda: pipe.replay(RGB, {}), "replay: params have nothing for the transform at '0'"),
        (lambda: pipe.batch(RGB), "batch: got one image"),
        (lambda: pipe.batch([RGB], num_threads=0), "batch: num_threads=0 must be a positive integer"),
        (
            lambda: pipe.batch([RGB], out=torch.zeros(1)),
            r"out: got float32 \(1,\), the result is float32 \(1, 3, 12, 15\)",
        ),
        (lambda: pipe.batch([RGB], out=np.zeros(1)), "out: got ndarray, the result is a tensor"),
        (lambda: pipe.batch([RGB, RGB[1:]], out=torch.zeros(1)), "out: the results differ in size"),
        (lambda: pipe({"image": RGB, "mask": RGB[1:, :, 0]}), "mask: shape .* does not fit the image"),
        (lambda: pipe({"image": RGB, "boxes": np.zeros((2, 3))}), "Boxes: data has shape"),
        (lambda: pipe({"image": RGB, "keypoints": np.zeros((1, 2, 2))}), r"keypoints: shape \(1, 2, 2\)"),
        (lambda: pipe({"image": RGB, "images": RGB[2:]}), "the images of one sample differ in size"),
        (lambda: pipe.plan((0, 5)), "plan: size"),
        (lambda: pipe.plan((5,)), "plan: size"),
        (lambda: pipe.plan(224), "plan: size=224 must be"),  # type: ignore[arg-type]
        (lambda: pipe.plan((5, 5), dtype="int7"), "plan: dtype"),
    ]
    for call, message in cases:
        with pytest.raises(TwinlensError, match=message):
            call()


@pytest.mark.cuda
def test_native_engine_on_a_device() -> None:
    with pytest.raises(EngineError, match="engine='native' runs on CPU"):
        T.Resize(4)(torch.zeros(3, 8, 8, device="cuda"), engine="native")


def test_an_error_leaves_a_transform_as_it_was() -> None:
    resize = T.Resize(8)
    with pytest.raises(ArgumentError, match="size=0 must be positive"):
        resize.size = 0
    assert resize == T.Resize(8)
    assert resize(RGB).shape == (8, 10, 3)
