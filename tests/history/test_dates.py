"""Dates are read as people meant them, or refused with their cell."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforecast.errors import DataError
from salesforecast.history.dates import parse_dates


def _parse(*values, **declared):
    return parse_dates(pd.Series(values), cell=lambda at: f"cell {at}", **declared)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2017-04-27", "2017-04-27"),
        ("2017-04-27 13:05:00", "2017-04-27"),
        ("2017-04-27T13:05:00", "2017-04-27"),
        ("2017/4/7", "2017-04-07"),
        ("2017.04.07", "2017-04-07"),
        ("2026年3月", "2026-03-01"),
        ("2026年3月5日", "2026-03-05"),
        ("2026-03", "2026-03-01"),
        ("２０２６年３月５日", "2026-03-05"),
        ("20170427", "2017-04-27"),
        ("201704", "2017-04-01"),
        ("42852", "2017-04-27"),
        ("27/04/2017", "2017-04-27"),
        ("04/27/2017", "2017-04-27"),
        ("27.4.2017", "2017-04-27"),
        ("27-Apr-2017", "2017-04-27"),
        ("April 27, 2017", "2017-04-27"),
        ("Apr 2017", "2017-04-01"),
        ("2017 Q2", "2017-04-01"),
        ("2017年第二季度", "2017-04-01"),
        ("Q2 2017", "2017-04-01"),
        ("2017", "2017-01-01"),
    ],
)
def test_one_date_is_read_as_written(text, day):
    parsed = _parse(text)
    assert parsed.bad == []
    assert parsed.values[0] == pd.Timestamp(day)


def test_numbers_and_real_dates_are_dates_too():
    assert _parse(42852).values[0] == pd.Timestamp("2017-04-27")
    assert _parse(201704.0).values[0] == pd.Timestamp("2017-04-01")
    real = _parse(pd.Timestamp("2017-04-27"), pd.NaT)
    assert real.values[0] == pd.Timestamp("2017-04-27")
    assert real.bad == [1]
    zoned = pd.Series(pd.to_datetime(["2017-04-27 01:00"]).tz_localize("Asia/Shanghai"))
    parsed = parse_dates(zoned, cell=str)
    assert parsed.values[0].normalize() == pd.Timestamp("2017-04-27")  # as the clock showed there


@pytest.mark.parametrize("text", ["", "soon", "2017-02-30", "2017/13/01", "31/11/2017"])
def test_what_is_no_date_is_listed(text):
    assert _parse("2017-01-01", text).bad == [1]


def test_day_and_month_that_nothing_tells_apart_are_refused():
    with pytest.raises(DataError, match="ambiguous") as caught:
        _parse("05/05/2017", "03/04/2017")
    assert caught.value.where == "cell 1: '03/04/2017'"


def test_years_of_two_digits_are_refused_until_declared():
    with pytest.raises(DataError, match="two digits") as caught:
        _parse("13-04-05")
    assert "date_format" in caught.value.fix
    assert _parse("13-04-05", date_format="%y-%m-%d").values[0] == pd.Timestamp("2013-04-05")
    assert _parse("13/04/05", day_first=True).values[0] == pd.Timestamp("2005-04-13")


def test_dates_that_contradict_each_other_are_refused():
    with pytest.raises(DataError, match="contradict") as caught:
        _parse("13/04/2017", "04/13/2017")
    assert "cell 0" in caught.value.where
    assert "cell 1" in caught.value.where


def test_one_date_tells_the_order_of_all():
    parsed = _parse("03/04/2017", "13/04/2017")
    assert parsed.values.tolist() == [pd.Timestamp("2017-04-03"), pd.Timestamp("2017-04-13")]
    assert parsed.repairs == {"dates as day, month, year": [0, 1]}


def test_real_dates_need_no_declaration():
    mixed = pd.Series([datetime(2017, 4, 3), date(2017, 4, 3), "03-04-2017"], dtype="object")
    parsed = parse_dates(mixed, cell=str, date_format="%d-%m-%Y")
    assert parsed.values.tolist() == [pd.Timestamp("2017-04-03")] * 3
    assert parsed.bad == []


def test_a_declaration_decides():
    assert _parse("03/04/2017", day_first=True).values[0] == pd.Timestamp("2017-04-03")
    assert _parse("03/04/2017", day_first=False).values[0] == pd.Timestamp("2017-03-04")
    declared = _parse("03-04-2017", "2017-04-03", date_format="%d-%m-%Y")
    assert declared.values[0] == pd.Timestamp("2017-04-03")
    assert declared.bad == [1]


@given(
    days=st.lists(st.dates(pd.Timestamp("1950-01-01").date(), pd.Timestamp("2099-12-31").date())),
    style=st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y%m%d", "%d-%b-%Y"]),
)
def test_what_was_written_is_read_back(days, style):
    expected = np.array([pd.Timestamp(day) for day in days], dtype="datetime64[us]")
    parsed = _parse(*[day.strftime(style) for day in days])
    assert (parsed.values.to_numpy() == expected).all()
