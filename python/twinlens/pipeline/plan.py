"""A plan: the steps that a pipeline comes down to for images of known sizes, before and after rewriting."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from twinlens.pipeline.rewrite import rewrite

if TYPE_CHECKING:
    from twinlens.steps import Spec, Step
    from twinlens.steps.base import Placed

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """Steps and what is known of the images before each of them."""

    before: Spec
    steps: tuple[Step, ...]
    specs: tuple[Spec, ...] = field(repr=False)  # before each step
    after: Spec = field(repr=False)

    @property
    def placed_as_lowered(self) -> list[Placed]:
        """The steps before any rewrite, with what is known of the images before and after each."""
        after = (*self.specs, self.after)[1:]
        return list(zip(self.steps, self.specs, after, strict=True))

    @cached_property
    def placed(self) -> list[Placed]:
        """The steps that run, with what is known of the images before and after each."""
        return rewrite(self.placed_as_lowered)

    @property
    def rewritten(self) -> list[Step]:
        """The steps that run. Every rewrite leaves every bit unchanged."""
        return [step for step, _, _ in self.placed]

    @cached_property
    def notes(self) -> list[str]:
        """One line for each step that runs: what it is, the size after it, and who runs it natively."""
        lines = []
        for step, before, spec in self.placed:
            native = step.native(before) is not None
            size = "x".join(str(v) for v in spec.shape(0)) if spec.uniform and len(spec) else "sizes differ"
            lines.append(f"{step.describe()} -> {size} {spec.dtype} [{'native' if native else 'torch'} | kornia]")
        return lines

    def explain(self) -> str:
        """What was joined, what was not and why, what the native core does in one walk and a CUDA kernel in one launch,
        as text to print.
        """
        from twinlens.pipeline.explain import explain

        return explain(self)

    def __str__(self) -> str:
        h, w, c = self.before.shape(0)
        lowered = "\n".join(f"  {step.describe()}" for step in self.steps) or "  nothing"
        runs = "\n".join(f"  {line}" for line in self.notes) or "  nothing"
        return f"plan for {h}x{w}x{c} {self.before.dtype}\nlowered:\n{lowered}\nruns:\n{runs}"
