"""MapBatches, called as Ray Data calls it."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import twinlens
from images import picture
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError
from twinlens.ray import MapBatches

PIXELS = T.Compose([T.RandomResizedCrop(12), T.RandomHorizontalFlip(), T.RandomGrayscale(0.5)])
TENSORS = T.Compose([*PIXELS.transforms, T.ToTensor()])


def objects(images: list[Any]) -> Any:
    column = np.empty(len(images), object)
    for i, image in enumerate(images):
        column[i] = image
    return column


def ragged(count: int = 5) -> list[Any]:
    return [picture(20 + i, 30 - i, 3, seed=i) for i in range(count)]


def expected(pipe: T.Compose, images: list[Any], seed: int = 0, epoch: int = 0) -> Any:
    made = [pipe(image, key=twinlens.key(seed, epoch, 7 * i)) for i, image in enumerate(images)]
    return np.stack([np.asarray(image) for image in made])


def batch_of(images: Any) -> dict[str, Any]:
    return {"image": images, "index": 7 * np.arange(len(images)), "label": np.array(["x"] * len(images), object)}


@pytest.mark.parametrize("pipe", [PIXELS, TENSORS], ids=["uint8", "float"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"engine": "kornia"},
        {"num_threads": 2},
        {"device": "cpu"},
        pytest.param({"device": "cuda"}, marks=pytest.mark.cuda),
    ],
    ids=str,
)
def test_results_are_those_of_single_calls(pipe: T.Compose, settings: dict[str, Any]) -> None:
    images = ragged()
    found = MapBatches(pipe, seed=3, epoch=2, **settings)(batch_of(objects(images)))
    assert list(found) == ["image", "index", "label", "error"]
    np.testing.assert_array_equal(found["image"], expected(pipe, images, 3, 2))
    assert found["image"].dtype == (np.uint8 if pipe is PIXELS else np.float32)
    assert found["error"].tolist() == [""] * 5


def test_on_another_device_the_form_is_the_same() -> None:
    images = ragged()
    for pipe in (PIXELS, TENSORS):
        mapped = MapBatches(pipe, device="cpu:0")  # which goes the way of a card
        np.testing.assert_array_equal(mapped(batch_of(objects(images)))["image"], expected(pipe, images))


def test_stacked_images_stay_stacked_and_others_do_not() -> None:
    images = np.stack([picture(16, 20, 3, seed=i) for i in range(4)])
    assert MapBatches(T.CenterCrop(8))(batch_of(images))["image"].shape == (4, 8, 8, 3)
    found = MapBatches(T.RandomHorizontalFlip(1.0))(batch_of(objects(ragged())))["image"]
    assert found.dtype == object
    np.testing.assert_array_equal(found[2], ragged()[2][:, ::-1])


def test_keys_are_a_column() -> None:
    images = ragged()
    batch = {**batch_of(objects(images)), "copy": np.array([4] * 5)}
    by_number, by_column = MapBatches(PIXELS, epoch=4)(batch), MapBatches(PIXELS, epoch="copy")(batch)
    np.testing.assert_array_equal(by_number["image"], by_column["image"])
    one = MapBatches(PIXELS, "number", image="picture", epoch=4)
    turned = {"picture": batch["image"][::-1], "number": batch["index"][::-1]}
    np.testing.assert_array_equal(one(turned)["picture"][::-1], by_number["image"])
    fresh = MapBatches(T.RandomCrop(4), None)
    assert any((fresh(batch)["image"] != fresh(batch)["image"]).any() for _ in range(5))
    with pytest.raises(InputError, match="no column 'number'; there are image, index, label"):
        MapBatches(PIXELS, "number")(batch_of(images))


def wide_only(image: Any) -> Any:
    """Part of a pipeline that does not take all."""
    if image.shape[1] == 28:
        raise InputError("28 wide")
    return image


def test_a_failure_costs_only_itself() -> None:
    pipe = T.Compose([T.Lambda(wide_only), T.CenterCrop(8), T.ToTensor()])
    batch = {**batch_of(objects(ragged())), "error": np.array(["", "", "", "", "was broken"], object)}
    kept = MapBatches(pipe)(batch)
    assert kept["error"].tolist() == ["", "", "28 wide", "", "was broken"]
    assert [image.shape for image in kept["image"]] == [(3, 8, 8), (3, 8, 8), (0, 0, 0), (3, 8, 8), (0, 0, 0)]
    assert {image.dtype.name for image in kept["image"]} == {"float32"}
    dropped = MapBatches(pipe, failures="drop")(batch)
    assert list(dropped) == ["image", "index", "label"]
    assert dropped["index"].tolist() == [0, 7, 21]
    assert dropped["image"].shape == (3, 3, 8, 8)
    with pytest.raises(InputError, match="28 wide"):
        MapBatches(pipe, failures="raise")(batch)


def test_a_batch_without_results_has_their_dtype() -> None:
    batch = {**batch_of(np.zeros((2, 0, 0, 0), np.uint8)), "error": np.array(["a", "b"], object)}
    found = MapBatches(TENSORS)(batch)
    assert (found["image"].shape, found["image"].dtype) == ((2, 0, 0, 0), np.float32)
    empty = MapBatches(TENSORS, failures="drop")(batch)
    assert (empty["image"].shape, empty["image"].dtype) == ((0, 0, 0, 0), np.float32)


def test_bfloat16_is_not_of_numpy() -> None:
    pipe = T.Compose([T.ToTensor(), T.ToDtype("bfloat16")])
    assert "NumPy lacks" in MapBatches(pipe)(batch_of(objects(ragged(1))))["error"][0]


def test_it_is_pickled_with_what_it_knows() -> None:
    mapped = MapBatches(TENSORS, seed=5)
    batch = batch_of(objects(ragged()))
    first = mapped(batch)["image"]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(mapped))(batch)["image"], first)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pipe": len}, "must be a twinlens transform"),
        ({"pipe": T.Compose([T.MixUp()])}, "mixes the images"),
        ({"pipe": PIXELS, "engine": "magic"}, "engine='magic' must be"),
        ({"pipe": PIXELS, "engine": "native", "device": "cuda"}, "device='cuda' is not for engine='native'"),
        ({"pipe": PIXELS, "failures": "hide"}, "failures='hide' must be"),
        ({"pipe": PIXELS, "num_threads": 0}, "num_threads=0 must be"),
        ({"pipe": PIXELS, "seed": "x"}, "seed='x' must be"),
    ],
)
def test_arguments_are_checked(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        MapBatches(**arguments)
