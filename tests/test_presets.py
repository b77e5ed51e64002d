"""Presets: the same tensors as torchvision's, timm's and Hugging Face's preprocessing, and what is said where not."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from torchvision.models import (
    EfficientNet_B7_Weights,
    Inception_V3_Weights,
    ResNet50_Weights,
    ViT_B_16_Weights,
    detection,
    optical_flow,
    segmentation,
    video,
)
from torchvision.transforms import v2

import twinlens
from twinlens import presets
from twinlens import transforms as T
from twinlens.errors import ArgumentError

PICTURES = [
    Image.fromarray(data.astronaut()[:351, :500]),
    Image.fromarray(data.coffee()),
    Image.fromarray(data.chelsea()),
]
WEIGHTS = [
    ResNet50_Weights.IMAGENET1K_V1,
    ResNet50_Weights.IMAGENET1K_V2,
    Inception_V3_Weights.IMAGENET1K_V1,
    ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1,
    EfficientNet_B7_Weights.IMAGENET1K_V1,
    segmentation.FCN_ResNet50_Weights.COCO_WITH_VOC_LABELS_V1,
    detection.SSD300_VGG16_Weights.COCO_V1,
]


def assert_same(ours: T.Compose, theirs: Any) -> None:
    for picture in PICTURES:
        assert torch.equal(ours(picture), torch.as_tensor(np.asarray(theirs(picture))))


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
def test_torchvision(weights: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = presets.from_torchvision(weights.transforms())
    assert_same(ours, weights.transforms())


@pytest.mark.parametrize("weights", [video.R3D_18_Weights.DEFAULT, optical_flow.Raft_Small_Weights.DEFAULT], ids=str)
def test_torchvision_refuses(weights: Any) -> None:
    with pytest.raises(ArgumentError, match=r"from_torchvision: preset is \w+, wants ImageClassification"):
        presets.from_torchvision(weights.transforms())


TIMM: list[tuple[dict[str, Any], list[Any]]] = [
    ({"crop_pct": None, "crop_mode": None}, [v2.Resize(256, 3), v2.CenterCrop(224)]),
    (
        {"input_size": (3, 299, 299), "crop_pct": 0.8975, "interpolation": "bilinear"},
        [v2.Resize(333, 2), v2.CenterCrop(299)],
    ),
    ({"input_size": (3, 128, 96), "crop_pct": 1.0, "crop_mode": "squash"}, [v2.Resize((128, 96), 3)]),
    (
        {"input_size": (3, 90, 90), "crop_pct": 0.9, "crop_mode": "squash"},
        [v2.Resize((100, 100), 3), v2.CenterCrop(90)],
    ),
]


@pytest.mark.parametrize(("cfg", "geometry"), TIMM)
def test_timm(cfg: dict[str, Any], geometry: list[Any]) -> None:
    normalize = T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    reference = v2.Compose([*geometry, T.ToTensor(), normalize])
    assert_same(presets.from_timm(cfg), reference)
    assert presets.from_timm(SimpleNamespace(pretrained_cfg=cfg)) == presets.from_timm(cfg)


def test_timm_itself() -> None:
    timm = pytest.importorskip("timm", reason="timm is not installed: .ci/full presets installs it")
    for cfg, _ in TIMM:
        resolved = timm.data.resolve_data_config(cfg)
        assert_same(presets.from_timm(resolved), timm.data.create_transform(**resolved))


@pytest.mark.parametrize(
    ("cfg", "message"),
    [
        ({"crop_mode": "border"}, "crop_mode='border' with input_size"),
        ({"input_size": (3, 200, 100)}, "wants squash, or center and a square"),
        ({"input_size": 224}, "input_size=224 must be"),
        ({"crop_pct": -1}, "crop_pct=-1 must be"),
        ({"interpolation": "random"}, "interpolation='random' is for training"),
        (7, "cfg is int, wants a dictionary"),
    ],
)
def test_timm_refuses(cfg: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        presets.from_timm(cfg)


class Processor:
    """An image processor in Hugging Face's way: Pillow resizes, NumPy does the rest; crops begin at the floor."""

    do_resize = do_rescale = do_normalize = True
    do_pad = None
    resample = 3
    rescale_factor = 1 / 255
    image_mean = (0.48145466, 0.4578275, 0.40821073)
    image_std = (0.26862954, 0.26130258, 0.27577711)

    def __init__(self, **more: Any) -> None:
        self.size: dict[str, int] = {"shortest_edge": 224}
        self.crop_size = {"height": 224, "width": 224}
        self.do_center_crop = True
        self.offset = 0.0
        self.__dict__.update(more)

    def __call__(self, images: Image.Image, return_tensors: str) -> dict[str, Any]:
        assert return_tensors == "np"
        x = np.asarray(images.convert("RGB").resize(self._size(images), self.resample))
        if self.do_center_crop:
            h, w = self.crop_size["height"], self.crop_size["width"]
            top, left = (x.shape[0] - h) // 2, (x.shape[1] - w) // 2
            x = x[top : top + h, left : left + w]
        y = (x.astype(np.float64) * self.rescale_factor).astype(np.float32)
        y = (y - np.float32(self.image_mean)) / np.float32(self.image_std) + np.float32(self.offset)
        return {"pixel_values": y.transpose(2, 0, 1)[None]}

    def _size(self, image: Image.Image) -> tuple[int, int]:
        if "height" in self.size:
            return self.size["width"], self.size["height"]
        edge, short, long = self.size["shortest_edge"], min(image.size), max(image.size)
        longer = int(edge * long / short)
        return (longer, edge) if image.width >= image.height else (edge, longer)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"size": {"shortest_edge": 225}},
        {"size": {"height": 100, "width": 120}, "do_center_crop": False, "resample": 2},
    ],
)
def test_huggingface(more: dict[str, Any]) -> None:
    processor = Processor(**more)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = presets.from_huggingface(processor)
    assert_same(ours, lambda picture: processor(picture, return_tensors="np")["pixel_values"][0])


