"""Where the core draws the parameters itself, images are those of the general way, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import twinlens
from images import picture
from twinlens import _native
from twinlens import transforms as T
from twinlens.pipeline import prepared, prepared_batch
from twinlens.pipeline.blanks import CHANCE, Blanks, Rule, chance
from twinlens.pipeline.drawn import drawn
from twinlens.pipeline.run import Options
from twinlens.random import Draws
from twinlens.steps import Erase, Flip, Lut, Spec

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

#: what the core can draw; each keeps 3 channels
DRAWN = {
    "crop": lambda draw: T.RandomResizedCrop(draw(st.integers(1, 20)), interpolation=draw(METHODS)),
    "window": lambda draw: T.RandomCrop(draw(st.integers(1, 5))),
    "left": lambda draw: T.RandomHorizontalFlip(draw(CHANCES)),
    "down": lambda draw: T.RandomVerticalFlip(draw(CHANCES)),
    "gray": lambda draw: T.RandomGrayscale(draw(CHANCES)),
    "invert": lambda draw: T.RandomInvert(draw(CHANCES)),
    "posterize": lambda draw: T.RandomPosterize(3, draw(CHANCES)),
    "solarize": lambda draw: T.RandomSolarize(100, draw(CHANCES)),
    "equalize": lambda draw: T.RandomEqualize(draw(CHANCES)),
    "jitter": lambda draw: T.ColorJitter(0.4, 0.3, 0.5, draw(st.sampled_from([0, 0.2]))),
    "clahe": lambda draw: T.CLAHE((1.0, 4.0), (2, 3), draw(st.sampled_from(["lab", "channel"])), p=draw(CHANCES)),
    "clip": lambda draw: T.CLAHE(3.0, (2, 2), p=draw(CHANCES)),
    "contrast": lambda _: T.ColorJitter(contrast=0.5),
    "erase": lambda draw: T.RandomErasing(draw(CHANCES), draw(SHARES), draw(RATIOS), draw(VALUES)),
}
#: what draws nothing
FIXED = {
    "resize": lambda draw: T.Resize(draw(st.tuples(st.integers(5, 24), st.integers(5, 24)))),
    "center": lambda draw: T.CenterCrop(draw(st.integers(1, 12))),
    "flip": lambda _: T.RandomHorizontalFlip(1.0),
}
CHANCES = st.sampled_from([0.0, 0.3, 0.5, 1.0])
SHARES = st.sampled_from([(0.02, 0.33), (0.0, 0.01), (0.5, 1.0)])
RATIOS = st.sampled_from([(0.3, 3.3), (0.01, 100.0), (1.0, 1.0)])
VALUES = st.sampled_from([0.0, [1.0, 20.0, 255.0], "random"])
METHODS = st.sampled_from([T.InterpolationMode.BILINEAR, T.InterpolationMode.BICUBIC, T.InterpolationMode.NEAREST])


@st.composite
def pipelines(draw: st.DrawFn) -> T.Compose:
    """A few transforms that the core can draw or that draw nothing, at times up to a normalised tensor."""
    names = draw(st.lists(st.sampled_from([*DRAWN, *FIXED]), min_size=1, max_size=5))
    parts = [(DRAWN.get(name) or FIXED[name])(draw) for name in names]
    if draw(st.booleans()):
        parts += [T.ToTensor(), T.Normalize(MEAN, STD)]
        if draw(st.booleans()):
            parts.append(T.RandomErasing(draw(CHANCES), value=draw(st.sampled_from([0.0, "random"]))))
    return T.Compose(parts)


def general(pipe: Any, image: Any, key: int) -> Any:
    """The way that also says what was drawn."""
    return pipe(image, key=key, return_params=True)[0]


def assert_equal(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def is_drawn(pipe: Any, image: Any) -> bool:
    """Whether the core draws for this image."""
    source = prepared.source_of(prepared.ready_parts(pipe), {}, image, prepared.kind_of(image))
    return source is not prepared.MISS and source.call is not None and source.call.drawn is not None


@given(
    pipe=pipelines(),
    size=st.tuples(st.integers(5, 40), st.integers(5, 40)),
    key=st.integers(0, 2**64 - 1),
    kind=st.sampled_from(["array", "pil", "tensor"]),
)
def test_single_images(pipe: T.Compose, size: tuple[int, int], key: int, kind: str) -> None:
    array = picture(*size)
    image = {
        "array": lambda: array,
        "pil": lambda: Image.fromarray(array),
        "tensor": lambda: torch.from_numpy(array).permute(2, 0, 1).contiguous(),
    }[kind]()
    if not any(unit.random for _, unit in pipe.units("")):
        return
    try:
        wanted = general(pipe, image, key)
    except ValueError:  # a window larger than what is left of the image
        with pytest.raises(ValueError, match=r"RandomCrop"):
            pipe(image, key=key)
        return
    assert is_drawn(pipe, image)
    assert_equal(pipe(image, key=key), wanted)
    assert_equal(pipe(image, key=key), wanted)  # now that it is prepared


@given(data=st.data(), kind=st.sampled_from(["array", "pil", "tensor"]), given_out=st.booleans())
def test_batches_of_many_sizes(data: st.DataObject, kind: str, given_out: bool) -> None:
    rest = data.draw(pipelines())
    first = T.RandomResizedCrop(12, scale=(0.3, 1.0))
    pipe = T.Compose([first, *rest.transforms])
    sizes = data.draw(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=4))
    images: list[Any] = [picture(*size) for size in sizes]
    if kind == "pil":
        images = [Image.fromarray(image) for image in images]
    elif kind == "tensor":
        images = [torch.from_numpy(image).permute(2, 0, 1) for image in images]
    keys = [twinlens.key(1, 2, i) for i in range(len(images))]
    try:
        wanted = [general(pipe, image, key) for image, key in zip(images, keys, strict=True)]
    except ValueError:
        return
    out = None
    if given_out and isinstance(wanted[0], torch.Tensor):
        out = torch.empty((len(images), *wanted[0].shape), dtype=wanted[0].dtype)
    done = prepared_batch.call(pipe, images, Options(np.array(keys, np.uint64), None, 1, out, "rgb"))
    assert done is not prepared.MISS
    assert out is None or done is out
    for got, want in zip(done, wanted, strict=True):
        np.testing.assert_array_equal(np.asarray(got), np.asarray(want))


def test_images_of_other_kinds_take_the_general_way() -> None:
    pipe = T.Compose([T.RandomResizedCrop(8), T.RandomHorizontalFlip()])
    mixed = [picture(9, 9), picture(9, 9)[..., :1]]
    assert prepared_batch.call(pipe, mixed, Options()) is prepared.MISS
    assert prepared_batch.call(T.RandomHorizontalFlip(), [picture(4, 5), picture(5, 4)], Options()) is prepared.MISS
    assert prepared_batch.call(pipe, [picture(9, 9)], Options(engine="kornia")) is prepared.MISS
    assert prepared_batch.call(pipe, [picture(9, 9)], Options(color="bgr")) is prepared.MISS


def test_an_output_of_another_shape_is_refused() -> None:
    pipe = T.Compose([T.RandomResizedCrop(8), T.ToTensor()])
    with pytest.raises(ValueError, match=r"out: got .* the result is"):
        pipe.batch([picture(9, 9)], out=torch.empty(1, 3, 8, 9))


def test_a_flip_joins_the_resample() -> None:
    pipe = T.Compose([T.RandomResizedCrop(8), T.RandomHorizontalFlip(), T.RandomVerticalFlip(0.2)])
    plan = drawn(pipe.units(""), Spec.of([(20, 30, 3)], "uint8"), "ndarray")
    assert plan is not None
    assert len(plan.rows) == 1
    assert plan.any_size


def test_a_window_joins_the_resample() -> None:
    pipe = T.Compose([T.Resize(20), T.RandomCrop(8)])
    plan = drawn(pipe.units(""), Spec.of([(30, 30, 3)], "uint8"), "ndarray")
    assert plan is not None
    assert len(plan.rows) == 1
    assert not plan.any_size


def test_a_subclass_means_what_it_says() -> None:
    class Never(T.RandomHorizontalFlip):
        def sample(self, draws: Draws, spec: Spec) -> dict[str, Any]:
            del draws
            return {"flipped": np.zeros(len(spec), bool)}

    image = picture(5, 6)
    assert drawn([("", Never(1.0))], Spec.of([(5, 6, 3)], "uint8"), "ndarray") is None
    assert_equal(Never(1.0)(image, key=3), image)


def test_one_chance_for_several_steps_keeps_them_apart() -> None:
    class Tables(T.RandomHorizontalFlip):
        def steps(self, active: Any) -> list[Lut]:
            tables = np.arange(256, dtype=np.uint8)[None, None]
            return [Lut((tables * factor).astype(np.uint8), active=active) for factor in (3, 5, 7)]

        def lower(self, params: dict[str, Any], spec: Spec) -> list[Lut]:
            del spec
            return self.steps(params["flipped"])

        def blanks(self, spec: Spec) -> Blanks:
            del spec
            return Blanks(tuple(self.steps(None)), (chance(0, self.p, count=3),))

    image, pipe = picture(5, 6), Tables(0.5)
    plan = drawn([("", pipe)], Spec.of([(5, 6, 3)], "uint8"), "ndarray")
    assert plan is not None
    assert len(plan.rows) == 3
    for key in range(12):
        assert_equal(pipe(image, key=key), general(pipe, image, key))


def test_what_changes_sizes_by_chance_has_no_plan() -> None:
    assert drawn([("", T.Transpose(p=0.5))], Spec.of([(5, 6, 3)], "uint8"), "ndarray") is None


def test_changed_arguments_are_seen() -> None:
    pipe = T.Compose([T.RandomHorizontalFlip(1.0), T.ColorJitter(0.4)])
    image = picture(5, 6)
    for p in (0.0, 1.0):
        pipe.transforms[0].p = p
        assert_equal(pipe(image, key=5), general(pipe, image, 5))


FLIP = Flip(np.array([True]), np.array([False])).native(Spec.of([(2, 2, 3)], "uint8"))


@pytest.mark.parametrize(
    "rule",
    [
        Rule(CHANCE, 1, (0, 1), (0.5,)),
        Rule(CHANCE, -1, (0, 1), (0.5,)),
        Rule(CHANCE, 0, (0, 2), (0.5,)),
        Rule(CHANCE, 0, (0, -1), (0.5,)),
        Rule(CHANCE, 0, (0,), (0.5,)),
        Rule(1, 0, (0, 3), (0.5,)),
        Rule(1, 0, (0, 0), (0.5,)),
        Rule(2, 0, (0, 1, 0)),
        Rule(2, 0, (0, 99, 4)),
        Rule(3, 0, (0, 0), (0.0, 1.0)),
        Rule(4, 0, (0, 0), (0.1, 1.0, 0.7, 1.3)),
        Rule(5, 0, (0,), (0.1, 1.0)),
        Rule(6, 0, (), ()),
        Rule(6, 0, (2, 2), (0.5, 0.02, 0.33, 0.3, 3.3)),
        Rule(7, 0, (), ()),
        Rule(-1, 0, (), ()),
    ],
)
def test_the_core_refuses_rules_that_fill_what_is_not_there(rule: Rule) -> None:
    with pytest.raises(ValueError, match="a rule fills what is not there"):
        _native.drawn_plan([FLIP], [rule.native(rule.op, 7)])


ERASE = Erase(np.ones((1, 1, 4), np.int64), np.ones(1, np.int64), np.zeros((1, 1)))


@pytest.mark.parametrize(
    ("size", "reals"),
    [
        ((0, 5), (0.5, 0.02, 0.33, 0.3, 3.3)),
        ((5, 5), (0.5, -0.1, 0.33, 0.3, 3.3)),
        ((5, 5), (0.5, 0.02, 1.5, 0.3, 3.3)),
        ((5, 5), (0.5, 0.02, 0.33, 0.0, 3.3)),
        ((5, 5), (0.5, 0.02, float("nan"), 0.3, 3.3)),
        ((5, 5), (0.5, 0.02, 0.33, 0.3)),
    ],
)
def test_the_core_refuses_holes_that_nobody_draws(size: tuple[int, int], reals: tuple[float, ...]) -> None:
    row = ERASE.native(Spec.of([(5, 5, 3)], "uint8"))
    _native.drawn_plan([row], [Rule(6, 0, (5, 5), (0.5, 0.02, 0.33, 0.3, 3.3)).native(0, 7)])
    with pytest.raises(ValueError, match="a rule fills what is not there"):
        _native.drawn_plan([row], [Rule(6, 0, size, reals).native(0, 7)])


def test_the_core_wants_a_key_for_every_picture() -> None:
    plan = _native.drawn_plan([FLIP], [])
    image = picture(2, 2)
    with pytest.raises(ValueError, match="as many keys as pictures"):
        _native.run_drawn(plan, np.zeros(2, np.uint64), [image], [image.copy()], 0, 0, False, False, 1)


@given(key=st.integers(0, 2**64 - 1), size=st.tuples(st.integers(1, 600), st.integers(1, 600)))
def test_rows_are_those_of_the_lowered_plan(key: int, size: tuple[int, int]) -> None:
    pipe = T.Compose([T.RandomResizedCrop(9), T.ColorJitter(0.4, 0.2, 0.3, 0.1)])
    plan = drawn(pipe.units(""), Spec.of([(*size, 3)], "uint8"), "ndarray")
    assert plan is not None
    filled = _native.filled_rows(plan.plan, np.array([key], np.uint64), *size)
    lowered = pipe.plan(size, key=key).placed
    assert len(filled) == len(lowered) == 5
    for (code, ints, reals), (step, before, _) in zip(filled, lowered, strict=True):
        native = step.native(before)
        assert native is not None
        assert code == native[0]
        np.testing.assert_array_equal(ints, native[1])
        np.testing.assert_array_equal(reals, native[2])


def test_ranges_beyond_the_cores_rules_take_the_general_way() -> None:
    pipe = T.RandomResizedCrop(4, ratio=(1e-7, 1e7))
    image = picture(9, 8)
    assert drawn([("", pipe)], Spec.of([(9, 8, 3)], "uint8"), "ndarray") is None
    assert_equal(pipe(image, key=1), general(pipe, image, 1))


def test_blanks_need_no_rules() -> None:
    assert T.RandomGrayscale().blanks(Spec.of([(2, 2, 1)], "uint8")) == Blanks(())


@pytest.mark.parametrize("size", [(8, 20), (20, 8)])
def test_a_hole_is_smaller_than_the_image_on_both_sides(size: tuple[int, int]) -> None:
    pipe, image = T.Compose([T.RandomErasing(1.0, (0.3, 0.45), (1.0, 1.0), 7.0)]), picture(*size)  # sides of 7 and 8
    for key in range(60):
        assert_equal(pipe(image, key=key), general(pipe, image, key))


@pytest.mark.parametrize("size", [(8, 20), (20, 8)])
def test_a_hole_of_noise(size: tuple[int, int]) -> None:
    pipe, image = T.Compose([T.RandomErasing(1.0, (0.3, 0.45), value="random")]), picture(*size)
    assert is_drawn(pipe, image)
    for key in range(20):
        assert_equal(pipe(image, key=key), general(pipe, image, key))


# Pipelines that draw nothing, whose results have one size.


@st.composite
def fixed_results(draw: st.DrawFn) -> T.Compose:
    """Resize, and CenterCrop where one side is given, and what may follow."""
    method = draw(st.sampled_from(["bilinear", "bicubic", "lanczos", "hamming", "box"]))
    if draw(st.booleans()):
        parts: list[Any] = [T.Resize(draw(st.tuples(st.integers(1, 30), st.integers(1, 30))), method)]
    else:
        side = draw(st.integers(1, 30))
        size = draw(st.tuples(st.integers(1, side), st.integers(1, side)))
        rounding = draw(st.sampled_from(["nearest", "floor"]))
        parts = [T.Resize(side, method), T.CenterCrop(size, rounding=rounding)]
    if draw(st.booleans()):
        parts.append(T.RandomHorizontalFlip(draw(CHANCES)))
    if draw(st.booleans()):
        parts += [T.ToTensor(), T.Normalize([0.5], [0.25])]
    return T.Compose(parts)


SIDES = st.one_of(st.integers(1, 40), st.sampled_from([30, 60, 1]))


@given(
    fixed_results(),
    st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=5),
    st.sampled_from([1, 3, 4]),
    st.integers(0, 9),
)
def test_results_of_one_size_from_images_of_any_size(
    pipe: T.Compose, sizes: list[tuple[int, int]], channels: int, key: int
) -> None:
    images = [picture(h, w, channels, seed=i) for i, (h, w) in enumerate(sizes)]
    wanted = [general(pipe, image, key + i) for i, image in enumerate(images)]
    for i, image in enumerate(images):
        assert_equal(pipe(image, key=key + i), wanted[i])
        if channels > 2:
            assert_equal(pipe(Image.fromarray(image), key=key + i), general(pipe, Image.fromarray(image), key + i))
    keys = [key + i for i in range(len(images))]
    for one, other in zip(pipe.batch(images, keys=keys), wanted, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_any_size_is_prepared_once() -> None:
    pipe = T.Compose([T.Resize(20), T.CenterCrop(18), T.ToTensor()])
    sizes = [(40, 60), (61, 30), (20, 20)]
    images = [picture(h, w, 3) for h, w in sizes]
    for image in images:
        pipe(image)
    sources = {id(plan): plan for plan in pipe.plans.values() if isinstance(plan, prepared.Source)}
    (source,) = sources.values()
    assert source.any_size
    before = torch.get_rng_state()
    assert prepared_batch.call(pipe, images, Options()) is not prepared.MISS
    assert torch.equal(before, torch.get_rng_state())  # nothing is drawn


@pytest.mark.parametrize(
    "pipe",
    [
        T.Compose([T.Resize(20), T.CenterCrop(21)]),
        T.Compose([T.Resize(20), T.ToTensor()]),
        T.Compose([T.Resize(20, max_size=30), T.CenterCrop(18)]),
        T.Compose([T.Resize(20), T.CenterCrop((18, 22))]),
        T.Compose([T.Resize(20, semantics="opencv"), T.CenterCrop(18)]),
    ],
)
def test_other_beginnings_are_prepared_size_by_size(pipe: T.Compose) -> None:
    for h, w in [(40, 60), (61, 30), (20, 20)]:
        image = picture(h, w, 3)
        assert_equal(pipe(image), general(pipe, image, 0))
    assert not any(isinstance(plan, prepared.Source) and plan.any_size for plan in pipe.plans.values())


@pytest.mark.parametrize("ints", [[20, 21, 5, 0], [20, 0, 5, 0], [-1, 5, 5, 0], [20, 5, 5]])
def test_the_core_refuses_resized_rules_that_do_not_fit(ints: list[int]) -> None:
    found = drawn([("", T.Resize((5, 5)))], Spec.of([(9, 9, 3)], "uint8"), "ndarray")
    assert found is not None
    with pytest.raises(ValueError, match="a rule fills what is not there"):
        _native.drawn_plan(found.rows, [(7, 0, 0, ints, [])])
