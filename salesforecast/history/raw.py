"""Raw tables: what is wanted of a file, what came, and where its column names stand."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, Finding


@dataclass(frozen=True)
class Raw:
    """One table as read: nothing is interpreted yet.

    Parameters
    ----------
    frame
        The wanted columns by the user's names: str for text, what the file gave for others.
    rows
        int64, the row of each line in its file; the first row of the file is 1.
    header
        Every column of the file.
    name, digest
        The file as the user knows it, and its sha256.
    findings
        What was read in other than the plain way.
    """

    frame: pd.DataFrame
    rows: np.ndarray
    header: tuple[str, ...]
    name: str
    digest: str
    findings: tuple[Finding, ...]

    def cell(self, at: int, column: str) -> str:
        """What people call the cell at a position: `orders.csv, row 14, column 'Sales'`."""
        return f"{self.name}, row {self.rows[at]}, column '{column}'"


@dataclass(frozen=True)
class Want:
    """Which columns to read; `text` are kept as written (keys keep their zeros), None means all."""

    text: Sequence[str] | None = None
    other: Sequence[str] = ()
    encoding: str = ""
    sheet: str = ""
    decimal_comma: str = ""

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys([*(self.text or ()), *self.other]))


ALL_COLUMNS = Want()


def _nearest(name: str, columns: Sequence[str]) -> str:
    """The column that is probably meant: one that contains the name, else the most alike."""
    plain = {column: column.lower().replace(" ", "") for column in columns}
    wanted = name.lower().replace(" ", "")
    inside = [column for column, text in plain.items() if wanted in text or text in wanted]
    alike = difflib.get_close_matches(name, columns, n=1, cutoff=0.4)
    return next(iter([*sorted(inside, key=len), *alike]), "")


def missing_columns(wanted: Sequence[str], header: Sequence[str], name: str) -> DataError | None:
    """The error for columns that are mapped but not there; None when all are."""
    missing = [column for column in wanted if column not in header]
    if not missing:
        return None
    spare = [column for column in header if column not in wanted]
    near = {column: _nearest(column, spare) for column in missing}
    advice = "; ".join(
        f"did you mean '{match}' for '{column}'?" for column, match in near.items() if match
    )
    return DataError(
        f"the column{'s' if len(missing) > 1 else ''} {missing} that the organisation file names "
        "cannot be found.",
        where=f"{name}, whose columns are {list(header)}",
        fix=advice or "correct the name in the organisation file.",
    )


def as_text(values: pd.Series) -> pd.Series:
    """Keys as text: `281.0` becomes `281`, a missing value the empty text."""
    if values.dtype.kind == "f" and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    if values.dtype == object:
        whole = values.map(lambda v: int(v) if isinstance(v, float) and v.is_integer() else v)
        values = whole.where(values.notna(), "")
    return values.astype("str").fillna("").str.strip()


def header_row(head: Sequence[Sequence[Any]], wanted: Sequence[str]) -> int:
    """Which of the first rows holds the column names: the wanted ones, else the first full one."""
    cleaned = [[_clean(value) for value in row] for row in head]
    hits = [sum(column in row for column in wanted) for row in cleaned]
    if wanted and max(hits, default=0) > 0:
        return hits.index(max(hits))
    width = sorted(sum(value != "" for value in row) for row in cleaned)[len(cleaned) // 2]
    for at, row in enumerate(cleaned):
        filled = [value for value in row if value]
        names = [value for value in filled if not _is_number(value)]
        if len(filled) >= max(2, 0.7 * width) and len(names) >= 0.8 * len(filled):
            return at
    return 0


def clean_names(row: Sequence[Any]) -> list[str]:
    """Column names without line breaks; empty ones are numbered, equal ones told apart."""
    names: list[str] = []
    for number, value in enumerate(row, start=1):
        name = _clean(value) or f"column {number}"
        names.append(name if name not in names else f"{name} ({number})")
    return names


def _clean(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())


def _is_number(text: str) -> bool:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").strip("-+%$¥€ ")
    return plain.replace(".", "", 1).isdigit()


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 row`, `3 rows`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def repair(what: str, name: str) -> Finding:
    """The finding about something in a file that was read in other than the plain way."""
    return Finding("repair", what, name, "Read as it was meant; nothing to do.")


def skipped_rows(rows: Sequence[Sequence[Any]], name: str) -> Finding:
    """The finding about title rows above the column names; it quotes them."""
    said = " / ".join(
        dict.fromkeys(_clean(value) for row in rows for value in row if _clean(value))
    )
    where = f"{name}: '{said}'" if said else name
    return repair(f"{counted(len(rows), 'row')} above the column names skipped", where)
