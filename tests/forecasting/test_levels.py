"""Draws as wide at every level as errors were: narrower and wider, means, zeros and sums kept."""

from __future__ import annotations

import numpy as np
import pytest

from salesforecast.forecasting.levels import learn_widths, widen

GROUPS = (np.zeros(12, dtype=np.int64), np.repeat(np.arange(3), 4))
UNSIGNED = np.zeros(12, dtype=bool)


def drawn_of(*, company: float, region: float, own: float, draws: int, seed: int) -> np.ndarray:
    """Draws (draw, leaf, step) around 100: noise shared by the company, by regions, and one's own."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, company, (draws, 1, 3)) + np.repeat(
        rng.normal(0, region, (draws, 3, 3)), 4, axis=1
    )
    return np.maximum(100 + shared + rng.normal(0, own, (draws, 12, 3)), 0)


def spreads(values: np.ndarray) -> tuple[float, float]:
    """Standard deviation of the company's and of the regions' sums."""
    regions = values.reshape(len(values), 3, 4, 3).sum(axis=2)
    return float(values.sum(axis=1).std(axis=0).mean()), float(regions.std(axis=0).mean())


@pytest.mark.parametrize(("company", "region"), [(2.0, 3.0), (10.0, 3.0), (2.0, 10.0)])
def test_every_level_is_as_wide_as_its_errors_were(company: float, region: float):
    drawn = drawn_of(company=5, region=5, own=8, draws=600, seed=0)
    truth = drawn_of(company=company, region=region, own=8, draws=400, seed=1)
    sizes = np.full((401, 12, 3), 100.0)
    widths = learn_widths(drawn, truth - 100, sizes, GROUPS, every=3)
    made = widen(drawn, widths, signed=UNSIGNED)
    np.testing.assert_allclose(spreads(made), spreads(truth), rtol=0.08)
    np.testing.assert_allclose(made.mean(axis=0), drawn.mean(axis=0))
    assert (made >= 0).all()


def test_few_errors_change_little():
    drawn = drawn_of(company=5, region=5, own=8, draws=600, seed=0)
    errors = drawn_of(company=1, region=1, own=2, draws=2, seed=1) - 100
    factors = learn_widths(drawn, errors, np.full((3, 12, 3), 100.0), GROUPS, every=1).factors
    assert (factors > 0.7).all()


def test_errors_of_smaller_times_count_by_their_size():
    drawn = drawn_of(company=5, region=5, own=8, draws=600, seed=0)
    errors = drawn_of(company=5, region=5, own=8, draws=200, seed=1) - 100
    small = np.concatenate([np.full((1, 12, 3), 100.0), np.full((200, 12, 3), 50.0)])
    factors = learn_widths(drawn, errors, small, GROUPS, every=3).factors
    np.testing.assert_allclose(factors, 2**0.75, rtol=0.12)


def test_unknown_errors_and_nothing_known():
    drawn = drawn_of(company=5, region=5, own=8, draws=200, seed=0)
    errors = np.full((10, 12, 3), np.nan)
    sizes = np.full((11, 12, 3), 100.0)
    assert (learn_widths(drawn, errors, sizes, GROUPS).factors == 1).all()
    errors[:, :4] = drawn_of(company=5, region=5, own=8, draws=10, seed=1)[:, :4] - 100
    assert np.isfinite(learn_widths(drawn, errors, sizes, GROUPS).factors).all()


def test_zeros_stay_zeros_and_returns_are_moved():
    drawn = drawn_of(company=5, region=5, own=8, draws=400, seed=0)
    drawn[:300, 2] = 0
    widths = learn_widths(drawn, np.full((9, 12, 3), 90.0), np.ones((10, 12, 3)), GROUPS, every=3)
    assert (widths.factors > 1.5).all()
    made = widen(drawn, widths, signed=UNSIGNED)
    assert (made[:300, 2] == 0).all()
    signed = UNSIGNED.copy()
    signed[5] = True
    moved = widen(drawn - 100 * (np.arange(12) == 5)[:, None], widths, signed=signed)
    assert (moved[:, 5] < 0).any()
    assert (np.delete(moved, 5, axis=1) >= 0).all()
    np.testing.assert_allclose(moved[:, 5].mean(axis=0), drawn[:, 5].mean(axis=0) - 100)
