"""Each what-if does what it says, to the cell; nothing else moves; all can be taken back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforecast.errors import ParameterError
from salesforecast.hierarchy import ROOT, Hierarchy
from salesforecast.planning.basis import Basis
from salesforecast.planning.changes import (
    Assume,
    CapPlant,
    Hire,
    Leave,
    Limit,
    MovePromotion,
    Price,
    Shock,
    Slip,
)
from salesforecast.planning.decision import Headcount
from salesforecast.planning.reshape import Merge, NewRegion, Rename, Split
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.what_if import WhatIf, make, tornado
from salesforecast.rules import Capacity, Ceiling, Floor, Lock
from salesforecast.tables import FORECAST, HISTORY, Samples

TREE = Hierarchy.of(
    ["w/a", "w/b", "w/(online)", "s/c"], levels=("company", "region", "person"), label="Company"
)
MONTHS = pd.date_range("2024-01-01", periods=6, freq="MS", unit="us")
PAST = MONTHS - pd.DateOffset(years=1)
MEANS = {"w/a": 100.0, "w/b": 200.0, "w/(online)": 50.0, "s/c": 300.0}


def _basis(scenario=None):
    rows = [
        {"node": leaf, "product": product, "period": month, "base": 1.0,
         "forecast": MEANS[leaf] * part * (1 + at / 10)}
        for leaf in TREE.leaves
        for product, part in (("Bikes", 0.75), ("Helmets", 0.25))
        for at, month in enumerate(MONTHS)
    ]  # fmt: skip
    frame = FORECAST.check(pd.DataFrame(rows))
    past = frame.assign(period=frame["period"] - pd.DateOffset(years=1), sales=frame["forecast"])
    mean = frame.groupby(["node", "period"])["forecast"].sum().unstack().loc[TREE.leaves]
    noise = np.random.default_rng(0).gamma(25, 1 / 25, (500, 4, 6))
    noise /= noise.mean(axis=0)
    samples = Samples(noise * mean.to_numpy(), TREE.leaves, MONTHS)
    return Basis(scenario or Scenario(), TREE, frame, samples, HISTORY.check(past))


BASIS = _basis()


def _sum(basis, **where):
    frame = basis.forecast
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return frame["forecast"].sum()


def _consistent(basis):
    """The draws keep the means, cell by cell, and every frame has the tree's leaves."""
    wide = basis.forecast.groupby(["node", "period"])["forecast"].sum().unstack()
    mean = pd.DataFrame(
        basis.samples.values.mean(axis=0), basis.samples.leaves, basis.samples.periods
    )
    assert np.allclose(mean.loc[wide.index, wide.columns], wide, rtol=1e-9, atol=1e-6)
    assert set(wide.index) <= set(basis.hierarchy.leaves)
    assert basis.samples.leaves.equals(basis.hierarchy.leaves)
    assert set(basis.history["node"]) <= set(basis.hierarchy.leaves)


def test_a_shock_touches_its_unit_product_and_window_only():
    after = Shock(0.5, node="w", product="Bikes", first="2024-02", last="2024-03").apply(BASIS)
    change = BASIS.forecast["forecast"] - after.forecast["forecast"]
    hit = BASIS.forecast[change > 0]
    assert set(hit["node"]) == {"w/a", "w/b", "w/(online)"}
    assert set(hit["product"]) == {"Bikes"} and set(hit["period"]) == set(MONTHS[1:3])
    assert change.sum() == pytest.approx(350 * 0.75 * 0.5 * (1.1 + 1.2))
    _consistent(after)


def test_a_price_moves_money_and_quantity_by_the_elasticity():
    money = Price(0.05, elasticity=-2).apply(BASIS)
    assert _sum(money) == pytest.approx(_sum(BASIS) * 1.05 ** (-1))
    pieces = Price(0.05, elasticity=-2, measure="quantity").apply(BASIS)
    assert _sum(pieces) == pytest.approx(_sum(BASIS) * 1.05 ** (-2))
    _consistent(money)


def test_a_launch_that_slips_brings_nothing_before():
    after = Slip("Helmets", 2).apply(BASIS)
    assert _sum(after, product="Helmets", period=MONTHS[0]) == 0
    for late, early in zip(MONTHS[2:], MONTHS, strict=False):
        assert _sum(after, product="Helmets", period=late) == pytest.approx(
            _sum(BASIS, product="Helmets", period=early)
        )
    assert _sum(after, product="Bikes") == pytest.approx(_sum(BASIS, product="Bikes"))
    _consistent(after)


