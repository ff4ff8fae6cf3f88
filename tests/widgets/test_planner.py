"""The widgets show the session and follow it; tested headless, on the real functions."""

import re

import pytest

from salesforecast.hierarchy import ROOT
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Ceiling, Floor, Lock
from salesforecast.widgets.charts import (
    STRIP_ROWS,
    fairness_strip,
    history_chart,
    people,
    quarters,
    round_tick,
    strip_rows,
)
from salesforecast.widgets.planner import Planner, months_html
from salesforecast.widgets.scenario_editor import read_amount, slider_step
from salesforecast.widgets.session import Session
from salesforecast.widgets.target_grid import shown_units
from salesforecast.widgets.words import CRITERIA


@pytest.fixture
def planner(adventureworks, tmp_path):
    return Planner(Session(adventureworks), save_to=tmp_path / "scenario.toml")


def _target(planner, node):
    row = re.search(f'data-node="{re.escape(node)}">(.*?)</tr>', planner.grid.table.value)[1]
    return re.search(r'<td class="sf-target[^"]*">(?:<svg.*?</svg> )?([^<]*)</td>', row)[1]


def _shown(planner, node):
    return planner.session.wording.amount(planner.session.plan.units.loc[node, "target"])


def test_showing_a_plan_changes_nothing(planner):
    assert planner.session.scenario == Scenario()
    assert not planner.session.can_undo


def test_the_slider_moves_every_target_on_the_screen(planner):
    before = planner.grid.table.value
    planner.editor.slider.value += 3 * planner.editor.slider.step
    session = planner.session
    assert session.total == planner.editor.slider.value * session.divisor
    assert planner.editor.total.value * session.divisor == session.total
    assert planner.grid.table.value != before
    for node in planner.grid.nodes:
        assert _target(planner, node) == _shown(planner, node)


def test_a_typed_total_moves_the_slider(planner):
    aim = planner.editor.slider.min + 4 * planner.editor.slider.step
    planner.editor.total.value = aim
    assert planner.editor.slider.value == aim
    assert planner.session.total == aim * planner.session.divisor


def test_the_slider_stands_only_where_a_browser_would_leave_it(planner):
    slider = planner.editor.slider
    planner.session.set_total(slider.min * 1000 + 1_234_567)
    assert (slider.value - slider.min) % slider.step == 0
    assert planner.session.total == slider.min * 1000 + 1_234_567


def test_every_criterion_of_the_list_gives_a_plan(planner):
    total = planner.session.total
    for name in CRITERIA:
        planner.editor.criterion.value = name
        assert planner.session.refusal is None
        assert planner.session.scenario.criterion == name
        assert planner.session.total == total


def test_a_limit_typed_for_the_chosen_unit_holds_and_is_marked(planner):
    person = next(n for n in planner.grid.nodes if n.endswith("Jae Pak"))
    planner.grid.units.index = planner.grid.nodes.index(person)
    assert planner.session.selection == person
    assert "Jae Pak" in planner.editor.limits_title.value
    planner.editor.amounts[Lock].value = "850"
    assert planner.session.plan.units.loc[person, "target"] == 850_000
    assert _target(planner, person) == "850"
    assert "sf-locked" in planner.grid.table.value
    planner.editor.amounts[Lock].value = ""
    assert planner.session.scenario.rules == ()


def test_a_refused_limit_is_an_alert_and_the_field_shows_what_holds(planner):
    person = next(n for n in planner.grid.nodes if n.endswith("Jae Pak"))
    planner.session.selection = person
    planner.editor.amounts[Ceiling].value = "800"
    target = planner.session.plan.units["target"].copy()
    planner.editor.amounts[Floor].value = "900"
    assert 'role="alert"' in planner.status.value
    assert "Not applied: floor of 900 thousand USD for Jae Pak" in planner.status.value
    assert planner.editor.amounts[Floor].value == ""
    assert planner.editor.amounts[Ceiling].value == "800"
    assert planner.session.plan.units["target"].equals(target)
    planner.editor.amounts[Floor].value = "about 300"
    assert "not an amount" in planner.status.value
    planner.editor.amounts[Floor].value = "700"
    assert "alert" not in planner.status.value


def test_undo_and_redo_bring_the_screen_back(planner):
    before = planner.grid.table.value, planner.editor.total.value
    assert planner.editor.undo.disabled
    planner.editor.slider.value += planner.editor.slider.step
    after = planner.grid.table.value
    assert not planner.editor.undo.disabled
    planner.editor.undo.click()
    assert (planner.grid.table.value, planner.editor.total.value) == before
    planner.editor.redo.click()
    assert planner.grid.table.value == after
    assert planner.editor.redo.disabled


def test_save_writes_the_scenario_and_says_where(planner, tmp_path):
    planner.editor.slider.value += planner.editor.slider.step
    planner.editor.save.click()
    assert Scenario.read(tmp_path / "scenario.toml") == planner.session.scenario
    assert "scenario.toml" in planner.editor.saved.value


def test_save_says_when_it_cannot(adventureworks, tmp_path):
    (tmp_path / "file").write_text("in the way", "utf-8")
    planner = Planner(Session(adventureworks), save_to=tmp_path / "file" / "scenario.toml")
    planner.editor.save.click()
    assert "Not saved" in planner.editor.saved.value


