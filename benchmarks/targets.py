"""What twinlens is to reach, on a machine with AVX-512, one thread unless said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twinlens.cli.bench.rows.cuda_train import COPY, HOST, OURS_ON_DEVICE
from twinlens.cli.bench.rows.loading import CEILING
from twinlens.cli.bench.rows.normalize import FILLS
from twinlens.cli.bench.rows.share import SHARE

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
    """A share of the rate that the fastest of `rows` reaches, which do only what none can do without."""

    rows: tuple[str, ...] = ()

    def title(self, subject: Subject) -> str:
        return f"{subject['title']}: share of the rate of {' or '.join(self.rows)}"

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
    Over("resize_bilinear", "Pillow", 12.0),
    Over("resize_bilinear", "torchvision v2, channels last", 3.0),
    Over("resize_bilinear", "OpenCV linear, no antialias", 1.0),
    Over("resize_bicubic", "Pillow", 15.0),
    Over("resize_bicubic", "torchvision v2, channels last", 2.5),
    Over("resize_bicubic", "Pillow-SIMD", 4.0),
    Over("resize_lanczos", "Pillow", 15.0),
    Over("resize_lanczos", "Pillow-SIMD", 4.0),
    Over("eval", "torchvision on PIL", 20.0),
    Over("eval", "torchvision v2, channels last", 8.0),
    Over("eval", "Albumentations", 4.0),
    Over("train_jitter", "torchvision on PIL", 15.0),
    Over("train_jitter", "Albumentations", 4.0),
    Over("randaugment_train", "torchvision on PIL", 4.0),
    Over("clahe_gray", "OpenCV", 3.0),
    Over("clahe_lab", "Albumentations", 4.0),
    Over("normalize", "Albumentations Normalize, ToTensorV2", 4.0),
    Over("normalize", "OpenCV dnn.blobFromImage, one std", 2.5),
    Share("normalize_batch", "twinlens, pipe.batch into out", 0.6, FILLS),
    Over("color_jitter", "torchvision on PIL", 5.0),
    Fastest("color_jitter", "", 1.5),
    Fastest("gaussian_blur", "", 1.5),
    Over("median_3", "OpenCV", 1.0),
    Fastest("median_5", "", 1.5),
    Fastest("rotate", "", 1.5),
    Over("resize_bilinear_avx2", "Pillow", 5.0),
    Over("resize_bilinear_avx2", "torchvision v2, channels last", 1.3),
    Over("eval_avx2", "torchvision on PIL", 9.0),
    Over("threads", "twinlens, one thread", 1.9),
    Share("loading", "twinlens, Loader, two threads", 0.85, (CEILING,)),
    Over("loading", "torchvision on PIL, two workers", 4.0),
    Over("loading", "Albumentations, two workers", 2.0),
    Over("loading", "DALI on its CPU backend, two threads", 2.5),
    AtMost("share", SHARE, 40.0),
    AtMost("share_batch", SHARE, 5.0),
    Over("cuda_train_jitter", "kornia, a draw a sample, no antialias", 5.0),
    Over("cuda_train_jitter", "kornia, compiled", 2.0),
    Over("cuda_train_jitter", "torchvision v2, one draw a batch", 3.0),
    AtMost("cuda_host_time", HOST, 1.0),
    Share("cuda_device_time", OURS_ON_DEVICE, 0.4, (COPY,)),
)


def listed(subjects: list[Subject], targets: Sequence[Over] | None = None) -> list[dict[str, Any]]:
    """The targets of the subjects that ran, as plain values; TARGETS if none are given."""
    by_name = {subject["name"]: subject for subject in subjects}
    found = []
    for target in TARGETS if targets is None else targets:
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
