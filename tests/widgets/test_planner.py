"""The screen shows session and shelf and follows them; tested headless, on the real functions."""

from dataclasses import replace

import pytest

from salesforecast.hierarchy import ROOT
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Capacity, Ceiling, Floor, GrowthBand, Lock
from salesforecast.widgets import question
from salesforecast.widgets.planner import Planner
from salesforecast.widgets.question import read_amount, read_share
from salesforecast.widgets.saving import Shelf
from salesforecast.widgets.scenario_editor import slider_step
from salesforecast.widgets.session import Session
from salesforecast.widgets.words import CRITERIA, WORDS


@pytest.fixture
def planner(adventureworks, tmp_path):
    session = Session(adventureworks)
    shelf = Shelf(session, address=tmp_path / "plans.db", acts_as=lambda: "Ann Lee")
    return Planner(session, shelf)


@pytest.fixture
def person(planner):
    return next(n for n in planner.session.plan.units.index if n.endswith("Jae Pak"))


def _shown(planner, node=ROOT):
    return planner.session.wording.amount(planner.session.plan.units.loc[node, "target"])


def test_showing_a_plan_changes_nothing(planner, tmp_path):
    assert planner.session.scenario == Scenario()
    assert not planner.session.can_undo
    assert not planner.shelf.unsaved
    assert not (tmp_path / "plans.db").exists(), "looking made a store"


def test_the_slider_moves_total_status_and_consequences(planner):
    before = planner.consequences.parts["history"]
    planner.editor.slider.value += 3 * planner.editor.slider.step
    session = planner.session
    assert session.total == planner.editor.slider.value * session.divisor
    assert planner.editor.total.value == _shown(planner)
    assert _shown(planner) in planner.status.value
    assert planner.consequences.parts["history"] != before
    assert planner.page.unsaved


def test_a_typed_total_moves_the_slider(planner):
    aim = planner.editor.slider.min + 4 * planner.editor.slider.step
    planner.editor.total.value = f"{aim:,}"
    assert planner.editor.slider.value == aim
    assert planner.session.total == aim * planner.session.divisor


def test_a_total_can_be_typed_in_wan(planner):
    planner.editor.total.value = "１２００万"
    assert planner.session.total == 12_000_000


def test_the_slider_stands_only_where_a_browser_would_leave_it(planner):
    slider = planner.editor.slider
    planner.session.set_total(slider.min * 1000 + 1_234_567)
    assert (slider.value - slider.min) % slider.step == 0
    assert planner.session.total == slider.min * 1000 + 1_234_567


def test_a_chance_gives_the_total_and_a_total_takes_the_chance_back(planner):
    planner.editor.chance.value = "30"
    assert planner.session.scenario.chance == pytest.approx(0.3)
    assert planner.session.scenario.total is None
    chances = planner.session.plan.units["chance"]
    assert chances[planner.session.plan.units["limit"] == ""].median() < 0.4
    planner.editor.total.value = "12,000"
    assert planner.session.scenario.chance is None
    assert planner.session.total == 12_000_000


def test_every_criterion_of_the_list_gives_a_plan(planner):
    total = planner.session.total
    for name in CRITERIA:
        planner.editor.criterion.value = name
        assert planner.session.refusal is None
        assert planner.session.scenario.criterion == name
        assert planner.session.total == total


def test_a_blend_lies_between_its_ends_and_goes_away_again(planner, person):
    pure = planner.session.plan.units.loc[person, "target"]
    planner.editor.criterion.value = question.BLENDED
    history = planner.session.plan.units.loc[person, "target"]
    assert planner.editor.blend.disabled
    planner.editor.criterion.value = "equal chance"
    planner.editor.blend.value = 50
    assert planner.session.scenario.blend == {"equal chance": 0.5, "history": 0.5}
    assert planner.editor.criterion.value == "equal chance"
    between = planner.session.plan.units.loc[person, "target"]
    assert min(pure, history) < between < max(pure, history)
    planner.editor.blend.value = 0
    assert planner.session.scenario.criterion == "equal chance"
    assert planner.session.plan.units.loc[person, "target"] == pure


