"""Several measures: quantities for production that follow a revenue plan."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesforecast.errors import DataError
from salesforecast.planning.spread import share
from salesforecast.tables import TARGETS

_LEVELS = (["node", "product"], ["product"])


def prices(sales: pd.DataFrame) -> pd.DataFrame:
    """Money per piece from what was sold: frame `node, product, price`.

    A node and product without pieces takes the product's price everywhere.

    Parameters
    ----------
    sales
        `node, product, amount, quantity`, any number of rows each.

    Raises
    ------
    DataError
        If a product was never sold in pieces.
    """
    sums = [sales.groupby(keys)[["amount", "quantity"]].sum() for keys in _LEVELS]
    own, everywhere = (s["amount"] / s["quantity"].where(s["quantity"] > 0) for s in sums)
    table = own.rename("price").reset_index()
    general = table["product"].map(everywhere)
    table["price"] = table["price"].where(table["price"] > 0, general)
    unknown = table[~(table["price"] > 0)]
    if len(unknown):
        raise DataError(
            f"product '{unknown.iloc[0]['product']}' has no price.",
            where="it was never sold in pieces, or only returned",
            fix="add a row with its amount and quantity.",
        )
    return table


def quantity_plan(targets: pd.DataFrame, price: pd.DataFrame, *, step: int = 1) -> pd.DataFrame:
    """Pieces that a revenue plan asks for: `TARGETS` in pieces, whole multiples of `step`.

    The company's pieces of a product are its exact need, rounded; they are split over periods
    by need, then over leaves by need, so all sums tie: a product's pieces per period are the
    sum of its leaves', and a year's the sum of its periods'.

    Parameters
    ----------
    targets
        `TARGETS` in money, zero or more.
    price
        From `prices`; must name every product, and may lack a leaf.

    Raises
    ------
    DataError
        If a product of the plan has no price, or a target is negative.
    """
    cells = TARGETS.check(targets)
    known = cells.merge(price, on=["node", "product"], how="left", validate="many_to_one")
    general = price.groupby("product")["price"].mean()
    each = known["price"].fillna(known["product"].map(general))
    lacking = known[each.isna()]
    if len(lacking) or (cells["target"] < 0).any():
        raise DataError(
            "the plan cannot be turned into pieces.",
            where=f"product '{lacking.iloc[0]['product']}' has no price"
            if len(lacking) else "a target is negative",
            fix="give a price above zero for each product, and targets of zero or more.",
        )  # fmt: skip
    need = (cells["target"] / each).to_numpy() / step
    out = np.zeros(len(cells), dtype=np.int64)
    for _, rows in cells.groupby("product").indices.items():
        periods = cells["period"].to_numpy()[rows]
        days, where = np.unique(periods, return_inverse=True)
        by_period = np.bincount(where, weights=need[rows], minlength=len(days))
        whole = int(np.floor(by_period.sum() + 0.5))
        for at, pieces in enumerate(share(whole, by_period) if whole else by_period * 0):
            inside = rows[where == at]
            if pieces:
                out[inside] = share(int(pieces), need[inside])
    return TARGETS.check(cells.assign(target=out * step))
