"""Raw tables: what is wanted of a file, what came, and where its column names stand."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

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
    labels
        Where months stood side by side: the column that each row came from.
    """

    frame: pd.DataFrame
    rows: np.ndarray
    header: tuple[str, ...]
    name: str
    digest: str
    findings: tuple[Finding, ...]
    labels: np.ndarray | None = None

    def cell(self, at: int, column: str) -> str:
        """What people call the cell at a position: `orders.csv, row 14, column 'Sales'`."""
        return f"{self.name}, row {self.rows[at]}, column '{self.label(at, column)}'"

    def label(self, at: int, column: str) -> str:
        """The column of the file that a cell stands in."""
        made = self.labels is not None and column.startswith("(")
        return str(self.labels[at]) if made and self.labels is not None else column


@dataclass(frozen=True)
class Want:
    """Which columns to read; `text` are kept as written (keys keep their zeros), None means all.

    With `also`, those of the file's columns are read too that it picks out of all names.
    """

    text: Sequence[str] | None = None
    other: Sequence[str] = ()
    encoding: str = ""
    sheet: str = ""
    decimal_comma: str = ""
    also: Callable[[Sequence[str]], Iterable[str]] | None = None

    def of(self, header: Sequence[str]) -> Want:
        """The same for a file with these columns: what `also` picks is named."""
        if self.also is None:
            return self
        return replace(self, other=(*self.other, *self.also(header)), also=None)

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


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 row`, `3 rows`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
