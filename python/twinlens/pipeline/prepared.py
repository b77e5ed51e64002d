"""The short way for one image on CPU: what depends on its size, dtype and kind only is worked out once.

Of a pipeline that draws nothing that is everything, so one native call is left; also where the core can draw all that
is drawn. Others are lowered anew for every key, without what the general way does for batches, targets and other
engines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from twinlens import _native, engines
from twinlens.engines.memory import as_tensor, empty_array
from twinlens.pipeline import run as runner
from twinlens.pipeline.choices import Choices
from twinlens.pipeline.containers import pil_holds, pil_pixels
from twinlens.pipeline.drawn import Drawn, drawn
from twinlens.pipeline.images import read
from twinlens.pipeline.parts import Parts, parts_of
from twinlens.pipeline.rewrite import RULES
from twinlens.pipeline.trace import Trace
from twinlens.random import keys_from_torch, to_key_array
from twinlens.steps.spec import DTYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import CapsuleType

    from twinlens.steps import NativeOp, Spec, Step
    from twinlens.steps.base import Placed
    from twinlens.transforms.base import Transform

__all__ = ["MISS", "Call", "Source", "call", "call_of", "kind_of", "natives", "ready_parts", "sizeless", "source_of"]

MISS = object()  # the general way must be taken

_CODES = {name: code for code, name in enumerate(DTYPES)}
_PIL_MODES = ("L", "RGB", "RGBA")
_KEPT = 256
_NO_KEY = np.zeros(1, np.uint64)
#: kinds of steps that a rewrite may join to one of the kind before
_JOINED = {first: {then for before, then in RULES if before is first} for first, _ in RULES}


@dataclass(slots=True)
class Source:
    """Images of one size, dtype and kind. `call`: what runs, where the pipeline draws nothing or the core draws."""

    spec: Spec
    kind: str
    chw: bool
    flat: bool  # (H, W), without an axis of channels
    call: Call | None = None
    choices: Choices[Call] | None = None  # what runs, where a transform chooses among few things
    any_size: bool = False  # whether these serve images of other sizes too
    tails: dict[Any, _Tail] = field(default_factory=dict)

    def pixels(self, image: Any) -> Any:
        """An array that shares the memory of such an image."""
        if self.chw:
            return image.detach().numpy()
        return image if isinstance(image, np.ndarray) else pil_pixels(image)

    def prepared(self, parts: Parts, keys: NDArray[np.uint64]) -> Call | None:
        """The native call that draws what is left to draw under a key; None where there is none."""
        if self.call is not None or self.choices is None:
            return self.call
        return self.choices.made(keys, lambda: _drawn_call(self, parts, keys)[0])

    def lowered(self, parts: Parts, keys: NDArray[np.uint64]) -> Call | None:
        """The native call under a key; None where there is more to do."""
        plan, container = runner.lower_units(parts.drawn, Trace(self.spec, keys, self.kind))
        if not parts.fixed:
            return call_of(self, natives(plan.placed), plan.after, container)
        tail = self._tail(parts, plan.after, container)
        if plan.steps and not tail.kinds.isdisjoint(_JOINED.get(type(plan.placed[-1][0]), ())):
            plan, container = runner.lower_units(parts.drawn + parts.fixed, Trace(self.spec, keys, self.kind))
            return call_of(self, natives(plan.placed), plan.after, container)
        head = natives(plan.placed) if plan.steps else []
        ops = None if head is None or tail.ops is None else head + tail.ops
        return call_of(self, ops, tail.after, tail.container)

    def _tail(self, parts: Parts, spec: Spec, container: str) -> _Tail:
        """What the fixed units come down to, for an image as the drawn ones leave it."""
        where = (*spec.shape(0), spec.dtype, spec.alpha, spec.indexed, spec.bilevel, container)
        found = self.tails.get(where)
        if found is None:
            plan, after = runner.lower_units(parts.fixed, Trace(spec, _NO_KEY, container))
            kinds = {type(step) for step in (*plan.steps, *plan.rewritten)}
            if len(self.tails) >= _KEPT:
                self.tails.clear()
            found = self.tails[where] = _Tail(kinds, natives(plan.placed), plan.after, after)
        return found


@dataclass(slots=True)
class _Tail:
    """Steps behind the last draw. `kinds`: which there are, for no rewrite may be missed where they begin."""

    kinds: set[type[Step]]
    ops: list[NativeOp] | None
    after: Spec
    container: str


@dataclass(slots=True)
class Call:
    """One native call. `nothing`: the image is handed back as it is."""

    ops: list[NativeOp]
    codes: tuple[int, int]
    tensor: bool  # the result is a tensor, channels first
    shape: tuple[int, ...]
    dtype: str
    pil: bool
    nothing: bool = False
    drawn: CapsuleType | None = None

    def alike(self, ops: list[NativeOp]) -> Call:
        """The same with other operations."""
        return Call(ops, self.codes, self.tensor, self.shape, self.dtype, self.pil)

    def run(self, source: Source, image: Any, keys: NDArray[np.uint64]) -> Any:
        """The result for an image of the prepared kind."""
        if self.nothing:
            return image
        done = empty_array(self.shape, self.dtype)
        how = *self.codes, source.chw, self.tensor, 1
        if self.drawn is not None:
            _native.run_drawn(self.drawn, keys, [source.pixels(image)], [done], *how)
        else:
            _native.run([source.pixels(image)], [done], self.ops, *how)
        if self.tensor:
            return as_tensor(done, self.dtype)
        return Image.fromarray(done) if self.pil else done


def call(root: Transform, image: Any, key: Any) -> Any:
    """The result, or MISS. key: of the sample, None for one from torch's default generator."""
    if engines.forced() not in (None, "native"):
        return MISS
    where = kind_of(image)
    if where is None:
        return MISS
    parts, plans = ready_parts(root), root.plans
    source = plans.get(where) or source_of(parts, plans, image, where)
    if source is MISS:
        return MISS
    if not parts.random:
        if key is not None:
            to_key_array(key, 1)
        return source.call.run(source, image, _NO_KEY)
    keys = keys_from_torch(1) if key is None else to_key_array(key, 1)
    prepared = source.prepared(parts, keys)
    if prepared is not None:
        return prepared.run(source, image, keys)
    if source.any_size:  # it was prepared for another size
        return runner.call(root, (image,), {}, runner.Options(keys))
    lowered = source.lowered(parts, keys)
    if lowered is None:
        plans[where] = MISS
        return runner.call(root, (image,), {}, runner.Options(keys))
    return lowered.run(source, image, keys)


