"""Effects of twinlens_document beside those of Augraphy that look like them, on one page in one process.

    python plugins/twinlens-document/benchmarks/bench_document.py [NAMES] [--out results.md] [--repeats 5]

Each pair is called alternately on the same RGB page of 1650 x 1275, one thread each; the figures are medians of the
thread's own time. Augraphy is not a dependency: without it only this package's figures are printed.
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import twinlens_document as D

import twinlens
from twinlens import transforms as T

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from pages import page

PAGE_HW = (1650, 1275)

#: name: (ours, Augraphy's class and arguments, None where 8.2.6 has no such effect); one line a pair
PAIRS: dict[str, tuple[Callable[[], T.Transform], tuple[str, dict[str, Any]] | None]] = {
    "LightingGradient": (lambda: D.LightingGradient(), ("LightingGradient", {})),
    "BadPhotoCopy": (lambda: D.BadPhotoCopy(), ("BadPhotoCopy", {})),
    "BleedThrough": (lambda: D.BleedThrough(), ("BleedThrough", {})),
    "BrightnessTexturize": (lambda: D.BrightnessTexturize(), ("BrightnessTexturize", {})),
    "ColorPaper": (lambda: D.ColorPaper(), ("ColorPaper", {})),
    "DirtyDrum": (lambda: D.DirtyDrum(), ("DirtyDrum", {})),
    "DirtyRollers": (lambda: D.DirtyRollers(), ("DirtyRollers", {})),
    "Faxify": (lambda: D.Faxify(), ("Faxify", {})),
    "InkBleed": (lambda: D.InkBleed(), ("InkBleed", {})),
    "Letterpress": (lambda: D.Letterpress(), ("Letterpress", {})),
    "LowInkPeriodicLines": (lambda: D.LowInkPeriodicLines(), ("LowInkPeriodicLines", {})),
    "LowInkRandomLines": (lambda: D.LowInkRandomLines(), ("LowInkRandomLines", {})),
    "NoiseTexturize": (lambda: D.NoiseTexturize(), ("NoiseTexturize", {})),
    "SubtleNoise": (lambda: D.SubtleNoise(), ("SubtleNoise", {})),
    "PaperTexture": (lambda: D.PaperTexture(), None),
}


def _theirs(name: str, arguments: dict[str, Any], image: np.ndarray) -> Callable[[int], Any]:
    import augraphy

    def run(seed: int) -> Any:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - Augraphy draws from the global generators
        if name == "default_augraphy_pipeline":
            from augraphy.default.pipeline import default_augraphy_pipeline

            return default_augraphy_pipeline()(image)
        return getattr(augraphy, name)(**arguments, p=1)(image)

    return run


def _thread_time(call: Callable[[int], Any], seed: int) -> float:
    start = time.process_time()
    call(seed)
    return time.process_time() - start


def measure(name: str, image: np.ndarray, repeats: int, has_augraphy: bool) -> tuple[float, float | None]:
    """Medians in seconds: ours, theirs."""
    make, theirs = PAIRS[name]
    ours = make()
    calls: list[Callable[[int], Any]] = [lambda seed: ours(image, key=seed)]
    if theirs is not None and has_augraphy:
        calls.append(_theirs(*theirs, image))
    times: list[list[float]] = [[] for _ in calls]
    for seed in range(-1, repeats):
        for call, found in zip(calls, times, strict=True):
            taken = _thread_time(call, seed + 1)
            if seed >= 0:  # the first call compiles and fills caches
                found.append(taken)
    medians = [statistics.median(found) for found in times]
    return medians[0], medians[1] if len(medians) > 1 else None


def row(name: str, ours: float, theirs: float | None) -> str:
    """A line of the table, in milliseconds."""
    if theirs is None:
        return f"| {name} | {ours * 1e3:.1f} | - | - |"
    return f"| {name} | {ours * 1e3:.1f} | {theirs * 1e3:.1f} | {theirs / ours:.1f} |"


def _heading(has_augraphy: bool) -> list[str]:
    rival = ""
    if has_augraphy:
        from importlib.metadata import version

        rival = f", Augraphy {version('augraphy')}"
    return [
        "# Speed of the effects",
        "",
        f"Milliseconds of one thread for an RGB page of {PAGE_HW[0]} x {PAGE_HW[1]}, defaults of both, medians.",
        f"twinlens {twinlens.__version__} ({twinlens.isa()}), torch {torch.__version__}, OpenCV {cv2.__version__}"
        f"{rival}, Python {platform.python_version()}, {platform.machine()}.",
        "",
        "| effect | twinlens | Augraphy | ratio |",
        "|---|---|---|---|",
    ]


def main() -> None:
    """Prints the table, and writes it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(PAIRS))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    twinlens.set_num_threads(1)
    try:
        import augraphy  # noqa: F401

        has_augraphy = True
    except ImportError:
        has_augraphy = False
    image = page(*PAGE_HW)
    lines = _heading(has_augraphy)
    print("\n".join(lines))  # noqa: T201
    for name in options.names:
        lines.append(row(name, *measure(name, image, options.repeats, has_augraphy)))
        print(lines[-1], flush=True)  # noqa: T201
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
