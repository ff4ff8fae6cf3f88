"""What-ifs beside the plan: named changes, each keeping the rest of the plan's assumptions."""

import pytest

from salesforecast import desk, outlook, workbench
from salesforecast.errors import ParameterError
from salesforecast.hierarchy import ROOT
from salesforecast.planning.changes import Assume, Leave, Limit, Shock
from salesforecast.planning.changes_zh import said
from salesforecast.planning.reshape import Merge
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.what_if import CHANGES, WhatIf, make
from salesforecast.reporting.report import is_house
from salesforecast.rules import Floor
from salesforecast.widgets import what_if
from salesforecast.widgets.questions import Questions


@pytest.fixture
def planned(tiny_inputs):
    return desk.keeping_total(tiny_inputs, Scenario(stretch=0.1))


def test_the_total_is_written_down_so_that_every_question_keeps_it(planned, tiny_inputs):
    gone = WhatIf("without Ann", (Leave("North/Ann"),))
    beside = Questions(tiny_inputs, planned, [gone]).beside
    totals = {plan.units.loc[ROOT, "target"] for plan in beside.plans.values()}
    assert totals == {round(tiny_inputs.leaves["forecast"].sum() * 1.1)}


@pytest.mark.parametrize("criterion", ["equal chance", "history", "equal growth"])
def test_who_goes_carries_nothing_and_the_others_carry_it(tiny_inputs, criterion):
    scenario = desk.keeping_total(tiny_inputs, Scenario(stretch=0.1, criterion=criterion))
    gone = WhatIf("without Ann", (Leave("North/Ann"),))
    beside = Questions(tiny_inputs, scenario, [gone]).beside
    before, after = (plan.units["target"] for plan in beside.plans.values())
    assert after["North/Ann"] == 0 and after["North/Bo"] > before["North/Bo"]
    assert after[ROOT] == before[ROOT]
    assert tiny_inputs.leaves.loc["North/Ann", "forecast"] > 0  # the inputs are left alone


def test_sales_that_nobody_keeps_are_missing_from_the_chance(adventureworks):
    scenario = desk.keeping_total(adventureworks, Scenario())
    node = next(leaf for leaf in adventureworks.hierarchy.leaves if leaf.endswith("Jae Pak"))
    questions = [WhatIf(f"{kept}", (Leave(node, kept=kept),)) for kept in (0.0, 0.6)]
    beside = Questions(adventureworks, scenario, questions).beside
    chances = {name: plan.chance_of_total for name, plan in beside.plans.items()}
    assert chances["0.0"] < chances["0.6"] < chances["the plan"]


def test_a_question_without_a_plan_is_named_with_the_reason(tiny_inputs):
    base = Scenario(total=2_000, rules=(Floor("South", 1_000),))
    capped = WhatIf("South capped", (Limit("ceiling", "South", 100),))
    beside = Questions(tiny_inputs, base, [capped]).beside
    assert list(beside.plans) == ["the plan"]
    (why,) = beside.refused.values()
    assert "South" in why and "South capped" in beside.html()
    with pytest.raises(ParameterError, match="did you mean 'South'"):
        wrong = WhatIf("x", (Limit("ceiling", "Sout", 100),))
        Questions(tiny_inputs, base, [wrong])


def test_the_table_has_three_columns_a_plan_and_ties_out(adventureworks):
    scenario = desk.keeping_total(adventureworks, Scenario())
    more = WhatIf("+10% total", (Assume({"total": round(scenario.total * 1.1)}),))
    beside = Questions(adventureworks, scenario, [more]).beside
    table = beside.table(level="country")
    assert list(table.columns.get_level_values(1)) == ["target", "growth", "chance"] * 2
    groups = table[table.index.isin(adventureworks.hierarchy.children(ROOT))]
    for name in beside.plans:
        assert groups[name, "target"].sum() == table.loc[ROOT, (name, "target")]
    assert beside.html(level="country").count("data-node") == len(table)
    rows = len(table) - 1  # the company itself has no bar
    assert beside.chart(level="country").count("<rect") == rows


def test_units_that_only_one_plan_has_stand_beside_their_neighbours(adventureworks):
    scenario = desk.keeping_total(adventureworks, Scenario())
    merged = WhatIf("merged", (Merge(("Europe/France", "Europe/Germany"), "Continent"),))
    beside = Questions(adventureworks, scenario, [merged]).beside
    order = list(beside.rows(level="country").index)
    assert order.index("Europe/Continent") < order.index("North America")
    table = beside.table(level="country")
    assert (
        table.loc["Europe/France", ("merged", "target")]
        != table.loc["Europe/France", ("the plan", "target")]
    )
    whole = table.loc[["Europe/France", "Europe/Germany"], ("the plan", "target")].sum()
    assert table.loc["Europe/Continent", ("merged", "target")] == pytest.approx(whole, rel=0.05)
    assert "Continent" in beside.html(level="country") and beside.chart(level="country")


def test_the_tornado_is_drawn_in_both_languages(tiny_inputs, planned):
    plan = workbench.build_plan(tiny_inputs, planned)
    crisis = WhatIf("crisis", (Shock(0.5),))
    for language, words in (("en", "sales in the company change"), ("zh", "全公司销售变动 -50.0%")):
        found = outlook.hangs_on(tiny_inputs, plan, [crisis], language=language)
        drawn = what_if.tornado_chart(found, language=language)
        assert drawn.count("<rect") == len(found) and words in drawn


def test_every_kind_of_change_has_chinese_words():
    settings = {
        "assume": {"settings": {"total": 5}}, "cap": {"amount": 5, "unit": "pieces"},
        "hire": {"node": "a"}, "leave": {"leaf": "a"}, "limit": {"kind": "floor", "node": "a", "amount": 1},
        "merge": {"nodes": ["a", "b"], "label": "c"}, "new_region": {"path": "a", "like": ["b"]},
        "price": {"change": 0.1, "elasticity": -1}, "promotion": {"uplift": 0.1, "old": "2013-01", "new": "2013-02"},
        "rename": {"node": "a", "label": "b"}, "shock": {"factor": 0.9}, "slip": {"product": "p", "months": 2},
        "split": {"node": "a", "parts": {"b": ["c"]}},
    }  # fmt: skip
    assert set(settings) == set(CHANGES)
    for kind, values in settings.items():
        change = make({"what": kind, **values}, kind)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in said(change, "zh")), kind
        assert said(change) == change.words()


def test_the_largest_position_is_a_person(adventureworks):
    plan = workbench.build_plan(adventureworks, Scenario())
    person = what_if.largest(plan, level="position")
    assert not is_house(plan.units.loc[person, "label"])
    assert plan.units.loc[what_if.largest(plan, level="group"), "depth"] == 1
    with pytest.raises(ValueError, match="no level 'galaxy'"):
        what_if.largest(plan, level="galaxy")
