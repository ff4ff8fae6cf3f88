"""Business months of whole weeks, from another day on, or by a table: every day lies in one period."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforecast.errors import DataError
from salesforecast.fiscal import WEEKDAYS, WEEKS, FiscalCalendar

days = st.dates(pd.Timestamp("1990-01-01").date(), pd.Timestamp("2100-01-01").date())
RETAIL = FiscalCalendar(2, "4-5-4", "nearest Saturday")  # of the National Retail Federation
SEPTEMBER = FiscalCalendar(10, "5-4-4", "last Saturday")
OWN = FiscalCalendar(
    path="fiscal.csv",
    firsts=(("2023-01", "2022-12-28"), ("2023-02", "2023-01-30"), ("2023-03", "2023-02-27")),
)
CALENDARS = st.builds(
    FiscalCalendar,
    st.integers(1, 12),
    st.sampled_from(list(WEEKS)),
    st.builds("{} {}".format, st.sampled_from(["last", "nearest"]), st.sampled_from(WEEKDAYS)),
) | st.builds(FiscalCalendar, st.integers(1, 12), month_starts=st.integers(1, 28))


@given(day=days, calendar=CALENDARS)
def test_every_day_lies_in_one_period_and_that_in_its_quarter_and_year(day, calendar):
    date = pd.Timestamp(day)
    for freq in "MQY":
        period = calendar.start_of(date, freq)
        first, last = calendar.dates(period, freq)
        assert first <= date <= last
        assert calendar.start_of(first, freq) == calendar.start_of(last, freq) == period
        assert calendar.start_of(last + pd.Timedelta(days=1), freq) > period
        assert period.day == 1
    assert calendar.start_of(date, "Y").month == calendar.year_starts


@given(year=st.integers(1990, 2100), calendar=CALENDARS)
def test_a_year_of_weeks_has_52_or_53_of_them_and_ends_where_it_is_said(year, calendar):
    first, last = calendar.dates(pd.Timestamp(year, calendar.year_starts, 1), "Y")
    length = (last - first).days + 1
    if not calendar.in_weeks:
        assert length in (365, 366)
        return
    assert length in (364, 371)
    assert calendar.year_ends.endswith(last.day_name().lower())
    eve = pd.Timestamp(year + 1, calendar.year_starts, 1) - pd.Timedelta(days=1)
    away = (eve - last).days
    assert 0 <= away < 7 if calendar.year_ends.startswith("last") else abs(away) <= 3


@pytest.mark.parametrize(
    ("calendar", "month", "freq", "span"),
    [
        # the retail federation's published calendars: fiscal years 2022, 2023 (53 weeks), 2024
        (RETAIL, "2022-02", "Y", ("2022-01-30", "2023-01-28")),
        (RETAIL, "2023-02", "Y", ("2023-01-29", "2024-02-03")),
        (RETAIL, "2024-02", "Y", ("2024-02-04", "2025-02-01")),
        (RETAIL, "2023-03", "M", ("2023-02-26", "2023-04-01")),
        (RETAIL, "2024-01", "M", ("2023-12-31", "2024-02-03")),  # five weeks, usually four
        # a company whose year ends on September's last Saturday: its annual reports of 2022, 2023
        (SEPTEMBER, "2021-10", "Y", ("2021-09-26", "2022-09-24")),
        (SEPTEMBER, "2022-10", "Y", ("2022-09-25", "2023-09-30")),
        (SEPTEMBER, "2022-10", "Q", ("2022-09-25", "2022-12-24")),
        (FiscalCalendar(month_starts=26), "2023-03", "M", ("2023-02-26", "2023-03-25")),
        (FiscalCalendar(month_starts=5), "2023-03", "M", ("2023-03-05", "2023-04-04")),
    ],
)
def test_calendars_that_are_published(calendar, month, freq, span):
    found = calendar.dates(pd.Timestamp(month), freq)
    assert tuple(f"{day:%Y-%m-%d}" for day in found) == span


def test_the_iso_year_is_the_one_that_ends_on_the_sunday_nearest_to_december():
    calendar = FiscalCalendar(1, "4-4-5", "nearest Sunday")
    every = pd.Series(pd.date_range("2000-01-01", "2040-12-31"))
    iso = every.dt.isocalendar()
    assert (calendar.start(every, "Y").dt.year == iso["year"]).all()
    quarter = np.minimum((iso["week"] - 1) // 13, 3)
    assert (calendar.start(every, "Q").dt.quarter == quarter + 1).all()


def test_a_table_of_ones_own_ends_where_its_last_row_begins():
    inside = pd.Series(pd.to_datetime(["2022-12-28", "2023-01-29", "2023-01-30", None]))
    named = OWN.start(inside, "M")
    assert [f"{p:%Y-%m}" for p in named[:3]] == ["2023-01", "2023-01", "2023-02"]
    outside = pd.Series(pd.to_datetime(["2022-12-27", "2023-02-27"]))
    assert named.isna()[3] and OWN.start(outside, "M").isna().all()
    with pytest.raises(DataError, match="does not know 2023-05"):
        OWN.dates(pd.Timestamp("2023-05-01"))


def test_a_text_names_a_period_by_its_month_or_by_a_day_in_it():
    assert RETAIL.named("2023-03") == pd.Timestamp("2023-03-01")
    assert RETAIL.named("2023-02-26") == RETAIL.named("2023-04-01") == pd.Timestamp("2023-03-01")
    assert RETAIL.since("2023-02-26") == pd.Timestamp("2023-03-01")
    assert RETAIL.since("2023-02-27") == pd.Timestamp("2023-04-01")
    assert FiscalCalendar().named("2023-03-31") == pd.Timestamp("2023-03-01")


def test_a_row_a_period_means_the_month_that_it_is_dated_with():
    firsts = pd.Series(pd.to_datetime(["2023-02-01", "2023-03-01"]))
    assert RETAIL.of_rows(firsts, "M").tolist() == firsts.tolist()
    dated = pd.Series(pd.to_datetime(["2023-04-01", "2023-03-15"]))  # days: 1 April is fiscal March
    assert set(RETAIL.of_rows(dated, "M")) == {pd.Timestamp("2023-03-01")}
    with pytest.raises(DataError, match="does not know 2024-03-15"):
        OWN.of_rows(pd.Series(pd.to_datetime(["2023-01-15", "2024-03-15"])), "M")


@pytest.mark.parametrize(
    "wrong", [{"months": "4-4-4"}, {"months": "4-4-5"}, {"month_starts": 31}, {"year_starts": 13}]
)
def test_a_calendar_that_cannot_be_is_a_wrong_call(wrong):
    with pytest.raises(ValueError, match=r"is|are"):
        FiscalCalendar(**wrong)
