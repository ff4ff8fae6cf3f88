"""Theta and dynamic optimised theta for all series at once, exact on a grid of smoothing rates.

For a fixed smoothing rate the one-step error of the dynamic theta model is linear in the
initial level and in the weight of the running trend, so one pass over time collects six sums
and every candidate is solved in closed form. Candidates are averaged by their likelihood.
Models: Assimakopoulos and Nikolopoulos (2000); Fiorucci and others (2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesforecast.forecasting.panel import Panel

RATES = np.concatenate([np.linspace(0.02, 0.3, 10, endpoint=False), np.linspace(0.3, 0.98, 10)])
FEWEST = 3  # values that a level and its errors need; fewer go on as their mean
HALF = 0.5  # weight of the trend in the standard theta method


@dataclass(frozen=True)
class Theta:
    """Both theta forecasts, (horizon, series), without season, and the one-step error's size."""

    optimised: np.ndarray
    standard: np.ndarray
    sigma: np.ndarray


@dataclass(frozen=True)
class _Trend:
    """Running regression on time, each (time, series): mean, slope, intercept up to then."""

    mean: np.ndarray
    slope: np.ndarray
    intercept: np.ndarray


def theta(panel: Panel, adjusted: np.ndarray) -> Theta:
    """Forecast `adjusted`, the seasonally adjusted values (time, series) of `panel`."""
    trend = _running_trend(adjusted)
    rates = RATES[:, None]
    optimised = np.empty((panel.horizon, panel.count))
    standard, sigma = np.empty_like(optimised), np.empty(panel.count)
    for block in panel.blocks(len(RATES)):
        level, sums = _collect(panel, adjusted, trend, rates, block)
        lengths = panel.lengths[block]
        for out, weight in ((optimised, _best_weight(sums)), (standard, HALF)):
            start, squares = _solve(sums, weight)
            chance = _likelihood(squares, lengths)
            if out is optimised:
                size = (chance * squares).sum(axis=0) / np.maximum(lengths - 4, 2)
                sigma[block] = np.sqrt(size)
            last = level + (1 - rates) ** lengths * start
            out[:, block] = _extrapolate(panel, trend, rates, block, last, weight, chance)
    few = panel.lengths < FEWEST
    optimised[:, few] = standard[:, few] = panel.last(trend.mean)[few]
    return Theta(optimised, standard, sigma)


def _running_trend(adjusted: np.ndarray) -> _Trend:
    time = np.arange(1, len(adjusted) + 1, dtype=float)[:, None]
    mean = np.cumsum(adjusted, axis=0) / time
    moment = np.cumsum(adjusted * time, axis=0)
    slope = np.zeros_like(adjusted)
    spread = np.maximum(time * (time**2 - 1) / 12, 1.0)
    slope[1:] = ((moment - mean * time * (time + 1) / 2) / spread)[1:]
    return _Trend(mean, slope, mean - slope * (time + 1) / 2)


def _collect(
    panel: Panel, adjusted: np.ndarray, trend: _Trend, rates: np.ndarray, block: slice
) -> tuple[np.ndarray, np.ndarray]:
    """Last level without start and trend, and the sums rr, rg, gg, rz, gz, zz of the errors.

    r is the residual with zero start and trend, g what one unit of trend weight explains,
    z what one unit of initial level explains.
    """
    count = block.stop - block.start
    level = np.zeros((len(rates), count))
    gain, residual, work = np.empty_like(level), np.empty_like(level), np.empty_like(level)
    sums = np.zeros((6, *level.shape))
    decay = np.ones((len(rates), 1))
    for t in range(panel.lengths[block.start]):
        n = min(max(panel.running[t] - block.start, 0), count)
        here = slice(block.start, block.start + n)
        r, g, w = residual[:, :n], gain[:, :n], work[:, :n]
        np.subtract(adjusted[t, here], level[:, :n], out=r)
        if t >= 2:
            np.multiply(decay, trend.intercept[t - 1, here], out=g)
            np.multiply((1 - decay * (1 - rates)) / rates, trend.slope[t - 1, here], out=w)
            g += w
            for row, (a, b) in enumerate(((r, r), (r, g), (g, g), (r, decay), (g, decay))):
                np.multiply(a, b, out=w)
                sums[row, :, :n] += w
        r *= rates
        level[:, :n] += r
        decay = decay * (1 - rates)
    fading = (1 - rates) ** 2  # of what an initial level explains, from the third value on
    sums[5] = np.maximum(fading**2 - fading ** panel.lengths[block], 0.0) / (1 - fading)
    return level, sums


def _best_weight(sums: np.ndarray) -> np.ndarray:
    """Least-squares weight of the trend, between 0 and 1."""
    _, rg, gg, rz, gz, zz = sums
    det = gg * zz - gz * gz
    known = det > 1e-9 * gg * zz
    raw = (rg * zz - rz * gz) / np.where(known, np.maximum(det, 1e-12), 1.0)
    return np.clip(np.where(known, raw, HALF), 0.0, 1.0)


def _solve(sums: np.ndarray, weight: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Initial level given the trend's weight, and the sum of squared errors it leaves."""
    rr, rg, gg, rz, gz, zz = sums
    start = (rz - weight * gz) / (zz + 1e-9)
    squares = rr + weight**2 * gg + start**2 * zz
    squares = squares - 2 * weight * rg - 2 * start * rz + 2 * weight * start * gz
    return start, squares


def _likelihood(squares: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Share of each candidate: Gaussian likelihood, summing to one over candidates."""
    log = -0.5 * np.maximum(lengths - 2, 3) * np.log(np.maximum(squares, 1e-9))
    share = np.exp(log - log.max(axis=0))
    return share / share.sum(axis=0)


def _extrapolate(
    panel: Panel,
    trend: _Trend,
    rates: np.ndarray,
    block: slice,
    level: np.ndarray,
    weight: np.ndarray | float,
    chance: np.ndarray,
) -> np.ndarray:
    """Run the model on its own forecasts, whose running trend goes on being updated."""
    lengths = panel.lengths[block].astype(float)
    at = (panel.lengths[block] - 1, np.arange(block.start, block.stop))
    mean, slope, intercept = trend.mean[at], trend.slope[at], trend.intercept[at]
    decay = (1 - rates) ** lengths
    out = np.empty((panel.horizon, len(lengths)))
    for step in range(panel.horizon):
        known = lengths + step
        drift = decay * intercept + (1 - decay * (1 - rates)) / rates * slope
        ahead = level + weight * drift
        out[step] = (chance * ahead).sum(axis=0)
        level = level + rates * (ahead - level)
        decay = decay * (1 - rates)
        slope = ((known - 1) * slope + 6 * (ahead - mean) / (known + 1)) / (known + 2)
        mean = (known * mean + ahead) / (known + 1)
        intercept = mean - slope * (known + 2) / 2
    return out
