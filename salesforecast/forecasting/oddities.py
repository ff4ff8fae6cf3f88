"""What is odd about the series that are to be forecast: refused, or treated and said."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, Finding

SHORT = 1.0  # years of history below which a series' own season is unknown
SPIKE = 0.9  # share of all that was ever sold in one period: no pattern to go on
FEWEST = 6  # periods that a series needs to be called constant, or one spike


def refuse_unusable(frame: pd.DataFrame) -> None:
    """Refuse sales that are missing or infinite, by node, product and period.

    Raises
    ------
    DataError
        If there is such a row; a period without sales is a row of zero, or none.
    """
    bad = ~np.isfinite(frame["sales"].to_numpy())
    if not bad.any():
        return
    first = frame[bad].iloc[0]
    raise DataError(
        f"sales are missing or not finite in {int(bad.sum())} rows of the history.",
        where=f"first: '{first['node']}', product '{first['product']}', {first['period']:%Y-%m-%d}",
        fix="write 0 where nothing was sold; drop or correct the row where it is not known.",
    )


def odd_series(wide: pd.DataFrame, given: pd.DataFrame, year: int) -> tuple[Finding, ...]:
    """Findings on series whose forecast rests on little: gaps, zeros, one value, one sale, few periods.

    Parameters
    ----------
    wide
        Period × (node, product) up to the cutoff; missing before a series begins, gaps filled.
    given
        The rows that there were up to the cutoff: node, product, period.
    year
        Periods in a year.
    """
    count = wide.notna().sum()
    rows = given.groupby(["node", "product"]).size().reindex(wide.columns, fill_value=0)
    gaps = (count - rows).to_numpy()
    sold = wide.fillna(0.0).abs()
    largest, total = sold.max().to_numpy(), sold.sum().to_numpy()
    idle, long = total == 0, (count >= FEWEST).to_numpy()
    same = (wide.max() == wide.min()).to_numpy() & long & ~idle
    spike = (largest >= SPIKE * total) & long & ~idle & ~same
    short = (count < SHORT * year).to_numpy() & ~idle & ~same & ~spike
    one = np.ones(len(count), dtype=np.int64)
    kinds = (
        (gaps, "have periods without a row", "Such periods count as no sales."),
        (one * idle, "never sold anything", "They are forecast at zero."),
        (one * same, "had the same sales in every period", "They are forecast to go on like that."),
        (one * spike, "sold nearly all in one period", "One sale shows no pattern: take care."),
        (one * short, "have less than a year of history", "They take their season from relatives."),
    )
    found = []
    for size, what, effect in kinds:
        names = wide.columns[size > 0]
        if len(names):
            where = f"first: '{names[0][0]}', product '{names[0][1]}'"
            what = f"{len(names)} series {what}"
            found.append(Finding("note", what, where, effect, rows=int(size.sum())))
    return tuple(found)
