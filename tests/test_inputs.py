"""What goes in and what comes out: containers, modes, layouts, structures, colour order; inputs are never changed."""

from __future__ import annotations

import gc
from collections import namedtuple
from copy import deepcopy
from typing import Any

import numpy as np
import PIL
import pytest
import torch
from hypothesis import given
from PIL import Image
from torchvision import tv_tensors

import twinlens
from images import picture, pictures, with_layout
from pil_images import MODES, assert_same_pil, pil_image
from twinlens import _native
from twinlens import transforms as T
from twinlens.errors import InputError
from twinlens.pipeline import containers
from twinlens.pipeline.containers import pil_pixels

ENGINES = ("native", "kornia")
RESIZE = T.Resize((5, 6))
TENSOR = T.Compose([T.Resize((5, 6)), T.ToTensor()])


def chw(array: Any) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(array, -1, 0)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("mode", MODES)
def test_pil_modes_stay(mode: str, engine: Any) -> None:
    image = pil_image(mode, 11, 13)
    before = deepcopy(image)
    with twinlens.use_engine(engine):
        out = T.Compose([T.CenterCrop(9), T.RandomHorizontalFlip(1.0), T.Pad(1)])(image)
    assert (out.mode, out.size) == (mode, (11, 11))
    assert_same_pil(image, before)


@pytest.mark.parametrize("mode", MODES)
def test_pil_lists_keep_their_palettes(mode: str) -> None:
    images = [pil_image(mode, 11, 13, seed) for seed in range(3)]
    for image, out in zip(images, T.CenterCrop(9)(images), strict=True):
        assert_same_pil(out, T.CenterCrop(9)(image))


@pytest.mark.parametrize("mode", [m for m in MODES if m not in ("1", "P")])
def test_pil_and_its_array_agree(mode: str) -> None:
    image = pil_image(mode, 11, 13)
    if mode in ("LA", "RGBA"):
        image = Image.fromarray(
            np.where(np.arange(len(mode)) == len(mode) - 1, 255, np.asarray(image)).astype(np.uint8)
        )
    np.testing.assert_array_equal(np.asarray(RESIZE(image)), RESIZE(np.array(image)))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_pil_memory_is_read_where_it_lies(mode: str) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (31, 45, 3), np.uint8)).convert(mode)
    pixels = pil_pixels(picture)
    np.testing.assert_array_equal(pixels, np.asarray(picture))
    if not containers._SHARES:
        pytest.skip(f"Pillow {PIL.__version__} does not share its memory safely")
    assert not pixels.flags.writeable
    picture.putpixel((3, 2), 1 if mode == "L" else (1, 2, 3))
    np.testing.assert_array_equal(pixels, np.asarray(picture))
    again = pixels.copy()
    del picture
    gc.collect()
    np.testing.assert_array_equal(pixels, again)


def test_pil_memory_in_several_blocks_is_copied() -> None:
    large = Image.effect_mandelbrot((2500, 2000), (-3, -2.5, 2, 2.5), 9).convert("RGB")
    if containers._SHARES:
        with pytest.raises(ValueError, match="not contiguous"):
            large.__arrow_c_array__()
    np.testing.assert_array_equal(np.asarray(T.CenterCrop(300)(large)), np.asarray(large)[850:1150, 1100:1400])


@pytest.mark.skipif(not containers._SHARES, reason="this Pillow does not share its memory safely")
def test_memory_of_another_form_is_refused() -> None:
    picture = Image.new("RGB", (5, 4))
    for h, w, channels in [(4, 6, 3), (4, 5, 1), (4, 5, 5), (-4, -5, 3), (0, 5, 3)]:
        with pytest.raises(ValueError, match="another form"):
            _native.pillow_pixels(*picture.__arrow_c_array__(), h, w, channels)
    with pytest.raises(ValueError, match="another form"):
        _native.pillow_pixels(*Image.new("F", (5, 4)).__arrow_c_array__(), 4, 5, 1)
    with pytest.raises(ValueError, match="not what"):
        _native.pillow_pixels(*reversed(picture.__arrow_c_array__()), 4, 5, 3)


def test_palette_with_other_raw_mode_is_kept() -> None:
    image = pil_image("RGB", 11, 13).quantize(16)
    assert_same_pil(T.CenterCrop(9)(image), image.crop((2, 1, 11, 10)))


