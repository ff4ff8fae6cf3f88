"""Dates as people write them: ISO, `2017/4/27`, `2026年3月`, `Jan-23`, Excel serials; in doubt, refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime

import numpy as np
import pandas as pd

from salesforecast.errors import DataError
from salesforecast.history.months import month_of
from salesforecast.history.numbers import Parsed
from salesforecast.tables import TIME

_TIME_OF_DAY = r"(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?Z?)?"
_YMD = re.compile(
    r"(\d{4}) ?[-/.年] ?(\d{1,2})(?: ?[-/.月] ?(\d{1,2}) ?[日号]?|月)?" + _TIME_OF_DAY
)
_DMY = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})" + _TIME_OF_DAY)
_DAY_NAME = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3,9})\.?[-, ]+(\d{4}|\d{2})" + _TIME_OF_DAY)
_NAME_DAY = re.compile(r"([A-Za-z]{3,9})\.?[- ](?:(\d{1,2}),? )?(\d{4})")
_QUARTER = re.compile(
    r"(\d{4})(?:[- ]?[Qq]|年第?)([1-4一二三四])(?:季度|季)?|[Qq]([1-4])[- ](\d{4})"
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        start=1,
    )
}
_EXCEL_FIRST, _EXCEL_LAST = 20_000, 80_000  # 1954 to 2119

WITHOUT_DAY = ("months", "quarters", "years")  # how kinds of repairs begin that had no day
YEARS = (1800, 2200)  # a date outside is a slip of the pen


def parse_dates(
    dates: pd.Series,
    *,
    cell: Callable[[int], str],
    date_format: str = "",
    day_first: bool | None = None,
) -> Parsed:
    """Read dates from text or numbers; a month or quarter without a day is its first day.

    Parameters
    ----------
    dates
        Real dates, text, or numbers (`201703`, `20170401`, Excel's 42826).
    cell
        Names the cell at a position, for messages.
    date_format
        Declared format such as `%d-%m-%Y`; nothing else is then accepted.
    day_first
        Declared order of `03/04/2017`; None to have it proven by the column.

    Raises
    ------
    DataError
        If no cell of the column shows whether day or month comes first, or two contradict.
    """
    if isinstance(dates.dtype, pd.DatetimeTZDtype):
        dates = dates.dt.tz_localize(None)
    if dates.dtype.kind == "M":
        days = dates.astype(TIME)
        days = days.where(days.dt.year.between(*YEARS))
        return Parsed(days, {}, np.flatnonzero(days.isna()).tolist())
    codes, uniques = pd.factorize(dates.astype("object").where(dates.notna(), None))
    texts = [_as_text(value) for value in uniques]
    first = _first_positions(codes, len(uniques))
    if not date_format and day_first is None:
        day_first = _day_first(texts, lambda i: cell(int(first[i])))
    read = [
        (datetime.fromisoformat(text[:10]), "")  # a real date of a workbook
        if isinstance(value, date)
        else _one(text, date_format, bool(day_first))
        for value, text in zip(uniques, texts, strict=True)
    ]
    parsed = [day for day, _ in read]
    kinds = [kind for _, kind in read]
    values = pd.Series(pd.to_datetime(pd.Series([*parsed, None])).astype(TIME)).to_numpy()[codes]
    repairs: dict[str, list[int]] = {}
    for kind in sorted(set(kinds) - {""}):
        wanted = np.array([k == kind for k in kinds] + [False])
        repairs[kind] = np.flatnonzero(wanted[codes]).tolist()
    series = pd.Series(values, index=dates.index)
    series = series.where(series.dt.year.between(*YEARS))
    return Parsed(series, repairs, np.flatnonzero(series.isna()).tolist())


def _first_positions(codes: np.ndarray, count: int) -> np.ndarray:
    first = np.zeros(count, dtype=np.int64)
    known = np.flatnonzero(codes >= 0)[::-1]
    first[codes[known]] = known
    return first


def _as_text(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (int, float, np.integer, np.floating)):
        return str(int(value)) if float(value).is_integer() else str(value)
    return str(value).strip()


def _day_first(texts: list[str], cell: Callable[[int], str]) -> bool | None:
    """Whether the day comes first in texts such as 03/04/2017; None when there is none."""
    proof: dict[bool, int] = {}
    doubtful = None
    for at, text in enumerate(texts):
        found = _DMY.fullmatch(unicodedata.normalize("NFKC", text))
        if not found:
            continue
        left, right = int(found[1]), int(found[2])
        if len(found[3]) == 2:
            raise DataError(
                "dates are ambiguous: with a year of two digits nothing shows what comes first.",
                where=f"{cell(at)}: '{text}'",
                fix='declare it under [[source]]: date_format = "%d/%m/%y" when the day comes first, '
                '"%y/%m/%d" when the year does.',
            )
        if left > 12 or right > 12:
            proof.setdefault(left > 12, at)
        elif left != right and doubtful is None:
            doubtful = at
    if len(proof) == 2:
        raise DataError(
            "dates contradict each other: in some the day comes first, in some the month.",
            where=f"{cell(proof[True])}: '{texts[proof[True]]}'; "
            f"{cell(proof[False])}: '{texts[proof[False]]}'",
            fix='write all dates in one way, best as 2017-04-03; or declare date_format = "%d/%m/%Y" '
            "under [[source]] to have the others listed.",
        )
    if proof:
        return next(iter(proof))
    if doubtful is None:
        return None
    text = texts[doubtful]
    raise DataError(
        "dates are ambiguous: no date of the column shows whether the day or the month comes first.",
        where=f"{cell(doubtful)}: '{text}'",
        fix="declare it under [[source]]: day_first = true when 03/04 is 3 April, "
        "day_first = false when it is 4 March.",
    )


def _one(text: str, date_format: str, day_first: bool) -> tuple[datetime | None, str]:
    """Date of one text and the kind of repair; None when it cannot be read."""
    try:
        if date_format:
            declared = datetime.strptime(text, date_format)
            return declared, f"dates like {text_shape(text)} as declared"
        if _ISO.fullmatch(text):
            return datetime.fromisoformat(text[:10]), ""
        return _odd(unicodedata.normalize("NFKC", text), text, day_first)
    except (ValueError, KeyError):
        return None, ""


def text_shape(text: str) -> str:
    """`05-02-2010` -> `dd-dd-dddd`: the shape of a date, for lists of repairs."""
    return re.sub(r"\d", "d", re.sub(r"[A-Za-z]+", "month", text))


def _odd(text: str, original: str, day_first: bool) -> tuple[datetime | None, str]:
    wide = "full-width dates" if text != original else ""
    if found := _YMD.fullmatch(text):
        day = datetime(int(found[1]), int(found[2]), int(found[3] or 1))
        if not found[3]:
            return day, "months as year and month"
        return day, wide or ("" if _ISO.match(text) else "dates as year, month, day")
    if found := _DMY.fullmatch(text):
        left, right = int(found[1]), int(found[2])
        number, month = (left, right) if day_first else (right, left)
        order = "day, month, year" if day_first else "month, day, year"
        return datetime(_year(found[3]), month, number), f"dates as {order}"
    if found := _DAY_NAME.fullmatch(text):
        day = datetime(_year(found[3]), _MONTHS[found[2][:3].lower()], int(found[1]))
        return day, "dates with month names"
    if found := _NAME_DAY.fullmatch(text):
        day = datetime(int(found[3]), _MONTHS[found[1][:3].lower()], int(found[2] or 1))
        return day, "dates with month names" if found[2] else "months by name"
    if found := _QUARTER.fullmatch(text):
        year, sign = int(found[1] or found[4]), found[2] or found[3]
        quarter = "一二三四".find(sign) + 1 or int(sign)
        return datetime(year, quarter * 3 - 2, 1), "quarters as their first day"
    named = None if text.isdecimal() else month_of(text)
    if named and named[0]:
        short = not re.search(r"\d{4}", text)
        return datetime(*named, 1), f"months {'like Jan-23' if short else 'by name'}"
    return _number(text)


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _number(text: str) -> tuple[datetime | None, str]:
    """Dates written as a number: 20170401, 201703, an Excel serial, a bare year."""
    if not re.fullmatch(r"\d{4,8}(\.\d+)?", text):
        return None, ""
    if len(text) == 8:
        return datetime.strptime(text, "%Y%m%d"), "dates like 20170401"
    if len(text) == 6:
        return datetime.strptime(text, "%Y%m"), "months like 201703"
    number = float(text)
    if _EXCEL_FIRST <= number <= _EXCEL_LAST:
        serial = pd.Timestamp("1899-12-30") + pd.Timedelta(days=int(number))
        return serial.to_pydatetime(), "Excel serial numbers as dates"
    if len(text) == 4 and 1900 <= number <= 2100:
        return datetime(int(number), 1, 1), "years as their first day"
    return None, ""
