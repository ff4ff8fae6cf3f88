"""The monthly review: the notebook runs, and its figures are those of the plan."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import papermill
import pytest

from salesforecast import desk, review, workbench
from salesforecast.hierarchy import ROOT
from salesforecast.planning.decision import Decision
from salesforecast.planning.indicators import Indicator
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.store import Store
from salesforecast.reporting import review_page
from salesforecast.rules import Lock
from tests.conftest import ADVENTUREWORKS

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "monthly_review.ipynb"


@pytest.fixture(scope="module")
def meeting(tiny_company):
    """Half a year that asks half as much again, three months in."""
    inputs = desk.open_year(tiny_company, first=pd.Timestamp("2025-07-01"), months=6, draws=100)
    plan = workbench.build_plan(inputs, Scenario(stretch=0.5))
    ahead = pd.Series([5.0, 5, 5, None, None, None], plan.periods)
    complaints = Indicator("complaints", "", pd.Series(4.0, plan.periods), ahead, better="less")
    found = review.review(
        inputs, plan, as_of=pd.Timestamp("2025-09-30"), draws=100, indicators=[complaints]
    )
    return review.meeting_of(found, inputs, plan="H2, version 1")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_says_every_state_three_times_and_needs_nothing(meeting, language):
    page = review_page.review_page(meeting, language)
    below = {"en": "below target", "zh": "低于目标"}[language]
    top = meeting.tracking.units.loc[ROOT]
    assert f"{top['actual']:,.0f}" in page and f"{top['target']:,.0f}" in page
    cells = re.findall(r'<td class="m (up|dn|eq)">[^<]*<small>(<svg.*?</svg>)(\d+)', page)
    assert len(cells) == 3 * len(meeting.shown)  # colour, shape and per cent, closed months only
    for colour, shape, share in cells:
        assert (colour == "dn") == (f'aria-label="{below}"' in shape) or language == "en"
        assert (colour == "up") == (int(share) > 100) or int(share) == 100
    assert page.count('class="m nd"') == 3 * len(meeting.shown) + 3  # no colour without data
    assert (
        "complaints" in page
        and "<script" not in page
        and "http" not in page.replace("http-equiv", "")
    )
    heights = [float(y) for y in re.findall(r'<rect [^>]*height="(-?[\d.]+)"', page)]
    assert heights and min(heights) >= 0


@pytest.mark.parametrize(
    ("language", "end"), [("en", "as of 30 Sep 2025"), ("zh", "截至2025年9月30日")]
)
def test_a_measure_without_a_unit_leaves_no_gap_in_the_head(meeting, language, end):
    bare = replace(meeting, unit="", unit_words="")
    assert f"{end}</header>" in review_page.review_page(bare, language)


def test_the_page_warns_of_the_lowest_rows_only(meeting):
    assert list(meeting.warned.index) == ["South", "North"] or set(meeting.warned.index) == {
        "North",
        "South",
    }
    page = review_page.review_page(meeting)
    assert page.count("will probably miss") == 2 and "fewer than three whole years" in page


def test_a_record_of_warnings_needs_three_whole_years(tmp_path):
    rows = [
        {"date": f"{month:%Y-%m-15}", "region": region, "amount": amount * (1 + month.month % 5)}
        for month in pd.date_range("2022-01-01", periods=40, freq="MS")
        for region, amount in (("North", 100), ("South", 80 + month.year % 3))
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "organisation.toml").write_text(
        'name = "Old"\nlevels = ["region"]\n[[source]]\npath = "orders.csv"\n[source.columns]\n'
        'date = "date"\namount = "amount"\nterritory = ["region"]\n'
    )
    organisation = tmp_path / "organisation.toml"
    inputs = desk.open_year(organisation, first=pd.Timestamp("2025-01-01"), draws=50)
    plan = workbench.build_plan(inputs, Scenario())
    found = review.review(inputs, plan, as_of=pd.Timestamp("2025-04-30"), draws=50)
    assert found.record is not None and len(found.record.record) == 1
    page = review_page.review_page(review.meeting_of(found, inputs, plan="2025"), "zh")
    assert "过去 1 年" in page


def test_the_meetings_figures_fit_together(tiny_company, tmp_path):
    inputs = desk.open_year(tiny_company, first=pd.Timestamp("2025-07-01"), months=6, draws=100)
    plan = workbench.build_plan(inputs, Scenario(stretch=0.5))
    found = review.review(inputs, plan, as_of=pd.Timestamp("2025-09-30"), draws=100)
    top = found.tracking.units.loc[ROOT]
    assert found.table.values["to_date"].sum() == pytest.approx(top["actual"])
    assert ROOT in found.endangered.index and found.endangered.loc[ROOT, "short"] > 0
    assert found.quantities.empty  # the tiny company counts no pieces
    meeting = review.meeting_of(found, inputs, plan="H2")
    written = review.write_review(found, tmp_path, meeting=meeting)
    assert [path.name for path in written] == [
        "tracking.csv", "management_table.csv", "endangered.csv", "quantities.csv", "report.html",
    ]  # fmt: skip


@pytest.mark.notebook
def test_the_notebook_runs_on_a_stored_plan(tmp_path):
    inputs = desk.open_year(ADVENTUREWORKS, first=pd.Timestamp("2012-09-01"), draws=100)
    plan = workbench.build_plan(inputs, Scenario(stretch=0.05, step=100))
    with Store(tmp_path / "plans.db", user="ann") as store:
        store.save("FY", plan, reason="the year")
    papermill.execute_notebook(
        str(NOTEBOOK), str(tmp_path / "out.ipynb"), cwd=str(NOTEBOOK.parent), progress_bar=False,
        parameters={"store": str(tmp_path / "plans.db"), "name": "FY", "draws": 100,
                    "organisation": str(ADVENTUREWORKS), "folder": str(tmp_path)},
    )  # fmt: skip
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "FY, version 1, draft" in page and "www." not in page
    table = pd.read_csv(tmp_path / "tracking.csv", index_col=0)
    assert table.loc["/", "target"] == plan.units.loc["/", "target"]
    pieces = pd.read_csv(tmp_path / "quantities.csv", index_col=0)
    assert list(pieces.index) == ["Accessories", "Bikes", "Clothing", "Components"]
    assert pieces.shape[1] == 6 and (pieces.sum(axis=1) > 0).all()
    marked = pd.read_csv(tmp_path / "management_table.csv", index_col=0)
    assert marked.map(lambda v: str(v)[-1:] in "▲●▼").to_numpy().sum() >= 6


def test_a_decision_that_limits_forbid_is_said_and_the_review_goes_on(tiny_company):
    inputs = desk.open_year(tiny_company, first=pd.Timestamp("2025-07-01"), months=6, draws=50)
    wish = Scenario(stretch=0.5, rules=(Lock("North", 5_000), Lock("South", 5_000)))
    plan = workbench.build_plan(inputs, replace(wish, total=10_000))
    recover, day = Decision("recover", carried_by="region"), pd.Timestamp("2025-09-30")
    said = review.would_move(inputs, plan, recover, as_of=day)
    assert said.startswith("cannot be: the decision breaks limits") and "lock of 'North'" in said
    assert "no month" in review.would_move(inputs, plan, recover, as_of=pd.Timestamp("2025-07-15"))
    free = replace(plan, scenario=replace(plan.scenario, rules=()))
    assert "decision: recover" in review.would_move(inputs, free, recover, as_of=day)
