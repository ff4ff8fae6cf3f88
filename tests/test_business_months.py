"""The same order lines in calendar months and in business months of weeks: nothing is lost on the way."""

import gzip
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesforecast import desk, outlook, review, runs, workbench
from salesforecast.errors import DataError
from salesforecast.fiscal import FiscalCalendar
from salesforecast.forecasting.calendar_effects import holiday_days
from salesforecast.hierarchy import ROOT
from salesforecast.history import large
from salesforecast.history.load import load
from salesforecast.history.organisation import Organisation
from salesforecast.history.series import actuals, build_history, last_complete_period
from salesforecast.history.validate import validate
from salesforecast.planning.decision import Decision
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.store import Store
from salesforecast.planning.workdays import WorkCalendar
from salesforecast.reporting import review_page

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SUPERSTORE = Path(__file__).parents[2] / "shared/data/superstore_cn/orders_utf8.csv.gz"
WALMART = SUPERSTORE.parents[1] / "walmart_store_weekly/walmart_store_weekly.csv.gz"
WEEKS = 'months = "4-4-5"\nyear_ends = "nearest Saturday"'
PLAIN = "year_starts = 1"
FIRST, LAST = "2021-01-03", "2025-01-25"  # whole periods; fiscal 2023 ends on 30 December
TOML = """
name = "Acme"
levels = ["region"]

[measure]
name = "revenue"
unit = "EUR"

[calendar]
{calendar}

[[source]]
path = "{path}"
[source.columns]
date = "{date}"
amount = "{amount}"
territory = "{region}"
"""


def daily(first: str = FIRST, last: str = LAST) -> pd.DataFrame:
    """A hundred a day in the north, fifty in the south."""
    days = pd.date_range(first, last)
    parts = [
        pd.DataFrame({"date": days.strftime("%Y-%m-%d"), "region": region, "amount": amount})
        for region, amount in (("North", 100), ("South", 50))
    ]
    return pd.concat(parts, ignore_index=True)


def write(folder: Path, calendar: str, lines: pd.DataFrame) -> Path:
    lines.to_csv(folder / "orders.csv", index=False)
    text = TOML.format(
        calendar=calendar, path="orders.csv", date="date", amount="amount", region="region"
    )
    (folder / "organisation.toml").write_text(text, "utf-8")
    return folder / "organisation.toml"


@pytest.fixture(scope="module")
def weeks(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("weeks"), WEEKS, daily())


@pytest.mark.parametrize(
    "calendar",
    [PLAIN, WEEKS, 'year_starts = 2\nmonths = "4-5-4"\nyear_ends = "last Friday"', "month_starts = 26"],
)  # fmt: skip
def test_every_period_is_the_sum_of_the_raw_rows_of_its_days(tmp_path, calendar):
    if not SUPERSTORE.exists():
        pytest.skip("the Chinese superstore's orders are not beside this checkout")
    (tmp_path / "orders.csv").write_bytes(gzip.decompress(SUPERSTORE.read_bytes()))
    raw = pd.read_csv(tmp_path / "orders.csv", parse_dates=["订单日期"])
    text = TOML.format(
        calendar=calendar, path="orders.csv", date="订单日期", amount="销售额", region="地区"
    )
    (tmp_path / "organisation.toml").write_text(text, "utf-8")
    organisation = Organisation.read(tmp_path / "organisation.toml")
    loaded = load(organisation)
    history = build_history(loaded.lines, organisation)
    periods = pd.DatetimeIndex(sorted(loaded.lines["period"].unique()))
    spans = [organisation.calendar.dates(period) for period in periods]
    by_days = [raw["订单日期"].between(*span) for span in spans]
    assert np.sum(by_days, axis=0).tolist() == [1] * len(raw)  # every row in one period
    by_hand = pd.Series([raw.loc[inside, "销售额"].sum() for inside in by_days], index=periods)
    booked = loaded.lines.groupby("period")["amount"].sum()
    np.testing.assert_allclose(booked, by_hand, rtol=1e-13)
    seen = history.frame.groupby("period")["sales"].sum()
    np.testing.assert_allclose(seen, by_hand[by_hand.index <= history.cutoff], rtol=1e-13)


