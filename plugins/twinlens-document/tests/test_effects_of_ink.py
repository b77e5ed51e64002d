"""What each effect of ink and paper does to pixels, by numbers that can be seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from twinlens_document import (
    BadPhotoCopy,
    BleedThrough,
    ColorPaper,
    DirtyDrum,
    DirtyRollers,
    Faxify,
    InkBleed,
    Letterpress,
    LowInkPeriodicLines,
    LowInkRandomLines,
    PaperTexture,
    SubtleNoise,
)
from twinlens_document.thresholds import screen

import twinlens
from twinlens import transforms as T
from twinlens.errors import ArgumentError, InputError

WHITE = np.full((120, 90), 255, np.uint8)
BLACK = np.zeros((120, 90), np.uint8)


def test_ink_bleeds_as_far_as_its_radius() -> None:
    page = WHITE.copy()
    page[60, :] = 0
    done = InkBleed(radius=3, severity=1, intensity=1)(page, key=1)
    assert (done <= page).all()
    assert (done[:57] == 255).all()
    assert (done[64:] == 255).all()
    assert (done[57:64] < 255).mean() > 0.9
    assert (InkBleed(severity=0)(page, key=1) == page).all()
    assert (InkBleed(intensity=0)(page, key=1) == page).all()


def test_bleed_through_is_the_mirrored_page() -> None:
    page = WHITE.copy()
    page[40:80, 10:30] = 0
    done = BleedThrough(0.5, sigma=0.1, offset_x=2, offset_y=-3, patchiness=0)(page, key=1)
    assert (done[37:77, 62:82] == 128).all()  # columns 10..29 mirrored are 60..79
    done[37:77, 62:82] = 255
    np.testing.assert_array_equal(done, page)


def test_letterpress_lifts_ink_to_its_level() -> None:
    for severity in (0.1, 0.5, 0.9):
        done = [Letterpress(severity=severity, level=200)(BLACK, key=k) for k in range(4)]
        assert np.max(done) == 200
        assert abs(np.mean(np.array(done) > 100) - severity) < 0.15
    assert (Letterpress(severity=0)(BLACK, key=1) == BLACK).all()
    assert (Letterpress(level=200)(WHITE, key=1) == WHITE).all()


def test_low_ink_lines_are_where_they_are_said_to_be() -> None:
    done = LowInkPeriodicLines(period=7, level=255, coverage=1)(BLACK, key=2)
    rows = np.flatnonzero(done.any(1))
    assert (np.diff(rows) == 7).all()
    assert len(rows) in (17, 18)
    done = LowInkRandomLines(count=500, level=(10, 250), coverage=0.5)(BLACK, key=2)
    assert 0.4 < (done > 0).mean() < 0.6
    assert 10 <= done[done > 0].min() < 30
    assert 230 < done.max() <= 250


def test_drums_and_rollers_leave_marks_across_or_down() -> None:
    page = np.full((900, 700), 255, np.uint8)
    for effect in (DirtyDrum, DirtyRollers):
        across, down = (effect(direction=way)(page, key=3).astype(np.float64) for way in ("rows", "columns"))
        assert across.mean(1).std() > 2 * across.mean(0).std()
        assert down.mean(0).std() > 2 * down.mean(1).std()


def test_a_dirty_drum_turns() -> None:
    done = DirtyDrum(count=2, width=10, intensity=1, direction="rows")(np.full((4000, 200), 255, np.uint8), key=4)
    rows = np.flatnonzero((done < 255).any(1))
    starts = rows[np.flatnonzero(np.diff(np.r_[-100, rows]) > 20)]
    first, second = (done[s : s + 8] for s in starts)
    np.testing.assert_array_equal(first, second)


def test_photocopies_are_dirty_where_they_are_said_to_be() -> None:
    page = np.full((300, 300), 255, np.uint8)
    sides, everywhere = (
        np.mean([BadPhotoCopy(where, shade=0, density=0.8)(page, key=k) < 128 for k in range(12)], axis=0)
        for where in ("sides", "everywhere")
    )
    assert sides[100:200, 100:200].mean() < 0.3 * sides.mean()
    assert everywhere[100:200, 100:200].mean() > 0.5 * everywhere.mean() > 0


@pytest.mark.parametrize("cell", range(2, 17))
def test_halftone_screens_hold_every_level(cell: int) -> None:
    tile = screen(cell)
    assert tile.shape == (cell, cell)
    assert tile.min() >= 1
    assert len(np.unique(tile)) == min(cell * cell, 254)
    shares = [(level >= tile).mean() * 255 for level in range(256)]
    np.testing.assert_allclose(shares, np.arange(256), atol=255 / cell**2 + 1)


def test_faxes_keep_the_mean() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None], 64, 0)
    done = Faxify(cell=8, scale=1)(ramp).astype(np.float64)
    assert set(np.unique(done)) == {0.0, 255.0}
    np.testing.assert_allclose(done.reshape(64, 16, 16).mean((0, 2)), ramp.reshape(64, 16, 16).mean((0, 2)), atol=12)
    plain = Faxify(halftone=False, threshold=100)(ramp)
    np.testing.assert_array_equal(plain, np.where(ramp >= 100, 255, 0))


def test_a_coarse_fax_has_coarse_pixels() -> None:
    done = Faxify(scale=2)(np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8))
    blocks = done.reshape(20, 2, 20, 2, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()


def test_color_paper() -> None:
    done = ColorPaper(hue=240, saturation=0.5)(np.full((2, 2, 3), 200, np.uint8))
    assert done[0, 0].tolist() == [100, 100, 200]
    with pytest.raises(InputError, match="gray and RGB"):
        ColorPaper()(np.zeros((4, 4, 5), np.uint8))


def test_subtle_noise_is_clipped() -> None:
    light = SubtleNoise(span=10)(WHITE, key=1)
    assert sorted(np.unique(light)) == list(range(245, 256))
    assert 0.45 < (light == 255).mean() < 0.6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    for name, size in (("a.png", (30, 20)), ("b.bmp", (200, 150)), ("notes.txt", None)):
        if size is None:
            (tmp_path / name).write_text("no image")
        else:
            PIL.Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(tmp_path / name)
    return tmp_path


def test_textures_of_a_folder(folder: Path) -> None:
    found = set()
    for key in range(8):
        done = PaperTexture(folder, strength=1)(np.full((120, 90, 3), 255, np.uint8), key=key)
        small = np.asarray(PIL.Image.open(folder / "a.png"))
        large = np.asarray(PIL.Image.open(folder / "b.bmp"))
        if {tuple(v) for v in done.reshape(-1, 3).tolist()} <= {tuple(v) for v in small.reshape(-1, 3).tolist()}:
            found.add("a")
            twice = np.concatenate((small, small[::-1]))
            twice = np.concatenate((twice, twice[:, ::-1]), 1)
            tiled = np.tile(twice, (4, 4, 1))
            ways = [(y, x) for y in range(30) for x in range(20) if (tiled[y : y + 120, x : x + 90] == done).all()]
            assert len(ways) == 1
        else:
            found.add("b")
            assert {tuple(v) for v in done.reshape(-1, 3).tolist()} <= {tuple(v) for v in large.reshape(-1, 3).tolist()}
    assert found == {"a", "b"}


@pytest.mark.parametrize("channels", [1, 3])
def test_textures_in_batches_and_files(folder: Path, tmp_path: Path, channels: int) -> None:
    effect = PaperTexture(str(folder), scale=(0.5, 2))
    pages = [np.full((h, 50, channels), 255, np.uint8) for h in (40, 60, 40)]
    native = effect.batch(pages, keys=[1, 2, 3], engine="native")
    batched = effect.batch(pages, keys=[1, 2, 3], engine="kornia")
    for one, other, image, key in zip(native, batched, pages, (1, 2, 3), strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(effect(image, key=key), one)
    twinlens.save(T.Compose([effect]), tmp_path / "pipe.yaml")
    assert twinlens.load(tmp_path / "pipe.yaml").transforms[0] == effect


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="is not a folder"):
        PaperTexture(tmp_path / "nowhere")(WHITE)
    with pytest.raises(ArgumentError, match="holds no images"):
        PaperTexture(tmp_path)(WHITE)
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(ArgumentError, match="cannot be read"):
        PaperTexture(tmp_path)(WHITE)
    with pytest.raises(ArgumentError, match="folder=3"):
        PaperTexture(3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: InkBleed(radius=0), "radius"),
        (lambda: InkBleed(severity=(0.5, 0.2)), "severity"),
        (lambda: Letterpress(grain=0), "grain"),
        (lambda: DirtyDrum(direction="across"), "direction"),
        (lambda: Faxify(scale=0.5), "scale"),
        (lambda: ColorPaper(hue=400), "hue"),
        (lambda: SubtleNoise(p=2), "p=2"),
        (lambda: BleedThrough(offset_x=0.5), "offset_x"),
        (lambda: LowInkPeriodicLines(period=1), "period"),
    ],
)
def test_bad_arguments(make: object, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()  # type: ignore[operator]
