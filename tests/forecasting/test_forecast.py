"""Whole forecasts: coherent, honest about their mean, and independent of how rows are ordered."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesforecast.errors import DataError
from salesforecast.forecasting.forecast import DEFAULT, Forecast, forecast
from salesforecast.forecasting.origins import LEARNED
from salesforecast.hierarchy import Hierarchy
from salesforecast.tables import ALL_PRODUCTS

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


def frame_of(
    sales: dict[str, list[float]], *, freq: str = "MS", end: str = "2024-07-01"
) -> pd.DataFrame:
    """A history of one product from leaf to sales, all ending together."""
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "node": node,
                    "product": "All",
                    "period": pd.date_range(end=end, periods=len(values), freq=freq),
                    "sales": values,
                }
            )
            for node, values in sales.items()
        ],
        ignore_index=True,
    )


ODD_HISTORIES = {
    "one period": {"North/Anna": [5.0]},
    "two periods, one leaf": {"North/Anna": [5.0, 7.0]},
    "a year": {"North/Anna": [5.0 + i for i in range(12)], "North/Ben": [9.0] * 12},
    "zeros": {"North/Anna": [0.0] * 30, "North/Ben": [4.0] * 30},
    "nothing ever sold": {"North/Anna": [0.0] * 20},
    "one sale": {"North/Anna": [0.0] * 20 + [1e6] + [0.0] * 5, "North/Ben": [10.0] * 26},
    "returns": {"North/Anna": [5.0, -9, 4, -1, 3, -6] * 5, "North/Ben": [10.0] * 30},
    "a newcomer": {"North/Anna": [50.0, 60, 40] * 12, "North/Ben": [80.0]},
    "huge beside tiny": {"North/Anna": [1e12, 2e12] * 12, "North/Ben": [1e-3, 2e-3] * 12},
}


@pytest.mark.parametrize("name", ODD_HISTORIES)
def test_odd_histories_get_sane_forecasts(name: str):
    history = frame_of(ODD_HISTORIES[name])
    tree = Hierarchy.of(
        ["North/Anna", "North/Ben", "South/(open)"], levels=("all", "region", "leaf"), label="T"
    )
    made = forecast(history, tree, cutoff=pd.Timestamp("2024-07-01"), horizon=5, draws=30)
    largest = history["sales"].abs().max()
    ahead = made.frame["forecast"].to_numpy()
    assert np.isfinite(ahead).all()
    assert (np.abs(ahead) <= 3 * largest + 1e-9).all()
    assert np.isfinite(made.samples.values).all()
    assert made.samples.values.shape == (30, 3, 5)
    assert (made.samples.values[:, 2] == 0).all()  # nobody has sold there yet
    by_leaf = made.frame.groupby(["node", "period"])["forecast"].sum().unstack()
    mean = pd.DataFrame(made.samples.values.mean(axis=0), index=made.samples.leaves)
    np.testing.assert_allclose(mean.loc[by_leaf.index], by_leaf, rtol=1e-9, atol=1e-9 * largest)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_sales_that_are_no_numbers_are_refused_by_name(value: float):
    history = frame_of({"North/Anna": [5.0] * 14, "North/Ben": [4.0] * 6 + [value] + [4.0] * 7})
    tree = Hierarchy.of(["North/Anna", "North/Ben"], levels=("all", "region", "leaf"), label="T")
    with pytest.raises(DataError, match="not finite in 1 rows") as caught:
        forecast(history, tree, cutoff=pd.Timestamp("2024-07-01"), horizon=2, draws=5)
    assert "North/Ben" in str(caught.value)
    assert "2023-12-01" in str(caught.value)


FOUND = {
    "never sold anything": [0.0] * 20,
    "the same sales in every period": [7.0] * 20,
    "nearly all in one period": [0.0] * 12 + [1e6] + [0.0] * 7,
    "less than a year of history": [3.0, 5, 4, 6, 2, 7, 5],
}


@pytest.mark.parametrize("words", FOUND)
def test_series_with_little_to_go_on_are_named(words: str):
    usual = list(np.random.default_rng(0).gamma(5, 10, 20))
    history = frame_of({"North/Anna": FOUND[words], "North/Ben": usual})
    tree = Hierarchy.of(["North/Anna", "North/Ben"], levels=("all", "region", "leaf"), label="T")
    made = forecast(history, tree, cutoff=pd.Timestamp("2024-07-01"), horizon=3, draws=10)
    assert [words in found.what for found in made.findings] == [True]
    assert "North/Anna" in made.findings[0].where
    assert np.isfinite(made.frame["forecast"]).all()


def test_gaps_count_as_no_sales_and_are_said():
    history = frame_of({"North/Anna": [5.0, 6.0, 7.0] * 8, "North/Ben": [4.0, 5.0] * 12})
    gone = history[(history["node"] == "North/Ben") & (history["period"].dt.month == 3)]
    tree = Hierarchy.of(["North/Anna", "North/Ben"], levels=("all", "region", "leaf"), label="T")
    options = {"cutoff": pd.Timestamp("2024-07-01"), "horizon": 3, "draws": 10}
    made = forecast(history.drop(index=gone.index), tree, **options)
    assert [found.rows for found in made.findings if "without a row" in found.what] == [len(gone)]
    zeros = history.assign(sales=history["sales"].where(~history.index.isin(gone.index), 0.0))
    pd.testing.assert_frame_equal(made.frame, forecast(zeros, tree, **options).frame)


def test_what_sold_nothing_for_a_year_is_forecast_at_zero():
    history = frame_of({"North/Anna": [20.0] * 20 + [0.0] * 12, "North/Ben": [30.0, 50.0] * 16})
    tree = Hierarchy.of(["North/Anna", "North/Ben"], levels=("all", "region", "leaf"), label="T")
    made = forecast(history, tree, cutoff=pd.Timestamp("2024-07-01"), horizon=4, draws=20)
    of_anna = made.frame["node"] == "North/Anna"
    assert (made.frame.loc[of_anna, "forecast"] == 0).all()
    assert made.frame.loc[~of_anna, "forecast"].mean() == pytest.approx(40.0, rel=0.15)


@pytest.mark.parametrize(("freq", "end"), [("QS", "2024-07-01"), ("YS", "2024-01-01")])
def test_quarters_and_years_are_forecast_as_such(freq: str, end: str):
    history = frame_of({"North/Anna": [10.0, 20, 30, 40] * 5}, freq=freq, end=end)
    tree = Hierarchy.of(["North/Anna"], levels=("all", "region", "leaf"), label="T")
    made = forecast(history, tree, cutoff=pd.Timestamp(end), horizon=4, draws=20)
    months = {"QS": 3, "YS": 12}[freq]
    assert made.samples.periods[0] == pd.Timestamp(end) + pd.DateOffset(months=months)
    if freq == "QS":
        found = made.frame["forecast"].to_numpy()
        np.testing.assert_allclose(found, [10, 20, 30, 40], rtol=0.3)


@pytest.mark.parametrize(("freq", "season"), [("W-FRI", 52), ("D", 7)])
def test_weeks_and_days_keep_their_season(freq: str, season: int):
    sales = [100.0 + 50 * (i % season == 3) for i in range(2 * season + season // 2 + 20)]
    history = frame_of({"North/Anna": sales, "South/Ben": sales}, freq=freq, end="2024-07-05")
    tree = Hierarchy.of(["North/Anna", "South/Ben"], levels=("all", "region", "leaf"), label="T")
    made = forecast(
        history, tree, cutoff=pd.Timestamp("2024-07-05"), horizon=season, draws=20, models=("dotm",)
    )
    days = {"W-FRI": 7, "D": 1}[freq]
    assert made.samples.periods[0] == pd.Timestamp("2024-07-05") + pd.Timedelta(days=days)
    ahead = made.frame.loc[made.frame["node"] == "North/Anna", "forecast"].to_numpy()
    assert np.argmax(ahead) == (3 - len(sales)) % season
    assert ahead.max() > 1.2 * np.median(ahead)


def test_weights_of_every_series_add_up_to_one(result: Forecast):
    np.testing.assert_allclose(result.weights.sum(axis=1), 1.0)
    assert result.accuracy.loc["mean", "wape"] < result.accuracy["wape"].max()


def test_sums_are_forecast_with_learned_weights_and_leaves_are_not(
    history: pd.DataFrame, hierarchy: Hierarchy, result: Forecast
):
    shares = result.weights["learned"]
    bottom = len(LEAVES) * 2
    assert (shares.to_numpy()[:bottom] == 0).all()
    assert ((shares >= 0) & (shares <= 1)).all()
    assert shares["/", ALL_PRODUCTS, ""] > 0.5  # the company's past speaks softly against them
    plain = forecast(
        history, hierarchy, cutoff=CUTOFF, horizon=6, draws=2, models=("dotm", "share")
    )
    learned = forecast(
        history, hierarchy, cutoff=CUTOFF, horizon=6, draws=2, models=("dotm", "share", LEARNED)
    )
    np.testing.assert_allclose(learned.frame["base"], plain.frame["base"])
    assert np.abs(learned.frame["forecast"] - plain.frame["forecast"]).max() > 0.001


def test_a_sum_of_less_than_two_years_does_without_learned_weights(
    history: pd.DataFrame, hierarchy: Hierarchy
):
    late = history[history["period"] > CUTOFF - pd.DateOffset(months=20)]
    made = forecast(late, hierarchy, cutoff=CUTOFF, horizon=3, draws=2)
    assert (made.weights["learned"] == 0).all()
    plain = forecast(late, hierarchy, cutoff=CUTOFF, horizon=3, draws=2, models=DEFAULT[:-1])
    np.testing.assert_allclose(made.frame["forecast"], plain.frame["forecast"])


def test_learned_weights_alone_leave_nothing_for_leaves(
    history: pd.DataFrame, hierarchy: Hierarchy
):
    with pytest.raises(ValueError, match="sums only"):
        forecast(history, hierarchy, cutoff=CUTOFF, horizon=3, models=(LEARNED,))


def test_a_newcomer_gets_the_season_of_his_colleagues(result: Forecast, history: pd.DataFrame):
    """Dora has seven months; the season that all people share shows in her forecast."""
    bikes = result.frame[result.frame["product"] == "Bikes"]
    wide = bikes.pivot_table(index="node", columns="period", values="forecast")
    shape = wide.div(wide.mean(axis=1), axis=0)
    first = history["period"].min()
    month = (wide.columns.year - first.year) * 12 + wide.columns.month - first.month
    season = np.sin(2 * np.pi * month / 12)
    assert np.corrcoef(shape.loc["South/Dora"], season)[0, 1] > 0.6
