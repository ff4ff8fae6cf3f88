"""Seasonal indices: weighted towards recent years, shrunk towards what relatives show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from salesforecast.forecasting.panel import Panel
from salesforecast.forecasting.seldom import sells_seldom

Kind = Literal["ratio", "difference", "log"]
HALF_LIFE = 2.5  # years after which an old season counts half
LEAST = 0.05  # smallest multiplicative index
LONELY = 0.35  # a sum's trust in its own single year when relatives say otherwise; a leaf's is 0
BORROWED = (
    0.5  # of its parent's season that a series takes which sells now and then: its own is luck
)
YEARS = 2.5  # from then on the scatter between years says how far indices are trusted


@dataclass(frozen=True)
class Family:
    """Who a series learns its season from.

    Parameters
    ----------
    parent
        int64, shape (series,), in the caller's order: position of the nearest relative with
        more sales behind it (product over all regions, company); -1 for none.
    """

    parent: np.ndarray

    def generations(self) -> Sequence[np.ndarray]:
        """Positions of the series without parent, then of their children, and so on."""
        depth = np.zeros(len(self.parent), dtype=np.int64)
        above = self.parent.copy()
        while (above >= 0).any():
            depth += above >= 0
            above = np.where(above >= 0, self.parent[above], -1)
        return [np.flatnonzero(depth == d) for d in range(int(depth.max(initial=0)) + 1)]


@dataclass(frozen=True)
class Season:
    """Indices (season, series) after and before shrinking, the trust in them, and what is neutral.

    `neutral` is 1 for ratios and 0 for differences.
    """

    indices: np.ndarray
    plain: np.ndarray
    trust: np.ndarray
    neutral: float


def centred_average(panel: Panel, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centred moving average over one year, and where it exists: both (time, series)."""
    season, periods = panel.season, panel.periods
    trend = np.zeros_like(values)
    if periods <= season:
        return trend, np.zeros(values.shape, dtype=bool)
    sums = np.vstack([np.zeros((1, panel.count)), np.cumsum(values, axis=0)])
    years = (sums[season:] - sums[:-season]) / season
    half = season // 2
    if season % 2:
        trend[half : half + len(years)] = years
    else:
        trend[half : half + len(years) - 1] = 0.5 * (years[:-1] + years[1:])
    at = np.arange(periods)[:, None]
    return trend, (at >= half) & (at < panel.lengths - half)


def _sum_by_phase(values: np.ndarray, season: int) -> np.ndarray:
    periods, count = values.shape
    padded = np.vstack([values, np.zeros((-periods % season, count))])
    return padded.reshape(-1, season, count).sum(axis=0)


