"""Tables beside the order lines: drivers with known future values, and the pipeline of projects."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from salesforecast.errors import DataError
from salesforecast.hierarchy import ROOT, join_path
from salesforecast.history.dates import parse_dates
from salesforecast.history.numbers import parse_numbers
from salesforecast.history.organisation import Organisation
from salesforecast.history.raw import Raw, Want
from salesforecast.history.sources import find_files, read_table
from salesforecast.tables import ALL_PRODUCTS, TIME


def read_drivers(organisation: Organisation) -> pd.DataFrame:
    """The table of drivers: `node`, `product`, `period`, and a column (float64) a driver.

    A table without places speaks of the company (`/`), one without products of all of them.

    Raises
    ------
    DataError
        If a cell cannot be read, or two rows speak of the same place, product and period.
    """
    told = organisation.declared.drivers
    if told is None:
        raise ValueError("the organisation file has no [drivers]")
    raw = _read(organisation, told.path, [*told.node, told.product], [told.period, *told.columns])
    days = _dates(raw, told.period)
    frame = pd.DataFrame(
        {
            "node": _nodes(raw, told.node),
            "product": raw.frame[told.product] if told.product else ALL_PRODUCTS,
            "period": organisation.calendar.of_rows(days, organisation.freq),
        }
    )
    for column in told.columns:
        frame[column] = _numbers(raw, column)
    key = ["node", "product", "period"]
    again = frame.duplicated(key)
    if again.any():
        at = int(again.to_numpy().argmax())
        raise DataError(
            "two rows of the drivers speak of the same place, product and period.",
            where=f"{raw.cell(at, told.period)}: {frame.loc[at, key].astype('str').tolist()}",
            fix="keep one row for each, with the mean or the sum.",
        )
    return frame


def read_pipeline(organisation: Organisation) -> pd.DataFrame:
    """The projects: `node`, `value`, `probability` (0 to 1), `period`, `as_of` (NaT: not said).

    Raises
    ------
    DataError
        If a cell cannot be read, a stage has no share, or a probability lies outside 0 to 1.
    """
    told = organisation.declared.pipeline
    if told is None:
        raise ValueError("the organisation file has no [pipeline]")
    other = [told.value, told.date, told.probability, told.as_of]
    raw = _read(organisation, told.path, [*told.node, told.stage], other)
    if told.probability:
        probability = _numbers(raw, told.probability)
    else:
        stages = raw.frame[told.stage]
        unknown = sorted(set(stages) - set(told.stages))
        if unknown:
            raise DataError(
                f"stages without a share: {unknown}.",
                where=f"{raw.name}, column '{told.stage}'",
                fix=f"add them to [pipeline.stages]; there are {sorted(told.stages)}.",
            )
        probability = stages.map(dict(told.stages)).astype("float64")
    wrong = ~probability.between(0, 1)
    if wrong.any():
        at = int(wrong.to_numpy().argmax())
        raise DataError(
            f"a probability is {probability.iloc[at]:g}.",
            where=raw.cell(at, told.probability or told.stage),
            fix="write it between 0 and 1, or as a percentage.",
        )
    calendar, freq = organisation.calendar, organisation.freq
    stated = _dates(raw, told.as_of) if told.as_of else pd.Series(pd.NaT, index=raw.frame.index)
    return pd.DataFrame(
        {
            "node": _nodes(raw, told.node),
            "value": _numbers(raw, told.value),
            "probability": probability,
            "period": calendar.of_rows(_dates(raw, told.date), freq),
            "as_of": stated.astype(TIME),
        }
    )


def _read(organisation: Organisation, path: str, text: Sequence[str], other: Sequence[str]) -> Raw:
    file = find_files(organisation.folder, path)[0]
    named = tuple(name for name in text if name)
    return read_table(file, Want(text=named, other=tuple(name for name in other if name)))


def _nodes(raw: Raw, columns: Sequence[str]) -> pd.Series:
    if not columns:
        return pd.Series(ROOT, index=raw.frame.index, dtype="str")
    cells = raw.frame[list(columns)].to_numpy()
    whole = [join_path([part for part in row if part]) or ROOT for row in cells]
    if len(columns) == 1:  # a path in one column keeps its slashes
        whole = [str(row[0]).strip() or ROOT for row in cells]
    return pd.Series(whole, index=raw.frame.index, dtype="str")


def _dates(raw: Raw, column: str) -> pd.Series:
    parsed = parse_dates(raw.frame[column], cell=lambda at: raw.cell(at, column))
    if parsed.bad:
        raise DataError(
            f"a date cannot be read: '{raw.frame[column].iloc[parsed.bad[0]]}'.",
            where=raw.cell(parsed.bad[0], column),
            fix="write it as 2017-04-30.",
        )
    return parsed.values


def _numbers(raw: Raw, column: str) -> pd.Series:
    values = raw.frame[column]
    if values.dtype.kind in "if":
        return values.astype("float64")
    text = values.astype("object").where(values.notna(), "").astype("str")
    parsed = parse_numbers(text, cell=lambda at: raw.cell(at, column))
    if parsed.bad:
        raise DataError(
            f"a number cannot be read: '{text.iloc[parsed.bad[0]]}'.",
            where=raw.cell(parsed.bad[0], column),
            fix="write digits only, such as 1200.50.",
        )
    return parsed.values.astype("float64")
