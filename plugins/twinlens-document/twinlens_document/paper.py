"""ColorPaper and PaperTexture: what a page is printed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import Field

from twinlens.errors import InputError
from twinlens.steps import Lut
from twinlens.transforms import base
from twinlens.transforms.arguments import Probability
from twinlens_document.arguments import Shares, check_page, drawn, reals
from twinlens_document.fields import fractal, patches, ramp, seeds, white
from twinlens_document.textures import Folder, Sheets, folder_of
from twinlens_document.tones import PageStep, laid, layered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from twinlens.pipeline.trace import Params
    from twinlens.random import Draws
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Ints, Reals

    Hues = tuple[float, float]
    Scales = tuple[float, float]
else:
    Hues = reals(0.0, 360.0)
    Scales = reals(0.25, 4.0)

__all__ = ["ColorPaper", "PaperTexture"]


def colour_of(hue: Reals, saturation: Reals) -> Reals:
    """(B, 3) red, green, blue, 0 to 1, of full brightness: hue (B,) in degrees, saturation (B,) 0 to 1."""
    turn = hue[:, None] / 60.0 + np.array([0.0, 4.0, 2.0])
    turn = turn - 6.0 * np.floor(turn / 6.0)
    share = np.clip(np.abs(turn - 3.0) - 1.0, 0.0, 1.0)
    colour: Reals = 1.0 - saturation[:, None] * (1.0 - share)
    return colour


class ColorPaperConfig(base.Config):
    hue: Hues = Field((28.0, 60.0), description="of the paper, degrees: 0 red, 60 yellow, 120 green, 240 blue")
    saturation: Shares = Field((0.04, 0.16), description="of the paper, 0 to 1")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class ColorPaper(base.Transform):
    """Paper of a colour: white becomes the colour, black stays.

    rint(page * colour / 255) a channel, the colour being `hue` at `saturation` in HSV, as bright as can be; gray pages
    are multiplied by its luma. uint8 gray and RGB, with or without alpha, both engines exact; masks, boxes and
    keypoints stay as they are. InputError for other numbers of channels.

    >>> import numpy as np
    >>> from twinlens_document import ColorPaper
    >>> ColorPaper(hue=60, saturation=0.2)(np.full((1, 1, 3), 255, np.uint8)).tolist()
    [[[255, 255, 204]]]
    """

    Config = ColorPaperConfig
    is_random = True

    def __init__(
        self, hue: Any = (28.0, 60.0), saturation: Any = (0.04, 0.16), p: float = 1.0, *, name: str | None = None
    ) -> None:
        super().__init__(hue=hue, saturation=saturation, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "hue": drawn(draws, self.hue, 1),
            "saturation": drawn(draws, self.saturation, 2),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("ColorPaper", spec)
        colour = colour_of(params["hue"], params["saturation"])
        for channels in np.unique(spec.c).tolist():
            tables = _tables(colour, channels, alpha=spec.alpha)
            if tables is None:
                i = int(np.argmax(spec.c == channels))
                raise InputError(f"ColorPaper: takes gray and RGB pages, the image is {spec.shape(i)}")
            yield Lut(tables, active=params["active"] & (spec.c == channels))


def _tables(colour: Reals, channels: int, *, alpha: bool) -> NDArray[np.uint8] | None:
    """(B, C, 256), or None where the channels are no colours."""
    colours = channels - alpha
    if colours == 1:
        colour = colour @ np.array([[0.299], [0.587], [0.114]])
    elif colours != 3:
        return None
    gains = np.concatenate((colour, np.ones((len(colour), int(alpha)))), 1)
    tables: NDArray[np.uint8] = np.rint(gains[:, :, None] * np.arange(256)).astype(np.uint8)
    return tables


@dataclass(frozen=True, eq=False)
class Fibres(PageStep):
    """Multiplies by paper made of noise: clouds, fibres and grain, up to `amount`, (B,), dark."""

    seed: Ints
    amount: Reals

    def painted(self, x: torch.Tensor) -> torch.Tensor:
        h, w = size = x.shape[2], x.shape[3]
        levels = 255.0 * self.amount
        clouds = fractal(
            self.seed, size, x.device, (h / 4, w / 3), 6, gain=0.7, table=ramp(40.0, 210.0, 255.0, 255.0 - levels * 0.4)
        )
        fibre = patches(seeds(self.seed, 8), size, x.device, (2.0, 5.0), table=ramp(30.0, 225.0, 0.0, levels * 0.35))
        grain = white(seeds(self.seed, 9), size, x.device, ramp(0.0, 255.0, 0.0, levels * 0.25)[:, 0])
        light = laid(clouds, ("remove", fibre), ("remove", grain))
        return layered("multiply", x, light)


class PaperTextureConfig(base.Config):
    folder: Folder = Field(None, description="a folder of textures, PNG, JPEG, TIFF, BMP or WebP; None: made of noise")
    strength: Shares = Field((0.1, 0.35), description="of the paper: 0 leaves the page, 1 is the texture in full")
    scale: Scales = Field((1.0, 1.0), description="by which textures of a folder are enlarged")
    p: Probability = Field(1.0, description="the share of pages that it is for")


class PaperTexture(base.Transform):
    """Paper under the print: rint(page * texture / 255).

    Without a folder the texture is made: smooth clouds, short fibres and grain, at most `strength` dark. With one, each
    page takes a random image of it (any size, gray or colour), enlarged by `scale`, from a random place on, mirrored
    where it ends, mixed with white by `strength`. Images are read once, when they are first wanted; the folder's name
    is what a file keeps, and the order of its images is that of their names. uint8 of any channels (a texture is gray
    but on RGB pages), both engines exact; masks, boxes and keypoints stay as they are.

    Raises ArgumentError for a folder that does not exist or holds no images.

    >>> import numpy as np
    >>> from twinlens_document import PaperTexture
    >>> page = PaperTexture(strength=0.2)(np.full((64, 64), 255, np.uint8), key=1)
    >>> 204 <= int(page.min()) < int(page.max()) <= 255
    True
    """

    Config = PaperTextureConfig
    is_random = True

    def __init__(
        self,
        folder: Any = None,
        strength: Any = (0.1, 0.35),
        scale: Any = (1.0, 1.0),
        p: float = 1.0,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(folder=folder, strength=strength, scale=scale, p=p, name=name)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {
            "active": draws.uniform()[:, 0] < self.p,
            "strength": drawn(draws, self.strength, 1),
            "scale": drawn(draws, self.scale, 2),
            "place": draws.uniform(3, first=3),
            "seed": draws.seeds(first=6),
        }

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        check_page("PaperTexture", spec)
        if self.folder is None:
            yield Fibres(params["seed"], params["strength"], active=params["active"])
            return
        files = folder_of(self.folder)
        which = np.floor(params["place"][:, 0] * len(files)).astype(np.int64)
        yield Sheets(files, which, params["place"][:, 1:], params["scale"], params["strength"], active=params["active"])
