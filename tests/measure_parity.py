"""Measures every step: how many values differ between the engines, from the oracle and from the reference library.

    PYTHONPATH=tests python tests/measure_parity.py [EXAMPLES]      writes docs/parity.md

Takes the trials of the parity tests, which draw pictures, sizes, dtypes, layouts and parameters.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import twinlens
from parity import STEPS, Trial, answers, bits

HERE = Path(__file__).parent


@dataclass
class Tally:
    """Values compared, values that differ, and the greatest difference in units of the dtype."""

    compared: int = 0
    differing: int = 0
    greatest: float = 0.0

    def add(self, one: NDArray[Any], other: NDArray[Any], dtype: str) -> None:
        """Takes bit patterns of two results of `dtype`."""
        a, b = _numbers(one, dtype), _numbers(other, dtype)
        different = (a != b) & ~(np.isnan(a) & np.isnan(b))
        self.compared += a.size
        self.differing += int(different.sum())
        if different.any():
            self.greatest = max(self.greatest, float(np.abs(a - b)[different].max()))

    def __str__(self) -> str:
        if not self.compared:
            return "-"
        return "0" if not self.differing else f"{self.differing / self.compared:.2g} of all, max {self.greatest:.2g}"


@dataclass
class Measured:
    """One step."""

    examples: int = 0
    values: int = 0
    dtypes: set[str] = field(default_factory=set)
    engines: Tally = field(default_factory=Tally)
    oracle: Tally = field(default_factory=Tally)
    library: Tally = field(default_factory=Tally)

    def add(self, trial: Trial) -> None:
        self.examples += 1
        self.dtypes.add(trial.images[0].dtype.name)
        results = dict(answers(trial))
        after = trial.step.after(trial.spec).dtype
        kornia = results.pop("kornia")
        for i, wanted in enumerate(trial.expected):
            self.values += wanted.size
            for native in results.values():
                self.engines.add(native[i], kornia[i], after)
                self.oracle.add(native[i], bits(wanted), after)
            if i < len(trial.peer) and trial.peer[i] is not None:
                self.library.add(kornia[i], bits(trial.peer[i]), after)


def _numbers(patterns: NDArray[Any], dtype: str) -> NDArray[np.float64]:
    """Values of bit patterns."""
    if dtype == "bfloat16":
        return (patterns.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return patterns.view(dtype).astype(np.float64)


def measure(name: str, examples: int) -> Measured:
    """The step's tally over that many trials."""
    measured = Measured()

    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(data=st.data())
    def collect(data: st.DataObject) -> None:
        measured.add(data.draw(STEPS[name]))

    collect()
    return measured


def main(examples: int) -> None:
    isas = ", ".join(twinlens.supported_isas())
    lines = [
        "# Measured parity",
        "",
        f"What `tests/measure_parity.py {examples}` found, on {isas}, interleaved and planar: the values that differ",
        "between the native core and the batched engine, between the native core and the oracle in NumPy, and between",
        "the engines and the reference library (Pillow, OpenCV, torchvision), for random pictures and parameters. A",
        "dash means that no library has the step.",
        "",
        "| step | dtypes | values | engines | oracle | library |",
        "|---|---|---|---|---|---|",
    ]
    for name in STEPS:
        m = measure(name, examples)
        dtypes = ", ".join(sorted(m.dtypes))
        lines.append(f"| {name} | {dtypes} | {m.values:,} | {m.engines} | {m.oracle} | {m.library} |")
        sys.stdout.write(lines[-1] + "\n")
        sys.stdout.flush()
    (HERE.parent / "docs" / "parity.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
