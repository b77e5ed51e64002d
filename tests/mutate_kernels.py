"""Breaks the C++ core on purpose, one place at a time, and shows that the parity tests notice.

    python tests/mutate_kernels.py [WORD ...]     only mutants whose file or step contains a WORD

Each mutant is built in a temporary copy of the sources and has to fail the parity test of its step. Exits with 1 if one
survives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Mutant:
    """`old`, which occurs in `file`, becomes `new` at its first place; `step` is the -k expression of its tests, which
    are those of parity unless `tests` says otherwise.
    """

    file: str
    old: str
    new: str
    step: str
    tests: str = "tests/test_parity.py"


SPREAD, DRAWN, REWRITE, FACTORS = (
    f"tests/test_{name}.py" for name in ("resample_instructions", "drawn", "rewrite", "adjust_factors")
)
PARTS = "tests/data/test_parts.py"

MUTANTS = (
    Mutant("filters.cpp", "center[i] + support + 0.5", "center[i] + support", "antialiased"),
    Mutant("filters.cpp", "constexpr double a = -0.5;", "constexpr double a = -0.501;", "antialiased"),
    Mutant("axis_weights.cpp", "t >= by ? k", "t > by ? k", "antialiased"),
    Mutant("axis_weights.cpp", "halves = 0x808080", "halves = 0x800080", "every", SPREAD),
    Mutant("kernels/resample_spread.inl.cpp", "s.at + g * group_bytes", "s.at + g * 4", "every", SPREAD),
    Mutant("kernels/resample_spread.inl.cpp", "block + b < last ? block + b : last", "block", "every", SPREAD),
    Mutant("axis_weights.cpp", "mirrored ? 0 : n - 1", "mirrored ? n - 1 : 0", "antialiased"),
    Mutant("resample.cpp", "slot + 1 == slots ? 0", "slot == slots ? 0", "antialiased"),
    Mutant("resample.cpp", "roi_x = out_w - roi_x - dst.w", "roi_x = out_w - dst.w", "antialiased"),
    Mutant("operations/resample.cpp", "a[14] != 0 ? upside_down(made)", "a[14] > 1 ? upside_down(made)", "resample"),
    Mutant("drawn.cpp", "[0] = u(r.ints[0]) < r.reals[0]", "[0] = u(r.ints[0] + 1) < r.reals[0]", "single", DRAWN),
    Mutant("drawn.cpp", "{u(kKinds + kind), kind}", "{u(kKinds - kind), kind}", "lowered_plan", DRAWN),
    Mutant("drawn.cpp", "static_cast<double>(yxhw[3])", "static_cast<double>(yxhw[2])", "rows", DRAWN),
    Mutant("drawn.cpp", "fits = h < height && w < width;", "fits = h <= height && w < width;", "hole", DRAWN),
    Mutant("drawn.cpp", "draw_block(key, r.stream, kNext + 2)", "draw_block(key, r.stream, kNext + 1)", "hole", DRAWN),
    Mutant("drawn.cpp", "return down ? over / 2", "return !down ? over / 2", "of_one_size", DRAWN),
    Mutant("drawn.cpp", "static_cast<double>(src.w);", "static_cast<double>(src.h);", "of_one_size", DRAWN),
    Mutant("reads.cpp", "std::max(scale, 1.0) + 1;", "std::max(scale, 1.0) - 1;", "nothing_else", PARTS),
    Mutant("jpeg.cpp", "constexpr int64_t kMargin = 4;", "constexpr int64_t kMargin = 0;", "has_the_pixels", PARTS),
    Mutant("plan.cpp", "band{window(s.now, y, 0", "band{window(s.now, 0, 0", "by_rows", REWRITE),
    Mutant("premultiply.cpp", "const int v = a * b + 128;", "const int v = a * b + 127;", "premultiplied or alpha"),
    Mutant(
        "premultiply.cpp",
        "std::min(255 * color / alpha, 255)",
        "std::min(255 * color / alpha, 254)",
        "premultiplied or alpha",
    ),
    Mutant("kernels/warp.inl.cpp", "int64_t i = end; i < dst.w", "int64_t i = end + 1; i < dst.w", "warp"),
    Mutant("kernels/warp.inl.cpp", "first < end && source(first) ==", "first < end - 1 && source(first) !=", "warp"),
    Mutant(
        "kernels/lookup_rgb.inl.cpp", "_mm_sub_ps(bottom, top), top)", "_mm_sub_ps(bottom, top), bottom)", "cv_linear"
    ),
    Mutant("kernels/lookup_rgb.inl.cpp", "mixed(at(q), at(q + 3)", "mixed(at(q), at(q)", "warp and bilinear"),
    Mutant("kernels/lookup_rgb.inl.cpp", "_mm256_sub_pd(v2, v0), p3", "_mm256_sub_pd(v2, v1), p3", "warp and bicubic"),
    Mutant("kernels/warp_blend.inl.cpp", "clamped(column + kFirst", "clamped(column + 2 * kFirst", "warp and bicubic"),
    Mutant("kernels/warp.inl.cpp", "(down + a[3] * i) >> 16", "(down + a[3] * i) >> 17", "warp and nearest"),
    Mutant("kernels/gather_rgb.inl.cpp", "line.x + line.dx * i)", "line.x + line.dx)", "warp and nearest"),
    Mutant("kernels/gather_rgb.inl.cpp", "12, 13, 14, -1", "12, 13, 15, -1", "warp and nearest"),
    Mutant("kernels/warp_opencv.inl.cpp", "whole + 1 < size + 1", "whole < size", "cv_linear"),
    Mutant("kernels/warp_opencv.inl.cpp", "whole - 1 < before", "whole - 1 < before + 2", "cv_linear"),
    Mutant("kernels/remap.inl.cpp", "__builtin_rintf(row.y[x])", "__builtin_floorf(row.y[x])", "remap"),
    Mutant("kernels/remap.inl.cpp", "1.0 + r2 * (k[8]", "1.0 + r2 * (k[9]", "remap"),
    Mutant("kernels/smooth_noise.inl.cpp", "sum + (1 << 14)", "sum + (1 << 13)", "remap"),
    Mutant("kernels/resample_real.inl.cpp", "__builtin_floor(v + 0.5)", "__builtin_rint(v)", "antialiased or extreme"),
    Mutant("kernels/resample_real.inl.cpp", "double sum = 0;", "float sum = 0;", "antialiased"),
    Mutant("resample_cv_tables.cpp", "2048", "2047", "linear"),
    Mutant("copy.cpp", "(src.w - 1) * src.sx", "src.w * src.sx", "flip"),
    Mutant("kernels/move.inl.cpp", "16 - N * (k / N + 1) + k % N", "16 - N * (k / N + 1)", "flip"),
    Mutant(
        "kernels/move.inl.cpp", "_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8,", "_mm_setr_epi8(0, 1, 2, 4, 5, 6, 9,", "transpose"
    ),
    Mutant("kernels/move.inl.cpp", "for (int64_t i = x; i < x1", "for (int64_t i = x + 1; i < x1", "transpose"),
    Mutant("pad.cpp", "period - 1 - at", "period - at", "symmetric"),
    Mutant("pad.cpp", "2 * (n - 1) : 2 * n", "2 * n : 2 * n", "reflect"),
    Mutant("convert.cpp", "256.0F - 1e-3F", "256.0F", "convert or floats"),
    Mutant("color.cpp", "{19595, 38470, 7471}", "{19595, 38469, 7472}", "gray_pillow"),
    Mutant("color.cpp", "{9798, 19235, 3735}", "{9798, 19236, 3734}", "gray_opencv"),
    Mutant("lab.cpp", "root[49] = 9454;", "", "lab"),
    Mutant("kernels/lab_words.inl.cpp", "multiple<32, 54, 1, 932>", "multiple<31, 54, 1, 932>", "lab"),
    Mutant("kernels/lab_words.inl.cpp", "all_words(290)", "all_words(280)", "lab"),
    Mutant("kernels/lab_words.inl.cpp", "t.to_rgb, 18, v)", "t.to_rgb, 19, v)", "lab"),
    Mutant("color_space.cpp", "(180 << 12) / (6.0 * i)", "(180 << 12) / (6.0 * i) - 1", "rgb_to_hsv"),
    Mutant("kernels/color_space.inl.cpp", "1.0f - k.fraction[i]", "k.fraction[i]", "hsv_to_rgb"),
    Mutant("kernels/color_space.inl.cpp", "-5636", "-5637", "ycrcb_to_rgb"),
    Mutant("kernels/color_space.inl.cpp", "m[3] + (1 << 9)", "m[3]", "matrix"),
    Mutant("operations/color_space.cpp", "plane(src, a[2 + i])", "plane(src, 0)", "channels"),
    Mutant("clahe.cpp", "(divides ? 0 : 1)", "(y.size % y.tiles == 0 ? 0 : 1)", "clahe"),
    Mutant(
        "clahe.cpp", "1.0f / static_cast<float>(tile)) - 0.5f", "1.0f / static_cast<float>(tile)) - 0.499f", "clahe"
    ),
    Mutant("kernels/blur.inl.cpp", "(1 << 23) + (1 << 15)", "(1 << 23) + (1 << 14)", "gaussian"),
    Mutant("kernels/blur.inl.cpp", "(sum[i] >> shift) & 1U", "(sum[i] >> shift) & 0U", "gaussian"),
    Mutant("filter2d.cpp", "FilterSum::fused : ", "FilterSum::separate : ", "convolve or filters"),
    Mutant("kernels/box.inl.cpp", "(divisor / 2) + 0.5F", "(divisor / 2) + 1.5F", "box"),
    Mutant("kernels/box.inl.cpp", "half = static_cast<uint16_t>(divisor / 2)", "half = 0", "box"),
    Mutant("kernels/blur.inl.cpp", "(rounding.divisor / 2) + 0.5", "(rounding.divisor / 2) - 0.5", "box"),
    Mutant("filter2d.hpp", "2 * (n - 1)", "2 * n", "gaussian or box"),
    Mutant("kernels/sharpness.inl.cpp", "2 * sum + 13", "2 * sum + 15", "sharpness"),
    Mutant("kernels/sharpness.inl.cpp", "rows[1][i] + 6", "rows[1][i] + 7", "sharpness"),
    Mutant(
        "adjust.cpp",
        "static_cast<double>(v.h * v.w) + 0.5",
        "static_cast<double>(v.h * v.w)",
        "contrast",
    ),
    Mutant("adjust.cpp", "kept[i] = table[kept[i]]", "kept[i] = kept[table[i]]", "chain", FACTORS),
    Mutant("adjust.cpp", "below <= last && !is_exact", "below < first && !is_exact", "every", FACTORS),
    Mutant("kernels/adjust.inl.cpp", "w < 0 ? factor.below", "w < 0 ? factor.part", "every", FACTORS),
    Mutant("kernels/adjust_packed.inl.cpp", "k.part == k.below ", "k.part != k.below ", "every", FACTORS),
    Mutant("kernels/adjust_packed.inl.cpp", "set1_epi32(128), rgbg", "set1_epi32(127), rgbg", "every", FACTORS),
    Mutant("kernels/adjust_packed.inl.cpp", "srli_epi16(px, 8), d", "srli_epi16(px, 7), d", "every", FACTORS),
    Mutant("kernels/adjust.inl.cpp", "i < n; ++i) sum", "i <= n; ++i) sum", "chain"),
    Mutant("kernels/blocks.inl.cpp", "load_16(p + 2 * step), 2)", "load_16(p + 3 * step), 2)", "hue or tables"),
    Mutant("kernels/blocks.inl.cpp", "store(at + 96", "store(at + 95", "saturation"),
    Mutant("kernels/adjust.inl.cpp", "most = _mm512_set1_ps(255.0F)", "most = _mm512_set1_ps(254.0F)", "saturation"),
    Mutant("kernels/adjust.inl.cpp", "most = _mm256_set1_ps(255.0F)", "most = _mm256_set1_ps(254.0F)", "saturation"),
    Mutant("kernels/gray.inl.cpp", "half = _mm512_set1_epi32(1 <<", "half = _mm512_set1_epi32(3 <<", "gray_pillow"),
    Mutant("kernels/adjust.inl.cpp", "const int32_t d = gray[i];", "const int32_t d = gray[i] ^ 1;", "saturation"),
    Mutant("kernels/adjust.inl.cpp", "4.0 + static_cast<double>(gc)", "4.001 + static_cast<double>(gc)", "hue"),
    Mutant("kernels/sharpness.inl.cpp", "4U * rows[1][i]", "5U * rows[1][i]", "sharpness"),
    Mutant("kernels/denoise.inl.cpp", "(sum + n / 2) / n", "sum / n", "denoise"),
    Mutant("operations/denoise.cpp", "(i * 255) >> 12", "(i * 256) >> 12", "denoise"),
    Mutant("kernels/adaptive.inl.cpp", "(m & 1) != 0", "(m & 1) == 0", "adaptive"),
    Mutant("kernels/adaptive.inl.cpp", "down[x] = area / 2", "down[x] = 0", "adaptive"),
    Mutant("lut.cpp", "n * low_cut / 100", "n * low_cut / 99", "autocontrast"),
    Mutant("lut.cpp", "int64_t n = step / 2;", "int64_t n = (step + 1) / 2;", "equalize"),
    Mutant("lut.cpp", "static_cast<float>(n - counts[first])", "static_cast<float>(n)", "equalize_opencv"),
    Mutant("kernels/lut_rgb.inl.cpp", "join_64(px.channel, dst", "join_64(px.channel, dst + 3", "tables"),
    Mutant("kernels/lut_rgb.inl.cpp", "tables + c * kBins", "tables", "tables"),
    Mutant("lut.cpp", "add(0, i % C, p[i])", "add(0, 0, p[i])", "tables"),
    Mutant("lut.cpp", "(words[K / 8] >>", "(words[0] >>", "tables"),
    Mutant("kernels/lut.inl.cpp", "look_up(_mm512_srli_epi16(px, 8))", "even", "lut"),
    Mutant(
        "operations/geometry.cpp",
        "s.now.data += (s.now.w - 1) * s.now.sx;",
        "s.now.data += s.now.w * s.now.sx - s.now.sx * 2;",
        "flip",
    ),
    Mutant("kernels/normalize.inl.cpp", "0x7fffU + ((b >> 16) & 1U)", "0x8000U", "normalize or narrow or ties"),
    Mutant("kernels/random.inl.cpp", "key1 += 0xBB67AE85U", "key1 += 0xBB67AE84U", "noise or erase"),
    Mutant(
        "kernels/noise.inl.cpp",
        "(static_cast<float>(halves[i]) + 0.5F)",
        "static_cast<float>(halves[i])",
        "multiplicative",
    ),
    Mutant("operations/noise.cpp", "k = 14; k >= 1", "k = 14; k >= 2", "iso"),
    Mutant("kernels/rank_networks.inl.cpp", "{9, 20}", "{9, 9}", "median"),
    Mutant("operations/rank.cpp", "y < 0 ? 0 : y < h", "y < 0 ? h - 1 : y < h", "median"),
    Mutant("kernels/rank.inl.cpp", "first[step - i]", "first[0]", "median"),
    Mutant("operations/rank.cpp", "largest ? Limits::lowest()", "largest ? Limits::max()", "morphology"),
    Mutant("operations/overlay.cpp", "y < upper[1] ||", "y <= upper[1] ||", "overlay"),
    Mutant("kernels/erase.inl.cpp", "y = alike; y < hole.h", "y = alike; y < hole.h - 1", "erase"),
    Mutant("kernels/erase.inl.cpp", "bits >> (16 - 8 * sizeof(T))", "bits & 255", "erase"),
    Mutant("kernels/normalize.inl.cpp", "rest == half && (h & 1U) != 0", "rest == half", "normalize or narrow or ties"),
)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run(command: list[str], where: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=where, env={**os.environ, **environment}, check=False, capture_output=True, text=True
    )


class Workbench:
    """A copy of the sources with a build folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for part in ("csrc", "python", "tests"):
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        for part in ("CMakeLists.txt", "pyproject.toml"):
            shutil.copy(ROOT / part, root / part)
        pybind11 = run([sys.executable, "-m", "pybind11", "--cmakedir"], root).stdout.strip()
        # Linking is most of an incremental build with the optimisation that pybind11 turns on.
        quick = "-DCMAKE_INTERPROCEDURAL_OPTIMIZATION=OFF"
        options = [
            quick,
            f"-DPython_EXECUTABLE={sys.executable}",
            f"-Dpybind11_DIR={pybind11}",
            "-DSKBUILD_PROJECT_VERSION=0",
        ]
        made = run(["cmake", "-S", ".", "-B", "build", *options], root)
        if made.returncode:
            raise SystemExit(made.stdout + made.stderr)

    def build(self) -> bool:
        """Whether it compiled; the module goes where the package looks for it."""
        if run(["cmake", "--build", "build", "--parallel"], self.root).returncode:
            return False
        for module in (self.root / "build").glob("_native*"):
            if module.is_file():
                shutil.copy(module, self.root / "python" / "twinlens" / module.name)
        return True

    def passes(self, step: str, tests: str = "tests/test_parity.py") -> bool:
        """Whether the tests of `step` pass."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", tests]
        where = {"PYTHONPATH": str(self.root / "python"), "HYPOTHESIS_PROFILE": "ci"}
        code = run([*command, "-k", step], self.root, **where).returncode
        if code in (2, 3, 4, 5):  # others are a failure or a crash, which a mutant may well cause
            raise SystemExit(f"pytest -k {step!r} ended with {code}: no tests, or no expression")
        return code == 0

    def survives(self, mutant: Mutant) -> bool:
        """Applies the mutant, builds, tests, and takes it back."""
        path = self.root / "csrc" / mutant.file
        source = path.read_text()
        if mutant.old not in source:
            raise SystemExit(f"{mutant.file} no longer contains {mutant.old!r}: update the list of mutants")
        path.write_text(source.replace(mutant.old, mutant.new, 1))
        try:
            if not self.build():
                raise SystemExit(f"{mutant.file} does not compile with {mutant.new!r}: update the list of mutants")
            return self.passes(mutant.step, mutant.tests)
        finally:
            path.write_text(source)


def main(words: list[str]) -> int:
    chosen = [m for m in MUTANTS if not words or any(word in f"{m.file} {m.step}" for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        if not bench.build() or not bench.passes(""):
            say("the sources do not pass as they are")
            return 2
        survivors = []
        for mutant in chosen:
            survived = bench.survives(mutant)
            say(f"{'SURVIVED' if survived else 'killed  '} {mutant.file}: {mutant.old!r} -> {mutant.new!r}")
            survivors += [mutant] if survived else []
    say(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants killed")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
