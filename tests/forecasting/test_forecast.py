"""Whole forecasts: coherent, honest about their mean, and independent of how rows are ordered."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.forecasting.forecast import Forecast, forecast
from salesforecast.hierarchy import Hierarchy

CUTOFF = pd.Timestamp("2024-08-01")
LEAVES = ("North/Anna", "North/Ben", "North/(online)", "South/Carl", "South/Dora", "South/(online)")


@pytest.fixture(scope="module")
def hierarchy() -> Hierarchy:
    return Hierarchy.of(LEAVES, levels=("company", "region", "position"), label="Tiny")


@pytest.fixture(scope="module")
def history() -> pd.DataFrame:
    """Two products, 32 months, a yearly season; Dora joined 7 months ago, one leaf sells rarely."""
    rng = np.random.default_rng(1)
    periods = pd.date_range("2022-01-01", CUTOFF, freq="MS").astype("datetime64[us]")
    season = 1 + 0.4 * np.sin(2 * np.pi * np.arange(len(periods)) / 12)
    frames = []
    for at, node in enumerate(LEAVES):
        for product, size in (("Bikes", 900.0), ("Clothes", 60.0)):
            sales = size * (1 + at) * season * rng.lognormal(0, 0.3, len(periods))
            if node == "South/(online)":
                sales *= rng.random(len(periods)) < 0.2
            first = len(periods) - 7 if node == "South/Dora" else 0
            frames.append(
                pd.DataFrame(
                    {
                        "node": node,
                        "product": product,
                        "period": periods[first:],
                        "sales": sales[first:],
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def result(history: pd.DataFrame, hierarchy: Hierarchy) -> Forecast:
    return forecast(history, hierarchy, cutoff=CUTOFF, horizon=6, draws=400)


def test_there_is_a_row_for_every_leaf_product_and_period(result: Forecast):
    assert len(result.frame) == len(LEAVES) * 2 * 6
    assert np.isfinite(result.frame["forecast"]).all()
    assert (result.frame["forecast"] >= 0).all()


def test_the_mean_of_the_draws_is_the_forecast(result: Forecast):
    samples = result.samples
    mean = pd.DataFrame(samples.values.mean(axis=0), index=samples.leaves, columns=samples.periods)
    by_leaf = result.frame.groupby(["node", "period"])["forecast"].sum().unstack()
    np.testing.assert_allclose(mean, by_leaf.loc[samples.leaves, samples.periods], rtol=1e-9)
    assert (samples.values >= 0).all()


def test_row_order_changes_nothing(history: pd.DataFrame, hierarchy: Hierarchy, result: Forecast):
    shuffled = history.sample(frac=1.0, random_state=3)
    again = forecast(shuffled, hierarchy, cutoff=CUTOFF, horizon=6, draws=400)
    pd.testing.assert_frame_equal(again.frame, result.frame)
    assert np.array_equal(again.samples.values, result.samples.values)


def test_another_seed_draws_other_futures_around_the_same_mean(
    history: pd.DataFrame, hierarchy: Hierarchy, result: Forecast
):
    other = forecast(history, hierarchy, cutoff=CUTOFF, horizon=6, draws=400, seed=1)
    pd.testing.assert_frame_equal(other.frame, result.frame)
    assert not np.array_equal(other.samples.values, result.samples.values)


def test_what_comes_after_the_cutoff_is_not_seen(history: pd.DataFrame, hierarchy: Hierarchy):
    early = pd.Timestamp("2023-12-01")
    whole = forecast(history, hierarchy, cutoff=early, horizon=3, draws=50)
    cut = forecast(
        history[history["period"] <= early], hierarchy, cutoff=early, horizon=3, draws=50
    )
    pd.testing.assert_frame_equal(whole.frame, cut.frame)
    assert np.array_equal(whole.samples.values, cut.samples.values)


def test_money_in_another_unit_gives_the_same_forecast(
    history: pd.DataFrame, hierarchy: Hierarchy, result: Forecast
):
    cents = forecast(
        history.assign(sales=history["sales"] * 100), hierarchy, cutoff=CUTOFF, horizon=6, draws=50
    )
    np.testing.assert_allclose(
        cents.frame["forecast"], result.frame["forecast"] * 100, rtol=1e-6, atol=1e-6
    )


def test_no_history_and_strange_nodes_are_refused(history: pd.DataFrame, hierarchy: Hierarchy):
    with pytest.raises(DataError, match="no history"):
        forecast(history, hierarchy, cutoff=pd.Timestamp("2020-01-01"), horizon=3)
    strange = history.assign(node="Nowhere/Nobody").drop_duplicates(["node", "product", "period"])
    with pytest.raises(DataError, match="no leaves"):
        forecast(strange, hierarchy, cutoff=CUTOFF, horizon=3)
