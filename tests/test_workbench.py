"""From order lines to a plan: exact at every node, product and month."""

from dataclasses import replace

import pandas as pd
import pytest

from salesforecast import workbench
from salesforecast.errors import DataError, InfeasibleError
from salesforecast.hierarchy import ROOT
from salesforecast.planning.corridors import Corridor
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Ceiling, Floor, GrowthBand, Lock


@pytest.fixture(scope="module")
def plan(adventureworks):
    return workbench.build_plan(adventureworks, Scenario(seed=0))


def _ties(plan):
    inner = plan.units.index[~plan.units["leaf"]]
    for column in plan.months.columns:
        month = plan.months[column]
        for node in inner:
            assert month[plan.hierarchy.children(node)].sum() == month[node]
    assert (plan.months.sum(axis=1) == plan.units["target"]).all()


def test_the_tiny_company_is_planned_as_by_hand(tiny_inputs):
    plan = workbench.build_plan(tiny_inputs, Scenario(total=2400, criterion="history"))
    leaf = plan.units[plan.units["leaf"]]
    assert leaf["label"].tolist() == ["Ann", "Bo", "Cy"]
    assert leaf["target"].tolist() == [400, 800, 1200]
    assert leaf["baseline"].round(6).tolist() == [495.0, 990.0, 1485.0]  # Jan to Mar 2025
    _ties(plan)


def test_targets_tie_out_up_and_across(plan, adventureworks):
    _ties(plan)
    expected = adventureworks.leaves["forecast"].sum() * 1.02
    assert plan.units.loc[ROOT, "target"] == round(expected)
    assert (plan.targets["target"] >= 0).all()


def test_months_known_without_products_are_what_the_products_add_up_to(adventureworks):
    first = f"{adventureworks.quarter[0]:%Y-%m}"
    for corridors in ((), (Corridor("Europe", first, most=1_000_000),)):
        plan = workbench.build_plan(adventureworks, Scenario(seed=0, corridors=corridors))
        summed = plan.targets.groupby(["node", "period"])["target"].sum().unstack()
        assert plan.leaf_months.index.equals(plan.hierarchy.leaves) or corridors
        assert (summed.loc[plan.leaf_months.index] == plan.leaf_months).all(axis=None)


def test_the_quarter_to_come_follows_the_bookings(plan, adventureworks):
    assert [f"{month:%Y-%m}" for month in plan.periods] == ["2013-09", "2013-10", "2013-11"]
    assert adventureworks.history.cutoff == pd.Timestamp("2013-08-01")


def test_limits_hold_after_rounding_and_locks_exactly(adventureworks):
    rules = (
        Floor("Europe/Germany", 900_000),
        Ceiling("North America/Canada", 400_000),
        Lock("Pacific", 1_500_000),
    )
    plan = workbench.build_plan(adventureworks, Scenario(rules=rules, step=1000))
    target = plan.units["target"]
    assert target["Europe/Germany"] >= 900_000
    assert target["North America/Canada"] <= 400_000
    assert target["Pacific"] == 1_500_000
    assert (plan.targets["target"] % 1000 == 0).all()
    assert len(plan.limits) == 3
    _ties(plan)


def test_a_corridor_of_many_is_lifted_as_one_wish_and_solved_once(tiny_inputs, monkeypatch):
    leaves, solved = tiny_inputs.hierarchy.leaves, []
    allocate = workbench.allocate
    monkeypatch.setattr(
        workbench, "allocate", lambda *a, **k: solved.append(k["rules"]) or allocate(*a, **k)
    )
    bands = tuple(GrowthBand(node, 0.05, 0.15, owner="Ann") for node in leaves)
    scenario = Scenario(total=3_300, criterion="equal uplift", rules=bands)
    limits = workbench.build_plan(tiny_inputs, scenario).limits.set_index("node")
    assert len(limits) == len(leaves) and [len(rules) for rules in solved] == [3, 0]
    free = workbench.build_plan(tiny_inputs, replace(scenario, rules=())).units["target"]
    moved = limits[limits["held_at"] != limits["would_be"]]
    assert len(moved) and (moved["would_be"] == free[moved.index]).all()


