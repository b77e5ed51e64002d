"""Effects of twinlens_document beside those of Augraphy that look like them, on one page in one process.

    python plugins/twinlens-document/benchmarks/bench_document.py [NAMES] [--out results.md] [--repeats 5] [--cuda 16]

Each pair is called alternately on the same RGB page of 1650 x 1275, one thread each; the figures are medians of the
process's own time. Augraphy is not a dependency: without it only this package's figures are printed. --cuda: this
package's time for a batch of so many pages on a CUDA device too, sampling and all, by the clock.
"""

from __future__ import annotations

import argparse
import os
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
_LONGEST_S = 40.0

#: name: (ours, Augraphy's class and arguments, None where 8.2.6 has no such effect); one line a pair
PAIRS: dict[str, tuple[Callable[[], T.Transform], tuple[str, dict[str, Any]] | None]] = {
    "default pipeline": (lambda: D.default_pipeline(), ("default_augraphy_pipeline", {})),
    "BadPhotoCopy": (lambda: D.BadPhotoCopy(), ("BadPhotoCopy", {})),
    "BleedThrough": (lambda: D.BleedThrough(), ("BleedThrough", {})),
    "BookBinding": (lambda: D.BookBinding(), ("BookBinding", {})),
    "Brightness": (lambda: T.RandomBrightnessContrast((-0.1, 0.1), 0.0, p=1.0), ("Brightness", {})),
    "BrightnessTexturize": (lambda: D.BrightnessTexturize(), ("BrightnessTexturize", {})),
    "ColorPaper": (lambda: D.ColorPaper(), ("ColorPaper", {})),
    "Creases": (lambda: D.Creases(), None),
    "DirtyDrum": (lambda: D.DirtyDrum(), ("DirtyDrum", {})),
    "DirtyRollers": (lambda: D.DirtyRollers(), ("DirtyRollers", {})),
    "Faxify": (lambda: D.Faxify(), ("Faxify", {})),
    "Folding": (lambda: D.Folding(), ("Folding", {})),
    "Gamma": (lambda: T.RandomGamma((50, 150), p=1.0), ("Gamma", {})),
    "InkBleed": (lambda: D.InkBleed(), ("InkBleed", {})),
    "JPEG": (lambda: T.JPEG((25, 95)), ("Jpeg", {})),
    "Letterpress": (lambda: D.Letterpress(), ("Letterpress", {})),
    "LightingGradient": (lambda: D.LightingGradient(), ("LightingGradient", {})),
    "LowInkPeriodicLines": (lambda: D.LowInkPeriodicLines(), ("LowInkPeriodicLines", {})),
    "LowInkRandomLines": (lambda: D.LowInkRandomLines(), ("LowInkRandomLines", {})),
    "Markup": (lambda: D.Markup(), ("Markup", {})),
    "NoiseTexturize": (lambda: D.NoiseTexturize(), ("NoiseTexturize", {})),
    "NoisyLines": (lambda: D.NoisyLines(), ("NoisyLines", {})),
    "PageCurl": (lambda: D.PageCurl(), None),
    "PaperTexture": (lambda: D.PaperTexture(), None),
    "ScannerLines": (lambda: D.ScannerLines(), None),
    "ShadowCast": (lambda: D.ShadowCast(), ("ShadowCast", {})),
    "SubtleNoise": (lambda: D.SubtleNoise(), ("SubtleNoise", {})),
    "WaterMark": (lambda: D.WaterMark(), ("WaterMark", {})),
    "ColorShift": (lambda: D.ColorShift(), ("ColorShift", {})),
    "DepthSimulatedBlur": (lambda: D.DepthSimulatedBlur(), ("DepthSimulatedBlur", {})),
    "DoubleExposure": (lambda: D.DoubleExposure(), ("DoubleExposure", {})),
    "GlitchEffect": (lambda: D.GlitchEffect(), ("GlitchEffect", {})),
    "Hollow": (lambda: D.Hollow(), ("Hollow", {})),
    "InkColorSwap": (lambda: D.InkColorSwap(), ("InkColorSwap", {})),
    "InkMottling": (lambda: D.InkMottling(), ("InkMottling", {})),
    "LinesDegradation": (lambda: D.LinesDegradation(), ("LinesDegradation", {})),
    "LensFlare": (lambda: D.LensFlare(), ("LensFlare", {})),
    "LowLightNoise": (lambda: D.LowLightNoise(), ("LowLightNoise", {})),
    "ReflectedLight": (lambda: D.ReflectedLight(), ("ReflectedLight", {})),
    "Dithering": (lambda: D.Dithering(), ("Dithering", {})),
    "DotMatrix": (lambda: D.DotMatrix(), ("DotMatrix", {})),
    "LCDScreenPattern": (lambda: D.LCDScreenPattern(), ("LCDScreenPattern", {})),
    "Moire": (lambda: D.Moire(), ("Moire", {})),
    "Squish": (lambda: D.Squish(), ("Squish", {})),
    "Stains": (lambda: D.Stains(), ("Stains", {})),
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
    begun = time.perf_counter()
    for seed in range(-1, repeats):
        if seed > 0 and time.perf_counter() - begun > _LONGEST_S:
            break  # two effects take Augraphy a minute
        for call, found in zip(calls, times, strict=True):
            taken = _thread_time(call, seed + 1)
            if seed >= 0:  # the first call compiles and fills caches
                found.append(taken)
    medians = [statistics.median(found) for found in times]
    return medians[0], medians[1] if len(medians) > 1 else None


def on_cuda(name: str, image: np.ndarray, pages: int, repeats: int) -> float | None:
    """Seconds a page of a batch on a CUDA device; None for what encodes on the host."""
    if name == "JPEG":
        return None
    pipe = D.default_pipeline(jpeg=False) if name == "default pipeline" else PAIRS[name][0]()
    batch = torch.from_numpy(image).permute(2, 0, 1).contiguous().cuda().expand(pages, -1, -1, -1).contiguous()
    times = []
    for seed in range(repeats + 2):
        torch.cuda.synchronize()
        start = time.perf_counter()
        pipe(batch, keys=range(seed * pages, (seed + 1) * pages))
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) / pages)
    return statistics.median(times[2:])


