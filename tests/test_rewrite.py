"""Every rewrite leaves every bit unchanged, and fires where it should."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from images import Image, picture
from parity import bits
from parity.resize import boxes, flags, rectangles
from parity.trial import batches, ints, masked
from twinlens import engines
from twinlens import transforms as T
from twinlens.engines import Batch
from twinlens.pipeline.rewrite import RULES, rewrite
from twinlens.steps import Convert, Crop, Flip, Lut, Normalize, Resample, Spec, Step
from twinlens.steps.base import place
from twinlens.steps.resample.step import ANTIALIASED, METHODS


def crop(draw: st.DrawFn, spec: Spec, active: Any) -> Crop:
    """A window of its own for every image."""
    y, x, h, w = ints([draw(rectangles(*spec.shape(i)[:2])) for i in range(len(spec))]).T
    return Crop(y, x, h, w, active=active)


def resample(draw: st.DrawFn, spec: Spec, active: Any) -> Resample:
    """Any method, any size, at times with a box or a region already."""
    method = draw(st.sampled_from(METHODS))
    sizes = ints([draw(st.tuples(st.integers(1, 30), st.integers(1, 30))) for _ in range(len(spec))])
    roi = box = None
    if draw(st.booleans()):
        roi = ints([draw(rectangles(*size)) for size in sizes.tolist()])
    if method in ANTIALIASED and draw(st.booleans()):
        box = np.array([draw(boxes(*spec.shape(i)[:2])) for i in range(len(spec))])
    return Resample(method, sizes[:, 0], sizes[:, 1], roi, None, box, flags(draw, len(spec)), active=active)


def antialiased(draw: st.DrawFn, spec: Spec, active: Any) -> Resample:
    """Pillow's filters, for all images: what a flip of any of them joins."""
    del active
    method = draw(st.sampled_from(ANTIALIASED))
    sizes = ints([draw(st.tuples(st.integers(1, 30), st.integers(1, 30))) for _ in range(len(spec))])
    return Resample(method, sizes[:, 0], sizes[:, 1], flip=flags(draw, len(spec)))


