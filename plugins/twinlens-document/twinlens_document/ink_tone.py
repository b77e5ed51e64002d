"""InkMottling, InkColorSwap, Hollow and LinesDegradation: the ink itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import torch
from pydantic import Field

from twinlens.errors import InputError
from twinlens.steps import ColorConvert, Lut, Morphology
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Levels, Shares, check_page, counted, counts, drawn, reals
from twinlens_document.fields import exceeded, patches, ramp
from twinlens_document.paper import colour_of
from twinlens_document.tones import PageStep, coloured, layered, through

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints, Reals

    Hues = tuple[float, float]
    Radii = tuple[int, int]
    Lengths = tuple[int, int]
else:
    Hues = reals(0.0, 360.0)
    Radii = counts(1, 63)
    Lengths = counts(3, 255)

__all__ = ["Hollow", "InkColorSwap", "InkMottling", "LinesDegradation"]


@dataclass(frozen=True, eq=False)
class Mottling(PageStep):
    """Lightens by noise with a value every `grain` pixels, from 0 to `level`, (B,)."""

    seed: Ints
    level: Reals
    grain: float

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        cell = (self.grain, self.grain)
        table = ramp(40.0, 215.0, 0.0, self.level)
        return layered("lighten", x, patches(self.seed, (x.shape[2], x.shape[3]), x.device, cell, table=table))


class InkMottlingConfig(base.Config):
    level: Levels = Field((60.0, 130.0), description="the lightest that black ink gets, 0 to 255")
    grain: Annotated[float, Field(ge=1.0, le=64.0)] = Field(1.5, description="pixels across a mottle")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class InkMottling(base.Transform):
    """Ink that did not take evenly: black is mottled with dark gray.

    max(page, n) with noise n from 0 to `level`; what is lighter stays. uint8 of any channels, both engines exact;
    masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import InkMottling
    >>> page = InkMottling(level=80)(np.zeros((64, 64), np.uint8), key=1)
    >>> int(page.min()), int(page.max())
    (0, 80)
    """

    Config = InkMottlingConfig
    is_random = True

    def __init__(
        self, level: Any = (60.0, 130.0), grain: float = 1.5, p: float = 1.0, *, name: str | None = None
    ) -> None:
        super().__init__(level=level, grain=grain, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "level": drawn(draws, self.level, 1),
            "seed": draws.seeds(first=2),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("InkMottling", spec)
        yield Mottling(params["seed"], params["level"], self.grain, active=params["active"])


@dataclass(frozen=True, eq=False)
class Recolouring(PageStep):
    """Lightens to a colour in places: `tables`, (1 or B, C, 256), of noise with a value every `cell` pixels."""

    seed: Ints
    tables: NDArray[np.uint8]
    cell: int

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        side = float(self.cell)
        places = patches(self.seed, (x.shape[2], x.shape[3]), x.device, (side / 2, side))
        return layered("lighten", x, coloured(places, self.tables, x))


class InkColorSwapConfig(base.Config):
    hue: Hues = Field((0.0, 360.0), description="of the other ink, degrees: 0 red, 120 green, 240 blue")
    brightness: Levels = Field((120.0, 220.0), description="the largest of the ink's red, green and blue")
    share: Shares = Field((0.3, 0.7), description="the share of the page where ink has the other colour")
    cell: Annotated[int, Field(ge=4, le=1024)] = Field(48, description="pixels along a row from place to place")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class InkColorSwap(base.Transform):
    """Ink of another colour in places: black there becomes a saturated colour.

    max(page, colour) a channel, where noise of `cell` pixels is over a threshold; gray pages take the colour's luma.
    uint8 gray and RGB, with or without alpha, both engines exact; masks, boxes and keypoints stay as they are.
    InputError for other numbers of channels.

    >>> import numpy as np
    >>> from twinlens_document import InkColorSwap
    >>> InkColorSwap(hue=240, brightness=200, share=1)(np.zeros((1, 1, 3), np.uint8)).tolist()
    [[[0, 0, 200]]]
    """

    Config = InkColorSwapConfig
    is_random = True

    def __init__(
        self,
        hue: Any = (0.0, 360.0),
        brightness: Any = (120.0, 220.0),
        share: Any = (0.3, 0.7),
        cell: int = 48,
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(hue=hue, brightness=brightness, share=share, cell=cell, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "hue": drawn(draws, self.hue, 1),
            "brightness": drawn(draws, self.brightness, 2),
            "share": drawn(draws, self.share, 3),
            "seed": draws.seeds(first=4),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("InkColorSwap", spec)
        colour = colour_of(params["hue"], np.ones_like(params["hue"])) * params["brightness"][:, None]
        middle = exceeded("patches", params["share"])
        for channels in np.unique(spec.c).tolist():
            part = _levels(colour, channels - spec.alpha, "InkColorSwap", spec)
            tables = np.concatenate([ramp(middle - 4.0, middle + 4.0, 0.0, level) for level in part.T], 1)
            active = params["active"] & (spec.c == channels)
            yield Recolouring(params["seed"], tables, self.cell, active=active)


def _levels(colour: Reals, channels: int, name: str, spec: Spec) -> Reals:
    """(B, 1 or 3): red, green and blue, or their luma."""
    if channels == 3:
        return colour
    if channels != 1:
        i = int(np.argmax(spec.c - spec.alpha == channels))
        raise InputError(f"{name}: takes gray and RGB pages, the image is {spec.shape(i)}")
    luma: Reals = colour @ np.array([[0.299], [0.587], [0.114]])
    return luma


@dataclass(frozen=True, eq=False)
class Hollowing(PageStep):
    """max(x, 255 - m), m the page's maximum within `radius`, (1 or B,), pixels: ink far from paper becomes white."""

    radius: Ints

    def signature(self, spec: Spec) -> Ints:
        radius = np.broadcast_to(self.radius, (len(spec),))
        return np.concatenate((super().signature(spec), radius[:, None]), 1)

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        side = 2 * self.radius[:1] + 1
        inside = [Morphology("dilate", np.stack((side, side), 1)), Lut(ramp(0.0, 255.0, 255.0, 0.0))]
        return layered("lighten", x, through(x, inside))


