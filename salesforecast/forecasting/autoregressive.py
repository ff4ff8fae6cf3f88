"""An autoregressive member: seasonal ARIMA (1,0,1)(0,1,1) on a grid, all series at once.

Conditional sums of squares of every candidate in one pass; candidates are averaged by their
likelihood instead of one being chosen.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from salesforecast.forecasting.panel import Panel

# columns: how much of a yearly change lasts, moving average, seasonal moving average
_AVERAGES = ((-0.2, 0.2, 0.5, 0.75, 0.9), (0.2, 0.5, 0.75, 0.92))
GRID = np.array(list(product((0.7, 0.9, 0.97, 1.0), *_AVERAGES)))
DRIFTING = np.array(list(product((0.6, 0.85, 0.95, 1.0), *_AVERAGES)))
DRIFT_BELIEF = 2.0  # how often its variance a drift must show to be half believed
DRIFT_SHRINK = 50.0  # trust in a constant yearly drift: almost none


def arima(
    panel: Panel,
    values: np.ndarray,
    *,
    grid: np.ndarray = GRID,
    drift_shrink: float = DRIFT_SHRINK,
) -> np.ndarray:
    """Forecast `values` (time, series), usually logarithms: (horizon, series).

    Works on differences to the year before; a series of one year or less repeats its last.
    """
    change, drift = _yearly_change(panel, values, drift_shrink)
    out = np.empty((panel.horizon, panel.count))
    for block in panel.blocks(len(grid)):
        errors, squares = _filter(panel, change, grid, block)
        lengths = np.maximum(panel.lengths[block] - panel.season - 1, 2).astype(float)
        log = -0.5 * lengths * np.log(np.maximum(squares, 1e-7) / lengths)
        share = np.exp(log - log.max(axis=0))
        share /= share.sum(axis=0)
        out[:, block] = _extrapolate(panel, values, change, drift, errors, share, grid, block)
    return out


def _yearly_change(
    panel: Panel, values: np.ndarray, drift_shrink: float
) -> tuple[np.ndarray, np.ndarray]:
    """Differences to the year before without their drift, and the (shrunk) drift."""
    season = panel.season
    change = np.zeros(values.shape)
    change[season:] = np.where(panel.mask[season:], values[season:] - values[:-season], 0.0)
    count = np.maximum(panel.lengths - season, 1)
    mean = change.sum(axis=0) / count
    away = np.where(panel.mask[season:], change[season:] - mean, 0.0)
    variance = (away**2).sum(axis=0) / count / np.maximum(count / season, 1)
    drift = mean * mean**2 / (mean**2 + drift_shrink * variance + 1e-12)
    later = np.arange(panel.periods)[:, None] >= season
    return np.where(later & panel.mask, change - drift, 0.0).astype(np.float32), drift


def _filter(
    panel: Panel, change: np.ndarray, grid: np.ndarray, block: slice
) -> tuple[np.ndarray, np.ndarray]:
    """Last season + 1 errors of each candidate (oldest first), and sums of squared errors."""
    season, count = panel.season, block.stop - block.start
    keep, latest = season + 2, panel.lengths[block.start]
    lasting, moving, seasonal = (grid[:, [i]].astype(np.float32) for i in range(3))
    both = moving * seasonal
    ring = np.zeros((keep, len(grid), count), dtype=np.float32)
    kept = np.zeros((season + 1, len(grid), count), dtype=np.float32)
    squares, work = np.zeros_like(ring[0]), np.empty_like(ring[0])
    before = count
    for t in range(season, latest + 1):
        running = panel.running[t] if t < panel.periods else 0
        n = min(max(running - block.start, 0), count)
        if n < before:  # these series have ended: keep their last errors
            for j in range(season + 1):
                kept[j, :, n:before] = ring[(t - 1 - season + j) % keep][:, n:before]
            before = n
        if n == 0:
            break
        here = slice(block.start, block.start + n)
        error, w = ring[t % keep][:, :n], work[:, :n]
        error[:] = change[t, here] - (lasting * change[t - 1, here] if t > season else 0)
        for lag, rate in ((1, moving), (season, seasonal), (season + 1, -both)):
            np.multiply(ring[(t - lag) % keep][:, :n], rate, out=w)
            error += w
        if t > season:
            np.multiply(error, error, out=w)
            squares[:, :n] += w
    return kept, squares


def _extrapolate(
    panel: Panel,
    values: np.ndarray,
    change: np.ndarray,
    drift: np.ndarray,
    errors: np.ndarray,
    share: np.ndarray,
    grid: np.ndarray,
    block: slice,
) -> np.ndarray:
    season = panel.season
    lasting, moving, seasonal = (grid[:, [i]] for i in range(3))
    lengths, at = panel.lengths[block], np.arange(block.start, block.stop)
    ago = lengths - season + np.arange(season)[:, None]
    ago = np.where(ago < 0, lengths - 1, ago)
    year = np.repeat(values[ago, at][:, None, :], len(grid), axis=1)
    now = np.repeat(change[lengths - 1, at][None], len(grid), axis=0)
    zero = np.zeros_like(errors[0])
    out = np.empty((panel.horizon, len(at)))
    for step in range(panel.horizon):
        known = [errors[j] if j <= season else zero for j in (season + step, step + 1, step)]
        now = lasting * now - moving * known[0] - seasonal * known[1]
        now = now + moving * seasonal * known[2]
        ahead = year[step % season] + now + drift[block]
        year[step % season] = ahead
        out[step] = (share * ahead).sum(axis=0)
    return out