def table(draw: st.DrawFn, spec: Spec, active: Any) -> Lut:
    """One table for all images, or one an image; one for all channels, or one a channel."""
    rows = draw(st.sampled_from([1, len(spec)]))
    channels = draw(st.sampled_from([1, int(spec.c[0])] if len(set(spec.c.tolist())) == 1 else [1]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return Lut(random.integers(0, 256, (rows, channels, 256), dtype=np.uint8), active=active)


def normalize(draw: st.DrawFn, spec: Spec, active: Any) -> Normalize:
    """Of float images, as the transform makes it."""
    del active
    mean = draw(st.sampled_from([[[0.485]], [[0.0]], [[-1.5]]]))
    dtype = spec.dtype if spec.dtype in ("float16", "bfloat16") else "float32"
    return Normalize(np.array(mean), np.array([[0.229]]), dtype)


def convert(draw: st.DrawFn, spec: Spec, active: Any) -> Convert:
    """To any dtype, scaled or cast."""
    del spec, active
    to = draw(st.sampled_from(["uint8", "uint16", "float32", "float32", "float16", "bfloat16"]))
    return Convert(to, draw(st.sampled_from([True, True, False])))


def flip(draw: st.DrawFn, spec: Spec, active: Any) -> Flip:
    """Of any image in either way."""
    return Flip(
        *(np.array(draw(st.lists(st.booleans(), min_size=len(spec), max_size=len(spec)))) for _ in "hv"), active=active
    )


PAIRS: dict[str, tuple[Any, ...]] = {
    "crop_into_resample": (resample, crop),
    "crop_before_resample": (crop, resample),
    "flip_into_resample": (antialiased, flip),
    "crop_of_crop": (crop, crop),
    "flip_of_flip": (flip, flip),
    "table_of_table": (table, table),
    "scale_into_normalize": (lambda *_: Convert("float32"), normalize),
    "narrow_into_normalize": (
        lambda *_: Normalize(np.array([[0.5]]), np.array([[0.3]]), "float32", True),
        lambda draw, *_: Convert(draw(st.sampled_from(["float16", "bfloat16"])), draw(st.booleans())),
    ),
    "narrow_scale": (
        lambda *_: Convert("float32"),
        lambda draw, *_: Convert(draw(st.sampled_from(["float16", "bfloat16"])), draw(st.booleans())),
    ),
}


def collect(draw: st.DrawFn, images: list[Image], makers: tuple[Any, ...], active: Any) -> list[Step] | None:
    """The makers' steps, each for what the ones before leave; None where one refuses."""
    spec = Spec.of([image.shape for image in images], images[0].dtype.name)
    steps: list[Step] = []
    for make in makers:
        step = make(draw, spec, active)
        try:
            spec = step.after(spec)
        except ValueError:
            return None
        steps.append(step)
    return steps


def run(steps: list[Step], images: list[Image], engine: Any) -> list[Any]:
    spec = Spec.of([image.shape for image in images], images[0].dtype.name)
    return list(engines.run(steps, Batch(images, spec, False), chw=True, tensors=True, engine=engine).data)


def rewritten(steps: list[Step], images: list[Image]) -> list[Step]:
    spec = Spec.of([image.shape for image in images], images[0].dtype.name)
    return [step for step, _, _ in rewrite(place(steps, spec))]


def assert_same(steps: list[Step], fewer: list[Step], images: list[Image]) -> None:
    for engine in ("native", "kornia"):
        for before, after in zip(run(steps, images, engine), run(fewer, images, engine), strict=True):
            assert before.dtype == after.dtype
            np.testing.assert_array_equal(bits(after), bits(before))


def test_every_rule_is_tested() -> None:
    assert set(PAIRS) == {rule.__name__ for rule in RULES.values()}


@pytest.mark.parametrize("name", PAIRS)
@given(data=st.data())
def test_rule_fires_and_changes_nothing(name: str, data: st.DataObject) -> None:
    integers = ("uint8", "uint16") if name.startswith("n") or "scale" in name else ("uint8", "uint16", "float32")
    integers = ("uint8",) if name.startswith("table") else integers
    images = data.draw(batches(dtypes=integers, max_side=30))
    active = None if name.startswith(("scale", "narrow")) else masked(data.draw, images)
    steps = collect(data.draw, images, PAIRS[name], active)
    assert steps is not None
    (rule,) = [rule for rule in RULES.values() if rule.__name__ == name]
    merged = rule(steps[0], steps[1])
    assert merged is not None
    assert [type(step) for step in rewritten(steps, images)] == [type(merged)]
    assert_same(steps, [merged], images)


@given(data=st.data())
def test_random_pipelines(data: st.DataObject) -> None:
    images = data.draw(batches(max_side=30))
    makers = data.draw(
        st.lists(st.sampled_from([crop, resample, crop, resample, convert, normalize, flip, flip, table]), max_size=6)
    )
    n = len(images)
    active = [data.draw(st.sampled_from([None, np.arange(n) % 2 == 0])) for _ in makers]
    chosen = tuple(lambda draw, spec, _, make=m, a=a: make(draw, spec, a) for m, a in zip(makers, active, strict=True))
    steps = collect(data.draw, images, chosen, None)
    if steps is None:
        return
    fewer = rewritten(steps, images)
    assert len(fewer) <= len(steps)
    assert_same(steps, fewer, images)


def test_the_plan_of_an_evaluation_is_two_steps() -> None:
    pipe = T.Compose([T.Resize(32), T.CenterCrop(28), T.ToTensor(), T.Normalize([0.5] * 3, [0.25] * 3)])
    plan = pipe.plan((60, 45))
    assert [type(step).__name__ for step in plan.rewritten] == ["Resample", "Normalize"]
    roi, scale = plan.rewritten[0].roi, plan.rewritten[1].scale
    assert roi.tolist() == [[7, 2, 28, 28]]
    assert scale


def test_steps_for_different_images_stay_apart() -> None:
    one, other = np.array([True, False]), np.array([False, True])
    at = np.array([1])
    crops = [Crop(at, at, at * 5, at * 5, active=one), Crop(at, at, at * 3, at * 3, active=other)]
    assert rewritten(crops, [picture(9, 9), picture(8, 7)]) == crops


def test_explain_says_what_was_joined_and_what_was_not() -> None:
    jitter, end = T.ColorJitter(0.4, 0.4, 0.4), [T.ToTensor(), T.Normalize([0.5] * 3, [0.25] * 3)]
    training = T.Compose([T.RandomResizedCrop(24), T.RandomHorizontalFlip(1.0), jitter, *end]).plan((60, 45)).explain()
    assert "8 steps lowered, 5 steps to run" in training
    assert "joined: Crop then resample" in training
    assert "joined: Resample then flip" in training
    assert "natively: steps 2 to 4 in as few walks as their means allow" in training
    flipped = T.Compose([T.RandomHorizontalFlip(1.0), T.Resize(24), *end]).plan((60, 45)).explain()
    assert "apart from the next: the weights of an axis and of its mirror image differ" in flipped
    assert "natively: steps 2 and 3 in one walk" in flipped
    tables = T.Compose([T.Grayscale(3), T.RandomInvert(1.0), T.RandomSolarize(9, 1.0), *end]).plan((60, 45)).explain()
    assert "joined: Two tables of 256 values are one." in tables
    assert "natively: steps 1 to 3 on a few rows at a time" in tables
    one = T.Resize(24).plan((60, 45)).explain()
    assert one.startswith("plan for 60x45x3 uint8: 1 step lowered, 1 step to run")
    assert "natively" not in one
    assert one.endswith("on a card: step 1 by Triton's resize kernel")


def test_explain_says_what_a_card_does_at_once() -> None:
    end = [T.ToTensor(), T.Normalize([0.5] * 3, [0.25] * 3)]
    colours = [T.RandomAdjustSharpness(2, 1.0), T.ColorJitter(0.4, saturation=0.4), *end]
    turned = T.Compose([T.RandomHorizontalFlip(1.0), T.RandomRotation((5, 9), "bilinear"), *colours])
    lines = turned.plan((60, 45)).explain().splitlines()[-3:]
    assert lines == [
        "on a card: steps 1 and 2 by Triton's warp kernel",
        "on a card: step 3 as torch code",
        "on a card: steps 4 to 6 by Triton's colours kernel",
    ]
    text = T.RandomRotation((5, 9)).plan((60, 45, 4)).explain()
    assert text.endswith("step 1 as torch code: the kernel warps 1 or 3 channels, this has 4")
    text = T.RandomRotation((5, 9)).plan((5, 40000)).explain()
    assert "as torch code: Pillow walks nearest neighbours beyond 32767 pixels" in text


def test_explain_of_several_plans() -> None:
    text = T.Compose([T.Resize(24), lambda image: image, T.Resize(9)]).plan((60, 45)).explain()
    assert [line.split(":")[0].split(" for")[0] for line in text.splitlines() if "Resample" not in line] == [
        "plan",
        "on a card",
        "opaque",
        "plan",
        "on a card",
    ]


@pytest.mark.parametrize("size", [(1, 1), (7, 2000), (333, 50), (64, 5462)])
def test_what_runs_by_rows_is_what_runs_at_once(size: tuple[int, int]) -> None:
    """Several bands, one row a band where a row is long, a last band that is shorter."""
    image = picture(*size)
    end = [T.ToTensor(), T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
    pipe = T.Compose([T.RandomHorizontalFlip(1.0), T.Grayscale(3), T.RandomPosterize(3, 1.0), *end])
    assert "on a few rows at a time" in pipe.plan(size).explain()
    np.testing.assert_array_equal(pipe(image), pipe(image, engine="kornia"))
