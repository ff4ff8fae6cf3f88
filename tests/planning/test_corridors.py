"""Months and products within corridors: exact, near to the free plan, diagnosed when impossible."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforecast import desk, workbench
from salesforecast.allocation.corridors import Bounded, fit
from salesforecast.errors import DataError, InfeasibleError, OrganisationError
from salesforecast.hierarchy import ROOT
from salesforecast.planning.corridors import Corridor, check_corridors, groups_of, locked_cells
from salesforecast.planning.decision import Decision
from salesforecast.planning.scenario import Scenario


@pytest.fixture(scope="module")
def plan(tiny_inputs):
    return workbench.build_plan(tiny_inputs, Scenario(stretch=0.1, step=5))


def _with(inputs, *corridors, **wish):
    return workbench.build_plan(
        inputs, Scenario(**({"step": 5, "stretch": 0.1} | wish), corridors=corridors)
    )


def test_a_locked_month_is_locked_and_every_sum_stays(tiny_inputs, plan):
    month = plan.periods[1]
    name = f"{month:%Y-%m}"
    held = _with(tiny_inputs, Corridor("North", name, locked=300, owner="Ann", reason="fair"))
    assert held.months.loc["North", month] == 300
    assert held.months.sum(axis=1).equals(plan.months.sum(axis=1))
    assert (held.targets["target"] % 5 == 0).all() and (held.targets["target"] >= 0).all()
    south = plan.targets["node"] == "South/Cy"
    assert held.targets[south].equals(plan.targets[south])  # nobody else moves
    (row,) = held.limits.to_dict("records")
    assert row["held_at"] == 300 and row["would_be"] == plan.months.loc["North", month]
    assert row["owner"] == "Ann" and "moved" in row["effect"]


def test_a_month_of_the_company_and_a_share_of_a_product(tiny_inputs, plan):
    month = plan.periods[2]
    most = int(plan.months.loc[ROOT, month] * 0.8) // 5 * 5
    found = _with(
        tiny_inputs,
        Corridor(ROOT, f"{month:%Y-%m}", most=most),
        Corridor("North", product="ink", least_share=0.45, over="span"),
    )
    assert found.months.loc[ROOT, month] <= most
    north = found.targets[found.targets["node"].str.startswith("North/")]
    assert north.loc[north["product"] == "ink", "target"].sum() >= 0.45 * north["target"].sum()
    assert found.months.sum(axis=1).equals(plan.months.sum(axis=1))


def test_a_floor_on_months_lifts_the_units_whole_target(tiny_inputs, plan):
    need = int(plan.months.loc["South"].sum() * 1.2)
    each = -(-need // 15) * 5
    held = _with(tiny_inputs, Corridor("South", least=each))
    assert (held.months.loc["South"] >= each).all()
    assert held.months.loc[ROOT].sum() == plan.months.loc[ROOT].sum()


def test_what_is_impossible_is_diagnosed(tiny_inputs, plan):
    total = int(plan.months.loc[ROOT].sum())
    with pytest.raises(InfeasibleError, match=r"(?s)Bo, at least.*signed.*total"):
        _with(tiny_inputs, Corridor(ROOT, least=total, owner="Bo", reason="signed"))
    month = f"{plan.periods[0]:%Y-%m}"
    shares = (
        Corridor("North", month, least_share=0.7, owner="Ann", reason="fair in spring"),
        Corridor("North", f"{plan.periods[1]:%Y-%m}", least_share=0.5),
    )
    with pytest.raises(InfeasibleError, match=r"(?s)North.*fair in spring.*\d+ too few.*change"):
        _with(tiny_inputs, *shares)


@pytest.mark.parametrize(
    ("corridor", "words"),
    [
        (Corridor("North", "2031-01", least=1), "outside the plan"),
        (Corridor("North", product="inc", least=1), "did you mean 'ink'"),
    ],
)
def test_corridors_of_nothing_are_refused(tiny_inputs, corridor, words):
    with pytest.raises(DataError, match=f"(?s){words}"):
        _with(tiny_inputs, corridor)


@pytest.mark.parametrize(
    "text",
    ["node = 'a'", "node = 'a'\nleast = -1", "node = 'a'\nlocked = 1\nmost = 2",
     "node = 'a'\nleast = 1\nfirst = 'spring'", "node = 'a'\nleast = 1\nlast = '2013-09'",
     "node = 'a'\nleast = 1\nover = 'week'"],
)  # fmt: skip
def test_a_corridor_that_says_nothing_is_refused(text):
    with pytest.raises(OrganisationError, match="not understood"):
        Scenario.from_text(f"[[corridor]]\n{text}")


def test_the_file_keeps_corridors_and_their_comments():
    text = '[[corridor]]\nnode = "North" # agreed\nfirst = "2013-09"\nlocked = 5\n'
    scenario = Scenario.from_text(text)
    assert scenario.to_text() == text
    more = Scenario(corridors=(*scenario.corridors, Corridor("South", most=9.5)), source=text)
    assert Scenario.from_text(more.to_text()) == more and "# agreed" in more.to_text()


def test_replanning_leaves_locks_alone_and_says_which_corridor_breaks(plan):
    month = f"{plan.periods[1]:%Y-%m}"
    lock, roof = Corridor("North", month, locked=300), Corridor("South", month, most=400)
    cells = locked_cells([lock, roof], plan.targets, plan.hierarchy)
    assert set(cells["node"]) == {"North/Ann", "North/Bo"} and cells["period"].nunique() == 1
    more = plan.targets.assign(target=plan.targets["target"] + 500)
    with pytest.raises(InfeasibleError, match=r"(?s)South.*off by"):
        check_corridors([roof], plan.targets, more, plan.hierarchy)
    check_corridors([roof], plan.targets, plan.targets, plan.hierarchy)
    (group,) = groups_of([lock], plan.targets, plan.hierarchy)
    assert group.low == group.high == 300


def test_a_year_with_corridors_is_replanned_within_them(tiny_company):
    inputs = desk.open_year(tiny_company, first=pd.Timestamp("2025-07-01"), months=6, draws=60)
    lock = Corridor("North", "2025-11", locked=500)
    plan = workbench.build_plan(inputs, Scenario(stretch=0.4, step=5, corridors=(lock,)))
    decision = Decision("recover", carried_by="company")
    made, found = desk.replan_year(
        inputs, plan, closed=pd.Timestamp("2025-09-01"), decision=decision
    )
    november = pd.Timestamp("2025-11-01")
    assert len(found.moves) and made.months.loc["North", november] == 500
    assert not (
        found.moves["node"].str.startswith("North") & (found.moves["period"] == november)
    ).any()
    held = int(plan.months.loc["South", november])
    roof = replace(
        plan, scenario=replace(plan.scenario, corridors=(Corridor("South", "2025-11", most=held),))
    )
    with pytest.raises(InfeasibleError, match="break corridors"):
        desk.replan_year(inputs, roof, closed=pd.Timestamp("2025-09-01"), decision=decision)


@st.composite
def tables(draw):
    """Whole cells, and random groups that a hidden other table of the same rows satisfies."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    rows, width = int(rng.integers(1, 6)), int(rng.integers(2, 6))
    totals = rng.integers(0, 500, rows)
    make = lambda: np.vstack([rng.multinomial(t, rng.dirichlet(np.ones(width))) for t in totals])  # noqa: E731
    start, hidden = make().ravel(), make().ravel()
    groups = []
    for number in range(int(rng.integers(1, 6))):
        cells = np.flatnonzero(rng.random(rows * width) < 0.4)
        if len(cells):
            amount = int(hidden[cells].sum())
            low, high = amount - int(rng.integers(0, 20)), amount + int(rng.integers(0, 20))
            groups.append(Bounded(cells, max(low, 0), high, f"group {number}"))
    return start.astype("int64"), np.repeat(np.arange(rows), width), groups


@given(tables())
def test_any_possible_groups_are_kept_exactly(table):
    start, rows, groups = table
    found = fit(start, rows, groups)
    assert (found >= 0).all()
    assert (np.bincount(rows, found) == np.bincount(rows, start)).all()
    for group in groups:
        assert group.low <= found[group.cells].sum() <= group.high
    assert np.array_equal(fit(found, rows, groups), found)


def test_shares_are_kept_where_nothing_is_bounded():
    start = np.array([100, 200, 300, 400], dtype="int64")
    found = fit(start, np.zeros(4, dtype=int), [Bounded(np.array([3]), 100, 100, "lock")])
    assert found.tolist() == [150, 300, 450, 100]


def test_a_month_without_any_expectation_can_be_locked():
    found = fit(
        np.array([0, 50, 50]), np.zeros(3, dtype=int), [Bounded(np.array([0]), 40, 40, "x")]
    )
    assert found.tolist() == [40, 30, 30]
