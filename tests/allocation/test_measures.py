"""What must hold of every measure, and figures that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforecast.allocation.measures import (
    atoms,
    chances,
    expected_share_attaining,
    fairness,
    gains_and_losses,
    gini,
    jain,
    price_of_fairness,
    shares_attaining,
    worst_off,
)
from salesforecast.errors import DataError, ParameterError
from salesforecast.hierarchy import Hierarchy

TREE = Hierarchy.of(["A/x", "A/y", "B/z"], levels=["company", "region", "position"], label="Tiny")
DRAWS = pd.DataFrame(
    {"A/x": [10, 20, 30, 40], "A/y": [40, 30, 20, 10], "B/z": [0, 0, 0, 8]}, dtype=float
)
TARGETS = pd.Series({"A/x": 25, "A/y": 25, "B/z": 5})

amounts = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=30)


def test_chances_come_from_summed_draws_at_every_level():
    found = chances(TARGETS, DRAWS, TREE)
    assert found.to_dict() == {
        "/": 0.25,  # 50, 50, 50, 58 against 55
        "A": 1.0,  # always 50
        "A/x": 0.5,
        "A/y": 0.5,
        "B": 0.25,
        "B/z": 0.25,
    }


def test_a_chance_does_not_depend_on_the_order_of_columns_or_rows():
    mixed = DRAWS[["B/z", "A/y", "A/x"]]
    pd.testing.assert_series_equal(
        chances(TARGETS[::-1], mixed, TREE), chances(TARGETS, DRAWS, TREE)
    )


@given(st.integers(0, 2**32 - 1))
def test_sums_that_are_known_give_the_same_chances_to_a_hair(seed):
    rng = np.random.default_rng(seed)
    draws = pd.DataFrame(rng.integers(0, 9, (40, 3)) / 10, columns=TREE.leaves)
    targets = pd.Series(rng.integers(0, 9, 3) / 10, index=TREE.leaves)  # often met exactly
    sums = TREE.summing @ draws.to_numpy().T
    pd.testing.assert_series_equal(
        chances(targets, draws, TREE, sums=sums), chances(targets, draws, TREE)
    )


@given(st.integers(0, 2**32 - 1))
def test_a_higher_target_never_has_a_higher_chance(seed):
    rng = np.random.default_rng(seed)
    draws = pd.DataFrame(rng.gamma(2, 50, (50, 3)), columns=TREE.leaves)
    low = pd.Series(rng.integers(0, 200, 3), index=TREE.leaves)
    high = low + rng.integers(0, 50, 3)
    assert (chances(high, draws, TREE) <= chances(low, draws, TREE)).all()
    assert chances(low * 0, draws, TREE).eq(1.0).all()


def test_draws_of_other_units_are_refused():
    with pytest.raises(DataError, match="draws are not on the leaves"):
        chances(TARGETS, DRAWS.rename(columns={"B/z": "B/q"}), TREE)


def test_the_expected_share_is_the_mean_chance_of_those_who_are_asked():
    assert expected_share_attaining(TARGETS, DRAWS) == pytest.approx((0.5 + 0.5 + 0.25) / 3)
    assert expected_share_attaining(TARGETS.where(TARGETS > 5, 0), DRAWS) == pytest.approx(0.5)
    assert np.isnan(expected_share_attaining(TARGETS * 0, DRAWS))
    assert shares_attaining(TARGETS, DRAWS).mean() == pytest.approx(1.25 / 3)


def test_units_that_sell_one_amount_in_many_draws_are_atoms():
    assert atoms(DRAWS).to_dict() == {"B/z": 0.75}
    assert atoms(DRAWS[["A/x", "A/y"]]).empty


def test_inequality_by_hand():
    assert gini(np.array([1.0, 1.0, 1.0])) == 0
    assert gini(np.array([0.0, 0.0, 0.0, 4.0])) == 0.75
    assert jain(np.array([1.0, 1.0])) == 1
    assert jain(np.array([0.0, 0.0, 0.0, 4.0])) == 0.25
    assert worst_off(np.array([1.0, 3.0])) == pytest.approx(2 / 3)


@given(amounts, st.floats(0.01, 100))
def test_inequality_stays_in_its_range_and_ignores_the_currency(values, factor):
    x = np.array(values)
    assert -1e-12 <= gini(x) < 1
    assert 1 / len(x) - 1e-9 <= jain(x) <= 1 + 1e-9
    assert 0 < worst_off(x) <= 1
    assert gini(x * factor) == pytest.approx(gini(x), abs=1e-9)
    assert jain(x * factor) == pytest.approx(jain(x))
    whole = np.abs(x[:, None] - x[None, :]).sum() / (2 * len(x) ** 2 * x.mean())
    assert gini(x) == pytest.approx(whole, abs=1e-9)


def test_the_report_of_a_small_company():
    forecast = pd.Series({"A/x": 20.0, "A/y": 25.0, "B/z": 0.0})
    baseline = pd.Series({"A/x": 10.0, "A/y": 30.0, "B/z": 15.0})
    report = fairness(TARGETS, TREE, forecast=forecast, baseline=baseline, draws=DRAWS)
    assert report.units.at["A/x", "stretch"] == pytest.approx(0.25)
    assert np.isnan(report.units.at["B/z", "stretch"])  # no forecast, no stretch
    assert report.units.at["A", "growth"] == pytest.approx(0.25)
    assert report.units["habit"].tolist() == pytest.approx([55, 40, 10, 30, 15, 15])
    assert report.summary["moved"] == 15
    assert report.summary["chance_of_total"] == 0.25
    assert report.summary["atoms"] == 1
    assert report.summary["worst_off"] == pytest.approx((1.25 + 1) / 2 / 1.25)
    assert report.levels.loc["position", "units"] == 3
    assert report.levels.loc["region", "chance_high"] == 1.0
    by_last = fairness(TARGETS, TREE, forecast=forecast, baseline=baseline, basis="baseline")
    assert by_last.summary["gini"] > report.summary["gini"]
    assert np.isnan(by_last.summary["chance_of_total"])


def test_a_basis_that_was_not_given_is_refused():
    with pytest.raises(ParameterError, match="over 'capacity'"):
        fairness(TARGETS, TREE, forecast=TARGETS.astype(float), basis="capacity")


def test_gains_and_losses_add_up_to_nothing():
    other = pd.Series({"A/x": 20, "A/y": 35, "B/z": 0})
    found = gains_and_losses(TARGETS, other, TREE)
    assert found.loc[TREE.leaves, "change"].sum() == 0
    assert found.loc["A", "change"] == -5
    assert found.index[0] == "A/y"
    assert np.isnan(found.at["B/z", "change_share"])


def test_the_price_of_fairness():
    found = price_of_fairness(TARGETS, pd.Series({"A/x": 10, "A/y": 10, "B/z": 35}), DRAWS)
    assert found["efficient"] == pytest.approx(2 / 3)
    assert found["price"] == pytest.approx(1 - (1.25 / 3) / (2 / 3))
