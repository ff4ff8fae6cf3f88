"""Which period a line is booked in: the one place where days of sales become business months."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesforecast.errors import DataError
from salesforecast.fiscal import FiscalCalendar
from salesforecast.history.dates import WITHOUT_DAY
from salesforecast.history.numbers import Parsed
from salesforecast.history.raw import Raw
from salesforecast.history.spans import span_of
from salesforecast.tables import TIME

LEAST = 3  # fewer different days prove no table of sums by month
DAYS_NEEDED = "Business months that are no calendar months need days: deliver the lines with dates."
_LONGER: dict[str, tuple[str, ...]] = {"M": ("quarters", "years"), "Q": ("years",), "Y": ()}
_LONGER_WORDS = 'Deliver finer dates, or plan in that period: period = "quarter" or "year".'
_WEEKS = "Write each week as a day of it, such as its first one: 2026-01-26."
_CALENDAR = "or plan in calendar months: take months, month_starts and path out of [calendar]."


def periods_of(dates: pd.Series, shift: int, calendar: FiscalCalendar, freq: str) -> pd.Series:
    """Period of each line; missing where its date is, or where the calendar does not know it."""
    codes, uniques = pd.factorize(dates)
    days = pd.Series(uniques, dtype=TIME) + pd.Timedelta(days=shift)
    starts = calendar.start(days, freq) if len(days) else days
    known = pd.concat([starts, pd.Series([pd.NaT], dtype=TIME)], ignore_index=True)
    return pd.Series(known.to_numpy()[codes], index=dates.index)


def unknown(dates: pd.Series, periods: pd.Series) -> list[int]:
    """Positions of lines with a date that the calendar's table does not know."""
    return np.flatnonzero((dates.notna() & periods.isna()).to_numpy(bool)).tolist()


def too_coarse(parsed: Parsed, calendar: FiscalCalendar, freq: str) -> tuple[list[int], str, str]:
    """Positions of dates that do not tell the planned period: what they lack, and what to do.

    Business months need days, months no more than months, quarters no more than quarters.
    """
    coarse = WITHOUT_DAY if not calendar.plain else _LONGER[freq]
    at = (at for kind, at in parsed.repairs.items() if coarse and kind.startswith(coarse))
    found = sorted(position for positions in at for position in positions)
    if calendar.plain:
        return found, "naming a longer period than is planned", _LONGER_WORDS
    return found, "without a day", DAYS_NEEDED


def mend(date: object) -> str:
    """What to do about a date that cannot be read."""
    span = span_of(str(date))
    return _WEEKS if span and span.kind == "W" else "Correct them in the file and run again."


def refuse_sums(days: pd.Series, calendar: FiscalCalendar, raw: Raw, column: str) -> None:
    """Refuse a table of sums by calendar month, where business months are others.

    Raises
    ------
    DataError
        If every date is the first, or every date the last day of a month.
    """
    known = days.dropna().drop_duplicates()
    if calendar.plain or len(known) < LEAST:
        return
    for what, all_are in (("first", known.dt.is_month_start), ("last", known.dt.is_month_end)):
        if all_are.all():
            at = int(np.flatnonzero(days.notna().to_numpy(bool))[0])
            raise DataError(
                f"the lines are sums of calendar months: every date is the {what} day of one.",
                where=f"{raw.cell(at, column)}: {days.iloc[at]:%Y-%m-%d}, and so on",
                fix=f"deliver the lines with the days of the sales; {_CALENDAR}",
            )
