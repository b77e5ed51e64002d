"""Instructions a picture, counted by callgrind: the figure that does not depend on the machine's mood.

`python -m benchmarks.instructions check --binary BUILD/twinlens_counts` compares with `results/instructions.json` and
fails where a count grew by more than 5%; `refresh` writes the file. CMake builds the binary with
-DTWINLENS_BUILD_COUNTS=ON -DTWINLENS_BUILD_PYTHON=OFF. Valgrind has no AVX-512, so that baseline and AVX2 are counted;
the binary asserts that their kernels run.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["COMMITTED", "check", "count", "main", "of_subject", "section"]

COMMITTED = Path(__file__).parent / "results" / "instructions.json"
ISAS = ("baseline", "avx2")

_MOST_GROWTH = 0.05
_FUNCTION = "twinlens_counted"

#: whose figure stands beside which work of the report
_OF_SUBJECT = {
    "resize_bilinear": "resize bilinear",
    "resize_bicubic": "resize bicubic",
    "resize_lanczos": "resize lanczos",
    "resize_gray": "resize gray",
    "resize_opencv_linear": "resize OpenCV linear",
    "resize_opencv_area": "resize OpenCV area",
    "clahe_gray": "CLAHE gray",
    "clahe_lab": "CLAHE Lab",
    "color_jitter": "jitter",
    "saturation": "saturation",
    "gaussian_blur": "GaussianBlur 5",
    "median_3": "MedianBlur 3",
    "median_5": "MedianBlur 5",
    "sharpness": "sharpness",
    "rotate": "rotate OpenCV bilinear",
    "rotation": "rotate Pillow bilinear",
    "transpose": "transpose",
    "normalize": "normalize",
    "gaussian_noise": "Gaussian noise",
    "eval": "eval",
    "train": "train",
    "train_jitter": "train with jitter",
}

Counts = dict[str, Any]


def count(binary: Path) -> Counts:
    """Runs the binary under callgrind, once an instruction set."""
    cases: dict[str, dict[str, Any]] = {}
    for isa in ISAS:
        (compiler, user_flags, flags), found = _counted(binary, isa)
        for name, (picture, number) in found.items():
            cases.setdefault(name, {"picture": picture})[isa] = number
    valgrind = subprocess.run(["valgrind", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    environment = {
        "compiler": compiler,
        "flags from outside": user_flags,
        "libc": " ".join(platform.libc_ver()),
        "valgrind": valgrind,
    }
    return {"environment": environment, "flags": flags, "cases": cases}


def _counted(binary: Path, isa: str) -> tuple[list[str], dict[str, tuple[list[int], int]]]:
    """How it was built; and the picture and the count of every case."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "counts"
        toggles = [f"--{option}={_FUNCTION}" for option in ("toggle-collect", "zero-before", "dump-after")]
        options = ["--tool=callgrind", f"--callgrind-out-file={out}", "--collect-atstart=no", *toggles]
        done = subprocess.run(["valgrind", *options, str(binary), isa], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{binary} {isa}: {done.stderr[-2000:]}")
        built, *lines = (line.split("\t") for line in done.stdout.splitlines())
        numbers = [total(Path(f"{out}.{i + 1}").read_text()) for i in range(len(lines))]
    return built, {name: ([int(h), int(w)], n) for (name, h, w), n in zip(lines, numbers, strict=True)}


def total(dump: str) -> int:
    """Of a callgrind file. ValueError where it has none: something else than the function was counted, or nothing."""
    found = re.search(r"^totals: (\d+)$", dump, re.MULTILINE)
    if not found or int(found[1]) == 0:
        raise ValueError("callgrind counted nothing")
    return int(found[1])


def check(committed: Counts, now: Counts) -> tuple[list[str], str | None]:
    """What is wrong; and why the counts could not be compared, if they could not.

    Another compiler or C library makes other code of the same sources: that is no fault of the sources. Flags of this
    repository that changed are, until the counts are refreshed with them.
    """
    if committed["environment"] != now["environment"]:
        pairs = ((k, committed["environment"][k], now["environment"][k]) for k in committed["environment"])
        return [], "; ".join(
            f"{k} is {new!r}, the committed counts have {old!r}" for k, old, new in pairs if old != new
        )
    wrong = []
    if committed["flags"] != now["flags"]:
        wrong.append(f"flags {now['flags']!r}, the committed counts have {committed['flags']!r}: refresh them")
    for name in sorted(committed["cases"].keys() ^ now["cases"].keys()):
        wrong.append(f"{name}: not in both the committed counts and the binary: refresh them")
    for name in committed["cases"].keys() & now["cases"].keys():
        wrong += _grown(name, committed["cases"][name], now["cases"][name])
    return wrong, None


def _grown(name: str, before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    return [
        f"{name}, {isa}: {now[isa]:,} instructions, {now[isa] / before[isa] - 1:+.1%} of {before[isa]:,}"
        for isa in ISAS
        if now[isa] > before[isa] * (1 + _MOST_GROWTH)
    ]


def of_subject(name: str, counts: Counts) -> str:
    """A line under a work's title; empty for those that are not counted."""
    case = counts["cases"].get(_OF_SUBJECT.get(name, ""))
    if case is None:
        return ""
    h, w = case["picture"]
    million = ", ".join(f"{case[isa] / 1e6:.2f} million {isa}" for isa in ISAS)
    return f"Instructions for a synthetic {h} x {w} picture: {million}."


def section(counts: Counts) -> str:
    """All of them, as Markdown."""
    about = ", ".join(counts["environment"].values())
    lines = ["## Instructions", "", f"A picture, counted by callgrind; the same on every run. {about}.", ""]
    lines += ["| work | picture | baseline | AVX2 | AVX2 a pixel |", "|---|---:|---:|---:|---:|"]
    for name, case in counts["cases"].items():
        h, w = case["picture"]
        a, b = (case[isa] for isa in ISAS)
        lines.append(f"| {name} | {h} x {w} | {a:,} | {b:,} | {b / (h * w):.1f} |")
    return "\n".join([*lines, ""])


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a count grew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__)
    parser.add_argument("action", choices=("check", "refresh"))
    parser.add_argument("--binary", type=Path, required=True, help="twinlens_counts")
    asked = parser.parse_args(arguments)
    now = count(asked.binary)
    if asked.action == "refresh":
        COMMITTED.write_text(json.dumps(now, indent=1) + "\n")
        sys.stdout.write(section(now))
        return 0
    committed = json.loads(COMMITTED.read_text())
    wrong, incomparable = check(committed, now)
    sys.stdout.write(section(now))
    if incomparable:
        sys.stdout.write(f"NOT COMPARED: {incomparable}\n")
    for line in wrong:
        sys.stdout.write(f"GREW {line}\n")
    if not wrong and not incomparable:
        sys.stdout.write(f"{len(now['cases'])} works: none grew by more than {_MOST_GROWTH:.0%}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
