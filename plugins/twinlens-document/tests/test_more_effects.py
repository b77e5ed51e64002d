"""Colours, rasters, focus, lamps and stains: what each does to pixels, by numbers that can be seen."""

from __future__ import annotations

import numpy as np
import pytest
from twinlens_document import (
    ColorShift,
    DepthSimulatedBlur,
    Dithering,
    DotMatrix,
    DoubleExposure,
    Hollow,
    InkColorSwap,
    InkMottling,
    LCDScreenPattern,
    LensFlare,
    LinesDegradation,
    LowLightNoise,
    Moire,
    ReflectedLight,
    Stains,
)
from twinlens_document.screens import dot
from twinlens_document.thresholds import bayer

from twinlens.errors import InputError

WHITE = np.full((120, 90), 255, np.uint8)
BLACK = np.zeros((120, 90, 3), np.uint8)


def test_mottling_is_within_its_level() -> None:
    done = InkMottling(level=90)(BLACK, key=1)
    assert done.max() == 90
    assert done.min() == 0
    assert (done[..., 0] == done[..., 2]).all()
    np.testing.assert_array_equal(InkMottling(level=90)(WHITE, key=1), WHITE)


def test_ink_swaps_its_colour_in_its_share_of_the_page() -> None:
    page = np.zeros((900, 900, 3), np.uint8)
    for share in (0.0, 0.3, 0.7, 1.0):
        done = InkColorSwap(hue=120, brightness=200, share=share)(page, key=1)
        assert set(np.unique(done[..., [0, 2]])) == {0}
        assert abs((done[..., 1] > 100).mean() - share) < 0.12
    gray = InkColorSwap(hue=120, brightness=200, share=1)(WHITE * 0)
    assert (gray == 117).all()  # 0.587 * 200


def test_hollow_keeps_rims() -> None:
    page = WHITE.copy()
    page[20:60, 20:60] = 0
    done = Hollow(radius=3)(page)
    wanted = page.copy()
    wanted[23:57, 23:57] = 255
    np.testing.assert_array_equal(done, wanted)


def test_only_lines_lose_ink() -> None:
    page = np.full((300, 300), 255, np.uint8)
    page[100, 20:280], page[20:280, 150], page[200:210, 40:60] = 0, 0, 0
    done = LinesDegradation(length=31, share=0.5)(page, key=1)
    assert (done[200:210, 40:60] == 0).all()
    assert 0.25 < (done[100, 20:280] > 127).mean() < 0.75
    assert 0.25 < (done[20:280, 150] > 127).mean() < 0.75
    assert (done >= page).all()
    np.testing.assert_array_equal(LinesDegradation(share=0)(page, key=1), page)


def test_stains_have_rims_and_their_share() -> None:
    page = np.full((600, 500, 3), 255, np.uint8)
    shares = []
    for key in range(8):
        done = Stains(hue=30, saturation=0.4, strength=0.4, share=0.3)(page, key=key)
        shares.append((done.min(2) < 255).mean())
        dark = done[done.min(2) < 255]
        assert (dark[:, 0].astype(int) >= dark[:, 2]).all()
        assert done[..., 0].min() in range(153, 160)  # the rim: 255 * (1 - 0.4)
    assert 0.15 < np.mean(shares) < 0.5


@pytest.mark.parametrize("order", range(1, 7))
def test_bayer_holds_every_level(order: int) -> None:
    tile = bayer(order)
    assert tile.shape == (2**order, 2**order)
    shares = [(level >= tile).mean() * 255 for level in range(256)]
    np.testing.assert_allclose(shares, np.arange(256), atol=255 / 4**order + 2)
    assert shares[0] == 0
    assert shares[255] == 255


def test_dithering_compares_every_channel() -> None:
    page = np.random.default_rng(0).integers(0, 256, (30, 41, 3), dtype=np.uint8)
    tile = np.tile(bayer(2), (8, 11))[:30, :41, None]
    np.testing.assert_array_equal(Dithering(order=2)(page), np.where(page >= tile, 255, 0))


