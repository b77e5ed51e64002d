"""Ink on paper."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import twinlens_document as D
from pages import page
from twinlens_document import host
from twinlens_document.shade import Shade

import twinlens
from twinlens import transforms as T
from twinlens.errors import ArgumentError
from twinlens.steps import Spec


@pytest.mark.parametrize("sides", [(1, 1), (1, 40), (40, 1), (7, 9), (200, 3), (60, 50)])
@pytest.mark.parametrize("layers", [1, 3])
def test_shade_by_host_and_by_torch(sides: tuple[int, int], layers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    gain, lift = (rng.integers(0, 256, (2, layers, *sides), dtype=np.uint8) for _ in range(2))
    gain[:, :, : sides[0] // 2, : sides[1] // 3] = 255  # where nothing is to do
    lift[:, :, sides[0] // 3 :] = 0
    step = Shade(gain, lift)
    x = torch.from_numpy(np.stack([page(60, 50, 3, i) for i in range(2)])).permute(0, 3, 1, 2)
    spec = Spec.of([(60, 50, 3)] * 2, "uint8")
    by_host = step.batched(x, spec)
    monkeypatch.setattr(host, "serves", lambda _: False)
    assert torch.equal(by_host, step.batched(x, spec))
    assert not torch.equal(by_host, x)


def test_multiplies_ink_and_paper() -> None:
    ink = page(60, 50)
    done = D.DocumentPipeline(paper_color=200)(ink)
    np.testing.assert_array_equal(done, (2 * ink.astype(int) * 200 + 255) // 510)
    np.testing.assert_array_equal(D.DocumentPipeline(paper_color=200, merge="darken")(ink), np.minimum(ink, 200))


def test_paper_begins_blank_and_ink_is_not_seen_by_it() -> None:
    ink = page(60, 50)
    pipe = D.DocumentPipeline(paper=[T.RandomInvert(p=1.0)], merge="darken")
    assert not pipe(ink, key=1).any()  # a white sheet inverted is black, whatever is printed
    assert (D.DocumentPipeline(ink=[T.RandomInvert(p=1.0)])(ink) == 255 - ink).all()


def test_phases_draw_as_they_are_placed() -> None:
    ink = page(60, 50)
    light = D.LightingGradient()
    one = D.DocumentPipeline(post=[light])(ink, key=4)
    np.testing.assert_array_equal(one, T.Compose([D.LightingGradient(name="post/0")])(ink, key=4))
    paper = D.DocumentPipeline(paper=[light])
    sheet = D.LightingGradient(name="paper/0")(np.full_like(ink, 255), key=4)
    np.testing.assert_array_equal(paper(ink, key=4), (2 * ink.astype(int) * sheet + 255) // 510)


def test_blank_white_paper_merges_nothing() -> None:
    assert "Print" not in str(D.DocumentPipeline(ink=[D.LightingGradient()]).plan((60, 50)))
    quiet = D.DocumentPipeline(paper=[D.LightingGradient(p=0.0)])
    assert "Print" not in str(quiet.plan((60, 50)))


def test_targets_follow_ink_and_post() -> None:
    sample = {"image": page(60, 50), "boxes": twinlens.Boxes([[5, 10, 20, 30]]), "mask": page(60, 50, 1)}
    flip = T.RandomHorizontalFlip(p=1.0)
    once = D.DocumentPipeline(ink=[flip], paper=[flip, D.LightingGradient()])(sample, key=1)
    assert once["boxes"].data.tolist() == [[30, 10, 45, 30]]
    np.testing.assert_array_equal(once["mask"], sample["mask"][:, ::-1])
    both = D.DocumentPipeline(ink=[flip], post=[flip])(sample, key=1)
    assert both["boxes"].data.tolist() == [[5, 10, 20, 30]]
    np.testing.assert_array_equal(both["image"], sample["image"])


def test_some_pages_of_a_batch() -> None:
    images = [page(60, 50, 3, i) for i in range(8)]
    pipe = T.RandomApply([D.DocumentPipeline(paper=[D.LightingGradient(p=0.5)], post=[D.LightingGradient(p=0.5)])])
    for engine in ("native", "kornia"):
        done = pipe.batch(images, keys=range(8), engine=engine)
        for key, (image, result) in enumerate(zip(images, done, strict=True)):
            np.testing.assert_array_equal(result, pipe(image, key=key))
    assert 0 < sum((a == b).all() for a, b in zip(images, done, strict=True)) < 8


def test_alpha_is_left_alone() -> None:
    rgba = torch.from_numpy(np.dstack((page(60, 50), page(60, 50, 1)))).numpy()
    from PIL import Image

    done = np.asarray(D.DocumentPipeline(paper=[D.LightingGradient()], paper_color=99)(Image.fromarray(rgba), key=2))
    np.testing.assert_array_equal(done[..., 3], rgba[..., 3])
    assert (done[..., :3] != rgba[..., :3]).any()


def test_parts_are_modules_and_can_be_exchanged() -> None:
    light, other = D.LightingGradient(), D.LightingGradient(p=0.5)
    pipe = D.DocumentPipeline(ink=[T.RandomInvert(p=0.5)], paper=[light])
    assert {type(part) for part in pipe.modules()} >= {D.DocumentPipeline, D.LightingGradient, T.RandomInvert}
    pipe.paper = [other]
    assert light not in set(pipe.modules())
    assert pipe == D.DocumentPipeline(ink=[T.RandomInvert(p=0.5)], paper=[other])
    ink = page(60, 50)
    np.testing.assert_array_equal(pipe(ink, key=3), D.DocumentPipeline(pipe.ink, pipe.paper)(ink, key=3))


def test_replay() -> None:
    pipe = D.DocumentPipeline(paper=[D.LightingGradient()], paper_color=(100, 250))
    done, params = pipe(page(60, 50), return_params=True)
    assert set(params) == {"paper", "paper/0"}
    np.testing.assert_array_equal(pipe.replay(page(60, 50), params), done)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"ink": D.LightingGradient()}, "ink=.*wants a list of transforms"),
        ({"post": [3]}, "wants transforms, got int"),
        ({"paper": [np.copy]}, "does not lower to steps"),
        ({"paper_color": (9, 300)}, "paper_color"),
        ({"merge": "screen"}, "merge"),
    ],
)
def test_refuses(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        D.DocumentPipeline(**arguments)
