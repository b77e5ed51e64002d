"""What the automatic augmentation policies choose from: operations, their magnitudes, and AutoAugment's own policies.

Sources: Cubuk et al., AutoAugment (arXiv 1805.09501) and RandAugment (1909.13719); Mueller and Hutter, TrivialAugment
(2103.10158); Hendrycks et al., AugMix (1912.02781); the ranges and the numbers of bins are torchvision's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from twinlens.steps import Spec

if TYPE_CHECKING:
    from twinlens.steps.spec import Bools, Ints, Reals

__all__ = ["AUGMIX", "OPERATIONS", "POLICIES", "POLICY", "RANDAUGMENT", "WIDE", "Scale", "Space", "SubPolicies"]

#: all operations; a parameter holds an operation as its place in here
OPERATIONS = (
    "Identity", "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast",
    "Sharpness", "Posterize", "Solarize", "AutoContrast", "Equalize", "Invert",
)  # fmt: skip


#: bins that a table for every size of image is kept of
_FEW = 64


@dataclass(frozen=True)
class Scale:
    """Magnitudes of one operation, evenly from `first` to `last` over the bins; `signed` ones are negated by chance.

    side: the last is in parts of the image's width or height, divided by `divisor`. whole: rounded, half to even.
    """

    first: float = 0.0
    last: float = 0.0
    signed: bool = True
    side: Literal["", "w", "h"] = ""
    divisor: float = 1.0
    whole: bool = False

    def at(self, bin_number: Ints, bins: int, spec: Spec) -> Reals:
        """(B, R) for bins (B, R), in the float32 arithmetic of torch.linspace."""
        if self.whole:
            span = np.float32((bins - 1) / (self.first - self.last))
            steps: Reals = np.rint(np.float32(self.first) - bin_number.astype(np.float32) / span).astype(np.float64)
            return steps
        last = np.full((len(spec), 1), self.last)
        if self.side:
            last = self.last * getattr(spec, self.side)[:, None] / self.divisor
        return _linspace(self.first, last, bin_number, bins)


def _linspace(first: float, last: Reals, bin_number: Ints, bins: int) -> Reals:
    """What torch.linspace holds at `bin_number`: counted from the nearer end, one rounding to float32 an element.

    Written out, because torch's own result depends on the vector instructions that it finds: this is that of AVX2 and
    AVX-512. A product of a float32 and a bin is exact in float64, which the sum is rounded from.
    """
    start, end = np.float32(first), last.astype(np.float32)
    step = ((end - start) / np.float32(bins - 1)).astype(np.float64)
    up = np.float64(start) + step * bin_number
    down = end.astype(np.float64) - step * (bins - 1 - bin_number)
    return np.where(bin_number < bins // 2, up, down).astype(np.float32).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Space:
    """Operations and their magnitudes; those without a magnitude have none of either sign."""

    scales: dict[str, Scale]

    def drawn(self, uniform: Reals) -> Ints:
        """Operations, as places in `OPERATIONS`, for numbers from 0 to 1; all are as likely."""
        chosen: Ints = self._codes[(uniform * len(self._codes)).astype(np.int64)]
        return chosen

    def magnitudes(self, operation: Ints, bin_number: Ints | int, bins: int, negative: Bools, spec: Spec) -> Reals:
        """(B, R): the magnitude of each operation (B, R) at its bin, or at the bin of all; 0 where it takes none."""
        if len(spec) == 1 and bins <= _FEW:
            both = _table_of_one(self, bins, int(spec.h[0]), int(spec.w[0]))
            signed: Reals = both[negative.astype(np.intp), operation, bin_number]
            return signed
        found: Reals = _table(self, bins)[operation, bin_number]
        for code in self._by_side:
            here = operation == code
            if here.any():
                found = np.where(here, self.scales[OPERATIONS[code]].at(np.asarray(bin_number), bins, spec), found)
        return np.where(negative & self.signed[operation], -found, found)

    @cached_property
    def _codes(self) -> Ints:
        return np.array([OPERATIONS.index(name) for name in self.scales])

    @cached_property
    def _by_side(self) -> list[int]:
        return [OPERATIONS.index(name) for name, scale in self.scales.items() if scale.side]

    @cached_property
    def signed(self) -> Bools:
        """(operations,): which are negated by chance."""
        return np.array([name in self.scales and self.scales[name].signed for name in OPERATIONS])


@lru_cache(maxsize=64)
def _table(space: Space, bins: int) -> Reals:
    """(operations, bins): the magnitudes that are the same for images of all sizes."""
    table = np.zeros((len(OPERATIONS), bins))
    every = np.arange(bins)[None]
    nowhere = Spec.of([(1, 1, 1)], "uint8")
    for name, scale in space.scales.items():
        if scale is not NONE and not scale.side:
            table[OPERATIONS.index(name)] = scale.at(every, bins, nowhere)[0]
    return table


@lru_cache(maxsize=256)
def _table_of_one(space: Space, bins: int, h: int, w: int) -> Reals:
    """(2, operations, bins): all magnitudes for one image of this size, and those that chance may negate negated."""
    table = _table(space, bins).copy()
    every, image = np.arange(bins)[None], Spec.of([(h, w, 1)], "uint8")
    for name, scale in space.scales.items():
        if scale.side:
            table[OPERATIONS.index(name)] = scale.at(every, bins, image)[0]
    return np.stack((table, np.where(space.signed[:, None], -table, table)))


NONE = Scale(signed=False)


def _space(names: str, shear: float, shift: Scale, angle: float, factor: float, bits: tuple[int, int]) -> Space:
    scales = {
        "ShearX": Scale(last=shear),
        "ShearY": Scale(last=shear),
        "TranslateX": shift,
        "TranslateY": replace(shift, side="h") if shift.side else shift,
        "Rotate": Scale(last=angle),
        **{name: Scale(last=factor) for name in ("Brightness", "Color", "Contrast", "Sharpness")},
        "Posterize": Scale(first=bits[0], last=bits[1], signed=False, whole=True),
        "Solarize": Scale(first=1.0, signed=False),
    }
    return Space({name: scales.get(name, NONE) for name in names.split()})


_GEOMETRIC = "ShearX ShearY TranslateX TranslateY Rotate"
_COLOURS = "Brightness Color Contrast Sharpness"
_TONES = "Posterize Solarize AutoContrast Equalize"
_PAPER = (0.3, Scale(last=150.0 / 331.0, side="w"), 30.0, 0.9, (8, 4))

POLICY = _space(f"{_GEOMETRIC} {_COLOURS} {_TONES} Invert", *_PAPER)
RANDAUGMENT = _space(f"Identity {_GEOMETRIC} {_COLOURS} {_TONES}", *_PAPER)
WIDE = _space(f"Identity {_GEOMETRIC} {_COLOURS} {_TONES}", 0.99, Scale(last=32.0), 135.0, 0.99, (8, 2))
#: AugMix with all operations, and without those that its test corruptions resemble
AUGMIX = {
    everything: _space(
        f"{_GEOMETRIC} {_TONES}" + (f" {_COLOURS}" if everything else ""),
        0.3,
        Scale(last=1.0, side="w", divisor=3.0),
        30.0,
        0.9,
        (4, 0),
    )
    for everything in (True, False)
}


@dataclass(frozen=True)
class SubPolicies:
    """(n, 2) each: two operations after one another, the probability of each, and its bin of 10."""

    operation: Ints
    probability: Reals
    bin_number: Ints


def _sub_policies(text: str) -> SubPolicies:
    words = [[part.split() for part in line.split(",")] for line in text.strip().splitlines()]
    return SubPolicies(
        np.array([[OPERATIONS.index(part[0]) for part in line] for line in words]),
        np.array([[float(part[1]) for part in line] for line in words]),
        np.array([[int(part[2]) if len(part) > 2 else 0 for part in line] for line in words]),
    )


#: the tables of the paper's appendix: operation, probability, bin
POLICIES = {
    "imagenet": _sub_policies("""
        Posterize .4 8, Rotate .6 9
        Solarize .6 5, AutoContrast .6
        Equalize .8, Equalize .6
        Posterize .6 7, Posterize .6 6
        Equalize .4, Solarize .2 4
        Equalize .4, Rotate .8 8
        Solarize .6 3, Equalize .6
        Posterize .8 5, Equalize 1
        Rotate .2 3, Solarize .6 8
        Equalize .6, Posterize .4 6
        Rotate .8 8, Color .4 0
        Rotate .4 9, Equalize .6
        Equalize .0, Equalize .8
        Invert .6, Equalize 1
        Color .6 4, Contrast 1 8
        Rotate .8 8, Color 1 2
        Color .8 8, Solarize .8 7
        Sharpness .4 7, Invert .6
        ShearX .6 5, Equalize 1
        Color .4 0, Equalize .6
        Equalize .4, Solarize .2 4
        Solarize .6 5, AutoContrast .6
        Invert .6, Equalize 1
        Color .6 4, Contrast 1 8
        Equalize .8, Equalize .6
    """),
    "cifar10": _sub_policies("""
        Invert .1, Contrast .2 6
        Rotate .7 2, TranslateX .3 9
        Sharpness .8 1, Sharpness .9 3
        ShearY .5 8, TranslateY .7 9
        AutoContrast .5, Equalize .9
        ShearY .2 7, Posterize .3 7
        Color .4 3, Brightness .6 7
        Sharpness .3 9, Brightness .7 9
        Equalize .6, Equalize .5
        Contrast .6 7, Sharpness .6 5
        Color .7 7, TranslateX .5 8
        Equalize .3, AutoContrast .4
        TranslateY .4 3, Sharpness .2 6
        Brightness .9 6, Color .2 8
        Solarize .5 2, Invert .0
        Equalize .2, AutoContrast .6
        Equalize .2, Equalize .6
        Color .9 9, Equalize .6
        AutoContrast .8, Solarize .2 8
        Brightness .1 3, Color .7 0
        Solarize .4 5, AutoContrast .9
        TranslateY .9 9, TranslateY .7 9
        AutoContrast .9, Solarize .8 3
        Equalize .8, Invert .1
        TranslateY .7 9, AutoContrast .9
    """),
    "svhn": _sub_policies("""
        ShearX .9 4, Invert .2
        ShearY .9 8, Invert .7
        Equalize .6, Solarize .6 6
        Invert .9, Equalize .6
        Equalize .6, Rotate .9 3
        ShearX .9 4, AutoContrast .8
        ShearY .9 8, Invert .4
        ShearY .9 5, Solarize .2 6
        Invert .9, AutoContrast .8
        Equalize .6, Rotate .9 3
        ShearX .9 4, Solarize .3 3
        ShearY .8 8, Invert .7
        Equalize .9, TranslateY .6 6
        Invert .9, Equalize .6
        Contrast .3 3, Rotate .8 4
        Invert .8, TranslateY .0 2
        ShearY .7 6, Solarize .4 8
        Invert .6, Rotate .8 4
        ShearY .3 7, TranslateX .9 3
        ShearX .1 6, Invert .6
        Solarize .7 2, TranslateY .6 7
        ShearY .8 4, Invert .8
        ShearX .7 9, TranslateY .8 3
        ShearY .8 5, AutoContrast .7
        ShearX .7 2, Invert .1
    """),
}
