"""Questions to a plan: exact days, the drawn year, what it pays, what it hangs on, its pieces."""

import numpy as np
import pandas as pd
import pytest

from salesforecast import desk, outlook, workbench
from salesforecast.errors import DataError, ParameterError
from salesforecast.hierarchy import ROOT
from salesforecast.planning.appraise import Bonus, Tiers
from salesforecast.planning.changes import Assume, Shock
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.schemes import persons, read_schemes
from salesforecast.planning.what_if import WhatIf
from tests.conftest import ADVENTUREWORKS


@pytest.fixture(scope="module")
def year():
    return desk.open_year(ADVENTUREWORKS, first=pd.Timestamp("2012-09-01"), draws=200)


@pytest.fixture(scope="module")
def plan(year):
    return workbench.build_plan(year, Scenario(step=100, stretch=0.05, calendar="US"))


def test_days_tie_in_every_direction(plan):
    whole = outlook.days_of(plan)
    assert (whole.sum(axis=1) == plan.units["target"][whole.index]).all()
    assert (whole.iloc[0] == whole.iloc[1:].sum()).all()
    months = whole.T.groupby(whole.columns.to_period("M")).sum().T
    assert np.array_equal(months.loc[ROOT], plan.months.loc[ROOT])
    christmas = outlook.days_of(plan, "Europe", month=pd.Timestamp("2012-12-01"))
    assert christmas.loc["Europe", "2012-12-25"] == 0 < christmas.loc["Europe", "2012-12-27"]
    assert (christmas.loc["Europe"] == whole.loc["Europe", christmas.columns]).all()
    weeks = outlook.days_of(plan, "Europe", grain="week")
    assert (weeks.sum(axis=1) == outlook.days_of(plan, "Europe").sum(axis=1)).all()
    assert (pd.DatetimeIndex(weeks.columns).day_of_week == 0).all()
    with pytest.raises(ParameterError, match="did you mean 'Europe'"):
        outlook.days_of(plan, "Europa")
    with pytest.raises(ParameterError, match="the plan has no 2019-01"):
        outlook.days_of(plan, month=pd.Timestamp("2019-01-01"))


def test_the_drawn_year_is_that_of_the_forecast(year, plan):
    found = outlook.year_of(year, plan, draws=2000)
    assert found.units.loc[ROOT, "mean"] == pytest.approx(
        plan.units.loc[ROOT, "forecast"], rel=2e-3
    )
    assert found.units.loc[ROOT, "chance"] == pytest.approx(plan.chance_of_total, abs=0.06)


def test_a_file_of_schemes_pays_people_by_the_nearest_entry(year, plan, tmp_path):
    path = tmp_path / "schemes.toml"
    path.write_text(
        "[[tiers]]\nrates = [[0.0, 0.01], [1.0, 0.03]]\n[[tiers]]\nnode = 'Europe'\n"
        "rates = [[0.0, 0.02]]\n[[bonus]]\namount = 1000\nfactors = [[0.95, 0.5], [1.0, 1.0]]\n"
    )
    schemes = read_schemes(path, plan.hierarchy)
    paid = persons(plan.hierarchy)
    assert set(schemes) == set(paid) and not any("(online)" in leaf for leaf in schemes)
    for leaf, own in schemes.items():
        assert (
            own[0] == Tiers(((0.0, 0.02),))
            if leaf.startswith("Europe/")
            else len(own[0].rates) == 2
        )
        assert own[1] == Bonus(1000.0, ((0.95, 0.5), (1.0, 1.0)))
    found = outlook.pays(year, plan, schemes, budget=1e9, draws=1000)
    target = plan.units["target"][paid]
    target = target[target > 0]
    europe = target.index.str.startswith("Europe/")
    by_hand = target[europe].sum() * 0.02 + target[~europe].sum() * 0.01 + 1000 * len(target)
    at = found.at.set_index("attainment")["payout"]
    assert at[1.0] == pytest.approx(by_hand)
    assert at[0.9] == pytest.approx(0.9 * (by_hand - 1000 * len(target)))
    assert at[1.1] > at[1.0] and found.distribution["budget_kept"] == 1.0
    assert found.distribution["q05"] < found.distribution["mean"] < found.distribution["q95"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[tier]]\nrates = [[0, 1]]", "did you mean 'tiers'"),
        ("[[tiers]]\nrate = [[0, 1]]", "did you mean 'rates'"),
        ("[[tiers]]\nnode = 'Europa'\nrates = [[0, 1]]", "did you mean 'Europe'"),
        ("[[tiers]]\nrates = [[1, 0.1], [0, 0.2]]", "do not rise"),
        ("[[bonus]]\nfactors = [[1, 1]]", "lacks something"),
    ],
)
def test_schemes_that_cannot_be_are_refused(plan, tmp_path, text, words):
    path = tmp_path / "schemes.toml"
    path.write_text(text)
    with pytest.raises(ParameterError, match=f"(?s){words}"):
        read_schemes(path, plan.hierarchy)