def test_a_53rd_week_is_known_where_it_was_and_where_it_comes(tmp_path):
    """With a hundred a day, a period is worth a hundred times its days, six-week December too."""
    path = write(tmp_path, WEEKS, daily("2019-12-29", "2024-02-24"))
    calendar = Organisation.read(path).calendar
    long = [f"{p:%Y}" for p in pd.date_range("2018-12-01", periods=9, freq="12MS")
            if (calendar.dates(p)[1] - calendar.dates(p)[0]).days == 41]  # fmt: skip
    assert long == ["2020", "2025"]
    inputs = desk.open_year(path, first="2024-03", months=36, draws=50)
    ahead = inputs.forecast.frame.query("node == 'North'").set_index("period")["forecast"]
    days = calendar.ends(ahead.index) - calendar.first_days(ahead.index)
    np.testing.assert_allclose(ahead, 100 * days.days, rtol=0.02)
    assert ahead["2025-12-01"] == pytest.approx(4200, rel=0.02)
    said = [finding.what for finding in inputs.findings]
    assert any(what.startswith("length of the period: a fifth week") for what in said)


def test_a_year_in_weeks_is_planned_saved_tracked_and_planned_again(weeks, tmp_path):
    inputs = desk.open_year(weeks, first="2024-01", months=12, draws=100)
    plan = workbench.build_plan(inputs, Scenario(stretch=0.1))
    with Store(tmp_path / "plans.db", user="planner") as store:
        store.save("FY", plan, reason="the year")
        plan = store.load("FY")
    assert plan.calendar == FiscalCalendar(1, "4-4-5", "nearest Saturday")
    first, last = plan.calendar.dates(plan.periods[0])
    assert (f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}") == ("2023-12-31", "2024-01-27")

    on_the_last = desk.track_plan(
        inputs, plan, as_of=last, draws=50
    )  # a closed period, by its days
    january = on_the_last.periods.query("node == '/'").set_index("period").iloc[0]
    assert january["closed"] and january["actual"] == 150 * 28
    eve = desk.track_plan(inputs, plan, as_of=last - pd.Timedelta(days=7), draws=50)
    running = eve.units.loc[ROOT]
    assert running["expected"] == pytest.approx(plan.months.loc[ROOT].iloc[0] * 21 / 28)
    assert running["actual"] == 150 * 21

    meeting = review.review(inputs, plan, as_of=last, draws=50)
    page = review_page.review_page(review.meeting_of(meeting, inputs, plan="FY, version 1"), "zh")
    assert "P1 1月" in page and "P12 12月" in page
    assert review.would_move(inputs, plan, Decision(), as_of=last - pd.Timedelta(days=1)) == (
        "no month is closed yet"
    )

    again, _ = desk.replan_year(
        inputs, plan, closed=plan.periods[2], decision=Decision("recover", carried_by="company")
    )
    gap = plan.months.loc[ROOT].iloc[:3].sum() - 150 * 91  # thirteen weeks
    assert again.units.loc[ROOT, "target"] - plan.units.loc[ROOT, "target"] == gap > 0
    shut = again.targets["period"] <= plan.periods[2]
    assert again.targets[shut].equals(plan.targets[shut])

    month = plan.periods[2]  # five weeks, 25 February to 30 March
    by_week = outlook.days_of(plan, month=month, grain="week")
    assert [f"{day:%m-%d}" for day in by_week.columns] == [
        "02-25",
        "03-03",
        "03-10",
        "03-17",
        "03-24",
    ]
    assert by_week.loc[ROOT].sum() == plan.months.loc[ROOT, month]


@pytest.mark.parametrize("calendar", [PLAIN, WEEKS])
def test_days_after_the_last_delivery_are_no_days_without_sales(tmp_path, calendar):
    path = write(tmp_path, calendar, daily(FIRST, "2025-02-04"))
    inputs = desk.open_year(path, first="2024-10", months=12, draws=50)
    plan = workbench.build_plan(inputs, Scenario())
    until = pd.Timestamp("2025-02-04")
    known = desk.track_plan(inputs, plan, as_of=until, draws=50).units.loc[ROOT, "actual"]
    later = desk.track_plan(inputs, plan, as_of=until + pd.Timedelta(days=4), draws=50)
    assert later.units.loc[ROOT, "actual"] == known  # a long weekend, perhaps
    for day in ("2025-02-09", "2025-02-28", "2025-03-01"):
        with pytest.raises(DataError, match=r"(?s)data end with 2025-02-04.*as of 2025-02-04"):
            desk.track_plan(inputs, plan, as_of=pd.Timestamp(day), draws=50)


def test_a_month_is_a_day_until_which_something_is_known():
    weeks = FiscalCalendar(1, "4-4-5", "nearest Saturday")
    assert weeks.until("2024-01") == pd.Timestamp("2024-01-27")
    assert FiscalCalendar().until("2024-01") == pd.Timestamp("2024-01-31")
    assert weeks.until("2024-01-15") == pd.Timestamp("2024-01-15")


