"""Everything that torchvision.transforms, .v2 and their functional modules offer is here, with the same arguments."""

from __future__ import annotations

import inspect
import re
from enum import Enum
from types import ModuleType
from typing import Any

import pytest
import torchvision.transforms as v1
from torchvision.transforms import functional as f1
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as f2

from twinlens import transforms as T
from twinlens.transforms import functional as F

#: names that are missing, or whose arguments differ, and why; patterns of `namespace.name`
REASONS: dict[str, str] = {
    r"v2\.functional\.\w+_(image|video|mask|bounding_boxes|keypoints)": "the function itself takes every kind of input",
    r"v2\.functional\.register_kernel": "a plugin's transform lowers to steps, which move every kind of input",
    r"(transforms|v2)\.InterpolationMode": "our own enumeration: the same names and values, and OpenCV's",
    r"(v2\.)?functional\.InterpolationMode": "the same",
    r"(transforms|v2)\.AutoAugmentPolicy": "our own enumeration, of the same names and values",
    r"v2\.Transform": "the base class takes the fields of its Config by name; subclasses written for torchvision work",
}
#: not there yet, and who needs to know; a name that has arrived must leave this table
PENDING: dict[str, str] = {}


SPACES: dict[str, tuple[ModuleType, Any]] = {
    "transforms": (v1, T),
    "v2": (v2, T.v2),
    "functional": (f1, F),
    "v2.functional": (f2, T.v2.functional),
}


def _is_public(module: ModuleType, name: str) -> bool:
    """Classes, enumerations and functions of torchvision's own; no modules, no names left over from imports."""
    value = getattr(module, name)
    its_own = getattr(value, "__module__", "").startswith("torchvision")
    return not name.startswith("_") and its_own and (inspect.isclass(value) or inspect.isfunction(value))


def _excused(table: dict[str, str], item: str) -> list[str]:
    return [pattern for pattern in table if re.fullmatch(pattern, item)]


NAMES = [
    f"{space}.{name}"
    for space, (module, _) in SPACES.items()
    for name in sorted(dir(module))
    if _is_public(module, name)
]
WANTED = [item for item in NAMES if not _excused(REASONS | PENDING, item)]


def _pair(item: str) -> tuple[Any, Any]:
    """torchvision's and ours; where v1 and v2 differ, v2 is what ours must agree with."""
    space, name = item.rsplit(".", 1)
    theirs, ours = SPACES[space]
    newer = {"transforms": v2, "functional": f2}.get(space)
    return getattr(newer if hasattr(newer, name) else theirs, name), getattr(ours, name)


def _plain(default: Any) -> Any:
    value = default.value if isinstance(default, Enum) else default
    return tuple(value) if isinstance(value, list) else value


def _arguments(function: Any) -> list[tuple[str, Any, Any]]:
    return [(p.name, p.kind, _plain(p.default)) for p in inspect.signature(function).parameters.values()]


def _without_extras(ours: list[tuple[str, Any, Any]], theirs: list[tuple[str, Any, Any]]) -> list[tuple[str, Any, Any]]:
    """Ours may take more, by name only and with a default."""
    known = {name for name, _, _ in theirs}
    return [
        (name, kind, default)
        for name, kind, default in ours
        if name in known or kind is not inspect.Parameter.KEYWORD_ONLY or default is inspect.Parameter.empty
    ]


def test_the_walk_finds_them() -> None:
    """The tests below are worth nothing if the list is empty."""
    assert {"transforms.Resize", "v2.SanitizeKeyPoints", "functional.rotate", "v2.functional.to_dtype"} <= set(WANTED)
    assert len(WANTED) > 180


@pytest.mark.parametrize("item", WANTED)
def test_is_there_with_the_same_arguments(item: str) -> None:
    theirs, ours = _pair(item)
    assert inspect.isclass(theirs) == inspect.isclass(ours)
    expected = _arguments(theirs)
    assert _without_extras(_arguments(ours), expected) == expected


@pytest.mark.parametrize("item", [item for item in WANTED if item.startswith(("transforms.", "functional."))])
def test_calls_written_for_v1_fit(item: str) -> None:
    """Names and order; v1's functions call the image `img`, `pic` or `tensor`, v2's and ours `inpt`."""
    space, name = item.rsplit(".", 1)
    theirs, ours = SPACES[space]
    old, new = (list(inspect.signature(getattr(of, name)).parameters) for of in (theirs, ours))
    skipped = 1 if space == "functional" else 0
    assert new[skipped : len(old)] == old[skipped:]


STATIC = [item for item in WANTED if hasattr(_pair(item)[0], "get_params")]


@pytest.mark.parametrize("item", STATIC)
def test_static_get_params(item: str) -> None:
    assert {"transforms.RandomCrop", "transforms.RandomErasing", "v2.RandomAffine"} <= set(STATIC)
    theirs, ours = _pair(item)
    assert isinstance(inspect.getattr_static(ours, "get_params"), staticmethod)
    assert _arguments(ours.get_params) == _arguments(theirs.get_params)


@pytest.mark.parametrize("name", ["InterpolationMode", "AutoAugmentPolicy"])
def test_enumerations(name: str) -> None:
    theirs, ours = getattr(v2, name), getattr(T, name)
    assert {member.name: member.value for member in theirs}.items() <= {m.name: m.value for m in ours}.items()


def test_every_excuse_is_needed() -> None:
    """A name that has arrived leaves PENDING; a pattern that excuses nothing leaves REASONS."""
    for pattern in [*REASONS, *PENDING]:
        assert any(re.fullmatch(pattern, item) for item in NAMES), pattern
    for item in NAMES:
        space, name = item.rsplit(".", 1)
        for pattern in _excused(PENDING, item):
            assert not hasattr(SPACES[space][1], name), f"{item} has arrived: take {pattern} out of PENDING"


def test_reasons_are_written() -> None:
    assert all(len(reason) > 5 for reason in [*REASONS.values(), *PENDING.values()])
