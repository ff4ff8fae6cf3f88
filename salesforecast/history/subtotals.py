"""Totals among the parts: products that are the sum of others would count twice."""

from __future__ import annotations

import numpy as np
import pandas as pd

SUBTOTAL = (  # a whole cell: Total, Europe Total, 合计, 华东小计:
    r"(?i)\s*(?:(?:.*\s)?(?:grand total|sub-?total|totals?)|sum|overall|all regions"
    r"|.*(?:合计|总计|小计|共计|累计|总和|汇总))\s*[:：]?\s*"
)
_PLACES, _MEMBERS, _PERIODS = 4, 60, 12
_TOLERANCE = 2e-3


def are_totals(values: pd.Series) -> np.ndarray:
    """Which cells say that their row is a total of other rows: `合计`, `Europe Total`."""
    codes, uniques = pd.factorize(values)
    total = pd.Series(uniques, dtype="object").astype("str").str.fullmatch(SUBTOTAL)
    return np.append(total.to_numpy(bool), False)[codes]


def subtotal_products(lines: pd.DataFrame) -> tuple[str, ...]:
    """Products whose sales are those of two or more others together, in every period.

    Looked for in the places with most lines: non-negative least squares of each product on all
    others; all weights 0 or 1 and no remainder means a total. It must show in two places (in the
    one place, if there is no other).

    Parameters
    ----------
    lines
        `LINES`.
    """
    busiest = lines["territory"].value_counts().index[:_PLACES]
    votes: dict[str, int] = {}
    for place in busiest:
        for product in _totals_in(lines[lines["territory"] == place]):
            votes[product] = votes.get(product, 0) + 1
    needed = min(2, len(busiest))
    return tuple(sorted(product for product, count in votes.items() if count >= needed))


def _totals_in(lines: pd.DataFrame) -> list[str]:
    if not 3 <= lines["product"].nunique() <= _MEMBERS:
        return []
    table = lines.pivot_table(index="period", columns="product", values="amount", aggfunc="sum")
    table = table.dropna(axis=1, thresh=max(_PERIODS, len(table) // 2)).dropna()
    if table.shape[1] < 3 or len(table) < max(_PERIODS, table.shape[1]):
        return []
    values = table.to_numpy(float)
    suspects = [
        at for at in range(values.shape[1]) if _explained(np.delete(values, at, 1), values[:, at])
    ]
    return [str(table.columns[at]) for at in suspects if _is_total(values, at)]


def _explained(rest: np.ndarray, total: np.ndarray) -> bool:
    """Whether any weights at all leave no remainder: necessary, and cheap to ask."""
    weights = np.linalg.lstsq(rest, total, rcond=None)[0]
    return bool(np.abs(rest @ weights - total).max() <= _TOLERANCE * total.mean())


def _is_total(values: np.ndarray, at: int) -> bool:
    """Whether a column is the plain sum of two or more others."""
    from scipy.optimize import nnls

    rest, total = np.delete(values, at, axis=1), values[:, at]
    whole = np.rint(nnls(rest, total)[0])
    remainder = np.abs(rest @ whole - total).max()
    return bool(whole.max() == 1 and whole.sum() >= 2 and remainder <= _TOLERANCE * total.mean())