def test_a_month_is_complete_when_its_own_days_are_over(tmp_path):
    until = {"2024-01-27": "2024-01", "2024-01-15": "2023-12", "2024-01-31": "2024-01"}
    for day, complete in until.items():
        organisation = Organisation.read(write(tmp_path, WEEKS, daily(FIRST, day)))
        last = last_complete_period(load(organisation).lines, organisation)
        assert f"{last:%Y-%m}" == complete, day
    codes = [finding.what for finding in validate(load(organisation), organisation)]
    assert any(
        "the last period is partial" in what for what in codes
    )  # four days of fiscal February


@pytest.mark.parametrize(
    ("dates", "where"),
    [
        (["2024-01-01", "2024-02-01", "2024-03-01"], "row 2, column 'date': 2024-01-01"),
        (["2024-01-31", "2024-02-29", "2024-03-31"], "row 2, column 'date': 2024-01-31"),
    ],
)
def test_sums_of_calendar_months_are_refused(tmp_path, dates, where):
    lines = pd.DataFrame({"date": dates, "region": "North", "amount": 1})
    with pytest.raises(DataError, match="sums of calendar months") as caught:
        load(Organisation.read(write(tmp_path, WEEKS, lines)))
    assert where in caught.value.where


def test_months_without_a_day_are_refused_with_their_rows(tmp_path):
    lines = pd.DataFrame(
        {
            "date": ["2024-01-05", "2024-02", "2024年3月", "Q2 2024"],
            "region": "North",
            "amount": [1, 2, 4, 8],
        }
    )
    loaded = load(Organisation.read(write(tmp_path, WEEKS, lines)))
    assert loaded.refused["row"].tolist() == [3, 4, 5] and loaded.lines["amount"].sum() == 1
    (error,) = [finding for finding in loaded.findings if finding.severity == "error"]
    assert "3 dates without a day" in error.what and "column 'date'" in error.where
    plain = load(Organisation.read(write(tmp_path, PLAIN, lines)))
    assert plain.lines["amount"].sum() == 7 and plain.refused["value"].tolist() == ["Q2 2024"]
    assert "naming a longer period" in plain.refused["why"].iloc[0]


def test_a_column_a_month_is_refused_by_name(tmp_path):
    path = write(
        tmp_path,
        WEEKS,
        pd.DataFrame({"region": ["North"], "2024-01": 1, "2024-02": 2, "2024-03": 3}),
    )
    text = path.read_text("utf-8").replace('date = "date"\namount = "amount"\n', "")
    path.write_text(
        text.replace('path = "orders.csv"', 'path = "orders.csv"\nmonth_columns = true'), "utf-8"
    )
    with pytest.raises(DataError, match="column a calendar month") as caught:
        load(Organisation.read(path))
    assert "2024-01, 2024-02" in caught.value.where


def test_days_that_a_table_of_ones_own_does_not_know_are_refused_and_plans_beyond_it_too(tmp_path):
    firsts = [
        f"{m:%Y-%m},{m - pd.Timedelta(days=3):%Y-%m-%d}"
        for m in pd.date_range("2021-01-01", "2024-06-01", freq="MS")
    ]
    (tmp_path / "fiscal.csv").write_text("\n".join(["period,first", *firsts]), "utf-8")
    path = write(tmp_path, 'path = "fiscal.csv"', daily("2020-12-29", "2024-01-28"))
    strange = load(Organisation.read(path))
    assert not strange.findings and strange.lines["period"].nunique() == 37
    write(tmp_path, 'path = "fiscal.csv"', daily("2020-12-27", "2024-01-28"))
    outside = load(Organisation.read(path))
    assert outside.refused["value"].unique().tolist() == ["2020-12-27", "2020-12-28"]
    with pytest.raises(DataError, match="does not know 2024-07"):
        desk.open_year(
            write(tmp_path, 'path = "fiscal.csv"', daily("2020-12-29", "2024-01-28")), months=12
        )


@pytest.mark.notebook
def test_the_main_job_in_weeks_leaves_labelled_periods(weeks, tmp_path):
    done = runs.run(
        "quarterly_allocation",
        {"organisation": str(weeks), "draws": 50, "hindcast": False},
        outputs=tmp_path,
        notebooks=NOTEBOOKS,
    )
    assert done.status == "published"
    table = pd.read_csv(tmp_path / "latest" / "targets.csv", encoding="utf-8-sig")
    whole = table[table["node"] == "/"]
    assert whole["period"].tolist() == ["2025-04-01", "2025-05-01", "2025-06-01"]
    assert whole["first_day"].tolist() == ["2025-03-30", "2025-04-27", "2025-05-25"]
    assert whole["last_day"].tolist() == ["2025-04-26", "2025-05-24", "2025-06-28"]
    page = (tmp_path / "latest" / "report.html").read_text("utf-8")
    assert "P4 30 Mar–26 Apr, P5 27 Apr–24 May, P6 25 May–28 Jun" in page
    assert re.findall(r">(P\d \w{3})<", page)[:3] == ["P4 Apr", "P5 May", "P6 Jun"]


