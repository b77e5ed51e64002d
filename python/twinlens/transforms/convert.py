"""ToTensor, PILToTensor, ToImage, ToPILImage, ToDtype, ConvertImageDtype and Normalize."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
import torch
from pydantic import BeforeValidator, model_validator

from twinlens.errors import InputError
from twinlens.pipeline.containers import plain_tensor, to_pil
from twinlens.steps import Convert
from twinlens.steps import Normalize as NormalizeStep
from twinlens.transforms import base
from twinlens.transforms.arguments import Dtype, torch_dtype

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params, Trace
    from twinlens.steps import Spec, Step

__all__ = ["ConvertImageDtype", "Normalize", "PILToTensor", "ToDtype", "ToImage", "ToPILImage", "ToTensor"]


class _ToTensorLike(base.Transform):
    """Hands the image out as a tensor from here on."""

    container = "tensor"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)

    def trace(self, trace: Trace, path: str) -> None:
        super().trace(trace, path)
        trace.container = self.container

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        if spec.alpha or spec.indexed:
            yield Convert(spec.dtype, scale=False, plain=True)


class ToTensor(_ToTensorLike):
    """A PIL image or (H, W, C) array becomes a (C, H, W) tensor: uint8 as float32 x / 255, other dtypes as they are.

    Tensors, batches too, are scaled the same way and keep their shape. PIL's mode 1 becomes 0.0 and 1.0. Equal to
    torchvision's, bit for bit.

    >>> import numpy as np
    >>> from twinlens import transforms as T
    >>> T.ToTensor()(np.full((1, 2, 3), 255, np.uint8)).shape
    torch.Size([3, 1, 2])
    """

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        plain = spec.alpha or spec.indexed
        if spec.dtype == "uint8":
            yield Convert("float32", scale=not spec.bilevel, plain=plain)
        elif plain:
            yield Convert(spec.dtype, scale=False, plain=True)


class PILToTensor(_ToTensorLike):
    """A PIL image or (H, W, C) array becomes a (C, H, W) tensor of the same values."""


class ToImage(_ToTensorLike):
    """A PIL image or (H, W, C) array becomes a (C, H, W) tensor of the same values: torchvision's tv_tensors.Image
    where torchvision is installed.
    """

    container = "tv_image"


#: modes by channels, and those of one channel by dtype; the first is the default
_PIL_MODES = {1: (), 2: ("LA",), 3: ("RGB", "YCbCr", "HSV"), 4: ("RGBA", "CMYK", "RGBX")}
_GRAY_MODES = {"torch.uint8": ("L",), "torch.uint16": ("I;16",), "torch.float32": ("F",)}


class ToPILImageConfig(base.Config):
    mode: str | None = None


class ToPILImage(base.Transform):
    """A (C, H, W) tensor or (H, W, C) array becomes a PIL image; floats are taken as 0..1 and become trunc(x * 255).

    mode: PIL's, one that fits the number of channels; None chooses L, LA, RGB or RGBA, I;16 for uint16, F for an array
    of one float32 channel.
    """

    Config = ToPILImageConfig
    is_opaque = True

    def __init__(self, mode: str | None = None, *, name: str | None = None) -> None:
        super().__init__(mode=mode, name=name)

    def apply_to_image(self, image: Any) -> Any:
        """One image."""
        if not isinstance(image, np.ndarray | torch.Tensor):
            raise InputError(f"ToPILImage: got {type(image).__name__}, wants a tensor or an array")
        array = plain_tensor(image).cpu() if isinstance(image, torch.Tensor) else torch.from_numpy(image)
        if isinstance(image, torch.Tensor) and array.ndim == 3:
            array = array.permute(1, 2, 0)
        channels = 1 if array.ndim == 2 else array.shape[-1]
        if array.ndim not in (2, 3) or channels not in _PIL_MODES:
            raise InputError(f"ToPILImage: shape {tuple(image.shape)} is not one image of 1 to 4 channels")
        keeps_float = self.mode == "F" or (self.mode is None and channels == 1 and isinstance(image, np.ndarray))
        if array.is_floating_point() and not keeps_float:
            array = array.to(torch.float32).mul(255).clamp(0, 255).to(torch.uint8)
        modes = _GRAY_MODES.get(str(array.dtype), ()) if channels == 1 else _PIL_MODES[channels]
        if self.mode not in (None, *modes) or (channels > 1 and array.dtype != torch.uint8) or not modes:
            raise InputError(f"ToPILImage: mode={self.mode!r} does not fit {channels} channels of {image.dtype}")
        return to_pil(np.ascontiguousarray(array.numpy()), self.mode or modes[0], None)


class ToDtypeConfig(base.Config):
    dtype: Dtype
    scale: bool = False


class ToDtype(base.Transform):
    """Converts to a dtype. scale: 1.0 and the largest integer stand for each other; without, values are cast.

    Integer to float is x / 255 (x / 65535), float to integer trunc(x * (largest + 1 - 1e-3)), integers shift. dtype:
    torch's, or its name; a dict of types as torchvision takes it is read for its Image.

    >>> import torch
    >>> from twinlens import transforms as T
    >>> T.ToDtype(torch.float32, scale=True)(torch.full((3, 1, 1), 51, dtype=torch.uint8)).flatten().tolist()[0]
    0.20000000298023224
    """

    Config = ToDtypeConfig

    def __init__(self, dtype: Any, scale: bool = False, *, name: str | None = None) -> None:
        super().__init__(dtype=dtype, scale=scale, name=name)

    @property
    def dtype(self) -> torch.dtype:
        """torch's dtype, as torchvision keeps it."""
        return torch_dtype(self.config.dtype)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        if spec.dtype != self.config.dtype:
            yield Convert(self.config.dtype, scale=self.scale)


