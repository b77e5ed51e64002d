"""torchvision.Wrap: copies, descriptions, files, bad input."""

from __future__ import annotations

import copy
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision.transforms as v1
from torchvision.transforms import v2
from torchvision_samples import RANDOM, picture, same, sample
from twinlens_torchvision import Wrap

import twinlens
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError, PipelineFileError


def test_copies_and_files(tmp_path: Path) -> None:
    parts = [Wrap(RANDOM), T.RandomApply([Wrap(torch.nn.Sequential(v1.RandomCrop(9), v2.RandomInvert()))], p=0.5)]
    pipe = T.Compose(parts)
    wanted = pipe(picture(), key=3)
    twinlens.save(pipe, tmp_path / "pipe.yaml")
    for again in (
        pickle.loads(pickle.dumps(pipe)),
        copy.deepcopy(pipe),
        twinlens.load(tmp_path / "pipe.yaml"),
        eval(repr(pipe), {**vars(T), "Wrap": Wrap}),
    ):
        assert again == pipe
        same(again(picture(), key=3), wanted)


def shown(transform: Any) -> str:
    """Tuples and lists, and an Enum's member and its value, are the same to torchvision."""
    text = re.sub(r"InterpolationMode\.(\w+)", lambda found: found[1].lower(), repr(transform))
    return text.translate(str.maketrans("[]", "()")).replace(",)", ")")


@pytest.mark.parametrize(
    "transform",
    [
        v1.Normalize([0.5], [0.2]),
        v1.RandomErasing(value="random"),
        v1.AutoAugment(v1.AutoAugmentPolicy.SVHN),
        v1.RandomChoice([v1.Grayscale(3), v1.RandomCrop(5)], p=[0.2, 0.8]),
        v2.AutoAugment(v1.AutoAugmentPolicy.CIFAR10),
        v2.ToDtype(torch.float32, scale=True),
        v2.LinearTransformation(torch.eye(12), torch.zeros(12)),
        v2.RandomIoUCrop(),
        v2.RandomErasing(),
        v2.RandomPhotometricDistort(),
        v2.RandomZoomOut(fill=[1, 2, 3]),
        v2.RandomShortestSize([10, 12]),
        v2.ConvertBoundingBoxFormat("CXCYWH"),
        v2.GaussianNoise(),
        v2.JPEG((20, 30)),
        v2.ScaleJitter((20, 20)),
        v2.RandomAffine(5, shear=(1, 2, 3, 4)),
        v2.AugMix(),
        v2.Identity(),
    ],
)
def test_described(transform: Any) -> None:
    wrap = Wrap(transform)
    assert isinstance(wrap.transform, dict)
    assert Wrap(wrap.transform) == wrap
    assert shown(wrap.original) == shown(transform)


def test_what_cannot_be_described_still_runs() -> None:
    wrap = Wrap(v2.Lambda(_darker))
    same(wrap(picture()), picture() // 2)
    same(pickle.loads(pickle.dumps(wrap))(picture()), picture() // 2)
    with pytest.raises(PipelineFileError, match="cannot be saved"):
        wrap.to_dict()


def _darker(image: Any) -> Any:
    return image // 2 if isinstance(image, torch.Tensor) else image


@pytest.mark.parametrize(
    "named",
    ["os.system", "v2.functional", "v2.InterpolationMode", "v2.Transform", "v1.torch", "Resize", "v2.query_size"],
)
def test_only_torchvisions_names_resolve(named: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="not one of torchvision's transforms"):
        Wrap({named: {}})
    (tmp_path / "pipe.yaml").write_text(f"pipeline:\n  - torchvision.Wrap: {{transform: {{{named}: {{}}}}}}\n")
    with pytest.raises(PipelineFileError, match="line 2"):
        twinlens.load(tmp_path / "pipe.yaml")


def test_bad_input() -> None:
    with pytest.raises(ArgumentError, match="must be a transform of torchvision"):
        Wrap(3)
    with pytest.raises(ArgumentError, match=r"'v2\.Resize': .*unexpected keyword argument"):
        Wrap({"v2.Resize": {"size": 3, "sides": 4}})
    with pytest.raises(ArgumentError, match=r"holds MixUp, which cannot be wrapped; put T\.MixUp in its place"):
        Wrap(v2.Compose([v2.MixUp(num_classes=3)]))
    with pytest.raises(ArgumentError, match="holds SanitizeBoundingBoxes"):
        Wrap(v2.SanitizeBoundingBoxes())
    with pytest.raises(InputError, match=r"v1\.RandomCrop sees images only"):
        Wrap(v1.Compose([v1.RandomCrop(5)]))(sample())
    colours = Wrap(v1.Compose([v1.ColorJitter((1.5, 1.5))]))(sample())
    same(colours["mask"], sample()["mask"])
    assert not np.array_equal(colours["image"], picture())
