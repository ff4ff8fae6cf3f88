"""Changed assumptions beside the plan: each case keeps the rest of the plan's assumptions."""

import pytest

from salesforecast.hierarchy import ROOT
from salesforecast.planning.scenario import Scenario
from salesforecast.reporting.report import is_house
from salesforecast.rules import Floor
from salesforecast.widgets import what_if


@pytest.fixture
def planned(tiny_inputs):
    return what_if.as_planned(tiny_inputs, Scenario(stretch=0.1))


def test_the_total_is_written_down_so_that_every_case_keeps_it(planned, tiny_inputs):
    cases = [planned, what_if.without_position(planned, "North/Ann")]
    beside = what_if.side_by_side(cases)
    totals = {plan.units.loc[ROOT, "target"] for plan in beside.plans.values()}
    assert totals == {round(tiny_inputs.leaves["forecast"].sum() * 1.1)}


def test_ten_per_cent_more_is_ten_per_cent_more(planned):
    case = what_if.more_total(planned, 0.10)
    assert case.name == "+10% total"
    assert case.scenario.total == round(planned.scenario.total * 1.1)


def test_who_goes_carries_nothing_and_the_others_carry_it(planned):
    beside = what_if.side_by_side([planned, what_if.without_position(planned, "North/Ann")])
    before, after = (plan.units["target"] for plan in beside.plans.values())
    assert after["North/Ann"] == 0
    assert after["North/Bo"] > before["North/Bo"]
    assert after[ROOT] == before[ROOT]
    assert planned.inputs.leaves.loc["North/Ann", "forecast"] > 0  # the inputs are left alone


def test_sales_of_who_goes_are_missing_from_the_chance(adventureworks):
    planned = what_if.as_planned(adventureworks, Scenario())
    node = next(leaf for leaf in adventureworks.hierarchy.leaves if leaf.endswith("Jae Pak"))
    beside = what_if.side_by_side([planned, what_if.without_position(planned, node)])
    assert beside.plans["without Jae Pak"].chance_of_total < beside.planned.chance_of_total


def test_a_cap_holds_its_unit_and_the_others_carry_the_rest(planned):
    case = what_if.capped(planned, "South", 0.01)
    plan = what_if.side_by_side([planned, case]).plans[case.name]
    most = planned.inputs.leaves.loc["South/Cy", "history"] * 1.01
    assert case.name == "South at most +1%"
    assert plan.units.loc["South", "target"] <= most
    assert plan.units.loc[ROOT, "target"] == planned.scenario.total


def test_a_case_without_a_plan_is_named_with_the_reason(tiny_inputs):
    base = Scenario(total=2_000, rules=(Floor("South", 1_000),))
    planned = what_if.as_planned(tiny_inputs, base)
    beside = what_if.side_by_side([planned, what_if.capped(planned, "South", -0.9)])
    assert list(beside.plans) == ["the plan"]
    (why,) = beside.refused.values()
    assert "South" in why
    assert "South at most −90%" in beside.html()


def test_the_table_has_three_columns_a_case_and_ties_out(adventureworks):
    planned = what_if.as_planned(adventureworks, Scenario())
    beside = what_if.side_by_side([planned, what_if.more_total(planned, 0.1)])
    table = beside.table(level="country")
    assert list(table.columns.get_level_values(1)) == ["target", "growth", "chance"] * 2
    groups = table[table.index.isin(adventureworks.hierarchy.children(ROOT))]
    for name in beside.plans:
        assert groups[name, "target"].sum() == table.loc[ROOT, (name, "target")]
    assert beside.html(level="country").count("data-node") == len(table)


def test_the_chart_has_a_panel_a_case_and_a_bar_a_unit(adventureworks):
    planned = what_if.as_planned(adventureworks, Scenario())
    cases = [planned, what_if.more_total(planned, 0.1), what_if.more_total(planned, -0.05)]
    beside = what_if.side_by_side(cases)
    rows = len(beside.table(level="country")) - 1  # the company itself has no bar
    assert beside.chart(level="country").count("<rect") == 2 * rows


def test_the_largest_position_is_a_person(adventureworks):
    plan = what_if.side_by_side([what_if.as_planned(adventureworks, Scenario())]).planned
    person = what_if.largest(plan, level="position")
    assert not is_house(plan.units.loc[person, "label"])
    assert plan.units.loc[what_if.largest(plan, level="group"), "depth"] == 1
    with pytest.raises(ValueError, match="no level 'galaxy'"):
        what_if.largest(plan, level="galaxy")
