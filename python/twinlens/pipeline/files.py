"""Pipelines as plain data, YAML and JSON."""

from __future__ import annotations

import json
import os
import re
from enum import Enum
from pathlib import Path
from typing import Any

import torch
import yaml

from twinlens import registry
from twinlens.errors import ArgumentError, PipelineFileError, TwinlensError
from twinlens.pipeline.functions import reference, resolve
from twinlens.pipeline.requirements import check_plugins
from twinlens.transforms.base import Transform

__all__ = ["SEMANTICS", "from_dict", "load", "save", "to_dict"]

#: the version of the pixel contract that this library computes
SEMANTICS = 1

Where = tuple[str | int, ...]


def to_dict(pipe: Transform) -> dict[str, Any]:
    """`{"twinlens": version, "semantics": 1, "pipeline": [{"Resize": {...}}, ...]}`; every argument is written out.

    A list is what Compose holds; a transform that is saved by itself stands there without one. Where plugins take part,
    "plugins" says which: `{"squares": {"package": "twinlens-squares", "version": "0.1.0"}}`.
    """
    from twinlens import __version__
    from twinlens.transforms import Compose

    plain = type(pipe) is Compose and not pipe.config.name
    writer = _Writer()
    described = [writer.part(part) for part in pipe.transforms] if plain else writer.part(pipe)
    data = {"twinlens": __version__, "semantics": SEMANTICS, "pipeline": described}
    return {**data, "plugins": dict(sorted(writer.plugins.items()))} if writer.plugins else data


class _Writer:
    """Transforms as plain data. plugins: those that they come from."""

    def __init__(self) -> None:
        self.plugins: dict[str, dict[str, str]] = {}

    def part(self, part: Any) -> dict[str, Any]:
        if not isinstance(part, Transform):
            raise PipelineFileError(f"{part!r} is not a twinlens transform; wrap a named function in Lambda to save it")
        name = registry.name_of(type(part))
        plugin = registry.requirement(name)
        if plugin is not None:
            self.plugins[plugin.name] = {"package": plugin.package, "version": plugin.version}
        return {name: {key: self._plain(value) for key, value in part.config if not (key == "name" and value is None)}}

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Transform):
            return self.part(value)
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, list | tuple):
            return [self._plain(item) for item in value]
        if isinstance(value, dict):
            return {str(key): self._plain(item) for key, item in value.items()}
        if isinstance(value, torch.Tensor):
            return value.tolist()
        if isinstance(value, str | int | float | bool) or value is None:
            return value
        if callable(value):
            return reference(value)
        raise PipelineFileError(f"{value!r} cannot be saved")


def from_dict(data: dict[str, Any], *, allow_functions: bool = False) -> Transform:
    """The pipeline that `to_dict` described. Names resolve through the registry; nothing is executed."""
    return _Reader(allow_functions, {}).pipeline(data)


