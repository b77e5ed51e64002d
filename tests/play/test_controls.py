"""Controls from schemas: what kind, between what, and that values go through them unchanged."""

from __future__ import annotations

from typing import Any

import pytest

import twinlens
from twinlens.errors import ArgumentError
from twinlens.play.build import arguments_of, build
from twinlens.play.controls import Control, controls_of, parsed
from twinlens.play.starts import start_of

#: what cannot be added without a word from the user
UNFINISHED = {"Lambda", "LinearTransformation"}


def controls(name: str, /, **arguments: Any) -> dict[str, Control]:
    part = build(name, {**start_of(name), **arguments})
    return {control.name: control for control in controls_of(type(part), arguments_of(part)[1])}


def test_kinds() -> None:
    made = controls("CLAHE")
    assert {name: control.kind for name, control in made.items()} == {
        "clip_limit": "slider",
        "tile_grid_size": "text",
        "mode": "choice",
        "p": "slider",
    }
    assert (made["p"].low, made["p"].high, made["p"].step) == (0, 1, 0.01)
    assert (made["clip_limit"].low, made["clip_limit"].high) == (0, 8), "from 0 to four times the default"
    assert made["mode"].labels == ["lab", "channel"]
    assert made["clip_limit"].words.endswith("nothing is clipped"), made["clip_limit"].words
    assert controls("CLAHE", clip_limit=[1, 4])["clip_limit"].kind == "text", "a range has no slider"


def test_bounds_contain_the_value_and_leave_exclusive_ends_out() -> None:
    assert controls("CLAHE", clip_limit=-1.5)["clip_limit"].kind == "number"
    sigma = controls("Sharpen")["sigma"]
    assert (sigma.low, sigma.high) == (0.01, 4.0), "above 0, up to 10,000"
    assert controls("Affine")["keep_ratio"].kind == "switch"
    assert controls("AugMix")["severity"].kind == "number"
    assert controls("AugMix")["severity"].whole
    assert controls("UnsharpMask")["threshold"].whole


def test_what_may_be_none() -> None:
    made = controls("Resize")
    assert made["antialias"].labels == ["True", "False", "none"]
    assert made["antialias"].read("none") is None
    assert made["max_size"].show(None) == ""
    assert made["max_size"].read(" ") is None
    assert made["max_size"].read("300") == 300


def test_names_and_constants_have_no_control() -> None:
    assert "name" not in controls("CLAHE")
    assert controls("CLAHE", name="light")["name"].kind == "text"
    assert "border_mode" not in controls("Affine"), "there is one value"


def test_numbers() -> None:
    control = Control("n", "slider", whole=True)
    assert control.read(3.0) == 3
    assert isinstance(control.read(3.0), int)
    for wrong in (None, "3", True, float("nan")):
        with pytest.raises(ArgumentError, match="n: wants a number"):
            control.read(wrong)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[1, 2", "size: not YAML: "),
        ("&a [*a]", "anchors"),
        ("x" * 10_001, "10,001 characters"),
        ("[" * 5000, "size: "),
        ("2001-99-99", "size: not YAML: "),
    ],
)
def test_text_that_is_no_value(text: str, why: str) -> None:
    with pytest.raises(ArgumentError, match=why):
        parsed(text, "size")


@pytest.mark.parametrize("name", [name for name in twinlens.names() if name not in UNFINISHED])
def test_every_transform_starts_and_its_values_go_through_the_controls(name: str) -> None:
    part = build(name, start_of(name))
    arguments = arguments_of(part)[1]
    for control in controls_of(type(part), arguments):
        shown = control.show(arguments[control.name])
        assert control.read(shown) == arguments[control.name], control
        if control.kind == "slider":
            assert control.low <= shown <= control.high
            assert control.step > 0