SHAPES: list[tuple[Any, Any, Any]] = [
    (picture(9, 8, None), (5, 6), (1, 5, 6)),
    (picture(9, 8, 1), (5, 6, 1), (1, 5, 6)),
    (picture(9, 8, 3), (5, 6, 3), (3, 5, 6)),
    (picture(9, 8, 7), (5, 6, 7), (7, 5, 6)),
    (np.stack([picture(9, 8)] * 4), (4, 5, 6, 3), (4, 3, 5, 6)),
    (np.zeros((0, 9, 8, 3), np.uint8), (0, 5, 6, 3), (0, 3, 5, 6)),
    (torch.zeros(9, 8, dtype=torch.uint8), (5, 6), (5, 6)),
    (torch.zeros(3, 9, 8, dtype=torch.uint8), (3, 5, 6), (3, 5, 6)),
    (torch.zeros(4, 3, 9, 8, dtype=torch.uint8), (4, 3, 5, 6), (4, 3, 5, 6)),
    (torch.zeros(0, 3, 9, 8, dtype=torch.uint8), (0, 3, 5, 6), (0, 3, 5, 6)),
    (torch.zeros(2, 4, 3, 9, 8, dtype=torch.uint8), (2, 4, 3, 5, 6), (2, 4, 3, 5, 6)),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("image", "resized", "tensor"), SHAPES)
def test_shapes(image: Any, resized: tuple[int, ...], tensor: tuple[int, ...], engine: Any) -> None:
    with twinlens.use_engine(engine):
        same, made = RESIZE(image), TENSOR(image)
    assert type(same) is type(image)
    assert (tuple(same.shape), same.dtype) == (resized, image.dtype)
    assert isinstance(made, torch.Tensor)
    assert (tuple(made.shape), made.dtype) == (tensor, torch.float32)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("layout", ["contiguous", "gaps", "reversed", "planar", "read_only"])
def test_layouts(layout: str, dtype: str, engine: Any) -> None:
    image = with_layout(picture(9, 8, 3, dtype), layout)
    before = image.copy()
    pipe = T.Compose([T.Resize((5, 6)), T.Pad(1), T.RandomVerticalFlip(1.0)])
    with twinlens.use_engine(engine):
        out = pipe(image)
    np.testing.assert_array_equal(out, pipe(np.ascontiguousarray(image)))
    np.testing.assert_array_equal(image, before)
    tensor = chw(image).permute(0, 2, 1).contiguous().permute(0, 2, 1)
    with twinlens.use_engine(engine):
        assert torch.equal(pipe(tensor), chw(out))


def test_big_endian_arrays() -> None:
    image = picture(9, 8, 3, "uint16")
    np.testing.assert_array_equal(RESIZE(image.astype(">u2")), RESIZE(image))


@pytest.mark.parametrize("engine", ENGINES)
@given(image=pictures(dtypes=["uint8"]))
def test_results_do_not_share_memory(image: Any, engine: Any) -> None:
    image = np.array(image)
    for pipe in (T.CenterCrop(3), T.ToTensor(), T.PILToTensor(), T.ToImage(), T.Pad(-0)):
        with twinlens.use_engine(engine):
            out = pipe(image)
        if out is image:  # nothing to do
            continue
        before = image.copy()
        out.fill_(7) if isinstance(out, torch.Tensor) else out.fill(7)
        np.testing.assert_array_equal(image, before)


def test_lists() -> None:
    images = [picture(9, 8), picture(7, 12), picture(30, 4)]
    out = RESIZE(images)
    assert isinstance(out, list)
    for image, result in zip(images, out, strict=True):
        np.testing.assert_array_equal(result, RESIZE(image))
    sizes = [o.shape for o in T.Resize(5)(images)]
    assert sizes == [T.Resize(5)(image).shape for image in images]
    assert [type(o) for o in TENSOR(images)] == [torch.Tensor] * 3
    assert RESIZE([]) == []
    assert T.RandomHorizontalFlip()([]) == []
    with pytest.raises(InputError, match="found no image"):
        RESIZE(())


