"""The conformance suite: what it lets pass, and thirteen defects, each found by the check that is meant for it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from twinlens import registry
from twinlens import transforms as T
from twinlens.authoring import ArrayTransform, Config, Spec, Step, Transform, hookimpl
from twinlens.errors import ArgumentError
from twinlens.registry import Plugin
from twinlens.steps import Crop, Flip, Lut
from twinlens.testing import CHECKS, Report, check_step, check_transform
from twinlens.testing.meaning import described

LEFT_RIGHT = np.array([True]), np.array([False])


class Strength(Config):
    strength: float = 0.5


class Sound(Transform):
    """Mirrors the image in half of the cases, then darkens it; strength: how much of the values stays, 0 to 1."""

    Config = Strength
    is_random = True

    def __init__(self, strength: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(strength=strength, name=name)

    def sample(self, draws: Any, spec: Spec) -> Any:
        del spec
        return {"mirrored": draws.uniform()[:, 0] < 0.5}

    def lower(self, params: Any, spec: Spec) -> Any:
        del spec
        yield Flip(*LEFT_RIGHT, active=params["mirrored"])
        yield Lut(np.rint(np.arange(256) * self.strength).astype(np.uint8)[None, None])


class GlobalState(ArrayTransform):
    """Adds noise from NumPy's global generator."""

    is_random = True

    def transform_array(self, image: Any, **_: Any) -> Any:
        return image ^ np.random.randint(0, 4, image.shape).astype(np.uint8)  # noqa: NPY002


class IgnoredKeys(ArrayTransform):
    """Adds noise from a generator that knows nothing of the key."""

    is_random = True

    def transform_array(self, image: Any, **_: Any) -> Any:
        return image ^ np.random.default_rng().integers(0, 4, image.shape, np.uint8)


class ConstantKeys(ArrayTransform):
    """Says that it is random, and is not."""

    is_random = True

    def transform_array(self, image: Any, **_: Any) -> Any:
        return image ^ np.random.default_rng(0).integers(0, 4, image.shape, np.uint8)


class _Mutating(Step):
    def result(self, spec: Spec) -> Spec:
        return spec

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        return x.clone().copy_(x.bitwise_not_())


class _Short(Step):
    def result(self, spec: Spec) -> Spec:
        return spec

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        return x[:, :, 1:].clone()


class _Floats(_Short):
    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        return x / 255


class _Different(Crop):
    """The core crops; torch crops, and is one level off in one place."""

    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        done = super().batched(x, spec).clone()
        done[:, :, 3, 5] ^= 1
        return done