def test_a_limit_that_holds_nobody_costs_nothing_and_the_others_are_priced_one_by_one(
    tiny_inputs, monkeypatch
):
    first, second, third = tiny_inputs.hierarchy.leaves
    rules = (Floor(first, 1), Lock(second, 700), Lock(third, 1_300))
    scenario = Scenario(total=2_400, criterion="history", rules=rules)
    free = {
        rule.node: workbench.build_plan(
            tiny_inputs, replace(scenario, rules=tuple(set(rules) - {rule}))
        ).units.loc[rule.node, "target"]
        for rule in rules
    }
    plan, solved = workbench.build_plan(tiny_inputs, scenario), []
    allocate = workbench.allocate
    monkeypatch.setattr(
        workbench, "allocate", lambda *a, **k: solved.append(k["rules"]) or allocate(*a, **k)
    )
    assert len(plan.holding) == 2 and not solved
    assert plan.holding[0]()["would_be"] == free[second] and len(solved) == 1
    assert plan.limits.set_index("node")["would_be"].to_dict() == free and len(solved) == 2


def test_equal_chance_is_equal_where_no_limit_holds(plan, adventureworks):
    draws = adventureworks.draws
    often = draws.quantile(0.5, interpolation="higher") > 0.25 * draws.mean()
    leaf = plan.units[plan.units["leaf"] & (plan.units["limit"] == "")]
    free = leaf[often[leaf.index] & (leaf["forecast"] > 10_000)]
    assert len(free) > 10
    assert free["chance"].max() - free["chance"].min() < 0.02


def test_a_unit_that_sells_rarely_is_asked_for_its_forecast(plan, adventureworks):
    draws = adventureworks.draws
    idle = draws.quantile(0.5, interpolation="higher") <= 0.25 * draws.mean()
    leaf = plan.units.loc[idle.index[idle]]
    assert len(leaf) > 0
    assert (leaf["target"] - leaf["forecast"]).abs().max() <= 1
    assert any("sell rarely" in finding.what for finding in plan.findings)


def test_a_chance_gives_the_total(adventureworks):
    modest = workbench.build_plan(adventureworks, Scenario(chance=0.7))
    bold = workbench.build_plan(adventureworks, Scenario(chance=0.3))
    assert modest.units.loc[ROOT, "target"] < bold.units.loc[ROOT, "target"]
    assert modest.chance_of_total > bold.chance_of_total


def test_wishes_that_contradict_each_other_are_diagnosed(adventureworks):
    rules = (Ceiling("Europe", 100), Floor("Europe/Germany", 200, owner="Rachel Valdez"))
    with pytest.raises(InfeasibleError) as caught:
        workbench.build_plan(adventureworks, Scenario(rules=rules))
    words = str(caught.value)
    assert "Europe" in words
    assert "Germany" in words


def test_the_same_inputs_give_the_same_plan(adventureworks, plan):
    again = workbench.build_plan(adventureworks, Scenario(seed=0))
    pd.testing.assert_frame_equal(again.targets, plan.targets)


def test_every_unit_has_a_sentence_and_an_explanation_that_adds_up(plan):
    assert plan.units["sentence"].str.len().min() > 20
    assert (plan.explanation["target"] == plan.units["target"]).all()


def test_data_with_errors_is_refused_with_every_reason(tiny_company, tmp_path):
    lines = (tiny_company.parent / "orders.csv").read_text().splitlines()
    lines[3] = lines[3].replace("2024", "20x4", 1)
    lines[7] = lines[7].rsplit(",", 1)[0] + ",about 300"
    (tmp_path / "orders.csv").write_text("\n".join(lines))
    (tmp_path / "organisation.toml").write_text(tiny_company.read_text())
    with pytest.raises(DataError) as caught:
        workbench.prepare(tmp_path / "organisation.toml")
    assert "about 300" in str(caught.value)
    assert "20x4" in str(caught.value)


def test_hedges_are_assigned_and_targets_stay(adventureworks, plan):
    hedged = workbench.build_plan(adventureworks, replace(plan.scenario, hedge={"territory": 0.1}))
    assert hedged.units["target"].equals(plan.units["target"])
    leaf = hedged.units[hedged.units["leaf"] & (hedged.units["target"] > 1000)]
    assert (leaf["assigned"] / leaf["target"]).round(2).eq(1.1).all()
