"""Amounts of several currencies in the one that is planned, by a table of rates a month."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from salesforecast.errors import DataError
from salesforecast.history.dates import parse_dates
from salesforecast.history.lookups import read_columns
from salesforecast.history.numbers import parse_numbers
from salesforecast.history.organisation import Organisation
from salesforecast.history.raw import counted


@dataclass(frozen=True)
class Rates:
    """What one unit of a currency is worth in a month: `table` on (currency, first day).

    `own` is the currency that is planned, worth one always; empty where nothing is converted.
    """

    own: str = ""
    table: pd.Series = field(default_factory=lambda: pd.Series(dtype="float64"), hash=False)

    def of(self, currencies: pd.Series, days: pd.Series) -> pd.Series:
        """The rate of each line by the month of its date; missing where the table has none."""
        months = days.astype("datetime64[us]").dt.to_period("M").dt.to_timestamp()
        asked = pd.MultiIndex.from_arrays([currencies, months.astype("datetime64[us]")])
        rates = pd.Series(self.table.reindex(asked).to_numpy(), index=currencies.index)
        return rates.mask((currencies == self.own).to_numpy(bool), 1.0)


def read_rates(organisation: Organisation) -> tuple[Rates, dict[str, str]]:
    """The rates, and the file they came from with its sha256.

    Raises
    ------
    DataError
        If a rate is not above zero or cannot be read, or a currency has two in a month.
    """
    told = organisation.rates
    if told is None or told.unit != organisation.measure.unit:
        return Rates(), {}
    raw = read_columns(organisation, told.path, [told.currency], [told.month, told.rate])
    days = parse_dates(raw.frame[told.month], cell=lambda at: raw.cell(at, told.month))
    cells = raw.frame[told.rate]
    if cells.dtype.kind not in "if":
        cells = parse_numbers(cells.astype("str"), cell=lambda at: raw.cell(at, told.rate)).values
    bad = [(at, told.month) for at in days.bad]
    bad += [(int(at), told.rate) for at in np.flatnonzero(~(cells > 0) | np.isinf(cells))]
    if bad:
        raise DataError(
            f"{counted(len(bad), 'cell')} of the rates cannot be used.",
            where=raw.cell(*bad[0]),
            fix="give every row a month and a rate above zero.",
        )
    months = days.values.dt.to_period("M").dt.to_timestamp().astype("datetime64[us]")
    table = pd.Series(
        cells.to_numpy(dtype=float), pd.MultiIndex.from_arrays([raw.frame[told.currency], months])
    )
    again = np.flatnonzero(table.index.duplicated())
    if len(again):
        raise DataError(
            "a currency has two rates in one month.",
            where=raw.cell(int(again[0]), told.currency),
            fix="keep one row for each currency and month.",
        )
    return Rates(told.unit, table), {raw.name: raw.digest}


def lacking(currencies: pd.Series, dates: pd.Series) -> str:
    """Currencies and months without a rate, the first ones by name."""
    months = dates.dt.strftime("%Y-%m").fillna("(no date)").to_numpy()
    rows = currencies.astype("str").fillna("").replace("", "(blank)").to_numpy()
    named = sorted({f"{currency} {month}" for currency, month in zip(rows, months, strict=True)})
    return ", ".join(named[:5]) + (f" and {len(named) - 5} more" if len(named) > 5 else "")
