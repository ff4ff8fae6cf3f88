"""Where the column names stand: one row of them or several, merged cells, titles above."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from salesforecast.errors import DataError, Finding
from salesforecast.findings import repair
from salesforecast.history.months import month_columns, month_of, side_by_side

ZONE = 30  # column names stand in the first rows of a table, or nowhere
Area = tuple[tuple[int, int], tuple[int, int]]  # merged cells: (top, left), (bottom, right)

_DATE = re.compile(r"\d{1,4}(?:[-/.]|年)\d{1,2}(?:(?:[-/.]|月)\d{1,4}日?)?(?:[T ][\d:.]+)?")
_YEAR = re.compile(r"(?:19|20)\d{2}")


@dataclass(frozen=True)
class Header:
    """Column names, the last row of them (from 0), and what was not plain about them."""

    names: list[str]
    last: int
    findings: list[Finding]


def find_header(
    head: Sequence[Sequence[Any]], wanted: Sequence[str], name: str, merged: Sequence[Area] = ()
) -> Header:
    """Find the column names among the first rows of a table.

    Names may stand in a block of rows that merged cells (already filled in `head`), blanks or
    repeated names tie together. The lowest part of a column names it; parts above are put before
    it where names would be equal, or a month would have no year.

    Parameters
    ----------
    wanted
        The columns that an organisation file names; empty when nothing is known.
    name
        What messages call the file.

    Raises
    ------
    DataError
        If what would be a column name is a date or a number: the names are missing.
    """
    rows = [[_clean(value) for value in row] for row in head]
    top = bottom = _one_row(rows, wanted)
    while bottom + 1 < len(rows) and _tied(rows, bottom, merged):
        bottom += 1
    while top > 0 and _tied(rows, top - 1, merged):
        top -= 1
    block = [_to_the_right(row, rows[bottom]) for row in rows[top:bottom]] + [rows[bottom]]
    names = _tell_apart(_joined(block))
    _refuse_values(names, wanted, f"{name}, row {bottom + 1}")
    _refuse_data_above(rows[:top], rows[bottom], f"{name}, column names in row {bottom + 1}")
    findings = [_skipped(rows[:top], name)] if top else []
    if bottom > top:
        said = _quoted(rows[top:bottom])
        findings.append(repair("joined heads", f"{name}: '{said}'", n=bottom - top + 1))
    return Header(names, bottom, findings)


def _clean(value: Any) -> str:
    """A cell as one line of text; a date without its midnight."""
    if isinstance(value, date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else " ".join(str(value).split())


def _one_row(rows: Sequence[Sequence[str]], wanted: Sequence[str]) -> int:
    """A row of column names: with most of the wanted ones, else the first full one."""
    hits = [sum(column in row for column in wanted) for row in rows]
    if wanted and max(hits, default=0) > 0:
        return hits.index(max(hits))
    width = sorted(sum(value != "" for value in row) for row in rows)[len(rows) // 2]
    full = [at for at, row in enumerate(rows) if sum(map(bool, row)) >= max(2, 0.7 * width)]
    for at in full:
        filled = [value for value in rows[at] if value]
        if len(set(filled)) > 1 and len(_values(filled)) <= 0.2 * len(filled):
            return at
    block = [
        at for at in range(len(rows) - 1) if _tied(rows, at, ()) and (not full or at < full[0])
    ]
    return block[0] if block else full[0] if full else 0


def _values(row: Sequence[str]) -> list[str]:
    """Cells that are dates or numbers; the months of a table with a column a month are names."""
    months = month_columns(row)
    return [value for value in row if value not in months and _is_value(value)]


def _is_value(text: str) -> bool:
    return _is_number(text) or bool(_DATE.fullmatch(unicodedata.normalize("NFKC", text)))


def _is_number(text: str) -> bool:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").strip("-+%$¥€ ")
    return plain.replace(".", "", 1).isdigit()


def _tied(rows: Sequence[Sequence[str]], at: int, merged: Sequence[Area]) -> bool:
    """Whether this row and the next are one block of column names."""
    upper, lower = rows[at], rows[at + 1]
    filled = [value for value in upper if value]
    if not filled or len({value for value in lower if value}) < 2:
        return False
    if [value for value in _values(filled) if not _YEAR.fullmatch(value)] or _values(lower):
        return False
    width = len(upper)
    for (top, left), (bottom, right) in merged:
        partly = right - left + 1 < width
        if partly and top <= at < bottom:
            return True
        if partly and top == at and len({value for value in lower[left : right + 1] if value}) > 1:
            return True
    both = sum(bool(a or b) for a, b in zip(upper, lower, strict=False))
    complete = all(lower[i] for i, value in enumerate(upper) if not value and i < len(lower))
    holes = any(not value for value in upper) and any(not value for value in lower)
    if not merged and holes and complete and both == width and width > 2:
        return True
    parts = [value for value in lower if value]
    return len(set(filled)) > 1 and len(set(parts)) < len(parts) and len(upper) == len(lower)


def _to_the_right(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Blanks of an upper row take the name on their left, above cells that are named."""
    out: list[str] = []
    for at, value in enumerate(upper):
        under = lower[at] if at < len(lower) else ""
        out.append(value if value or not under or not out else out[-1])
    return out