def test_chinese_is_one_switch_and_leaves_the_plan_alone(planner):
    plan = planner.session.plan
    planner.editor.language.value = "zh"
    assert "公司总目标" in planner.editor.total_title.value
    assert "去年实际" in planner.grid.table.value
    assert "千美元" in planner.grid.head.value
    assert planner.session.plan is plan
    planner.editor.language.value = "en"
    assert "Last year" in planner.grid.table.value


def test_fewer_levels_show_fewer_rows_and_keep_the_choice_of_unit(planner):
    everything = len(planner.grid.nodes)
    planner.grid.level.value = "country"
    assert 0 < len(planner.grid.nodes) < everything
    assert len(planner.grid.units.options) == len(planner.grid.nodes)
    planner.session.selection = "Europe/France"
    assert planner.grid.nodes[planner.grid.units.index] == "Europe/France"


def test_no_two_buttons_of_the_grid_have_the_same_text(planner):
    assert len(set(planner.grid.units.options)) == len(planner.grid.units.options)


def test_an_only_child_is_folded_and_every_leaf_is_shown(adventureworks):
    plan = Session(adventureworks).plan
    rows = shown_units(plan.units, plan.hierarchy)
    assert "Europe/France" in rows.index
    assert "Europe/France/France" not in rows.index
    assert set(plan.hierarchy.leaves) <= set(rows.index)
    assert list(rows.index) == [node for node in plan.units.index if node in set(rows.index)]


def test_months_on_demand_add_up_to_the_target(planner):
    assert planner.unit.months.value == ""
    planner.session.selection = "Europe"
    planner.unit.show_months.value = True
    assert planner.unit.months.value == months_html(planner.session)
    assert planner.unit.months.value.count("<tr>") == 1 + 1 + 3  # head, Europe, its countries
    months = planner.session.plan.months.loc["Europe"]
    assert months.sum() == planner.session.plan.units.loc["Europe", "target"]


def test_quarters_count_back_from_the_planned_one_and_add_up(adventureworks):
    plan = Session(adventureworks).plan
    sales = quarters(adventureworks.history.frame, plan)
    assert (sales.columns == sales.columns.sort_values()).all()
    last = sales.columns[-1]
    assert last == plan.periods[0] - plan.periods.freq * 3 if plan.periods.freq else last
    year_before = plan.periods[0].replace(year=plan.periods[0].year - 1)
    assert sales.loc[ROOT, year_before] == pytest.approx(plan.units.loc[ROOT, "baseline"])


def test_the_chart_names_target_and_forecast_of_the_chosen_unit(planner):
    planner.session.selection = "Europe"
    assert f"Target {_shown(planner, 'Europe')}" in planner.unit.history.value
    assert planner.session.sentence("Europe") in planner.unit.history.value


def test_a_unit_that_expects_nothing_still_has_a_chart(planner):
    session = planner.session
    unit = session.plan.units.loc["Europe"].copy()
    unit[["forecast", "low80", "high80", "target"]] = 0.0
    sales = quarters(session.inputs.history.frame, session.plan).loc["Europe"] * 0
    svg = history_chart(sales, unit, session.plan.periods[0], session.wording)
    assert "nan" not in svg
    assert "Target 0" in svg


def test_the_strip_shows_at_most_twelve_and_counts_the_rest(planner):
    session = planner.session
    rows, hidden = strip_rows(session.plan, session.plan)
    assert len(rows) == STRIP_ROWS
    assert len(rows) + hidden == len(people(session.plan))
    assert not any(node.endswith(")") for node in rows.index), "the strip is about people"
    svg = fairness_strip(session.plan, session.plan, session.wording)
    assert svg.count("<title>") == STRIP_ROWS
    assert f"{hidden} units in between are not shown" in svg


def test_names_from_data_are_escaped(planner):
    units = planner.session.plan.units
    evil = units.rename(index={}).copy()
    evil.loc["Europe", "label"] = "<script>x</script>"
    from dataclasses import replace

    from salesforecast.widgets.target_grid import table_html

    session = planner.session
    session.plan = replace(session.plan, units=evil)
    session.selection = "Europe"
    shown = table_html(shown_units(evil, session.plan.hierarchy), session.plan, session.wording)
    parts = (shown, planner.unit.history.value, planner.editor.limits_title.value)
    assert all("<script>" not in part for part in parts)
    assert "&lt;script&gt;" in planner.unit.history.value


@pytest.mark.parametrize(
    ("text", "amount"),
    [("8,000", 8_000_000.0), (" 12.5 ", 12_500.0), ("", None), ("−5", -5_000.0)],
)
def test_amounts_are_read_in_the_shown_unit(text, amount):
    assert read_amount(text, divisor=1000) == amount


@pytest.mark.parametrize("text", ["about 300", "nan", "inf", "1e400"])
def test_what_is_no_amount_is_not_read(text):
    with pytest.raises(ValueError, match="amount"):
        read_amount(text, divisor=1000)


@pytest.mark.parametrize(
    ("forecast", "step"), [(11_700, 100), (7_348, 50), (150, 1), (2e6, 10_000)]
)
def test_the_sliders_step_is_round(forecast, step):
    assert slider_step(forecast) == step


@pytest.mark.parametrize(("largest", "tick"), [(589, 200), (1.0, 0.4), (11_700, 4_000), (300, 100)])
def test_ticks_are_round_and_reach_the_largest(largest, tick):
    assert round_tick(largest) == pytest.approx(tick)
