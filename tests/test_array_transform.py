"""Transforms that are a Python function of one NumPy image, and kernels in a plugin's own library."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import torch

import twinlens
from twinlens import transforms as T
from twinlens.errors import ArgumentError, EngineError, HostCopyWarning, InputError
from twinlens.steps import HostFunction, Kernel, Spec
from twinlens.transforms.array import ArrayTransform


class Faded(ArrayTransform):
    """Towards gray 128 by a drawn amount."""

    is_random = True
    takes_dtypes = ("uint8", "float32")

    def sample(self, draws: Any, spec: Spec) -> Any:
        del spec
        return {"amount": draws.uniform()[:, 0]}

    def transform_array(self, image: Any, amount: float) -> Any:
        image[:1] = 128 if image.dtype == np.uint8 else 0.5  # its own to change
        return (image * (1 - amount) + (128 if image.dtype == np.uint8 else 0.5) * amount).astype(image.dtype)


def noise(h: int, w: int, c: int = 3) -> np.ndarray[Any, Any]:
    return np.random.default_rng(h * 100 + w).integers(0, 256, (h, w, c), np.uint8)


KEYS = [int(twinlens.key(1, 2, i)) for i in range(4)]


def test_batches_of_any_sizes_on_both_engines_are_as_single_images() -> None:
    images = [noise(5, 7), noise(9, 3), noise(5, 7), noise(6, 7)]
    before = pickle.dumps(images)
    pipe = T.Compose([T.RandomHorizontalFlip(), Faded(), T.Pad(1)])
    alone = [pipe(image, key=key) for image, key in zip(images, KEYS, strict=True)]
    for engine in ("native", "kornia"):
        for one, wanted in zip(pipe.batch(images, keys=KEYS, engine=engine), alone, strict=True):
            np.testing.assert_array_equal(one, wanted)
    assert len({image.tobytes() for image in (pipe(images[0], key=key) for key in KEYS)}) == 4
    stacked = torch.from_numpy(np.stack([images[0], images[2]])).permute(0, 3, 1, 2)
    np.testing.assert_array_equal(pipe(stacked, keys=KEYS[::2])[1].permute(1, 2, 0), alone[2])
    assert pickle.dumps(images) == before
    assert pipe.batch([]) == []


def test_targets_stay() -> None:
    sample = {"image": noise(8, 9), "mask": np.eye(8, 9, dtype=np.uint8), "boxes": twinlens.Boxes([[1, 2, 3, 4]])}
    done = Faded()(sample, key=KEYS[0])
    assert done["boxes"].data.tolist() == [[1, 2, 3, 4]]
    np.testing.assert_array_equal(done["mask"], sample["mask"])
    assert (done["image"] != sample["image"]).any()


def test_replay_and_pickle() -> None:
    image = noise(8, 9)
    done, params = Faded()(image, key=KEYS[0], return_params=True)
    np.testing.assert_array_equal(Faded().replay(image, params), done)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(Faded()))(image, key=KEYS[0]), done)
    assert "HostFunction(Faded, parameters=amount)" in str(Faded().plan((8, 9)))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 5, 2), np.uint8), r"Faded: wants 1 or 3 channels, image has 2 \(4, 5, 2\)"),
        (np.zeros((4, 5, 3), np.uint16), "Faded: takes uint8, float32, the image is uint16"),
    ],
)
def test_what_it_does_not_take_is_refused_before_it_is_called(image: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Faded()(image)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda image: image[:-1], r"its function made \(3, 5, 3\) uint8 of \(4, 5, 3\) uint8; shape and dtype must"),
        (lambda image: image / 255, r"its function made \(4, 5, 3\) float64 of \(4, 5, 3\) uint8"),
        (lambda _: None, r"its function made \(\) object"),
    ],
)
def test_shape_and_dtype_must_stay(function: Any, message: str) -> None:
    class Wrong(ArrayTransform):
        def transform_array(self, image: Any, **_: Any) -> Any:
            return function(image)

    with pytest.raises(InputError, match=message):
        Wrong()(noise(4, 5))


def test_gray_without_a_channel_axis_will_do() -> None:
    class Flat(ArrayTransform):
        def transform_array(self, image: Any, **_: Any) -> Any:
            return 255 - image[..., 0]

    np.testing.assert_array_equal(Flat()(noise(4, 5, 1)), 255 - noise(4, 5, 1))


def test_without_a_function() -> None:
    with pytest.raises(ArgumentError, match="ArrayTransform does not implement transform_array"):
        ArrayTransform()(noise(4, 5))


def test_bfloat16_is_refused() -> None:
    class Any16(ArrayTransform):
        takes_dtypes = None

        def transform_array(self, image: Any, **_: Any) -> Any:
            return image

    with pytest.raises(InputError, match="Any16: runs on NumPy arrays, which know no bfloat16"):
        Any16()(torch.zeros(3, 4, 5, dtype=torch.bfloat16))


class Elsewhere(torch.Tensor):
    """A tensor that says that it lives on a card."""

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return torch.device("cuda", 0)

    def cpu(self) -> torch.Tensor:  # type: ignore[override]
        return self.as_subclass(torch.Tensor)


def test_copies_from_a_card_are_announced_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    returned: list[Any] = []
    monkeypatch.setattr(torch.Tensor, "to", lambda self, where: returned.append(where) or self)
    x = torch.arange(24, dtype=torch.uint8).reshape(1, 2, 3, 4).as_subclass(Elsewhere)
    spec = Spec.of([(3, 4, 2)], "uint8")
    step = HostFunction("Inverse", lambda image: 255 - image)
    with pytest.warns(HostCopyWarning, match="Inverse runs on the host: its images are copied from cuda:0 and back"):
        done = step.batched(x, spec)
    assert torch.equal(done, 255 - x.cpu())
    assert returned == [torch.device("cuda", 0)]
    with pytest.raises(EngineError, match=r"Inverse: runs on the host and has no twin for cuda:0; call image.cpu"):
        HostFunction("Inverse", lambda image: image, copies=False).batched(x, spec)


@pytest.mark.cuda
def test_on_a_card() -> None:
    image = torch.from_numpy(noise(8, 9)).permute(2, 0, 1)
    with pytest.warns(HostCopyWarning):
        done = Faded()(image.cuda(), key=KEYS[0])
    assert done.device.type == "cuda"
    assert torch.equal(done.cpu(), Faded()(image, key=KEYS[0]))


def test_a_kernel_is_a_capsule() -> None:
    with pytest.raises(ArgumentError, match=r"Kernel: got 3, wants a PyCapsule named 'twinlens.kernel.1' or a fun"):
        Kernel(3)
    with pytest.raises(ArgumentError, match="Kernel: "):
        _ = Kernel(lambda: 3).code
    import datetime

    other = datetime.datetime_CAPI  # type: ignore[attr-defined]
    with pytest.raises(ArgumentError, match=r"a kernel comes in a capsule named twinlens.kernel.1, got datetime.dat"):
        _ = Kernel(other).code


def test_host_copies_are_not_announced_on_the_host() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Faded()(torch.zeros(2, 3, 4, 5, dtype=torch.uint8))
