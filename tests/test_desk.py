"""D01: the year of the sample organisation, played: every sum ties at every step and level."""

import pandas as pd
import pytest

from salesforecast import desk, workbench
from salesforecast.errors import DataError, ParameterError
from salesforecast.hierarchy import ROOT
from salesforecast.planning.changes import Leave, Shock
from salesforecast.planning.compare import compare
from salesforecast.planning.decision import Decision
from salesforecast.planning.indicators import management_table, unit_indicators
from salesforecast.planning.reshape import Merge
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.store import Store
from salesforecast.planning.what_if import WhatIf
from tests.conftest import ADVENTUREWORKS

FIRST = pd.Timestamp("2012-09-01")
DECISIONS = (
    Decision("recover", carried_by="region"),
    Decision("absorb"),
    Decision("recover", carried_by="company", surplus="release"),
)


@pytest.fixture(scope="module")
def year():
    return desk.open_year(ADVENTUREWORKS, first=FIRST, draws=200)


@pytest.fixture(scope="module")
def plan(year):
    return workbench.build_plan(year, Scenario(step=100, stretch=0.05))


def ties(plan):
    """Sums that do not tie: every inner node and month, the units' targets, the products."""
    months, tree = plan.months, plan.hierarchy
    wrong = 0
    for node in tree.nodes.index[~tree.nodes["leaf"]]:
        wrong += int((months.loc[tree.children(node)].sum() != months.loc[node]).sum())
    wrong += int((months.sum(axis=1) != plan.units["target"]).sum())
    table = plan.node_targets()
    wrong += int((table.groupby("node")["target"].sum() != plan.units["target"].sort_index()).sum())
    wrong += int((plan.targets["target"] % plan.scenario.step != 0).sum())
    return wrong


def test_the_year_played_ties_at_every_step(year, plan, tmp_path):
    with Store(tmp_path / "plans.db", user="planner") as store:
        assert ties(plan) == 0
        version = store.save("FY", plan, reason="the year", provenance=desk.provenance(year))
        store.propose("FY", 1)
        store.approve("FY", 1, reason="signed")
        now, total = plan, plan.units.loc[ROOT, "target"]
        for quarter, decision in enumerate(DECISIONS, 1):
            closed = plan.periods[3 * quarter - 1]
            new, made = desk.replan_year(year, now, closed=closed, decision=decision)
            assert ties(new) == 0
            shut = now.targets["period"] <= closed
            assert new.targets[shut].equals(now.targets[shut])
            again, _ = desk.replan_year(year, new, closed=closed, decision=decision)
            assert again.targets.equals(new.targets)
            moved = new.units.loc[ROOT, "target"] - now.units.loc[ROOT, "target"]
            assert moved == made.moves["change"].sum() == made.gap["carried"].sum()
            version = store.save(
                "FY", new, reason=made.words, opened=version.number,
                provenance=desk.provenance(year),
            )  # fmt: skip
            store.propose("FY", version.number)
            store.approve("FY", version.number)
            assert store.diff("FY", version.number - 1, version.number).units["change"].get(
                ROOT, 0
            ) == moved  # fmt: skip
            now = store.load("FY")
            assert now.targets.equals(new.targets) and ties(now) == 0
        assert [v.status for v in store.versions("FY")] == ["superseded"] * 3 + ["approved"]
    found = desk.track_plan(year, now, as_of=pd.Timestamp("2013-08-31"))
    for column in ("target", "expected", "actual"):
        for node in now.hierarchy.nodes.index[~now.hierarchy.nodes["leaf"]]:
            parts = found.units.loc[now.hierarchy.children(node), column].sum()
            assert parts == pytest.approx(found.units.loc[node, column], abs=1e-4)
    assert found.units.loc[ROOT, "landing"] == found.units.loc[ROOT, "actual"]
    table = management_table(unit_indicators(found, "group", unit="USD"))
    assert table.values["to_date"].sum() == pytest.approx(found.units.loc[ROOT, "actual"])
    assert total > 0


def test_tracking_in_the_middle_knows_what_is_left(year, plan):
    found = desk.track_plan(year, plan, as_of=pd.Timestamp("2013-02-28"), draws=100).units
    top = found.loc[ROOT]
    assert top["actual"] < top["landing"] and top["low80"] < top["landing"] < top["high80"]
    assert 0 <= top["chance"] <= 1
    early = desk.track_plan(year, plan, as_of=pd.Timestamp("2012-09-15")).units
    assert 0 < early.loc[ROOT, "expected"] < plan.months.loc[ROOT].iloc[0]


