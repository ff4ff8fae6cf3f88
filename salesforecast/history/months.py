"""Months in words, and columns that are named as months."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta

from salesforecast.errors import DataError

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


def side_by_side(names: Sequence[str], table: str) -> DataError | None:
    """The error for a table with a column a half-year, year or day; None when it is none."""
    spans = [name for name in names if _SPAN.fullmatch(name.strip())]
    if len(spans) < LEAST:
        return None
    return DataError(
        f"periods stand side by side, in {len(spans)} columns, and are no months.",
        where=f"{table}, columns {', '.join(spans[:4])} ...",
        fix="put them below each other, in one column of dates and one of amounts (in Excel: Data > "
        "From Table > Transform > Unpivot Columns).",
    )
