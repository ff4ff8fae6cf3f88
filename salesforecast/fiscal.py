"""Fiscal calendar: year > quarter > month, each period named by its first day."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

MONTHS = {"M": 1, "Q": 3, "Y": 12}


@dataclass(frozen=True)
class FiscalCalendar:
    """Which months make a fiscal quarter and year.

    Parameters
    ----------
    year_starts
        Month (1 to 12) in which the fiscal year starts. The year is called after the
        calendar year in which it ends: with 12, December 2012 opens fiscal year 2013.
    """

    year_starts: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.year_starts <= 12:
            raise ValueError(f"year_starts is a month from 1 to 12, not {self.year_starts}")

    def start(self, dates: pd.Series, freq: str) -> pd.Series:
        """First day of the period of length `freq` (`"M"`, `"Q"`, `"Y"`) that holds each date."""
        months = MONTHS[freq]
        number = dates.dt.year * 12 + dates.dt.month - 1
        first = number - (number - (self.year_starts - 1)) % months
        text = (first // 12).astype("str") + "-" + (first % 12 + 1).astype("str") + "-01"
        return pd.to_datetime(text, format="%Y-%m-%d").astype("datetime64[us]")

    def start_of(self, date: pd.Timestamp, freq: str) -> pd.Timestamp:
        """First day of the period that holds one date."""
        return self.start(pd.Series([date]), freq).iloc[0]

    def periods(self, first: pd.Timestamp, count: int, freq: str) -> pd.DatetimeIndex:
        """`count` periods of length `freq` from `first` on (which must open such a period)."""
        if self.start_of(first, freq) != first:
            raise ValueError(f"{first:%Y-%m-%d} does not open a period of length {freq!r}")
        step = pd.DateOffset(months=MONTHS[freq])
        return pd.DatetimeIndex([first + i * step for i in range(count)], dtype="datetime64[us]")

    def next_quarter(self, cutoff: pd.Timestamp) -> pd.DatetimeIndex:
        """The three months of the first quarter that starts after the month `cutoff`."""
        after = cutoff + pd.DateOffset(months=1)
        first = self.start_of(after, "Q")
        if first < after:
            first = first + pd.DateOffset(months=3)
        return self.periods(first, 3, "M")

    def label(self, first: pd.Timestamp, freq: str) -> str:
        """What people call a period: `2013-09`, `Q4 FY2013`, `FY2013`."""
        if freq == "M":
            return f"{first:%Y-%m}"
        offset = (first.month - self.year_starts) % 12
        year = first.year + (first.month >= self.year_starts > 1)
        name = f"FY{year}" if self.year_starts > 1 else f"{year}"
        return f"Q{offset // 3 + 1} {name}" if freq == "Q" else name
