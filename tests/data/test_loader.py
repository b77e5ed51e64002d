"""Loader: every sample as by itself, whatever the threads do."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from loading import PIPE, alone, files, numbered, numbers_of
from PIL import Image

import twinlens
from image_files import encoded
from images import picture
from twinlens import Boxes
from twinlens import transforms as T
from twinlens.data import Loader, decode
from twinlens.errors import ArgumentError, InputError


@pytest.mark.parametrize("num_threads", [1, 2, 5])
@pytest.mark.parametrize("batch_size", [1, 4, 23, 64])
@pytest.mark.parametrize("prefetch", [1, 4])
def test_samples_do_not_depend_on_threads_batches_or_prefetch(
    tmp_path: Path, num_threads: int, batch_size: int, prefetch: int
) -> None:
    paths = files(tmp_path)
    loader = Loader(paths, PIPE, batch_size, num_threads, prefetch=prefetch, seed=7)
    for epoch in range(2):
        batches = list(loader)
        assert [len(batch) for batch in batches] == [len(paths[i : i + batch_size]) for i in range(0, 23, batch_size)]
        assert len(batches) == len(loader)
        assert torch.equal(torch.cat(batches), alone(paths, epoch, seed=7))


def test_the_order_in_which_threads_finish_does_not_matter() -> None:
    class Slow:
        def __init__(self, delays: list[float]) -> None:
            self.delays = delays

        def __len__(self) -> int:
            return len(self.delays)

        def __getitem__(self, index: int) -> Any:
            import time

            time.sleep(self.delays[index])
            return picture(9, 12, seed=index), index

    rng = np.random.default_rng(0)
    runs = []
    for _ in range(3):
        loader = Loader(Slow(list(rng.uniform(0, 0.01, 24))), PIPE, 4, 4)
        batches = list(loader)
        assert numbers_of(batches) == list(range(24))
        runs.append(torch.cat([images for images, _ in batches]))
    assert torch.equal(runs[0], runs[1])
    assert torch.equal(runs[0], runs[2])


def test_folder_labels(tmp_path: Path) -> None:
    for name in ("dog", "cat"):
        (tmp_path / name).mkdir()
        files(tmp_path / name, 3)
    loader = Loader(tmp_path, PIPE, batch_size=4)
    (first, labels), (_, rest) = loader
    assert loader.classes == ["cat", "dog"]
    assert first.shape == (4, 3, 16, 16)
    assert labels.dtype == torch.int64
    assert [*labels.tolist(), *rest.tolist()] == [0, 0, 0, 1, 1, 1]
    flat = Loader(str(tmp_path / "cat"), PIPE)
    assert flat.classes is None
    assert torch.equal(next(iter(flat)), alone(sorted((tmp_path / "cat").iterdir())))


def test_paths_bytes_and_pairs_are_decoded(tmp_path: Path) -> None:
    paths = files(tmp_path, 4)
    wanted = alone(paths)
    for source in (paths, [os.fspath(p) for p in paths], [p.read_bytes() for p in paths], tuple(paths)):
        assert torch.equal(next(iter(Loader(source, PIPE))), wanted)
    images, labels = next(iter(Loader([(path, i / 2) for i, path in enumerate(paths)], PIPE)))
    assert torch.equal(images, wanted)
    assert labels.tolist() == [0, 0.5, 1, 1.5]
    images, names, numbers = next(iter(Loader([(path, path.name, i) for i, path in enumerate(paths)], PIPE)))
    assert torch.equal(images, wanted)
    assert names == [path.name for path in paths]
    assert numbers.tolist() == [0, 1, 2, 3]
    batch = next(iter(Loader([{"image": path, "id": i} for i, path in enumerate(paths)], PIPE)))
    assert torch.equal(batch["image"], wanted)
    assert batch["id"].tolist() == [0, 1, 2, 3]


class Pair(NamedTuple):
    image: Any
    label: int


@pytest.mark.parametrize(
    "make",
    [lambda a: a, Image.fromarray, lambda a: torch.from_numpy(a).permute(2, 0, 1)],
    ids=["array", "pil", "tensor"],
)
@pytest.mark.parametrize("wrap", [lambda x, i: (x, i), Pair, lambda x, i: {"image": x, "label": i}])
def test_datasets_of_any_container(make: Callable[[Any], Any], wrap: Callable[[Any, int], Any]) -> None:
    pictures = [picture(9 + i, 12, seed=i) for i in range(5)]
    batch = next(iter(Loader([wrap(make(p), i) for i, p in enumerate(pictures)], PIPE)))
    images, labels = batch.values() if isinstance(batch, dict) else batch
    keys = [twinlens.key(0, 0, i) for i in range(5)]
    assert torch.equal(images, PIPE.batch([make(p) for p in pictures], keys=keys))
    assert labels.tolist() == list(range(5))
    assert isinstance(batch, Pair) == (wrap is Pair)


def test_masks_and_boxes_move_with_their_image() -> None:
    samples = [
        {
            "image": picture(20 + i, 30, seed=i),
            "mask": picture(20 + i, 30, None, seed=i),
            "boxes": Boxes([[2.0, 3, 9, 11]] * (i + 1)),
            "name": str(i),
        }
        for i in range(5)
    ]
    pipe = T.Compose([T.RandomResizedCrop(16), T.ToTensor()])
    batch = next(iter(Loader(samples, pipe, num_threads=2)))
    for i, sample in enumerate(samples):
        wanted = pipe(sample, key=twinlens.key(0, 0, i))
        assert torch.equal(batch["image"][i], wanted["image"])
        np.testing.assert_array_equal(batch["mask"][i], wanted["mask"])
        assert torch.equal(batch["boxes"][i].data, wanted["boxes"].data)
    assert batch["image"].shape == (5, 3, 16, 16)
    assert batch["mask"].shape == (5, 16, 16)
    assert batch["name"] == ["0", "1", "2", "3", "4"]


def test_results_of_different_sizes_are_a_list(tmp_path: Path) -> None:
    paths = files(tmp_path, 12)
    pipe = T.Compose([T.Resize(16), T.ToTensor()])
    batches = list(Loader(paths, pipe, batch_size=4, num_threads=2))
    flat = [image for batch in batches for image in batch]
    assert any(isinstance(batch, list) for batch in batches)
    for path, image in zip(paths, flat, strict=True):
        assert torch.equal(image, pipe(decode(path)))


def test_images_of_different_kinds_in_one_batch() -> None:
    images = [
        picture(9, 12, seed=1),
        Image.fromarray(picture(9, 12, seed=2)),
        picture(9, 12, None, "uint16")[..., None],
    ]
    pipe = T.Compose([T.RandomResizedCrop(8), T.ToTensor()])
    batch = next(iter(Loader(images, pipe)))
    for i, image in enumerate(images):
        assert torch.equal(batch[i], pipe(image, key=twinlens.key(0, 0, i)))


def test_arrays_become_tensors_and_no_pipeline_is_needed() -> None:
    source = numbered(5)
    pipe = T.RandomCrop(8)
    images, _ = next(iter(Loader(source, pipe)))
    assert images.dtype == torch.uint8
    wanted = np.stack([pipe(image, key=twinlens.key(0, 0, i)) for i, (image, _) in enumerate(source)])
    np.testing.assert_array_equal(images, wanted)
    images, labels = next(iter(Loader(source)))
    np.testing.assert_array_equal(images, np.stack([image for image, _ in source]))
    assert labels.tolist() == list(range(5))


def test_keys_of_ones_own() -> None:
    source = numbered(6)
    loader = Loader(source, PIPE, 4, keys=lambda epoch, index: 100 * epoch + index)
    for epoch in range(2):
        images = torch.cat([images for images, _ in loader])
        wanted = [PIPE(image, key=100 * epoch + i) for i, (image, _) in enumerate(source)]
        assert torch.equal(images, torch.stack(wanted))


def test_mixing_pipelines_see_images_and_labels() -> None:
    source = [(image, number % 3) for image, number in numbered(8)]
    pipe = T.Compose([T.RandomResizedCrop(8), T.ToTensor(), T.MixUp(num_classes=3)])
    keys = [twinlens.key(0, 0, i) for i in range(4)]
    images, labels = next(iter(Loader(source, pipe, batch_size=4)))
    wanted = pipe({"image": [i for i, _ in source[:4]], "labels": torch.tensor([n for _, n in source[:4]])}, keys=keys)
    assert torch.equal(images, torch.stack(wanted["image"]))
    assert torch.equal(labels, wanted["labels"])
    assert labels.shape == (4, 3)
    alone = next(iter(Loader([image for image, _ in source], pipe, batch_size=4)))
    assert torch.equal(alone, images)


def test_collate_gets_whole_samples() -> None:
    def collate(samples: list[Any]) -> Any:
        return torch.stack([image for image, _ in samples]).sum(), [number for _, number in samples]

    source = numbered(5)
    total, numbers = next(iter(Loader(source, PIPE, collate=collate)))
    images, _ = next(iter(Loader(source, PIPE)))
    assert torch.equal(total, images.sum())
    assert numbers == [0, 1, 2, 3, 4]


def test_use_engine_around_the_loop_holds_in_the_threads() -> None:
    with twinlens.use_engine("kornia"):
        loader = Loader(numbered(3), T.Compose([Seen(), T.ToTensor()]))
        next(iter(loader))
    assert Seen.engines == {"kornia"}


class Seen(T.Transform):
    engines: set[Any] = set()  # noqa: RUF012 - what the threads saw

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        del params
        Seen.engines.add(twinlens.engines.forced())
        return inpt


@pytest.mark.parametrize("mode", ["gray", "fast"])
def test_decode_modes(tmp_path: Path, mode: Any) -> None:
    paths = [tmp_path / f"{i}.jpg" for i in range(4)]
    for i, path in enumerate(paths):
        path.write_bytes(encoded("JPEG", 130 + i, 170, seed=i))
    pipe = T.Compose([T.Resize((32, 40)), T.ToTensor()])
    batch = next(iter(Loader(paths, pipe, decode=mode)))
    for path, image in zip(paths, batch, strict=True):
        pixels = decode(path, mode=mode, size=(32, 40) if mode == "fast" else None)
        assert pixels.shape[2] == (1 if mode == "gray" else 3)
        assert pixels.shape[1] == (43 if mode == "fast" else 170)
        assert torch.equal(image, pipe(pixels))


def test_fast_covers_what_a_random_crop_reads(tmp_path: Path) -> None:
    """A window is never enlarged because the file was decoded small: the whole of 400 x 600 to 70 allows 1/4."""
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded("JPEG", 400, 600, seed=1))
    crop = T.RandomResizedCrop(70, scale=(0.05, 1.0))
    pipe = T.Compose([crop, T.ToTensor()])
    batch = next(iter(Loader([path] * 40, pipe, batch_size=40, decode="fast", num_threads=2)))
    heights = set()
    for i, image in enumerate(batch):
        key = twinlens.key(0, 0, i)
        _, params = pipe(decode(path), key=key, return_params=True)
        h, w = next(iter(params.values()))["yxhw"][0, 2:].tolist()
        small = decode(path, mode="fast", size=(-(-70 * 400 // h), -(-70 * 600 // w)))
        heights.add(small.shape[0])
        assert torch.equal(image, pipe(small, key=key))
        assert small.shape[0] * h >= 70 * 400
    assert heights == {100, 200, 400}


def test_fast_refuses_what_it_cannot_scale(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="begins with Resize or RandomResizedCrop, not CenterCrop"):
        Loader(files(tmp_path, 2), T.CenterCrop(8), decode="fast")
    samples = [{"image": path, "boxes": Boxes([[0.0, 0, 4, 4]])} for path in files(tmp_path, 2)]
    with pytest.raises(ArgumentError, match="boxes and keypoints could not follow"):
        next(iter(Loader(samples, T.Resize(8), decode="fast")))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"source": 5}, "source=int must be a folder"),
        ({"pipe": lambda x: x}, "pipe=function must be a twinlens transform"),
        ({"batch_size": 0}, "batch_size=0 must be a positive integer"),
        ({"num_threads": 1.5}, "num_threads=1.5 must be"),
        ({"prefetch": None}, "prefetch=None must be"),
        ({"seed": "a"}, "seed='a' must be an integer"),
        ({"decode": "draft"}, "decode='draft' must be"),
        ({"on_error": "ignore"}, "on_error='ignore' must be"),
        ({"device": "gpu"}, "device='gpu'"),
        ({"sampler": [0], "shuffle": True}, "sampler chooses the order"),
        ({"batch_sampler": [[0]], "batch_size": 4}, "batch_sampler makes the batches"),
        ({"pipe": T.MixUp(num_classes=2), "collate": len}, "mixes whole batches"),
    ],
)
def test_arguments_that_do_not_fit(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        Loader(**{"source": numbered(3), "pipe": PIPE, **arguments})


def test_samples_that_are_not_alike() -> None:
    with pytest.raises(InputError, match=r"entries \['a', 'image'\] and \['image'\]"):
        next(iter(Loader([{"image": picture(9, 9), "a": 1}, {"image": picture(9, 9)}], PIPE)))
