"""The forms in which targets come and go: types, lists, empty batches, what stands behind the numbers, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

import twinlens
from images import picture
from targets import ENGINES, FORMATS, PIPE, H, W, boxes_xyxy, image, points_xy, tv_boxes
from twinlens import Boxes, Keypoints
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError


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
