"""How targets would have done: attainment of each way to split, scored the same way for all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

NEAR = (0.8, 1.2)
_RESAMPLES = 2000


@dataclass(frozen=True)
class Hindcast:
    """Attainment that each method would have given in past quarters.

    Parameters
    ----------
    detail
        One row a method, quarter and person: `method, quarter, node, label, target,
        actual, attainment`; only targets above zero.
    summary
        On method, in the order compared: `spread` (sd / mean of attainment), its 95 %
        interval `spread_low, spread_high`, `against_first` with `_low, _high` (spread minus
        the first method's, paired), `weighted_spread` (by target), `share_80_120`,
        `mean_attainment`, `person_quarters`.
    far_off
        The first method's person-quarters outside 80 to 120 %, the farthest first:
        `quarter, label, target, actual, attainment, why`.
    note
        The rules of the comparison, in words.
    """

    detail: pd.DataFrame
    summary: pd.DataFrame
    far_off: pd.DataFrame
    note: str


def score(detail: pd.DataFrame, *, far_off: pd.DataFrame, note: str, seed: int = 0) -> Hindcast:
    """Score every method over the same person-quarters.

    Intervals come from a paired bootstrap that redraws people, all their quarters together.
    """
    kept = detail[detail["target"] > 0]
    cells = kept.pivot_table(
        index=["node", "quarter"], columns="method", values=["attainment", "target"]
    ).dropna()
    methods = list(dict.fromkeys(detail["method"]))
    people = cells.index.get_level_values("node")
    codes, names = pd.factorize(people, sort=True)
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=_RESAMPLES)
    weights = counts[:, codes].astype("float64")  # resample × person-quarter
    draws = {}
    rows = {}
    for method in methods:
        attained = cells["attainment"][method].to_numpy()
        asked = cells["target"][method].to_numpy()
        draws[method] = _spread(attained, weights)
        rows[method] = {
            "spread": _spread(attained, np.ones((1, len(attained))))[0],
            "spread_low": np.quantile(draws[method], 0.025),
            "spread_high": np.quantile(draws[method], 0.975),
            "weighted_spread": _spread(attained, asked[None, :])[0],
            "share_80_120": np.mean((attained >= NEAR[0]) & (attained <= NEAR[1])),
            "mean_attainment": attained.mean(),
            "person_quarters": len(attained),
        }
    summary = pd.DataFrame.from_dict(rows, orient="index")
    summary.index.name = "method"
    first = methods[0]
    difference = {m: draws[m] - draws[first] for m in methods}
    summary["against_first"] = summary["spread"] - summary.loc[first, "spread"]
    summary["against_first_low"] = [np.quantile(difference[m], 0.025) for m in methods]
    summary["against_first_high"] = [np.quantile(difference[m], 0.975) for m in methods]
    return Hindcast(kept.reset_index(drop=True), summary, far_off, note)


def _spread(attained: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sd / mean of `attained` under each row of `weights`."""
    whole = weights.sum(axis=1)
    mean = weights @ attained / whole
    square = weights @ attained**2 / whole
    return np.sqrt(np.maximum(square - mean**2, 0.0)) / mean


def fill_missing_quarters(sales: pd.DataFrame) -> pd.DataFrame:
    """Fill the quarters before a person joined with the mean of those that he has.

    The joiners' rule of every method that looks back; `sales` is node × quarter, missing
    before the first sale. A row without any quarter stays missing.
    """
    return sales.T.fillna(sales.mean(axis=1)).T
