"""The whole job for any number of series: load, forecast, allocate, targets, from Parquet to Parquet.

A folder holds the job: `chunks/` the forecasts so far, `targets.parquet` the result, `job.json` what
it was made of. Memory grows with a chunk, and by some numbers a series; a run that was stopped goes
on where it was, and another total is split without forecasting again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesforecast.allocation.cascade import cascade
from salesforecast.bulk.split import Split, key_of, split
from salesforecast.bulk.spread import Spread, in_turn
from salesforecast.errors import DataError, ParameterError
from salesforecast.fingerprint import sha256
from salesforecast.forecasting.chunks import (
    COLUMNS,
    Chunk,
    forecast_chunk,
    read_chunks,
    write_chunks,
)
from salesforecast.forecasting.many import CHUNK

if TYPE_CHECKING:
    import pyarrow as pa

SEASONS = {"month": 12, "quarter": 4, "year": 1, "week": 52, "day": 7}
RESULT, JOB, CHUNKS = "targets.parquet", "job.json", "chunks"
FORM = 2  # of the chunks' files; another one is not taken over
MOST = 1e15  # no total above it, so that float sums of money stay exact to the unit
Tell = Callable[[str, int, int], None]  # stage, rows done, rows in all


@dataclass(frozen=True)
class Bulk:
    """What is asked of a table of series.

    Parameters
    ----------
    source
        Parquet file, long: one row a series and period, series together, periods rising.
    horizon
        Periods ahead that get a forecast and a target.
    period
        Length of a period: a key of `SEASONS`.
    total
        Sum of all targets; None asks for `stretch` more than the forecast.
    stretch
        Total / forecast - 1.
    step
        Every target is a whole multiple of it.
    columns
        Names of the series' label, of the period, of the sales.
    chunk
        Series that are in memory at a time.
    split
        What is fair, and limits of series.
    """

    source: Path
    horizon: int = 12
    period: str = "month"
    total: int | None = None
    stretch: float = 0.0
    step: int = 1
    columns: Sequence[str] = COLUMNS
    chunk: int = CHUNK
    split: Split = field(default_factory=Split)

    def __post_init__(self) -> None:
        if min(self.horizon, self.step, self.chunk) < 1 or self.period not in SEASONS:
            raise ValueError(f"horizon, step, chunk are at least 1, period one of {list(SEASONS)}")
        for name in ("stretch", "least_growth", "most_growth"):
            share = getattr(self if name == "stretch" else self.split, name)
            if share is not None and not -1 <= share <= 1000:
                raise ParameterError(
                    f"{name.replace('_', ' ')} {share:g} is out of range.",
                    where=name.replace("_", " "),
                    fix="0.05 means 5 %; it is -1 or more.",
                )
        if self.total is not None and (self.total < 0 or self.total % self.step):
            raise ParameterError(
                f"the total {self.total:,} is no multiple of the step {self.step:,}, or negative.",
                where="total",
                fix=f"ask for {max(self.total, 0) // self.step * self.step:,}, or change the step.",
            )

    @property
    def season(self) -> int:
        return SEASONS[self.period]


@dataclass(frozen=True)
class Done:
    """What came of a job.

    Parameters
    ----------
    targets
        The result: `series, period, forecast, target`, in the order of the source.
    series, forecast, total
        How many series, and the sums of their forecasts and of their targets.
    kept
        Chunks that an earlier run had finished.
    unchanged
        Whether the result was there already, made of the same.
    """

    targets: Path
    series: int
    forecast: float
    total: int
    kept: int = 0
    unchanged: bool = False


def run_bulk(
    bulk: Bulk, folder: Path | str, *, spread: Spread = in_turn, tell: Tell | None = None
) -> Done:
    """Forecast every series, split the total over them, then each target over periods.

    Targets add up to the total to the last unit, and a series' periods to its target. A series
    whose forecast is negative (more returns than sales) gets zero.

    Parameters
    ----------
    folder
        Where the job lives. Chunks in it that were made of the same are not made again.
    spread
        Who does the chunks' work (`salesforecast.bulk.spread`).
    tell
        Hears of progress.

    Raises
    ------
    DataError
        If the table cannot be used: see `read_chunks`; or series end at different periods, stand
        in two places, or all forecasts are zero; or the limits' table cannot be used.
    InfeasibleError
        If the limits of series leave no room for the total.
    """
    import pyarrow.parquet as pq

    folder = Path(folder)
    if not bulk.source.is_file():
        raise DataError("there is no such table.", where=str(bulk.source), fix="check the path.")
    asked = {**asdict(bulk), "source": sha256(bulk.source), "columns": list(bulk.columns)}
    if bulk.split.limits:
        asked["split"]["limits"] = _limits(Path(bulk.split.limits))
    if (done := _same(folder, asked)) is not None:
        return done
    rows = pq.ParquetFile(bulk.source).metadata.num_rows
    told = tell or (lambda *_: None)
    paths, kept = _forecast(bulk, folder, _made_of(asked), spread, partial(told, "forecast"), rows)
    known, keys = _known(bulk, paths)
    total, label = _total(bulk, known["forecast"].to_numpy()), bulk.columns[0]
    targets = split(known, keys, bulk.split, total=total, step=bulk.step, label=label)
    ahead = _parts(bulk, paths, targets, partial(told, "targets"), rows)
    write_chunks(
        spread(partial(_with_targets, horizon=bulk.horizon, step=bulk.step), ahead), folder / RESULT
    )
    done = Done(folder / RESULT, len(known), float(known["forecast"].sum()), total, kept)
    _write(folder / JOB, {"asked": asked, "done": {**asdict(done), "targets": RESULT}})
    told("targets", rows, rows)
    return done


def _same(folder: Path, asked: dict[str, Any]) -> Done | None:
    """The result that is there already, if it was made of the same."""
    held = _read(folder / JOB)
    if held.get("asked") != asked or not (folder / RESULT).is_file():
        return None
    return Done(**{**held["done"], "targets": folder / RESULT, "unchanged": True})


def _made_of(asked: dict[str, Any]) -> dict[str, Any]:
    """What a chunk's forecast depends on: not on totals."""
    made_of = ("source", "horizon", "period", "columns", "chunk")
    return {"form": FORM, **{key: asked[key] for key in made_of}}


