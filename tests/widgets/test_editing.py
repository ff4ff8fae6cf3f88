"""What is typed or pasted into the grid is read, applied together, or refused by cell."""

import pytest

from salesforecast.hierarchy import ROOT
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Ceiling, Floor, Lock
from salesforecast.widgets.editing import Cell, edit, headline
from salesforecast.widgets.session import Session

ANN, BO, CY = "North/Ann", "North/Bo", "South/Cy"


@pytest.fixture
def session(tiny_inputs):
    return Session(tiny_inputs, Scenario(total=2_000), owner="Dee")


def _targets(session):
    return session.plan.units["target"]


def test_a_typed_target_is_set_by_hand_and_the_others_are_rebalanced(session):
    before = _targets(session)
    outcome = edit(session, [Cell(ANN, "target", "500")])
    after = _targets(session)
    assert outcome.applied and "Set by hand: Ann 500" in outcome.told
    assert after[ANN] == 500 and after[ROOT] == 2_000
    assert after[BO] < before[BO] and after[CY] < before[CY]
    assert session.scenario.rules == (Lock(ANN, 500.0, owner="Dee"),)


def test_a_parents_target_is_spread_over_its_units_by_the_criterion(session):
    before = _targets(session)
    outcome = edit(session, [Cell("North", "target", "1,200")])
    after = _targets(session)
    assert after["North"] == after[ANN] + after[BO] == 1_200
    assert after[CY] == 800
    assert after[BO] / after[ANN] == pytest.approx(before[BO] / before[ANN], rel=0.05)
    assert "spread over its 2 units" in outcome.told


def test_the_companys_target_is_the_total(session):
    edit(session, [Cell(ROOT, "target", "2,400")])
    assert session.scenario.total == session.total == 2_400
    assert session.scenario.rules == ()


def test_an_empty_cell_releases(session):
    edit(session, [Cell(ANN, "target", "500"), Cell(ANN, "floor", "100")])
    outcome = edit(session, [Cell(ANN, "target", "")])
    assert outcome.told == "Released: lock of Ann."
    assert [type(rule) for rule in session.scenario.rules] == [Floor]


def test_a_padlock_locks_what_stands_there_and_opens_again(session):
    stood = _targets(session)[CY]
    edit(session, [Cell(CY, "lock", "")])
    assert session.limit(Lock, CY) == stood
    assert _targets(session)[CY] == stood
    edit(session, [Cell(CY, "lock", "")])
    assert session.limit(Lock, CY) is None


def test_a_block_is_one_step(session):
    block = [Cell(ANN, "floor", "300"), Cell(BO, "ceiling", "900"), Cell(CY, "target", "800")]
    assert edit(session, block).applied
    assert len(session.scenario.rules) == 3
    assert session.undo()
    assert session.scenario.rules == ()


@pytest.mark.parametrize(
    ("text", "amount"),
    [("５００", 500), ("0.05万", 500), ("1,000", 1_000), ("500 EUR", 500), ("+10 %", None), (" 500 ", 500)],
)  # fmt: skip
def test_what_excel_and_people_write_is_read(session, text, amount):
    baseline = session.plan.units.loc[ANN, "baseline"]
    outcome = edit(session, [Cell(ANN, "floor", "0"), Cell(ANN, "target", text)])
    assert outcome.applied
    assert _targets(session)[ANN] == (amount if amount is not None else round(baseline * 1.1))
    plain = text.strip() in ("500", "1,000")
    assert [found.kind for found in outcome.findings] == ([] if plain else ["repaired"])


@pytest.mark.parametrize("text", ["about 300", "1,2,3", "3,5", "5 %", "-4", "=A1", "1e999", "nan"])
def test_what_is_no_amount_is_refused_with_its_cell(session, text):
    plan = session.plan
    outcome = edit(session, [Cell(ANN, "floor", "300"), Cell(BO, "floor", text)])
    assert not outcome.applied and session.plan is plan
    (found,) = [found for found in outcome.findings if found.kind == "refused"]
    assert "Bo, Floor" in found.words and text in found.words
    assert "1 of 2" in headline(session, outcome)
    taken = edit(session, outcome.good, good_only="good")
    assert taken.applied
    assert session.scenario.rules == (Floor(ANN, 300.0, owner="Dee"),)


def test_a_single_bad_figure_is_refused_under_its_row(session):
    assert not edit(session, [Cell(BO, "ceiling", "lots")]).applied
    typed = session.refusal.typed
    assert (typed.node, typed.field, typed.text) == (BO, "ceiling", "lots")


def test_cells_outside_the_grid_are_said_and_empty_ones_ignored(session):
    block = [
        Cell(ANN, "floor", "300"),
        Cell(None, "floor", ""),
        Cell(None, "floor", "7"),
        Cell(ANN, "growth", "5"),
        Cell(ROOT, "floor", "1"),
    ]
    outcome = edit(session, block)
    assert [found.kind for found in outcome.findings] == ["refused"] * 3
    assert [cell.node for cell in outcome.good] == [ANN]


def test_a_figure_is_rounded_to_the_step(tiny_inputs):
    session = Session(tiny_inputs, Scenario(total=2_000, step=100))
    edit(session, [Cell(ANN, "target", "449")])
    assert _targets(session)[ANN] == 400


def test_an_impossible_edit_is_refused_with_ways_that_work(session):
    edit(session, [Cell("North", "ceiling", "900"), Cell(ANN, "target", "400")])
    plan = session.plan
    assert not edit(session, [Cell(BO, "target", "700")]).applied
    refusal = session.refusal
    assert session.plan is plan
    assert refusal.typed.node == BO
    words = [way.words for way in refusal.ways]
    assert len(words) == len(set(words)) == 3
    assert any(each == "Use 500, the most that fits" for each in words)
    assert any(each.startswith("Release the lock of Ann") for each in words)
    for at, way in enumerate(refusal.ways):
        assert not edit(session, [Cell(BO, "target", "700")]).applied
        assert session.accept_repair(at)
        assert session.scenario == way.scenario
        assert _targets(session)[ROOT] == 2_000 or "total" in way.words
        assert session.undo()
        assert session.plan is plan


def test_ways_that_do_not_lead_to_a_plan_are_not_offered(session):
    edit(
        session,
        [Cell(ANN, "target", "400"), Cell(BO, "target", "600"), Cell(CY, "ceiling", "1,000")],
    )
    assert not edit(session, [Cell(CY, "target", "1,300")]).applied
    for at in range(len(session.refusal.ways)):
        assert not edit(session, [Cell(CY, "target", "1,300")]).applied
        assert session.accept_repair(at)
        assert session.undo()


def test_an_edit_speaks_chinese(tiny_inputs):
    session = Session(tiny_inputs, Scenario(total=2_000), language="zh")
    outcome = edit(session, [Cell(ANN, "target", "５００"), Cell(BO, "ceiling", "9百")])
    assert "安" not in outcome.told
    assert [found.kind for found in outcome.findings] == ["repaired", "refused"]
    assert "保留原值" in outcome.findings[1].words
    assert session.limit(Ceiling, BO) is None
