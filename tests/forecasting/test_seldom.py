"""What sells now and then: found, unless it has a season; drawn with its zeros and its mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforecast.forecasting.forecast import forecast
from salesforecast.forecasting.seldom import Seldom, sells_seldom
from salesforecast.hierarchy import Hierarchy
from tests.examples import examples

MONTHS = 72


def judged(*series: np.ndarray) -> list[bool]:
    values = np.stack(series, axis=1)
    return sells_seldom(values, np.ones_like(values, dtype=bool), 12).tolist()


def test_gaps_without_a_pattern_are_seldom_and_a_christmas_article_is_not():
    rng = np.random.default_rng(0)
    gaps = np.where(rng.random(MONTHS) < 0.3, rng.gamma(2, 10, MONTHS), 0.0)
    christmas = np.where(np.arange(MONTHS) % 12 >= 10, 50.0, 0.0)
    steady = 10 + rng.gamma(2, 10, MONTHS)
    assert judged(gaps, christmas, steady) == [True, False, False]


def test_months_before_the_first_sale_do_not_count():
    begun = np.concatenate([np.zeros(48), np.full(24, 5.0)])
    assert judged(begun, np.zeros(MONTHS)) == [False, True]


def test_few_random_sales_are_hardly_ever_taken_for_a_season():
    rng = np.random.default_rng(1)
    rare = (rng.random((400, 36)) < 0.2).astype(float)
    rare[:, 0] = 1.0
    assert np.mean(judged(*rare)) > 0.97


def of_chance(chance: float, leaves: int = 5) -> tuple[np.ndarray, Seldom]:
    rng = np.random.default_rng(2)
    sold = rng.random((leaves, 200)) < chance
    sales = np.where(sold, rng.gamma(3.0, 10.0, sold.shape), 0.0)
    return sales, Seldom.of(sales, 12)


def shares(leaves: int, steps: int = 1, draws: int = 2000) -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.random((draws, leaves, steps))


def test_draws_have_the_zeros_and_the_sizes_that_the_series_had():
    sales, seldom = of_chance(0.3)
    ahead = sales.mean(axis=1, keepdims=True)
    drawn = seldom.draws(ahead, shares(5))[:, :, 0]
    for i in range(5):
        own = drawn[:, i]
        assert np.mean(own > 0) == pytest.approx(np.mean(sales[i] > 0), abs=0.06)
        for level in (0.1, 0.5, 0.9):
            wanted = np.quantile(sales[i][sales[i] > 0], level)
            assert np.quantile(own[own > 0], level) == pytest.approx(wanted, rel=0.3)


@settings(max_examples=examples(50), deadline=None)
@given(ahead=st.floats(0, 1e4), chance=st.floats(0.02, 0.7))
def test_draws_have_the_mean_that_was_forecast_and_are_not_negative(ahead: float, chance: float):
    seldom = of_chance(chance)[1]
    wanted = np.full((len(seldom.at), 3), ahead)
    drawn = seldom.draws(wanted, shares(len(seldom.at), 3, draws=200))
    assert (drawn >= 0).all()
    np.testing.assert_allclose(drawn.mean(axis=0), wanted, rtol=1e-9, atol=1e-9)


def test_twice_the_forecast_is_more_often_and_more():
    seldom = of_chance(0.3)[1]
    usual = (seldom.chance * seldom.size)[:, None]
    once, twice = (seldom.draws(k * usual, shares(5)) for k in (1, 2))
    often = (twice > 0).mean() / (once > 0).mean()
    size = twice[twice > 0].mean() / once[once > 0].mean()
    assert often == pytest.approx(np.sqrt(2), rel=0.05)
    assert size == pytest.approx(np.sqrt(2), rel=0.05)


def test_a_leaf_with_returns_is_not_drawn_as_chance_times_size():
    sales = np.zeros((1, 40))
    sales[0, ::5] = 10.0
    sales[0, 7] = -3.0
    assert len(Seldom.of(sales, 12).at) == 0


def company(rng: np.random.Generator) -> tuple[pd.DataFrame, Hierarchy]:
    """One large steady leaf that grows by a tenth a year, and four that sell now and then."""
    periods = pd.date_range("2018-01-01", periods=MONTHS, freq="MS").astype("datetime64[us]")
    trend = 1.1 ** (np.arange(MONTHS) / 12)
    rows = {"a/large": 1000 * trend * (1 + 0.02 * rng.standard_normal(MONTHS))}
    for name in "wxyz":
        sold = rng.random(MONTHS) < 0.3
        rows[f"a/{name}"] = np.where(sold, trend * rng.gamma(4.0, 5.0, MONTHS), 0.0)
    frame = pd.DataFrame(rows, index=periods).rename_axis("period").reset_index()
    long = frame.melt(id_vars="period", var_name="node", value_name="sales").assign(product="All")
    tree = Hierarchy.of(sorted(rows), levels=("company", "region", "leaf"), label="All")
    return long[["node", "product", "period", "sales"]], tree


def test_what_sells_seldom_is_a_share_of_its_parent_and_mostly_zero_in_draws():
    history, tree = company(np.random.default_rng(4))
    cutoff = history["period"].max()
    made = forecast(history, tree, cutoff=cutoff, horizon=12, draws=400)
    weights = made.weights.xs("All", level="product")
    assert weights.loc["a/w", "share"].tolist() == [1.0]
    np.testing.assert_allclose(made.weights.sum(axis=1), 1.0)
    drawn = made.samples.values[:, [tree.leaves.get_loc(f"a/{one}") for one in "wxyz"]]
    assert 0.55 < np.mean(drawn == 0) < 0.8
    whole = made.frame.pivot_table(index="node", columns="period", values="forecast")
    np.testing.assert_allclose(made.samples.values.mean(axis=0), whole.loc[tree.leaves], rtol=1e-6)
