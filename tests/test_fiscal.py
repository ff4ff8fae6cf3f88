"""Fiscal periods: every day lies in one month, one quarter, one year."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforecast.fiscal import FiscalCalendar

days = st.dates(pd.Timestamp("1990-01-01").date(), pd.Timestamp("2100-01-01").date())


@given(day=days, month=st.integers(1, 12))
def test_a_month_lies_in_its_quarter_and_the_quarter_in_its_year(day, month):
    calendar, date = FiscalCalendar(month), pd.Timestamp(day)
    first = {freq: calendar.start_of(date, freq) for freq in "MQY"}
    assert first["Y"] <= first["Q"] <= first["M"] <= date
    assert first["Y"].month == month
    assert date < first["Q"] + pd.DateOffset(months=3)
    assert (first["Q"].month - month) % 3 == 0


def test_a_year_from_december_is_called_after_its_end():
    calendar = FiscalCalendar(12)
    assert calendar.label(pd.Timestamp("2012-12-01"), "Y") == "FY2013"
    assert calendar.label(pd.Timestamp("2013-09-01"), "Q") == "Q4 FY2013"
    assert FiscalCalendar(1).label(pd.Timestamp("2013-04-01"), "Q") == "Q2 2013"


def test_a_year_may_be_called_after_its_start():
    calendar = FiscalCalendar(2, year_named="start")
    assert calendar.label(pd.Timestamp("2023-02-01"), "Y") == "FY2023"
    assert calendar.label(pd.Timestamp("2023-11-01"), "Q") == "Q4 FY2023"
    assert calendar.label(pd.Timestamp("2024-01-01"), "Y") == "FY2023"
    for named in ("start", "end"):
        for month in (1, 2, 12):
            calendar = FiscalCalendar(month, year_named=named)
            assert calendar.label(calendar.opens(2023), "Y").endswith("2023")


@pytest.mark.parametrize(("cutoff", "first"), [("2013-08", "2013-09"), ("2013-09", "2013-12")])
def test_the_next_quarter_starts_after_the_cutoff(cutoff, first):
    quarter = FiscalCalendar(12).next_quarter(pd.Timestamp(f"{cutoff}-01"))
    assert quarter[0] == pd.Timestamp(f"{first}-01")
    assert len(quarter) == 3


def test_a_day_that_opens_no_period_is_a_wrong_call():
    with pytest.raises(ValueError, match="does not open"):
        FiscalCalendar(1).periods(pd.Timestamp("2013-02-01"), 4, "Q")
