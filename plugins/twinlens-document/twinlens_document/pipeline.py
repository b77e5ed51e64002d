"""DocumentPipeline: ink, paper and page, each with effects of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import AfterValidator, BeforeValidator, Field

from twinlens.transforms import base
from twinlens.transforms.compose import Composite
from twinlens_document.arguments import check_page, counted, counts
from twinlens_document.layers import Merge, Print, busy, sheet

if TYPE_CHECKING:
    from twinlens.pipeline.trace import Params, Trace
    from twinlens.random import Draws
    from twinlens.steps import Spec

    PaperLevels = tuple[int, int]
else:
    PaperLevels = counts(0, 255)

__all__ = ["DocumentPipeline"]


def _part(item: Any) -> Any:
    """A transform, or one described as in a pipeline's file."""
    if isinstance(item, str | dict):
        from twinlens.pipeline.files import from_dict

        return from_dict({"pipeline": [item]}).transforms[0]
    if not callable(item):
        raise ValueError(f"wants transforms, got {type(item).__name__}")
    return item


def _parts(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ValueError(f"wants a list of transforms, got {type(value).__name__}")
    return tuple(_part(item) for item in value)


def _lowers(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    for part in parts:
        if getattr(part, "opaque", True) or getattr(part, "mixes", False) or getattr(part, "is_structural", False):
            raise ValueError(f"{part!r} does not lower to steps, as effects on paper must")
    return parts


Parts = Annotated[tuple[Any, ...], BeforeValidator(_parts)]


class PrintedConfig(base.Config):
    transforms: Annotated[Parts, AfterValidator(_lowers)]
    paper_color: PaperLevels
    merge: Merge


class Printed(Composite):
    """The paper phase: a part of DocumentPipeline."""

    Config: ClassVar[type[base.Config]] = PrintedConfig

    @property
    def random(self) -> bool:
        """Whether the sheet or an effect on it is drawn."""
        return bool(self.paper_color[0] < self.paper_color[1] or super().random)

    def sample(self, draws: Draws, spec: Spec) -> Params:
        del spec
        return {"level": counted(draws, self.paper_color, 0)}

    def trace(self, trace: Trace, path: str) -> None:
        if not self.transforms and self.paper_color == (255, 255):
            return
        beside = trace.beside()
        here = self.path(path)
        drawn = self.paper_color[0] < self.paper_color[1]
        levels = trace.sampled(here, self.sample)["level"] if drawn else np.array([self.paper_color[0]])
        check_page("DocumentPipeline", trace.spec)
        for i in range(len(self.transforms)):
            self.trace_child(beside, here, i)
        steps = beside.plan().steps
        used = np.broadcast_to(levels < 255, len(trace)) | busy(steps, len(trace))
        if used.any():
            trace.add(Print((sheet(levels, trace.spec), *steps), self.merge, active=used))


class DocumentPipelineConfig(base.Config):
    ink: Parts = Field((), description="effects on the ink: what is printed, black on white")
    paper: Annotated[Parts, AfterValidator(_lowers)] = Field((), description="effects on the sheet that is printed on")
    post: Parts = Field((), description="effects on the printed page")
    paper_color: PaperLevels = Field((255, 255), description="of the blank sheet, 0 to 255; two are a range")
    merge: Merge = Field("multiply", description="how ink and paper are put together")

    @property
    def transforms(self) -> list[Any]:
        """All parts."""
        return [*self.ink, *self.paper, *self.post]


class DocumentPipeline(Composite):
    """A page in three phases, as documents come to be: ink, paper, and the page that both make.

    ink: effects on the image that comes in, taken for ink on white. paper: effects on a blank sheet of its size, of
    level `paper_color`. The ink is printed on the paper (merge "multiply": rint(ink * paper / 255); "darken": the
    smaller value); post: effects on that page. Any transforms may be in any phase; those of paper must lower to steps
    and keep its size. A page keeps its channels: paper in colour shows on RGB pages only. Masks, boxes and keypoints
    follow ink and post. uint8; where the paper stays blank and white nothing is merged.

    Raises ArgumentError for phases that are no lists of transforms, InputError for other dtypes.

    >>> import numpy as np
    >>> from twinlens_document import DocumentPipeline, LightingGradient
    >>> pipe = DocumentPipeline(paper=[LightingGradient(transparency=0.9)], paper_color=(230, 250))
    >>> page = np.full((40, 30), 255, np.uint8)
    >>> int(pipe(page, key=3).max()) <= 250
    True
    """

    Config: ClassVar[type[base.Config]] = DocumentPipelineConfig

    def __init__(
        self,
        ink: Any = (),
        paper: Any = (),
        post: Any = (),
        paper_color: Any = (255, 255),
        merge: str = "multiply",
        *,
        name: str | None = None,
    ) -> None:
        base.Transform.__init__(self, ink=ink, paper=paper, post=post, paper_color=paper_color, merge=merge, name=name)

    def _configure(self, arguments: dict[str, Any]) -> None:
        super()._configure(arguments)
        kept = self.config
        printed = Printed(transforms=kept.paper, paper_color=kept.paper_color, merge=kept.merge)
        self.__dict__.update(transforms=kept.transforms, printed=printed)
        self._modules.clear()  # what torch's `modules()` walks through
        for phase in ("ink", "paper", "post"):
            parts = enumerate(getattr(kept, phase))
            self._modules.update({f"{phase}_{i}": part for i, part in parts if isinstance(part, torch.nn.Module)})

    def units(self, path: str) -> list[tuple[str, Any]]:
        here = self.path(path)
        inner = f"{here}/" if here else ""
        found: list[tuple[str, Any]] = []
        for phase in ("ink", "paper", "post"):
            if phase == "paper":
                found.append((f"{inner}paper", self.printed))
                continue
            for i, part in enumerate(getattr(self, phase)):
                at = f"{inner}{phase}/{i}"
                found += part.units(at) if isinstance(part, base.Transform) else [(at, part)]
        return found

    def trace(self, trace: Trace, path: str) -> None:
        for inner, unit in self.units(path):
            unit.trace(trace, inner)

    __repr__ = base.Transform.__repr__
