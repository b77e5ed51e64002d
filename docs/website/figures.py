"""Tables of the landing page, from the newest report in benchmarks/results and from the README."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

__all__ = ["filled", "newest_report", "parity_table", "rows_table", "speed_table"]

#: rows that begin so are one rival; the one that is best for it counts
RIVALS = ("Pillow", "Pillow-SIMD", "torchvision on PIL", "torchvision v2", "OpenCV", "Albumentations", "kornia")
#: works whose time is shown, as far as the report has them
TIMED = (
    "resize_bilinear",
    "resize_bicubic",
    "clahe_gray",
    "clahe_lab",
    "color_jitter",
    "gaussian_blur",
    "median_5",
    "rotate",
    "normalize",
    "eval",
    "train",
    "train_jitter",
    "randaugment_train",
    "loading",
)
#: a report without it is of a part of the works only
_WHOLE = "eval"
_COUNT = re.compile(r"(?P<differ>\d+) of (?P<all>\d+) pixels, at most (?P<most>\S+)")

Report = dict[str, Any]
Row = dict[str, Any]


def newest_report(results: Path) -> tuple[Path, Report]:
    """The whole report with the latest date, and its path; raises FileNotFoundError where there is none."""
    found = []
    for path in sorted(results.glob("*.json")):
        report = json.loads(path.read_text(encoding="utf-8"))
        if _WHOLE in {subject["name"] for subject in report.get("subjects", [])}:
            found.append((report["date"], path.name, path, report))
    if not found:
        raise FileNotFoundError(f"no report with the work {_WHOLE} in {results}")
    return max(found, key=lambda entry: entry[:2])[2:]


def parity_table(report: Report) -> str:
    """For every work with a reference: in how many values each library differs from it, and by how much at most."""
    works = [s for s in report["subjects"] if s["reference"] and s["rows"][0]["row"] == "twinlens"]
    works = [s for s in works if not s["name"].startswith("overhead")]
    lines = [[_title(s), s["reference"], *(_differs(_rows(s, name)) for name in ("twinlens", *RIVALS))] for s in works]
    return _table(["work", "reference", "twinlens", *RIVALS], lines)


def speed_table(report: Report) -> str:
    """Microseconds an image of twinlens, and how many times as long each rival takes."""
    by_name = {subject["name"]: subject for subject in report["subjects"]}
    works = [by_name[name] for name in TIMED if name in by_name]
    lines = [[_title(s), _time(s["rows"][0]), *(_ratio(_rows(s, name)) for name in RIVALS)] for s in works]
    return _table(["work", "twinlens", *RIVALS], lines)


def conditions(report: Report) -> str:
    """Machine, threads, photos, versions: a sentence or two."""
    machine, photos = report["machine"], report["photos"]
    names = ("pillow", "torchvision", "opencv-python", "albumentations", "kornia", "torch")
    versions = ", ".join(f"{name} {machine['versions'][name]}" for name in names if name in machine["versions"])
    h, w = photos["mean_hw"]
    return (
        f"{report['date']}, {machine['cpu']}, {machine['isa']}, Python {machine['python']}; {versions}. "
        f"{photos['count']} photos of {h} x {w} on average. "
        "One thread in every library, where a work does not name two."
    )


def exact_table(readme: str) -> str:
    """The table of the README's section on what is exact."""
    section = readme.split("## What is exact", 1)[1].split("\n## ", 1)[0]
    return "\n".join(line for line in section.splitlines() if line.startswith("|"))


def rows_table(report: Report, name: str) -> str:
    """The rows of one work. Raises KeyError where the report has no such work."""
    subject = {entry["name"]: entry for entry in report["subjects"]}[name]
    timed = [row for row in subject["rows"] if "ratio" in row]
    lines = [[row["row"], _time(row), f"{row['ratio']:.2f}"] for row in timed]
    return f"*{_title(subject)}*\n\n" + _table(["work", "time", "ratio"], lines)


def filled(text: str, root: Path) -> str:
    """`text` with its markers replaced: `<!-- speed table -->`, `<!-- rows of batch_eval -->`, ...

    Raises KeyError for a marker that names nothing.
    """
    _, report = newest_report(root / "benchmarks" / "results")
    made = {
        "conditions": lambda: conditions(report),
        "exact table": lambda: exact_table((root / "README.md").read_text(encoding="utf-8")),
        "parity table": lambda: parity_table(report),
        "speed table": lambda: speed_table(report),
    }
    text = re.sub(r"<!-- ((?:\w+ )?table|conditions) -->", lambda match: made[match[1]](), text)
    return re.sub(r"<!-- rows of (\w+) -->", lambda match: rows_table(report, match[1]), text)


def _rows(subject: Report, name: str) -> list[Row]:
    begins = re.compile(re.escape(name) + r"(?![\w-])")
    return [row for row in subject["rows"] if begins.match(row["row"]) and "ratio" in row]


def _title(subject: Report) -> str:
    """Without what is in brackets, and what all of them have in common."""
    return re.sub(r" \([^)]*\)| from a decoded image", "", subject["title"])


def _time(row: Row) -> str:
    return f"{row['microseconds']:,.0f} us"


def _ratio(rows: list[Row]) -> str:
    return f"{min(row['ratio'] for row in rows):.1f}x" if rows else ""


def _differs(rows: list[Row]) -> str:
    if not rows:
        return ""
    best = min(rows, key=lambda row: row["differing_share"])
    counted = _COUNT.fullmatch(best["differs"])
    if counted is None:
        return "0" if best["differs"] == "0 pixels" else str(best["differs"])
    return f"{_percent(int(counted['differ']) / int(counted['all']))}, by {counted['most']}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g}%" if share < 0.995 else "100%"


def _table(head: list[str], lines: list[list[str]]) -> str:
    rows = [head, ["---" if name in ("work", "reference") else "---:" for name in head], *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