def test_dots_have_one_level_each() -> None:
    page = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    done = DotMatrix(cell=5, dot=0.7)(page)
    mean = np.rint(page.reshape(8, 5, 8, 5, 3).sum((1, 3)).astype(np.float32) * np.float32(1 / 25))
    levels = np.rint(np.clip((mean.astype(np.float64) - 96) / 112, 0, 1) * 255)
    between = np.tile(dot(5, 0.7), (8, 8))[..., None]
    np.testing.assert_array_equal(done, np.maximum(np.kron(levels, np.ones((5, 5, 1))), between))
    assert dot(5, 0.7)[2, 2] == 0
    assert dot(5, 0.7)[0, 0] == 255
    assert abs((255 - dot(64, 1.0).astype(np.float64)).mean() / 255 - np.pi / 4) < 0.01


def test_rasters() -> None:
    done = LCDScreenPattern("grid", period=4, strength=0.5)(np.full((8, 8), 200, np.uint8))
    wanted = np.full((8, 8), 200)
    wanted[::4], wanted[:, ::4] = 100, 100
    np.testing.assert_array_equal(done, wanted)


def test_moire_has_the_periods_of_its_gratings() -> None:
    page = np.full((4, 4096), 255, np.uint8)
    done = Moire(period=8, detuning=0.25, slope=0, strength=0.4)(page, key=1)[0].astype(np.float64)
    power = np.abs(np.fft.rfft(done - done.mean()))
    assert {512, 410} & set(np.argsort(power)[-4:].tolist())
    fringe = power[95:110].max()  # 4096 / 8 - 4096 / 10
    assert fringe > 10 * np.median(power)


def test_colours_move_apart() -> None:
    page = np.full((120, 90, 3), 255, np.uint8)
    page[50:60, 40:50] = 0
    done = ColorShift(reach=0.05)(page, key=2)
    for k in range(3):
        rows, columns = np.nonzero(done[..., k] == 0)
        assert len(rows) == 100
        move = np.array([rows.min() - 50, columns.min() - 40])
        assert np.abs(move).max() in (4, 5)  # 0.05 of 90
    gray = page[..., 0]
    np.testing.assert_array_equal(ColorShift(reach=0.05)(gray, key=2), gray)
    with pytest.raises(InputError, match="gray and RGB"):
        ColorShift()(np.zeros((8, 8, 5), np.uint8))


def test_two_exposures_are_a_mean() -> None:
    page = WHITE.copy()
    page[50:60, 40:50] = 0
    done = DoubleExposure(reach=0.2, share=0.4)(page, key=2)
    assert sorted(np.unique(done)) == [102, 153, 255]
    assert (done == 102).sum() == (done == 153).sum() == 100


def test_blur_has_its_place() -> None:
    page = np.tile(np.array([0, 255], np.uint8), (400, 200))
    done = DepthSimulatedBlur(sigma=3, radius=0.2)(page, key=1)
    swing = np.abs(np.diff(done.astype(int), axis=1))
    assert swing.min() <= 4
    assert 0.6 < (swing == 255).mean() < 0.95
    inverse = np.abs(np.diff(DepthSimulatedBlur(sigma=3, radius=0.2, invert=True)(page, key=1).astype(int), axis=1))
    assert (inverse == 255).mean() < 0.2


def test_lamps_only_add_light() -> None:
    page = np.full((200, 150, 3), 60, np.uint8)
    for effect in (ReflectedLight(), LensFlare()):
        done = effect(page, key=3)
        assert (done >= page).all()
        assert done.max() > 120
        assert (done == page).mean() > 0.05


def test_low_light() -> None:
    page = np.full((300, 200), 200, np.uint8)
    done = LowLightNoise(exposure=0.5, sigma=8, blur=0)(page, key=1).astype(np.float64)
    assert abs(done.mean() - 100) < 1
    assert abs(done.std() - 8) < 0.6
    import PIL.Image

    with pytest.raises(InputError, match="without alpha"):
        LowLightNoise()(PIL.Image.fromarray(np.zeros((8, 8, 4), np.uint8)))
