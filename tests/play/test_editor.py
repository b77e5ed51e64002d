"""The editor: steps that come, go, move and are switched off; what is refused; YAML and Python of it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twinlens
from images import picture
from twinlens import transforms as T
from twinlens.errors import ArgumentError, PluginError
from twinlens.play.code import python_text, yaml_text
from twinlens.play.editor import MOST_STEPS, Editor


def editor(*names: str) -> Editor:
    made = Editor()
    for name in names:
        made.add(name)
    return made


def named(made: Editor) -> list[str]:
    return [step.name for step in made.steps]


def executed(text: str) -> Any:
    names: dict[str, Any] = {}
    exec(text, names)
    return names["pipe"]


def test_steps_come_go_and_move() -> None:
    made = editor("Resize", "CLAHE", "ToTensor")
    first, second, third = (step.number for step in made.steps)
    assert made.chosen == third
    made.move(third, -1)
    made.move(first, -1)
    made.move(second, 5)
    assert named(made) == ["Resize", "ToTensor", "CLAHE"]
    made.remove(third)
    assert made.chosen == second, "the one that follows"
    assert made.pipe() == T.Compose([T.Resize(256), T.CLAHE()])
    made.choose(second)
    assert made.chosen is None
    made.remove(first)
    made.remove(second)
    assert made.pipe() == T.Compose([])
    with pytest.raises(ArgumentError, match="no step 7"):
        made.step(7)


def test_the_others_draw_the_same_when_a_step_is_switched_off() -> None:
    made = editor("CLAHE", "RandomResizedCrop")
    image, key = picture(40, 50, 3, seed=1), twinlens.key(5, 0, 0)
    made.switch(1, False)
    crop = T.Compose([T.Identity(), T.RandomResizedCrop(224)])
    assert made.pipe() == crop
    np.testing.assert_array_equal(made.pipe()(image, key=key), crop(image, key=key))
    made.switch(1, True)
    assert made.pipe() == T.Compose([T.CLAHE(), T.RandomResizedCrop(224)])


def test_arguments() -> None:
    made = editor("CLAHE")
    assert made.set(1, "clip_limit", 3.5) == ""
    assert made.set(1, "tile_grid_size", "[4, 6]") == ""
    assert made.set(1, "mode", "channel") == ""
    assert made.pipe() == T.Compose([T.CLAHE(3.5, (4, 6), "channel")])


def test_what_is_refused_is_said_and_changes_nothing() -> None:
    made = editor("CLAHE")
    before = made.pipe()
    assert made.set(1, "tile_grid_size", "[0, 8]") == "CLAHE: tile_grid_size=[0, 8] must be positive"
    assert made.errors() == ["1. CLAHE: tile_grid_size=[0, 8] must be positive"]
    assert made.steps[0].drafts == {"tile_grid_size": [0, 8]}, "what was written stays to be corrected"
    assert made.pipe() == before
    assert made.set(1, "tile_grid_size", "[2").startswith("tile_grid_size: not YAML")
    assert made.set(1, "clip_limit", 5.0) == "", "another argument is taken all the same"
    assert len(made.errors()) == 1
    assert made.set(1, "tile_grid_size", "[2, 2]") == ""
    assert made.errors() == []
    assert made.pipe() == T.Compose([T.CLAHE(5.0, (2, 2))])
    with pytest.raises(ArgumentError, match="nothing to set 'size' with"):
        made.set(1, "size", 3)


def test_arguments_that_are_right_together_only() -> None:
    made = editor("LongestMaxSize")
    assert "not both" in made.set(1, "max_size", "")
    assert made.set(1, "max_size_hw", "[100, 200]") == ""
    assert made.errors() == []
    assert made.pipe() == T.Compose([T.LongestMaxSize(max_size_hw=(100, 200))])


def test_a_step_that_is_not_ready_is_left_out_until_it_is() -> None:
    made = editor("LinearTransformation")
    assert "missing" in made.errors()[0]
    assert made.pipe() == T.Compose([T.Identity()])
    assert "missing" in made.set(1, "transformation_matrix", "[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]")
    assert made.set(1, "mean_vector", "[0.0, 0.0, 0.0]") == ""
    assert made.errors() == []
    assert isinstance(made.pipe().transforms[0], T.LinearTransformation)


def test_functions_run_only_where_they_are_allowed() -> None:
    made = editor("Lambda")
    assert "allow_functions=True" in made.set(1, "lambd", "math:sqrt")
    allowed = Editor(allow_functions=True)
    allowed.add("Lambda")
    assert allowed.set(1, "lambd", "math:sqrt") == ""
    assert "allow_functions=True" in python_text(allowed.pipe())


def test_limits_and_unknown_names() -> None:
    made = editor(*["Identity"] * MOST_STEPS)
    with pytest.raises(ArgumentError, match="50 transforms are the most"):
        made.add("Identity")
    with pytest.raises(ArgumentError, match="the pipeline has 51 transforms"):
        Editor.of(T.Compose([T.Identity()] * 51))
    with pytest.raises(PluginError, match="did you mean 'Resize'"):
        editor("Resizee")


PIPES = [
    T.Compose([T.Resize(64, antialias=None), T.CLAHE(), T.ToTensor(), T.Normalize([0.5], [0.25])]),
    T.Compose([T.OneOf([T.CLAHE(3.0), T.RandomApply([T.ColorJitter(0.4)], p=0.3)]), T.GaussianBlur(5)], name="seen"),
    T.Compose([T.Compose([T.Resize((20, 30), "nearest")]), T.RandomHorizontalFlip(name="flip")]),
    T.RandomResizedCrop(32),
    T.Compose([]),
]


@pytest.mark.parametrize("pipe", PIPES, ids=range(len(PIPES)))
def test_yaml_and_python_make_the_same_pipeline(pipe: T.Transform, tmp_path: Path) -> None:
    made = Editor.of(pipe)
    image, key = picture(40, 50, 3, seed=1), twinlens.key(3, 0, 0)
    path = tmp_path / "pipe.yaml"
    path.write_text(yaml_text(made.pipe()))
    twinlens.save(pipe, tmp_path / "saved.yaml")
    assert path.read_text() == (tmp_path / "saved.yaml").read_text()
    again = Editor()
    again.take_text(path.read_text())
    for other in (made.pipe(), twinlens.load(path), again.pipe(), executed(python_text(pipe))):
        assert other == pipe
        np.testing.assert_array_equal(np.asarray(other(image, key=key)), np.asarray(pipe(image, key=key)))


def test_python_has_only_what_is_not_usual() -> None:
    pipe = T.Compose([T.Resize(64), T.CLAHE(3.0), T.OneOf([T.ToGray()])])
    assert python_text(pipe) == (
        "from twinlens import transforms as T\n\n"
        "pipe = T.Compose([\n    T.Resize(size=[64]),\n    T.CLAHE(clip_limit=3.0),\n"
        "    T.OneOf([\n        T.ToGray(),\n    ]),\n])\n"
    )


def test_text_that_is_no_pipeline_changes_nothing() -> None:
    made = editor("CLAHE")
    for text, why in (
        ("pipeline:\n- CLAHE: {p: 3}", "pipeline: line 2, pipeline.0.CLAHE.p: CLAHE: p=3: wants a number from 0 to 1"),
        ("pipeline: [", "pipeline: line 1"),
        ("x" * 200_001, "pipeline: 200,001 characters"),
        ("pipeline:\n- Lambda: {lambd: 'os:getcwd'}", "allow_functions=True"),
    ):
        with pytest.raises(ArgumentError, match="pipeline") as caught:
            made.take_text(text)
        assert why in str(caught.value)
    assert named(made) == ["CLAHE"]
    made.take_text("pipeline: [ToGray, {Resize: {size: 20}}]")
    assert named(made) == ["ToGray", "Resize"]
    assert min(step.number for step in made.steps) > 1, "numbers are never used again"


def test_the_layout_changes_with_the_steps_and_not_with_their_values() -> None:
    made = editor("CLAHE", "ToGray")
    before = made.layout()
    made.set(1, "clip_limit", 3.0)
    assert made.layout() == before
    for act in (lambda e: e.move(1, 1), lambda e: e.switch(1, False), lambda e: e.remove(2), lambda e: e.choose(1)):
        other = copy.deepcopy(made)
        act(other)
        assert other.layout() != before
