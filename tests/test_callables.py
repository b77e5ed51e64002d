"""Callables from elsewhere inside pipelines: torchvision's, functions, subclasses, nn.Modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from images import picture
from pil_images import pil_image
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError


def shift_by_random(image: Any) -> Any:
    return image + torch.rand(()).item() + np.random.rand()  # noqa: NPY002 - a callable as people write them


def equal(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(np.array_equal(np.asarray(a), np.asarray(b)))


def test_torchvision_inside() -> None:
    image = pil_image("RGB", 30, 40)
    pipe = T.Compose([T.Resize(20), v2.RandomHorizontalFlip(1.0), v2.CenterCrop(9), T.ToTensor()])
    wanted = v2.Compose([v2.Resize(20), v2.RandomHorizontalFlip(1.0), v2.CenterCrop(9), v2.PILToTensor()])(image)
    assert torch.equal(pipe(image), wanted / 255)
    assert torch.equal(pipe([image, image])[1], wanted / 255)
    assert pipe.batch([image, image]).shape == (2, 3, 9, 9)


@pytest.mark.parametrize("make", [lambda p: T.RandomApply(p, p=1.0), T.RandomOrder, lambda p: T.RandomChoice(p[:1])])
def test_callables_inside_choices(make: Any) -> None:
    image = torch.from_numpy(picture(30, 40)).permute(2, 0, 1)
    pipe = T.Compose([make([v2.CenterCrop(9), T.RandomCrop(9)]), T.ToTensor()])
    single = [pipe(image, key=k) for k in range(6)]
    whole = pipe(torch.stack([image] * 6), keys=list(range(6)))
    assert whole.shape == (6, 3, 9, 9)
    assert all(torch.equal(a, b) for a, b in zip(whole, single, strict=True))


@pytest.mark.parametrize("nested", [False, True])
def test_callables_are_seeded_from_the_key(nested: bool) -> None:
    parts: list[Any] = [T.ToTensor(), shift_by_random, T.Lambda(shift_by_random), v2.RandomCrop(5)]
    pipe = T.Compose([T.RandomApply(parts, p=1.0)] if nested else parts)
    image = picture(30, 40)
    state = torch.get_rng_state()
    first = pipe(image, key=1)
    torch.rand(3)
    assert torch.equal(pipe(image, key=1), first)
    assert not torch.equal(pipe(image, key=2), first)
    torch.set_rng_state(state)
    both = pipe([image, image], keys=[1, 2])
    assert torch.equal(both[0], first)
    torch.manual_seed(0)
    free = pipe(image)
    assert not torch.equal(pipe(image), free)


def test_two_callables_draw_apart() -> None:
    seen = []

    def look(image: Any) -> Any:
        seen.append(torch.rand(()).item())
        return image

    T.Compose([T.Lambda(look), T.Lambda(look)])(picture(4, 5), key=1)
    assert seen[0] != seen[1]


def test_a_pipeline_inside_a_callable() -> None:
    inner = T.Compose([v2.RandomHorizontalFlip(), T.RandomCrop(5)])
    pipe = T.Compose([T.Lambda(lambda image: inner(image, key=9))])
    image = torch.from_numpy(picture(9, 8)).permute(2, 0, 1)
    assert torch.equal(pipe(image, key=1), inner(image, key=9))


def test_callables_may_end_with_anything() -> None:
    pipe = T.Compose([T.CenterCrop(4), T.Lambda(lambda image: float(np.mean(image)))])
    image = picture(9, 8)
    value = float(image[2:6, 2:6].mean())
    assert pipe(image) == value
    assert pipe([image, image]) == [value, value]
    assert pipe({"image": image, "label": 2}) == {"image": value, "label": 2}
    with pytest.raises(InputError, match="the transform at '1' returned float, not an image, to the next one"):
        T.Compose([*pipe.transforms, T.Pad(1)])(image)


def test_a_kind_of_image_for_some_of_a_batch_is_refused() -> None:
    with pytest.raises(ArgumentError, match="ran for some images of a batch only"):
        T.RandomApply([T.PILToTensor()])([picture(4, 5)] * 20, keys=list(range(20)))
    with pytest.raises(InputError, match="for some images of a batch only"):
        T.RandomApply([T.ToDtype("float32", True)])([picture(4, 5)] * 20, keys=list(range(20)))


class Brighten(T.Transform):
    """torchvision's way to write a transform."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        assert len(flat_inputs) == 1
        return {"by": int(torch.randint(1, 9, ()))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return inpt + np.uint8(params["by"])


class Invert(T.Transform):
    """With a forward of its own."""

    def forward(self, image: Any) -> Any:
        return 255 - image


class Module(torch.nn.Module):
    def forward(self, image: Any) -> Any:
        return 255 - image


def test_subclasses() -> None:
    image = picture(9, 8) // 2
    assert Brighten().opaque
    assert Brighten().random
    by = Brighten()(image, key=1).astype(int) - image
    assert 1 <= by.min() == by.max() <= 8
    pipe = T.Compose([T.CenterCrop(5), Brighten(), T.Pad(1)])
    assert equal(pipe(image, key=3), pipe(image, key=3))
    for kind in (Invert, Module):
        assert equal(kind()(image), 255 - image)
        assert equal(T.Compose([kind(), T.CenterCrop(5)])(image), T.CenterCrop(5)(255 - image))
        assert equal(T.RandomApply([kind()], p=1.0)([image])[0], 255 - image)


def test_sequential() -> None:
    image = torch.from_numpy(picture(30, 40)).permute(2, 0, 1)
    pipe = torch.nn.Sequential(T.Resize(20), T.CenterCrop(16), T.ToTensor())
    assert torch.equal(pipe(image), T.Compose(list(pipe))(image))
    seen = []
    pipe.apply(seen.append)
    assert len(seen) == 4
    assert pipe.eval()
    assert pipe.to("cpu").state_dict() == {}
    assert torch.equal(T.RandomApply(torch.nn.ModuleList([T.Resize(20)]), p=1.0)(image), T.Resize(20)(image))
