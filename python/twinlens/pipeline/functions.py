"""Functions in files: `module:name`, never code."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from twinlens.errors import PipelineFileError

__all__ = ["reference", "resolve"]


def reference(function: Callable[..., Any]) -> str:
    """`module:name` of a function that importing its module finds again; a lambda or a local one is refused."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not module or not name or "<" in name or module == "__main__":
        raise PipelineFileError(
            f"{function!r} is not a function of an importable module; define it with def in a module"
        )
    if _find(module, name) is not function:
        raise PipelineFileError(
            f"{module}:{name} does not name {function!r}; define it with def at the top of its module"
        )
    return f"{module}:{name}"


def _find(module: str, name: str) -> Any:
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return None
    return found


def resolve(text: str, *, allow_functions: bool) -> Callable[..., Any]:
    """The function that `module:name` names; importing its module runs code, so the caller must allow it."""
    module, colon, name = text.partition(":")
    if not colon or not module or not name:
        raise PipelineFileError(f"function {text!r} must be written module:name")
    if not allow_functions:
        raise PipelineFileError(
            f"function {text!r}: importing it runs code; pass allow_functions=True if you trust the file"
        )
    found = _find(module, name)
    if not callable(found):
        raise PipelineFileError(f"function {text!r} was not found")
    function: Callable[..., Any] = found
    return function
