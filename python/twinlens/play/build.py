"""Plain arguments to transforms and back, as pipeline files have them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import twinlens
from twinlens import transforms as T
from twinlens.cli.samples import reason
from twinlens.errors import ArgumentError

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["Refused", "arguments_of", "build"]


class Refused(ArgumentError):
    """A transform did not take its arguments."""


def build(name: str, arguments: dict[str, Any], *, allow_functions: bool = False) -> Transform:
    """The transform of that name; Refused, with one line, whatever it raises."""
    try:
        return twinlens.from_dict({"pipeline": {name: arguments}}, allow_functions=allow_functions)
    except Exception as error:  # a plugin's transform may raise anything
        raise Refused(re.sub(r"^pipeline\S*: ", "", reason(error))) from None


def arguments_of(part: Transform) -> tuple[str, dict[str, Any]]:
    """Its name, and all of its arguments. PipelineFileError for what no file can hold."""
    described = twinlens.to_dict(T.Compose([part]))["pipeline"][0]
    name, arguments = next(iter(described.items()))
    return name, dict(arguments)
