"""Fields: what they look like in numbers, and that a seed decides them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from twinlens_document import fields

CPU = torch.device("cpu")
SEEDS = np.array([1, -5, 2**62], np.int64)
SIZE = (120, 90)
KINDS = {
    "white": lambda seed, size: fields.white(seed, size, CPU),
    "patches": lambda seed, size: fields.patches(seed, size, CPU, (7.0, 3.0)),
    "fractal": lambda seed, size: fields.fractal(seed, size, CPU, (40.0, 30.0), 4),
    "grains": lambda seed, size: fields.grains(seed, size, CPU, np.arange(256, dtype=np.uint8)[None]),
    "spots": lambda seed, size: fields.spots(seed, size, CPU, np.full(len(seed), 0.1)),
}
each = pytest.mark.parametrize("kind", list(KINDS))


@each
def test_one_seed_one_field(kind: str) -> None:
    together = KINDS[kind](SEEDS, SIZE)
    assert together.shape == (3, 1, *SIZE)
    assert together.dtype == torch.uint8
    for i in range(3):
        assert torch.equal(KINDS[kind](SEEDS[i : i + 1], SIZE)[0], together[i])
    assert (together[0] != together[1]).any()


@each
@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (2, 3)])
def test_small_pages(kind: str, size: tuple[int, int]) -> None:
    assert KINDS[kind](SEEDS, size).shape == (3, 1, *size)


def test_white_is_uniform_and_its_rows_are_strangers() -> None:
    field = fields.white(SEEDS[:1], (400, 300), CPU)[0, 0].numpy().astype(np.float64)
    shares = np.bincount(field.astype(np.int64).ravel(), minlength=256) / field.size
    assert abs(field.mean() - 127.5) < 1.5
    assert shares.max() < 1.5 / 256
    rows = np.corrcoef(field)
    assert np.abs(rows[np.arange(399), np.arange(1, 400)]).mean() < 0.1
    columns = np.corrcoef(field.T)
    assert np.abs(columns[np.arange(299), np.arange(1, 300)]).mean() < 0.1


def test_white_through_a_table() -> None:
    table = np.arange(256, dtype=np.uint8)[None, ::-1].copy()
    plain, turned = (fields.white(SEEDS, SIZE, CPU, t) for t in (None, table))
    assert torch.equal(255 - plain, turned)


def test_grains_are_two_pixels() -> None:
    field = fields.grains(SEEDS[:1], (401, 300), CPU, np.arange(256, dtype=np.uint8)[None])[0, 0].numpy()
    np.testing.assert_array_equal(field[:-1:2], field[1::2])
    wide = field.astype(np.float64)
    assert abs(wide.mean() - 127.5) < 2
    beside = np.corrcoef(wide[:, :-1].ravel(), wide[:, 1:].ravel())[0, 1]
    apart = np.corrcoef(wide[:, :-4].ravel(), wide[:, 4:].ravel())[0, 1]
    assert abs(apart) < 0.05 < 0.4 < beside


def test_spots_have_their_share() -> None:
    field = fields.spots(SEEDS, (300, 300), CPU, np.array([0.0, 0.03, 1.0])).numpy()
    assert set(np.unique(field)) == {0, 255}
    np.testing.assert_allclose((field == 255).mean((1, 2, 3)), [0.0, 0.03, 1.0], atol=0.006)


def test_bell_has_its_mean_and_deviation() -> None:
    table = fields.bell(np.array([128.0, 100.0]), np.array([20.0, 5.0])).astype(np.float64)
    np.testing.assert_allclose(table.mean(1), [128.0, 100.0], atol=0.2)
    np.testing.assert_allclose(table.std(1), [20.0, 5.0], rtol=0.03)
    assert (np.diff(table, axis=1) >= 0).all()


def test_fractal_is_smooth_and_around_the_middle() -> None:
    field = fields.fractal(SEEDS, (256, 256), CPU, (64.0, 64.0), 3).numpy().astype(np.float64)
    assert abs(field.mean() - 128) < 12
    assert 20 < field.std() < 60
    assert np.abs(np.diff(field, axis=3)).mean() < 6


def test_ramps() -> None:
    table = fields.ramp(10.0, 20.0, 100.0, 200.0)[0, 0]
    assert table[[0, 10, 15, 20, 255]].tolist() == [100, 100, 150, 200, 200]
    step = fields.ramp(np.array([9.0, 19.0]), np.array([9.0, 19.0]))
    assert [int(np.argmax(row[0] > 0)) for row in step] == [10, 20]


def test_octaves_have_seeds_of_their_own() -> None:
    assert len({int(fields.seeds(SEEDS[:1], k)[0]) for k in range(100)}) == 100
