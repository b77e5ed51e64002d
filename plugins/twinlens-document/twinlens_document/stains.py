"""Stains: what was spilled on a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import Field

from twinlens.errors import InputError
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Shares, check_page, drawn, reals
from twinlens_document.fields import exceeded, fractal
from twinlens_document.paper import colour_of
from twinlens_document.tones import PageStep, coloured, layered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints

    Hues = tuple[float, float]
else:
    Hues = reals(0.0, 360.0)

__all__ = ["Stains"]

_RIM = 7.0  # of the field's values: the dark edge of a stain


@dataclass(frozen=True, eq=False)
class Blots(PageStep):
    """Multiplies by `tables`, (B, 1 or C, 256), of smooth noise."""

    seed: Ints
    tables: NDArray[np.uint8]

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        h, w = x.shape[2:]
        field = fractal(self.seed, (h, w), x.device, (h / 3, w / 3), 7, gain=0.55)
        return layered("multiply", x, coloured(field, self.tables, x))


class StainsConfig(base.Config):
    hue: Hues = Field((20.0, 50.0), description="of the stain, degrees: 0 red, 30 brown, 60 yellow")
    saturation: Shares = Field((0.2, 0.5), description="of the stain, 0 to 1")
    strength: Shares = Field((0.2, 0.5), description="how dark its rim is, 1 being black; its middle is half of that")
    share: Shares = Field((0.05, 0.25), description="the share of the page that is stained")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class Stains(base.Transform):
    """Dried liquids: blots of a pale colour with dark rims, where smooth noise is over a threshold.

    rint(page * stain / 255) a channel; gray pages take the stain's luma. uint8 gray and RGB, with or without alpha,
    both engines exact; masks, boxes and keypoints stay as they are. InputError for other numbers of channels.

    >>> import numpy as np
    >>> from twinlens_document import Stains
    >>> page = Stains(share=0.5)(np.full((200, 200, 3), 255, np.uint8), key=1)
    >>> bool(page[..., 0].mean() > page[..., 2].mean()), int(page.max())
    (True, 255)
    """

    Config = StainsConfig
    is_random = True

    def __init__(
        self,
        hue: Any = (20.0, 50.0),
        saturation: Any = (0.2, 0.5),
        strength: Any = (0.2, 0.5),
        share: Any = (0.05, 0.25),
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(hue=hue, saturation=saturation, strength=strength, share=share, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "hue": drawn(draws, self.hue, 1),
            "saturation": drawn(draws, self.saturation, 2),
            "strength": drawn(draws, self.strength, 3),
            "share": drawn(draws, self.share, 4),
            "seed": draws.seeds(first=5),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("Stains", spec)
        colour = colour_of(params["hue"], params["saturation"])
        for channels in np.unique(spec.c).tolist():
            colours = channels - spec.alpha
            if colours not in (1, 3):
                i = int(np.argmax(spec.c == channels))
                raise InputError(f"Stains: takes gray and RGB pages, the image is {spec.shape(i)}")
            part = colour if colours == 3 else colour @ np.array([[0.299], [0.587], [0.114]])
            tables = self._tables(params, part[:, :, None])
            yield Blots(params["seed"], tables, active=params["active"] & (spec.c == channels))

    @staticmethod
    def _tables(params: Params, colour: Any) -> NDArray[np.uint8]:
        """(B, C, 256): white below the threshold, the rim at it, the stain's middle beyond."""
        edge = exceeded("fractal", params["share"])[:, None, None]
        strength = params["strength"][:, None, None]
        past = (np.arange(256) - edge) / _RIM
        wet = np.clip(past, 0.0, 1.0) - 0.5 * np.clip((past - 1.0) / 2.0, 0.0, 1.0)
        tables: NDArray[np.uint8] = np.rint(255.0 * (1.0 - wet * (1.0 - colour * (1.0 - strength)))).astype(np.uint8)
        return tables
