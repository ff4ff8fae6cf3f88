"""Working days: holidays, Chinese make-up days, a user's own; months cut into weeks and days."""

from __future__ import annotations

import csv
import datetime as dt
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, ParameterError, nearest
from salesforecast.fiscal import PLAIN, FiscalCalendar

_WORKING = {"1": True, "work": True, "yes": True, "班": True, "上班": True}
_WORKING |= {"0": False, "off": False, "no": False, "休": False, "放假": False}
ANNOUNCED = ("CN",)  # countries whose make-up days are announced year by year


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked.

    Parameters
    ----------
    country
        ISO code (`"CN"`, `"DE"`); empty: every day from Monday to Friday.
    subdivision
        State or province, where holidays differ: `"BY"`.
    overrides
        Day to (worked or not, name): what a user's file says, before everything else.
    fiscal
        Which days make a month.
    """

    country: str = ""
    subdivision: str = ""
    overrides: Mapping[dt.date, tuple[bool, str]] = field(default_factory=dict, hash=False)
    fiscal: FiscalCalendar = PLAIN

    def __post_init__(self) -> None:
        if not self.country:
            return
        import holidays

        known = holidays.list_supported_countries()
        if self.country not in known:
            raise ParameterError(
                f"no holidays are known for '{self.country}'.",
                where="calendar",
                fix=f"write a country code: {nearest(self.country, sorted(known))}",
            )
        if self.subdivision and self.subdivision not in known[self.country]:
            raise ParameterError(
                f"'{self.country}' has no part '{self.subdivision}'.",
                where="calendar",
                fix=nearest(self.subdivision, known[self.country] or ["none"]),
            )

    @cached_property
    def _known(self) -> Any:
        import holidays

        return holidays.country_holidays(self.country, subdiv=self.subdivision or None)

    @cached_property
    def _last_announced(self) -> int:
        """Last year whose make-up days are known."""
        year = 2024  # known when this was written; every year since has some
        while True:
            self._known.get(dt.date(year + 1, 1, 1))  # fills the year in
            if not any(day.year == year + 1 for day in self._known.weekend_workdays):
                return year
            year += 1

    def days(self, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
        """On day, both ends included: `working`, `name` (of a holiday or make-up day),
        `source` (`week`, `holidays`, `make-up`, `own`), `provisional` (a country whose
        make-up days of that year are not announced yet)."""
        rows = [self._day(day.date()) for day in pd.date_range(first, last, freq="D")]
        index = pd.date_range(first, last, freq="D", unit="us", name="day")
        columns = ["working", "name", "source", "provisional"]
        return pd.DataFrame(rows, index=index, columns=columns)

    def _day(self, day: dt.date) -> tuple[bool, str, str, bool]:
        if day in self.overrides:
            working, name = self.overrides[day]
            return working, name, "own", False
        weekday = day.weekday() < 5
        if not self.country:
            return weekday, "", "week", False
        provisional = self.country in ANNOUNCED and day.year > self._last_announced
        name = self._known.get(day)
        if name is not None:
            return False, str(name), "holidays", provisional
        if self._known.is_working_day(day) and day in self._known.weekend_workdays:
            return True, "make-up day", "make-up", provisional
        return bool(self._known.is_working_day(day)), "", "week", provisional

    def count(self, months: pd.DatetimeIndex) -> pd.Series:
        """Working days of each month, int64."""
        counts = [int(self.of_month(month)["working"].sum()) for month in months]
        return pd.Series(counts, index=months, dtype="int64", name="working_days")

    def of_month(self, month: pd.Timestamp) -> pd.DataFrame:
        """The `days` of a month."""
        return self.days(*self.fiscal.dates(month))

    def share_gone(self, month: pd.Timestamp, day: pd.Timestamp) -> float:
        """Part of a month's working days that lie behind at the end of `day`; `track` takes it."""
        working = self.of_month(month)["working"]
        if not working.any():
            working = working | True
        return float(working[:day].sum() / working.sum())


