"""Exceptional growth is not extrapolated blindly: what doubled twice will hardly double again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EXCEPTIONAL = 1.5  # times the year before, in each of the last two years
# Share of such growth, in logarithms, that the next year keeps: the median of the 153 such years in
# the yearly sums of M3 and M4's yearly sample is 0.15, quartiles -0.3 and 0.4.
LASTING = 0.2
FEWEST = 3  # years of history that it takes to see two years of growth


@dataclass(frozen=True)
class Damped:
    """What became of a unit's exceptional growth.

    Parameters
    ----------
    at
        Position of the unit.
    past
        Sales over those of the year before, the latest year last.
    expected
        The forecast over the same periods a year before, as the models had it.
    kept
        The same after damping.
    """

    at: int
    past: tuple[float, ...]
    expected: float
    kept: float


def damp(
    sales: np.ndarray, ahead: np.ndarray, *, season: int, exempt: frozenset[int] = frozenset()
) -> tuple[np.ndarray, list[Damped]]:
    """Damp forecasts of units that grew by half or more in each of the last two years.

    Such a unit's growth over the same periods a year before may be at most what a fifth of its
    last year's growth (in logarithms) and four fifths of the usual growth of all units make.

    Parameters
    ----------
    sales
        float64, shape (period, unit), up to the cutoff; NaN before a unit's first sale.
    ahead
        Forecasts, float64, shape (step, unit).
    exempt
        Positions of units that are left as they are.

    Returns
    -------
    np.ndarray
        float64, shape (unit,): what each unit's forecasts are multiplied by; 1 for most.
    """
    factor = np.ones(sales.shape[1])
    years = len(sales) // season
    if years < FEWEST:
        return factor, []
    sums = np.stack(
        [sales[len(sales) - (i + 1) * season :][:season].sum(axis=0) for i in range(years)]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = sums[:-1] / sums[1:]  # the latest first; NaN where a year is not whole
        before = sales[len(sales) - season :][np.arange(len(ahead)) % season].sum(axis=0)
        expected = ahead.sum(axis=0) / before
    known = growth[0][np.isfinite(growth[0]) & (growth[0] > 0)]
    usual = float(np.clip(np.median(known), 1.0, EXCEPTIONAL)) if len(known) else 1.0
    found = []
    for at in np.flatnonzero((growth[:2] >= EXCEPTIONAL).all(axis=0) & np.isfinite(expected)):
        kept = float(np.sqrt(usual ** (2 * (1 - LASTING)) * growth[0, at] ** (2 * LASTING)))
        if at in exempt or expected[at] <= kept:
            continue
        factor[at] = kept / expected[at]
        run = [float(one) for one in growth[:, at] if np.isfinite(one) and one >= EXCEPTIONAL]
        found.append(Damped(int(at), tuple(run[::-1]), float(expected[at]), kept))
    return factor, found