def row(name: str, ours: float, theirs: float | None, cuda: list[float | None]) -> str:
    """A line of the table, in milliseconds."""
    cells = [name, f"{ours * 1e3:.1f}"]
    cells += ["-", "-"] if theirs is None else [f"{theirs * 1e3:.1f}", f"{theirs / ours:.1f}"]
    for seconds in cuda:
        cells.append("-" if seconds is None else f"{seconds * 1e3:.2f}")
        cells.append("-" if seconds is None or theirs is None else f"{theirs / seconds:.0f}")
    return f"| {' | '.join(cells)} |"


def _heading(has_augraphy: bool, cuda: int) -> list[str]:
    rival = ""
    if has_augraphy:
        from importlib.metadata import version

        rival = f", Augraphy {version('augraphy')}"
    device = f" CUDA: a page of a batch of {cuda} on {torch.cuda.get_device_name()}, by the clock." if cuda else ""
    more = " CUDA | ratio |" if cuda else ""
    return [
        "# Speed of the effects",
        "",
        f"Milliseconds of one thread for an RGB page of {PAGE_HW[0]} x {PAGE_HW[1]}, defaults, medians.{device}",
        f"twinlens {twinlens.__version__} ({twinlens.isa()}), torch {torch.__version__}, OpenCV {cv2.__version__}"
        f"{rival}, Python {platform.python_version()}, {platform.machine()}.",
        "",
        f"| effect | twinlens | Augraphy | ratio |{more}",
        f"|---|---|---|---|{'---|---|' if cuda else ''}",
    ]


def main() -> None:
    """Prints the table, and writes it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(PAIRS), metavar="NAMES")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cuda", type=int, default=0, metavar="PAGES")
    options = parser.parse_args()
    alone = {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # threads that wait count as time of the process
    if not alone.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **alone})
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
    lines = _heading(has_augraphy, options.cuda)
    print("\n".join(lines))  # noqa: T201
    for name in options.names:
        ours, theirs = measure(name, image, options.repeats, has_augraphy)
        cuda = [on_cuda(name, image, options.cuda, options.repeats)] if options.cuda else []
        lines.append(row(name, ours, theirs, cuda))
        print(lines[-1], flush=True)  # noqa: T201
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
