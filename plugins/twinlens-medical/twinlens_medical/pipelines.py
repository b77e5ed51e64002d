"""Ready pipelines: chest radiographs for evaluation and training, and the usual gray, blur, CLAHE and resize."""

from __future__ import annotations

from typing import Any

from twinlens import transforms as T
from twinlens.errors import ArgumentError
from twinlens_medical.transforms import BiasField, PercentileNormalize, ToGray

__all__ = ["chest_xray", "healthcare"]

_INTERPOLATIONS = ("linear", "linear-exact", "area")


def chest_xray(
    size: int = 224,
    *,
    train: bool = False,
    bits: int = 12,
    clip_limit: float = 2.0,
    mean: float = 0.5,
    std: float = 0.25,
) -> T.Compose:
    """A chest radiograph, gray or RGB, uint8 or uint16 of any size, as a float32 tensor (1, size, size).

    Gray, stretched between the percentiles 0.5 and 99.5, CLAHE at full size, resized by OpenCV's area means, normalised
    by `mean` and `std`; uint16 stays uint16 until the last two. train: a crop of 80 to 100%, a small affine map, a
    BiasField, brightness and contrast, noise. Nothing mirrors: the heart is on the left.
    bits: that the pixels hold, 8 for uint8, 9 to 16 for uint16. OpenCV's 16-bit CLAHE counts in 65536 bins, of which
    pixels of 12 bits fill every sixteenth: for the same contrast its clip limit is `clip_limit * 2 ** (16 - bits)`.

    Raises ArgumentError for numbers out of range.

    >>> import numpy as np
    >>> chest_xray(64)(np.arange(60000, dtype=np.uint16).reshape(200, 300)).shape
    torch.Size([1, 64, 64])
    """
    _check_integer("chest_xray", "size", size, 1, 1 << 16)
    _check_integer("chest_xray", "bits", bits, 8, 16)
    if isinstance(clip_limit, bool) or not isinstance(clip_limit, int | float) or not 0 < clip_limit <= 1000:
        raise ArgumentError(f"chest_xray: clip_limit={clip_limit!r} must be above 0 and at most 1000")
    clip = clip_limit * (1 if bits == 8 else 2 ** (16 - bits))
    prepared = [ToGray(), PercentileNormalize(0.5, 99.5), T.CLAHE(clip, (8, 8), mode="channel")]
    resized = _augmented(size) if train else [T.Resize((size, size), "area")]
    values = [T.ToImage(), T.ToDtype("float32", scale=True), T.Normalize(mean, std)]
    return T.Compose([*prepared, *resized, *values])


def _augmented(size: int) -> list[Any]:
    return [
        T.RandomResizedCrop(size, scale=(0.8, 1.0), ratio=(0.9, 1.1), interpolation="area"),
        T.RandomAffine(7, translate=(0.03, 0.03)),
        BiasField((0.0, 0.3), p=0.3),
        T.RandomBrightnessContrast((-0.1, 0.03), (-0.15, 0.05), p=0.5),
        T.GaussNoise((0.002, 0.01), p=0.3),
    ]


def healthcare(size: int = 224, *, interpolation: str = "linear") -> T.Compose:
    """Gray, Gaussian blur of 5 x 5, CLAHE, resize: OpenCV's own pixels, 0 different.

        gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)          # images of one channel as they are
        blurred = cv2.GaussianBlur(gray, (5, 5), 0)
        equalized = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(blurred)
        resized = cv2.resize(equalized, (size, size))

    uint8 or uint16 of 1 or 3 channels to (size, size, 1) of the same dtype; put ToTensor behind it for a network.
    interpolation: "linear" (OpenCV's default), "linear-exact" or "area". All are exact, except that 16-bit "linear" is
    OpenCV's float32, whose last bit depends on its build: up to a tenth of the values differ by 1 of 65535.
    Raises ArgumentError for a size below 1 and other interpolations.

    >>> import numpy as np
    >>> healthcare()(np.zeros((480, 640, 3), np.uint8)).shape
    (224, 224, 1)
    """
    _check_integer("healthcare", "size", size, 1, 1 << 16)
    if interpolation not in _INTERPOLATIONS:
        raise ArgumentError(f"healthcare: interpolation={interpolation!r} must be one of {', '.join(_INTERPOLATIONS)}")
    return T.Compose(
        [
            ToGray(),
            T.GaussianBlur(5, sigma=None),
            T.CLAHE(2.0, (8, 8), mode="channel"),
            T.Resize((size, size), interpolation, semantics="opencv"),
        ]
    )


def _check_integer(owner: str, name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ArgumentError(f"{owner}: {name}={value!r} must be an integer from {low} to {high}")
