"""Effects of drivers: found where they are, not where they are not, and cancelling exactly."""

from __future__ import annotations

import numpy as np
import pytest

from salesforecast.forecasting.drivers import learn_effects


def _panel(slope: float, *, series: int = 6, periods: int = 60, noise: float = 0.1, seed: int = 0):
    rng = np.random.default_rng(seed)
    driver = rng.normal(0, 0.3, (1, periods, series))
    at = np.arange(periods)[:, None]
    wave = 0.4 * np.sin(2 * np.pi * at / 12) + 0.01 * at
    logs = 5 + wave + slope * driver[0] + rng.normal(0, noise, (periods, series))
    return np.exp(logs), driver


def test_a_slope_is_found_beside_trend_and_season():
    sales, driver = _panel(-1.5)
    effects = learn_effects(sales, driver, season=12)
    assert effects.slopes == pytest.approx(np.full((1, 6), -1.5), abs=0.1)
    assert effects.seen.all()
    assert (np.abs(effects.slopes + 1.5) < 3 * effects.errors).mean() >= 0.8


def test_what_does_nothing_is_not_seen():
    seen = []
    for seed in range(20):
        sales, driver = _panel(0.0, seed=seed)
        seen.append(learn_effects(sales, driver, season=12).seen.mean())
    assert np.mean(seen) < 0.1


def test_a_short_series_leans_on_its_group():
    sales, driver = _panel(-1.5, series=8)
    other, more = _panel(0.8, series=8, seed=1)
    both, drivers = np.hstack([sales, other]), np.concatenate([driver, more], axis=2)
    both[:-6, [0, 8]] = np.nan
    groups = ["pens"] * 8 + ["ink"] * 8
    effects = learn_effects(both, drivers, season=12, groups=groups)
    assert effects.slopes[0, 0] == pytest.approx(-1.5, abs=0.4)
    assert effects.slopes[0, 8] == pytest.approx(0.8, abs=0.4)


def test_taking_out_and_putting_back_cancel_and_order_does_not_matter():
    sales, driver = _panel(-0.7)
    sales[3, 2] = 0.0
    driver[0, 7, 1] = np.nan
    effects = learn_effects(sales, driver, season=12)
    factor = effects.factor(driver)
    assert np.allclose(sales / factor * factor, sales)
    assert factor[7, 1] == 1.0
    order = np.array([3, 1, 5, 0, 4, 2])
    again = learn_effects(sales[:, order], driver[:, :, order], season=12)
    assert np.allclose(again.slopes, effects.slopes[:, order])
    scaled = learn_effects(1000 * sales, driver, season=12)
    assert np.allclose(scaled.slopes, effects.slopes)


def test_outliers_do_not_carry_the_slope_away():
    sales, driver = _panel(-1.0)
    sales[5] *= 30
    effects = learn_effects(sales, driver, season=12)
    assert effects.slopes == pytest.approx(np.full((1, 6), -1.0), abs=0.25)


@pytest.mark.parametrize("seed", range(4))
def test_series_that_sell_now_and_then_do_not_learn_from_their_gaps(seed):
    """Where each time of year sold about once, level and season fit by themselves: no evidence."""
    sales, driver = _panel(-5.0, series=12, periods=48, noise=0.8, seed=seed)
    driver = driver * 0.2
    sales = np.exp(np.log(sales) + 5.0 * 4 * driver[0])  # a slope of -5 on the smaller driver
    sales[:, :8][np.random.default_rng(seed).random((48, 8)) < 0.75] = np.nan
    effects = learn_effects(sales, driver, season=12)
    assert (np.abs(effects.slopes + 5.0) < 4 * effects.errors).all()
    assert np.abs(effects.slopes).max() < 10.0
    assert (effects.errors[0, :8] > 0.3).all()
