"""Points and pay that can be worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforecast.errors import DataError
from salesforecast.planning.appraise import (
    Bonus,
    Criterion,
    PerPercent,
    ProRata,
    Steps,
    Tiers,
    payout,
    scorecard,
)

FIVE = Steps(((1.0, 15), (0.9, 12), (0.8, 9), (0.7, 6), (0.6, 3)))


@pytest.mark.parametrize(
    ("scoring", "attainment", "points"),
    [
        (ProRata(), 0.8, 16), (ProRata(), 1.3, 20), (ProRata(most=1.2), 1.3, 24),
        (ProRata(least=0.6), 0.59, 0),
        (FIVE, 1.0, 15), (FIVE, 0.999, 12), (FIVE, 0.6, 3), (FIVE, 0.59, 0),
        (PerPercent(2), 0.97, 14), (PerPercent(2), 0.973, 14), (PerPercent(2, whole=False), 0.973, 14.6),
        (PerPercent(2), 0.5, 0), (PerPercent(2, plus=1, most=5), 1.03, 23),
        (PerPercent(2, plus=1, most=5), 1.5, 25), (PerPercent(2), 1.0, 20),
    ],
)  # fmt: skip
def test_points_by_hand(scoring, attainment, points):
    assert scoring.points(np.array([attainment]), 20.0)[0] == pytest.approx(points)


@given(
    st.lists(st.floats(0, 3), min_size=2, max_size=20),
    st.sampled_from([ProRata(), FIVE, PerPercent(3, 1)]),
)
def test_more_attainment_never_costs_points(values, scoring):
    points = scoring.points(np.sort(values), 20.0)
    assert (np.diff(points) >= -1e-9).all() and (points >= 0).all()


def test_a_scorecard_weighs_ranks_and_leaves_out_what_is_not_known():
    attained = pd.DataFrame(
        {"revenue": [1.0, 0.9, np.nan], "collections": [0.95, 1.0, np.nan]}, index=["a", "b", "c"]
    )
    criteria = [Criterion("revenue", 60, ProRata()), Criterion("collections", 40, PerPercent(2))]
    card = scorecard(attained, criteria)
    assert card.loc["a", ["revenue", "collections", "total"]].tolist() == [60, 30, 90]
    assert card.loc["b", "total"] == pytest.approx(94)
    assert card["rank"].tolist()[:2] == [2, 1]
    assert pd.isna(card.loc["c", "total"]) and pd.isna(card.loc["c", "rank"])
    half = scorecard(attained.assign(collections=np.nan), criteria)
    assert half.loc["a", "share"] == 1.0
    with pytest.raises(DataError, match="does not fit"):
        scorecard(attained, [Criterion("profit", 100, ProRata())])


def test_commission_by_tier_with_and_without_a_cliff():
    rates = ((0.0, 0.01), (1.0, 0.02), (1.2, 0.05))
    sales, target = np.array([90.0, 100, 110, 130, -5]), np.full(5, 100.0)
    assert Tiers(rates).pay(sales, target).tolist() == pytest.approx([0.9, 1.0, 1.2, 1.9, 0])
    cliff = Tiers(rates, marginal=False).pay(sales, target)
    assert cliff.tolist() == pytest.approx([0.9, 2.0, 2.2, 6.5, 0])
    assert Tiers(rates).pay(np.array([50.0]), np.array([0.0])).tolist() == [0]


def test_bonus_by_step_or_smooth():
    factors = ((0.9, 0.5), (1.0, 1.0), (1.2, 1.5))
    sales, target = np.array([89.0, 90, 95, 100, 110, 300]), np.full(6, 100.0)
    assert Bonus(1000, factors).pay(sales, target).tolist() == [0, 500, 500, 1000, 1000, 1500]
    smooth = Bonus(1000, factors, smooth=True).pay(sales, target)
    assert smooth.tolist() == pytest.approx([0, 500, 750, 1000, 1250, 1500])


def test_what_a_plan_pays_out():
    targets = pd.Series({"a": 100, "b": 200, "house": 0})
    year = pd.DataFrame({"a": [80.0, 100, 120], "b": [200.0, 200, 400], "house": [9.0, 9, 9]})
    schemes = [Bonus(10), Tiers(((0.0, 0.01),))]
    found = payout(targets, year, schemes, budget=25)
    assert found.at["payout"].tolist() == pytest.approx([2.7, 23.0, 23.3])
    assert found.at["cost_share"].iloc[1] == pytest.approx(23 / 300)
    assert found.distribution["mean"] == pytest.approx((12.8 + 23.0 + 25.2) / 3)
    assert found.distribution["budget_kept"] == pytest.approx(2 / 3)
    assert found.units.loc["a", ["at_target", "mean"]].tolist() == pytest.approx([11, 23 / 3])
    own = payout(targets, year, {"a": [Bonus(10)], "b": [Bonus(100)]})
    assert own.at["payout"].tolist() == [0, 110, 110]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Tiers(((1.0, 0.02), (0.5, 0.01))),
        lambda: Bonus(-1),
        lambda: Steps(((0.9, 12), (1.0, 15))),
        lambda: payout(pd.Series({"a": 1}), pd.DataFrame({"b": [1.0]}), [Bonus(1)]),
        lambda: payout(pd.Series({"a": 1}), pd.DataFrame({"a": [1.0]}), {"b": [Bonus(1)]}),
    ],
)
def test_schemes_that_make_no_sense_are_refused(make):
    with pytest.raises(DataError):
        make()