def test_a_promotion_moves_without_a_trace():
    there = MovePromotion(0.3, "2024-02", "2024-05", product="Bikes")
    back = MovePromotion(0.3, "2024-05", "2024-02", product="Bikes")
    moved = there.apply(BASIS)
    assert _sum(moved, period=MONTHS[4]) > _sum(BASIS, period=MONTHS[4])
    assert np.allclose(back.apply(moved).forecast["forecast"], BASIS.forecast["forecast"])
    _consistent(moved)


def test_people_who_join_learn_first_and_take_some_from_the_others():
    scenario = Scenario(headcount=(Headcount("w", "visits", {"w": 0.1}, 10),))
    after = Hire("w", 2, start="2024-02", ramp=1, new=0.5).apply(_basis(scenario))
    assert "w/(new 1)" in after.hierarchy.leaves and "w/(new 2)" in after.hierarchy.leaves
    new = after.forecast[after.forecast["node"] == "w/(new 1)"].groupby("period")["forecast"].sum()
    assert new[MONTHS[0]] == 0
    assert new[MONTHS[1]] == pytest.approx(150 * 1.1 / 2)
    assert new[MONTHS[2]] == pytest.approx(150 * 1.2)
    assert _sum(after) - _sum(BASIS) == pytest.approx(new.sum())  # half of two people
    assert after.scenario.headcount[0].people[0]["count"] == 2
    _consistent(after)


def test_a_person_who_leaves_passes_a_part_on():
    after = Leave("w/a", start="2024-04", kept=0.5).apply(BASIS)
    lost = 100 * (1.3 + 1.4 + 1.5)
    assert _sum(after) == pytest.approx(_sum(BASIS) - lost / 2)
    assert _sum(after, node="w/a", period=MONTHS[3]) == 0
    assert _sum(after, node="w/b") - _sum(BASIS, node="w/b") == pytest.approx(lost / 2 * 200 / 250)
    _consistent(after)


def test_limits_and_assumptions_change_the_scenario_only():
    capped = CapPlant(1000, "pieces", {"w": 0.1}).apply(BASIS)
    assert capped.scenario.rules == (Capacity(ROOT, 1000, "pieces", {"w": 0.1}, reason="what-if"),)
    limited = Limit("ceiling", "w", 500).apply(BASIS)
    assert limited.scenario.rules[0].amount == 500
    assert Limit("ceiling", "w").apply(limited).scenario == BASIS.scenario
    assert Assume({"chance": 0.6}).apply(BASIS).scenario == Scenario(chance=0.6)
    assert limited.forecast.equals(BASIS.forecast)


RULED = _basis(
    Scenario(rules=(Floor("w", 10), Floor("s", 5), Lock("w/a", 3), Capacity("/", 9, "d", {"w": 1, "s": 1})))
)  # fmt: skip


def test_merged_regions_keep_every_sum_and_their_limits():
    after = Merge(["w", "s"], "all").apply(RULED)
    assert list(after.hierarchy.children(ROOT)) == ["all"]
    assert _sum(after) == pytest.approx(_sum(BASIS))
    assert after.scenario.rules == (
        Floor("all", 15), Lock("all/a", 3), Capacity("/", 9, "d", {"all": 1}),
    )  # fmt: skip
    assert np.allclose(after.samples.values.sum(), BASIS.samples.values.sum())
    _consistent(after)


def test_split_and_rename_can_be_taken_back():
    apart = Split("w", {"north": ["a"], "east": ["b", "(online)"]}).apply(BASIS)
    assert "north/a" in apart.hierarchy.leaves and "east/(online)" in apart.hierarchy.leaves
    again = Merge(["north", "east"], "w").apply(apart)
    assert again.hierarchy == BASIS.hierarchy
    assert np.allclose(again.forecast["forecast"], BASIS.forecast["forecast"])
    renamed = Rename("w", "West").apply(RULED)
    assert renamed.scenario.rules[0] == Floor("West", 10)
    assert Rename("West", "w").apply(renamed).scenario == RULED.scenario
    _consistent(apart)
    _consistent(renamed)


