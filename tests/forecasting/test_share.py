"""A share of the parent's forecast, and how far it is followed."""

from __future__ import annotations

import numpy as np
import pytest

from salesforecast.forecasting.combine import FOLLOW, learn_weights
from salesforecast.forecasting.models import run_models
from salesforecast.forecasting.panel import Panel
from salesforecast.forecasting.season import Family


def test_a_child_grows_with_its_parent_by_its_steady_share():
    """The child's own noise around a fifth of a growing parent does not become its trend."""
    rng = np.random.default_rng(0)
    parent = np.linspace(1000, 2000, 60)
    child = 0.2 * parent * rng.lognormal(0, 0.2, 60)
    panel = Panel.of([parent, child], season=12, horizon=6)
    made = panel.in_order(run_models(panel, ("share",), family=Family(np.array([-1, 0])))["share"])
    np.testing.assert_allclose(made[1] / made[0], 0.2, rtol=0.1)
    assert made[0, -1] > 1980


def test_without_relatives_a_series_follows_itself():
    series = [np.linspace(10, 20, 40), np.linspace(50, 20, 30)]
    panel = Panel.of(series, season=12, horizon=3)
    alone = run_models(panel, ("share",))["share"]
    family = run_models(panel, ("share",), family=Family(np.array([-1, -1])))["share"]
    np.testing.assert_array_equal(alone, family)


def test_an_older_parent_gives_the_same_share_as_of_the_childs_life():
    parent = np.r_[np.full(40, 10.0), np.full(20, 100.0)]
    child = np.full(20, 30.0)
    panel = Panel.of([child, parent], season=12, horizon=2)
    made = panel.in_order(run_models(panel, ("share",), family=Family(np.array([1, -1])))["share"])
    np.testing.assert_allclose(made[0] / made[1], 0.3, rtol=0.02)


@pytest.mark.parametrize(("right", "least", "most"), [("share", 0.8, 1.0), ("own", 0.0, 0.15)])
def test_whoever_was_right_about_sums_is_followed(right: str, least: float, most: float):
    rng = np.random.default_rng(1)
    truth = rng.normal(100, 5, (18, 6, 4))
    forecasts = {"own": truth + 20.0, "share": truth - 20.0}
    forecasts[right] = truth + rng.normal(0, 1, truth.shape)
    weights = learn_weights(forecasts, truth, np.array([0, 0, 1, 1, 2, 2]))
    np.testing.assert_allclose(weights.sum(axis=0), 1.0)
    assert ((weights[1] >= least) & (weights[1] <= most)).all()


def test_before_anything_was_seen_the_parent_is_followed_a_little():
    nothing = np.full((3, 2, 4), np.nan)
    weights = learn_weights({"own": nothing, "share": nothing}, nothing, np.zeros(2, dtype=int))
    np.testing.assert_allclose(weights[1], FOLLOW)
