"""What every step is compared on: one line a step, a generator of images and parameters with the oracle's answer."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from parity import adjust, codecs, color_space, denoise, filters, noise, overlays, pixels, remap, resize, tone, warp
from parity.trial import Trial, answers, assert_parity, bits, every_isa, run_interleaved, run_planar
from twinlens.steps.adjust.step import AdjustKind
from twinlens.steps.resample.step import ANTIALIASED

__all__ = ["STEPS", "Trial", "answers", "assert_parity", "bits", "every_isa", "run_interleaved", "run_planar"]

STEPS: dict[str, st.SearchStrategy[Trial]] = {
    **{f"resample antialiased {method}": resize.antialiased(method) for method in ANTIALIASED},
    "resample premultiplied": resize.premultiplied(),
    "resample nearest": resize.opencv("nearest"),
    "resample nearest_exact": resize.opencv("nearest_exact"),
    "resample linear": resize.opencv("linear"),
    "resample linear_exact": resize.opencv("linear_exact"),
    "resample area": resize.opencv("area"),
    "resample cubic": resize.opencv("cubic"),
    "remap elastic": remap.remap("elastic"),
    "remap grid": remap.remap("grid"),
    "remap radial": remap.remap("radial"),
    "crop": pixels.crop(),
    "pad constant": pixels.pad("constant"),
    "pad edge": pixels.pad("edge"),
    "pad reflect": pixels.pad("reflect"),
    "pad symmetric": pixels.pad("symmetric"),
    "flip": pixels.flip(),
    "color gray_pillow": pixels.color("gray_pillow"),
    "color gray_opencv": pixels.color("gray_opencv"),
    "color swap_rb": pixels.color("swap_rb"),
    "color rgb_to_lab": pixels.color("rgb_to_lab"),
    "color lab_to_rgb": pixels.color("lab_to_rgb"),
    "color alpha": pixels.alpha_kinds(),
    "color rgb_to_hsv": color_space.space("rgb_to_hsv"),
    "color hsv_to_rgb": color_space.space("hsv_to_rgb"),
    "color rgb_to_ycrcb": color_space.space("rgb_to_ycrcb"),
    "color ycrcb_to_rgb": color_space.space("ycrcb_to_rgb"),
    "channels": color_space.channels(),
    "color matrix": color_space.matrix(),
    "clahe channel uint8": pixels.clahe("channel", "uint8"),
    "clahe channel uint16": pixels.clahe("channel", "uint16"),
    "clahe lab": pixels.clahe("lab", "uint8"),
    "gaussian opencv": filters.gaussian("opencv"),
    "gaussian torch": filters.gaussian("torch"),
    "box": filters.box(),
    "unsharp mask": filters.unsharp(),
    "convolve": filters.filter2d(),
    "sharpness": filters.sharpness(),
    "denoise joint": denoise.non_local_means("joint"),
    "denoise lab": denoise.non_local_means("lab"),
    "adaptive threshold mean": denoise.adaptive("mean"),
    "adaptive threshold gaussian": denoise.adaptive("gaussian"),
    **{f"adjust {kind}": adjust.adjust(kind) for kind in get_args(AdjustKind)},
    "lut": tone.lut(),
    "histogram autocontrast": tone.autocontrast(),
    "histogram equalize": tone.equalize("equalize"),
    "histogram equalize_opencv": tone.equalize("equalize_opencv"),
    "histogram otsu": tone.otsu(),
    "point": tone.point(),
    "normalize": pixels.normalize(),
    "convert": pixels.convert(),
    "convert narrow": pixels.narrow(),
    "erase": noise.erase(),
    "jpeg": codecs.jpeg(),
    "jpeg webp": codecs.webp(),
    "linear": codecs.linear(),
    "noise gaussian": noise.added("gaussian"),
    "noise multiplicative": noise.added("multiplicative"),
    "noise scale": noise.added("scale"),
    "noise replace": noise.replaced(),
    "noise iso": noise.iso(),
    "overlay": overlays.overlay(),
    "transpose": warp.transpose(),
    **{f"warp {method}": warp.pillow(method, False) for method in ("nearest", "bilinear", "bicubic")},
    **{f"warp perspective {method}": warp.pillow(method, True) for method in ("nearest", "bilinear", "bicubic")},
    **{f"warp {method}": warp.opencv(method, False) for method in ("cv_nearest", "cv_linear")},
    **{f"warp perspective {method}": warp.opencv(method, True) for method in ("cv_nearest", "cv_linear")},
    "warp premultiplied": warp.premultiplied(),
}
