"""A series as its share of its parent's forecast: growth that differs from the parent's is doubted."""

from __future__ import annotations

import numpy as np

from salesforecast.forecasting.panel import Panel
from salesforecast.forecasting.season import Family

HALF_LIFE = 4.0  # years after which an old share counts half


def share_of_parent(
    panel: Panel, adjusted: np.ndarray, ahead: np.ndarray, family: Family | None
) -> np.ndarray:
    """Forecast (horizon, series), without season: the parent's, times a slowly moving share.

    The share is of seasonally adjusted sales, over all periods that the series has, recent ones
    first. A series without a parent keeps its own forecast.

    Parameters
    ----------
    adjusted
        Seasonally adjusted values (time, series), scaled.
    ahead
        Every series' own forecast (horizon, series) of them, scaled.
    family
        Who is whose parent; parent and child end in the same period.
    """
    if family is None or not (family.parent >= 0).any():
        return ahead
    series = np.arange(panel.count)
    age = np.arange(panel.periods)[:, None]
    place = np.maximum(panel.lengths - 1 - age, 0)
    back = np.where(age < panel.lengths, adjusted[place, series], 0.0)  # latest first
    sums = np.cumsum(0.5 ** (age / (HALF_LIFE * panel.season)) * back, axis=0)
    column = np.empty(panel.count, dtype=np.int64)
    column[panel.order] = series
    parent = family.parent[panel.order]
    above = column[np.maximum(parent, 0)]
    own, theirs = sums[panel.lengths - 1, series], sums[panel.lengths - 1, above]
    usable = (parent >= 0) & (theirs > 1e-9)
    share = np.where(usable, own / np.where(usable, theirs, 1.0), 1.0)
    return np.where(usable, share * ahead[:, above], ahead)
