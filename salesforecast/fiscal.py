"""Fiscal calendar: year > quarter > month, each period named by the month that it stands for.

A period of the business year is known inside by the first day of a calendar month, whatever its
true days are: fiscal May 2023 is `2023-05-01`, also where it runs from 30 April to 27 May. So
seasons, quarters and years are plain arithmetic on months everywhere. `start` is the one place
where a day becomes a period, `first_days` and `ends` are the way back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from salesforecast.errors import DataError

MONTHS = {"M": 1, "Q": 3, "Y": 12}
CALENDAR = "calendar"
WEEKS = {"4-4-5": (4, 4, 5), "4-5-4": (4, 5, 4), "5-4-4": (5, 4, 4)}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
YEAR_ENDS = re.compile(rf"(last|nearest) ({'|'.join(WEEKDAYS)})", re.IGNORECASE)
YEAR_NAMED = ("end", "start")
HALF = 15  # a month that opens later than this day of the one before stands for the next


@dataclass(frozen=True)
class FiscalCalendar:
    """Which days make a fiscal month, quarter and year.

    Parameters
    ----------
    year_starts
        Month (1 to 12) that the first period of the fiscal year stands for.
    year_named
        `end`: the year is called after the calendar year in which it ends (with 12, December 2012
        opens fiscal year 2013); `start`: in which it begins, as many retailers do.
    months
        `calendar`, or the weeks of a quarter's three periods: `4-4-5`, `4-5-4`, `5-4-4`. A 53rd
        week lengthens the last period of its year.
    year_ends
        With weeks, the year's last day: `last Saturday` of the month before `year_starts`, or
        `nearest Saturday` to that month's end.
    month_starts
        Day on which calendar-like months open: with 26, May runs from 26 April to 25 May.
    path
        Where `firsts` were read, as the organisation file names it.
    firsts
        A calendar of one's own: month (`2023-05`) and first day of each period; the last one
        only ends the one before it.
    """

    year_starts: int = 1
    months: str = CALENDAR
    year_ends: str = ""
    month_starts: int = 1
    year_named: str = "end"
    path: str = ""
    firsts: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.year_starts <= 12:
            raise ValueError(f"year_starts is a month from 1 to 12, not {self.year_starts}")
        if not 1 <= self.month_starts <= 28:
            raise ValueError(f"month_starts is a day from 1 to 28, not {self.month_starts}")
        if self.months not in (CALENDAR, *WEEKS):
            raise ValueError(f"months are {CALENDAR}, {', '.join(WEEKS)}, not {self.months!r}")
        if self.year_named not in YEAR_NAMED:
            raise ValueError(f"year_named is one of {YEAR_NAMED}, not {self.year_named!r}")
        if self.in_weeks and not YEAR_ENDS.fullmatch(self.year_ends):
            raise ValueError(f"year_ends is 'nearest Saturday' or the like, not {self.year_ends!r}")

    @property
    def plain(self) -> bool:
        """Whether periods are calendar months."""
        return not (self.in_weeks or self.firsts or self.month_starts > 1)

    @property
    def in_weeks(self) -> bool:
        """Whether periods are whole weeks."""
        return self.months in WEEKS

    @property
    def uneven(self) -> bool:
        """Whether a period may be a week longer or shorter than that of another year."""
        return bool(self.in_weeks or self.firsts)

    def _first_days(self, number: np.ndarray) -> np.ndarray:
        """True first days of periods counted in months from 1970 on; NaT where none is known."""
        if self.firsts:
            known, days = self._table
            at = np.searchsorted(known, number).clip(0, len(known) - 1)
            return np.where(known[at] == number, days[at], np.datetime64("NaT", "D"))
        if not self.in_weeks:
            month = number - (self.month_starts > HALF)
            return month.astype("datetime64[M]").astype("datetime64[D]") + (self.month_starts - 1)
        which, day = YEAR_ENDS.fullmatch(self.year_ends.lower()).groups()  # type: ignore[union-attr]
        offset = (number - (self.year_starts - 1)) % 12
        end = (number - offset).astype("datetime64[M]").astype("datetime64[D]") - 1
        back = ((end.astype(np.int64) + 3) % 7 - WEEKDAYS.index(day)) % 7  # 1970 began a Thursday
        if which == "nearest":
            back = np.where(back > 3, back - 7, back)
        weeks = np.concatenate([[0], np.cumsum(WEEKS[self.months] * 4)])[offset]
        return np.asarray(end - back + 1 + 7 * weeks)

    @cached_property
    def _table(self) -> tuple[np.ndarray, np.ndarray]:
        names, days = zip(*self.firsts, strict=True)
        number = np.array(names, dtype="datetime64[M]").astype(np.int64)
        return number, np.array(days, dtype="datetime64[D]")

    def start(self, dates: pd.Series, freq: str) -> pd.Series:
        """Name of the period of length `freq` (`"M"`, `"Q"`, `"Y"`) that holds each date.

        Missing where the date is, or where a calendar of one's own does not know it.
        """
        days = dates.to_numpy().astype("datetime64[D]")
        found = np.full(len(days), np.datetime64("NaT", "M"))
        known = ~np.isnat(days)
        if known.any():
            near = days[known].astype("datetime64[M]").astype(np.int64)
            span = np.arange(near.min() - 2, near.max() + 4)
            firsts = self._first_days(span)
            span, firsts = span[~np.isnat(firsts)], firsts[~np.isnat(firsts)]
            at = np.searchsorted(firsts, days[known], side="right") - 1
            inside = (at >= 0) & (at < len(firsts) - 1)
            number = np.append(span, 0)[np.where(inside, at, len(span))].astype("datetime64[M]")
            found[known] = np.where(inside, number, np.datetime64("NaT", "M"))
        named = pd.Series(found.astype("datetime64[us]"), index=dates.index)
        return self.opening(named, freq)

    def opening(self, periods: pd.Series, freq: str) -> pd.Series:
        """Name of the longer period that each period (named by its month) lies in."""
        number = periods.dt.year * 12 + periods.dt.month - 1
        first = number - (number - (self.year_starts - 1)) % MONTHS[freq] - 1970 * 12
        out = np.full(len(first), np.datetime64("NaT", "M"))
        known = first.notna().to_numpy()
        out[known] = first[known].to_numpy().astype(np.int64).astype("datetime64[M]")
        return pd.Series(out.astype("datetime64[us]"), index=periods.index)

    def start_of(self, date: pd.Timestamp, freq: str) -> pd.Timestamp:
        """Name of the period that holds one date.

        Raises
        ------
        DataError
            If a calendar of one's own does not know it.
        """
        found = self.start(pd.Series([date]), freq).iloc[0]
        if pd.isna(found):
            raise self._unknown(f"{date:%Y-%m-%d}")
        return found

    def named(self, text: str, freq: str = "M") -> pd.Timestamp:
        """The period that a text names: by its month (`2026-05`), or by a day in it (`2026-05-20`)."""
        day = pd.Timestamp(text)
        if len(str(text).strip()) > len("2026-05"):
            return self.start_of(day, freq)
        return self.opening(pd.Series([day.replace(day=1)]), freq).iloc[0]

    def until(self, text: str) -> pd.Timestamp:
        """The last day that a text names: of a month (`2026-05`), or the day itself."""
        if len(str(text).strip()) > len("2026-05"):
            return pd.Timestamp(text)
        return self.dates(self.named(text))[1]

    def since(self, text: str) -> pd.Timestamp:
        """The first period that lies whole after the beginning of a month, or after a day."""
        day = pd.Timestamp(text)
        if self.plain or len(str(text).strip()) <= len("2026-05"):
            return day
        period = self.start_of(day, "M")
        return period if self.dates(period)[0] == day else period + pd.DateOffset(months=1)

    def of_rows(self, days: pd.Series, freq: str) -> pd.Series:
        """Periods that a table with a row a period means: months where it names first days only.

        Raises
        ------
        DataError
            If a calendar of one's own does not know a date.
        """
        if not self.plain and (days.dropna().dt.day == 1).all():
            return self.opening(days, freq)
        periods = self.start(days, freq)
        strange = days[periods.isna() & days.notna()]
        if len(strange):
            raise self._unknown(f"{strange.iloc[0]:%Y-%m-%d}")
        return periods

    def first_days(self, periods: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """True first day of each period, given by its name.

        Raises
        ------
        DataError
            If a calendar of one's own does not know a period.
        """
        if self.plain:
            return periods
        number = periods.to_numpy().astype("datetime64[M]").astype(np.int64)
        days = self._first_days(number)
        if np.isnat(days).any():
            raise self._unknown(f"{periods[int(np.isnat(days).argmax())]:%Y-%m}")
        return pd.DatetimeIndex(days.astype("datetime64[us]"))

    def ends(self, periods: pd.DatetimeIndex, freq: str = "M") -> pd.DatetimeIndex:
        """The day after the last one of each period of length `freq`."""
        return self.first_days(periods + pd.DateOffset(months=MONTHS[freq]))

    def dates(self, period: pd.Timestamp, freq: str = "M") -> tuple[pd.Timestamp, pd.Timestamp]:
        """True first and last day of one period."""
        one = pd.DatetimeIndex([period])
        return self.first_days(one)[0], self.ends(one, freq)[0] - pd.Timedelta(days=1)

    def _unknown(self, what: str) -> DataError:
        first, last = self.firsts[0][1], self.firsts[-1][1]
        return DataError(
            f"the calendar's table does not know {what}.",
            where=f"{self.path}: from {first} to before {last}",
            fix="add a row for each further period, and one for the first day after the last of them.",
        )

    def periods(self, first: pd.Timestamp, count: int, freq: str) -> pd.DatetimeIndex:
        """`count` periods of length `freq` from `first` on (which must open such a period)."""
        if first.day != 1 or self.opening(pd.Series([first]), freq).iloc[0] != first:
            raise ValueError(f"{first:%Y-%m-%d} does not open a period of length {freq!r}")
        step = pd.DateOffset(months=MONTHS[freq])
        return pd.DatetimeIndex([first + i * step for i in range(count)], dtype="datetime64[us]")

    def next_quarter(self, cutoff: pd.Timestamp) -> pd.DatetimeIndex:
        """The three months of the first quarter that starts after the month `cutoff`."""
        after = cutoff + pd.DateOffset(months=1)
        first = self.opening(pd.Series([after]), "Q").iloc[0]
        if first < after:
            first = first + pd.DateOffset(months=3)
        return self.periods(first, 3, "M")

    def number(self, period: pd.Timestamp) -> int:
        """Which month of its fiscal year a period is: 1 to 12."""
        return int((period.month - self.year_starts) % 12) + 1

    def opens(self, year: int) -> pd.Timestamp:
        """Name of the first month of the fiscal year that is called after a calendar year."""
        before = self.year_starts > 1 and self.year_named == "end"
        return pd.Timestamp(year - before, self.year_starts, 1)

    def label(self, first: pd.Timestamp, freq: str) -> str:
        """What people call a period: `2013-09`, `Q4 FY2013`, `FY2013`; `2013-09 (P10)` in weeks."""
        if freq == "M":
            return f"{first:%Y-%m}" + ("" if self.plain else f" (P{self.number(first)})")
        offset = (first.month - self.year_starts) % 12
        year = first.year - (first.month < self.year_starts)
        year += self.year_starts > 1 and self.year_named == "end"
        name = f"FY{year}" if self.year_starts > 1 else f"{year}"
        return f"Q{offset // 3 + 1} {name}" if freq == "Q" else name


PLAIN = FiscalCalendar()  # calendar months, years from January on
