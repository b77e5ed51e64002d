"""A pipeline with its parameters drawn: what is left is a tensor program of one shape.

`torch.compile` takes it as one operation, a CUDA graph holds it, and new parameters change nothing but the contents of
its tables.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from twinlens import engines
from twinlens.engines import Batch, kornia
from twinlens.errors import ArgumentError, InputError
from twinlens.pipeline import run as runner
from twinlens.pipeline.trace import Trace
from twinlens.random import keys_from_torch, to_key_array
from twinlens.steps.recording import Recording
from twinlens.steps.spec import DTYPES, Spec

if TYPE_CHECKING:
    from twinlens.pipeline.plan import Plan
    from twinlens.transforms.base import Transform

__all__ = ["Bound", "Captured"]

_OF_TORCH = {getattr(torch, name): name for name in DTYPES}
_bound: weakref.WeakValueDictionary[int, Bound] = weakref.WeakValueDictionary()


class Bound:
    """What `pipe.bind(images, keys=keys)` returns.

    `bound(images)` is `pipe(images, keys=keys)` for a (B, C, H, W) tensor of the shape, dtype and device that it was
    bound to; `torch.compile` takes a function that calls it without a graph break. `draw` takes other parameters.
    """

    def __init__(self, root: Transform, images: torch.Tensor, keys: Any = None) -> None:
        if not isinstance(images, torch.Tensor) or images.ndim != 4 or not len(images):
            raise ArgumentError(f"bind: images={_named(images)}, wants a tensor (B, C, H, W) with images in it")
        if images.dtype not in _OF_TORCH:
            raise ArgumentError(f"bind: the tensor is {images.dtype}; wants {', '.join(DTYPES)}")
        if root.opaque:
            raise ArgumentError("bind: a part of the pipeline does not lower to steps, so it cannot be bound")
        self._root = root
        self._like = tuple(images.shape), images.dtype, images.device
        batch, channels, height, width = images.shape
        self._spec = Spec.of([(height, width, channels)] * batch, _OF_TORCH[images.dtype])
        self.plan = self.drawn(keys)
        if not self.plan.after.uniform:
            raise InputError("bind: the results differ in size; make them one size, with Resize or a crop")
        self.handle = id(self)
        _bound[self.handle] = self

    def drawn(self, keys: Any = None) -> Plan:
        """The plan under `keys`, one an image; without, from torch's default generator."""
        n = len(self._spec)
        taken = keys_from_torch(n) if keys is None else to_key_array(keys, n)
        if not self._root.random:
            taken = np.zeros(n, np.uint64)
        return runner.lower_units(self._root.units(""), Trace(self._spec, taken, "tensor"))[0]

    def draw(self, keys: Any = None) -> None:
        """Other parameters; the result must keep its size."""
        plan = self.drawn(keys)
        if self._shape(plan) != self._shape(self.plan):
            raise InputError(
                f"bind: the result was {self._shape(self.plan)}, under these keys it is {self._shape(plan)}"
            )
        self.plan = plan

    @staticmethod
    def _shape(plan: Plan) -> tuple[Any, ...]:
        h, w, c = plan.after.shape(0)
        return plan.after.uniform, len(plan.after), c, h, w, plan.after.dtype

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to (B, C', H', W')."""
        if torch.compiler.is_compiling():
            done: torch.Tensor = _operation(images, self.handle)
            return done
        return self.run(images)

    def check(self, images: torch.Tensor) -> None:
        """InputError for other images than it was bound to."""
        shape, dtype, device = self._like
        if (tuple(images.shape), images.dtype, images.device) != self._like:
            got = f"{images.dtype} {tuple(images.shape)} on {images.device}"
            raise InputError(f"bound: got {got}, was bound to {dtype} {shape} on {device}")

    def run(self, images: torch.Tensor) -> torch.Tensor:
        """The same, without a look at who calls."""
        self.check(images)
        batch = Batch(images, self._spec, True)
        done: torch.Tensor = engines.run_placed(self.plan.placed, batch, chw=True, tensors=True).data
        return done.clone() if done is images else done

    def empty(self, images: torch.Tensor) -> torch.Tensor:
        """Memory like that of the result."""
        _, *shape, dtype = self._shape(self.plan)
        return images.new_empty(shape, dtype=getattr(torch, dtype))

    def capture(self) -> Captured:
        """The tensor program with its parameters in buffers: a CUDA graph on a card."""
        return Captured(self, self._like, self._spec)


@torch.library.custom_op("twinlens::bound", mutates_args=())
def _operation(images: torch.Tensor, handle: int) -> torch.Tensor:
    """Opaque to the compiler, which would fuse roundings that the contract keeps apart."""
    return _bound[handle].run(images)


@_operation.register_fake
def _(images: torch.Tensor, handle: int) -> torch.Tensor:
    return _bound[handle].empty(images)


class Captured:
    """What `bound.capture()` returns: `captured(images, keys=keys)` is `pipe(images, keys=keys)`.

    A call copies the images to `images`, which a loader may as well fill itself (call without images then), puts the
    parameters into their buffers, and replays the graph, all in the order of the current stream: the host waits for
    nothing. The result is `result`, overwritten by the next call; `notes` says what is done to tensors. On CPU, where
    there are no graphs, the operations run one by one on the same buffers.

    Raises InputError where other parameters would be another sequence of operations: a plan is captured as it is.
    """

    def __init__(self, bound: Bound, like: tuple[Any, ...], spec: Spec) -> None:
        shape, dtype, device = like
        self._bound, self._spec, self._steps = bound, spec, bound.plan.rewritten
        self.images = torch.zeros(shape, dtype=dtype, device=device)
        self._meta = torch.empty(shape, dtype=dtype, device="meta")
        self._recording = Recording(device)
        with self._recording.running("try"):
            self._run(self._meta)  # what is made once is no part of the plan
        self._graph: torch.cuda.CUDAGraph | None = None
        self.result = self._capture_on_card() if device.type == "cuda" else self._capture()
        self.notes = self._recording.notes

    def _run(self, images: torch.Tensor) -> torch.Tensor:
        done: torch.Tensor = kornia.run(self._steps, Batch(images, self._spec, True)).data
        return done

    def _capture(self) -> torch.Tensor:
        self._run(self.images)
        with self._recording.running("keep"):
            self._run(self.images)
        with self._recording.running("use"):
            return self._run(self.images)

    def _capture_on_card(self) -> torch.Tensor:
        device = self.images.device
        stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.device(device), torch.cuda.stream(stream):
            self._run(self.images)
            with self._recording.running("keep"):
                self._run(self.images)
        torch.cuda.current_stream(device).wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with (
            torch.cuda.device(device),
            self._recording.running("use"),
            torch.cuda.graph(self._graph, capture_error_mode="thread_local"),
        ):
            return self._run(self.images)

    def draw(self, keys: Any = None) -> None:
        """Other parameters, written to their buffers."""
        steps = self._bound.drawn(keys).rewritten
        kept, self._steps = self._steps, steps
        try:
            with self._recording.running("collect"):
                self._run(self._meta)
        finally:
            self._steps = kept
        self._recording.put(self.notes)

    def __call__(self, images: torch.Tensor | None = None, *, keys: Any = None) -> torch.Tensor:
        """The result for images (None: those in `images`) under `keys` (None: from torch's default generator)."""
        if images is not None:
            self._bound.check(images)
            self.images.copy_(images, non_blocking=True)
        self.draw(keys)
        return self.replay()

    def replay(self) -> torch.Tensor:
        """The result for what is in `images`, under the parameters that are in the buffers."""
        if self._graph is not None:
            self._graph.replay()
            return self.result
        with torch.no_grad(), self._recording.running("use"):
            return self.result.copy_(self._run(self.images))


def _named(images: Any) -> str:
    return f"{tuple(images.shape)}" if isinstance(images, torch.Tensor) else type(images).__name__
