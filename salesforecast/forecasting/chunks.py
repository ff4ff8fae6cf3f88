"""Forecast a table that does not fit in memory: from Parquet to Parquet, chunk by chunk.

`read_chunks`, `forecast_chunk` and `write_chunks` are the three steps, for whoever runs them on
several processes; `forecast_parquet` is all of them in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from salesforecast.errors import DataError
from salesforecast.forecasting.many import CHUNK, forecast_many
from salesforecast.forecasting.models import INSTANT

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("series", "period", "sales")
ROWS = 64  # rows that are read at a time for each series of a chunk
MONTHS = {12: 1, 4: 3, 1: 12}  # in a period, by season
DAYS = {52: 7, 7: 1}


@dataclass(frozen=True)
class Chunk:
    """Whole series, one after the other.

    Parameters
    ----------
    labels
        One a series, in the order of the table.
    starts
        int64, shape (series + 1,): where each begins in `sales`, and where the last ends.
    first, last
        datetime64[D], shape (series,): its first and its last period.
    sales
        float64, all values end to end, periods rising.
    """

    labels: pa.Array
    starts: np.ndarray
    first: np.ndarray
    last: np.ndarray
    sales: np.ndarray


def read_chunks(
    source: str | Path, *, chunk: int = CHUNK, columns: Sequence[str] = COLUMNS
) -> Iterator[Chunk]:
    """Read whole series, `chunk` at a time, from a long Parquet table.

    Rows of one series must stand together, its periods rising; the order of series is kept.

    Parameters
    ----------
    columns
        Names of the series' label, of the period and of the sales.

    Raises
    ------
    DataError
        If a column is missing, a label comes back within a chunk, periods do not rise, or sales
        are not finite.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(source, memory_map=True)
    missing = [name for name in columns if name not in file.schema_arrow.names]
    if missing:
        raise DataError(
            f"the table lacks the columns {missing}.",
            where=f"{source}: {file.schema_arrow.names}",
            fix="name the columns that hold label, period and sales.",
        )
    waiting: list[pa.Table] = []
    begun = 0
    for batch in file.iter_batches(chunk * ROWS, columns=list(columns), use_threads=False):
        table = pa.Table.from_batches([batch]).select(list(columns))
        table = table.set_column(0, columns[0], _plain(table.column(0)))
        waiting.append(table)
        begun += len(_changes(table.column(0))) + 1
        while begun > chunk:
            together = pa.concat_tables(waiting)
            ends = _changes(together.column(0))
            if len(ends) < chunk:  # a series went on from one batch to the next
                waiting, begun = [together], len(ends) + 1
                break
            at = int(ends[chunk - 1])
            yield _chunk(together.slice(0, at), source)
            waiting = [together.slice(at)]
            begun = len(ends) - chunk + 1
    if waiting and sum(map(len, waiting)):
        yield _chunk(pa.concat_tables(waiting), source)


def forecast_chunk(
    chunk: Chunk, *, season: int, horizon: int, models: Sequence[str] = INSTANT
) -> pa.Table:
    """Forecast the series of a chunk: a table of label, period and forecast.

    Raises
    ------
    DataError
        If a series lacks a period between its first and its last.
    """
    import pyarrow as pa

    _refuse_gaps(chunk, season)
    series = np.split(chunk.sales, chunk.starts[1:-1])
    ahead = forecast_many(series, season=season, horizon=horizon, models=models, chunk=len(series))
    steps = np.arange(1, horizon + 1)
    if season in MONTHS:
        month = chunk.last.astype("datetime64[M]")
        day = chunk.last - month.astype("datetime64[D]")
        later = month[:, None] + steps * MONTHS[season]
        periods = later.astype("datetime64[D]") + day[:, None]
    else:
        periods = chunk.last[:, None] + steps * DAYS.get(season, 1)
    labels = chunk.labels.take(pa.array(np.repeat(np.arange(len(series)), horizon)))
    return pa.table(
        {
            "series": labels,
            "period": pa.array(periods.astype("datetime64[us]").ravel()),
            "forecast": pa.array(ahead.ravel()),
        }
    )


