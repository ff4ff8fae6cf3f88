"""Seasonal indices: recent years first, noise not taken for season, short histories by relatives."""

from __future__ import annotations

import numpy as np
import pytest

from salesforecast.forecasting.panel import Panel
from salesforecast.forecasting.season import Family, seasonal_indices

SHAPE = np.array([0.6, 0.7, 0.9, 1.0, 1.1, 1.3, 1.4, 1.3, 1.1, 1.0, 0.9, 0.7])


def test_noise_is_shrunk_to_no_season_and_a_season_is_kept():
    rng = np.random.default_rng(0)
    noise = rng.lognormal(0, 0.5, 48)
    season = np.tile(SHAPE, 4) * rng.lognormal(0, 0.02, 48)
    panel = Panel.of([noise, season], season=12, horizon=12)
    found = seasonal_indices(panel)
    assert found.trust[0] < 0.7
    assert found.trust[1] > 0.95
    np.testing.assert_allclose(found.indices[:, 1], SHAPE / SHAPE.mean(), atol=0.06)


def test_a_joiner_takes_the_season_of_his_relatives():
    veteran = 100 * np.tile(SHAPE, 4)
    joiner = 30 * np.roll(SHAPE, 7)[-7:]  # noise to him: he has not seen a year
    panel = Panel.of([veteran, joiner], season=12, horizon=12)
    family = Family(parent=np.array([-1, 0]))
    ahead = panel.in_order(panel.ahead(seasonal_indices(panel, family=family).indices))
    np.testing.assert_allclose(ahead[1] / panel.scale[1], ahead[0] / panel.scale[0], rtol=1e-9)


def test_without_relatives_a_joiner_has_no_season():
    panel = Panel.of([np.arange(7.0) + 1], season=12, horizon=12)
    np.testing.assert_allclose(seasonal_indices(panel).indices, 1.0)


def test_recent_years_count_more():
    early, late = np.tile(SHAPE, 4), np.tile(SHAPE[::-1], 4)
    panel = Panel.of([np.r_[early, late]], season=12, horizon=12)
    recent = seasonal_indices(panel, half_life=1.0).plain[:, 0]
    alike = seasonal_indices(panel, half_life=None).plain[:, 0]
    wanted = SHAPE[::-1] / SHAPE.mean()
    assert np.abs(recent - wanted).mean() < np.abs(alike - wanted).mean()


def test_generations_come_parents_first():
    family = Family(parent=np.array([-1, 0, 1, 0, 2]))
    assert [g.tolist() for g in family.generations()] == [[0], [1, 3], [2], [4]]


@pytest.mark.parametrize("season", [4, 5, 7, 12, 52])
def test_indices_average_to_neutral(season: int):
    rng = np.random.default_rng(1)
    panel = Panel.of([rng.gamma(3, 10, 3 * season + 2)], season=season, horizon=3)
    assert seasonal_indices(panel).indices.mean() == pytest.approx(1.0)
    assert seasonal_indices(panel, kind="log").indices.mean() == pytest.approx(0.0, abs=1e-9)


def test_phases_counted_from_the_end_and_back():
    panel = Panel.of([np.arange(29.0), np.arange(17.0)], season=12, horizon=3)
    values = np.random.default_rng(0).random((12, 2))
    np.testing.assert_array_equal(panel.from_start(panel.from_end(values)), values)
    np.testing.assert_array_equal(panel.from_end(values)[:3], panel.ahead(values))