class ConvertImageDtypeConfig(base.Config):
    dtype: Dtype = "float32"


class ConvertImageDtype(base.Transform):
    """`ToDtype(dtype, scale=True)` under torchvision's older name."""

    Config = ConvertImageDtypeConfig

    def __init__(self, dtype: Any = torch.float32, *, name: str | None = None) -> None:
        super().__init__(dtype=dtype, name=name)

    @property
    def dtype(self) -> torch.dtype:
        """torch's dtype, as torchvision keeps it."""
        return torch_dtype(self.config.dtype)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        if spec.dtype != self.config.dtype:
            yield Convert(self.config.dtype, scale=True)


def _numbers(value: Any) -> list[float]:
    items = value.tolist() if isinstance(value, torch.Tensor | np.ndarray) else value
    numbers = [float(v) for v in items] if isinstance(items, Sequence) else [float(items)]
    if not numbers or not all(np.isfinite(numbers)):
        raise ValueError(f"wants finite numbers, one or one a channel, got {value!r}")
    return numbers


Numbers = Annotated[list[float], BeforeValidator(_numbers)]


class NormalizeConfig(base.Config):
    mean: Numbers
    std: Numbers
    inplace: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if any(np.float32(s) <= 0 for s in self.std):
            raise ValueError(f"std={self.std} must be positive")
        if len(self.mean) != len(self.std) and 1 not in (len(self.mean), len(self.std)):
            raise ValueError(f"mean has {len(self.mean)} values, std has {len(self.std)}")
        return self


class Normalize(base.Transform):
    """(x - mean) / std of a float image, each operation rounded to float32: torchvision's bits.

    mean, std: one number, which serves every channel, or one a channel. `inplace` is taken and ignored: inputs are
    never changed. After ToTensor the division by 255 and this are one pass.

    >>> import torch
    >>> from twinlens import transforms as T
    >>> T.Normalize([0.5], [0.25])(torch.ones(3, 1, 1)).flatten().tolist()
    [2.0, 2.0, 2.0]
    """

    Config = NormalizeConfig

    def __init__(self, mean: Any, std: Any, inplace: bool = False, *, name: str | None = None) -> None:
        super().__init__(mean=mean, std=std, inplace=inplace, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        mean, std = (np.array([v]) for v in (self.mean, self.std))
        yield NormalizeStep(mean, std, dtype=spec.dtype if spec.dtype in ("float16", "bfloat16") else "float32")