def ready_parts(root: Transform) -> Parts:
    """The parts of `root` as it is now; what was prepared for others is dropped."""
    parts = root.plans.get(None)
    if not isinstance(parts, Parts) or not parts.current(root) or len(root.plans) > _KEPT:
        root.plans.clear()
        parts = root.plans[None] = parts_of(root)
    return parts


def kind_of(image: Any) -> Any:
    """What images must share to be treated alike; None for those that go the general way."""
    kind = type(image)
    if kind is np.ndarray:
        dtype = image.dtype
        plain = dtype.itemsize == 1 or (dtype.isnative and image.flags.aligned)
        return (image.shape, dtype.char) if plain else None
    if kind is torch.Tensor:
        on_cpu = image.device.type == "cpu" and image.dtype != torch.bfloat16
        return (image.shape, image.dtype) if on_cpu else None
    if isinstance(image, Image.Image) and image.mode in _PIL_MODES:
        return (image.size, image.mode)
    return None


def sizeless(image: Any, where: Any) -> Any:
    """`kind_of` such an image, `where`, without its height and width."""
    shape = where[0]
    channels = 0 if len(shape) == 2 else shape[0] if type(image) is torch.Tensor else shape[2]
    return type(image), len(shape), channels, where[1]


def source_of(parts: Parts, plans: dict[Any, Any], image: Any, where: Any) -> Any:
    """What is prepared for images like this one; `where`: by their exact size. MISS for the general way."""
    any_size = sizeless(image, where)
    source = plans.get(any_size)
    if source is None:
        source = _prepare(parts, image)
        if source is not MISS and source.any_size:
            plans[any_size] = source
    plans[where] = source  # found at once next time
    return source


def _prepare(parts: Parts, image: Any) -> Any:
    """How images like this one are read, and what runs if it is always the same; MISS for the general way."""
    if not parts.drawn and not parts.fixed:
        return MISS
    images = read(image)
    if not images.single or images.spec.dtype not in DTYPES[:3]:
        return MISS
    source = Source(images.spec, images.kind, images.batch.chw, images.flat)
    if parts.random:
        _prepare_drawn(source, parts)
        return source
    _prepare_any_size(source, parts)
    if source.call is None:
        source.call = source.lowered(parts, _NO_KEY)
    return MISS if source.call is None else source


def _prepare_any_size(source: Source, parts: Parts) -> None:
    """Gives it the call that serves images of other sizes too, of a pipeline that draws nothing, if there is one."""
    units = parts.fixed
    if units[0][1].for_any_size(units[1][1] if len(units) > 1 else None, source.spec) is None:
        return
    call, plan = _drawn_call(source, parts, None)
    if plan is not None and plan.any_size:
        source.call, source.any_size = call, call is not None


def natives(placed: list[Placed]) -> list[NativeOp] | None:
    """The core's operations; None where it does not have all of them."""
    ops = [op for step, before, _ in placed if (op := step.native(before)) is not None]
    return ops if len(ops) == len(placed) else None


def call_of(source: Source, ops: list[NativeOp] | None, spec: Spec, container: str) -> Call | None:
    """What the core does, up to `spec`; None where it cannot do all of it, or hands out something else."""
    if ops is None:
        return None
    if not ops and container == source.kind:
        return Call([], (0, 0), False, (), "", False, nothing=True)
    if container == "tv_image" or (container == "ndarray" and spec.dtype == "bfloat16"):
        return None
    if container == "pil" and not pil_holds(spec):
        return None
    h, w, c = spec.shape(0)
    tensor = container == "tensor"
    # (H, W) stays so, but for an array that becomes a tensor; a gray PIL image is made of (H, W).
    flat = c == 1 and (container == "pil" or (source.flat and container == source.kind))
    shape = (h, w) if flat else (c, h, w) if tensor else (h, w, c)
    return Call(ops, (_CODES[source.spec.dtype], _CODES[spec.dtype]), tensor, shape, spec.dtype, container == "pil")


def _prepare_drawn(source: Source, parts: Parts) -> None:
    """Gives it the call whose parameters the core draws, if it can draw all of them, or all but one choice."""
    source.call, plan = _drawn_call(source, parts, None)
    if plan is None:
        _, plan = _drawn_call(source, parts, _NO_KEY)
        if plan is not None and plan.choice is not None:
            source.choices = Choices(*plan.choice)
    source.any_size = plan is not None and plan.any_size and (source.call is not None or source.choices is not None)


def _drawn_call(source: Source, parts: Parts, keys: NDArray[np.uint64] | None) -> tuple[Call | None, Drawn | None]:
    """For what is chosen under these keys; None for pipelines without choices."""
    plan = drawn(parts.drawn + parts.fixed, source.spec, source.kind, keys)
    if plan is None or not plan.rows:
        return None, plan
    made = call_of(source, plan.rows, plan.after, plan.container)
    if made is not None:
        made.drawn = plan.plan
    return made, plan