def test_the_tornado_is_widest_first_and_takes_questions(year, plan):
    found = outlook.hangs_on(year, plan, [WhatIf("crisis", (Shock(0.5),))])
    assert (
        found.loc["crisis", "low"] < found.loc["crisis", "base"] / 2
        and found.loc["crisis", "high_change"] == 0
    )
    assert found["width"].is_monotonic_decreasing
    assert (found["landing_low"] <= found["landing_high"] + 1e-6).all()
    assert {"Europe", "Bikes", "prices"} <= set(found.index)
    ends = found.loc["Europe"]
    assert ends["landing_high"] - ends["landing_low"] == pytest.approx(
        plan.units.loc["Europe", "high80"] - plan.units.loc["Europe", "low80"], rel=1e-6
    )


def test_pieces_follow_the_money(year, plan):
    found = outlook.quantities_of(year, plan, follows="FY, version 1")
    assert found.scenario.measure == "quantity" and found.units.loc[ROOT, "target"] > 0
    assert found.months.sum(axis=1).equals(found.units["target"].rename(None))
    lines = year.loaded.lines
    recent = lines[(lines["period"] < "2012-09-01") & (lines["period"] >= "2011-09-01")]
    bikes = recent[recent["product"] == "Bikes"]
    price = bikes["amount"].sum() / bikes["quantity"].sum()
    asked = plan.targets.loc[plan.targets["product"] == "Bikes", "target"].sum()
    pieces = found.targets.loc[found.targets["product"] == "Bikes", "target"].sum()
    assert pieces == pytest.approx(asked / price, rel=1e-3)


def test_pieces_of_what_was_never_counted_are_refused(tiny_inputs):
    plan = workbench.build_plan(tiny_inputs, Scenario())
    with pytest.raises(DataError, match="never sold in pieces"):
        outlook.quantities_of(tiny_inputs, plan)


def test_the_same_file_gives_the_same_plan_and_other_data_is_refused(tiny_company, tmp_path):
    first = desk.open_year(
        tiny_company, first=pd.Timestamp("2025-07-01"), months=4, draws=60, seed=3
    )
    made = workbench.build_plan(first, desk.recorded(first, Scenario(seed=3, chance=0.6)))
    path = tmp_path / "scenario.toml"
    made.scenario.write(path)
    again = Scenario.read(path)
    inputs = desk.open_for(tiny_company, again)
    assert workbench.build_plan(inputs, again).targets.equals(made.targets)
    few = desk.open_year(tiny_company, first=pd.Timestamp("2025-07-01"), months=4, draws=50)
    with pytest.raises(DataError, match="50 futures were simulated"):
        workbench.build_plan(few, again)
    with pytest.raises(DataError, match="5 months from 2025-07"):
        longer = desk.open_year(tiny_company, first=pd.Timestamp("2025-07-01"), months=5, draws=60)
        workbench.build_plan(longer, again)
    with pytest.raises(ParameterError, match="other months than the scenario"):
        desk.open_for(tiny_company, again, months=5)
    table = tiny_company.parent / "orders.csv"
    before = table.read_bytes()
    try:
        table.write_bytes(before + b"2025-12-20,North,Ann,pens,1\n")
        with pytest.raises(DataError, match="not the file that the scenario was made from"):
            workbench.build_plan(desk.open_for(tiny_company, again), again)
    finally:
        table.write_bytes(before)


def test_a_what_if_that_asks_for_more_is_held_against_what_it_asks(year, plan):
    total = int(plan.units.loc[ROOT, "target"])
    found = outlook.hangs_on(year, plan, [WhatIf("more", (Assume({"total": 2 * total}),))])
    assert found.loc["more", "low"] < found.loc["more", "base"] == found.loc["more", "high"]
    assert found.loc["more", "landing_low"] == found.loc["more", "landing"]
