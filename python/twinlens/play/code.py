"""A pipeline as text: the YAML of a file, and Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

import twinlens
from twinlens import transforms as T
from twinlens.play.build import arguments_of, build
from twinlens.play.starts import start_of

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["python_text", "yaml_text"]

_WIDTH = 100
_BY_FILE = 'import twinlens\n\npipe = twinlens.load("pipe.yaml", allow_functions=True)  # it holds functions\n'


def yaml_text(pipe: Transform) -> str:
    """What `twinlens.save` writes, and `twinlens run --pipeline` takes."""
    text: str = yaml.safe_dump(twinlens.to_dict(pipe), sort_keys=False, default_flow_style=None, width=_WIDTH)
    return text


def python_text(pipe: Transform) -> str:
    """A script that makes `pipe`, an equal one. Arguments that are as they are by default are left out."""
    name, arguments = arguments_of(pipe)
    body = _call(name, arguments, 0)
    if "(lambd=" in body or " lambd=" in body:
        return _BY_FILE
    uses = ["import twinlens"] * ("twinlens.get(" in body) + ["from twinlens import transforms as T"] * ("T." in body)
    return "\n".join(uses) + f"\n\npipe = {body}\n"


def _call(name: str, arguments: dict[str, Any], depth: int) -> str:
    kind = f"T.{name}" if hasattr(T, name) else f"twinlens.get({name!r})"
    words = [f"{key}={_value(key, value, depth)}" for key, value in _told(name, arguments).items()]
    return f"{kind}({', '.join(words)})".replace("(transforms=", "(")


def _value(key: str, value: Any, depth: int) -> str:
    """Transforms a line each."""
    if key != "transforms" or not isinstance(value, list):
        return repr(value)
    indent = "    " * (depth + 1)
    parts = [f"{indent}{_call(kind, told, depth + 1)},\n" for part in value for kind, told in part.items()]
    return f"[\n{''.join(parts)}{'    ' * depth}]" if parts else "[]"


def _told(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Those without which the transform would be another one."""
    needed = {key: arguments[key] for key in start_of(name) if key in arguments}
    usual = _all_of(name, needed)
    told = needed | {key: value for key, value in arguments.items() if key not in usual or usual[key] != value}
    told = {key: value for key, value in arguments.items() if key in told}  # in their order
    return told if _all_of(name, told) == arguments else arguments


def _all_of(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """What a transform makes of some arguments; nothing where they are too few."""
    try:
        return arguments_of(build(name, arguments))[1]
    except twinlens.errors.TwinlensError:
        return {}
