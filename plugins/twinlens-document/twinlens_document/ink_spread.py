"""InkBleed and BleedThrough: ink that runs into the paper, and ink that shows from its other side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import Field

from twinlens.steps import Crop, Flip, GaussianBlur, Lut, Morphology, Pad
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document import host
from twinlens_document.arguments import Shares, check_page, counted, counts, drawn, reals
from twinlens_document.fields import fractal, grains, ramp
from twinlens_document.tones import PageStep, blank, interleaved, laid, through

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints, Reals

    Radii = tuple[int, int]
    Sigmas = tuple[float, float]
    Offsets = tuple[int, int]
else:
    Radii = counts(1, 15)
    Sigmas = reals(0.1, 20.0)
    Offsets = counts(-4096, 4096)

__all__ = ["BleedThrough", "InkBleed"]

_ROWS = 64  # that are worked on at once, so that they stay in the processor's cache
_WHITE = np.array([[255.0]])


@dataclass(frozen=True, eq=False)
class Feathering(PageStep):
    """Darkens towards the page with its ink thickened by `radius`, (1 or B,), as far as noise allows.

    The noise has a value every two pixels; a share `share`, (B,), of it lets ink through, up to `amount`, (B,).
    """

    seed: Ints
    radius: Ints
    share: Reals
    amount: Reals

    def signature(self, spec: Spec) -> Ints:
        radius = np.broadcast_to(self.radius, (len(spec),))
        return np.concatenate((super().signature(spec), radius[:, None]), 1)

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        side = 2 * self.radius[:1] + 1
        thicken = Morphology("erode", np.stack((side, side), 1), "ellipse")
        middle = 367.0 * self.share - 56.0  # so that no byte of the noise, or every one, is beyond the ramp at the ends
        kept = ramp(middle - 56.0, middle + 56.0, 255.0 - 255.0 * self.amount, 255.0)[:, 0]
        dry = grains(self.seed, (x.shape[2], x.shape[3]), x.device, kept)
        if host.serves(x) and interleaved(x[0]):
            return _feathered(x, dry, thicken)
        return laid(through(x, [thicken]), ("lighten", dry), ("darken", x))


def _feathered(x: torch.Tensor, dry: torch.Tensor, thicken: Morphology) -> torch.Tensor:
    """min(x, max(thickened x, dry)) by OpenCV, some rows after the other; pages lie pixel by pixel."""
    import cv2

    spans = thicken.spans(0)
    reach, channels = len(spans) // 2, x.shape[1]
    element = np.array([[first <= k < end for k in range(len(spans))] for first, end in spans], np.uint8)
    done = blank(x)
    for page, out, rims in zip(x, done, dry[:, 0].numpy(), strict=True):
        pixels, result = (t.permute(1, 2, 0).numpy() if channels > 1 else t[0].numpy() for t in (page, out))
        for y in range(0, len(rims), _ROWS):
            above, end = max(y - reach, 0), min(y + _ROWS, len(rims))
            thick = np.asarray(cv2.erode(pixels[above : end + reach], element))[y - above :][: end - y]
            rim = cv2.merge([rims[y:end]] * channels) if channels > 1 else rims[y:end]
            part = result[y:end]
            cv2.max(thick, rim, dst=part)
            cv2.min(part, pixels[y:end], dst=part)
    return done


class InkBleedConfig(base.Config):
    radius: Radii = Field((1, 2), description="how many pixels ink runs")
    severity: Shares = Field((0.3, 0.6), description="the share of the rim of a stroke that it runs into")
    intensity: Shares = Field((0.4, 0.7), description="how dark the rim gets, 1 being the stroke itself")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class InkBleed(base.Transform):
    """Ink that runs into the fibres around a stroke: strokes get a frayed, half-dark rim.

    The page's minimum over an ellipse of `radius`, laid over the page where noise of two pixels' grain lets it; nothing
    becomes lighter. uint8 of any channels, both engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import InkBleed
    >>> page = np.full((40, 30), 255, np.uint8)
    >>> page[10:30, 15] = 0
    >>> bool((InkBleed()(page, key=1)[:, 14] < 255).any())
    True
    """

    Config = InkBleedConfig
    is_random = True

    def __init__(
        self,
        radius: Any = (1, 2),
        severity: Any = (0.3, 0.6),
        intensity: Any = (0.4, 0.7),
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(radius=radius, severity=severity, intensity=intensity, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "radius": counted(draws, self.radius, 1),
            "severity": drawn(draws, self.severity, 2),
            "intensity": drawn(draws, self.intensity, 3),
            "seed": draws.seeds(first=4),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("InkBleed", spec)
        severity, intensity = params["severity"], params["intensity"]
        yield Feathering(params["seed"], params["radius"], severity, intensity, active=params["active"])


@dataclass(frozen=True, eq=False)
class Verso(PageStep):
    """Darkens with the page's own mirror image: moved by `yx`, (B, 2), blurred by `sigma`, (B,), `amount`, (B,), dark.

    Coarse noise takes up to `patchy`, (B,), of it away in places.
    """

    seed: Ints
    yx: Ints
    sigma: Reals
    amount: Reals
    patchy: Reals

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        h, w = x.shape[2:]
        limit = np.array([h - 1, w - 1])
        y, across = np.clip(self.yx, -limit, limit).T
        left, top, right, bottom = (np.maximum(v, 0) for v in (across, y, -across, -y))
        size = 2 * np.ceil(3.0 * self.sigma).astype(np.int64) + 1
        faint = ramp(0.0, 255.0, 255.0 - 255.0 * self.amount, 255.0)
        back = through(
            x,
            [
                Flip(np.array([True]), np.array([False])),
                Crop(bottom, right, h - top - bottom, w - left - right),
                Pad(left, top, right, bottom, "constant", _WHITE),
                GaussianBlur(np.stack((size, size), 1), np.stack((self.sigma, self.sigma), 1)),
                Lut(faint),
            ],
        )
        lost = 255.0 - 255.0 * self.amount * (1.0 - self.patchy)
        dry = fractal(self.seed, (h, w), x.device, (h / 6, w / 5), 4, table=ramp(118.0, 170.0, 0.0, lost))
        return laid(back, ("lighten", dry), ("darken", x))


class BleedThroughConfig(base.Config):
    intensity: Shares = Field((0.1, 0.3), description="how dark the other side shows, 1 being its ink")
    sigma: Sigmas = Field((1.0, 2.0), description="of the blur that the paper causes, pixels")
    offset_x: Offsets = Field((-20, 20), description="pixels to the right by which the other side is off")
    offset_y: Offsets = Field((10, 20), description="pixels downwards by which the other side is off")
    patchiness: Shares = Field((0.3, 0.8), description="how much of it thick paper hides in places")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class BleedThrough(base.Transform):
    """Print on the other side of the sheet that shows through it: mirrored, blurred, faint, off by some pixels.

    The page itself, mirrored left to right, stands for the other side. min(page, 255 - intensity * (255 - other)) where
    smooth noise does not hide it. uint8 of any channels, both engines exact; masks, boxes and keypoints stay.

    >>> import numpy as np
    >>> from twinlens_document import BleedThrough
    >>> page = np.full((40, 30), 255, np.uint8)
    >>> page[10:30, 2:8] = 0
    >>> bool((BleedThrough(0.5, offset_x=0, offset_y=0, patchiness=0)(page, key=1)[20, 20:] < 255).any())
    True
    """

    Config = BleedThroughConfig
    is_random = True

    def __init__(
        self,
        intensity: Any = (0.1, 0.3),
        sigma: Any = (1.0, 2.0),
        offset_x: Any = (-20, 20),
        offset_y: Any = (10, 20),
        patchiness: Any = (0.3, 0.8),
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            intensity=intensity,
            sigma=sigma,
            offset_x=offset_x,
            offset_y=offset_y,
            patchiness=patchiness,
            p=p,
            name=name,
        )

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "intensity": drawn(draws, self.intensity, 1),
            "sigma": drawn(draws, self.sigma, 2),
            "yx": np.stack((counted(draws, self.offset_y, 3), counted(draws, self.offset_x, 4)), 1),
            "patchiness": drawn(draws, self.patchiness, 5),
            "seed": draws.seeds(first=6),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("BleedThrough", spec)
        shown = params["yx"], params["sigma"], params["intensity"], params["patchiness"]
        yield Verso(params["seed"], *shown, active=params["active"])
