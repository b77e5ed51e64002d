"""Masks, boxes and keypoints against torchvision's v2, singly and in batches with a different draw for every sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

import twinlens
from images import picture, sides
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

ENGINES = ("native", "kornia")
FORMATS = ("xyxy", "xywh", "cxcywh")
H, W = 24, 31

TRANSFORMS: dict[str, tuple[T.Transform, Any]] = {
    "resize": (T.Resize((16, 12)), v2.Resize((16, 12))),
    "resize short": (T.Resize(17), v2.Resize(17)),
    "resize up": (T.Resize((50, 70)), v2.Resize((50, 70))),
    "center crop": (T.CenterCrop((10, 9)), v2.CenterCrop((10, 9))),
    "center crop, wider": (T.CenterCrop((30, 9)), v2.CenterCrop((30, 9))),
    "pad": (T.Pad([1, 2, 3, 4], 9), v2.Pad([1, 2, 3, 4])),
    "negative pad": (T.Pad([-4, 2, -3, -5]), v2.Pad([-4, 2, -3, -5])),
    "hflip": (T.RandomHorizontalFlip(1.0), v2.RandomHorizontalFlip(1.0)),
    "vflip": (T.RandomVerticalFlip(1.0), v2.RandomVerticalFlip(1.0)),
    "chain": (
        T.Compose([T.Resize(20), T.CenterCrop(15), T.RandomHorizontalFlip(1.0), T.Pad(2)]),
        v2.Compose([v2.Resize(20), v2.CenterCrop(15), v2.RandomHorizontalFlip(1.0), v2.Pad(2)]),
    ),
}


def boxes_xyxy(seed: int = 0, n: int = 7) -> torch.Tensor:
    """Quarter pixels, some of them outside the image."""
    rng = np.random.default_rng(seed)
    start = rng.integers(-20, 90, (n, 2)) / 4
    return torch.tensor(np.concatenate((start, start + rng.integers(0, 80, (n, 2)) / 4), 1), dtype=torch.float32)


def points_xy(seed: int = 0, n: int = 5) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).integers(-20, 120, (n, 2)) / 4, dtype=torch.float32)


def tv_boxes(xyxy: torch.Tensor, format: str, dtype: torch.dtype = torch.float32, **more: Any) -> Any:
    boxes = tv_tensors.BoundingBoxes(xyxy, format="XYXY", canvas_size=(H, W), **more)
    converted = F.convert_bounding_box_format(boxes, new_format=tv_tensors.BoundingBoxFormat[format.upper()])
    return tv_tensors.wrap(converted.to(dtype), like=converted)


def image() -> torch.Tensor:
    return torch.from_numpy(picture(H, W)).permute(2, 0, 1)


def close(ours: torch.Tensor, theirs: torch.Tensor, format: str) -> None:
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    if format == "xyxy":
        assert torch.equal(ours, theirs.as_subclass(torch.Tensor))
    else:  # ours go through xyxy
        torch.testing.assert_close(ours, theirs.as_subclass(torch.Tensor), rtol=1e-6, atol=2e-5)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", TRANSFORMS)
def test_boxes(name: str, format: Any, engine: Any) -> None:
    ours, theirs = TRANSFORMS[name]
    boxes = tv_boxes(boxes_xyxy(), format)
    wanted = theirs(tv_tensors.Image(image()), boxes)[1]
    with twinlens.use_engine(engine):
        tv = ours(tv_tensors.Image(image()), boxes)[1]
        made = ours({"image": image(), "boxes": Boxes(boxes.as_subclass(torch.Tensor), format)})["boxes"]
    assert type(tv) is tv_tensors.BoundingBoxes
    assert (tv.format, tv.canvas_size) == (wanted.format, wanted.canvas_size)
    close(tv.as_subclass(torch.Tensor), wanted, format)
    assert made.format == format
    close(made.data, wanted, format)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_keypoints(name: str) -> None:
    ours, theirs = TRANSFORMS[name]
    points = tv_tensors.KeyPoints(points_xy(), canvas_size=(H, W))
    wanted = theirs(tv_tensors.Image(image()), points)[1]
    tv = ours(tv_tensors.Image(image()), points)[1]
    assert type(tv) is tv_tensors.KeyPoints
    assert tv.canvas_size == wanted.canvas_size
    close(tv.as_subclass(torch.Tensor), wanted, "xyxy")
    close(ours(image=image(), keypoints=Keypoints(points_xy()))["keypoints"].data, wanted, "xyxy")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bool, torch.float32])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_masks(name: str, dtype: torch.dtype, engine: Any) -> None:
    """Pillow's NEAREST, as torchvision takes it for PIL masks; torchvision's tensors have another NEAREST."""
    ours, theirs = TRANSFORMS[name]
    labels = picture(H, W, None) % 5
    wanted = np.asarray(theirs_on_pil(theirs, labels))
    mask = torch.from_numpy(labels).to(dtype)
    sample = {"image": image(), "mask": mask}
    with twinlens.use_engine(engine):
        out = ours(sample)["mask"]
        tv = ours(tv_tensors.Image(image()), tv_tensors.Mask(mask))[1]
        stack = ours({"image": image(), "masks": torch.stack([mask, mask])})["masks"]
        array = ours({"image": image(), "mask": mask.numpy()})["mask"]
    assert (out.dtype, type(tv), isinstance(array, np.ndarray)) == (dtype, tv_tensors.Mask, True)
    expected = torch.from_numpy(wanted.copy()).to(dtype)
    for result in (out, tv.as_subclass(torch.Tensor), stack[1], torch.from_numpy(array)):
        assert torch.equal(result, expected)


def theirs_on_pil(transform: Any, labels: Any) -> Image.Image:
    """The transform on a mode P image, which Pillow resizes by NEAREST; borders are 0."""
    image = Image.frombytes("P", (labels.shape[1], labels.shape[0]), labels.tobytes())
    image.putpalette(bytes(range(256)) * 3)
    return transform(image)


def test_pil_masks_keep_their_mode() -> None:
    for mode in ("L", "P", "1", "I;16"):
        mask = Image.new(mode, (W, H))
        out = T.Compose([T.Resize(16), T.CenterCrop(8), T.ToTensor()])({"image": image(), "mask": mask})["mask"]
        assert (out.mode, out.size) == (mode, (8, 8))


def test_colour_steps_leave_masks() -> None:
    mask = torch.from_numpy(picture(H, W, None))
    pipe = T.Compose([T.CLAHE(), T.Grayscale(3), T.ToTensor(), T.Normalize([0.5], [0.5])])
    assert pipe({"image": image(), "mask": mask})["mask"] is mask


@given(st.data())
def test_resized_crop(data: st.DataObject) -> None:
    top, left = data.draw(st.integers(0, H - 2)), data.draw(st.integers(0, W - 2))
    h, w = data.draw(st.integers(1, H - top)), data.draw(st.integers(1, W - left))
    size = [data.draw(sides(40)), data.draw(sides(40))]
    boxes = tv_boxes(boxes_xyxy(h * w), "xyxy")
    points = tv_tensors.KeyPoints(points_xy(h * w), canvas_size=(H, W))
    wanted = [F.resized_crop(v, top, left, h, w, size) for v in (boxes, points)]
    params = {"": {"yxhw": np.array([[top, left, h, w]])}}
    ours = T.RandomResizedCrop(size).replay(tv_tensors.Image(image()), boxes, points, params)[1:]
    for own, other in zip(ours, wanted, strict=True):
        assert own.canvas_size == other.canvas_size
        close(own.as_subclass(torch.Tensor), other, "xyxy")


@given(st.data())
def test_crop(data: st.DataObject) -> None:
    h, w = data.draw(st.integers(1, H)), data.draw(st.integers(1, W))
    top, left = data.draw(st.integers(0, H - h)), data.draw(st.integers(0, W - w))
    format = data.draw(st.sampled_from(FORMATS))
    boxes = tv_boxes(boxes_xyxy(h * w), format)
    wanted = F.crop(boxes, top, left, h, w)
    params = {"": {"y": np.array([top]), "x": np.array([left])}}
    ours = T.RandomCrop((h, w)).replay(tv_tensors.Image(image()), boxes, params)[1]
    close(ours.as_subclass(torch.Tensor), wanted, format)


def test_integer_boxes_stay_integer() -> None:
    boxes = tv_boxes(boxes_xyxy().round(), "xyxy", torch.int64)
    for ours, theirs in list(TRANSFORMS.values())[:-1]:
        wanted = theirs(tv_tensors.Image(image()), boxes)[1]
        out = ours(tv_tensors.Image(image()), boxes)[1]
        assert out.dtype == torch.int64
        assert torch.equal(out.as_subclass(torch.Tensor), wanted.as_subclass(torch.Tensor))


def test_clamping_mode_none() -> None:
    boxes = tv_boxes(boxes_xyxy(), "xyxy", clamping_mode=None)
    wanted = v2.CenterCrop(9)(tv_tensors.Image(image()), boxes)[1]
    out = T.CenterCrop(9)(tv_tensors.Image(image()), boxes)[1]
    assert out.clamping_mode is None
    assert torch.equal(out.as_subclass(torch.Tensor), wanted.as_subclass(torch.Tensor))


def test_rotated_boxes_are_refused() -> None:
    boxes = tv_tensors.BoundingBoxes(torch.zeros(1, 5), format="XYWHR", canvas_size=(H, W))
    with pytest.raises(InputError, match="format XYWHR is not supported"):
        T.Resize(4)(tv_tensors.Image(image()), boxes)


PIPE = T.Compose([T.RandomHorizontalFlip(), T.RandomVerticalFlip(), T.RandomCrop((17, 18)),
                  T.RandomResizedCrop((9, 11)),
                  T.RandomApply([T.Pad([1, 2, 3, 4]), T.CenterCrop((9, 11))])])  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_batches_move_every_sample_by_its_own_draw(engine: Any) -> None:
    n = 12
    images = torch.stack([image()] * n)
    masks = torch.from_numpy(np.stack([picture(H, W, None, seed=i) for i in range(n)]))
    boxes = torch.stack([boxes_xyxy(i) for i in range(n)])
    points = torch.stack([points_xy(i) for i in range(n)])
    valid = torch.ones(n, 7, dtype=torch.bool)
    keys = [twinlens.key(index=i) for i in range(n)]
    with twinlens.use_engine(engine):
        out = PIPE(
            {"image": images, "mask": masks, "boxes": Boxes(boxes, "xyxy", valid), "keypoints": points}, keys=keys
        )
    assert out["boxes"].valid is valid
    assert out["boxes"].data.shape == (n, 7, 4)
    for i in range(n):
        one = PIPE({"image": images[i], "mask": masks[i], "boxes": boxes[i], "keypoints": points[i]}, key=keys[i])
        assert torch.equal(out["image"][i], one["image"])
        assert torch.equal(out["mask"][i], one["mask"])
        assert torch.equal(out["boxes"].data[i], one["boxes"])
        assert torch.equal(out["keypoints"][i], one["keypoints"])


def test_pixels_and_targets_go_the_same_way() -> None:
    """A bright pixel, its keypoint, its box and its mask agree after every draw."""
    for index in range(30):
        rng = np.random.default_rng(index)
        y, x = int(rng.integers(H)), int(rng.integers(W))
        dot = np.zeros((H, W), np.uint8)
        dot[y, x] = 255
        pipe = T.Compose([T.RandomHorizontalFlip(), T.Pad(3), T.RandomVerticalFlip(), T.RandomCrop((20, 21))])
        out = pipe({"image": dot, "mask": dot, "keypoints": [[x, y]], "boxes": [[x, y, x + 1, y + 1]]}, key=index)
        np.testing.assert_array_equal(out["image"], out["mask"])
        (px, py), box = out["keypoints"][0], out["boxes"][0]
        if out["image"].any():
            assert out["image"][int(py), int(px)] == 255
            assert box == [px, py, px + 1, py + 1]
        else:
            assert not (0 <= px < 21 and 0 <= py < 20)
            assert (box[2] - box[0]) * (box[3] - box[1]) == 0


def test_types_come_back() -> None:
    array = np.array([[0, 0, 4, 4]])
    out = T.Resize(12)({"image": image(), "boxes": array, "keypoints": [[1.0, 2.0]]})
    assert isinstance(out["boxes"], np.ndarray)
    assert out["boxes"].dtype == np.float32
    assert isinstance(out["keypoints"], list)
    doubles = T.Resize(12)({"image": image(), "boxes": array.astype(np.float64)})["boxes"]
    assert doubles.dtype == np.float64
    for empty in (np.zeros((0, 4)), [], torch.zeros(0, 4)):
        assert len(T.Compose([T.Resize(12), T.CenterCrop(5)])({"image": image(), "boxes": empty})["boxes"]) == 0


def test_targets_are_not_changed() -> None:
    boxes, points = boxes_xyxy(), points_xy()
    mask = torch.from_numpy(picture(H, W, None))
    before = boxes.clone(), points.clone(), mask.clone()
    PIPE({"image": image(), "boxes": boxes, "keypoints": points, "mask": mask}, key=1)
    assert torch.equal(points, before[1])
    assert torch.equal(mask, before[2])
    assert torch.equal(boxes, before[0])


@pytest.mark.parametrize("shape", [(0, 3, H, W)])
def test_empty_batches(shape: tuple[int, ...]) -> None:
    out = PIPE({"image": torch.zeros(shape), "boxes": torch.zeros(0, 5, 4), "mask": torch.zeros(0, H, W)})
    assert out["image"].shape == (0, 3, 9, 11)
    assert out["boxes"].shape == (0, 5, 4)
    assert out["mask"].shape == (0, 9, 11)


def test_boxes_convert() -> None:
    xyxy = boxes_xyxy()
    for format in FORMATS:
        made = Boxes(xyxy).to(format)
        assert torch.equal(made.xyxy, xyxy)
        assert torch.equal(made.data, tv_boxes(xyxy, format).as_subclass(torch.Tensor))


def test_a_callable_that_resizes_cannot_take_targets_along() -> None:
    pipe = T.Compose([v2.Resize(5)])
    with pytest.raises(InputError, match="callable at '0' changed the image's size"):
        pipe({"image": image(), "mask": torch.zeros(H, W)})


def test_normalized_boxes_are_parts_of_the_sides() -> None:
    sizes = [(24, 32), (40, 16)]
    images = [picture(h, w) for h, w in sizes]
    rows = torch.tensor([[[0.25, 0.25, 0.5, 0.5]], [[0.0, 0.0, 0.25, 1.0]]])
    pixels = rows * torch.tensor([[[w, h, w, h]] for h, w in sizes])
    pipe = T.Compose([T.RandomHorizontalFlip(1.0), T.Pad((0, 0, 8, 4))])
    for format in FORMATS:
        given_parts = Boxes(Boxes(rows).to(format).data, format, normalized=True)
        done = pipe({"image": images, "boxes": given_parts})["boxes"]
        wanted = pipe({"image": images, "boxes": Boxes(pixels)})["boxes"].data
        wanted = wanted / torch.tensor([[[w + 8, h + 4, w + 8, h + 4]] for h, w in sizes])
        assert done.normalized
        torch.testing.assert_close(done.xyxy, wanted)


def test_visibility_is_what_was_never_cut_off() -> None:
    boxes = Boxes([[0, 0, 10, 10], [10, 10, 20, 20], [30, 23, 30, 24]])
    once = T.CenterCrop((20, 21))({"image": image(), "boxes": boxes})["boxes"]  # 5 columns and 2 rows go
    assert once.visibility.tolist() == pytest.approx([0.4, 1.0, 0.0])
    twice = T.RandomHorizontalFlip(1.0)({"image": torch.zeros(3, 20, 21), "boxes": once})["boxes"]
    assert twice.visibility.tolist() == pytest.approx([0.4, 1.0, 0.0])
    half = T.CenterCrop((20, 11))({"image": torch.zeros(3, 20, 21), "boxes": once})["boxes"]
    assert half.visibility[0].item() == pytest.approx(0.0)


def test_keypoints_that_leave_are_no_longer_visible() -> None:
    points = Keypoints([[5.0, 5.0], [15.0, 12.0], [15.0, 12.0]], visible=[True, True, False])
    done = T.CenterCrop((10, 11))({"image": image(), "keypoints": points})["keypoints"]
    assert done.visible.tolist() == [False, True, False]
    back = T.Pad(30)({"image": torch.zeros(3, 10, 11), "keypoints": done})["keypoints"]
    assert back.visible.tolist() == [False, True, False]
    assert T.Pad(3)({"image": image(), "keypoints": Keypoints([[5.0, 5.0]])})["keypoints"].visible is None


@pytest.mark.parametrize("engine", ENGINES)
def test_pairs_are_swapped_by_mirrors_only(engine: Any) -> None:
    n = 12
    data = points_xy(n=3).repeat(n, 1, 1)
    eyes = Keypoints(data, pairs=[(0, 2)], visible=torch.tensor([[True, True, False]] * n))
    keys = [int(twinlens.key(0, 0, i)) for i in range(n)]
    pipe = T.Compose([T.RandomHorizontalFlip(), T.RandomVerticalFlip(), T.RandomRotation(30)])
    with twinlens.use_engine(engine):
        sample = {"image": torch.zeros(n, 3, H, W), "keypoints": eyes}
        done, params = pipe(sample, keys=keys, return_params=True)
        plain = pipe({**sample, "keypoints": Keypoints(data)}, keys=keys)["keypoints"].data
    mirrored = params["0"]["flipped"] ^ params["1"]["flipped"]
    assert 0 < mirrored.sum() < n
    for i in range(n):
        order = [2, 1, 0] if mirrored[i] else [0, 1, 2]
        assert torch.equal(done["keypoints"].data[i], plain[i][order])
        first, last = done["keypoints"].visible[i][[0, 2]].tolist()
        assert not (first if mirrored[i] else last)


def test_what_stands_behind_the_numbers_stays() -> None:
    flip = T.RandomHorizontalFlip(1.0)
    rows = [(0, 0, 4, 4, "dog"), (1, 1, 3, 3, "cat")]
    assert flip({"image": image(), "bboxes": rows})["bboxes"] == [
        (27.0, 0.0, 31.0, 4.0, "dog"),
        (28.0, 1.0, 30.0, 3.0, "cat"),
    ]
    array = np.array([[0, 0, 4, 4, 7.0]])
    done = flip({"image": image(), "bboxes": array})["bboxes"]
    assert (done.dtype, done.tolist()) == (np.float64, [[27, 0, 31, 4, 7]])
    points = torch.tensor([[1.0, 2.0, 0.5]])
    assert flip({"image": image(), "keypoints": points})["keypoints"].tolist() == [[29.0, 2.0, 0.5]]
    with pytest.raises(InputError, match=r"boxes: got .* wants rows of 4 numbers"):
        flip({"image": image(), "bboxes": [(1, 2, 3)]})


def test_albumentations_keywords() -> None:
    array = picture(H, W)
    masks = [(array[..., c] > 99).astype(np.uint8) for c in range(3)]
    flip = T.RandomHorizontalFlip(1.0)
    done = flip(image=array, masks=masks, bboxes=[[0, 0, 4, 4]], keypoints=[(1.0, 2.0)], labels=["x"])
    assert np.array_equal(done["image"], array[:, ::-1])
    assert all(np.array_equal(a, b[:, ::-1]) for a, b in zip(done["masks"], masks, strict=True))
    assert (done["bboxes"], done["keypoints"], done["labels"]) == ([[27.0, 0.0, 31.0, 4.0]], [(29.0, 2.0)], ["x"])
    stacked = flip(image=array, masks=np.stack(masks))["masks"]
    assert np.array_equal(stacked, np.stack(masks)[:, :, ::-1])


def test_lists_for_a_batch_have_an_entry_an_image() -> None:
    images = [picture(h, w) for h, w in ((20, 30), (24, 16), (9, 9))]
    boxes = [torch.tensor([[0.0, 0, 5, 5]]), torch.zeros(0, 4), torch.tensor([[1.0, 1, 2, 2], [3, 3, 9, 9]])]
    masks = [(picture[..., 0] > 99).astype(np.uint8) for picture in images]
    flip = T.RandomHorizontalFlip(1.0)
    done = flip({"image": images, "boxes": boxes, "masks": masks})
    for i, array in enumerate(images):
        alone = flip({"image": array, "boxes": boxes[i], "mask": masks[i]})
        assert torch.equal(done["boxes"][i], alone["boxes"])
        assert np.array_equal(done["masks"][i], alone["mask"])
    with pytest.raises(InputError, match="boxes: a list of 2 for 3 images"):
        flip({"image": images, "boxes": boxes[:2]})
    with pytest.raises(InputError, match="mask: a list of 2 for 3 images"):
        flip({"image": images, "masks": masks[:2]})


def test_groups_of_keypoints_keep_their_shape() -> None:
    groups = tv_tensors.KeyPoints(points_xy(n=12).reshape(2, 3, 2, 2), canvas_size=(H, W))
    ours, theirs = T.RandomHorizontalFlip(1.0), v2.RandomHorizontalFlip(1.0)
    done, wanted = (t(tv_tensors.Image(image()), groups)[1] for t in (ours, theirs))
    assert done.shape == wanted.shape
    assert torch.equal(done.as_subclass(torch.Tensor), wanted.as_subclass(torch.Tensor))


def test_several_images_share_one_draw() -> None:
    a, b = picture(H, W), picture(H, W, dtype="uint16", seed=3)
    pipe = T.Compose([T.RandomResizedCrop(16), T.RandomHorizontalFlip(), T.RandomRotation(20)])
    done = pipe({"image": a, "images": b, "label": 1}, key=3)
    assert np.array_equal(done["image"], pipe(a, key=3))
    assert np.array_equal(done["images"], pipe(b, key=3))


def test_targets_elsewhere_or_out_of_the_numbers_are_refused() -> None:
    meta = torch.zeros(1, 4, device="meta")
    flip = T.RandomHorizontalFlip(1.0)
    with pytest.raises(InputError, match="boxes: they are on meta, the image is on cpu"):
        flip({"image": image(), "boxes": Boxes(meta)})
    with pytest.raises(InputError, match="mask: it is on meta, the image is on cpu"):
        flip({"image": image(), "mask": torch.zeros(H, W, dtype=torch.uint8, device="meta")})
    for bad in (float("nan"), float("inf")):
        with pytest.raises(InputError, match="keypoints: hold a number that is not finite"):
            flip({"image": image(), "keypoints": Keypoints([[bad, 0.0]])})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Boxes([[0, 0, 1, 1]], visibility=torch.ones(2)), "visibility has shape"),
        (lambda: Boxes([[0, 0, 1, 1]], clamping_mode="x"), "clamping_mode='x' must be"),  # type: ignore[arg-type]
        (lambda: Keypoints([[0, 0]], visible=[True, False]), "visible has shape"),
        (lambda: Keypoints([[0, 0], [1, 1]], pairs=[(0, 2)]), "pairs=.* must be pairs of numbers below 2"),
        (lambda: Keypoints([[0, 0], [1, 1]], pairs=[(0, 1), (1, 0)]), "each at most once"),
        (lambda: Keypoints([[0, 0], [1, 1]], pairs=[0, 1]), "pairs=.* must be pairs of numbers"),
        (lambda: Keypoints("nose"), "data='nose' must be rows of numbers"),
        (lambda: Boxes(None), "data=None must be rows of numbers"),
        (lambda: Boxes([[0, 0, 1, 1], [2, 2]]), "data=.* must be rows of numbers"),
        (lambda: Boxes([[0, 0, 1, 1]], valid=[True, True]), "Boxes: valid has shape"),
    ],
)
def test_bad_targets(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


def test_lists_are_taken_for_rows() -> None:
    boxes = Boxes([[0, 0, 1, 1]], valid=[True], visibility=[0.5])  # type: ignore[arg-type]
    assert (boxes.valid.dtype, boxes.visibility.tolist()) == (torch.bool, [0.5])  # type: ignore[union-attr]