def _forecast(
    bulk: Bulk,
    folder: Path,
    made_of: dict[str, Any],
    spread: Spread,
    tell: Callable[[int, int], None],
    rows: int,
) -> tuple[list[Path], int]:
    """A file a chunk; those that are there are kept. Their paths, and how many were kept."""
    chunks = folder / CHUNKS
    if _read(chunks / JOB) != made_of:
        shutil.rmtree(chunks, ignore_errors=True)
        chunks.mkdir(parents=True)
        _write(chunks / JOB, made_of)
    paths: list[Path] = []
    waiting: list[tuple[Path, int]] = []
    read = kept = 0

    def missing() -> Iterator[Chunk]:
        nonlocal read, kept
        for at, chunk in enumerate(
            read_chunks(bulk.source, chunk=bulk.chunk, columns=bulk.columns)
        ):
            paths.append(chunks / f"{at:06d}.parquet")
            read += len(chunk.sales)
            if paths[-1].is_file():
                kept += 1
                continue
            waiting.append((paths[-1], read))
            yield chunk

    work = partial(_ahead, season=bulk.season, horizon=bulk.horizon)
    for table in spread(work, missing()):
        path, read_until = waiting.pop(0)
        write_chunks([table], path)
        tell(read_until, rows)
    return paths, kept


def _ahead(chunk: Chunk, *, season: int, horizon: int) -> pa.Table:
    """The chunk's forecasts, each beside the sales of the same period a year before."""
    import pyarrow as pa

    table = forecast_chunk(chunk, season=season, horizon=horizon)
    ends = chunk.starts[1:, None]
    at = ends - season + np.arange(horizon) % season
    there = at >= chunk.starts[:-1, None]
    last = np.where(there, chunk.sales[np.where(there, at, ends - 1)], 0.0)
    return table.append_column("history", pa.array(last.ravel()))


