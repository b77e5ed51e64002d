"""The statistics as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from twinlens.data.statistics import Statistics

__all__ = ["EXPLAINED", "SHOWN", "spread", "tables"]

#: names of the three figures that are printed as "std", and what each is
EXPLAINED = {
    "std": "of all pixels from their mean: the one for Normalize, and what --write uses",
    "mean of image stds": "each image's own deviation, averaged: leaves out how images differ, so it is smaller",
    "std of image stds": "how much the images' own deviations differ: no measure of pixels",
}
SHOWN = 10  # failures, groups of duplicates and modes that are listed


def tables(found: Statistics, distance: int) -> Iterator[Any]:
    """What rich prints, in order."""
    from rich.table import Table

    for kind, pixels in sorted(found.pixels.items()):
        table = Table("", *(f"channel {c}" for c in range(pixels.channels)))
        figures = {
            "mean": pixels.mean,
            "std": pixels.std,
            "mean of image stds": pixels.mean_of_image_stds,
            "std of image stds": pixels.std_of_image_stds,
        }
        for name, values in figures.items():
            table.add_row(name, *(f"{v:.6f}" for v in values))
        for name, values in (("min", pixels.low), ("max", pixels.high)):
            table.add_row(name, *(f"{v:g}" for v in values))
        yield _title(kind, pixels)
        yield table
    yield _census(found, distance)


def _title(kind: str, pixels: Any) -> str:
    unit = "" if pixels.dtype.startswith("float") else ", mean and std in parts of the largest value"
    return f"{kind} channels, {pixels.images:,} images, {pixels.count:,} pixels{unit}"


def spread(found: Statistics) -> dict[str, list[float]]:
    """Smallest, quarter, median, three quarters, largest: of height, width, and width by height, over images."""
    sizes = np.array([[h, w] for h, w in found.sizes], float).reshape(-1, 2)
    times = np.array(list(found.sizes.values()), int)
    values = {"height": sizes[:, 0], "width": sizes[:, 1], "width / height": sizes[:, 1] / np.maximum(sizes[:, 0], 1)}
    parts = (0.0, 0.25, 0.5, 0.75, 1.0)
    return {name: _quantiles(v, times, parts) for name, v in values.items()} if len(times) else {}


def _quantiles(values: Any, times: Any, parts: tuple[float, ...]) -> list[float]:
    """Of values that occur so many times; the lower one where a part falls between two."""
    order = np.argsort(values)
    ends = np.cumsum(times[order])
    return [float(values[order][np.searchsorted(ends, max(part * ends[-1], 1))]) for part in parts]


def _census(found: Statistics, distance: int) -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=False, title="images", title_justify="left")
    table.add_row("read", f"{found.images:,}")
    for name, values in spread(found).items():
        table.add_row(name, "  ".join(f"{v:g}" if v >= 10 else f"{v:.2f}" for v in values) + "  (min, quarters, max)")
    table.add_row("sizes", f"{len(found.sizes):,}, most often " + _most([f"{h} x {w}" for h, w in found.sizes], found))
    table.add_row("modes", escape(", ".join(f"{mode}: {n:,}" for mode, n in found.modes.most_common(SHOWN))))
    listed = [f"{name}: {reason}" for name, reason in found.failures[:SHOWN]]
    table.add_row("failed", f"{len(found.failures):,}" + "".join(f"\n[red]{escape(line)}[/red]" for line in listed))
    if found.likenesses:
        alike = found.duplicates(distance)
        lines = "".join(f"\n{escape(', '.join(group))}" for group in alike[:SHOWN])
        table.add_row("duplicates", f"{len(alike):,} groups, {sum(len(g) - 1 for g in alike):,} images too many{lines}")
    return table


def _most(names: list[str], found: Statistics) -> str:
    ranked = sorted(zip(found.sizes.values(), names, strict=True), reverse=True)[:3]
    return ", ".join(f"{name} ({n:,})" for n, name in ranked) or "none"
