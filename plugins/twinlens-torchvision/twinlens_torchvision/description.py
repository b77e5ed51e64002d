"""torchvision's transforms as plain data, and back: names resolve within torchvision's two namespaces alone.

`{"v2.RandomResizedCrop": {"size": [224, 224], ...}}`; "v1" is torchvision.transforms, "v2" torchvision.transforms.v2,
and "Sequential" torch.nn's. Those that hold others list them under `transforms`.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from enum import Enum
from typing import Any

import torch
import torchvision
from torchvision.transforms import transforms as v1_transforms
from torchvision.transforms import v2

from twinlens.presets.conversion import Undescribed

__all__ = ["arguments_of", "describe", "is_v1", "kind_of", "parts_of", "restore"]

_SPACES = {"v1": torchvision.transforms, "v2": v2}
#: arguments that torchvision keeps under another name
_KEPT_AS = {"sampler_options": "options"}


def kind_of(transform: Any) -> str | None:
    """ "v2.Resize": the name of torchvision's class, or "Sequential"; None for the class of somebody else."""
    kind = type(transform)
    if kind is torch.nn.Sequential:
        return "Sequential"
    for space, module in _SPACES.items():
        if getattr(module, kind.__name__, None) is kind:
            return f"{space}.{kind.__name__}"
    return None


def is_v1(transform: Any) -> bool:
    """Whether it is one of torchvision.transforms, which see nothing but the image."""
    return type(transform).__module__ in (v1_transforms.__name__, "torchvision.transforms.autoaugment")


def parts_of(transform: Any) -> list[Any] | None:
    """What it holds, in order; None where it holds nothing."""
    if isinstance(transform, torch.nn.Sequential):
        return list(transform)
    parts = getattr(transform, "transforms", None)
    return list(parts) if isinstance(parts, list | tuple | torch.nn.ModuleList) else None


def arguments_of(transform: Any) -> dict[str, Any]:
    """The arguments with which an equal transform is made; those of parts are left out."""
    if isinstance(transform, torch.nn.Sequential):
        return {}
    names = [name for name in inspect.signature(type(transform)).parameters if name != "transforms"]
    return {name: _kept(transform, _KEPT_AS.get(name, name)) for name in names}


def _kept(transform: Any, name: str) -> Any:
    """MixUp and CutMix keep their labels_getter, already a function, behind an underscore."""
    return getattr(transform, name) if hasattr(transform, name) else getattr(transform, f"_{name}")


def describe(transform: Any) -> dict[str, Any] | Undescribed:
    """Plain data that `restore` makes an equal transform of; Undescribed where there is none."""
    try:
        described = _ours(transform)
        if not _alike(restore(described), transform):
            return Undescribed(transform)
    except (AttributeError, TypeError, ValueError):
        return Undescribed(transform)
    return described


def _ours(transform: Any) -> dict[str, Any]:
    kind = kind_of(transform)
    if kind is None:
        raise TypeError(f"{transform!r} is not torchvision's")
    arguments = {name: _plain(value) for name, value in arguments_of(transform).items()}
    parts = parts_of(transform)
    if parts is not None:
        arguments["transforms"] = [_ours(part) for part in parts]
    return {kind: arguments}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"{value!r} is not plain data")


def restore(data: Any) -> Any:
    """The transform that `data` describes. Raises ValueError, naming what is wrong; imports and runs nothing else."""
    if isinstance(data, str):
        data = {data: {}}
    if not isinstance(data, Mapping) or len(data) != 1:
        raise ValueError(f"transform={data!r} must be a name, or one name with its arguments")
    name, given = next(iter(data.items()))
    kind, given = _kind(name), {} if given is None else given
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise ValueError(f"transform: the arguments of {name!r} must be a mapping of names to values")
    arguments = {key: _value(key, value) for key, value in given.items() if key != "transforms"}
    if "transforms" in given:
        if not isinstance(given["transforms"], list | tuple):
            raise ValueError(f"transform: {name!r} wants a list of transforms")
        parts = [restore(part) for part in given["transforms"]]
        if kind is torch.nn.Sequential:
            return torch.nn.Sequential(*parts)
        arguments["transforms"] = parts
    try:
        return kind(**arguments)
    except (TypeError, ValueError, KeyError) as error:
        raise ValueError(f"transform: {name!r}: {error}") from None


def _kind(name: Any) -> type[Any]:
    if name == "Sequential":
        return torch.nn.Sequential
    space, _, short = str(name).partition(".")
    module = _SPACES.get(space)
    kind = getattr(module, short, None) if module is not None and short.isidentifier() else None
    ours = isinstance(kind, type) and kind.__module__.startswith("torchvision.transforms.")
    if not isinstance(kind, type) or not ours or issubclass(kind, Enum) or kind is v2.Transform:
        raise ValueError(f"transform={name!r} is not one of torchvision's transforms; wants v1.Name or v2.Name")
    return kind


def _value(name: str, value: Any) -> Any:
    if name == "dtype" and isinstance(value, str):
        found = getattr(torch, value, None)
        if not isinstance(found, torch.dtype):
            raise ValueError(f"transform: dtype={value!r} is not one of torch's")
        return found
    if name in ("transformation_matrix", "mean_vector"):
        return torch.tensor(value)
    if name == "policy":
        return torchvision.transforms.AutoAugmentPolicy(value)
    if name == "interpolation" and isinstance(value, str):
        return torchvision.transforms.InterpolationMode(value)
    return tuple(_value("", item) for item in value) if isinstance(value, list) else value


def _alike(a: Any, b: Any) -> bool:
    """Whether two objects hold the same, part by part; torchvision takes a member of an Enum or its value."""
    a, b = (value.value if isinstance(value, Enum) else value for value in (a, b))
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(_alike(x, y) for x, y in zip(a, b, strict=True))
    if type(a) is not type(b):
        return False
    if type(a).__module__.startswith(("torchvision.", "torch.nn.")) and hasattr(a, "__dict__") and not _by_identity(a):
        return _alike(vars(a), vars(b))
    return bool(a == b)


def _by_identity(value: Any) -> bool:
    """Functions, whose names say what they are."""
    return inspect.isroutine(value) or isinstance(value, type)
