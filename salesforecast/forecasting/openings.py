"""A place without history borrows its profile from places that are like it, and is very unsure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.hierarchy import ROOT, Hierarchy

LEAST_SPREAD = 0.5  # standard deviation of the logarithm of a new place's size, at least
NEAREST = 3  # places that a profile is borrowed from when none are named
WHOLE_AFTER = 12  # months after which a place sells as others do, where no opening was seen
SLOW = 0.35  # of its later level that a new place starts with, where no opening was seen


@dataclass(frozen=True)
class Borrowed:
    """A new place's forecast and where it came from.

    Parameters
    ----------
    node
        The new leaf.
    analogues
        The places that it borrows from.
    ramp
        Share of its later level in each period to come; 0 before it opens.
    ahead
        float64 on (product, period).
    spread
        Standard deviation of the logarithm of its size.
    """

    node: str
    analogues: tuple[str, ...]
    ramp: np.ndarray
    ahead: pd.Series
    spread: float


def nearest(node: str, hierarchy: Hierarchy, sales: pd.Series) -> tuple[str, ...]:
    """The leaves most like a new one: of its nearest group, those of middling size.

    Parameters
    ----------
    hierarchy
        With the new leaf in it.
    sales
        Of the last year, on the leaves that have a history.
    """
    for group in hierarchy.ancestors(node):
        inside = hierarchy.leaves if group == ROOT else hierarchy.within(group)
        known = sales[sales.index.isin(inside) & (sales > 0)].drop(node, errors="ignore")
        if len(known):
            middle = float(np.log(known).median())
            order = (np.log(known) - middle).abs().sort_values(kind="stable")
            return tuple(order.index[:NEAREST])
    return ()


def ramp_of(history: pd.DataFrame, season: int) -> np.ndarray:
    """How new places grew into their level: share of it by period since the first sale.

    Learned from leaves that opened within the history and were seen for a year and a half;
    the median of what they sold over their own second half, times how others moved.
    """
    table = history.pivot_table(index="period", columns="node", values="sales", aggfunc="sum")
    first = table.notna().to_numpy().argmax(axis=0)
    seen = len(table) - first
    opened = np.flatnonzero((first > 0) & (seen >= season + season // 2))
    usual = np.clip(SLOW + (1 - SLOW) * np.arange(WHOLE_AFTER) / WHOLE_AFTER, 0, 1)
    if not len(opened):
        return usual
    old = table.iloc[:, np.flatnonzero(first == 0)].sum(axis=1).to_numpy()
    shares = []
    for at in opened:
        own = table.iloc[first[at] :, at].to_numpy()
        beside = own / np.maximum(old[first[at] :], 1e-9) if old.any() else own
        level = beside[WHOLE_AFTER : 2 * WHOLE_AFTER].mean()
        if level > 0:
            shares.append(np.clip(beside[:WHOLE_AFTER] / level, 0, 1.5))
    trust = len(shares) / (len(shares) + 2)
    return trust * np.median(shares, axis=0) + (1 - trust) * usual if shares else usual


def borrow(
    node: str,
    since: pd.Timestamp,
    analogues: Sequence[str],
    forecast: pd.DataFrame,
    ramp: np.ndarray,
    *,
    size: float = 1.0,
) -> Borrowed:
    """A new leaf's forecast: the mean of its analogues', `size` times, by its ramp.

    Parameters
    ----------
    forecast
        `FORECAST` of the leaves that have a history.
    ramp
        As `ramp_of` learned it, by period since the opening.
    """
    like = forecast[forecast["node"].isin(analogues)]
    table = like.pivot_table(index=["node", "product"], columns="period", values="forecast")
    sums = table.groupby(level="node").sum().sum(axis=1)
    mean = table.groupby(level="product").sum() / max(len(analogues), 1)
    months = (mean.columns.year - since.year) * 12 + mean.columns.month - since.month
    step = 1 if len(mean.columns) < 2 else max(int(np.diff(months).min()), 1)
    age = np.asarray(months) // step
    share = np.where(age < 0, 0.0, ramp[np.clip(age, 0, len(ramp) - 1)])
    share = np.where(age >= len(ramp), 1.0, share)
    ahead = (size * mean * share).T.unstack()
    spread = float(np.log(sums[sums > 0]).std(ddof=1)) if (sums > 0).sum() > 1 else 0.0
    return Borrowed(node, tuple(analogues), share, ahead, max(spread, LEAST_SPREAD))


def widen(
    values: np.ndarray, leaves: pd.Index, spreads: Mapping[str, float], *, seed: int
) -> np.ndarray:
    """Draws with the doubt about new leaves' size in them; their means stay (log-normal)."""
    rng = np.random.default_rng([seed, 20_261])
    out = values.copy()
    for node, spread in sorted(spreads.items()):
        factor = np.exp(spread * rng.standard_normal(len(values)) - spread**2 / 2)
        at = leaves.get_loc(node)
        mean = values[:, at].mean(axis=0)
        drawn = values[:, at] * factor[:, None]
        fit = drawn.mean(axis=0)
        out[:, at] = drawn * np.where(fit > 0, mean / np.where(fit > 0, fit, 1.0), 1.0)
    return out