@pytest.mark.parametrize("declared", ["holiday", "working days"])
def test_holidays_and_working_days_are_counted_in_the_months_own_days(tmp_path, declared):
    """Nothing is sold in the New Year's week (or on days off): the next one is forecast by its days."""
    calendar = WEEKS + '\ncountry = "CN"'
    calendar += "\nworking_days = true" if declared == "working days" else ""
    lines = daily("2016-01-03", "2024-12-28")
    days = pd.to_datetime(lines["date"])
    if declared == "holiday":
        firsts = holiday_days("CN", "Chinese New Year", range(2015, 2027))
        closed = np.add.outer(firsts.to_numpy(), pd.to_timedelta(range(7)).to_numpy()).ravel()
        lines = lines[~days.isin(closed)]
    else:
        off = WorkCalendar("CN").days(days.min(), pd.Timestamp("2025-06-28"))
        closed = off.index[~off["working"]]
        lines = lines[~days.isin(closed)]
    path = write(tmp_path, calendar, lines)
    if declared == "holiday":
        path.write_text(
            path.read_text("utf-8") + '\n[[holiday]]\nname = "Chinese New Year"\n', "utf-8"
        )
    inputs = desk.open_year(path, first="2025-01", months=6, draws=50)
    ahead = inputs.forecast.frame.query("node == 'North'").set_index("period")["forecast"]
    fiscal = inputs.organisation.calendar
    every = pd.Series(
        100.0,
        pd.date_range(
            *[fiscal.dates(p)[at] for p, at in ((ahead.index[0], 0), (ahead.index[-1], 1))]
        ),
    )
    every[every.index.isin(closed)] = 0.0
    by_hand = every.groupby(fiscal.start(pd.Series(every.index), "M").to_numpy()).sum()
    np.testing.assert_allclose(ahead, by_hand, rtol=0.015)


def test_a_long_table_summed_by_the_database_is_booked_by_the_same_days(tmp_path, monkeypatch):
    pytest.importorskip("duckdb")
    lines = daily(FIRST, "2023-12-30").assign(date=lambda f: pd.to_datetime(f["date"]))
    lines.to_parquet(tmp_path / "orders.parquet")
    path = write(tmp_path, WEEKS, lines.head(1))
    path.write_text(path.read_text("utf-8").replace("orders.csv", "orders.parquet"), "utf-8")
    whole = load(Organisation.read(path))
    monkeypatch.setattr(large, "LARGE", 100)
    summed = load(Organisation.read(path))
    assert any("were summed" in finding.what for finding in summed.findings)
    keys = ["territory", "period"]
    assert (
        summed.lines.groupby(keys)["amount"].sum().equals(whole.lines.groupby(keys)["amount"].sum())
    )
    organisation = Organisation.read(path)
    last = last_complete_period(summed.lines, organisation)
    assert last == last_complete_period(whole.lines, organisation) == pd.Timestamp("2023-12-01")


def test_weekly_sales_are_forecast_far_better_in_months_that_hold_whole_weeks(tmp_path):
    """A calendar month has four or five Fridays; the business months of these shops do not change."""
    if not WALMART.exists():
        pytest.skip("the weekly sales of shops are not beside this checkout")
    weeks = pd.read_csv(WALMART)
    shops = "S" + weeks["store"].astype("str")
    lines = pd.DataFrame({"date": weeks["ds"], "region": shops, "amount": weeks["y"]})
    errors = {}
    fridays = 'year_starts = 2\nmonths = "4-5-4"\nyear_ends = "nearest Friday"'
    for calendar in (PLAIN, fridays):
        inputs = desk.open_year(
            write(tmp_path, calendar, lines), first="2012-05", months=3, draws=20
        )
        known = inputs.loaded.lines
        sold = actuals(known, inputs.organisation, inputs.history, inputs.quarter)
        ahead = inputs.forecast.frame.drop(columns="product")
        both = sold.merge(ahead, on=["node", "period"], validate="one_to_one")
        assert len(both) == 3 * 45
        error = (both["forecast"] - both["actual"]).abs().sum() / both["actual"].sum()
        errors[calendar] = error
    assert errors[fridays] < 0.06 and errors[fridays] < 0.5 * errors[PLAIN]
