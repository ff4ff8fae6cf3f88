"""Measures, each on a case that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from salesforecast.forecasting import metrics

ACTUAL = np.array([100.0, 200.0, 300.0])
AHEAD = np.array([110.0, 180.0, 330.0])


def test_means():
    assert metrics.wape(ACTUAL, AHEAD) == pytest.approx(60 / 600)
    assert metrics.bias(ACTUAL, AHEAD) == pytest.approx(20 / 600)  # too high is positive
    assert metrics.mase(ACTUAL, AHEAD, 10.0) == pytest.approx(2.0)
    assert metrics.smape(np.array([0.0, 50.0]), np.array([0.0, 150.0])) == pytest.approx(50.0)


def test_missing_actuals_do_not_count():
    actual = np.array([100.0, np.nan])
    ahead = np.array([110.0, 5000.0])
    assert metrics.wape(actual, ahead) == pytest.approx(0.1)
    assert metrics.coverage(actual, ahead - 20, ahead + 20) == 1.0


def test_scale_of_a_season_and_of_a_constant():
    # changes over two periods: 2, 3, 1, 0
    assert metrics.seasonal_error(np.array([1.0, 2, 3, 5, 4, 5]), 2) == pytest.approx(1.5)
    assert metrics.seasonal_error(np.array([1.0, 3.0]), 12) == pytest.approx(2.0)
    assert np.isnan(metrics.seasonal_error(np.full(5, 3.0), 2))


def test_naive2_against_itself_is_one():
    errors = np.array([3.0, 5.0])
    assert metrics.owa(errors, errors, errors, errors) == 1.0
    assert metrics.owa(errors / 2, errors, errors, errors) == pytest.approx(0.75)


def test_pinball_of_the_median_is_the_absolute_error():
    found = metrics.pinball(ACTUAL, AHEAD[None], np.array([0.5]))
    assert found[0] == pytest.approx(np.abs(ACTUAL - AHEAD).mean())
    low = metrics.pinball(np.array([10.0]), np.array([[7.0]]), np.array([0.1]))
    assert low[0] == pytest.approx(2 * 0.1 * 3)


def test_interval_score_pays_for_width_and_for_misses():
    actual = np.array([5.0, 12.0])
    score = metrics.msis(actual, np.array([0.0, 0.0]), np.array([10.0, 10.0]), 2.0)
    assert score == pytest.approx((10 + 40 * 2 / 2) / 2)