def _known(bulk: Bulk, paths: Sequence[Path]) -> tuple[pd.DataFrame, np.ndarray]:
    """Each series' forecast and history over the horizon, and its key; all of the same periods."""
    import pyarrow.parquet as pq

    sums: dict[str, list[np.ndarray]] = {"forecast": [], "history": []}
    keys = []
    first: set[Any] = set()
    for path in paths:
        table = pq.read_table(path)
        for name, parts in sums.items():
            parts.append(table[name].to_numpy().reshape(-1, bulk.horizon).sum(axis=1))
        keys.append(key_of(table["series"].to_numpy()[:: bulk.horizon]))
        first.update(np.unique(table["period"].to_numpy()[:: bulk.horizon]).tolist())
        if len(first) > 1:
            days = ", ".join(str(day)[:10] for day in sorted(map(pd.Timestamp, first))[:3])
            _refuse(bulk, "series end at different periods.", f"their targets begin {days}",
                    "end all of them at the same period; a period without sales is a row with 0.")  # fmt: skip
    if not keys:
        _refuse(bulk, "the table has no rows.", "no series", "give at least one.")
    together = np.concatenate(keys)
    if len(np.unique(together)) < len(together):
        _refuse(bulk, "a series stands in several places.", "column "
                f"'{bulk.columns[0]}'", "sort the table by series and period.")  # fmt: skip
    return pd.DataFrame({name: np.concatenate(parts) for name, parts in sums.items()}), together


def _limits(path: Path) -> str:
    if not path.is_file():
        raise DataError("there is no such table of limits.", where=str(path), fix="check the path.")
    return sha256(path)


def _total(bulk: Bulk, weights: np.ndarray) -> int:
    expected = float(weights.sum())
    if bulk.total is not None:
        total = bulk.total
    else:
        total = round(max(expected * (1 + bulk.stretch), 0.0) / bulk.step) * bulk.step
    if not weights.max() > 0:
        _refuse(bulk, "every forecast is zero or less, so no share of the total follows from it.",
                f"{len(weights):,} series", "leave out what is no longer sold.")  # fmt: skip
    if total > MOST:
        _refuse(bulk, f"the total {total:.3g} is beyond {MOST:.0e}.", "all series",
                "give the table in a larger unit.")  # fmt: skip
    return total


def _parts(
    bulk: Bulk,
    paths: Sequence[Path],
    targets: np.ndarray,
    tell: Callable[[int, int], None],
    rows: int,
) -> Iterator[tuple[pa.Table, np.ndarray]]:
    """Each chunk's forecasts, and the targets of its series."""
    import pyarrow.parquet as pq

    begin = 0
    for at, path in enumerate(paths):
        tell(rows * at // len(paths), rows)
        table = pq.read_table(path)
        end = begin + len(table) // bulk.horizon
        yield table, targets[begin:end]
        begin = end


def _with_targets(part: tuple[pa.Table, np.ndarray], *, horizon: int, step: int) -> pa.Table:
    """The chunk with a column more: its series' targets, spread over periods as they are forecast."""
    import pyarrow as pa

    table, targets = part
    ahead = np.maximum(table["forecast"].to_numpy().reshape(-1, horizon), 0.0)
    shape = np.where(ahead.sum(axis=1, keepdims=True) > 0, ahead, 1.0)
    cells = cascade(pd.Series(targets), pd.DataFrame(shape), step=step)
    return table.drop_columns("history").append_column(
        "target", pa.array(cells.to_numpy(dtype=np.int64).ravel())
    )


def _refuse(bulk: Bulk, what: str, where: str, fix: str) -> None:
    raise DataError(what, where=f"{bulk.source.name}: {where}", fix=fix)


def _read(path: Path) -> dict[str, Any]:
    try:
        held = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def _write(path: Path, content: dict[str, Any]) -> None:
    partly = path.with_name(f"{path.name}.part")
    partly.write_text(json.dumps(content, indent=1, ensure_ascii=False), "utf-8")
    os.replace(partly, path)