class _LeftBehind(Flip):
    """The pixels and the mask are mirrored, boxes are not."""

    def boxes(self, xyxy: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        return xyxy


class _ThreeOnly(_Short):
    def batched(self, x: torch.Tensor, spec: Spec) -> torch.Tensor:
        del spec
        red, green, blue = x.unbind(1)
        return torch.stack([blue, green, red], 1)


def one(step: Any) -> type[Transform]:
    class Wrapped(Transform):
        """A step by itself."""

        def lower(self, params: Any, spec: Spec) -> Any:
            del params, spec
            yield step

    Wrapped.__name__ = Wrapped.__qualname__ = f"Wrapped{type(step).__name__}"
    globals()[Wrapped.__name__] = Wrapped  # so that a pickle finds it
    return Wrapped


class MissingField(Sound):
    """Keeps `strength` beside the arguments that it saves."""

    Config = Config

    def __init__(self, strength: float = 0.5, *, name: str | None = None) -> None:
        Transform.__init__(self, name=name)
        self.strength = strength


class Unpicklable(Sound):
    """Holds a lambda; strength: as Sound's."""

    def __init__(self, strength: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(strength, name=name)
        self.function = lambda x: x


class Aliasing(Transform):
    """Hands out a view of what it is given."""

    is_opaque = True

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)

    def apply_to_scene(self, scene: Any, seed: int) -> Any:
        del seed
        return replace(scene, image=scene.image[:])


class Plans(Config):
    make_params: int = 3


class HidesAMethod(Sound):
    """An argument that is called `make_params`."""

    Config = Plans

    def __init__(self, make_params: int = 3, *, name: str | None = None) -> None:
        Transform.__init__(self, make_params=make_params, name=name)
        self.strength = 0.5


SIZE = np.array([40])
ZERO = np.array([0])
DEFECTS: dict[str, tuple[Any, str]] = {
    "global random state": (GlobalState(), "global state"),
    "mutation": (one(_Mutating())(), "mutation"),
    "a view of the input": (Aliasing(), "mutation"),
    "wrong shape": (one(_Short())(), "shape"),
    "engine mismatch": (one(_Different(ZERO, ZERO, SIZE, SIZE))(), "engines"),
    "missing field in YAML": (MissingField(0.9), "file"),
    "unpicklable lambda": (Unpicklable(), "pickle"),
    "box not moved": (one(_LeftBehind(*LEFT_RIGHT))(), "targets"),
    "ignoring keys": (IgnoredKeys(), "keys"),
    "not random after all": (ConstantKeys(), "keys"),
    "crash on one channel": (one(_ThreeOnly())(), "formats"),
    "hidden method": (HidesAMethod(), "docs"),
    "wrong dtype": (one(_Floats())(), "dtype"),
}


class Defective:
    @hookimpl
    def register_transforms(self, register: Any) -> None:
        register(Sound)
        for kind in {type(transform) for transform, _ in DEFECTS.values()}:
            register(kind)


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registry", registry._with_builtins())
    assert registry._ready().load(Plugin("planted", "twinlens-planted", "1"), Defective).error is None


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_by_exactly_the_check_meant_for_it(name: str) -> None:
    transform, meant = DEFECTS[name]
    report = check_transform(transform, raises=False)
    assert [outcome.check for outcome in report.failed] == [meant], str(report)
    with pytest.raises(AssertionError, match=f"failed  {meant}: "):
        check_transform(transform)


def ran(report: Report) -> set[str]:
    return {outcome.check for outcome in report.outcomes if outcome.status == "passed"}


def test_a_sound_transform_passes_every_check() -> None:
    report = check_transform(Sound(0.7))
    assert ran(report) == {check.name for check in CHECKS}, str(report)
    assert "native" in report.outcomes[-1].note
    assert str(report).startswith("Sound(strength=0.7)\n  passed  docs\n")


@pytest.mark.parametrize(
    "transform",
    [
        T.Resize(40),
        T.RandomResizedCrop(32),
        T.Compose([T.RandomHorizontalFlip(), T.ColorJitter(0.4, 0.4, 0.4), T.ToTensor(), T.Normalize(0.5, 0.5)]),
        T.RandomAffine(20, translate=(0.1, 0.1)),
        T.RandAugment(),
        T.GaussianNoise(),
        T.OneOf([T.GaussianBlur(5), T.CLAHE(p=1.0)], p=1.0),
        T.RandomPerspective(p=1.0),
        T.D4(),
        T.Compose([T.RandomApply([Sound(0.2)]), T.OneOf([Sound(0.3), T.Resize(30)], p=1.0)]),
    ],
    ids=lambda t: type(t).__name__,
)
def test_built_in_transforms_pass(transform: Transform) -> None:
    failed = {outcome.check for outcome in check_transform(transform, raises=False).failed}
    assert failed <= {"docs"}  # arguments that a docstring leaves to their names


def test_what_is_certain_may_have_one_result() -> None:
    assert not check_transform(T.RandomHorizontalFlip(p=1.0)).failed
    assert not check_transform(T.RandomHorizontalFlip(p=0.5)).failed


def test_a_step_by_itself() -> None:
    report = check_step(Flip(*LEFT_RIGHT))
    assert {o.check for o in report.outcomes if o.status == "not run"} == {"docs", "repr", "pickle", "file"}
    assert [o.check for o in check_step(_LeftBehind(*LEFT_RIGHT), raises=False).failed] == ["targets"]


class Undocumented(Sound):
    Config = Strength


class Mute(Transform):
    """Does nothing."""

    Config = Strength

    def __init__(self, strength: float = 0.5, *, name: str | None = None) -> None:
        super().__init__(strength=strength, name=name)

    def lower(self, params: Any, spec: Spec) -> Any:
        del params, spec
        return ()


class Declared(ArrayTransform):
    """255 - x, and declares more than it takes."""

    takes_channels = (1, 2, 3)

    def transform_array(self, image: Any, **_: Any) -> Any:
        return 255 - image

    def lower(self, params: Any, spec: Spec) -> Any:
        for step in super().lower(params, spec):
            yield type(step)(step.name, step.function, channels=(1, 3), dtypes=("uint8",))


class Remembering(Sound):
    """Leaves what it drew on itself; strength: as Sound's."""

    _lock = threading.Barrier(2)

    def sample(self, draws: Any, spec: Spec) -> Any:
        self.__dict__["drawn"] = super().sample(draws, spec)
        threading.Event().wait(0.002)
        return self.__dict__["drawn"]


@pytest.mark.parametrize(
    ("transform", "check", "message"),
    [
        (Undocumented(), "docs", "Undocumented has no docstring"),
        (Mute(), "docs", "the argument 'strength' is neither described in Config nor mentioned in the docstring"),
        (Declared(), "formats", "it declares uint8 with 2 channels, and says InputError: Declared: wants 1 or 3"),
        (Remembering(), "threads", "in a thread and alone"),
    ],
)
def test_what_else_is_found(transform: Transform, check: str, message: str) -> None:
    failed = {outcome.check: outcome.note for outcome in check_transform(transform, raises=False).failed}
    assert message in failed[check]


def test_arguments() -> None:
    with pytest.raises(ArgumentError, match="check_transform: got 3, wants a transform, made with its arguments"):
        check_transform(3)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="check_step: got 3, wants a step, made with its parameters"):
        check_step(3)  # type: ignore[arg-type]
    shown = check_transform(T.CenterCrop(200), images=[np.zeros((210, 220, 3), np.uint8)] * 2)
    assert shown.subject == "CenterCrop(size=(200, 200))"


@pytest.mark.parametrize("name", [name for name in registry.names() if "." not in name])
def test_arguments_of_our_own_have_words(name: str) -> None:
    kind = registry.get(name)
    described(kind)
    assert kind.Config.model_json_schema()["properties"]["name"]["description"]
