"""Pipelines: plans, replay, split, callables from elsewhere, keys, names, attributes, copies, DataLoader."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

import twinlens
from images import picture
from pil_images import pil_image
from twinlens import transforms as T
from twinlens.errors import ArgumentError, PipelineFileError

ENGINES = ("native", "kornia")
EVAL = T.Compose([T.Resize(20), T.CenterCrop(16), T.ToTensor(), T.Normalize([0.5, 0.4, 0.3], [0.2, 0.3, 0.4])])
TRAIN = T.Compose([
    T.Resize(24), T.RandomResizedCrop(16), T.RandomHorizontalFlip(), T.RandomApply([T.Grayscale(3), T.Pad(2)], p=0.6),
    T.RandomChoice([T.CenterCrop(12), T.RandomCrop(12), T.Resize((12, 12))], p=[1, 2, 3]),
    T.RandomOrder([T.RandomVerticalFlip(), T.CLAHE(2.0, (2, 2)), T.RandomCrop(10)]), T.ToTensor(),
])  # fmt: skip


def double(image: Any) -> Any:
    """A function that importing this module finds."""
    return image * 2


def equal(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(np.array_equal(np.asarray(a), np.asarray(b)))


# Plans


def test_a_plan_shows_what_runs() -> None:
    text = str(EVAL.plan((375, 500)))
    assert text.startswith("plan for 375x500x3 uint8\nlowered:\n")
    lowered, runs = text.split("runs:\n")
    assert lowered.count("\n  ") == 4
    assert len(runs.splitlines()) == 2
    assert "Resample(method=bilinear" in runs
    assert "16x16x3 float32 [native | kornia]" in runs
    assert "nothing" in str(T.Compose([]).plan((4, 5)))
    assert "Crop" in str(TRAIN.plan((30, 40), key=3))
    assert str(TRAIN.plan((30, 40), key=3)) == str(TRAIN.plan((30, 40), key=3))
    assert "5x6x1 uint16" in str(T.Pad(0).plan((5, 6, 1), dtype="uint16"))


def test_a_plan_shows_callables_between() -> None:
    text = str(T.Compose([T.CenterCrop(8), T.Lambda(double), T.Pad(1)]).plan((20, 30)))
    assert "opaque: Lambda(" in text
    assert text.index("Crop(") < text.index("opaque") < text.index("Pad(")


def test_rewrites_keep_every_bit() -> None:
    image = picture(40, 53)
    stepwise: Any = image
    for part in EVAL:
        stepwise = part(stepwise)
    assert torch.equal(EVAL(image), stepwise)


# Keys and parameters


@pytest.mark.parametrize("engine", ENGINES)
def test_same_key_same_result(engine: Any) -> None:
    images = [picture(30 + i, 40 - i, seed=i) for i in range(9)]
    keys = [twinlens.key(1, 2, i) for i in range(9)]
    singly = [TRAIN(image, key=key) for image, key in zip(images, keys, strict=True)]
    with twinlens.use_engine(engine):
        for out in (TRAIN(images, keys=keys), TRAIN.batch(images, keys=np.array(keys, np.uint64), num_threads=2)):
            assert all(torch.equal(a, b) for a, b in zip(out, singly, strict=True))
        assert torch.equal(TRAIN(images[3], key=keys[3]), singly[3])
    assert len({tuple(o.flatten().tolist()) for o in singly}) == 9


def test_without_a_key_torch_decides() -> None:
    image = picture(30, 40)
    torch.manual_seed(5)
    first = [TRAIN(image) for _ in range(4)]
    torch.manual_seed(5)
    again = [TRAIN(image) for _ in range(4)]
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], first[1])
    before = torch.get_rng_state()
    EVAL(image)
    TRAIN(image, key=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_replay() -> None:
    one, two = picture(30, 40, seed=1), picture(30, 40, seed=2)
    out, params = TRAIN(one, key=7, return_params=True)
    assert torch.equal(TRAIN.replay(one, params), out)
    assert torch.equal(TRAIN.replay(two, params), TRAIN(two, key=7))
    assert torch.equal(TRAIN.replay(image=two, params=params)["image"], TRAIN(two, key=7))
    batch = np.stack([one, two] * 3)
    whole, params = TRAIN(batch, keys=list(range(6)), return_params=True)
    assert torch.equal(TRAIN.replay(batch, params), whole)
    kept = pickle.loads(pickle.dumps(params))
    assert torch.equal(TRAIN.replay(batch, kept), whole)


def test_replay_through_callables() -> None:
    pipe = T.Compose([T.RandomApply([T.Lambda(double), T.RandomCrop(6)], p=0.5), T.Resize((5, 5))])
    batch = np.stack([picture(9, 8, seed=i) // 2 for i in range(8)])
    out, params = pipe(batch, keys=list(range(8)), return_params=True)
    np.testing.assert_array_equal(pipe.replay(batch, params), out)
    for i in range(8):
        np.testing.assert_array_equal(pipe(batch[i], key=i), out[i])


def test_names_keep_a_stream_where_it_is() -> None:
    image = picture(30, 40)
    named = [T.RandomCrop(9, name="crop")]
    first = T.Compose(named)(image, key=3)
    assert equal(T.Compose([T.Pad(0), T.RandomHorizontalFlip(0.0), *named])(image, key=3), first)
    plain = [T.Compose([*[T.Pad(0)] * n, T.RandomCrop(9)])(image, key=3) for n in range(4)]
    assert not all(equal(p, plain[0]) for p in plain)


def test_split_keeps_the_draws() -> None:
    image = picture(30, 40)
    for pipe in (TRAIN, T.Compose([T.Resize(24), *TRAIN.transforms], name="outer")):
        fixed, rest = pipe.split()
        assert not fixed.random
        stored = fixed(image)
        for index in range(6):
            key = twinlens.key(index=index)
            assert torch.equal(rest(stored, key=key), pipe(image, key=key))
    fixed, rest = EVAL.split()
    assert (len(fixed), len(rest)) == (4, 0)
    fixed, rest = T.Compose([T.Resize(9), T.Lambda(double), T.ToTensor()]).split()
    assert (len(fixed), len(rest)) == (1, 2)
    nested = T.Compose([T.Compose([T.Resize(20), T.RandomCrop(9)]), T.RandomHorizontalFlip()])
    fixed, rest = nested.split()
    assert equal(rest(fixed(image), key=4), nested(image, key=4))


# Attributes, copies


def test_attributes_can_be_changed() -> None:
    image = picture(30, 40)
    pipe = T.Compose([T.Resize(20), T.CenterCrop(16)])
    assert pipe(image).shape == (16, 16, 3)
    pipe.transforms[1].size = 8
    assert pipe.transforms[1].size == (8, 8)
    assert pipe(image).shape == (8, 8, 3)
    pipe.transforms.append(T.Pad(1))
    assert pipe(image).shape == (10, 10, 3)
    pipe.transforms = [T.Pad(2)]
    assert pipe(image).shape == (34, 44, 3)
    with pytest.raises(ArgumentError, match="Pad: padding_mode='wrap'"):
        pipe[0].padding_mode = "wrap"
    flip = T.RandomHorizontalFlip()
    flip.p = 1.0
    assert equal(flip(image), image[:, ::-1])
    dtype = T.ToDtype(torch.float32)
    dtype.dtype = torch.float16
    assert dtype.dtype is torch.float16
    dtype.note = "mine"
    assert dtype.note == "mine"
    with pytest.raises(AttributeError):
        _ = dtype.nothing


EXAMPLES = [
    EVAL, TRAIN, T.Compose([]), T.Resize((3, 4), "lanczos", name="r"), T.Resize(None, max_size=9),
    T.Resize(9, "area", semantics="opencv"), T.Pad([1, 2], (3, 4, 5), "constant"), T.CLAHE((1.0, 4.0), (3, 2), p=0.5),
    T.RandomResizedCrop(9, (0.5, 1.0), (1.0, 2.0), "bicubic"), T.RandomCrop((3, 4), 2, True, 5, "edge"),
    T.ToDtype(torch.bfloat16, scale=True), T.ConvertImageDtype(torch.float16), T.RandomChoice([T.Pad(1)], p=[3]),
    T.Normalize([0.485, 1 / 3], [0.1, 1e-7]), T.ToPILImage("RGB"), T.ToImage(), T.Grayscale(3), T.RandomOrder([]),
    T.Compose([T.RandomApply([T.RandomChoice([T.Pad(1), T.Compose([T.Pad(2)])])], p=0.25)], name="whole"),
]  # fmt: skip


@pytest.mark.parametrize("pipe", EXAMPLES, ids=lambda pipe: repr(pipe).replace("\n", " ")[:50])
def test_repr_and_copies(pipe: T.Transform) -> None:
    again = eval(repr(pipe), vars(T).copy())
    for same in (again, copy.copy(pipe), copy.deepcopy(pipe), pickle.loads(pickle.dumps(pipe))):
        assert same is not pipe
        assert same == pipe
        assert repr(same) == repr(pipe)
        assert type(same) is type(pipe)
    assert {pipe: 1}[pipe] == 1
    assert hash(pipe) != hash(again)


def test_copies_do_not_share() -> None:
    pipe = T.Compose([T.Resize(20)])
    pipe(picture(30, 40))
    other = copy.deepcopy(pipe)
    other.transforms[0].size = 10
    assert pipe(picture(30, 40)).shape == (20, 26, 3)
    assert other(picture(30, 40)).shape == (10, 13, 3)
    assert pipe != other
    assert T.Resize(3) != T.CenterCrop(3)
    assert T.Resize(3) != 3


def test_functions_pickle_and_lambdas_say_why_not() -> None:
    pipe = T.Compose([T.Resize(20), T.Lambda(double)])
    image = picture(30, 40)
    assert equal(pickle.loads(pickle.dumps(pipe))(image), pipe(image))
    local = T.Compose([T.Lambda(lambda image: image)])
    assert equal(local(image), image)
    with pytest.raises(PipelineFileError, match=r"Lambda cannot be pickled: .*lambda.*define it with def in a module"):
        pickle.dumps(local)
    assert equal(copy.deepcopy(local)(image), image)
    assert copy.copy(local) == local


# DataLoader


class Pictures(Dataset[Any]):
    def __init__(self, pipe: Any, keyed: bool) -> None:
        self.pipe, self.keyed = pipe, keyed

    def __len__(self) -> int:
        return 12

    def __getitem__(self, i: int) -> Any:
        image = pil_image("RGB", 30 + i, 40, seed=i)
        return self.pipe(image, key=twinlens.key(0, 1, i)) if self.keyed else self.pipe(image)


def loaded(workers: int, context: str | None, keyed: bool, pipe: Any = TRAIN) -> torch.Tensor:
    torch.manual_seed(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork in a process with threads
        loader = DataLoader(Pictures(pipe, keyed), 4, num_workers=workers, multiprocessing_context=context)
        return torch.cat(list(loader))


def test_workers_give_what_one_process_gives() -> None:
    pipe = T.Compose([*TRAIN.transforms, T.Lambda(double)])
    pipe.batch([picture(30, 40)] * 8, keys=list(range(8)), num_threads=2)  # threads exist before the fork
    wanted = loaded(0, None, keyed=True, pipe=pipe)
    assert torch.equal(loaded(2, "fork", keyed=True, pipe=pipe), wanted)
    assert wanted.shape == (12, 3, 10, 10)


def test_workers_are_seeded_by_torch() -> None:
    first = loaded(2, "fork", keyed=False)
    assert torch.equal(loaded(2, "fork", keyed=False), first)
    assert torch.equal(loaded(0, None, keyed=False), loaded(0, None, keyed=False))


def test_workers_use_one_thread() -> None:
    assert twinlens.get_num_threads() >= 1
    counts = torch.cat(list(DataLoader(Threads(), 2, num_workers=2, multiprocessing_context="fork")))
    assert counts.tolist() == [1, 1]


class Threads(Dataset[Any]):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, i: int) -> Any:
        return torch.tensor(twinlens.get_num_threads())