def test_batch_stacks() -> None:
    images = [picture(9, 8), picture(7, 12)]
    stacked = TENSOR.batch(images)
    assert stacked.shape == (2, 3, 5, 6)
    assert torch.equal(stacked, torch.stack(TENSOR(images)))
    assert isinstance(RESIZE.batch(images), np.ndarray)
    assert isinstance(RESIZE.batch([Image.fromarray(image) for image in images]), np.ndarray)
    assert isinstance(T.Resize(5).batch(images), list)
    out = torch.empty(2, 3, 5, 6)
    assert TENSOR.batch(images, out=out) is out
    assert torch.equal(out, stacked)
    assert torch.equal(TENSOR.batch(iter(images)), stacked)
    array = np.empty((2, 5, 6, 3), np.uint8)
    assert RESIZE.batch(images, out=array) is array


# Structures


Pair = namedtuple("Pair", ["picture", "label"])


def test_dicts_and_keywords() -> None:
    image, mask = picture(9, 8), picture(9, 8, None)
    sample = {
        "image": image,
        "mask": mask,
        "boxes": [[0, 0, 4, 9]],
        "keypoints": [[1, 2]],
        "label": 3,
        "meta": {"a": 1},
    }
    out = RESIZE(sample)
    assert list(out) == list(sample)
    assert (out["image"].shape, out["mask"].shape, out["label"], out["meta"]) == ((5, 6, 3), (5, 6), 3, {"a": 1})
    assert out["boxes"] == [[0.0, 0.0, 3.0, 5.0]]
    named = RESIZE(image=image, mask=mask)
    assert set(named) == {"image", "mask"}
    np.testing.assert_array_equal(named["image"], out["image"])
    assert sample["boxes"] == [[0, 0, 4, 9]]


def test_image_and_target_tuples() -> None:
    image = pil_image("RGB", 9, 8)
    for label in (3, "cat", None, torch.tensor(4), np.array([1, 2])):
        out = RESIZE((image, label))
        assert isinstance(out, tuple)
        assert_same_pil(out[0], RESIZE(image))
        assert out[1] is label
        assert RESIZE(image, label)[1] is label
    made = RESIZE(Pair(image, 3))
    assert type(made) is Pair
    assert made.picture.size == (6, 5)
    boxes = tv_tensors.BoundingBoxes([[0, 0, 4, 9]], format="XYXY", canvas_size=(9, 8))
    array, target = RESIZE((picture(9, 8), {"boxes": boxes, "labels": torch.tensor([5])}))
    assert array.shape == (5, 6, 3)
    assert target["boxes"].canvas_size == (5, 6)
    assert target["boxes"].tolist() == [[0, 0, 3, 5]]
    assert target["labels"].tolist() == [5]


def test_several_images_of_a_sample_share_the_draw() -> None:
    left, right = picture(9, 8, seed=1), picture(9, 8, seed=2)
    crop = T.RandomCrop(4)
    for index in range(5):
        key = twinlens.key(index=index)
        out = crop({"image": left, "img": right}, key=key)
        np.testing.assert_array_equal(out["image"], crop(left, key=key))
        np.testing.assert_array_equal(out["img"], crop(right, key=key))
    pair = crop({"image": Image.fromarray(left), "depth": pil_image("F", 9, 8)}, key=3)
    assert pair["depth"].mode == "F"
    assert pair["depth"].size == (4, 4)


def test_tv_tensors() -> None:
    image = tv_tensors.Image(chw(picture(9, 8)))
    mask = tv_tensors.Mask(torch.zeros(9, 8, dtype=torch.int64))
    boxes = tv_tensors.BoundingBoxes([[0, 0, 4, 9]], format="XYWH", canvas_size=(9, 8))
    points = tv_tensors.KeyPoints([[1.0, 2.0]], canvas_size=(9, 8))
    out = T.Compose([RESIZE, T.ToDtype(torch.float32, scale=True)])(image, mask, boxes, points, 7)
    assert [type(o) for o in out[:4]] == [type(v) for v in (image, mask, boxes, points)]
    assert (out[0].shape, out[0].dtype, out[1].shape, out[1].dtype) == ((3, 5, 6), torch.float32, (5, 6), torch.int64)
    assert (out[2].canvas_size, out[3].canvas_size, out[4]) == ((5, 6), (5, 6), 7)
    assert type(RESIZE(image)) is tv_tensors.Image
    assert type(T.ToTensor()(image)) is torch.Tensor
    assert type(T.Resize((9, 8))(image)) is tv_tensors.Image