class HollowConfig(base.Config):
    radius: Radii = Field((1, 2), description="pixels of a stroke's rim that stay")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class Hollow(base.Transform):
    """Strokes that are empty inside, as letterheads and worn stamps have them: only their rims stay.

    max(page, 255 - m), m being the page's maximum over a square of 2 radius + 1 pixels. uint8 of any channels, both
    engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import Hollow
    >>> page = np.full((1, 9), 255, np.uint8)
    >>> page[:, 1:8] = 0
    >>> Hollow(radius=2)(page).tolist()
    [[255, 0, 0, 255, 255, 255, 0, 0, 255]]
    """

    Config = HollowConfig
    is_random = True

    def __init__(self, radius: Any = (1, 2), p: float = 1.0, *, name: str | None = None) -> None:
        super().__init__(radius=radius, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"active": draws.uniform()[:, 0] < self.p, "radius": counted(draws, self.radius, 1)}

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("Hollow", spec)
        yield Hollowing(params["radius"], active=params["active"])


@dataclass(frozen=True, eq=False)
class LineLoss(PageStep):
    """Lightens long straight lines, and nothing else, in a share `share`, (B,), of their length.

    A line: ink without a gap for `length`, (1 or B,), pixels along a row or a column. grain: pixels of a gap.
    """

    seed: Ints
    length: Ints
    share: Reals
    grain: float

    def signature(self, spec: Spec) -> Ints:
        length = np.broadcast_to(self.length, (len(spec),))
        return np.concatenate((super().signature(spec), length[:, None]), 1)

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        gray = through(x, [ColorConvert("gray_pillow", 1)]) if x.shape[1] == 3 else x[:, :1]
        one, size = np.ones(1, np.int64), (x.shape[2], x.shape[3])
        ways = np.stack((self.length[:1], one), 1), np.stack((one, self.length[:1]), 1)
        rows, columns = (through(gray, [Morphology("dilate", way), Morphology("erode", way)]) for way in ways)
        lines = through(layered("darken", rows, columns), [Lut(ramp(0.0, 255.0, 255.0, 0.0))])
        middle = exceeded("patches", self.share)
        table = ramp(middle - 20.0, middle + 20.0)
        gaps = patches(self.seed, size, x.device, (self.grain, self.grain), table=table)
        return layered("lighten", x, layered("darken", lines, gaps))


class LinesDegradationConfig(base.Config):
    length: Lengths = Field((31, 61), description="pixels that ink must run straight to be a line")
    share: Shares = Field((0.3, 0.6), description="the share of a line that is lost")
    grain: Annotated[float, Field(ge=1.0, le=64.0)] = Field(4.0, description="pixels across a gap")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class LinesDegradation(base.Transform):
    """Rules and boxes that are worn while the text is not: gaps in long straight lines along rows and columns.

    Lines are what the page's minimum over a maximum over `length` pixels leaves dark; noise of `grain` pixels makes
    them as light as they were dark. uint8 of any channels (lines are sought in Pillow's luma of RGB pages, else in the
    first channel), both engines exact; masks, boxes and keypoints stay as they are.

    >>> import numpy as np
    >>> from twinlens_document import LinesDegradation
    >>> page = np.full((40, 200), 255, np.uint8)
    >>> page[20], page[5:10, 5:10] = 0, 0
    >>> worn = LinesDegradation(share=0.5)(page, key=1)
    >>> bool((worn[20] > 200).any()), int(worn[5:10, 5:10].max())
    (True, 0)
    """

    Config = LinesDegradationConfig
    is_random = True

    def __init__(
        self, length: Any = (31, 61), share: Any = (0.3, 0.6), grain: float = 4.0, p: float = 1.0, *, name: Any = None
    ) -> None:
        super().__init__(length=length, share=share, grain=grain, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "length": counted(draws, self.length, 1),
            "share": drawn(draws, self.share, 2),
            "seed": draws.seeds(first=3),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("LinesDegradation", spec)
        yield LineLoss(params["seed"], params["length"], params["share"], self.grain, active=params["active"])