def seasonal_test(panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Whether each series passes the 90 % autocorrelation test, and its autocorrelations.

    The test of the M3 and M4 competitions' Naive2; asks for three years.
    """
    season, lengths = panel.season, panel.lengths
    centred = np.where(panel.mask, panel.values - panel.values.sum(axis=0) / lengths, 0.0)
    power = (centred**2).sum(axis=0) + 1e-12
    lags = range(1, season + 1)
    correlation = np.array(
        [
            (centred[k:] * centred[:-k]).sum(axis=0) / power
            if k < panel.periods
            else np.zeros(panel.count)
            for k in lags
        ]
    )
    limit = 1.645 * np.sqrt((1 + 2 * (correlation[:-1] ** 2).sum(axis=0)) / lengths)
    passed = (np.abs(correlation[-1]) > limit) & (lengths >= 3 * season) & (power > 1e-9)
    return passed & (season > 1), correlation


def seasonal_indices(
    panel: Panel,
    *,
    kind: Kind = "ratio",
    half_life: float | None = HALF_LIFE,
    family: Family | None = None,
) -> Season:
    """Classical indices, recent years first, shrunk by signal / (signal + noise).

    Parameters
    ----------
    kind
        `ratio` of sales to their trend (neutral 1), `difference` (neutral 0), or difference of
        logarithms, `log` (neutral 0).
    half_life
        Years after which a season counts half; None weighs all years alike.
    family
        Where given, indices are shrunk towards the parent's, generation by generation,
        instead of towards no season at all. All series must then end in the same period
        as their parent.
    """
    neutral = 1.0 if kind == "ratio" else 0.0
    if panel.season == 1:
        flat = np.full((1, panel.count), neutral)
        return Season(flat, flat, np.zeros(panel.count), neutral)
    values = panel.logs if kind == "log" else panel.values
    trend, known = centred_average(panel, values)
    if kind == "ratio":
        known = known & (trend > 1e-6)
        ratios = np.where(known, values / np.where(known, trend, 1.0), 0.0)
    else:
        ratios = np.where(known, values - trend, 0.0)
    age = (panel.lengths - 1 - np.arange(panel.periods)[:, None]) / panel.season
    weight = known * (1.0 if half_life is None else 0.5 ** (age / half_life))
    total = _sum_by_phase(weight, panel.season)
    mean = _sum_by_phase(weight * ratios, panel.season) / np.maximum(total, 1e-9)
    square = _sum_by_phase(weight * ratios**2, panel.season)
    years = total**2 / np.maximum(_sum_by_phase(weight**2, panel.season), 1e-9)
    noise = _noise(mean, square, total, years)
    observed = total > 0
    mean = np.where(observed, mean, neutral)
    mean = _levelled(mean, neutral)
    if family is None:
        return _shrunk(panel, mean, noise, neutral)
    return _shrunk_by_family(panel, mean, noise, observed, neutral, family)


def _levelled(indices: np.ndarray, neutral: float) -> np.ndarray:
    """Indices (season, series) whose mean over the year is neutral."""
    mean = indices.mean(axis=0)
    if not neutral:
        return indices - mean
    return np.where(mean > 1e-9, indices / np.where(mean > 1e-9, mean, 1.0), neutral)


def _noise(
    mean: np.ndarray, square: np.ndarray, total: np.ndarray, years: np.ndarray
) -> np.ndarray:
    """Variance of each series' indices around the truth, from the scatter between years."""
    scatter = (square - total * mean**2).sum(axis=0) / np.maximum(total.sum(axis=0), 1e-9)
    freedom = np.maximum(years.sum(axis=0), 1) / np.maximum((years - 1).sum(axis=0), 0.5)
    return scatter * freedom / np.maximum(years.mean(axis=0), 0.3)


def _trust(signal_and_noise: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return np.maximum(signal_and_noise - noise, 0.0) / np.maximum(signal_and_noise, 1e-12)


def _shrunk(panel: Panel, mean: np.ndarray, noise: np.ndarray, neutral: float) -> Season:
    spread = ((mean - neutral) ** 2).sum(axis=0) / (panel.season - 1)
    trust = _trust(spread, noise)
    trust = np.where(panel.lengths >= panel.season + panel.season // 2, trust, 0.0)
    return Season(neutral + trust * (mean - neutral), mean, trust, neutral)


def _shrunk_by_family(
    panel: Panel,
    mean: np.ndarray,
    noise: np.ndarray,
    observed: np.ndarray,
    neutral: float,
    family: Family,
) -> Season:
    """Shrink generation by generation; phases are matched from the end of the series."""
    place = np.empty(panel.count, dtype=np.int64)
    place[panel.order] = np.arange(panel.count)
    plain, mean, observed = mean, panel.from_end(mean), panel.from_end(observed)
    out, trust = np.empty_like(mean), np.zeros(panel.count)
    years = panel.lengths / panel.season
    is_parent = np.zeros(panel.count, dtype=bool)
    is_parent[family.parent[family.parent >= 0]] = True
    seldom = sells_seldom(panel.values, panel.mask, panel.season)
    for members in family.generations():
        at = place[members]
        parent = family.parent[members]
        prior = np.full((panel.season, len(at)), neutral)
        prior[:, parent >= 0] = out[:, place[parent[parent >= 0]]]
        away = np.where(observed[:, at], mean[:, at] - prior, 0.0)
        share = _trust((away**2).sum(axis=0) / (panel.season - 1), noise[at])
        alone = np.where(parent < 0, 1.0, np.where(is_parent[members], LONELY, 0.0))
        share = np.where(years[at] < YEARS, np.minimum(share, alone), share)
        share = np.where(years[at] >= 1.5, share, 0.0)
        borrows = seldom[at] & (parent >= 0)
        share = np.where(borrows, 0.0, share)
        prior = np.where(borrows, neutral + BORROWED * (prior - neutral), prior)
        out[:, at] = prior + share * away
        trust[at] = share
    return Season(panel.from_start(_levelled(out, neutral)), plain, trust, neutral)
