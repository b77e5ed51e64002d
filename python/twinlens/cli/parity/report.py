"""A comparison as tables and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import twinlens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twinlens.cli.parity.rows import Comparison, Row

__all__ = ["HEADS", "cells", "described", "markdown", "missing_of", "title_of"]

#: of the table's columns: the share of values that differ, the greatest and the mean difference in levels of 255, the
#: transform in which images first differ
HEADS = ("against", "differ", "max", "mean", "first in", "no equivalent: ours is run")

_WHY = 70  # letters of a reason in the table


def title_of(row: Row) -> str:
    """The library, its version, and on which of its kinds of images."""
    return " ".join(part for part in (row.name, row.version) if part) + (f", {row.on}" if row.on else "")


def missing_of(row: Row) -> list[str]:
    """Transforms that a library has nothing like, with the reason where their name does not tell it."""
    return [name if why.lower() in name.lower() else f"{name}: {why}" for name, why in row.missing.items()]


def cells(row: Row) -> tuple[str, ...]:
    """A row of the table."""
    faults = [*([row.other] if row.other else []), *missing_of(row)]
    missing = "; ".join(why if len(why) <= _WHY else f"{why[: _WHY - 3]}..." for why in faults)
    if row.version is None:
        return title_of(row), "", "", "", "", f"not installed: pip install {row.install}"
    if not row.compared:
        return title_of(row), "nothing to compare", "", "", "", missing
    found = row.difference
    if not found.differing:
        return title_of(row), "0", "0", "0", "", missing
    counted = row.first.most_common(3)
    first = ", ".join(name if n == row.images else f"{name} ({n} of {row.images})" for name, n in counted)
    if found.greatest == float("inf"):
        return title_of(row), _percent(found.share), "", "", first, missing
    return title_of(row), _percent(found.share), _figure(found.greatest), _figure(found.mean), first, missing


def _percent(share: float) -> str:
    """Nothing but 0 looks like 0, nothing but all like 100."""
    percent = 100 * share
    if percent < 1:
        return f"{percent:.2g}%"
    return "100%" if share == 1 else f"{min(percent, 99.9):.1f}%"


def _figure(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def described(found: Comparison, about: Mapping[str, Any], pictures: Mapping[str, str]) -> dict[str, Any]:
    """parity.json. about: what was compared. pictures: file names by title."""
    rows = [_entry(row, pictures.get(title_of(row))) for row in found.rows]
    failed = [{"path": name, "reason": why} for name, why in found.failed]
    return {**about, "twinlens": twinlens.__version__, "semantics": twinlens.SEMANTICS, "images": found.images,
            "failed": failed, "rows": rows}  # fmt: skip


def _entry(row: Row, picture: str | None) -> dict[str, Any]:
    if row.version is None:
        return {"against": row.name, "on": row.on, "installed": False, "install": row.install}
    found = row.difference
    figures = None
    if row.compared:
        figures = {
            "values": found.values,
            "differing": found.differing,
            "share": found.share,
            "max_levels": _plain(found.greatest),
            "mean_levels": _plain(found.mean),
        }
    worst = {"path": row.worst.name, "mean_levels": _plain(row.worst.mean), "picture": picture} if row.worst else None
    return {"against": row.name, "on": row.on, "installed": True, "version": row.version, "images": row.images,
            "difference": figures, "first_differs_in": dict(row.first), "done_by": row.said,
            "no_equivalent": row.missing, "other": row.other, "worst": worst}  # fmt: skip


def _plain(value: float) -> float | None:
    """JSON has no infinity: None is another size."""
    return None if value == float("inf") else value


def markdown(found: Comparison, about: Mapping[str, Any], pictures: Mapping[str, str]) -> str:
    """parity.md."""
    lines = [
        "# Parity",
        "",
        f"{about['pipeline']} on {found.images} of {about['listed']} images of {about['source']}, image i under "
        f"key({about['seed']}, 0, i). The share of the values that differ, their greatest and mean difference in "
        "levels of 255, and the transform in which images first differ. What a library has nothing like is done by "
        "ours, on the library's image.",
        "",
        _line(HEADS),
        "|---|---:|---:|---:|---|---|",
        *(_line(cells(row)) for row in found.rows),
        "",
        "## What did what",
        "",
        "To the first image.",
        "",
    ]
    for row in found.rows:
        said = "; ".join(f"{name}: {words}" for name, words in row.said.items() if words)
        lines += [f"- {title_of(row)}: {_escaped(said)}"] if said and row.install else []
    for row in found.rows:
        if row.worst is not None and title_of(row) in pictures:
            heading = f"## {title_of(row)}, at its worst: {row.worst.name}"
            lines += ["", _escaped(heading), "", f"![ours, theirs, difference]({pictures[title_of(row)]})"]
    if found.failed:
        lines += ["", "## Without a result", ""]
        lines += [f"- {_escaped(name)}: {_escaped(why)}" for name, why in found.failed]
    return "\n".join(lines) + "\n"


def _line(words: Sequence[str]) -> str:
    return f"| {' | '.join(_escaped(word) for word in words)} |"


def _escaped(words: str) -> str:
    """No name ends a cell or begins a tag."""
    return words.replace("|", "\\|").replace("<", "&lt;")
