"""A plan: the steps that a pipeline comes down to for images of known sizes, before and after rewriting."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from twinlens.pipeline.rewrite import rewrite

if TYPE_CHECKING:
    from twinlens.steps import Spec, Step

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """Steps and what is known of the images before each of them."""

    before: Spec
    steps: tuple[Step, ...]
    specs: tuple[Spec, ...] = field(repr=False)  # before each step
    after: Spec = field(repr=False)

    @cached_property
    def rewritten(self) -> list[Step]:
        """The steps that run. Every rewrite leaves every bit unchanged."""
        return rewrite(list(self.steps))

    @cached_property
    def notes(self) -> list[str]:
        """One line for each step that runs: what it is, the size after it, and who runs it natively."""
        lines = []
        spec = self.before
        for step in self.rewritten:
            native = step.native(spec) is not None
            spec = step.after(spec)
            size = "x".join(str(v) for v in spec.shape(0)) if spec.uniform and len(spec) else "sizes differ"
            lines.append(f"{step.describe()} -> {size} {spec.dtype} [{'native' if native else 'torch'} | kornia]")
        return lines

    def __str__(self) -> str:
        h, w, c = self.before.shape(0)
        lowered = "\n".join(f"  {step.describe()}" for step in self.steps) or "  nothing"
        runs = "\n".join(f"  {line}" for line in self.notes) or "  nothing"
        return f"plan for {h}x{w}x{c} {self.before.dtype}\nlowered:\n{lowered}\nruns:\n{runs}"