def test_a_new_region_borrows_its_profile_and_is_less_certain():
    after = NewRegion("n/(open)", like=["w", "s"], size=0.5, floor=7).apply(BASIS)
    assert _sum(after, node="n/(open)") == pytest.approx((_sum(BASIS)) / 2 * 0.5)
    new = after.samples.values[:, after.hierarchy.leaves.get_loc("n/(open)")].sum(axis=1)
    both = BASIS.samples.values.sum(axis=(1, 2))
    assert new.std() / new.mean() > 1.5 * both.std() / both.mean()
    assert after.scenario.rules == (Floor("n/(open)", 7, reason="a new region's floor"),)
    _consistent(after)


CHANGE = st.sampled_from(
    [
        Shock(0.9, node="w"), Price(-0.1, -1.5, product="Bikes"), Slip("Bikes", 1),
        MovePromotion(0.2, "2024-01", "2024-02"), CapPlant(10, "pieces"), Limit("floor", "s", 9),
        Leave("w/b"), Hire("s"), Rename("w/a", "Ann"), NewRegion("n/(open)", ("s",)),
        Merge(("w", "s"), "all"), Split("w", {"n2": ("a",), "e": ("b", "(online)")}),
        Assume({"stretch": 0.1}),
    ]
)  # fmt: skip


@settings(max_examples=max(settings().max_examples // 4, 1))
@given(st.lists(CHANGE, max_size=4))
def test_any_changes_compose_and_leave_the_basis_alone(changes):
    frame, values = BASIS.forecast.copy(), BASIS.samples.values.copy()
    question = WhatIf("random", tuple(changes))
    try:
        _consistent(question.apply(BASIS))
    except ParameterError as error:
        assert "change" in error.where  # one change took away what another names
    assert BASIS.forecast.equals(frame) and np.array_equal(BASIS.samples.values, values)
    shorter = question.then(Shock(0.5))
    assert shorter.without(len(changes) + 1) == question


def test_a_what_if_reads_back_equal(tmp_path):
    question = WhatIf(
        "spring",
        (
            Shock(0.9, node="w"), CapPlant(10, "pieces", {"w": 0.5}), Merge(("w", "s"), "all"),
            Split("w", {"n": ("a",), "e": ("b", "(online)")}), Assume({"total": 900}),
            NewRegion("n/(open)", ("s",), floor=3), Limit("lock", "w/a"),
        ),
    )  # fmt: skip
    question.write(tmp_path / "what_if.toml")
    assert WhatIf.read(tmp_path / "what_if.toml") == question
    assert "sales in w change by -10.0%" in question.words()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Shock(0.9, node="x"), "no unit 'x'"),
        (Shock(0.9, product="Bike"), "did you mean 'Bikes'"),
        (Shock(0.9, first="2030-01"), "touches no period"),
        (Shock(0.9, first="soon"), "is no month"),
        (Limit("floor", "w"), "no floor on 'w'"),
        (Merge(("w", "s/c"), "x"), "below the same parent"),
        (Split("w", {"n": ("a",)}), "each of its children once"),
        (Rename("w", "s"), "cannot be called"),
        (Hire("/"), "nobody right below"),
        (NewRegion("w/a", ("s",)), "already"),
        (Assume({"totl": 3}), "did you mean 'total'"),
    ],
)
def test_what_does_not_fit_is_named(change, words):
    with pytest.raises(ParameterError, match=words):
        WhatIf("q", (change,)).apply(BASIS)


def test_a_limit_that_cannot_follow_is_named():
    only_one = _basis(Scenario(rules=(Ceiling("w", 10),)))
    with pytest.raises(ParameterError, match="cannot follow"):
        Merge(["w", "s"], "all").apply(only_one)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"what": "shok"}, "did you mean 'shock'"),
        ({"what": "shock", "factr": 1}, "did you mean 'factor'"),
        ({"what": "shock"}, "lacks something"),
    ],
)
def test_unknown_changes_are_refused(entry, words):
    with pytest.raises(ParameterError, match=words):
        make(entry, "here")


def test_a_tornado_shows_the_widest_assumption_first():
    found = tornado(
        BASIS,
        {"weather": (Shock(0.99), Shock(1.01)), "crisis": (Shock(0.8), Shock(1.1))},
        value=_sum,
    )
    assert found.index.tolist() == ["crisis", "weather"]
    assert found.loc["crisis", "low_change"] == pytest.approx(-0.2 * _sum(BASIS))
