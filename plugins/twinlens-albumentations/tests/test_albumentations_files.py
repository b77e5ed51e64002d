"""albumentations.Wrap: copies, descriptions, files, bad input."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import albumentations as A
import numpy as np
import pytest
from albumentations_samples import RANDOM, H, W, picture, same
from twinlens_albumentations import Wrap

import twinlens
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError, PipelineFileError


def test_copies_and_files(tmp_path: Path) -> None:
    pipe = T.Compose([Wrap(RANDOM), T.RandomApply([Wrap(A.RandomRain(slant_range=(-5, 5), p=1.0))], p=0.5)])
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


def test_is_written_by_hand(tmp_path: Path) -> None:
    (tmp_path / "pipe.yaml").write_text(
        "pipeline:\n  - albumentations.Wrap: {transform: {RandomRain: {slant_range: [-5, 5], p: 1.0}}}\n"
        "  - albumentations.Wrap: {transform: GlassBlur}\n"
    )
    pipe = twinlens.load(tmp_path / "pipe.yaml")
    assert pipe[0] == Wrap(A.RandomRain(slant_range=(-5, 5), p=1.0))
    assert pipe[1] == Wrap(A.GlassBlur())


@pytest.mark.parametrize(
    "named", ["os.system", "BasicTransform.__init__", "Serializable", "cv2", "to_dict", "nothing", "BboxParams"]
)
def test_only_albumentations_names_resolve(named: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="not one of Albumentations' transforms"):
        Wrap({named: {}})
    (tmp_path / "pipe.yaml").write_text(f"pipeline:\n  - albumentations.Wrap: {{transform: {{{named}: {{}}}}}}\n")
    with pytest.raises(PipelineFileError, match="line 2"):
        twinlens.load(tmp_path / "pipe.yaml")


def test_arguments_are_checked() -> None:
    with pytest.raises(ArgumentError, match="must be a transform of Albumentations"):
        Wrap(3)
    with pytest.raises(ArgumentError, match="p"):
        Wrap({"RandomRain": {"p": 3.0}})
    with pytest.raises(ArgumentError, match="'RandomRain' has no argument 'drops'; it takes slant_range, "):
        Wrap({"RandomRain": {"drops": 3.0}})
    with pytest.raises(ArgumentError, match="one name with its arguments"):
        Wrap({"RandomRain": {}, "GlassBlur": {}})
    with pytest.raises(ArgumentError, match="works on volumes"):
        Wrap(A.CenterCrop3D((2, 2, 2)))
    with pytest.raises(InputError, match="the image is uint16"):
        Wrap(A.HorizontalFlip(p=1.0))(picture().astype(np.uint16))


def test_metadata() -> None:
    fda = A.FDA(beta_limit=(0.1, 0.1), p=1.0)
    wrap = Wrap(fda, metadata={"fda_metadata": [picture(H, W)[::-1].copy()]})
    assert not np.array_equal(wrap(picture(), key=1), picture())
    same(wrap(picture(), key=1), pickle.loads(pickle.dumps(wrap))(picture(), key=1))
    with pytest.raises(PipelineFileError, match="cannot be saved"):
        wrap.to_dict()


def test_what_albumentations_says_names_the_transform() -> None:
    with pytest.raises(KeyError) as caught:
        Wrap(A.BBoxSafeRandomCrop(p=1.0))(picture())
    assert any("BBoxSafeRandomCrop" in note for note in caught.value.__notes__)
