"""People on the screen: who starts or leaves when makes the capacity that limits targets."""

import pytest

from salesforecast.planning.scenario import Scenario
from salesforecast.widgets import people
from salesforecast.widgets.people import Entry
from salesforecast.widgets.planner import Planner
from salesforecast.widgets.saving import Shelf
from salesforecast.widgets.session import Session

FRANCE = "Europe/France"


@pytest.fixture
def planner(adventureworks, tmp_path):
    session = Session(adventureworks, owner="Ann Lee")
    planner = Planner(session, Shelf(session, address=tmp_path / "p.db", acts_as=lambda: "Ann Lee"))
    session.selection = FRANCE
    return planner


def _capacity(session):
    (capacity,) = session.scenario.limits(session.plan.periods)
    return capacity.amount


def test_people_begin_join_learn_leave_and_are_taken_back(planner):
    session = planner.session
    first, second, third = (f"{period:%Y-%m}" for period in session.plan.periods)
    assert people.begin(session, FRANCE, 100_000, 4)
    assert _capacity(session) == 4 * 3 * 100_000
    (head,) = session.scenario.headcount
    assert head.owner == "Ann Lee"
    assert people.add(session, head, Entry(second, 2, 1))
    assert _capacity(session) == pytest.approx((12 + 2 * 0.5 + 2) * 100_000)
    (head,) = session.scenario.headcount
    assert people.add(session, head, Entry(third, -1))
    assert _capacity(session) == pytest.approx((12 + 3 - 1) * 100_000)
    assert [entry.start for entry in people.entries(session.scenario.headcount[0])] == [
        first,
        second,
        third,
    ]
    assert people.drop(session, session.scenario.headcount[0], 2)
    assert _capacity(session) == pytest.approx(15 * 100_000)
    for _ in range(4):
        assert session.undo()
    assert session.scenario == Scenario()


def test_the_last_entry_takes_the_headcount_with_it_and_a_file_keeps_the_rest(planner, tmp_path):
    session = planner.session
    people.begin(session, FRANCE, 200_000, 3)
    session.save(tmp_path / "scenario.toml")
    assert Scenario.read(tmp_path / "scenario.toml").headcount == session.scenario.headcount
    people.drop(session, session.scenario.headcount[0], 0)
    assert session.scenario.headcount == ()


def test_too_few_people_for_a_lock_are_refused_in_words(planner):
    session = planner.session
    people.begin(session, FRANCE, 300_000, 4)
    assert session.set_lock(FRANCE, 1_000_000)
    before = session.scenario
    assert not people.add(session, before.headcount[0], Entry("2013-09", -3))
    assert session.scenario == before and "France" in session.refusal.why


def test_the_panel_begins_adds_and_takes_back(planner):
    session, table = planner.session, planner.editor.capacity
    assert len(table.rows.children) == 1 and "None given" in table.note.value
    table.each.value, table.count.value = "100", "4"
    table.act.click()
    assert _capacity(session) == 4 * 3 * 100_000
    line, entry = table.rows.children
    assert "1,200,000" in line.children[0].value and "2013-09: 4" in entry.children[0].value
    table.count.value, table.ramp.value, table.start.value = "１", "2", "2013-10"
    table.act.click()
    assert len(table.rows.children) == 3
    assert "2 months to learn" in table.rows.children[2].children[0].value
    session.language = "zh"
    assert "上手 2 个月" in table.rows.children[2].children[0].value
    table.rows.children[2].children[1].click()
    assert _capacity(session) == 4 * 3 * 100_000


def test_what_is_no_number_is_refused_and_nothing_moves(planner):
    session, table = planner.session, planner.editor.capacity
    table.each.value, table.count.value = "viel", "4"
    table.act.click()
    assert session.scenario == Scenario() and "viel" in session.refusal.words("en")


def test_the_figures_in_use_follow_every_plan(planner):
    session, table = planner.session, planner.editor.capacity
    people.begin(session, FRANCE, 1_000_000, 4)
    before = table.rows.children[0].children[0].value
    session.set_total(session.total - 2_000_000)
    assert table.rows.children[0].children[0].value != before