def test_a_deviation_is_measured_and_told() -> None:
    with pytest.warns(presets.DeviationWarning, match=r"100.00% of the values differ .* the greatest by 0.25 "):
        presets.from_huggingface(Processor(offset=0.25))


NAMES = ("CLIPImageProcessorPil", "ConvNextImageProcessorPil", "ViTImageProcessorPil", "DeiTImageProcessorPil")


@pytest.mark.parametrize("name", NAMES)
def test_huggingface_itself(name: str) -> None:
    transformers = pytest.importorskip(
        "transformers", reason="transformers is not installed: .ci/full presets installs it"
    )
    processor = getattr(transformers, name)()
    with warnings.catch_warnings():
        warnings.simplefilter("error", presets.DeviationWarning)
        ours = presets.from_huggingface(processor)
    assert_same(ours, lambda picture: processor(images=picture, return_tensors="np")["pixel_values"][0])


@pytest.mark.parametrize(
    ("processor", "message"),
    [
        (Processor(size={"longest_edge": 5}), "must be a shortest_edge, or height and width"),
        (Processor(rescale_factor=1 / 127.5), "must be 1/255"),
        (Processor(do_pad=True), "pads"),
        (Processor(crop_size={"height": 5}), "crop_size=.* must be height and width"),
        (len, "wants an image processor"),
    ],
)
def test_huggingface_refuses(processor: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        presets.from_huggingface(processor)


@pytest.mark.parametrize("train", [False, True], ids=["evaluation", "training"])
@pytest.mark.parametrize("name", presets.names())
def test_recipes_run_and_are_saved(name: str, train: bool) -> None:
    pipe = presets.get(name, train=train)
    image = np.ascontiguousarray(data.astronaut()[:300, :400])
    sample = {"image": image, "boxes": twinlens.Boxes([[20.0, 30, 200, 250]]), "labels": [1]}
    out = pipe(sample, key=twinlens.key(index=3))["image"]
    assert out.shape[-2:] != (300, 400) or name == "document"
    again = twinlens.from_dict(twinlens.to_dict(pipe))
    assert again == pipe
    np.testing.assert_array_equal(np.asarray(again(sample, key=twinlens.key(index=3))["image"]), np.asarray(out))


def test_recipes_are_torchvisions() -> None:
    assert_same(presets.get("imagenet_224"), ResNet50_Weights.IMAGENET1K_V1.transforms())
    assert_same(presets.get("inception_v3"), Inception_V3_Weights.IMAGENET1K_V1.transforms())
    assert_same(presets.get("vit_384"), ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1.transforms())
    assert_same(presets.get("efficientnet_b7"), EfficientNet_B7_Weights.IMAGENET1K_V1.transforms())


def test_an_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(ArgumentError, match=r"name='resnet' must be one of clip_vit_l14_336"):
        presets.get("resnet")