def test_a_corridor_holds_for_every_person_and_opens_again(planner):
    planner.editor.low.value, planner.editor.high.value = "-20", "+60 %"
    session = planner.session
    assert session.refusal is None
    units = session.plan.units
    held = [rule.node for rule in session.scenario.rules if isinstance(rule, GrowthBand)]
    assert held and set(held) <= set(units.index[units["leaf"].astype(bool)])
    growth = units.loc[held, "growth"]
    assert growth.min() > -0.2001 and growth.max() < 0.6001
    assert planner.editor.high.value == "+60"
    planner.editor.low.value = planner.editor.high.value = ""
    assert session.scenario.rules == ()
    session.set_ceiling(held[0], 0)
    planner.editor.low.value = "-10"
    assert "from −10.0 % to open" in session.refusal.asked
    assert any("The growth corridor of" in way.words for way in session.refusal.ways)
    session.language = "zh"
    assert f"{session.label(held[0])}的上限 0" in planner.editor.by_hand.value


def test_targets_are_whole_steps_and_a_hedge_is_assigned(planner):
    planner.editor.step.value = "1,000"
    units = planner.session.plan.units
    assert (units["target"] % 1000 == 0).all()
    level = next(iter(planner.editor.hedges))
    planner.editor.hedges[level].value = "5"
    assert planner.session.scenario.hedge == {level: 0.05}
    assert planner.session.plan.units["assigned"].sum() > units["assigned"].sum()


def test_a_capacity_is_shown_with_its_use_and_can_be_changed(planner):
    session = planner.session
    rule = Capacity("Europe", 60, "days", {"Europe": 2e-5})
    assert session.wish("a capacity", rules=(rule,))
    name, field = planner.editor.capacity.rows.children[0].children
    used = question.used(session, rule)
    assert f"{used:,.0f} days" in name.value
    assert used <= 60
    field.value = "50"
    (changed,) = question.capacities(session.scenario)
    assert changed.amount == 50
    assert question.used(session, changed) <= 50.001


def test_a_limit_typed_for_the_chosen_unit_holds_and_is_listed(planner, person):
    planner.session.selection = person
    assert "Jae Pak" in planner.editor.titles["limits"].value
    planner.editor.amounts[Lock].value = "850"
    assert planner.session.plan.units.loc[person, "target"] == 850_000
    assert "Jae Pak, lock 850" in planner.editor.by_hand.value
    assert "850" in planner.consequences.parts["binds"]
    planner.editor.amounts[Lock].value = ""
    assert planner.session.scenario.rules == ()


def test_a_refused_limit_is_an_alert_with_a_way_out(planner, person):
    planner.session.selection = person
    planner.editor.amounts[Ceiling].value = "800"
    target = planner.session.plan.units["target"].copy()
    planner.editor.amounts[Floor].value = "900"
    assert planner.session.refusal is not None
    assert "1 edit not applied" in planner.status.value
    assert planner.editor.amounts[Floor].value == ""
    assert planner.session.plan.units["target"].equals(target)
    assert planner.session.accept_repair()
    assert planner.editor.amounts[Floor].value == "800"
    planner.editor.amounts[Floor].value = "about 300"
    assert "not an amount" in planner.session.refusal.why
    planner.editor.amounts[Floor].value = "700"
    assert "not applied" not in planner.status.value


def test_undo_and_redo_bring_the_screen_back(planner):
    buttons = planner.head.buttons
    before = planner.consequences.parts["total"], planner.editor.total.value
    assert buttons["undo"].disabled
    planner.editor.slider.value += planner.editor.slider.step
    after = planner.consequences.parts["total"]
    buttons["undo"].click()
    assert (planner.consequences.parts["total"], planner.editor.total.value) == before
    buttons["redo"].click()
    assert planner.consequences.parts["total"] == after
    assert buttons["redo"].disabled


def test_saving_asks_for_the_reason(planner):
    planner.head.buttons["save"].click()
    assert planner.save_sheet.is_open
    planner.save_sheet.act.click()
    assert planner.save_sheet.is_open and "reason" in planner.message.value
    planner.save_sheet.reason.value = "first draft"
    planner.save_sheet.act.click()
    assert not planner.save_sheet.is_open
    assert "Saved as v1" in planner.message.value
    assert "v1 (draft), Ann Lee" in planner.head.told.value
    assert not planner.page.unsaved
    planner.head.buttons["submit"].click()
    assert "v1 (submitted by Ann Lee" in planner.head.told.value
    assert planner.head.buttons["submit"].description == "Withdraw"