def write_chunks(tables: Iterable[pa.Table], target: str | Path) -> int:
    """Write tables of one form to a Parquet file, a row group each; how many rows.

    The file appears when the last one is written, or not at all.
    """
    import pyarrow.parquet as pq

    target = Path(target)
    partly = target.with_name(f"{target.name}.part")
    writer, rows = None, 0
    try:
        for table in tables:
            if writer is None:
                writer = pq.ParquetWriter(partly, table.schema)
            writer.write_table(table)
            rows += len(table)
        if writer is None:
            raise DataError(
                "there is no series to forecast.",
                where=str(target),
                fix="give a table with at least one row.",
            )
        writer.close()
        writer = None
        partly.replace(target)
    finally:
        if writer is not None:
            writer.close()
        partly.unlink(missing_ok=True)
    return rows


def forecast_parquet(
    source: str | Path,
    target: str | Path,
    *,
    season: int,
    horizon: int,
    models: Sequence[str] = INSTANT,
    chunk: int = CHUNK,
    columns: Sequence[str] = COLUMNS,
) -> int:
    """Forecast every series of a long Parquet table into another; returns the rows written.

    Memory grows with `chunk`, not with the table. The result has the columns `series`, `period`
    and `forecast` and does not depend on `chunk`. See `read_chunks` for what the table must be.
    """
    if chunk < 1 or season < 1 or horizon < 1:
        raise ValueError(f"chunk {chunk}, season {season}, horizon {horizon} must be at least 1")
    parts = read_chunks(source, chunk=chunk, columns=columns)
    made = (forecast_chunk(one, season=season, horizon=horizon, models=models) for one in parts)
    return write_chunks(made, target)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without a dictionary, whose codes would differ from batch to batch."""
    import pyarrow as pa

    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _changes(labels: pa.ChunkedArray) -> np.ndarray:
    """Rows at which a new series begins, the first row not counted."""
    from pyarrow import compute

    if len(labels) < 2:
        return np.zeros(0, dtype=np.int64)
    differs = compute.not_equal(labels.slice(1), labels.slice(0, len(labels) - 1))
    return np.flatnonzero(differs.to_numpy()) + 1


def _chunk(table: pa.Table, source: str | Path) -> Chunk:
    """Check rows and lay them end to end."""
    from pyarrow import compute

    labels = table.column(0).combine_chunks()
    ends = _changes(table.column(0))
    starts = np.concatenate([[0], ends, [len(table)]]).astype(np.int64)
    periods = table.column(1).to_numpy().astype("datetime64[D]")
    sales = np.asarray(table.column(2).to_numpy(), dtype=float)
    first = labels.take(starts[:-1])
    if compute.count_distinct(first).as_py() != len(first):
        _refuse("a series stands in several places.", "sort the table by series", source)
    rises = np.diff(periods) > np.timedelta64(0, "D")
    rises[ends - 1] = True
    if not rises.all():
        at = int(np.argmin(rises)) + 1
        label = labels[at].as_py()
        _refuse("periods do not rise.", "sort the table by series and period", source, label)
    if not np.isfinite(sales).all():
        at = int(np.argmin(np.isfinite(sales)))
        label = labels[at].as_py()
        _refuse("sales are missing or not finite.", "fill or drop such rows", source, label)
    return Chunk(first, starts, periods[starts[:-1]], periods[starts[1:] - 1], sales)


def _refuse_gaps(chunk: Chunk, season: int) -> None:
    """A missing period would move all later ones and their season."""
    unit, length = ("M", MONTHS[season]) if season in MONTHS else ("D", DAYS.get(season, 1))
    span = chunk.last.astype(f"datetime64[{unit}]") - chunk.first.astype(f"datetime64[{unit}]")
    rows = np.diff(chunk.starts)
    gaps = span.astype(np.int64) != (rows - 1) * length
    if gaps.any():
        at = int(np.argmax(gaps))
        raise DataError(
            f"{int(gaps.sum())} series lack periods, or have periods of another length.",
            where=f"first: series {chunk.labels[at].as_py()!r}: {rows[at]} rows from "
            f"{chunk.first[at]} to {chunk.last[at]}",
            fix="give a row for every period, 0 where nothing was sold.",
        )


def _refuse(what: str, fix: str, source: str | Path, label: str = "") -> None:
    raise DataError(what, where=f"{source}{f', series {label!r}' if label else ''}", fix=f"{fix}.")
