"""How far ahead a plan may look: too far is refused with what goes, far is said."""

import pandas as pd
import pytest

from salesforecast.errors import ParameterError
from salesforecast.fiscal import PLAIN, FiscalCalendar
from salesforecast.planning.reach import check_reach, far_ahead, unequal

KNOWN = pd.Timestamp("2013-12-01")
RETAIL = FiscalCalendar(2, "4-5-4", "nearest Saturday")


def test_a_plan_that_nobody_can_forecast_is_refused_with_what_goes():
    check_reach(KNOWN, pd.Timestamp("2014-01-01"), 60)
    with pytest.raises(ParameterError, match="at most 60 months"):
        check_reach(KNOWN, pd.Timestamp("2014-01-01"), 100)
    with pytest.raises(ParameterError, match="begin no later than 2019-01") as caught:
        check_reach(KNOWN, pd.Timestamp("2040-01-01"), 12)
    assert "324 months after" in str(caught.value)
    check_reach(KNOWN, pd.Timestamp("2019-01-01"), 12)


def test_a_plan_that_looks_further_ahead_than_sales_look_back_says_so():
    since = pd.Timestamp("2011-01-01")
    assert far_ahead(since, KNOWN, pd.Timestamp("2016-12-01")) == ()
    (said,) = far_ahead(since, KNOWN, pd.Timestamp("2017-01-01"))
    assert (said.severity, "37 months ahead" in said.what, "for 36" in said.what) == (
        "warning",
        True,
        True,
    )


def test_a_quarter_with_a_week_more_than_last_years_is_said():
    quarter = pd.date_range("2023-11-01", periods=3, freq="MS")  # fiscal 2023 had 53 weeks
    (said,) = unequal(RETAIL, quarter)
    assert "98 days" in said.what and "91" in said.what
    assert unequal(RETAIL, quarter - pd.DateOffset(years=1)) == unequal(PLAIN, quarter) == ()