def test_a_version_is_compared_and_started_from(planner):
    planner.shelf.save("first")
    first = planner.session.plan
    planner.session.set_total(planner.session.total + 500_000)
    planner.head.buttons["compare"].click()
    assert "+500" in planner.compare_sheet.table.value
    assert "total" in planner.compare_sheet.table.value
    planner.compare_sheet.start.click()
    assert planner.session.plan.units["target"].equals(first.units["target"])
    assert "says the same" in planner.compare_sheet.table.value
    planner.session.undo()
    assert planner.session.total != int(first.units["target"].loc[ROOT])


def test_a_click_in_a_picture_selects_the_unit(planner, person):
    planner.page._handle_custom_msg({"event": "select", "node": person}, [])
    assert planner.session.selection == person
    assert "Jae Pak" in planner.consequences.parts["head"]
    planner.page._handle_custom_msg({"event": "select", "node": "nobody"}, [])
    assert planner.session.selection == person


def test_a_page_that_opens_late_shows_the_newest_version(planner):
    other = Shelf(
        Session(planner.session.inputs), address=planner.shelf.address, acts_as=lambda: "Bo"
    )
    other.session.set_total(other.session.total + 700_000)
    other.save("meanwhile")
    planner.page._handle_custom_msg({"event": "opened", "language": "en"}, [])
    assert planner.session.total == other.session.total
    assert planner.head.buttons["undo"].disabled
    assert "v1 (draft), Bo" in planner.head.told.value
    assert planner.conflict.layout.display == "none"


def test_who_saved_meanwhile_is_told_and_nothing_is_taken(planner):
    planner.session.set_total(planner.session.total + 100_000)
    other = Shelf(
        Session(planner.session.inputs), address=planner.shelf.address, acts_as=lambda: "Bo"
    )
    other.save("meanwhile")
    mine = planner.session.total
    planner.page._handle_custom_msg({"event": "alive"}, [])
    assert planner.conflict.layout.display == ""
    assert "Bo saved v1" in planner.conflict.words.value
    planner.conflict.compare.click()
    assert planner.compare_sheet.is_open and "+100" in planner.compare_sheet.table.value
    planner.conflict.mine.click()
    planner.save_sheet.reason.value = "mine"
    planner.save_sheet.act.click()
    assert planner.conflict.layout.display == "none"
    assert planner.shelf.opened.number == 2 and planner.session.total == mine


def test_chinese_is_one_switch_and_leaves_the_plan_alone(planner):
    plan = planner.session.plan
    planner.head.language.value = "zh"
    assert "公司总目标" in planner.editor.titles["total"].value
    assert planner.editor.unit.label == "千美元"
    assert "数字由来" in planner.consequences.parts["why"]
    assert planner.head.buttons["save"].description == "保存"
    assert planner.page.tour[0].startswith("先")
    assert planner.session.plan is plan
    planner.head.language.value = "en"
    assert "Why this number" in planner.consequences.parts["why"]


def test_both_languages_say_the_same_things():
    assert WORDS["en"].keys() == WORDS["zh"].keys()


def test_names_from_data_are_escaped(planner):
    session = planner.session
    evil = session.plan.units.copy()
    evil.loc["Europe", "label"] = "<script>x</script>"
    session.plan = replace(session.plan, units=evil)
    session.selection = "Europe"
    right = planner.consequences.parts
    parts = (right["head"], right["fairness"], planner.editor.titles["limits"].value)
    assert all("<script>" not in part for part in parts)
    assert "&lt;script&gt;" in right["head"]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("8,000", 8_000_000.0),
        (" 12.5 ", 12_500.0),
        ("", None),
        ("−5", -5_000.0),
        ("1.2亿", 120_000_000.0),
        ("８００万", 8_000_000.0),
    ],
)
def test_amounts_are_read_in_the_shown_unit_or_as_they_say(text, amount):
    assert read_amount(text, divisor=1000) == amount


@pytest.mark.parametrize("text", ["about 300", "nan", "inf", "1e400", "约5万"])
def test_what_is_no_amount_is_not_read(text):
    with pytest.raises(ValueError, match="amount"):
        read_amount(text, divisor=1000)


@pytest.mark.parametrize(
    ("text", "share"), [("25", 0.25), ("+25 %", 0.25), ("−5％", -0.05), ("", None)]
)
def test_shares_are_read(text, share):
    assert read_share(text) == share


@pytest.mark.parametrize(
    ("forecast", "step"), [(11_700, 100), (7_348, 50), (150, 1), (2e6, 10_000)]
)
def test_the_sliders_step_is_round(forecast, step):
    assert slider_step(forecast) == step
