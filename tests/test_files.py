"""Pipelines as YAML and JSON: both ways, with errors that name the line and the field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

import twinlens
from images import picture
from twinlens import registry
from twinlens import transforms as T
from twinlens.errors import ArgumentError, PipelineFileError
from twinlens.hookspecs import hookimpl
from twinlens.registry import Plugin

PIPES = [
    T.Compose([T.Resize(20), T.CenterCrop((15, 16)), T.ToTensor(), T.Normalize([0.485, 1 / 3, 0.1], [0.2, 1e-3, 5.0])]),
    T.Compose([]),
    T.Compose([T.Resize(20, "area", semantics="opencv"), T.RandomResizedCrop(9, (0.1, 0.7), name="crop")]),
    T.Compose([T.RandomApply([T.Compose([T.Pad([1, 2], (3, 4, 5))]), T.CLAHE((1, 3), (2, 4))], p=0.125),
               T.RandomChoice([T.Grayscale(3), T.RandomOrder([T.RandomVerticalFlip(0.25)])], p=[1, 3])]),
    T.Compose([T.ToImage(), T.ToDtype(torch.bfloat16, scale=True), T.ConvertImageDtype()], name="whole"),
    T.Resize((3, 4), "lanczos", antialias=None),
    T.RandomCrop(5, [1, 2, 3, 4], True, 0.5, "symmetric"),
]  # fmt: skip


def triple(image: Any) -> Any:
    return image * 3


def parts(pipe: T.Transform) -> list[T.Transform]:
    return list(pipe.transforms) if isinstance(pipe, T.Compose) else [pipe]


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
@pytest.mark.parametrize("pipe", PIPES)
def test_both_ways(pipe: T.Transform, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"pipe{suffix}"
    twinlens.save(pipe, path)
    again = twinlens.load(path)
    assert parts(again) == parts(pipe)
    assert parts(twinlens.from_dict(twinlens.to_dict(pipe))) == parts(pipe)
    assert pipe.to_dict() == twinlens.to_dict(again)
    text = path.read_text()
    assert (json.loads(text) if suffix == ".json" else yaml.safe_load(text)) == pipe.to_dict()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "pipe",
    [
        T.RandomCrop(5),
        T.Compose([T.RandomCrop(5)]),
        T.Compose([T.Compose([T.RandomCrop(5)])]),
        T.Compose([T.RandomCrop(5)], name="train"),
        T.Compose([T.Compose([T.RandomCrop(5)], name="train")]),
    ],
)
def test_draws_are_the_same_after_a_round_trip(pipe: T.Transform) -> None:
    image = np.arange(400, dtype=np.uint8).reshape(20, 20)
    again = twinlens.from_dict(pipe.to_dict())
    assert again == pipe
    assert np.array_equal(again(image, key=7), pipe(image, key=7))


def test_what_is_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pipe.yaml"
    twinlens.save(PIPES[0], str(path))
    data = yaml.safe_load(path.read_text())
    assert data["twinlens"] == twinlens.__version__
    assert data["semantics"] == twinlens.SEMANTICS == 1
    assert [next(iter(part)) for part in data["pipeline"]] == ["Resize", "CenterCrop", "ToTensor", "Normalize"]
    assert data["pipeline"][0]["Resize"]["semantics"] == "pillow"
    image = picture(30, 40)
    assert torch.equal(twinlens.load(path)(image), PIPES[0](image))


def test_written_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "pipe.yaml"
    path.write_text(
        "pipeline:\n- Resize: {size: 20}\n- ToTensor\n- RandomHorizontalFlip:\n- Normalize: {mean: .5, std: .5}\n"
    )
    assert twinlens.load(path) == T.Compose(
        [T.Resize(20), T.ToTensor(), T.RandomHorizontalFlip(), T.Normalize(0.5, 0.5)]
    )


BAD: list[tuple[str, str]] = [
    ("", "wants a mapping with 'pipeline'"),
    ("- Resize: {size: 3}", "line 1: wants a mapping with 'pipeline'"),
    ("pipeline: 3", "line 1, pipeline: wants a list of transforms"),
    ("pipeline: []\nextra: 1", "line 2, extra: unknown field; wants twinlens, semantics, plugins and pipeline"),
    ("pipeline: []\nsemantics: 2", "line 2, semantics: the file needs version 2 of the pixel contract, this"),
    ("pipeline: []\nsemantics: x", "line 2, semantics: got 'x', wants a positive integer"),
    ("pipeline:\n- Resize: {size: 3}\n- Resise: {size: 3}", "line 3, pipeline.1: no transform 'Resise'; did you mean"),
    ("pipeline:\n- ink.Bleed", "line 2, pipeline.0: no transform 'ink.Bleed': no plugin 'ink' is installed"),
    ("pipeline:\n- Resize:\n    size: 3\n    interpolation: cubical",
     "line 4, pipeline.0.Resize.interpolation: Resize: interpolation='cubical' must be one of"),
    ("pipeline:\n- Resize:\n    size: 0", "line 3, pipeline.0.Resize.size: Resize: size=0 must be positive"),
    ("pipeline:\n- Resize:\n    size: 3\n    sise: 3", r"line 4, pipeline.0.Resize.sise: Resize: .*'sise'"),
    ("pipeline:\n- Resize: {}", "line 2, pipeline.0.Resize: Resize: missing .*'size'"),
    ("pipeline:\n- Resize: 3", "line 2, pipeline.0.Resize: arguments are a mapping"),
    ("pipeline:\n- {Resize: {size: 3}, Pad: {padding: 1}}", "line 2, pipeline.0: wants a transform"),
    ("pipeline:\n- 3", "line 2, pipeline.0: wants a transform"),
    ("pipeline:\n- RandomApply:\n    transforms:\n    - Pad: {padding: 1}\n    - Pad: {padding: x}",
     "line 5, pipeline.0.RandomApply.transforms.1.Pad.padding: Pad: padding='x'"),
    ("pipeline:\n- Normalize: {mean: [.5], std: [-1]}", r"line 2, pipeline.0.Normalize.std: Normalize: std=\[-1.0\]"),
    ("pipeline:\n- Normalize: {mean: [.nan], std: [1]}", "line 2, pipeline.0.Normalize.mean: Normalize: mean="),
    ("pipeline: [\n- x", "line 2"),
    ("pipeline:\n  - Resize: {size: 3\n", "line 3"),
    ("pipeline:\n- !!python/object/apply:os.system [ls]", "line 2: could not determine a constructor"),
    ("pipeline:\n- Lambda: {lambd: 'test_files:triple'}",
     r"line 2, pipeline.0.Lambda.lambd: function 'test_files:triple': importing it runs code; pass"),
    ("pipeline:\n- Lambda: {lambd: triple}", "line 2, pipeline.0.Lambda.lambd: function 'triple' must be written"),
    ("pipeline: []\npipeline: []", "line 2, pipeline: the field is given twice"),
    ("pipeline:\n- Resize: {size: 3, size: 4}", "line 2, pipeline.0.Resize.size: the field is given twice"),
    ("pipeline: &a\n- *a", "line 1: anchors .* are not supported"),
    ("a: &a [1]\nb: &b [*a, *a]\npipeline: [*b, *b]", "line 1: anchors .* are not supported"),
    ("pipeline:\n- ? [1, 2]\n  : 3", "line 2: a field's name must be a word"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD)
def test_errors_name_the_line_and_the_field(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "pipe.yaml"
    path.write_text(text)
    with pytest.raises(PipelineFileError, match=message) as caught:
        twinlens.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_errors_of_json_have_lines_too(tmp_path: Path) -> None:
    path = tmp_path / "pipe.json"
    path.write_text('{\n "pipeline": [\n  {"Resize": {\n    "size": 0}}]}')
    with pytest.raises(PipelineFileError, match=r"line 4, pipeline\.0\.Resize\.size: Resize: size=0 must be positive"):
        twinlens.load(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PipelineFileError, match=r"nothing\.yaml: no such file"):
        twinlens.load(tmp_path / "nothing.yaml")
    with pytest.raises(PipelineFileError, match="directory"):
        twinlens.load(tmp_path)
    (tmp_path / "pipe.yaml").write_bytes(b"\xff\xfe\x00pipeline")
    with pytest.raises(PipelineFileError, match=r"pipe\.yaml: "):
        twinlens.load(tmp_path / "pipe.yaml")


def test_functions(tmp_path: Path) -> None:
    path = tmp_path / "pipe.yaml"
    pipe = T.Compose([T.Lambda(triple), T.Pad(1)])
    twinlens.save(pipe, path)
    assert "test_files:triple" in path.read_text()
    again = twinlens.load(path, allow_functions=True)
    assert again == pipe
    np.testing.assert_array_equal(again(picture(4, 5)), pipe(picture(4, 5)))
    for name in ("test_files:nothing", "no_such_module_at_all:f", "test_files:PIPES"):
        path.write_text(f"pipeline:\n- Lambda: {{lambd: '{name}'}}")
        with pytest.raises(
            PipelineFileError, match=rf"line 2, pipeline.0.Lambda.lambd: function '{name}' was not found"
        ):
            twinlens.load(path, allow_functions=True)


@pytest.mark.parametrize(
    ("pipe", "message"),
    [
        (T.Compose([T.Lambda(lambda image: image)]), "define it with def in a module"),
        (T.Compose([len]), "is not a twinlens transform; wrap a named function in Lambda"),
        (T.Compose([torch.nn.Identity()]), "is not a twinlens transform"),
    ],
)
def test_what_cannot_be_saved_leaves_the_old_file(pipe: T.Transform, message: str, tmp_path: Path) -> None:
    path = tmp_path / "pipe.yaml"
    twinlens.save(T.Resize(3), path)
    before = path.read_text()
    with pytest.raises(PipelineFileError, match=message):
        twinlens.save(pipe, path)
    assert path.read_text() == before


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pipe.yaml"
    twinlens.save(T.Resize(3), path)
    before = path.read_text()

    def full(self: Path, *_: Any, **__: Any) -> None:
        with self.open("w") as file:
            file.write("half")
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="no space left"):
        twinlens.save(T.Resize(4), path)
    assert path.read_text() == before
    assert [p.name for p in tmp_path.iterdir()] == ["pipe.yaml"]


def test_save_wants_a_known_ending(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"save: 'pipe\.txt' must end in \.yaml, \.yml or \.json"):
        twinlens.save(T.Resize(3), tmp_path / "pipe.txt")


def test_a_plain_list_is_not_a_pipeline() -> None:
    with pytest.raises(PipelineFileError, match="wants a mapping with 'pipeline'"):
        twinlens.from_dict([{"Resize": {"size": 3}}])  # type: ignore[arg-type]


def test_unregistered_classes_cannot_be_saved() -> None:
    class Local(T.Resize):
        """Not registered."""

    with pytest.raises(twinlens.errors.PluginError, match="Local is not registered"):
        twinlens.to_dict(Local(3))


# Plugins that a file needs


class Bleed(T.Pad):
    """A transform of a plugin."""


class Ink:
    @hookimpl
    def register_transforms(self, register: Any) -> None:
        register(Bleed)


@pytest.fixture
def ink(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registry", registry._with_builtins())
    registry._ready().load(Plugin("ink", "twinlens-ink", "1.2"), Ink)


@pytest.mark.usefixtures("ink")
def test_a_file_names_the_plugins_that_it_needs(tmp_path: Path) -> None:
    inner = T.Compose([T.RandomApply([Bleed(1)]), T.Pad(1)])
    data = twinlens.to_dict(inner)
    assert data["plugins"] == {"ink": {"package": "twinlens-ink", "version": "1.2"}}
    assert "plugins" not in twinlens.to_dict(T.Pad(1))
    twinlens.save(inner, tmp_path / "pipe.yaml")
    assert twinlens.load(tmp_path / "pipe.yaml") == inner


@pytest.mark.usefixtures("ink")
@pytest.mark.parametrize(
    ("needed", "message"),
    [
        ({"ink": {"package": "twinlens-ink", "version": "1.2"}}, None),
        ({"ink": {"package": "Twinlens_Ink", "version": "1.2.0rc1"}}, None),
        ({"ink": {"package": "twinlens-ink", "version": "0.9.30"}}, None),
        (
            {"ink": {"package": "twinlens-ink", "version": "1.10"}},
            r"plugin 'ink' 1.10, here is 1.2: pip install 'twinlens-ink>=1.10'",
        ),
        (
            {"ink": {"package": "better-ink", "version": "1"}},
            r"plugin 'ink' of package better-ink, here it is twinlens-ink's: pip install 'better-ink>=1'",
        ),
        (
            {"oil": {"package": "twinlens-oil", "version": "2.0"}},
            r"saved with plugin 'oil', which is not installed: pip install 'twinlens-oil>=2.0'",
        ),
        ({"ink": "1.2"}, "ink: got '1.2', wants a package and a version"),
        (["ink"], r"got \['ink'\], wants a mapping of plugins"),
    ],
)
def test_plugins_of_a_file_against_those_here(needed: Any, message: str | None) -> None:
    data = {"plugins": needed, "pipeline": [{"Pad": {"padding": 1}}]}
    if message is None:
        assert twinlens.from_dict(data) == T.Compose([T.Pad(1)])
        return
    with pytest.raises(PipelineFileError, match=f"^plugins: .*{message}"):
        twinlens.from_dict(data)


def test_a_plugin_that_was_left_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registry", registry._with_builtins())
    registry._ready().load(Plugin("ink", "twinlens-ink", "1.2"), lambda: 1 / 0)
    needed = {"ink": {"package": "twinlens-ink", "version": "1.2"}}
    with pytest.raises(
        PipelineFileError, match="plugin 'ink', which was left out: ZeroDivisionError: division by zero"
    ):
        twinlens.from_dict({"plugins": needed, "pipeline": ["Pad"]})
