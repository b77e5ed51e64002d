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
    "ColorShift": (),
    "DelaunayTessellation": ("document.PaperTexture",),
    "DepthSimulatedBlur": ("Defocus",),
    "DirtyDrum": ("document.DirtyDrum",),
    "DirtyRollers": ("document.DirtyRollers",),
    "DirtyScreen": ("document.BadPhotoCopy",),
    "Dithering": ("document.Faxify",),
    "DotMatrix": (),
    "DoubleExposure": (),
    "Faxify": ("document.Faxify",),
    "Folding": ("document.Folding",),
    "Gamma": ("RandomGamma",),
    "Geometric": ("RandomAffine", "RandomHorizontalFlip", "RandomVerticalFlip", "RandomCrop"),
    "GlitchEffect": (),
    "Hollow": (),
    "InkBleed": ("document.InkBleed",),
    "InkColorSwap": (),
    "InkMottling": ("document.NoiseTexturize",),
    "InkShifter": ("ElasticTransform",),
    "Jpeg": ("JPEG",),
    "LCDScreenPattern": (),
    "LensFlare": (),
    "Letterpress": ("document.Letterpress",),
    "LightingGradient": ("document.LightingGradient",),
    "LinesDegradation": (),
    "LowInkPeriodicLines": ("document.LowInkPeriodicLines",),
    "LowInkRandomLines": ("document.LowInkRandomLines",),
    "LowLightNoise": ("RandomBrightnessContrast", "ISONoise"),
    "Markup": ("document.Markup",),
    "Moire": (),
    "NoiseTexturize": ("document.NoiseTexturize",),
    "NoisyLines": ("document.NoisyLines",),
    "OneOf": ("OneOf",),
    "PageBorder": ("document.PageCurl", "Pad"),
    "PaperFactory": ("document.PaperTexture",),
    "PatternGenerator": ("document.PaperTexture",),
    "ReflectedLight": ("document.LightingGradient",),
    "Rescale": ("Resize",),
    "Scribbles": ("document.Markup",),
    "SectionShift": (),
    "ShadowCast": ("document.ShadowCast",),
    "Squish": ("GridDistortion",),
    "Stains": ("document.PaperTexture",),
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
