"""Albumentations' transforms as plain data, and back: names resolve within `albumentations` alone.

`{"RandomRain": {"slant_range": [-10, 10], "p": 1.0}}`; those that hold others list them under `transforms`.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from twinlens.presets.conversion import Undescribed
from twinlens_albumentations.distribution import albumentations

__all__ = ["describe", "is_theirs", "restore"]

_NAME = "__class_fullname__"


def is_theirs(value: Any) -> bool:
    """Whether it is a transform or a composition of Albumentations, or of its user."""
    theirs = albumentations()
    return isinstance(value, theirs.BasicTransform | theirs.BaseCompose)


def describe(transform: Any) -> dict[str, Any] | Undescribed:
    """Plain data that `restore` makes an equal transform of; Undescribed where Albumentations has none."""
    theirs = albumentations()
    try:
        described = _ours(theirs.to_dict(transform)["transform"], transform)
        if theirs.to_dict(restore(described)) != theirs.to_dict(transform):
            return Undescribed(transform)
    except (ValueError, NotImplementedError, TypeError, KeyError):
        return Undescribed(transform)
    return described


def _ours(data: Mapping[str, Any], transform: Any) -> dict[str, Any]:
    known = _parameters(type(transform))  # Albumentations writes some that its constructors do not take
    arguments = {name: _plain(value) for name, value in data.items() if name in known and name != "transforms"}
    if "transforms" in data:
        children = zip(data["transforms"], transform.transforms, strict=True)
        arguments["transforms"] = [_ours(part, child) for part, child in children]
    if arguments.get("bbox_params"):  # Albumentations leaves this one out
        params = transform.processors["bboxes"].params
        arguments["bbox_params"]["filter_invalid_bboxes"] = bool(params.filter_invalid_bboxes)
    return {data[_NAME]: arguments}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"{value!r} is not plain data")


def restore(data: Any) -> Any:
    """The transform that `data` describes. Raises ValueError, naming what is wrong; imports and runs nothing else."""
    theirs = albumentations()
    made = theirs.from_dict({"__version__": theirs.__version__, "transform": _theirs(data)})
    if not is_theirs(made):
        raise ValueError(f"transform={data!r} does not describe a transform")
    return made


def _theirs(data: Any) -> dict[str, Any]:
    if isinstance(data, str):
        data = {data: {}}
    if not isinstance(data, Mapping) or len(data) != 1:
        raise ValueError(f"transform={data!r} must be a name, or one name with its arguments")
    name, arguments = next(iter(data.items()))
    arguments = {} if arguments is None else arguments
    if not isinstance(arguments, Mapping) or not all(isinstance(key, str) for key in arguments):
        raise ValueError(f"transform: the arguments of {name!r} must be a mapping of names to values")
    kind = _kind(name)
    known = _parameters(kind)
    unknown = [key for key in arguments if key not in known]
    if unknown:
        raise ValueError(f"transform: {name!r} has no argument {unknown[0]!r}; it takes {', '.join(known)}")
    more = {"p": known["p"].default, **{key: value for key, value in arguments.items() if key != "transforms"}}
    if "transforms" in arguments:
        if not isinstance(arguments["transforms"], list | tuple):
            raise ValueError(f"transform: {name!r} wants a list of transforms")
        more["transforms"] = [_theirs(part) for part in arguments["transforms"]]
    return {_NAME: kind.get_class_fullname(), **more}


def _parameters(kind: type) -> dict[str, inspect.Parameter]:
    """The arguments of a transform's constructor, by name."""
    parameters = inspect.signature(kind).parameters.values()
    return {p.name: p for p in parameters if p.kind is not p.VAR_KEYWORD}


def _kind(name: Any) -> Any:
    theirs = albumentations()
    kind = getattr(theirs, name, None) if isinstance(name, str) and name.isidentifier() else None
    if not isinstance(kind, type) or not issubclass(kind, theirs.BasicTransform | theirs.BaseCompose):
        raise ValueError(f"transform={name!r} is not one of Albumentations' transforms")
    if not kind.__module__.startswith("albumentations."):
        raise ValueError(f"transform={name!r} is not one of Albumentations' transforms")
    return kind
