"""What twinlens is to reach, on an AVX-512 machine with one thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["TARGETS", "AtMost", "Fastest", "Over", "Share", "listed", "section"]

Subject = dict[str, Any]


@dataclass(frozen=True)
class Over:
    """So many times faster than a rival."""

    subject: str
    row: str
    wanted: float

    def title(self, subject: Subject) -> str:
        return f"{subject['title']}: over {self.row}"

    def got(self, subject: Subject) -> float | None:
        return _value(subject, self.row, "ratio")

    def met(self, got: float) -> bool:
        return got >= self.wanted

    def shown(self, value: float) -> str:
        return f"{value:.3g}x"


@dataclass(frozen=True)
class Fastest(Over):
    """So many times faster than the fastest row of another library; `row` is empty."""

    def title(self, subject: Subject) -> str:
        return f"{subject['title']}: over the fastest rival"

    def got(self, subject: Subject) -> float | None:
        ratios = [r["ratio"] for r in subject["rows"] if r["library"] != "twinlens" and "ratio" in r]
        return min(ratios, default=None)


@dataclass(frozen=True)
class AtMost(Over):
    """At most so many microseconds an image in a row of ours."""

    def title(self, subject: Subject) -> str:
        return f"{subject['title']}: {self.row}, at most"

    def got(self, subject: Subject) -> float | None:
        return _value(subject, self.row, "microseconds")

    def met(self, got: float) -> bool:
        return got <= self.wanted

    def shown(self, value: float) -> str:
        return f"{value:.3g} us"


@dataclass(frozen=True)
class Share(Over):
    """A share of the rate that `rows` of the subject, doing nothing but moving the bytes, reach."""

    rows: tuple[str, ...] = ()

    def title(self, subject: Subject) -> str:
        return f"{subject['title']}: share of the rate of {' and '.join(self.rows)}, the faster"

    def got(self, subject: Subject) -> float | None:
        bounds = [value for row in self.rows if (value := _value(subject, row, "microseconds"))]
        ours = _value(subject, self.row, "microseconds")
        return min(bounds) / ours if bounds and ours else None

    def shown(self, value: float) -> str:
        return f"{100 * value:.0f}%"


def _value(subject: Subject, row: str, field: str) -> float | None:
    """None where the row's library is not installed."""
    value: float | None = next(entry for entry in subject["rows"] if entry["row"] == row).get(field)
    return value


TARGETS: tuple[Over, ...] = (
    Over("resize_bilinear", "Pillow", 7.0),
    Over("resize_bilinear", "torchvision v2, channels last", 1.5),
    Over("eval", "torchvision on PIL", 12.0),
    Over("eval", "torchvision v2, channels last", 4.5),
    Over("eval", "Albumentations", 2.3),
    Over("clahe_gray", "OpenCV", 1.5),
    Over("normalize", "Albumentations Normalize, ToTensorV2", 2.0),
    Over("color_jitter", "torchvision on PIL", 5.0),
    Over("color_jitter", "Albumentations", 2.0),
    Over("gaussian_blur", "OpenCV", 1.0),
    Over("median_3", "OpenCV", 1.0),
    Over("median_5", "OpenCV", 1.0),
    Over("rotate", "OpenCV", 1.0),
    Over("randaugment_train", "torchvision on PIL", 4.0),
)


def listed(subjects: list[Subject]) -> list[dict[str, Any]]:
    """The targets of the subjects that ran, as plain values."""
    by_name = {subject["name"]: subject for subject in subjects}
    found = []
    for target in TARGETS:
        if target.subject not in by_name:
            continue
        subject = by_name[target.subject]
        got = target.got(subject)
        state = "not run" if got is None else "met" if target.met(got) else "below"
        entry = {"name": target.title(subject), "wanted": target.shown(target.wanted), "state": state}
        found.append({**entry, "got": "" if got is None else target.shown(got)})
    return found


def section(targets: list[dict[str, Any]]) -> str:
    """As Markdown."""
    lines = ["## Targets", "", "| target | wanted | got | |", "|---|---:|---:|---|"]
    lines += [f"| {t['name']} | {t['wanted']} | {t['got']} | {t['state']} |" for t in targets]
    return "\n".join([*lines, ""])
