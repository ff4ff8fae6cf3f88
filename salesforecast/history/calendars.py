"""`[calendar]` of an organisation file: which days make a business month, a table of one's own too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from salesforecast.errors import DataError, nearest
from salesforecast.fiscal import CALENDAR, WEEKS, YEAR_ENDS, YEAR_NAMED, FiscalCalendar
from salesforecast.history.dates import parse_dates
from salesforecast.history.months import month_of
from salesforecast.history.raw import Raw, Want
from salesforecast.history.sources import find_files, read_table

KEYS = ("year_starts", "year_named", "months", "year_ends", "month_starts", "path")
PERIOD, FIRST = "period", "first"  # columns of a table of one's own
FINER = ("week", "day", "weekly", "daily", "周", "日", "天")
_LONGEST, _AWAY = (
    62,
    20,
)  # days of a period, and between its first day and the month's that it names


def problem(table: Mapping[str, Any]) -> tuple[str, str, str]:
    """The key that is wrong, what is wrong with it, and what would mend it; empty when nothing is."""
    first, months = table.get("year_starts", 1), table.get("months", CALENDAR)
    ends, opens = table.get("year_ends", ""), table.get("month_starts", 1)
    if first not in range(1, 13) or isinstance(first, bool):
        return "year_starts", f"year_starts is a month from 1 to 12, not {first!r}.", ""
    if (named := table.get("year_named", "end")) not in YEAR_NAMED:
        return "year_named", f"year_named is one of {list(YEAR_NAMED)}, not {named!r}.", ""
    if months not in (CALENDAR, *WEEKS):
        near = nearest(str(months), (CALENDAR, *WEEKS))
        return "months", f"there are no months of the kind {months!r}.", near
    if opens not in range(1, 29) or isinstance(opens, bool):
        return "month_starts", f"month_starts is a day from 1 to 28, not {opens!r}.", ""
    said = [
        key
        for key in ("months", "month_starts", "path")
        if table.get(key, 1) not in (1, "", CALENDAR)
    ]
    if len(said) > 1:
        return (
            said[1],
            f"{said[0]} and {said[1]} say twice what a month is.",
            "take one of them out.",
        )
    way = (
        'write year_ends = "nearest Saturday", or "last Saturday" of the month before year_starts.'
    )
    if (months in WEEKS or ends) and not (isinstance(ends, str) and YEAR_ENDS.fullmatch(ends)):
        return (
            "year_ends" if ends else "months",
            "nobody knows on which day the year of weeks ends.",
            way,
        )
    if ends and months not in WEEKS:
        return (
            "year_ends",
            "year_ends is for years of weeks.",
            'add months = "4-4-5", or take it out.',
        )
    return "", "", ""


def calendar_of(table: Mapping[str, Any], folder: Path) -> FiscalCalendar:
    """The calendar that a table without a `problem` describes; reads the file of its `path`."""
    told = {key: table[key] for key in KEYS if key in table}
    firsts = read_firsts(folder, told["path"]) if told.get("path") else ()
    return FiscalCalendar(**told, firsts=firsts)


def read_firsts(folder: Path, path: str) -> tuple[tuple[str, str], ...]:
    """Month and first day of each period of a calendar of one's own, from a table with both.

    Columns `period` (`2023-05`, `May 2023`, `2023年5月`) and `first`, a row a period, and one more
    row for the first day after the last.

    Raises
    ------
    DataError
        If a cell cannot be read, a period is missing or stands twice, or days do not follow each
        other.
    """
    want = Want(text=(PERIOD,), other=(FIRST,), also=partial(_has_both, path))
    raw = read_table(find_files(folder, path)[0], want)
    number = np.array([_month(raw, at) for at in range(len(raw.frame))], dtype=np.int64)
    days = parse_dates(raw.frame[FIRST], cell=lambda at: raw.cell(at, FIRST))
    if days.bad:
        raise _wrong(raw, days.bad[0], FIRST, "is no day", "write it as 2023-04-30.")
    order = np.argsort(number, kind="stable")
    first = days.values.to_numpy().astype("datetime64[D]")
    for before, at in pairwise(order):
        if number[at] == number[before]:
            raise _wrong(raw, int(at), PERIOD, "stands twice", "keep one row a period.")
        if number[at] != number[before] + 1:
            raise _wrong(raw, int(at), PERIOD, "does not follow the one before", "add what lacks.")
        if not 0 < (first[at] - first[before]).astype(int) <= _LONGEST:
            raise _wrong(
                raw,
                int(at),
                FIRST,
                f"is not 1 to {_LONGEST} days after the one before",
                "correct it.",
            )
    away = np.abs((first - number.astype("datetime64[M]").astype("datetime64[D]")).astype(int))
    if len(away) and away.max() > _AWAY:
        fix = "name the period by the month in which most of its days lie."
        raise _wrong(
            raw, int(away.argmax()), FIRST, f"is {away.max()} days away from its month", fix
        )
    if len(order) < 2:
        fix = "write a row a period, and one for the first day after the last."
        raise DataError("the calendar's table has no whole period.", where=raw.name, fix=fix)
    months = number.astype("datetime64[M]")
    return tuple((str(months[at]), str(first[at])) for at in order)


def _has_both(path: str, header: Sequence[str]) -> tuple[str, ...]:
    """No further column; refused where the two that are needed are not there."""
    lacking = [column for column in (PERIOD, FIRST) if column not in header]
    if not lacking:
        return ()
    raise DataError(
        f"the calendar's table has no column {' and no column '.join(map(repr, lacking))}.",
        where=f"{path}, whose columns are {list(header)}",
        fix="name its columns `period` (such as 2023-05) and `first` (its first day).",
    )


def _month(raw: Raw, at: int) -> int:
    found = month_of(str(raw.frame[PERIOD].iloc[at]))
    if found is None or not found[0]:
        raise _wrong(raw, at, PERIOD, "is no month with its year", "write it as 2023-05.")
    return (found[0] - 1970) * 12 + found[1] - 1


def _wrong(raw: Raw, at: int, column: str, what: str, fix: str) -> DataError:
    value = str(raw.frame[column].iloc[at]).removesuffix(" 00:00:00")
    return DataError(
        f"a row of the calendar's table {what}.",
        where=f"{raw.cell(at, column)}: '{value}'",
        fix=fix,
    )
