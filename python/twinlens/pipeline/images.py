"""Images as people hold them - PIL, NumPy, tensors, alone or in batches - on their way to an engine and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from twinlens import engines
from twinlens.engines import Batch
from twinlens.errors import ArgumentError, InputError
from twinlens.pipeline.containers import pil_holds, pil_pixels, plain_tensor, swap_rb, to_pil, tv_image
from twinlens.steps.device import as_tensor
from twinlens.steps.frozen import changed
from twinlens.steps.spec import DTYPES, Spec

if TYPE_CHECKING:
    from twinlens.pipeline.plan import Plan
    from twinlens.steps.spec import Ints

__all__ = ["Images", "is_image", "read"]

_ALPHA_MODES = ("LA", "RGBA")
_OF_NUMPY = {np.dtype(name): name for name in DTYPES[:4]}
_OF_TORCH = {getattr(torch, name): name for name in DTYPES}
_PIL_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "YCbCr", "HSV", "LAB")


@dataclass(frozen=True)
class Images:
    """One or more images and how to hand them back.

    kind: pil, ndarray, tensor or tv_image. single: one image, not a batch. listed: the batch came as a list. flat: (H,
    W) without a channel axis. mode: PIL's; palettes: one an image of mode P. bgr: arrays hold blue first. lead: the
    leading dimensions of a batch with several. frames: neighbours that share one draw, the frames of a Video (0: not a
    video). empty: a batch of no images; its spec has one row, so that its result has the size that images would have.
    """

    batch: Batch
    kind: str
    single: bool
    listed: bool
    flat: bool = False
    mode: str | None = None
    palettes: tuple[Any, ...] = ()
    bgr: bool = False
    lead: tuple[int, ...] = ()
    frames: int = 0
    empty: bool = False
    original: Any = None  # the caller's object, handed back where nothing is done to it

    @property
    def spec(self) -> Spec:
        """Sizes, channels and dtype."""
        return self.batch.spec

    @property
    def count(self) -> int:
        """How many images there are."""
        return 0 if self.empty else len(self.spec)

    @property
    def draws(self) -> int:
        """How many samples there are to draw for."""
        return self.count // max(self.frames, 1)

    def run(
        self,
        plan: Plan,
        container: str,
        engine: engines.Engine | None = None,
        num_threads: int | None = None,
        out: Any = None,
    ) -> Images:
        """These images after `plan`, held as `container`."""
        if not plan.steps and container == self.kind and out is None:
            return self
        tensors = container in ("tensor", "tv_image")
        if out is not None:
            _check_out(out, plan.after, tensors)
        _check_container(container, plan.after)
        done = (
            self._nothing(plan.after, tensors)
            if self.empty
            else engines.run_placed(
                plan.placed,
                self.batch,
                chw=tensors,
                tensors=tensors,
                engine=engine,
                num_threads=num_threads,
                out=out,
            )
        )
        gone = container != self.kind or bool(len(done.spec) and done.spec.c[0] != 1)
        if done.spec is not plan.after:
            done = done.but(spec=done.spec.meaning(plan.after))
        return changed(
            self,
            batch=done,
            kind=container,
            flat=self.flat and not gone,
            mode=self.mode if container == "pil" else None,
            bgr=self.bgr and not tensors,
            original=None,
        )

    def _nothing(self, spec: Spec, tensors: bool) -> Batch:
        h, w, c = spec.shape(0)
        if not tensors:
            return Batch(np.empty((0, h, w, c), spec.dtype), spec, False)
        device = self.batch.data.device if isinstance(self.batch.data, torch.Tensor) else "cpu"
        return Batch(torch.empty((0, c, h, w), dtype=getattr(torch, spec.dtype), device=device), spec, True)

    def hand_back(self) -> Any:
        """The images in the kind of container that the caller gave, or that the pipeline made."""
        if self.original is not None:
            return self.original
        data = self.batch.data
        if not self.single and not self.listed:
            return self._wrap_batch(data)
        if self.single:
            return self._wrap(data[0], 0)
        return [self._wrap(data[i], i) for i in range(len(self.spec))]

    def _wrap_batch(self, data: Any) -> Any:
        if isinstance(data, list):
            return [self._wrap(item, i) for i, item in enumerate(data)]
        if self.lead:
            data = data.reshape(*self.lead, *data.shape[1:])
        if self.flat:
            return data[:, 0] if isinstance(data, torch.Tensor) else data[..., 0]
        if self.kind == "ndarray" and self.bgr:
            return swap_rb(data)
        return tv_image(data, "Video" if self.frames else "Image") if self.kind == "tv_image" else data

    def _wrap(self, item: Any, i: int) -> Any:
        if self.kind == "pil":
            return to_pil(item, self.mode, self.palettes[i] if self.palettes else None)
        if self.kind == "tv_image":
            return tv_image(item)
        if self.flat and item.ndim == 3:
            return item[..., 0] if self.kind == "ndarray" else item[0]
        return swap_rb(item) if self.kind == "ndarray" and self.bgr else item

    def item(self, i: int) -> Images:
        """Image i alone."""
        data = self.batch.data[i]
        batch = Batch([data], self.spec.select(np.array([i])), self.batch.chw)
        return changed(
            self,
            batch=batch,
            single=True,
            listed=False,
            palettes=self.palettes[i : i + 1],
            lead=(),
            frames=0,
            original=None,
        )

    def select(self, rows: Ints) -> Images:
        """The images at `rows`, in that order; views where that can be."""
        data = self.batch.data
        if isinstance(data, list):
            picked: Any = [data[i] for i in rows]
        else:
            picked = data[as_tensor(rows, data.device)] if isinstance(data, torch.Tensor) else data[rows]
        palettes = tuple(self.palettes[i] for i in rows) if self.palettes else ()
        batch = Batch(picked, self.spec.select(rows), self.batch.chw)
        return changed(self, batch=batch, palettes=palettes, original=None)

    def stacked(self) -> Images:
        """A list of images as one batch, where their sizes agree."""
        if not self.spec.uniform or not isinstance(self.batch.data, list) or not self.batch.data:
            return changed(self, listed=False, original=None)
        tensors = isinstance(self.batch.data[0], torch.Tensor)
        data = torch.stack(self.batch.data) if tensors else np.stack(self.batch.data)
        return changed(self, batch=self.batch.but(data=data), listed=False, original=None)

    def joined(self, parts: list[Images]) -> Images:
        """Single images, processed one by one, as the batch that they came from."""
        data = [part.batch.data[0] for part in parts]
        shapes = [part.spec.shape(0) for part in parts]
        first = parts[0].spec
        spec = Spec.of(shapes, first.dtype).meaning(first)
        palettes = tuple(palette for part in parts for palette in part.palettes)
        whole = changed(
            parts[0],
            batch=Batch(data, spec, parts[0].batch.chw),
            single=self.single,
            listed=self.listed,
            palettes=palettes,
            original=None,
        )
        return whole if self.single or self.listed else whole.stacked()


def _check_container(container: str, spec: Spec) -> None:
    if container == "ndarray" and spec.dtype == "bfloat16":
        raise InputError("image: NumPy has no bfloat16; put ToTensor() or ToImage() before the conversion")
    if container == "pil" and not pil_holds(spec):
        c = int(spec.c.max())
        raise InputError(f"image: PIL cannot hold {spec.dtype} with {c} channels; put ToTensor() or ToImage() before")


def _check_out(out: Any, spec: Spec, tensors: bool) -> None:
    wants = torch.Tensor if tensors else np.ndarray
    if not isinstance(out, wants):
        raise ArgumentError(f"out: got {type(out).__name__}, the result is a {'tensor' if tensors else 'NumPy array'}")
    if not spec.uniform:
        raise ArgumentError("out: the results differ in size, so they do not fit one tensor")
    h, w, c = spec.shape(0) if len(spec) else (0, 0, 0)
    shape = (len(spec), c, h, w) if tensors else (len(spec), h, w, c)
    dtype = str(out.dtype).removeprefix("torch.")
    if tuple(out.shape) != shape or dtype != spec.dtype:
        raise ArgumentError(f"out: got {dtype} {tuple(out.shape)}, the result is {spec.dtype} {shape}")


def is_image(value: Any) -> bool:
    """Whether a value can be an image by its type and number of axes."""
    if isinstance(value, Image.Image):
        return True
    return isinstance(value, np.ndarray | torch.Tensor) and value.ndim >= 2


def read(value: Any, *, color: str = "rgb") -> Images:
    """An image, a list of images, or a batch: (B, C, H, W) tensor or (B, H, W, C) array."""
    if isinstance(value, list | tuple):
        return _read_list(value, color)
    if isinstance(value, Image.Image):
        return _read_pil(value)
    if isinstance(value, torch.Tensor):
        return _read_tensor(value)
    if isinstance(value, np.ndarray):
        return _read_array(value, color)
    raise InputError(
        f"image: got {type(value).__name__}; wants a PIL image, a NumPy array, a tensor, or a list of them"
    )


def _read_list(values: list[Any] | tuple[Any, ...], color: str) -> Images:
    if not values:
        return Images(Batch([], Spec.of([], "uint8"), False), "ndarray", False, True)
    quick = _read_arrays(values) if color == "rgb" else None
    if quick is not None:
        return quick
    parts = [read(v, color=color) for v in values]
    first = parts[0]
    for i, part in enumerate(parts):
        if not part.single:
            raise InputError(f"image: item {i} of the list is a batch itself, shape {tuple(values[i].shape)}")
        for what in ("kind", "mode", "flat"):
            if getattr(part, what) != getattr(first, what):
                raise InputError(
                    f"image: a list holds one kind of image; item 0 has {what} {getattr(first, what)!r}, "
                    f"item {i} {getattr(part, what)!r}"
                )
        if part.spec.dtype != first.spec.dtype:
            raise InputError(f"image: item 0 of the list is {first.spec.dtype}, item {i} is {part.spec.dtype}")
    spec = first.spec.but()
    shapes = [part.spec.shape(0) for part in parts]
    spec = Spec.of(shapes, spec.dtype).meaning(spec)
    batch = Batch([part.batch.data[0] for part in parts], spec, first.batch.chw)
    palettes = tuple(palette for part in parts for palette in part.palettes)
    return changed(first, batch=batch, single=False, listed=True, palettes=palettes, original=list(values))


def _read_arrays(values: list[Any] | tuple[Any, ...]) -> Images | None:
    """Arrays (H, W, C) of one dtype, or PIL images of mode RGB, without looking at each for longer than needed."""
    kind = "ndarray"
    arrays: list[Any] = list(values)
    if all(isinstance(v, Image.Image) and v.mode == "RGB" for v in arrays):
        kind = "pil"
        arrays = [pil_pixels(v) for v in arrays]
    if not all(type(a) is np.ndarray and a.ndim == 3 for a in arrays):
        return None
    dtype = arrays[0].dtype
    shapes = [a.shape for a in arrays]
    if dtype.name not in DTYPES[:4] or any(a.dtype != dtype for a in arrays) or not dtype.isnative:
        return None
    spec = Spec.of(shapes, dtype.name)
    if not (spec.h.all() and spec.w.all() and spec.c.all()):
        return None
    mode = "RGB" if kind == "pil" else None
    return Images(Batch(arrays, spec, False), kind, False, True, mode=mode, original=list(values))


def _check_size(shape: tuple[int, ...], h: int, w: int, c: int) -> None:
    if h < 1 or w < 1 or c < 1:
        raise InputError(f"image: shape {shape} holds no pixels")


def _read_pil(image: Image.Image) -> Images:
    mode = image.mode
    if mode.startswith("I;16"):
        mode = "I;16"
    if mode not in _PIL_MODES:
        raise InputError(
            f"image: PIL mode {image.mode} is not supported; convert() it to one of {', '.join(_PIL_MODES)}"
        )
    array = pil_pixels(image)
    if mode == "1":
        array = array.astype(np.uint8)
    elif mode == "I;16":
        array = array.astype(np.uint16, copy=False)
    h, w = array.shape[:2]
    c = array.shape[2] if array.ndim == 3 else 1
    _check_size(array.shape, h, w, c)
    spec = Spec.one(h, w, c, array.dtype.name, mode in _ALPHA_MODES, mode in ("P", "1"), mode == "1")
    palette = image.getpalette(None) if mode == "P" else None
    rawmode = image.palette.mode if mode == "P" and image.palette is not None else "RGB"
    return Images(Batch([array], spec, False), "pil", True, False, False, mode, ((rawmode, palette),), original=image)


def _tensor_dtype(tensor: torch.Tensor) -> str:
    return _OF_TORCH.get(tensor.dtype) or str(tensor.dtype).removeprefix("torch.")


def _read_tensor(tensor: torch.Tensor) -> Images:
    if tensor.ndim < 2:
        raise InputError(f"image: a tensor of shape {tuple(tensor.shape)}; wants (C, H, W), (H, W) or (B, C, H, W)")
    dtype = _tensor_dtype(tensor)
    if dtype not in DTYPES:
        raise InputError(f"image: the tensor is {dtype}; wants {', '.join(DTYPES)}")
    kind = "tv_image" if type(tensor).__module__.startswith("torchvision.tv_tensors") else "tensor"
    plain = plain_tensor(tensor)
    video = kind == "tv_image" and type(tensor).__name__ == "Video"
    images = _tensor_images(plain.reshape(-1, *plain.shape[-3:]) if plain.ndim > 4 else plain, kind, dtype, tensor)
    lead = tuple(plain.shape[:-3]) if plain.ndim > 4 else ()
    return changed(images, lead=lead, frames=plain.shape[-4] if video else 0) if lead or video else images


def _tensor_images(plain: torch.Tensor, kind: str, dtype: str, original: Any) -> Images:
    if plain.ndim == 4:
        b, c, h, w = plain.shape
        _check_size(tuple(plain.shape), h, w, c)
        spec = Spec.of([(h, w, c)] * max(b, 1), dtype)
        return Images(Batch(plain, spec, True), kind, False, False, empty=b == 0, original=original)
    flat = plain.ndim == 2
    batched = plain[None, None] if flat else plain[None]
    _, c, h, w = batched.shape
    _check_size(tuple(plain.shape), h, w, c)
    return Images(Batch(batched, Spec.one(h, w, c, dtype), True), kind, True, False, flat, original=original)


def _read_array(array: np.ndarray[Any, Any], color: str) -> Images:
    if array.ndim < 2 or array.ndim > 4:
        raise InputError(f"image: an array of shape {array.shape}; wants (H, W), (H, W, C) or (B, H, W, C)")
    dtype = _OF_NUMPY.get(array.dtype)
    if dtype is None:  # of the other byte order, perhaps
        dtype = array.dtype.name
        if dtype not in DTYPES[:4]:
            raise InputError(f"image: the array is {array.dtype}; wants {', '.join(DTYPES[:4])}")
        array = array.astype(array.dtype.newbyteorder("="))
    original = array
    flat = array.ndim == 2
    bgr = color == "bgr" and not flat and array.shape[-1] in (3, 4)
    if bgr:
        array = swap_rb(array)
    if array.ndim == 4:
        b, h, w, c = array.shape
        _check_size(array.shape, h, w, c)
        spec = Spec.of([(h, w, c)] * max(b, 1), dtype)
        return Images(Batch(array, spec, False), "ndarray", False, False, bgr=bgr, empty=b == 0, original=original)
    h, w, c = (*array.shape, 1) if flat else array.shape
    _check_size(array.shape, h, w, c)
    batch = Batch(array[None, ..., None] if flat else array[None], Spec.one(h, w, c, dtype), False)
    return Images(batch, "ndarray", True, False, flat, bgr=bgr, original=original)
