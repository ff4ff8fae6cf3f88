"""What is odd about the series that are to be forecast: refused, or treated and said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, Finding
from salesforecast.findings import first_of, found
from salesforecast.tables import ALL_PRODUCTS

SHORT = 1.0  # years of history below which a series' own season is unknown
SPIKE = 0.9  # share of all that was ever sold in one period: no pattern to go on
SAID_BY: Mapping[str, frozenset[str]] = {  # findings of the history that say as much
    "series gaps": frozenset({"empty periods", "empty places"}),
    "series short": frozenset({"short history"}),
}
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
    kinds = {
        "series gaps": gaps,
        "series idle": one * idle,
        "series constant": one * same,
        "series one sale": one * spike,
        "series short": one * short,
    }
    out = []
    for code, size in kinds.items():
        names, count = wide.columns[size > 0], int(size.sum())
        if len(names):
            where = first_of([_name(node, product) for node, product in names])
            rows = count if code == "series gaps" else 0
            out.append(found(code, where, rows=rows, n=len(names), count=count))
    return tuple(out)


def _name(node: str, product: str) -> str:
    return node if product == ALL_PRODUCTS else f"{node}, {product}"


def unsaid(odd: Sequence[Finding], others: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of the forecast that `others`, of the history, have not said already."""
    known = {finding.code for finding in others}
    return tuple(finding for finding in odd if not SAID_BY.get(finding.code, frozenset()) & known)
