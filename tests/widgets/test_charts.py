"""The pictures show what the plan says, to the last unit."""

import re

import numpy as np
import pytest

from salesforecast.allocation import explain
from salesforecast.hierarchy import ROOT
from salesforecast.reporting.wording import Wording
from salesforecast.widgets import charts
from salesforecast.widgets.consequences import moved_leaves, price_words
from salesforecast.widgets.outlook import Outlook
from salesforecast.widgets.session import Session


@pytest.fixture(scope="module")
def session(adventureworks):
    return Session(adventureworks)


def test_what_was_sold_and_is_foreseen_adds_up_over_the_parts(session):
    outlook = Outlook(session.inputs)
    whole = outlook.of("Europe", session.plan)
    parts = [
        outlook.of(str(node), session.plan) for node in session.plan.hierarchy.children("Europe")
    ]
    np.testing.assert_allclose(
        whole.sold, sum(part.sold.reindex(whole.sold.index).fillna(0) for part in parts)
    )
    np.testing.assert_allclose(whole.ahead["mean"], sum(part.ahead["mean"] for part in parts))
    assert whole.target.sum() == session.plan.units.loc["Europe", "target"]
    assert list(whole.target.index) == list(session.plan.periods)


def test_the_last_years_points_are_the_baseline(session):
    view = Outlook(session.inputs).of(ROOT, session.plan)
    year_before = session.plan.periods - np.timedelta64(0, "D")
    months = [period.replace(year=period.year - 1) for period in year_before]
    assert view.sold[months].sum() == pytest.approx(session.plan.units.loc[ROOT, "baseline"])


def test_ranges_are_ordered_and_the_companys_are_the_plans(session):
    outlook = Outlook(session.inputs)
    ahead = outlook.of(ROOT, session.plan).ahead
    assert (ahead["low80"] <= ahead["low50"]).all() and (ahead["low50"] <= ahead["high50"]).all()
    total, company = outlook.total(), session.plan.units.loc[ROOT]
    assert total["low80"] == pytest.approx(company["low80"])
    assert total["high80"] == pytest.approx(company["high80"])


def test_a_year_of_months_is_shown_by_quarter(adventureworks):
    from dataclasses import replace

    periods = adventureworks.forecast.samples.periods
    long = replace(adventureworks, quarter=periods[:6])
    outlook = Outlook(long)
    assert outlook.points == 3
    drawn = outlook._ahead(ROOT)
    assert len(drawn) == 2
    assert drawn["mean"].sum() == pytest.approx(
        adventureworks.forecast.samples.values[:, :, :6].sum(axis=(1, 2)).mean()
    )
    assert len(outlook._sold(ROOT)) <= 12


def test_the_chart_says_the_target_of_each_point(session):
    view = Outlook(session.inputs).of("Europe", session.plan)
    svg = charts.history_chart(view, session.wording)
    assert svg.count("sf-target-bar") == len(session.plan.periods)
    for amount in view.target:
        assert f">{session.wording.amount(amount)}<" in svg


def test_a_unit_that_never_sold_still_has_a_chart(session):
    view = Outlook(session.inputs).of("Europe", session.plan)
    empty = type(view)(view.sold.iloc[:0], view.ahead * 0, view.target * 0)
    svg = charts.history_chart(empty, session.wording)
    assert "nan" not in svg and "<svg" in svg


@pytest.mark.parametrize("divisor", [1, 1000, 10_000])
def test_the_waterfall_adds_up_as_shown_for_every_unit(session, divisor):
    from salesforecast.reporting.wording import Wording

    wording = Wording(language="en", divisor=divisor)
    for node in session.plan.units.index:
        parts = explain.labels(session.plan.explanation, node, language="en")
        figures = charts._adding_up([amount for _, amount in parts], divisor)
        target = session.plan.units.loc[node, "target"]
        assert sum(figures) == round(target / divisor)
        svg = charts.waterfall(parts, wording)
        assert svg.count("<rect") == len(parts) + 1
        assert "nan" not in svg
        assert svg.rstrip("</svg>").endswith(f">{wording.amount(sum(figures) * divisor)}</text")


def test_the_strip_shows_at_most_twelve_and_counts_the_rest(session):
    rows, hidden = charts.strip_rows(session.plan, session.plan)
    assert len(rows) == charts.STRIP_ROWS
    assert len(rows) + hidden == len(charts.people(session.plan))
    assert not any(node.endswith(")") for node in rows.index), "the strip is about people"
    svg = charts.fairness_strip(session.plan, session.plan, session.wording)
    assert svg.count("<title>") == charts.STRIP_ROWS
    assert f"{hidden} are not" in svg


def test_the_total_bar_puts_target_and_forecast_where_they_are(session):
    company = session.plan.units.loc[ROOT]
    svg = charts.total_bar(company, Outlook(session.inputs).total(), session.wording)
    forecast, target = (float(at) for at in re.findall(r'<path d="M([0-9.]+) 1[12]V', svg))
    assert (target > forecast) == (company["target"] > company["forecast"])
    assert session.wording.amount(company["target"]) in svg


def test_who_moved_is_who_moved(adventureworks):
    session = Session(adventureworks)
    before = session.plan
    assert moved_leaves(before, before).empty
    session.set_total(session.total + 300_000)
    moved = moved_leaves(before, session.plan)
    assert moved["change"].sum() == 300_000
    assert moved["change"].abs().is_monotonic_decreasing


def test_the_price_of_a_limit_is_said_in_the_screens_language():
    english, chinese = Wording("en", 1000), Wording("zh", 1000)
    limit = {"level": 0.4, "level_without": 0.415}
    assert price_words(limit, "equal chance", chinese) == "他人 +1.5 个百分点"
    limit = {"level": 0.251, "level_without": -0.039}
    assert price_words(limit, "equal growth", english) == "others +25.1 % → −3.9 %"
    assert price_words(limit, "blend", chinese) == "他人 +25.1% → −3.9%"
    limit = {"level": 12_000.0, "level_without": 9_000.0}
    assert price_words(limit, "equal uplift", english) == "others +12 → +9"


@pytest.mark.parametrize(("largest", "tick"), [(589, 200), (1.0, 0.4), (11_700, 4_000), (300, 100)])
def test_ticks_are_round_and_reach_the_largest(largest, tick):
    assert charts.round_tick(largest) == pytest.approx(tick)
