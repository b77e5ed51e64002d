"""Augraphy's names and what stands for them here: `augraphy_names()` is the table that the documentation shows."""

from __future__ import annotations

__all__ = ["AUGRAPHY", "GONE", "augraphy_names"]

#: augmentations and building blocks of Augraphy 8.2.6; several transforms are to be composed, none are not there
AUGRAPHY: dict[str, tuple[str, ...]] = {
    "AugmentationSequence": ("Compose",),
    "AugraphyPipeline": ("document.DocumentPipeline",),
    "BadPhotoCopy": ("document.BadPhotoCopy",),
    "BindingsAndFasteners": (),
    "BleedThrough": ("document.BleedThrough",),
    "BookBinding": ("document.BookBinding",),
    "Brightness": ("RandomBrightnessContrast",),
    "BrightnessTexturize": ("document.BrightnessTexturize",),
    "ColorPaper": ("document.ColorPaper",),
    "ColorShift": ("document.ColorShift",),
    "DelaunayTessellation": ("document.PaperTexture",),
    "DepthSimulatedBlur": ("document.DepthSimulatedBlur",),
    "DirtyDrum": ("document.DirtyDrum",),
    "DirtyRollers": ("document.DirtyRollers",),
    "DirtyScreen": ("document.BadPhotoCopy",),
    "Dithering": ("document.Dithering",),
    "DotMatrix": ("document.DotMatrix",),
    "DoubleExposure": ("document.DoubleExposure",),
    "Faxify": ("document.Faxify",),
    "Folding": ("document.Folding",),
    "Gamma": ("RandomGamma",),
    "Geometric": ("RandomAffine", "RandomHorizontalFlip", "RandomVerticalFlip", "RandomCrop"),
    "GlitchEffect": ("document.GlitchEffect",),
    "Hollow": ("document.Hollow",),
    "InkBleed": ("document.InkBleed",),
    "InkColorSwap": ("document.InkColorSwap",),
    "InkMottling": ("document.InkMottling",),
    "InkShifter": ("ElasticTransform",),
    "Jpeg": ("JPEG",),
    "LCDScreenPattern": ("document.LCDScreenPattern",),
    "LensFlare": ("document.LensFlare",),
    "Letterpress": ("document.Letterpress",),
    "LightingGradient": ("document.LightingGradient",),
    "LinesDegradation": ("document.LinesDegradation",),
    "LowInkPeriodicLines": ("document.LowInkPeriodicLines",),
    "LowInkRandomLines": ("document.LowInkRandomLines",),
    "LowLightNoise": ("document.LowLightNoise",),
    "Markup": ("document.Markup",),
    "Moire": ("document.Moire",),
    "NoiseTexturize": ("document.NoiseTexturize",),
    "NoisyLines": ("document.NoisyLines",),
    "OneOf": ("OneOf",),
    "PageBorder": ("document.PageCurl", "Pad"),
    "PaperFactory": ("document.PaperTexture",),
    "PatternGenerator": ("document.PaperTexture",),
    "ReflectedLight": ("document.ReflectedLight",),
    "Rescale": ("Resize",),
    "Scribbles": ("document.Markup",),
    "SectionShift": ("document.GlitchEffect",),
    "ShadowCast": ("document.ShadowCast",),
    "Squish": ("document.Squish",),
    "Stains": ("document.Stains",),
    "SubtleNoise": ("document.SubtleNoise",),
    "VoronoiTessellation": ("document.PaperTexture",),
    "WaterMark": ("document.WaterMark",),
}

#: names of earlier versions that 8.2.6 has no longer
GONE: dict[str, tuple[str, ...]] = {
    "Downscale": ("Downscale",),
    "DustyInk": ("document.Letterpress",),
    "GaussianBlur": ("GaussianBlur",),
    "LowInkBlobs": ("document.Letterpress",),
    "PencilScribbles": ("document.Markup",),
    "Scale": ("Resize",),
    "Strikethrough": ("document.Markup",),
}


def augraphy_names() -> str:
    """The table in Markdown."""
    lines = ["| Augraphy | here |", "|---|---|"]
    for name, ours in {**AUGRAPHY, **{f"{name} (before 8.2)": ours for name, ours in GONE.items()}}.items():
        lines.append(f"| {name} | {', '.join(ours) or '-'} |")
    return "\n".join(lines) + "\n"
