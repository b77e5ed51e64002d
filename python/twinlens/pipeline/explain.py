"""What a plan's rewrites did and did not do, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinlens.pipeline.rewrite import joined, why_not
from twinlens.steps import Adjust, Channels, ColorConvert, ColorMatrix, Convert, Lut, Normalize, Resample, Warp
from twinlens.steps.resample.step import ANTIALIASED

if TYPE_CHECKING:
    from twinlens.pipeline.plan import Plan
    from twinlens.steps import Step
    from twinlens.steps.base import Placed

__all__ = ["explain"]

#: steps of which the core makes a row of the result from the same row of the picture
_BY_ROWS = (Channels, ColorConvert, ColorMatrix, Convert, Lut, Normalize)


def explain(plan: Plan) -> str:
    """Every step that runs, what was joined in it, why it and the next stay apart, and what runs at once."""
    h, w, c = plan.before.shape(0)
    runs = joined(plan.placed_as_lowered)
    lines = [f"plan for {h}x{w}x{c} {plan.before.dtype}: {_count(len(plan.steps))} lowered, {_count(len(runs))} to run"]
    for number, ((step, _, _), rules) in enumerate(runs):
        lines.append(f"{number + 1}. {plan.notes[number]}")
        lines += [f"     joined: {rule}" for rule in rules]
        reason = why_not(step, runs[number + 1][0][0]) if number + 1 < len(runs) else None
        if reason is not None:
            lines.append(f"     apart from the next: {reason}")
    placed = [placed for placed, _ in runs]
    lines += [f"natively: {walk}" for walk in _walks(placed)]
    return "\n".join(lines + [f"on a card: {launched}" for launched in _on_a_card(placed)])


def _count(n: int) -> str:
    return "1 step" if n == 1 else f"{n} steps"


def _walks(placed: list[Placed]) -> list[str]:
    """What the core does together, by the numbers of the steps."""
    steps = [step for step, _, _ in placed]
    found = []
    last = len(steps)
    first = _first_by_rows(placed)
    if len(steps) > 1 and isinstance(steps[-1], Normalize) and _resizes_bytes(*placed[-2][:2]):
        found.append(f"steps {last - 1} and {last} in one walk: a row is normalised as soon as it is resized")
    elif last - first > 1:
        found.append(f"steps {first + 1} to {last} on a few rows at a time, which stay in the cache")
    for start, end in _runs_of_adjustments(placed):
        found.append(
            f"steps {start + 1} to {end} in as few walks as their means allow: tables are composed, and the mean that "
            "a contrast needs is taken in the walk that makes its input"
        )
    return found


def _on_a_card(placed: list[Placed]) -> list[str]:
    """What Triton's kernels do together on a CUDA device, and what is left to torch code."""
    from twinlens.engines.triton.chain import match
    from twinlens.engines.triton.warping import refusal

    found, position = [], 0
    while position < len(placed):
        step, before, _ = placed[position]
        chain = match([step for step, _, _ in placed[position:]], before)
        count = 1 if chain is None else len(chain)
        last = position + count
        which = f"step {last}" if count == 1 else f"steps {position + 1} {'and' if count == 2 else 'to'} {last}"
        if chain is not None:
            found.append(f"{which} by Triton's {chain.title} kernel")
        else:
            reason = refusal(step, before) if isinstance(step, Warp) else None
            found.append(f"{which} as torch code{'' if reason is None else f': {reason}'}")
        position = last
    return found


def _first_by_rows(placed: list[Placed]) -> int:
    """The first of the steps at the end that all work by rows, natively."""
    first = len(placed)
    while first > 0 and isinstance(placed[first - 1][0], _BY_ROWS) and _native(placed[first - 1]):
        first -= 1
    return first


def _native(placed: Placed) -> bool:
    return placed[0].native(placed[1]) is not None


def _resizes_bytes(step: Step, before: object) -> bool:
    uint8 = getattr(before, "dtype", None) == "uint8" and not getattr(before, "alpha", False)
    return isinstance(step, Resample) and step.method in ANTIALIASED and uint8


def _runs_of_adjustments(placed: list[Placed]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for i, (step, before, _) in enumerate(placed):
        if not (isinstance(step, Adjust) and step.kind != "hue" and before.channels == 3 and before.dtype == "uint8"):
            continue
        if runs and runs[-1][1] == i:
            runs[-1] = runs[-1][0], i + 1
        else:
            runs.append((i, i + 1))
    return [run for run in runs if run[1] - run[0] > 1]
