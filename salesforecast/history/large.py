"""Order tables that do not fit in memory: Parquet summed to periods by DuckDB before pandas sees it.

What the rest of `load` gets is a table as the user wrote it, only shorter: one row for each place,
person, product and period in place of all its lines; returns, and the first booked day of a period,
stay apart, so that the checks see what they see in single lines. Sums are of decimals, so that
neither threads nor the order of rows change them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesforecast.errors import DataError
from salesforecast.findings import found
from salesforecast.fingerprint import sha256
from salesforecast.history.organisation import Source
from salesforecast.history.raw import Raw, as_text, counted, missing_columns
from salesforecast.tables import TIME

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LARGE = 2_000_000  # rows above which a Parquet table is summed first
MEMORY = "800MB"  # of DuckDB; what needs more goes to a temporary folder
MOST = 1e15
_PARQUET = b"PAR1"


def is_large(path: Path, source: Source) -> bool:
    """Whether a table is Parquet with days and numbers as such, and longer than `LARGE`.

    A table with dates or amounts as text is read cell by cell whatever its length, and so is
    every table where DuckDB is not installed.
    """
    import importlib.util

    rated = bool(source.columns.currency)  # by the month of each line: not yet summed here
    if (
        rated
        or source.month_columns
        or not path.is_file()
        or not importlib.util.find_spec("duckdb")
    ):
        return False
    with path.open("rb") as file:
        if file.read(4) != _PARQUET:
            return False
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError):
        return False  # the usual reader says what is wrong with it
    if file.metadata.num_rows <= LARGE:
        return False
    kinds = {field.name: field.type for field in file.schema_arrow}
    columns = source.columns
    if error := missing_columns(_all(source), list(kinds), path.name):
        raise error
    day = kinds[columns.date]
    numbers = [kinds[name] for name in (columns.amount, columns.quantity) if name]
    plain = pa.types.is_date(day) or (pa.types.is_timestamp(day) and day.tz is None)
    return plain and all(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        for kind in numbers
    )


def read_summed(
    path: Path, source: Source, *, period: Callable[[pd.Series], pd.Series], name: str
) -> Raw:
    """Read the source's columns, summed to periods.

    Parameters
    ----------
    period
        Days to the first days of the periods that they are booked in.

    Returns
    -------
    Raw
        Each row stands for lines of one place, person, product, period and sign; its date is
        their last, its row number that of the first of them.

    Raises
    ------
    DataError
        If a line has no date or an amount that is none, or lines share the key that
        `line` names.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="salesforecast-") as spill:
        connection = duckdb.connect(
            config={
                "memory_limit": MEMORY,
                "temp_directory": spill,
                "preserve_insertion_order": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )
        with connection:
            table = _Table(connection, path, source, name)
            empty = table.refuse_bad_lines()
            table.refuse_double_lines()
            frame, lines = table.summed(period)
    rows = frame.pop("(row)").to_numpy(dtype=np.int64)
    keys = _keys(source)
    for column in keys:
        frame[column] = as_text(frame[column])
    frame[source.columns.date] = frame[source.columns.date].astype(TIME)
    findings = [found("summed", name, severity="repair", rows=lines, n=lines, rest=len(frame))]
    if empty:
        where = f"{name}, column '{source.columns.amount}'"
        findings.append(found("empty cells", where, severity="warning", rows=empty, n=empty))
    header = tuple(table.header)
    return Raw(frame, rows, header, name, sha256(path), tuple(findings))


def _keys(source: Source) -> list[str]:
    columns = source.columns
    return list(
        dict.fromkeys(c for c in (*columns.territory, columns.person, columns.product) if c)
    )


def _all(source: Source) -> list[str]:
    columns = source.columns
    others = (columns.date, columns.amount, columns.quantity, *columns.line)
    return list(dict.fromkeys([*_keys(source), *(name for name in others if name)]))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _column(name: str) -> str:
    return f"t.{_quoted(name)}"


def _number(name: str) -> str:
    """A column as float64; what is no number is empty."""
    value = f"CAST({_column(name)} AS DOUBLE)"
    return f"(CASE WHEN isnan({value}) THEN NULL ELSE {value} END)"


class _Table:
    """A Parquet file as DuckDB sees it; rows are counted as in a file with a header."""

    def __init__(
        self, connection: DuckDBPyConnection, path: Path, source: Source, name: str
    ) -> None:
        import pyarrow.parquet as pq

        self.connection, self.source, self.name = connection, source, name
        self.header = list(pq.ParquetFile(path).schema_arrow.names)
        self.file = "".join(f"[{c}]" if c in "*?[" else c for c in str(path.absolute()))
        self.date = f"CAST({_column(source.columns.date)} AS DATE)"

    def ask(self, select: str, rest: str = "") -> Any:
        """`rest` follows the file, which is a parameter and so never part of the text."""
        text = f"SELECT {select} FROM read_parquet($file, file_row_number = true) AS t {rest}"
        return self.connection.execute(text, {"file": self.file})

    def refuse_bad_lines(self) -> int:
        """How many amounts are empty; whatever is no date and no amount is refused."""
        quantity = self.source.columns.quantity
        names = (self.source.columns.amount, *((quantity,) if quantity else ()))
        large = " OR ".join(f"abs({_number(name)}) > {MOST}" for name in names)
        blank = f"{_number(names[0])} IS NULL"
        counts = self.ask(
            f"count(*) FILTER ({self.date} IS NULL), "
            f"min(file_row_number) FILTER ({self.date} IS NULL), "
            f"count(*) FILTER ({large}), min(file_row_number) FILTER ({large}), "
            f"count(*) FILTER ({blank})"
        ).fetchone()
        dateless, first, beyond, first_beyond, empty = counts
        for count, at, what in (
            (dateless, first, f"{counted(dateless, 'line')} without a date"),
            (beyond, first_beyond, f"{counted(beyond, 'amount')} beyond {MOST:.0e}"),
        ):
            if count:
                raise DataError(
                    f"{what}.",
                    where=f"{self.name}, row {at + 2} is the first",
                    fix="correct them in the file and run again.",
                )
        return int(empty)

    def refuse_double_lines(self) -> None:
        """Lines with the key of another would count twice."""
        if not self.source.columns.line:
            return
        key = ", ".join(map(_column, self.source.columns.line))
        double = self.ask(
            f"{key}, count(*)", f"GROUP BY {key} HAVING count(*) > 1 ORDER BY {key} LIMIT 3"
        ).fetchall()
        if double:
            shown = "; ".join(", ".join(map(str, one[:-1])) for one in double)
            raise DataError(
                f"lines share a key ({', '.join(self.source.columns.line)}).",
                where=f"{self.name}, first: {shown}",
                fix="the same sale would count twice: remove them, or name further columns in `line`.",
            )

    def summed(self, period: Callable[[pd.Series], pd.Series]) -> tuple[pd.DataFrame, int]:
        """The short table, and how many lines went into it."""
        columns = self.source.columns
        days = self.ask(f"DISTINCT {self.date} AS day").df()["day"].astype(TIME)
        booked = pd.DataFrame({"day": days, "period": period(days)})
        booked["first"] = booked["day"] == booked.groupby("period")["day"].transform("min")
        self.connection.register("booked", booked)
        keys = ", ".join(map(_column, _keys(self.source)))
        numbers = dict.fromkeys(name for name in (columns.amount, columns.quantity) if name)
        sums = ", ".join(
            f"CAST(coalesce(sum(CAST({_number(one)} AS DECIMAL(38, 9))), 0) AS DOUBLE) "
            f"AS {_quoted(one)}"
            for one in numbers
        )
        frame = self.ask(
            f"{keys}, max({self.date}) AS {_quoted(columns.date)}, {sums}, "
            'min(file_row_number) + 2 AS "(row)", count(*) AS "(lines)"',
            f"JOIN booked ON {self.date} = CAST(booked.day AS DATE) "
            f"GROUP BY {keys}, booked.period, booked.first, {_number(columns.amount)} < 0",
        ).df()
        frame = frame.sort_values("(row)", kind="stable").reset_index(drop=True)
        return frame, int(frame.pop("(lines)").sum())
