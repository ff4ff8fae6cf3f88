"""Models: each series is forecast as if it were alone, whatever stands beside it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from salesforecast.forecasting.external import EXTERNAL
from salesforecast.forecasting.many import forecast_many
from salesforecast.forecasting.models import INSTANT, MODELS, run_models
from salesforecast.forecasting.panel import Panel

BATCHED = tuple(name for name in MODELS if name not in EXTERNAL)


def some_series(season: int = 12, *, count: int = 9) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    out = []
    for i in range(count):
        at = np.arange(season * 2 + 5 * i + 3)
        level = 50 * (i + 1) * (1 + 0.01 * at)
        shape = 1 + 0.3 * np.sin(2 * np.pi * at / season)
        out.append(level * shape * rng.lognormal(0, 0.1, len(at)))
    return out


def alone(series: np.ndarray, model: str, *, season: int = 12, horizon: int = 8) -> np.ndarray:
    return forecast_many([series], season=season, horizon=horizon, models=(model,))[0]


@pytest.mark.parametrize("model", BATCHED)
def test_a_series_alone_is_forecast_as_in_company(model: str):
    series = some_series()
    together = forecast_many(series, season=12, horizon=8, models=(model,))
    for one, row in zip(series, together, strict=True):
        np.testing.assert_allclose(alone(one, model), row, rtol=1e-6)


@pytest.mark.parametrize("model", BATCHED)
def test_order_and_chunks_change_nothing(model: str):
    series = some_series()
    order = np.random.default_rng(0).permutation(len(series))
    whole = forecast_many(series, season=12, horizon=8, models=(model,))
    mixed = forecast_many(
        [series[i] for i in order], season=12, horizon=8, models=(model,), chunk=2
    )
    np.testing.assert_allclose(mixed, whole[order], rtol=1e-6)


@pytest.mark.parametrize("model", BATCHED)
def test_a_thousand_times_the_sales_is_a_thousand_times_the_forecast(model: str):
    series = some_series()[3]
    np.testing.assert_allclose(alone(series * 1000, model), alone(series, model) * 1000, rtol=1e-6)


@pytest.mark.parametrize("model", BATCHED)
@pytest.mark.parametrize("season", [1, 4, 7, 12, 52])
def test_a_constant_series_stays_constant(model: str, season: int):
    ahead = alone(np.full(2 * season + 9, 40.0), model, season=season)
    np.testing.assert_allclose(ahead, 40.0, rtol=0.03)


@pytest.mark.parametrize("season", [1, 4, 12])
def test_a_pure_season_is_continued(season: int):
    shape = 100 + 30 * np.sin(2 * np.pi * np.arange(season) / season)
    ahead = alone(np.tile(shape, 6), "theta", season=season, horizon=season)
    np.testing.assert_allclose(ahead, shape, rtol=0.02)


def test_a_straight_line_is_followed_by_dotm():
    line = 100 + 2.0 * np.arange(60)
    np.testing.assert_allclose(alone(line, "dotm", season=1), 220 + 2.0 * np.arange(8), rtol=0.02)


def test_missing_values_inside_are_filled_from_their_neighbours():
    whole = 100 + np.arange(40.0)
    gap = whole.copy()
    gap[[7, 8, 20]] = np.nan
    np.testing.assert_allclose(alone(gap, "theta"), alone(whole, "theta"), rtol=1e-9)


def test_intermittent_forecasts_the_rate_of_sales():
    series = np.zeros(60)
    series[::5] = 50.0
    assert alone(series, "intermittent").mean() == pytest.approx(10.0, rel=0.25)


def test_unknown_models_and_empty_series_are_refused():
    panel = Panel.of([np.ones(5)], season=12, horizon=2)
    with pytest.raises(ValueError, match="no model"):
        run_models(panel, ["oracle"])
    with pytest.raises(ValueError, match="observation"):
        Panel.of([np.array([])], season=12, horizon=2)
    with pytest.raises(ValueError, match="season"):
        Panel.of([np.ones(3)], season=0, horizon=2)


ODD = {
    "one point": np.array([5.0]),
    "seven points": np.array([3.0, 4, 2, 6, 5, 4, 7]),
    "constant": np.full(40, 7.0),
    "all zeros": np.zeros(36),
    "one spike": np.r_[np.full(20, 10.0), 5000.0, np.full(20, 10.0)],
    "last is a spike": np.r_[np.full(40, 10.0), 5000.0],
    "starts with zeros": np.r_[np.zeros(30), np.arange(1.0, 13)],
    "dies out": np.r_[np.full(30, 20.0), np.zeros(12)],
    "missing ends": np.r_[np.nan, np.nan, np.arange(30.0), np.nan],
    "only missing": np.full(12, np.nan),
    "returns": np.array([5.0, -3, 4, -8, 6, -1, 5, 2] * 5),
    "tiny": np.full(30, 1e-12),
    "huge": np.linspace(1e14, 2e14, 40),
    "a year and a bit": np.arange(13.0) + 1,
    "a break in level": np.r_[np.full(30, 1e5), np.full(12, 1.0)],
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("season", [1, 4, 12])
def test_odd_series_get_sane_forecasts(name: str, season: int):
    series = ODD[name]
    panel = Panel.of([series], season=season, horizon=6)
    largest = np.nanmax(np.abs(np.r_[series, 0.0]))
    for model, scaled in run_models(panel, BATCHED).items():
        ahead = panel.in_order(scaled)[0]
        assert np.isfinite(ahead).all(), model
        assert (np.abs(ahead) <= 3 * largest + 1e-9).all(), model
        if not (series < 0).any():
            assert (ahead >= 0).all(), model
    mean = forecast_many([series], season=season, horizon=6, models=INSTANT)[0]
    assert (np.abs(mean) <= 3 * largest + 1e-9).all()


def test_nothing_sold_ever_means_nothing_forecast():
    assert (forecast_many([np.zeros(30)], season=12, horizon=4) == 0).all()


@pytest.mark.parametrize("name", EXTERNAL)
def test_models_of_other_libraries_can_be_chosen_by_name(name: str):
    series = [*some_series(count=2), np.full(30, 5.0), np.ones(2)]
    ahead = forecast_many(series, season=12, horizon=4, models=(name,))
    assert np.isfinite(ahead).all()
    last_year = np.array([one[-12:].mean() for one in series[:2]])
    assert (np.abs(ahead[:2].mean(axis=1) / last_year - 1) < 0.8).all()


def test_libraries_are_imported_only_when_chosen():
    code = (
        "import sys, numpy as np; from salesforecast.forecasting.many import forecast_many; "
        "forecast_many([np.ones(30)], season=12, horizon=2); "
        "sys.exit('statsmodels' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
