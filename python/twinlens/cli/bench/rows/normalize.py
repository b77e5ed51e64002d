"""(224, 224, 3) uint8 to a normalised (3, 224, 224) float32."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch

from twinlens import transforms as T
from twinlens.cli.bench.photos import Photo
from twinlens.cli.bench.rows.base import MEAN, STD, Array, Call, Row, Subject

__all__ = ["FILLS", "blob", "subjects"]

_SIDE = 224

#: rows that only write: the rate that memory takes
FILLS = ("streaming write: torch fill", "streaming write: memset")


def subjects(batch_size: int = 64) -> list[Subject]:
    """One image; and a batch into a tensor that no cache holds, against writing the same bytes and nothing else."""
    return [_single(), _batch(batch_size)]


def _single() -> Subject:
    rows = [
        Row("twinlens", "twinlens", _pipe, _array, exact=True),
        Row("twinlens, PIL in", "twinlens", _pipe, lambda photo: photo.pil, exact=True),
        Row("torchvision on PIL", "torchvision", _torchvision, lambda photo: photo.pil),
        Row("torchvision v2, channels last", "torchvision", _v2, lambda photo: photo.channels_last),
        Row("torchvision v2, contiguous", "torchvision", _v2, lambda photo: photo.planar),
        Row("OpenCV dnn blob", "cv2", blob, _array, lambda out: out[0]),
        Row("OpenCV dnn.blobFromImage, one std", "cv2", _blob_from_image, _array, lambda out: out[0]),
        Row("Albumentations Normalize, ToTensorV2", "albumentations", _albumentations, _array, _image),
        Row("kornia", "kornia", _kornia, lambda photo: photo.planar, lambda out: np.asarray(out)[0]),
        Row("kornia-rs", "kornia_rs", _kornia_rs, _array),
    ]
    title = f"Normalize {_SIDE} x {_SIDE} uint8 to CHW float32"
    return Subject("normalize", title, rows, _expected, "torchvision", size_hw=(_SIDE, _SIDE))


def _batch(batch_size: int) -> Subject:
    """The fills are the machine's rate of streaming writes: torch's vector stores, and memset."""
    rows = [
        Row("twinlens, pipe.batch into out", "twinlens", partial(_into, batch_size), _arrays, exact=True),
        Row("OpenCV dnn.blobFromImages, one std", "cv2", _blob_from_images, _arrays),
        Row(FILLS[0], "torch", partial(_torch_fill, batch_size), _arrays),
        Row(FILLS[1], "numpy", partial(_numpy_fill, batch_size), _arrays),
    ]
    return Subject(
        "normalize_batch",
        f"Normalize {batch_size} x {_SIDE} x {_SIDE} uint8 into one float32 tensor, per image",
        rows,
        lambda photos: np.stack([_expected(photo) for photo in photos]),
        "torchvision",
        per_call=batch_size,
        size_hw=(_SIDE, _SIDE),
    )


def _array(photo: Photo) -> Array:
    return photo.array


def _image(result: Any) -> Array:
    out: Array = result["image"].numpy()
    return out


def _expected(photo: Photo) -> Array:
    """ToTensor and Normalize, written out: x / 255, minus mean, by std, each rounded to float32."""
    mean, std = (np.array(v, np.float32)[:, None, None] for v in (MEAN, STD))
    unit = photo.array.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    return (unit - mean) / std


def _arrays(photos: list[Photo]) -> list[Array]:
    return [photo.array for photo in photos]


def _pipe() -> T.Compose:
    return T.Compose([T.ToTensor(), T.Normalize(MEAN, STD)])


def _torchvision() -> Call:
    from torchvision import transforms

    call: Call = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    return call


def _v2() -> Call:
    from torchvision.transforms import v2

    call: Call = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
    return call


def blob() -> Call:
    """OpenCV's one call from HWC uint8 to NCHW float32 with a scale a channel."""
    import cv2

    params = cv2.dnn.Image2BlobParams()
    params.mean = tuple(255 * m for m in MEAN)
    params.scalefactor = tuple(1 / (255 * s) for s in STD)
    return lambda array: cv2.dnn.blobFromImageWithParams(array, params)


def _blob_from_image() -> Call:
    """One scale for all channels: it has no other."""
    import cv2

    mean, scale = [255 * m for m in MEAN], 1 / (255 * float(np.mean(STD)))
    return lambda array: cv2.dnn.blobFromImage(array, scale, mean=mean)


def _blob_from_images() -> Call:
    import cv2

    mean, scale = [255 * m for m in MEAN], 1 / (255 * float(np.mean(STD)))
    return lambda arrays: cv2.dnn.blobFromImages(arrays, scale, mean=mean)


def _into(batch_size: int) -> Call:
    pipe, out = _pipe(), torch.empty(batch_size, 3, _SIDE, _SIDE)
    return lambda arrays: pipe.batch(arrays, out=out)


def _torch_fill(batch_size: int) -> Call:
    out = torch.empty(batch_size, 3, _SIDE, _SIDE)
    return lambda arrays: out.fill_(len(arrays))


def _numpy_fill(batch_size: int) -> Call:
    """Of bytes, which is memset."""
    out = np.empty((batch_size, 3, _SIDE, _SIDE), np.float32)
    raw = out.view(np.uint8)

    def fill(arrays: Any) -> Array:
        raw.fill(len(arrays))
        return out

    return fill


def _albumentations() -> Call:
    import albumentations
    from albumentations.pytorch import ToTensorV2

    pipe = albumentations.Compose([albumentations.Normalize(MEAN, STD), ToTensorV2()])
    return lambda array: pipe(image=array)


def _kornia() -> Call:
    from kornia.enhance import normalize

    mean, std = torch.tensor(MEAN), torch.tensor(STD)
    return lambda image: normalize(image[None].float().div(255), mean, std)


def _kornia_rs() -> Call:
    from kornia_rs.pipeline import resize_normalize_to_tensor

    return lambda array: resize_normalize_to_tensor(array, array.shape[:2], MEAN, STD)
