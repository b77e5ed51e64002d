"""What a transform says of itself: schema, text, and that all of it survives a file, a pickle and a repr."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from collections.abc import Callable
from typing import Any

import yaml

import twinlens
from twinlens import registry
from twinlens import transforms as T
from twinlens.testing.report import FailedError, NotRunError, differing
from twinlens.testing.subject import KEYS, Subject
from twinlens.transforms.base import Transform

__all__ = ["described", "docs", "file", "pickles", "shown"]


def docs(s: Subject) -> None:
    """A docstring, a JSON schema of the arguments, and words on every one of them."""
    described(_named(s))


def described(kind: type[Transform]) -> None:
    """`docs`, of a class."""
    text = inspect.getdoc(kind)
    if not kind.__doc__ or not text:
        raise FailedError(f"{kind.__name__} has no docstring")
    try:
        properties = kind.Config.model_json_schema()["properties"]
    except Exception as error:  # pydantic's own, of several kinds
        raise FailedError(f"its Config has no JSON schema: {str(error).splitlines()[0]}") from None
    for name in sorted(set(properties) - {"name"}):
        if name != "transform" and hasattr(Transform, name):  # transform: torchvision's hook, which few have
            raise FailedError(f"the argument {name!r} hides Transform.{name}; call it something else")
        if not kind.Config.model_fields[name].description and not re.search(rf"\b{re.escape(name)}\b", text):
            raise FailedError(f"the argument {name!r} is neither described in Config nor mentioned in the docstring")


def shown(s: Subject) -> None:
    """Its repr, pasted back, makes an equal transform."""
    kind = _named(s)
    names = {name: getattr(T, name) for name in T.__all__}
    names |= {full.rpartition(".")[2]: registry.get(full) for full in registry.names() if "." in full}
    names |= {type(part).__name__: type(part) for part in s.transform.modules()} | {kind.__name__: kind}
    try:
        again = eval(repr(s.transform), names)
    except Exception as error:  # of whatever the text holds
        raise FailedError(f"repr {s.transform!r} is not Python: {type(error).__name__}: {error}") from None
    if again != s.transform:
        raise FailedError(f"repr {s.transform!r} makes another transform: {again!r}")


def pickles(s: Subject) -> None:
    """A pickle and a deep copy are equal to it and draw the same."""
    _named(s)
    ways: dict[str, Callable[[Any], Any]] = {"pickle": _pickled, "deepcopy": copy.deepcopy}
    for how, copies in ways.items():
        try:
            again = copies(s.transform)
        except Exception as error:  # of whatever it holds
            raise FailedError(f"{how}: {type(error).__name__}: {error}") from None
        _same(s, again, how)


def _pickled(transform: Any) -> Any:
    return pickle.loads(pickle.dumps(transform))


def file(s: Subject) -> None:
    """A file brings all of it back: an equal transform that draws the same."""
    _named(s)
    try:
        text = yaml.safe_dump(twinlens.to_dict(s.transform))
        again = twinlens.from_dict(yaml.safe_load(text))
    except Exception as error:  # whatever its constructor raises too
        raise FailedError(f"it cannot be saved and loaded: {type(error).__name__}: {error}") from None
    if type(again) is T.Compose and type(s.transform) is not T.Compose:
        (again,) = again.transforms
    _same(s, again, "the file's transform")


def _same(s: Subject, again: Any, what: str) -> None:
    if again != s.transform:
        raise FailedError(f"{what}: {again!r} is not {s.transform!r}")
    for key in KEYS[:4]:
        found = differing(s.run(s.image, key, on=again), s.run(s.image, key))
        if found:
            raise FailedError(f"{what}: another result under the same key: {found}")


def _named(s: Subject) -> type[Transform]:
    if not s.registered:
        raise NotRunError("a step by itself")
    return type(s.transform)
