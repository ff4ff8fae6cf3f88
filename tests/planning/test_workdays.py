"""Working days against a second source, and days that add up to their months."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforecast.errors import DataError, ParameterError
from salesforecast.planning.workdays import WorkCalendar, daily, read_overrides, weekly

CHINA = WorkCalendar("CN")
PLAIN = WorkCalendar()


def test_chinese_days_agree_with_the_second_source():
    second = pytest.importorskip("chinese_calendar")
    days = CHINA.days(pd.Timestamp("2015-01-01"), pd.Timestamp("2026-12-31"))
    known = [second.is_workday(day.date()) for day in days.index]
    assert days.index[days["working"] != known].tolist() == []
    assert not days["provisional"].any()
    made_up = {day for day in second.constants.workdays if 2015 <= day.year <= 2026}
    ours = {day.date() for day in days.index[days["source"] == "make-up"]}
    assert ours == {day for day in made_up if day.weekday() >= 5}
    assert len(ours) > 60


def test_a_spring_festival_that_everybody_remembers():
    days = CHINA.days(pd.Timestamp("2024-02-01"), pd.Timestamp("2024-02-29"))
    assert not days["working"]["2024-02-10":"2024-02-17"].any()
    assert days["working"]["2024-02-09"] and days["working"]["2024-02-18"]
    assert days.index[days["source"] == "make-up"].day.tolist() == [4, 18]
    assert CHINA.count(pd.DatetimeIndex(["2024-02-01"])).tolist() == [18]


def test_years_that_are_not_announced_are_provisional():
    far = CHINA.days(pd.Timestamp("2035-10-01"), pd.Timestamp("2035-10-01"))
    assert far["provisional"].all() and not far["working"].any()
    assert not WorkCalendar("DE").days(far.index[0], far.index[0])["provisional"].any()


def test_a_users_file_comes_before_everything(tmp_path):
    path = tmp_path / "days.csv"
    path.write_text("date,working,name\n2035-10-01,1,stocktaking\n2035-10-09,休,bridge\n", "utf-8")
    own = WorkCalendar("CN", overrides=read_overrides(path))
    days = own.days(pd.Timestamp("2035-10-01"), pd.Timestamp("2035-10-09"))
    assert days["working"].iloc[[0, -1]].tolist() == [True, False]
    assert days.iloc[0][["name", "source", "provisional"]].tolist() == ["stocktaking", "own", False]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("day,working\n", "lacks a column"),
        ("date,working\n2035-13-01,1\n", "row 2"),
        ("date,working\n2035-10-01,1\n2035-10-02,maybe\n", "row 3"),
        ("date,working\n2035-10-01,1\n2035-10-01,0\n", "twice"),
    ],
)
def test_a_file_that_is_wrong_names_its_row(tmp_path, text, words):
    path = tmp_path / "days.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        read_overrides(path)


def test_unknown_countries_are_refused():
    with pytest.raises(ParameterError, match="no holidays are known"):
        WorkCalendar("XX")
    assert WorkCalendar("DE", "BY").count(pd.DatetimeIndex(["2024-11-01"])).tolist() == [20]
    assert WorkCalendar("DE", "BE").count(pd.DatetimeIndex(["2024-11-01"])).tolist() == [21]


def test_the_part_of_a_month_that_is_gone():
    first = pd.Timestamp("2024-02-01")
    assert PLAIN.share_gone(first, pd.Timestamp("2024-02-02")) == pytest.approx(2 / 21)
    assert PLAIN.share_gone(first, pd.Timestamp("2024-02-29")) == 1
    assert CHINA.share_gone(first, pd.Timestamp("2024-02-09")) == pytest.approx(8 / 18)


MONTHS = pd.DatetimeIndex(["2024-02-01", "2024-03-01"])
AMOUNT = st.integers(-(10**6), 10**12)


@settings(max_examples=max(settings().max_examples // 2, 1))
@given(
    st.lists(st.tuples(AMOUNT, AMOUNT), min_size=1, max_size=5), st.sampled_from([1, 1000]),
    st.sampled_from([CHINA, PLAIN]),
)  # fmt: skip
def test_days_and_weeks_add_up_to_their_months(rows, step, calendar):
    targets = pd.DataFrame(
        [[a * step, b * step] for a, b in rows],
        index=[f"n{k}" for k in range(len(rows))], columns=MONTHS, dtype="int64",
    )  # fmt: skip
    days = daily(targets, calendar, step=step)
    months = days.T.groupby(days.columns.to_period("M")).sum().T
    assert (months.to_numpy() == targets.to_numpy()).all()
    assert (days.to_numpy() % step == 0).all()
    assert (weekly(days).sum(axis=1) == targets.sum(axis=1)).all()
    off = ~calendar.days(days.columns[0], days.columns[-1])["working"].to_numpy()
    assert (days.to_numpy()[:, off] == 0).all()
    assert (days.iloc[::-1].iloc[::-1]).equals(
        daily(targets.iloc[::-1], calendar, step=step).iloc[::-1]
    )


def test_cells_are_the_floor_or_ceiling_and_sums_stay_even():
    targets = pd.DataFrame({MONTHS[0]: [10] * 500}, index=[f"p{k}" for k in range(500)])
    days = daily(targets, PLAIN)
    worked = days.loc[:, days.sum() > 0]
    assert set(np.unique(worked)) <= {0, 1} and worked.shape[1] == 21
    assert worked.sum().between(180, 300).all()  # 238 is even
    heavy = daily(targets, PLAIN, weekdays={0: 3.0})
    assert heavy.loc[:, heavy.columns.day_of_week == 0].sum().min() > heavy.loc[:, heavy.columns.day_of_week == 1].sum().max()  # fmt: skip


def test_weeks_are_named_by_their_monday():
    targets = pd.DataFrame({MONTHS[0]: [21], MONTHS[1]: [21]}, index=["a"])
    weeks = weekly(daily(targets, PLAIN))
    assert all(week.day_of_week == 0 for week in weeks.columns)
    assert weeks[pd.Timestamp("2024-02-26")].tolist() == [5]