def _same(image: Any) -> Any:
    return image


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("lead", [(5,), (3, 5), (2, 1, 5)])
def test_videos_take_one_draw(lead: tuple[int, ...], engine: Any) -> None:
    frames = torch.from_numpy(picture(9, 8)).permute(2, 0, 1).expand(*lead, 3, 9, 8)
    video = tv_tensors.Video(frames)
    n = int(np.prod(lead[:-1]))
    for pipe in (
        T.RandomCrop(4), T.Compose([T.RandomHorizontalFlip(), T.RandomResizedCrop(5), T.ToDtype(torch.float32, True)]),
        T.Compose([T.RandomApply([T.Lambda(_same), T.RandomCrop(4)], p=1.0)]),
    ):  # fmt: skip
        with twinlens.use_engine(engine):
            out = pipe(video, keys=list(range(n)))
        assert type(out) is tv_tensors.Video
        clips = out.reshape(n, 5, *out.shape[-3:])
        for clip, key in zip(clips, range(n), strict=True):
            wanted = pipe(torch.from_numpy(picture(9, 8)).permute(2, 0, 1), key=key)
            assert all(torch.equal(frame, wanted) for frame in clip)
    assert T.RandomCrop(4)(video).shape == (*lead, 3, 4, 4)


def test_plain_tensors_take_a_draw_each() -> None:
    batch = chw(picture(30, 30)).expand(2, 8, 3, 30, 30)
    out = T.RandomCrop(4)(batch, keys=list(range(16)))
    assert out.shape == (2, 8, 3, 4, 4)
    assert len({tuple(o.flatten().tolist()) for o in out.reshape(16, 3, 4, 4)}) > 12


# Colour order


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("channels", [3, 4])
def test_bgr(channels: int, engine: Any) -> None:
    rgb = picture(9, 8, channels)
    order = [2, 1, 0, 3][:channels]
    bgr = np.ascontiguousarray(rgb[..., order])
    clahe_or_resize = T.Compose([T.Resize((6, 7)), T.CLAHE(2.0, (2, 2))]) if channels == 3 else RESIZE
    with twinlens.use_engine(engine):
        np.testing.assert_array_equal(clahe_or_resize(bgr, color="bgr")[..., order], clahe_or_resize(rgb))
        assert torch.equal(TENSOR(bgr, color="bgr"), TENSOR(rgb))
        np.testing.assert_array_equal(RESIZE([bgr, bgr], color="bgr")[1][..., order], RESIZE(rgb))
        np.testing.assert_array_equal(RESIZE.batch([bgr, bgr], color="bgr")[1][..., order], RESIZE(rgb))
        np.testing.assert_array_equal(RESIZE(np.stack([bgr, bgr]), color="bgr")[1][..., order], RESIZE(rgb))
        if channels == 3:
            np.testing.assert_array_equal(T.Grayscale()(bgr, color="bgr"), T.Grayscale()(rgb))
            np.testing.assert_array_equal(T.Grayscale()([bgr], color="bgr")[0], T.Grayscale()(rgb))


def test_bgr_reaches_callables_as_it_came() -> None:
    bgr = picture(9, 8)
    seen = []

    def look(image: Any) -> Any:
        seen.append(image.copy())
        return image

    pipe = T.Compose([T.CenterCrop(5), T.Lambda(look), T.Resize((5, 5)), T.Pad(1)])
    out = pipe(bgr, color="bgr")
    np.testing.assert_array_equal(seen[0], T.CenterCrop(5)(bgr))
    np.testing.assert_array_equal(out, T.Pad(1)(T.CenterCrop(5)(bgr)))
    np.testing.assert_array_equal(pipe([bgr, bgr], color="bgr")[1], out)


def test_bgr_leaves_gray_and_pil_alone() -> None:
    gray = picture(9, 8, None)
    np.testing.assert_array_equal(RESIZE(gray, color="bgr"), RESIZE(gray))
    image = pil_image("RGB", 9, 8)
    assert_same_pil(RESIZE(image, color="bgr"), RESIZE(image))