def _joined(block: Sequence[Sequence[str]]) -> list[str]:
    """One name a column: its lowest part, with what stands above where that is needed."""
    width = max(len(row) for row in block)
    columns = [
        [row[at] if at < len(row) else "" for row in block if at < len(row) and row[at]]
        for at in range(width)
    ]
    parts = [[part for part, _ in groupby(column)] for column in columns]
    lowest = [column[-1] if column else "" for column in parts]
    return [
        _with_upper(column, repeated=lowest.count(name) > 1) if len(column) > 1 else name
        for column, name in zip(parts, lowest, strict=True)
    ]


def _with_upper(parts: Sequence[str], *, repeated: bool) -> str:
    month = month_of(parts[-1])
    if month and not month[0]:
        years = [found[0] for part in parts[:-1] if (found := _YEAR.search(part))]
        both = f"{years[-1]}年{parts[-1]}" if years and "月" in parts[-1] else ""
        both = both or (f"{parts[-1]} {years[-1]}" if years else "")
        if both:
            return both
    return " ".join(parts) if repeated else parts[-1]


def _tell_apart(row: Sequence[str]) -> list[str]:
    """Empty names are numbered, equal ones told apart."""
    names: list[str] = []
    for number, value in enumerate(row, start=1):
        name = value or f"column {number}"
        names.append(name if name not in names else f"{name} ({number})")
    return names


def _refuse_values(names: Sequence[str], wanted: Sequence[str], where: str) -> None:
    """Refuse column names that are dates or numbers: a row of data was taken for names."""
    hit = [name for name in names if name in wanted]
    values = [name for name in _values(hit or names) if not _YEAR.fullmatch(name)]
    if values:
        raise side_by_side(values, where) or DataError(
            f"the column names are missing: '{values[0]}' is a "
            f"{'number' if _is_number(values[0]) else 'date'}, not the name of a column.",
            where=f"{where}: {', '.join(names[:8])}",
            fix="write one row of names above the data, a name a column (date, region, sales, ...), "
            "and no figures among them.",
        )


def _refuse_data_above(rows: Sequence[Sequence[str]], names: Sequence[str], where: str) -> None:
    """Refuse to skip rows of data: titles do not fill a row with dates and numbers."""
    width = sum(map(bool, names))
    for at, row in enumerate(rows, start=1):
        values = _values([value for value in row if value])
        kinds = {_is_number(value) for value in values}
        if sum(map(bool, row)) >= width > 1 and len(kinds) == 2:
            raise DataError(
                "rows of data stand above the column names and would be left out.",
                where=f"{where}; the first such row is {at}: {', '.join(row[:8])}",
                fix="write the column names once, above all data, spelled as the organisation "
                "file has them.",
            )


def clean_names(row: Sequence[Any]) -> list[str]:
    """Column names of one row as they are compared with wanted ones."""
    return _tell_apart([_clean(value) for value in row])


def _quoted(rows: Sequence[Sequence[str]]) -> str:
    return " / ".join(dict.fromkeys(value for row in rows for value in row if value))


def _skipped(rows: Sequence[Sequence[str]], name: str) -> Finding:
    """The finding about title rows above the column names; it quotes them."""
    said = _quoted(rows)
    where = f"{name}: '{said}'" if said else name
    return repair("skipped rows", where, n=len(rows))
