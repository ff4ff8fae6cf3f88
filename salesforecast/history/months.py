"""Months in words, and tables with a column a month: put below each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from salesforecast.errors import DataError
from salesforecast.findings import repair
from salesforecast.history.raw import Raw
from salesforecast.tables import TIME

MONTH_COLUMN, AMOUNT_COLUMN = "(month)", "(amount)"
LEAST = 3  # fewer months side by side are no table of months

_ENGLISH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    "|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_CHINESE = "十[一二]|[一二三四五六七八九十]"
_SHORT = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?P<month>{_ENGLISH})\.?(?:[- ./_,']{{1,2}}(?P<year>\d{{4}}|\d{{2}}))?",
        rf"(?P<year>\d{{4}})[- ./_]?(?P<month>{_ENGLISH})\.?",
        rf"(?:(?P<year>\d{{4}}|\d{{2}})(?: ?年[ /]?|[ /]))?(?P<month>1[0-2]|0?[1-9]|{_CHINESE}) ?月份?",
        r"(?P<year>(?:19|20)\d{2}) ?[-/._年M] ?(?P<month>1[0-2]|0?[1-9])",
        r"(?P<year>(?:19|20)\d{2})(?P<month>1[0-2]|0[1-9])",
        r"(?P<month>1[0-2]|0?[1-9])[-/.](?P<year>(?:19|20)\d{2})",
    )
)
_SPAN = re.compile(
    r"(?:(?:19|20)\d{2}[- ]?)?(?:Q[1-4]|[1-4一二三四]季度?|第[1-4一二三四]季度|[HW]\d{1,2})"
    r"(?:[- ']*\d{2,4})?|(?:FY)?(?:19|20)\d{2}年?|\d{4}-\d{2}-\d{2}.*|(?:week|wk|KW) ?\d{1,2}.*",
    re.IGNORECASE,
)
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00)?)?")


def month_of(text: str) -> tuple[int, int] | None:
    """Year and month that a text names, year 0 when it names none; None when it is no month.

    `Jan-23`, `January 2023`, `2023-01`, `202301`, `2023年1月`, `一月`; a date when it is the first
    or the last day of its month.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if found := _DAY.fullmatch(plain):
        return _end_of_month(*(int(part) for part in found.groups()))
    for form in _FORMS:
        if found := form.fullmatch(plain):
            year = int(found["year"] or 0)
            return year + 2000 if 0 < year < 100 else year, _number(found["month"].lower())
    return None


def _end_of_month(year: int, month: int, day: int) -> tuple[int, int] | None:
    try:
        last = (date(year, month, day) + timedelta(days=1)).day == 1
    except ValueError:
        return None
    return (year, month) if day == 1 or last else None


def _number(word: str) -> int:
    if word.isdecimal():
        return int(word)
    if word[:3] in _SHORT:
        return _SHORT.index(word[:3]) + 1
    return "一二三四五六七八九十".index(word[0]) + 1 + (len(word) > 1 and "一二".index(word[1]) + 1)


def month_columns(names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Columns that are named as months, with year (0 for none) and month; empty if too few."""
    found = {name: month for name in names if (month := month_of(name))}
    return found if len(set(found.values())) >= LEAST else {}


def below_each_other(raw: Raw, year: str = "") -> Raw:
    """A table with a column a month as one with a row a month; blank cells are no sale.

    Parameters
    ----------
    year
        The column that holds the year, for months without one (`1月`, `Jan`).

    Raises
    ------
    DataError
        If no column is named as a month, a month has no year, or two columns are one month.
    """
    months = month_columns(list(raw.frame.columns))
    _refuse(months, raw, year)
    keys = [name for name in raw.frame.columns if name not in months and name != year]
    table = raw.frame[list(months)].astype("object")
    blank = (table.isna() | table.map(lambda v: isinstance(v, str) and not v.strip())).to_numpy()
    at, column = np.nonzero(~blank)
    frame = raw.frame[keys].iloc[at].reset_index(drop=True)
    frame[MONTH_COLUMN] = _dates(raw, list(months.values()), year, at, column)
    amounts = pd.Series(table.to_numpy()[at, column], dtype="object")
    frame[AMOUNT_COLUMN] = amounts.infer_objects()
    labels = np.array(list(months), dtype="object")[column]
    told = repair("months below", raw.name, n=len(months), blank=int(blank.sum()))
    return replace(
        raw,
        frame=frame,
        rows=raw.rows[at],
        header=tuple(frame.columns),
        labels=labels,
        findings=(*raw.findings, told),
    )


def _dates(
    raw: Raw, months: list[tuple[int, int]], year: str, at: np.ndarray, column: np.ndarray
) -> pd.Series:
    """The first day of the month of each cell; missing where the year cannot be read."""
    years = np.array([y for y, _ in months])[column]
    if year:
        written = raw.frame[year].astype("str").str.extract(r"((?:19|20)\d{2})", expand=False)
        years = np.where(years > 0, years, pd.to_numeric(written).fillna(0).to_numpy(int)[at])
    number = np.array([m for _, m in months])[column]
    days = [datetime(int(y), int(m), 1) if y else None for y, m in zip(years, number, strict=True)]
    return pd.Series(days, dtype=TIME)


def _refuse(months: dict[str, tuple[int, int]], raw: Raw, year: str) -> None:
    where = f"{raw.name}, whose columns are {list(raw.header)}"
    if not months:
        raise DataError(
            "no columns are named as months, though `month_columns = true` says so.",
            where=where,
            fix="name them 2025-01, Jan-25 or 2025年1月; or take `month_columns` out.",
        )
    bare = [name for name, (y, _) in months.items() if not y]
    if bare and not year:
        raise DataError(
            "the months stand side by side and have no year.",
            where=f"{raw.name}, columns {', '.join(bare[:4])}",
            fix="write the year into the column names (2025-01, Jan-25, 2025年1月), or add a column "
            "of years named 'year'.",
        )
    if len(set(months.values())) < len(months):
        again = [name for name, m in months.items() if list(months.values()).count(m) > 1]
        raise DataError(
            "two columns are the same month.",
            where=f"{raw.name}, columns {', '.join(again[:4])}",
            fix="keep one column a month: remove or rename the others (plans, last year).",
        )


def side_by_side(names: Sequence[str], table: str) -> DataError | None:
    """The error for a table with a column a quarter or year; None when it is none."""
    spans = [name for name in names if _SPAN.fullmatch(name.strip())]
    if len(spans) < LEAST:
        return None
    return DataError(
        f"periods stand side by side, in {len(spans)} columns, and are no months.",
        where=f"{table}, columns {', '.join(spans[:4])} ...",
        fix="put them below each other, in one column of dates and one of amounts (in Excel: Data > "
        "From Table > Transform > Unpivot Columns).",
    )
