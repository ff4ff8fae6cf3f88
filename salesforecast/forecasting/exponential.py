"""Exponential smoothing with a damped trend on a grid of parameters, all series at once.

Candidates are averaged by their likelihood instead of one being optimised. Model: additive
errors, damped additive trend, no season or additive season (Hyndman and others, 2008).
"""

from __future__ import annotations

from itertools import product

import numpy as np

from salesforecast.forecasting.panel import Panel

PLAIN = np.array(  # level rate, trend rate / level rate, damping, unused
    list(
        product(
            (0.03, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9),
            (0, 0.02, 0.05, 0.1, 0.2),
            (0.8, 0.9, 0.95, 0.98),
            (0,),
        )
    )
)
SEASONAL = np.array(  # the same, with a seasonal rate last
    list(product((0.05, 0.2, 0.4, 0.65, 0.9), (0, 0.03, 0.1), (0.85, 0.95, 0.98), (0.02, 0.1, 0.3)))
)
START = 6  # periods at least that the initial level and trend are taken from


def damped(panel: Panel, values: np.ndarray, *, season: np.ndarray | None = None) -> np.ndarray:
    """Forecast `values` (time, series): (horizon, series).

    Parameters
    ----------
    season
        Initial additive indices (season, series), which are then updated; None for values
        that are seasonally adjusted already.
    """
    grid = PLAIN if season is None else SEASONAL
    free = values if season is None else values - panel.over_time(season)
    level, slope = _start(panel, free)
    reach = np.cumsum(grid[:, [2]] ** np.arange(1, panel.horizon + 1), axis=1)
    out = np.empty((panel.horizon, panel.count))
    for block in panel.blocks(len(grid)):
        states, squares = _filter(panel, values, level, slope, season, grid, block)
        lengths = panel.lengths[block].astype(float)
        log = -0.5 * lengths * np.log(np.maximum(squares, 1e-7) / lengths)
        share = np.exp(log - log.max(axis=0))
        share /= share.sum(axis=0)
        out[:, block] = (share * states[0]).sum(axis=0) + reach.T @ (share * states[1])
        if season is not None:
            indices = (share * states[2]).sum(axis=1)
            phase = (panel.lengths[block] + np.arange(panel.horizon)[:, None]) % panel.season
            out[:, block] += indices[phase, np.arange(phase.shape[1])]
    return out


def _start(panel: Panel, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Level and half the slope of a line through each series' first year."""
    first = min(max(panel.season, START), panel.periods)
    at = np.arange(first)[:, None]
    there = panel.mask[:first]
    count = np.maximum(there.sum(axis=0), 1)
    middle = (at * there).sum(axis=0) / count
    mean = np.where(there, values[:first], 0.0).sum(axis=0) / count
    away = (at - middle) * there
    slope = (away * (values[:first] - mean)).sum(axis=0) / np.maximum((away**2).sum(axis=0), 1e-9)
    return mean - 0.5 * slope * (middle + 1), 0.5 * slope


def _filter(
    panel: Panel,
    values: np.ndarray,
    level: np.ndarray,
    slope: np.ndarray,
    season: np.ndarray | None,
    grid: np.ndarray,
    block: slice,
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    """Last level, slope and season of each candidate, and its sum of squared errors."""
    small = np.float32
    rate, ratio, damping, seasonal = (grid[:, [i]].astype(small) for i in range(4))
    trend_rate, season_rate = rate * ratio, seasonal * (1 - rate)
    count, size = block.stop - block.start, len(grid)
    levels = np.repeat(level[None, block].astype(small), size, axis=0)
    slopes = np.repeat(slope[None, block].astype(small), size, axis=0)
    seasons = np.zeros((1, 1, 1), dtype=small)
    if season is not None:
        seasons = np.repeat(season[:, None, block].astype(small), size, axis=1)
    squares = np.zeros((size, count), dtype=small)
    error, work = np.empty_like(squares), np.empty_like(squares)
    small_values = values[:, block].astype(small)
    for t in range(panel.lengths[block.start]):
        n = min(max(panel.running[t] - block.start, 0), count)
        now, change, e, w = levels[:, :n], slopes[:, :n], error[:, :n], work[:, :n]
        change *= damping
        now += change
        np.subtract(small_values[t, :n], now, out=e)
        if season is not None:
            e -= seasons[t % panel.season][:, :n]
        np.multiply(e, e, out=w)
        squares[:, :n] += w
        np.multiply(e, rate, out=w)
        now += w
        np.multiply(e, trend_rate, out=w)
        change += w
        if season is not None:
            np.multiply(e, season_rate, out=w)
            seasons[t % panel.season][:, :n] += w
    return (levels, slopes, seasons), squares
