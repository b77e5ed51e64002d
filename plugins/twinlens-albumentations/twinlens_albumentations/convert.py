"""from_albumentations: a pipeline of Albumentations as a twinlens one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, overload

from twinlens import transforms as T
from twinlens.errors import ArgumentError
from twinlens.presets.conversion import Conversion, Report, Row, Twin, Undescribed, Unmapped
from twinlens_albumentations.description import describe, is_theirs
from twinlens_albumentations.rules import Context, rule_of
from twinlens_albumentations.targets import CloseTargets, OpenTargets
from twinlens_albumentations.wrap import Wrap

__all__ = ["from_albumentations"]


@overload
def from_albumentations(
    compose: Any, *, masks: bool = ..., deviation: float = ..., strict: bool = ..., return_report: Literal[False] = ...
) -> T.Compose: ...


@overload
def from_albumentations(
    compose: Any, *, masks: bool = ..., deviation: float = ..., strict: bool = ..., return_report: Literal[True]
) -> tuple[T.Compose, Report]: ...


def from_albumentations(
    compose: Any,
    *,
    masks: bool = True,
    deviation: float = 0.0,
    strict: bool = False,
    return_report: bool = False,
) -> T.Compose | tuple[T.Compose, Report]:
    """The twinlens pipeline of `A.Compose(...)`, or of a single transform, of Albumentations 2.0.8, for 8-bit images.

    What twinlens computes equally, 0 pixels at equal draws, becomes its own transform, the rest is wrapped. masks:
    whether samples have masks, for which resizing here takes the nearest pixels by another rule. Boxes and keypoints
    are taken to come where the Compose has bbox_params and keypoint_params: arrays and lists in their format, as
    `bboxes` and `keypoints`, come back in it, without those that the limits remove, and so do the label_fields.
    deviation: the greatest difference, in levels of 255, at which a transform that differs is mapped too: 0.001 takes
    what float32 rounds otherwise, 1 one level, infinity all. strict: wrap nothing. return_report: also return the
    report, a row for each transform.

    Draws are distributed as Albumentations'; they are other numbers, and a `seed` has no effect. Raises ArgumentError
    for what is not Albumentations', for additional_targets, for keypoints with angles or scales, and under `strict`
    where a transform would be wrapped.

    >>> import albumentations as A
    >>> from twinlens_albumentations import from_albumentations
    >>> pipe, report = from_albumentations(A.Compose([A.HorizontalFlip(), A.GlassBlur()]), return_report=True)
    >>> [row.outcome for row in report.rows]
    ['mapped', 'wrapped']
    """
    if not is_theirs(compose):
        raise ArgumentError(f"from_albumentations: compose={compose!r} is not a transform of Albumentations")
    others = getattr(compose, "additional_targets", None)
    if others:
        raise ArgumentError(
            f"from_albumentations: compose has additional_targets={others!r}; twinlens knows images by 'image', "
            "'images' or 'img', and masks by 'mask' or 'masks', a list where there are several"
        )
    processors = getattr(compose, "processors", {})
    context = Context(masks, "bboxes" in processors, "keypoints" in processors)
    walk = _Walk(Conversion("from_albumentations", deviation, Wrap), context)
    begin, end = _ends(processors)
    made = T.Compose([*begin, *walk.parts("", compose), *end])
    walk.run.rows += [_row(part) for part in end]
    report = walk.run.done(strict)
    return (made, report) if return_report else made


def _row(end: CloseTargets) -> Row:
    shown = " ".join(repr(end).split())
    return Row("", "bbox_params, keypoint_params", "mapped", shown, "limits are applied once, at the end")


def _ends(processors: dict[str, Any]) -> tuple[list[OpenTargets], list[CloseTargets]]:
    if not processors:
        return [], []
    boxes, points = (processors[name].params if name in processors else None for name in ("bboxes", "keypoints"))
    opened: dict[str, Any] = {}
    closed: dict[str, Any] = {}
    if boxes is not None:
        opened["box_format"] = boxes.format
        limits = ("min_area", "min_visibility", "min_width", "min_height", "max_accept_ratio")
        closed |= {name: getattr(boxes, name) for name in limits}
        closed["box_labels"] = list(boxes.label_fields or [])
    if points is not None:
        opened["keypoint_format"] = points.format
        closed["remove_invisible"] = bool(points.remove_invisible)
        closed["keypoint_labels"] = list(points.label_fields or [])
    return [OpenTargets(**opened)], [CloseTargets(**closed)]


class _Walk:
    """Through a pipeline in order."""

    def __init__(self, run: Conversion, context: Context) -> None:
        self.run = run
        self.context = context

    def parts(self, path: str, original: Any) -> list[Any]:
        """What comes in the place of `original`: the parts of a Compose, or one transform."""
        name = type(original).__name__
        held = getattr(original, "transforms", None)
        if held is None or name not in _HOLDERS:
            return [self.run.place(path, original, self._twin)]
        if name == "RandomOrder" and (original.n != len(held) or original.replace):
            return [self.run.place(path, original, _some_in_order)]
        made = [self._one(f"{path}/{i}" if path else str(i), part, name == "OneOf") for i, part in enumerate(held)]
        return _HOLDERS[name](original, made)

    def _one(self, path: str, original: Any, weighed: bool) -> Any:
        """One transform; as a part of OneOf with its `p` as its own, which is its weight there."""
        parts = self.parts(path, original)
        one = parts[0] if len(parts) == 1 else T.Compose(parts)
        p = getattr(original, "p", 1.0)
        if not weighed or p == 1 or not isinstance(one, Wrap):
            return one
        held = one.config.transform
        if isinstance(held, Undescribed):
            raise ArgumentError(f"from_albumentations: {original!r} at {path}, a part of OneOf, has no description")
        (name, arguments) = next(iter(held.items()))
        return T.RandomApply([Wrap({name: {**arguments, "p": 1.0}})], p)

    def _twin(self, original: Any) -> Twin:
        described = describe(original)
        if isinstance(described, Undescribed):
            raise Unmapped("it has no description as plain data")
        ((name, arguments),) = described.items()
        return rule_of(name, arguments, self.context)


def _some_in_order(original: Any) -> Twin:
    del original
    raise Unmapped("twinlens's RandomOrder takes all of its parts, each once")


def _in_a_row(original: Any, made: list[Any]) -> list[Any]:
    return made if original.p == 1 else [T.RandomApply(made, original.p)]


def _one_of(original: Any, made: list[Any]) -> list[Any]:
    return [T.OneOf(made, original.p)]


def _some_of(original: Any, made: list[Any]) -> list[Any]:
    return [T.SomeOf(made, original.n, original.replace, original.p)]


def _random_order(original: Any, made: list[Any]) -> list[Any]:
    order = T.RandomOrder(made)
    return [order if original.p == 1 else T.RandomApply([order], original.p)]


_HOLDERS: dict[str, Callable[[Any, list[Any]], list[Any]]] = {
    "Compose": _in_a_row,
    "OneOf": _one_of,
    "RandomOrder": _random_order,
    "Sequential": _in_a_row,
    "SomeOf": _some_of,
}
