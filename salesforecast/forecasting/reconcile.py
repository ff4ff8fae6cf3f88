"""From base forecasts that contradict each other to coherent ones: leaves whose sums agree."""

from __future__ import annotations

import numpy as np
from scipy import sparse

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