def read_overrides(path: str | Path) -> dict[dt.date, tuple[bool, str]]:
    """Read a user's days: a CSV with `date`, `working` (1/0, work/off, 班/休) and `name`.

    Raises
    ------
    DataError
        If a column lacks, or a row cannot be read; the message names the row.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            "the file of own days cannot be read.",
            where=f"{path}: {error}",
            fix="save it as UTF-8.",
        ) from error
    rows = csv.DictReader(text.splitlines())
    if not {"date", "working"} <= set(rows.fieldnames or ()):
        raise DataError(
            "the file of own days lacks a column.",
            where=f"{path}: its columns are {rows.fieldnames}",
            fix="name them date, working and name.",
        )
    out: dict[dt.date, tuple[bool, str]] = {}
    for number, row in enumerate(rows, 2):
        try:
            day = dt.date.fromisoformat(row["date"].strip())
            working = _WORKING[row["working"].strip().lower()]
        except (ValueError, KeyError, AttributeError):
            raise DataError(
                f"'{row['date']}, {row['working']}' is not understood.",
                where=f"{path}, row {number}",
                fix="write 2027-02-20,1,make-up day.",
            ) from None
        if day in out:
            raise DataError(
                f"{day} is there twice.", where=f"{path}, row {number}", fix="keep one row."
            )
        out[day] = (working, (row.get("name") or "").strip())
    return out


def daily(
    targets: pd.DataFrame,
    calendar: WorkCalendar,
    *,
    step: int = 1,
    weekdays: Mapping[int, float] | None = None,
) -> pd.DataFrame:
    """Cut whole monthly targets into whole days; each row's days add up to its months exactly.

    Working days carry alike, or by `weekdays`; days off carry nothing. Every cell is the
    floor or the ceiling of its exact share; which days are rounded up differs from row to
    row, by the row's name, so that sums over rows stay even. Computed when asked for.

    Parameters
    ----------
    targets
        int64, node × month (first days), whole multiples of `step`.
    weekdays
        Weight of each weekday, Monday being 0; those that are not named weigh 1.

    Returns
    -------
    pd.DataFrame
        int64, node × day.
    """
    months = pd.DatetimeIndex(targets.columns)
    whole = targets.to_numpy(dtype=np.int64)
    if (whole % step).any():
        raise ValueError(f"the targets are no multiples of {step}")
    phase = np.array([zlib.crc32(str(node).encode()) / 2**32 for node in targets.index])
    parts, days = [], []
    for at, month in enumerate(months):
        table = calendar.of_month(month)
        weight = table["working"].astype("float64").to_numpy()
        if weekdays:
            weight = weight * [weekdays.get(d, 1.0) for d in table.index.day_of_week]
        if not weight.sum() > 0:
            weight = np.ones(len(table))
        behind = np.cumsum(weight) / weight.sum()
        amount = whole[:, at] // step
        reached = np.floor(amount[:, None] * behind + phase[:, None]).astype(np.int64)
        last = np.flatnonzero(weight)[-1]
        reached[:, last:] = amount[:, None]  # the last working day closes the month exactly
        parts.append(np.diff(reached, axis=1, prepend=0) * step)
        days.append(table.index)
    columns = pd.DatetimeIndex(np.concatenate([d.to_numpy() for d in days]), name="day")
    return pd.DataFrame(np.hstack(parts), index=targets.index, columns=columns)


def weekly(days: pd.DataFrame, fiscal: FiscalCalendar = PLAIN) -> pd.DataFrame:
    """Sum days to weeks, each named by its first day; a week over a month's end holds both parts.

    Weeks begin on Mondays, or as the weeks of a fiscal calendar do, which never lie over its ends.
    """
    columns = pd.DatetimeIndex(days.columns)
    opens = fiscal.dates(fiscal.start_of(columns[0], "M"))[0].day_of_week if fiscal.in_weeks else 0
    first = columns - pd.to_timedelta((columns.day_of_week - opens) % 7, unit="D")
    out = days.T.groupby(first).sum().T
    out.columns.name = "week"
    return out
