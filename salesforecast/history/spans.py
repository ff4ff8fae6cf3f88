"""Tables with a column a month, week or quarter: put below each other, or refused with the way out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from salesforecast.errors import DataError
from salesforecast.findings import repair
from salesforecast.fiscal import FiscalCalendar
from salesforecast.history.months import AMOUNT_COLUMN, LEAST, MONTH_COLUMN, month_of
from salesforecast.history.raw import Raw
from salesforecast.tables import TIME

NAMES = {"M": "months", "W": "weeks", "Q": "quarters"}  # the finest that there are count
BELOW = {"M": "months below", "W": "weeks below", "Q": "quarters below"}
_ISO_YEAR = ("nearest sunday", 1)  # business years of weeks that are those of ISO 8601
_FISCAL = r"(?P<fiscal>FY|财年?)?"
_YEAR = r"(?P<year>(?:19|20)\d{2}|\d{2})"
_GAP = r"[- _/.']*"
_FORMS = {
    "Q": (
        rf"{_FISCAL}{_GAP}{_YEAR}{_GAP}Q(?P<number>[1-4])",
        rf"Q(?P<number>[1-4])(?:{_GAP}{_FISCAL}{_GAP}{_YEAR})?",
        rf"(?:{_YEAR} ?(?:(?P<fiscal>财年|财政年度)|年度?)?{_GAP})?第?(?P<number>[1-4一二三四])季度?",
    ),
    "W": (
        rf"{_FISCAL}{_GAP}{_YEAR}{_GAP}(?:W|KW|Wk|Week) ?(?P<number>\d{{1,2}})",
        rf"(?:W|KW|Wk|Week){_GAP}(?P<number>\d{{1,2}})(?:{_GAP}{_FISCAL}{_GAP}{_YEAR})?",
        rf"(?:{_YEAR} ?(?:(?P<fiscal>财年|财政年度)|年度?)?{_GAP})?第?(?P<number>\d{{1,2}})周",
    ),
}
_COMPILED = {
    kind: [re.compile(form, re.IGNORECASE) for form in forms] for kind, forms in _FORMS.items()
}


@dataclass(frozen=True)
class Span:
    """What the name of a column means.

    Parameters
    ----------
    kind
        `"M"`, `"W"` or `"Q"`.
    year
        0 when the name says none.
    number
        Of the month, week or quarter in its year.
    fiscal
        Whether the year is said to be a business year (`FY`, 财年).
    """

    kind: str
    year: int
    number: int
    fiscal: bool = False


def span_of(text: str) -> Span | None:
    """The month, week or quarter that a text names; None when it is none.

    `2023-01`, `Jan-23`, `2023年1月`; `2023-W05`, `Week 5 2023`, `2023年第5周`; `2023Q1`, `FY23 Q1`,
    `2023年1季度`, `第一季度`.
    """
    if month := month_of(text):
        return Span("M", *month)
    plain = unicodedata.normalize("NFKC", text).strip()
    for kind, forms in _COMPILED.items():
        for form in forms:
            if found := form.fullmatch(plain):
                parts = found.groupdict()
                year, number = int(parts["year"] or 0), parts["number"]
                counted = "一二三四".find(number) + 1 or int(number)
                whole = year + 2000 if 0 < year < 100 else year
                return Span(kind, whole, counted, bool(parts["fiscal"]))
    return None


def span_columns(names: Sequence[str]) -> dict[str, Span]:
    """Columns named as months, else as weeks, else as quarters; empty if too few."""
    every = {name: span for name in names if (span := span_of(name))}
    for kind in NAMES:
        found = {name: span for name, span in every.items() if span.kind == kind}
        if len(set(found.values())) >= LEAST:
            return found
    return {}


def below_each_other(
    raw: Raw, year: str = "", *, calendar: FiscalCalendar | None = None, freq: str = ""
) -> Raw:
    """A table with a column a period as one with a row a period; blank cells are no sale.

    Months and quarters get their first day, weeks (ISO 8601, or business weeks with `FY`) their
    fourth, a Thursday: so each counts in the month that holds most of it.

    Parameters
    ----------
    year
        The column that holds the year, for names without one (`1月`, `Jan`, `Q1`).
    calendar, freq
        Of the business year, and what is planned; without them nothing is refused that only they
        could tell, and days are about right: enough to guess by.

    Raises
    ------
    DataError
        If no column is named as a period, one has no year, two are the same, or they are longer
        than what is planned.
    """
    spans = span_columns(list(raw.frame.columns))
    _refuse(spans, raw, year, calendar, freq)
    keys = [name for name in raw.frame.columns if name not in spans and name != year]
    table = raw.frame[list(spans)].astype("object")
    blank = (table.isna() | table.map(lambda v: isinstance(v, str) and not v.strip())).to_numpy()
    at, column = np.nonzero(~blank)
    frame = raw.frame[keys].iloc[at].reset_index(drop=True)
    frame[MONTH_COLUMN] = _dates(raw, spans, year, calendar, at, column)
    amounts = pd.Series(table.to_numpy()[at, column], dtype="object")
    frame[AMOUNT_COLUMN] = amounts.infer_objects()
    labels = np.array(list(spans), dtype="object")[column]
    told = repair(
        BELOW[next(iter(spans.values())).kind], raw.name, n=len(spans), blank=int(blank.sum())
    )
    return replace(
        raw,
        frame=frame,
        rows=raw.rows[at],
        header=tuple(frame.columns),
        labels=labels,
        findings=(*raw.findings, told),
    )


def _dates(
    raw: Raw,
    spans: Mapping[str, Span],
    year: str,
    calendar: FiscalCalendar | None,
    at: np.ndarray,
    column: np.ndarray,
) -> pd.Series:
    """The day that stands for the period of each cell; missing where the year cannot be read."""
    years = np.array([span.year for span in spans.values()])[column]
    if year:
        written = raw.frame[year].astype("str").str.extract(r"((?:19|20)\d{2})", expand=False)
        years = np.where(years > 0, years, pd.to_numeric(written).fillna(0).to_numpy(int)[at])
    whole = np.stack([column, years])
    pairs, where = np.unique(whole, axis=1, return_inverse=True)
    names = list(spans)
    days = [
        _day(replace(spans[names[c]], year=int(y)), calendar, f"{raw.name}, column '{names[c]}'")
        for c, y in pairs.T
    ]
    return pd.Series(pd.Series(days, dtype=TIME).to_numpy()[where.ravel()])


def _day(span: Span, calendar: FiscalCalendar | None, where: str) -> datetime | None:
    """The day that stands for a period; None where its year is not known."""
    if not span.year:
        return None
    if span.kind == "M":
        return datetime(span.year, span.number, 1)
    if calendar is None:
        week = datetime(span.year, 1, 4) + timedelta(days=7 * (span.number - 1))
        quarter = datetime(span.year, 3 * span.number - 2, 1) if span.kind == "Q" else None
        return quarter or _of_iso(span) or week
    opens = calendar.opens(span.year)
    if span.kind == "Q" and (span.fiscal or calendar.year_starts == 1):
        named = opens + pd.DateOffset(months=3 * (span.number - 1))
        return calendar.dates(named)[0].to_pydatetime()
    iso = not calendar.in_weeks or (calendar.year_ends.lower(), calendar.year_starts) == _ISO_YEAR
    clear = calendar.in_weeks if span.fiscal else iso
    if span.kind == "Q" or not clear:
        raise DataError(
            "it is in doubt whether a column is of the calendar's year or of a business year.",
            where=where,
            fix="write FY2023 Q1 or FY2023 W05 for quarters and weeks of the business year that "
            "[calendar] describes, 2023-W05 for weeks by ISO 8601.",
        )
    day = _of_business(span, calendar, opens) if span.fiscal else _of_iso(span)
    if day is None:
        raise DataError(
            f"{'the business year ' if span.fiscal else ''}{span.year} has no week {span.number}.",
            where=where,
            fix="correct the number or the year.",
        )
    return day


def _of_business(span: Span, calendar: FiscalCalendar, opens: pd.Timestamp) -> datetime | None:
    """The fourth day of a week of the business year; None where it has no such week."""
    first, last = calendar.dates(opens, "Y")
    day = first + pd.Timedelta(days=7 * span.number - 4)
    return day.to_pydatetime() if span.number and day <= last else None


def _of_iso(span: Span) -> datetime | None:
    """The Thursday of a week by ISO 8601; None where its year has no such week."""
    try:
        found = date.fromisocalendar(span.year, span.number, 4)
    except ValueError:
        return None
    return datetime(found.year, found.month, found.day)


def _refuse(
    spans: Mapping[str, Span], raw: Raw, year: str, calendar: FiscalCalendar | None, freq: str
) -> None:
    where = f"{raw.name}, whose columns are {list(raw.header)}"
    if not spans:
        raise DataError(
            "no columns are named as months, though `month_columns = true` says so.",
            where=where,
            fix="name them 2025-01, Jan-25 or 2025年1月; or take `month_columns` out.",
        )
    kind = next(iter(spans.values())).kind
    shown = f"{raw.name}, columns {', '.join(list(spans)[:4])} ..."
    if kind == "M" and calendar is not None and not calendar.plain:
        raise DataError(
            "the table has a column a calendar month, which business months of other days cannot "
            "use.",
            where=shown,
            fix="deliver order lines with dates; or plan in calendar months: take months, "
            "month_starts and path out of [calendar].",
        )
    if kind == "Q" and freq == "M":
        raise DataError(
            "the table has a column a quarter: how its months were cannot be known.",
            where=shown,
            fix='plan in quarters: period = "quarter" under [calendar]; or deliver months.',
        )
    bare = [name for name, span in spans.items() if not span.year]
    if bare and not year:
        raise DataError(
            f"the {NAMES[kind]} stand side by side and have no year.",
            where=f"{raw.name}, columns {', '.join(bare[:4])}",
            fix="write the year into the column names (2025-01, Jan-25, 2025年1月, 2025Q1), or add a "
            "column of years named 'year'.",
        )
    if len(set(spans.values())) < len(spans):
        again = [name for name, span in spans.items() if list(spans.values()).count(span) > 1]
        raise DataError(
            f"two columns are the same {NAMES[kind][:-1]}.",
            where=f"{raw.name}, columns {', '.join(again[:4])}",
            fix=f"keep one column a {NAMES[kind][:-1]}: remove or rename the others (plans, last year).",
        )
