"""Transforms that choose among few things: a plan is kept for every choice, and gives what the general way does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import picture
from twinlens import transforms as T
from twinlens.pipeline import choices, prepared

POLICIES = {
    "rand": lambda: T.RandAugment(),
    "one": lambda: T.RandAugment(1, 20, interpolation=T.InterpolationMode.BILINEAR, fill=7),
    "trivial": lambda: T.TrivialAugmentWide(),
    "auto": lambda: T.AutoAugment(),
}
AROUND = {
    "crop": lambda policy: T.Compose([T.RandomResizedCrop(12), T.RandomHorizontalFlip(), policy, *TENSOR]),
    "alone": lambda policy: T.Compose([policy]),
    "first": lambda policy: T.Compose([policy, T.RandomResizedCrop(9), T.RandomErasing()]),
    "jitter": lambda policy: T.Compose([T.Resize((11, 12)), T.ColorJitter(0.4, 0.4), policy, T.RandomCrop(7)]),
}
TENSOR = [T.ToTensor(), T.Normalize([0.5] * 3, [0.2] * 3)]


def source_of(pipe: Any, image: Any) -> Any:
    return prepared.source_of(prepared.ready_parts(pipe), pipe.plans, image, prepared.kind_of(image))


@given(
    st.sampled_from(sorted(POLICIES)),
    st.sampled_from(sorted(AROUND)),
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=6),
    st.integers(8, 30),
)
def test_kept_plans_give_what_the_general_way_gives(policy: str, around: str, keys: list[int], side: int) -> None:
    pipe = AROUND[around](POLICIES[policy]())
    images = [picture(side, 20, 3, seed=1), picture(side + 3, 17, 3, seed=2)]
    for key in [*keys, *keys]:  # made, then kept
        for image in images:
            got, wanted = pipe(image, key=key), pipe(image, key=key, return_params=True)[0]
            assert type(got) is type(wanted)
            np.testing.assert_array_equal(np.asarray(got), np.asarray(wanted))
    assert source_of(pipe, images[0]).choices is not None


def test_a_choice_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, image = AROUND["crop"](T.RandAugment()), picture(30, 40, 3)
    for key in range(300):
        pipe(image, key=key)
    kept = source_of(pipe, image).choices.kept
    assert 100 < len(kept) < 290
    assert all(call is not None for call in kept.values())
    monkeypatch.setattr(prepared, "drawn", lambda *_: pytest.fail("a plan was made again"))
    for key in range(300):
        pipe(picture(25, 33, 3), key=key)


def test_not_more_are_kept_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "_KEPT", 5)
    pipe, image = AROUND["crop"](T.RandAugment()), picture(30, 40, 3)
    for key in range(60):
        pipe(image, key=key)
    assert 0 < len(source_of(pipe, image).choices.kept) <= 5


def test_two_that_choose_take_the_general_way() -> None:
    pipe, image = T.Compose([T.RandAugment(), T.AutoAugment()]), picture(30, 40, 3)
    assert source_of(pipe, image).choices is None
    np.testing.assert_array_equal(pipe(image, key=3), pipe(image, key=3, return_params=True)[0])


def test_changed_arguments_are_seen() -> None:
    policy = T.RandAugment()
    pipe, image = AROUND["crop"](policy), picture(30, 40, 3)
    before = [np.asarray(pipe(image, key=key)) for key in range(20)]
    policy.magnitude = 30
    after = [np.asarray(pipe(image, key=key)) for key in range(20)]
    assert any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    for key, got in enumerate(after):
        np.testing.assert_array_equal(got, np.asarray(pipe(image, key=key, return_params=True)[0]))
