"""What holds for every transform: batches, engines, files, processes, and what the core runs."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from skimage import data

import twinlens
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.pipeline.trace import Trace
from twinlens.steps import Spec

ROOT = Path(__file__).parents[1]
N, H, W = 4, 112, 128
KEYS = [int(twinlens.key(11, 2, i)) for i in range(N)]

#: steps that the core does not run on 8-bit pictures, and why
TORCH_ONLY = {
    "Blend": "its chains run in the core, the weighted sum of their results in torch for both engines",
    "JpegArtifact": "OpenCV's codec makes the pixels, for both engines",
    "UnsharpMask": "two float32 blurs around a threshold, in torch for both engines",
    "LinearTransform": "one matrix product of the whole picture: BLAS, for both engines",
}


def _gallery() -> Any:
    spec = spec_from_file_location("gallery", ROOT / "docs" / "make_gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["gallery"] = module
    spec.loader.exec_module(module)
    return module


GALLERY = _gallery()


def _names() -> Iterator[str]:
    """All that draw a picture from one picture."""
    for name in GALLERY.shown():
        example = GALLERY.example(name)
        structural = any(getattr(unit, "is_structural", False) for _, unit in example.units(""))
        if not structural and not getattr(example, "mixes", False):
            yield name


NAMES = list(_names())


def pipe(name: str) -> T.Compose:
    return T.Compose([GALLERY.example(name)])


def sample(n: int = N) -> dict[str, Any]:
    """Parts of a photograph, each with a mask, two boxes and two points."""
    photo = data.astronaut()
    images = [np.ascontiguousarray(photo[9 * i : 9 * i + H, 150 : 150 + W]) for i in range(n)]
    masks = [(image[..., 0] > 128).astype(np.uint8) for image in images]
    boxes = torch.tensor([[[4.0, 5, 30, 40], [20, 10, 60, 44]]]).repeat(n, 1, 1)
    points = torch.tensor([[[10.0, 12.0], [40.0, 30.0]]]).repeat(n, 1, 1)
    return {"image": images, "masks": masks, "boxes": Boxes(boxes), "keypoints": Keypoints(points), "label": 3}


def one(whole: dict[str, Any], i: int) -> dict[str, Any]:
    return {
        "image": whole["image"][i],
        "mask": whole["masks"][i],
        "boxes": Boxes(whole["boxes"].data[i]),
        "keypoints": Keypoints(whole["keypoints"].data[i]),
        "label": 3,
    }


def same(a: Any, b: Any) -> None:
    assert np.array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_as_its_samples_on_both_engines_with_all_targets(name: str) -> None:
    whole = sample()
    before = pickle.dumps(whole)
    transform = pipe(name)
    alone = [transform(one(whole, i), key=KEYS[i]) for i in range(N)]
    for engine in ("native", "kornia"):
        with twinlens.use_engine(engine):  # type: ignore[arg-type]
            done = transform(whole, keys=KEYS)
        for i in range(N):
            same(done["image"][i], alone[i]["image"])
            same(done["masks"][i], alone[i]["mask"])
            same(done["boxes"].data[i], alone[i]["boxes"].data)
            same(done["keypoints"].data[i], alone[i]["keypoints"].data)
            assert done["image"][i].shape[:2] == done["masks"][i].shape[:2]
        assert done["label"] == 3
    assert pickle.dumps(whole) == before


@pytest.mark.parametrize("name", NAMES)
def test_draws_are_the_same_after_files_pickles_and_replays(name: str, tmp_path: Path) -> None:
    transform, image = pipe(name), sample(1)
    boxed = one(image, 0)
    done, params = transform(boxed, key=KEYS[0], return_params=True)
    path = tmp_path / "pipe.yaml"
    twinlens.save(transform, path)
    for again in (twinlens.load(path), pickle.loads(pickle.dumps(transform))):
        assert again == transform
        same(again(boxed, key=KEYS[0])["image"], done["image"])
    same(transform.replay(boxed, params)["image"], done["image"])


def _run(names: list[str]) -> dict[str, bytes]:
    torch.set_num_threads(1)
    return {name: np.asarray(pipe(name)(one(sample(1), 0), key=KEYS[0])["image"]).tobytes() for name in names}


def test_another_process_draws_the_same() -> None:
    names = NAMES[::4]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_run, (names,)) == _run(names)


class Photos(torch.utils.data.Dataset[Any]):
    """Every fourth transform, one after the other, on photographs."""

    def __init__(self) -> None:
        self.pipe = T.Compose([GALLERY.example(name) for name in NAMES[1::4] if "Crop" not in name])
        self.pipe = T.Compose([T.Resize((H, W)), *self.pipe.transforms, T.Resize((24, 24)), T.ToTensor()])
        self.sample = sample(1)

    def __len__(self) -> int:
        return 8

    def __getitem__(self, i: int) -> Any:
        return self.pipe(one(self.sample, 0), key=twinlens.key(0, 0, i))["image"]


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_workers_change_nothing() -> None:
    photos = Photos()
    results = []
    for workers in (0, 1, 4):
        loader = torch.utils.data.DataLoader(photos, batch_size=4, num_workers=workers)
        results.append(torch.cat(list(loader)))
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


@pytest.mark.parametrize("name", NAMES)
def test_the_core_runs_every_step(name: str) -> None:
    trace = Trace(Spec.of([(H, W, 3)], "uint8"), np.array(KEYS[:1], np.uint64), "ndarray", targets=_targets())
    for path, unit in pipe(name).units(""):
        unit.trace(trace, path)
    for step, before, _ in trace.plan().placed:
        kind = type(step).__name__
        assert (step.native(before) is None) == (kind in TORCH_ONLY), kind


def _targets() -> list[Any]:
    from twinlens.pipeline import movers
    from twinlens.pipeline.images import read

    whole = sample(1)
    images = read(whole["image"][0])
    return [movers.read("boxes", Boxes(whole["boxes"].data[0]), 0, images)]