def save(pipe: Transform, path: str | os.PathLike[str]) -> None:
    """Writes `pipe` to a .yaml, .yml or .json file, all or nothing."""
    target = Path(path)
    data = to_dict(pipe)
    if target.suffix == ".json":
        text = json.dumps(data, indent=2) + "\n"
    elif target.suffix in (".yaml", ".yml"):
        text = yaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=100)
    else:
        raise ArgumentError(f"save: {target.name!r} must end in .yaml, .yml or .json")
    partial = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def load(path: str | os.PathLike[str], *, allow_functions: bool = False) -> Transform:
    """Reads what `save` wrote, or a person did. Errors name the line and the field.

    allow_functions: import the functions that the file names as `module:name`.
    """
    source = Path(path)
    try:
        text = source.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)  # JSON is YAML: one reader, line numbers for both
        lines = _Lines()
        lines.collect(node, ())
        data = yaml.safe_load(text)
    except FileNotFoundError:
        raise PipelineFileError(f"{source}: no such file") from None
    except (OSError, UnicodeDecodeError, PipelineFileError) as error:
        raise PipelineFileError(f"{source}: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise PipelineFileError(f"{source}: {where}{getattr(error, 'problem', None) or error}") from None
    try:
        return _Reader(allow_functions, lines.of).pipeline(data)
    except PipelineFileError as error:
        raise PipelineFileError(f"{source}: {error}") from None


class _Lines:
    """The line of every field of a file."""

    def __init__(self) -> None:
        self.of: dict[Where, int] = {}
        self._seen: set[int] = set()

    def collect(self, node: yaml.Node | None, where: Where) -> None:
        """Walks a document. Anchors are refused: a few lines of them can describe a file without end."""
        if node is None:
            return
        line = node.start_mark.line + 1
        if id(node) in self._seen:
            raise PipelineFileError(f"line {line}: anchors (&) and aliases (*) are not supported")
        self._seen.add(id(node))
        self.of[where] = line
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._field(key, value, where)
        elif isinstance(node, yaml.SequenceNode):
            for i, value in enumerate(node.value):
                self.collect(value, (*where, i))

    def _field(self, key: yaml.Node, value: yaml.Node, where: Where) -> None:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise PipelineFileError(f"line {line}: a field's name must be a word")
        inner = (*where, key.value)
        if inner in self.of:
            raise PipelineFileError(f"line {line}, {'.'.join(map(str, inner))}: the field is given twice")
        self.collect(value, inner)
        self.of[inner] = line


class _Reader:
    """Builds transforms from plain data; knows the line of every field."""

    def __init__(self, allow_functions: bool, lines: dict[Where, int]) -> None:
        self._allow_functions = allow_functions
        self._lines = lines

    def _error(self, where: Where, message: str) -> PipelineFileError:
        line = next((self._lines[where[:n]] for n in range(len(where), -1, -1) if where[:n] in self._lines), None)
        field = ".".join(str(part) for part in where)
        place = ", ".join(part for part in (f"line {line}" if line else "", field) if part)
        return PipelineFileError(f"{place}: {message}" if place else message)

    def pipeline(self, data: Any) -> Transform:
        from twinlens.transforms import Compose

        if not isinstance(data, dict) or "pipeline" not in data:
            raise self._error((), "wants a mapping with 'pipeline', a list of transforms")
        unknown = set(data) - {"twinlens", "semantics", "pipeline", "plugins"}
        if unknown:
            name = sorted(map(str, unknown))[0]
            raise self._error((name,), "unknown field; wants twinlens, semantics, plugins and pipeline")
        semantics = data.get("semantics", SEMANTICS)
        if isinstance(semantics, bool) or not isinstance(semantics, int) or semantics < 1:
            raise self._error(("semantics",), f"got {semantics!r}, wants a positive integer")
        if semantics > SEMANTICS:
            raise self._error(
                ("semantics",),
                f"the file needs version {semantics} of the pixel contract, this library computes {SEMANTICS}",
            )
        try:
            check_plugins(data.get("plugins", {}))
        except TwinlensError as error:
            raise self._error(("plugins",), str(error)) from None
        if isinstance(data["pipeline"], dict):
            return self.part(data["pipeline"], ("pipeline",))
        if not isinstance(data["pipeline"], list):
            raise self._error(("pipeline",), "wants a list of transforms, or one transform")
        return Compose([self.part(item, ("pipeline", i)) for i, item in enumerate(data["pipeline"])])

    def part(self, item: Any, where: Where) -> Transform:
        if isinstance(item, str):
            name, arguments = item, dict[str, Any]()
        elif isinstance(item, dict) and len(item) == 1:
            name, arguments = next(iter(item.items()))
            arguments = {} if arguments is None else arguments
        else:
            raise self._error(where, "wants a transform: its name, or one name with its arguments")
        try:
            kind = registry.get(str(name))
        except TwinlensError as error:
            raise self._error(where, str(error)) from None
        if not isinstance(arguments, dict) or not all(isinstance(key, str) for key in arguments):
            raise self._error((*where, name), "arguments are a mapping of names to values")
        return self._build(kind, dict(arguments), (*where, name))

    def _build(self, kind: type[Transform], arguments: dict[str, Any], where: Where) -> Transform:
        if isinstance(arguments.get("transforms"), list):
            inner = (*where, "transforms")
            arguments["transforms"] = [self.part(item, (*inner, i)) for i, item in enumerate(arguments["transforms"])]
        if isinstance(arguments.get("lambd"), str):
            try:
                arguments["lambd"] = resolve(arguments["lambd"], allow_functions=self._allow_functions)
            except PipelineFileError as error:
                raise self._error((*where, "lambd"), str(error)) from None
        try:
            return kind(**arguments)
        except TypeError as error:  # Python's own words, without the name of `__init__`
            message = str(error).replace(".__init__()", ":")
        except TwinlensError as error:
            message = str(error)
        named = re.search(r"argument '(\w+)'", message) or re.search(r": (\w+)[= ]", message)
        wrong = (named[1],) if named and named[1] in arguments else ()
        raise self._error((*where, *wrong), message)
