"""Intervals of unrelated series hold what they promise, in any chunks and units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesforecast.forecasting.intervals import (
    GRID,
    LEARNED,
    Spread,
    error_size,
    outlook,
    positions,
)
from salesforecast.forecasting.metrics import coverage
from salesforecast.forecasting.models import Prepared
from salesforecast.forecasting.panel import Panel
from salesforecast.forecasting.weights import Network, forecast_learned, learned_mix

M3 = Path(__file__).parents[3] / "shared" / "data" / "m3" / "m3.parquet"


def _series(count: int = 30) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    out = []
    for at in range(count):
        months = np.arange(30 + 3 * at)
        wave = 1 + 0.3 * np.sin(2 * np.pi * months / 12)
        out.append(100 * wave * rng.lognormal(0, 0.02 * (1 + at % 5), len(months)))
    return out


def test_quantiles_rise_and_lie_around_the_usual_forecast():
    series = _series()
    made = outlook(series, season=12, horizon=6)
    assert np.allclose(made.mean, forecast_learned(series, season=12, horizon=6))
    assert (np.diff(made.quantiles, axis=0) >= 0).all()
    inside = (made.mean >= made.quantiles[0]) & (made.mean <= made.quantiles[-1])
    assert inside.all()
    assert (made.quantiles >= 0).all(), "sales that never were negative stay so"


def test_chunks_units_and_order_change_nothing():
    series = _series()
    made = outlook(series, season=12, horizon=6)
    small = outlook(series, season=12, horizon=6, chunk=7)
    assert np.allclose(small.quantiles, made.quantiles)
    larger = outlook([1000 * one for one in series], season=12, horizon=6)
    assert np.allclose(larger.quantiles, 1000 * made.quantiles)
    turned = outlook(series[::-1], season=12, horizon=6)
    assert np.allclose(turned.quantiles[:, ::-1], made.quantiles)


def test_a_noisier_series_has_a_wider_interval():
    made = outlook(_series(), season=12, horizon=6, levels=(0.1, 0.9))
    width = (made.quantiles[1] - made.quantiles[0]).mean(axis=1)
    assert width[4::5].mean() > 2 * width[::5].mean()


def test_errors_grow_over_the_steps_by_what_the_series_is_and_then_no_more():
    network, spread = Network.read(), Spread.read()
    panel = Panel.of(_series(), season=12, horizon=24)
    features = learned_mix(Prepared(panel), network)[1]
    size = error_size(spread.slopes, network, features, np.ones(30), positions(12, 24))
    assert size.shape == (24, 30)
    assert (size[17] > size[0]).mean() > 0.8
    assert np.ptp(size[17] / size[0]) > 0.1
    np.testing.assert_array_equal(size[18:], size[17:-1])


@pytest.mark.parametrize("season", [1, 4, 12, 52])
def test_odd_series_pass_through(season):
    odd = [np.zeros(7), np.full(40, 5.0), np.array([3.0]), -np.arange(60.0), np.r_[0, 9, [0] * 30]]
    made = outlook(odd, season=season, horizon=30)
    assert np.isfinite(made.quantiles).all()
    assert (np.diff(made.quantiles, axis=0) >= 0).all()


def test_what_cannot_be_asked_for_is_said():
    with pytest.raises(ValueError, match=r"0\.005"):
        outlook(_series(2), season=12, horizon=3, levels=(0.001,))
    with pytest.raises(ValueError, match="without M3"):
        Spread.read("without M4")


def test_every_set_of_spreads_is_complete():
    for name in ("all", "without M1", "without M3", "without Tourism"):
        spread = Spread.read(name)
        for season in LEARNED:
            assert spread.shapes[season].shape[1] == len(GRID)
            assert (np.diff(spread.shapes[season], axis=1) >= 0).all()


def test_a_competition_that_was_not_learned_from_is_covered():
    if not M3.exists():
        pytest.skip("the shared data are not beside the checkout")
    frame = pd.read_parquet(M3)
    groups = [one for _, one in frame[frame["period"] == "QUARTERLY"].groupby("unique_id")]
    past = [one.loc[one["split"] == "train", "y"].to_numpy(dtype=float) for one in groups]
    future = np.array([one.loc[one["split"] == "test", "y"] for one in groups], dtype=float)
    made = outlook(past, season=4, horizon=future.shape[1], weights="without M3")
    low95, low80, _, high80, high95 = made.quantiles
    assert coverage(future, low80, high80) == pytest.approx(0.80, abs=0.04)
    assert coverage(future, low95, high95) == pytest.approx(0.95, abs=0.02)
