"""from_torchvision: a pipeline of torchvision as a twinlens one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, overload

from twinlens import presets
from twinlens import transforms as T
from twinlens.errors import ArgumentError
from twinlens.presets.conversion import Conversion, Deviation, Report, Row, Twin, Unmapped
from twinlens_torchvision.description import arguments_of, is_v1, kind_of, parts_of
from twinlens_torchvision.deviations import KINDS, deviation_of
from twinlens_torchvision.wrap import Wrap

__all__ = ["from_torchvision"]

_PRESETS = ("ImageClassification", "ObjectDetection", "SemanticSegmentation")
#: what comes out of them, whatever went in
_BECOMES = {"PILToTensor": "uint8", "ToImage": "uint8", "ToPILImage": "pil", "ToTensor": "float32"}
#: in twinlens for 8-bit images only
_INTEGERS = (
    "RandomAutocontrast",
    "RandomEqualize",
    "RandomPosterize",
    "AutoAugment",
    "RandAugment",
    "TrivialAugmentWide",
)


@overload
def from_torchvision(
    pipeline: Any, *, images: str = ..., deviation: float = ..., strict: bool = ..., return_report: Literal[False] = ...
) -> T.Compose: ...


@overload
def from_torchvision(
    pipeline: Any, *, images: str = ..., deviation: float = ..., strict: bool = ..., return_report: Literal[True]
) -> tuple[T.Compose, Report]: ...


def from_torchvision(
    pipeline: Any,
    *,
    images: str = "pil",
    deviation: float = 0.0,
    strict: bool = False,
    return_report: bool = False,
) -> T.Compose | tuple[T.Compose, Report]:
    """The twinlens pipeline of a torchvision one: v1 or v2, Compose, nn.Sequential, RandomApply and its like, a single
    transform, or `weights.transforms()`.

    What twinlens computes equally, bit for bit at equal draws, becomes its own transform, the rest is wrapped. images:
    what it is called with, "pil" (and arrays, which twinlens treats alike), "uint8" or "float32" for tensors, on which
    torchvision computes otherwise. deviation: the greatest difference, in levels of 255, at which a transform that
    differs is mapped too: 0.01 takes what float32 rounds otherwise, 1 one level, infinity all. strict: wrap nothing.
    return_report: also return the report, a row for each transform.

    Draws are distributed as torchvision's; they are other numbers. Raises ArgumentError for what is not torchvision's,
    and under `strict` where a transform would be wrapped.

    >>> from torchvision.transforms import v2
    >>> from twinlens_torchvision import from_torchvision
    >>> pipe, report = from_torchvision(v2.Compose([v2.Resize(64), v2.RandomInvert()]), return_report=True)
    >>> [row.outcome for row in report.rows]
    ['mapped', 'mapped']
    """
    if images not in KINDS:
        raise ArgumentError(f"from_torchvision: images={images!r} must be one of {', '.join(KINDS)}")
    if type(pipeline).__name__ in _PRESETS and kind_of(pipeline) is None:
        return _preset(pipeline, return_report)
    if kind_of(pipeline) is None:
        raise ArgumentError(f"from_torchvision: pipeline={pipeline!r} is not a transform of torchvision")
    walk = _Walk(Conversion("from_torchvision", deviation, Wrap), images)
    made = T.Compose(walk.parts("", pipeline))
    report = walk.run.done(strict)
    return (made, report) if return_report else made


def _preset(preset: Any, return_report: bool) -> T.Compose | tuple[T.Compose, Report]:
    made = presets.from_torchvision(preset)
    shown = " ".join(repr(preset).split())
    rows = (Row("", shown, "mapped", " ".join(repr(made).split()), "a preset, see twinlens.presets"),)
    return (made, Report(rows)) if return_report else made


class _Walk:
    """Through a pipeline in order, knowing what kind of image there is at each place."""

    def __init__(self, run: Conversion, kind: str) -> None:
        self.run = run
        self.kind = kind

    def parts(self, path: str, original: Any) -> list[Any]:
        """What comes in the place of `original`: the parts of a Compose, or one transform."""
        held = parts_of(original)
        name = type(original).__name__
        if held is not None and name in ("Compose", "Sequential"):
            return [made for i, part in enumerate(held) for made in self.parts(_inner(path, i), part)]
        if held is not None and name in _HOLDERS:
            return [self._holder(path, original, held, _HOLDERS[name])]
        made = self.run.place(path, original, lambda given: _twin(given, self.kind))
        self.kind = _after(original, self.kind)
        return [made]

    def _holder(self, path: str, original: Any, held: list[Any], make: Callable[[Any, list[Any]], Any]) -> Any:
        """RandomApply and its like: parts that another kind of image might reach are judged by the kind before."""
        made: list[Any] = []
        before = self.kind
        for i, part in enumerate(held):
            inner = self.parts(_inner(path, i), part)
            made.append(inner[0] if len(inner) == 1 else T.Compose(inner))
            if type(original).__name__ != "RandomApply":  # whose parts follow each other
                self.kind = before
        if self.kind != before:
            name = type(original).__name__
            raise ArgumentError(f"from_torchvision: {name} at {path or '.'} makes another kind of image for some only")
        return make(original, made)


def _inner(path: str, i: int) -> str:
    return f"{path}/{i}" if path else str(i)


def _random_choice(original: Any, made: list[Any]) -> T.RandomChoice:
    p = original.p
    return T.RandomChoice(made, None if p is None or len(set(p)) == 1 else list(p))


def _random_apply(original: Any, made: list[Any]) -> T.RandomApply:
    return T.RandomApply(made, original.p)


def _random_order(original: Any, made: list[Any]) -> T.RandomOrder:
    del original
    return T.RandomOrder(made)


_HOLDERS: dict[str, Callable[[Any, list[Any]], Any]] = {
    "RandomApply": _random_apply,
    "RandomChoice": _random_choice,
    "RandomOrder": _random_order,
}


def _twin(original: Any, kind: str) -> Twin:
    space, _, name = (kind_of(original) or "").partition(".")
    twin = getattr(T, name, None) if space else None
    if name not in T.__all__ or not isinstance(twin, type):
        raise Unmapped("twinlens has no transform of this name")
    if name == "Lambda" and space == "v2":
        raise Unmapped("it calls its function on targets too")
    if kind == "float32" and name in _INTEGERS:
        raise Unmapped("twinlens has it for 8-bit images only")
    try:
        arguments = arguments_of(original)
    except AttributeError as error:
        raise Unmapped(f"torchvision does not keep its arguments: {error}") from None
    special = _SPECIAL.get(name)
    if special is not None:
        return special(original, arguments, kind)
    note = _TURNED if kind == "pil" and name in _RESIZES else ""
    return Twin(twin(**arguments), deviation_of(name, arguments, kind), note)


_RESIZES = ("RandomResize", "RandomResizedCrop", "RandomShortestSize", "Resize")
_TURNED = "but where Pillow 13 resizes rows after columns: the height shrinks by more than twice what the width does"


def _blur(original: Any, arguments: dict[str, Any], kind: str) -> Twin:
    del original
    return Twin(T.GaussianBlur(**arguments, semantics="torch"), deviation_of("GaussianBlur", arguments, kind))


def _to_dtype(original: Any, arguments: dict[str, Any], kind: str) -> Twin:
    name = type(original).__name__
    if kind == "pil":
        if name == "ToDtype":
            return Twin(T.Identity(), note="torchvision leaves PIL images as they are")
        raise Unmapped("torchvision refuses PIL images")
    if isinstance(arguments["dtype"], dict):
        raise Unmapped("it has dtypes by type")
    same = str(arguments["dtype"]).removeprefix("torch.") == kind
    return Twin(getattr(T, name)(**arguments), None if same else deviation_of(name, arguments, kind))


def _tensors_only(original: Any, arguments: dict[str, Any], kind: str) -> Twin:
    if kind == "pil":
        raise Unmapped("torchvision refuses PIL images, or leaves them as they are")
    return Twin(getattr(T, type(original).__name__)(**arguments))


def _erasing(original: Any, arguments: dict[str, Any], kind: str) -> Twin:
    value = arguments["value"]
    if value in ("random", None):  # v1 keeps the word
        arguments = {**arguments, "value": "random"}
        if kind == "uint8":
            return Twin(T.RandomErasing(**arguments), Deviation(float("inf"), 1.0), "levels are drawn otherwise")
    elif isinstance(value, list | tuple) and len(value) == 1:
        arguments = {**arguments, "value": value[0]}
    return _tensors_only(original, arguments, kind)


def _affine(original: Any, arguments: dict[str, Any], kind: str) -> Twin:
    nearest = str(getattr(arguments["interpolation"], "value", arguments["interpolation"])) == "nearest"
    exact = kind == "pil" and is_v1(original)
    deviation = None if exact else deviation_of("RandomAffine", arguments, kind)
    return Twin(T.RandomAffine(**arguments), deviation, "" if nearest or exact else "v2 adds in another order")


def _mix(original: Any, arguments: dict[str, Any], kind: str) -> Twin:
    getter = arguments["labels_getter"]
    if getattr(getter, "__module__", "").startswith("torchvision."):
        arguments = {**arguments, "labels_getter": "default"}
    return _tensors_only(original, arguments, kind)


_SPECIAL: dict[str, Callable[[Any, dict[str, Any], str], Twin]] = {
    "ConvertImageDtype": _to_dtype,
    "CutMix": _mix,
    "GaussianBlur": _blur,
    "LinearTransformation": _tensors_only,
    "MixUp": _mix,
    "Normalize": _tensors_only,
    "RandomAffine": _affine,
    "RandomErasing": _erasing,
    "ToDtype": _to_dtype,
}


def _after(original: Any, kind: str) -> str:
    name = type(original).__name__
    if name in ("ToDtype", "ConvertImageDtype") and kind != "pil":
        dtype = getattr(original, "dtype", None)
        return "float32" if getattr(dtype, "is_floating_point", False) else "uint8"
    if name == "ToImage" and kind == "float32":
        return kind
    return _BECOMES.get(name, kind)
