"""From base forecasts that contradict each other to coherent ones: leaves whose sums agree."""

from __future__ import annotations

import numpy as np
from scipy import sparse

ENOUGH = 12  # errors that make a series' own variance worth using for the rule of size
FEWEST = 5  # series that the rule of size needs
TRUST = 24  # errors of its own after which a series counts as much as the rule
POWER = 1.5  # variance ~ size ** power, where nothing was learned
ROUNDS = 8  # of setting negative leaves to their floor and solving again


def reconcile(
    base: np.ndarray, summing: sparse.csr_array, variance: np.ndarray, *, floor: float = 0.0
) -> np.ndarray:
    """Leaf forecasts whose sums are nearest to `base`, weighted by 1 / `variance`.

    Weighted least squares (Hyndman, Lee and Wang, 2016) with errors' variances; where leaves
    would fall below `floor` they are set to it and the others are solved again.

    Parameters
    ----------
    base
        float64, shape (series, horizon): forecasts of all series.
    summing
        Series × leaf series, 1 where the leaf series is part of the series.
    variance
        float64, shape (series,): how wrong each base forecast usually is; above zero.
    floor
        Least value of a leaf; `-inf` where returns may exceed sales.

    Returns
    -------
    np.ndarray
        float64, shape (leaf series, horizon). Sums follow by `summing @`.
    """
    weighted = summing.T.multiply(1 / variance).tocsr()
    normal = (weighted @ summing).toarray()
    right = weighted @ base
    leaves = np.linalg.solve(normal, right)
    for step in np.flatnonzero((leaves < floor).any(axis=0)):
        leaves[:, step] = _above(floor, leaves[:, step], normal, right[:, step])
    return leaves


def _above(floor: float, leaves: np.ndarray, normal: np.ndarray, right: np.ndarray) -> np.ndarray:
    held = np.zeros(len(leaves), dtype=bool)
    for _ in range(ROUNDS):
        below = (leaves < floor) & ~held
        if not below.any():
            break
        held |= below
        free = ~held
        leaves = np.where(held, floor, 0.0)
        if free.any():
            rest = right[free] - normal[np.ix_(free, held)] @ leaves[held]
            leaves[free] = np.linalg.solve(normal[np.ix_(free, free)], rest)
    return np.maximum(leaves, floor)


def usual_variance(errors: np.ndarray, size: np.ndarray) -> np.ndarray:
    """How wrong each series' forecast usually is, squared: its own errors and a rule of size.

    Parameters
    ----------
    errors
        float64, shape (origin, series, step), from a back-test; NaN where unknown.
    size
        float64, shape (series,): recent mean sales.

    Returns
    -------
    np.ndarray
        float64, shape (series,), above zero. Where a series has few errors, the power law
        that its peers follow decides.
    """
    known = np.isfinite(errors)
    count = known.sum(axis=(0, 2))
    own = np.where(known, np.nan_to_num(errors) ** 2, 0.0).sum(axis=(0, 2)) / np.maximum(count, 1)
    size = np.maximum(size, 1e-9 * max(float(size.max()), 1e-9))
    usable = (count >= ENOUGH) & (own > 0)
    if usable.sum() < FEWEST:
        return size**POWER
    x, y = np.log(size[usable]), np.log(own[usable])
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread > 0 else POWER
    slope = float(np.clip(slope, 1.0, 2.0))
    rule = np.exp(y.mean() + slope * (np.log(size) - x.mean()))
    return (count * own + TRUST * rule) / (count + TRUST) + 1e-9 * rule.max()