def test_months_without_any_data_are_no_misses():
    late = desk.open_year(ADVENTUREWORKS, first=pd.Timestamp("2013-06-01"), months=6, draws=20)
    made = workbench.build_plan(late, Scenario())
    with pytest.raises(DataError, match=r"(?s)data end with 2013-08.*as of 2013-08-31"):
        desk.track_plan(late, made, as_of=pd.Timestamp("2013-09-30"), draws=20)


def test_questions_stand_beside_the_plan(year, plan):
    person = plan.hierarchy.leaves[~plan.hierarchy.leaves.str.contains(r"\(")][0]
    plans = desk.side_by_side(
        year,
        plan.scenario,
        [
            WhatIf("shock", (Shock(0.9, node="Europe"),)),
            WhatIf("one less", (Leave(person, kept=0.5),)),
            WhatIf("merged", (Merge(("Europe", "Pacific"), "Overseas"),)),
        ],
    )
    assert all(ties(one) == 0 for one in plans.values())
    assert plans["plan"].targets.equals(plan.targets)
    found = compare(plans)
    assert found.summary.loc["shock", "change"] < 0
    assert found.summary.loc["merged", "change"] == 0
    assert found.units.loc["Overseas", ("merged", "target")] > 0


def test_provenance_names_data_and_forecast(year):
    said = desk.provenance(year)
    assert len(said["data"]) == len(said["forecast"]) == 64 and said["cutoff"] == "2012-08-01"


def test_months_that_nobody_has_sold_in_yet_are_forecast_not_zero(tiny_company):
    near = desk.open_year(tiny_company, months=6, draws=50)
    far = desk.open_year(tiny_company, first=pd.Timestamp("2026-04-01"), months=12, draws=50)
    assert far.history.cutoff == near.history.cutoff == pd.Timestamp("2025-12-01")
    assert near.quarter[0] == pd.Timestamp("2026-01-01")
    near_by, months = (
        one.forecast.frame.groupby("period")["forecast"].sum() for one in (near, far)
    )
    assert months[far.quarter[0]] == pytest.approx(near_by[far.quarter[0]], rel=0.05)
    assert len(far.quarter) == 12 and far.draws.to_numpy().sum(axis=1).mean() > 12 * 900
    # last year is known from April to December 2025; of January to March 2026 the forecast is
    known = far.history.frame
    known = known[known["period"] >= "2025-04-01"]["sales"].sum()
    between = months[months.index < "2026-04-01"].sum()
    assert between > 2000 and far.leaves["history"].sum() == pytest.approx(known + between)


def test_the_next_quarter_has_one_forecast_however_it_is_opened(tiny_company):
    quarter = workbench.prepare(tiny_company, draws=50)
    opened = desk.open_year(tiny_company, months=3, draws=50)
    assert list(opened.quarter) == list(quarter.quarter)
    pd.testing.assert_series_equal(opened.leaves["forecast"], quarter.leaves["forecast"])


def test_a_saved_plan_is_opened_again_as_it_was_known(tiny_company):
    wish = Scenario(cutoff="2025-06", first="2025-10", months=3, draws=40)
    inputs = desk.open_for(tiny_company, wish)
    assert inputs.history.cutoff == pd.Timestamp("2025-06-01")
    plan = workbench.build_plan(inputs, desk.recorded(inputs, wish))
    assert plan.scenario.cutoff == "2025-06"
    again = desk.reopen(tiny_company, plan)
    assert workbench.build_plan(again, plan.scenario).targets.equals(plan.targets)
    found = desk.track_plan(again, plan, as_of=pd.Timestamp("2025-10-31"), draws=40)
    top = found.units.loc[ROOT]  # what is left is forecast from July on, not only from October
    assert top["landing"] == pytest.approx(plan.units.loc[ROOT, "forecast"], rel=0.25)
    with pytest.raises(DataError, match="the data end with 2025-12"):
        desk.open_for(tiny_company, Scenario(cutoff="2026-03", first="2026-04", months=3))


def test_a_step_above_the_target_and_a_strange_country_are_refused(tiny_company):
    inputs = desk.open_year(tiny_company, months=3, draws=40)
    with pytest.raises(DataError, match=r"(?s)step is larger.*step 1,000,000.*smaller step"):
        workbench.build_plan(inputs, Scenario(step=1_000_000))
    assert workbench.build_plan(inputs, Scenario(total=0)).units.loc[ROOT, "target"] == 0
    with pytest.raises(ParameterError, match="no holidays are known for 'XX'"):
        desk.open_for(tiny_company, Scenario(calendar="XX"))
