"""Forecasts for series that sell now and then: a rate, not a pattern.

Croston's method with the Syntetos-Boylan correction, and TSB (Teunter, Syntetos and Babai,
2011), which also lets a product die. Both for all series at once.
"""

from __future__ import annotations

import numpy as np

from salesforecast.forecasting.panel import Panel

SIZE_RATE = 0.15  # smoothing of the size of a sale
SLOW = 0.15  # smoothing of a level that is mostly noise
CHANCE_RATE = 0.1  # smoothing of the chance, or of the wait, of a sale


def tsb(panel: Panel, values: np.ndarray) -> np.ndarray:
    """Chance of a sale times its size, both smoothed: one number a series, for every step."""
    sold = (values != 0) & panel.mask
    first = min(max(panel.season, 6), panel.periods)
    count = np.maximum(panel.mask[:first].sum(axis=0), 1)
    chance = sold[:first].sum(axis=0) / count
    size = _first_size(values, sold)
    for t in range(panel.periods):
        n = panel.running[t]
        now = sold[t, :n]
        chance[:n] += CHANCE_RATE * (now - chance[:n])
        size[:n] += np.where(now, SIZE_RATE * (values[t, :n] - size[:n]), 0.0)
    return np.repeat((chance * size)[None], panel.horizon, axis=0)


def sba(panel: Panel, values: np.ndarray) -> np.ndarray:
    """Size of a sale over the wait between sales, with Syntetos and Boylan's correction."""
    sold = (values != 0) & panel.mask
    size = _first_size(values, sold)
    wait = np.maximum(panel.lengths / np.maximum(sold.sum(axis=0), 1), 1.0)
    since = np.ones(panel.count)
    for t in range(panel.periods):
        n = panel.running[t]
        now = sold[t, :n]
        size[:n] += np.where(now, SIZE_RATE * (values[t, :n] - size[:n]), 0.0)
        wait[:n] += np.where(now, CHANCE_RATE * (since[:n] - wait[:n]), 0.0)
        since[:n] = np.where(now, 1.0, since[:n] + 1.0)
    rate = (1 - CHANCE_RATE / 2) * size / wait
    return np.repeat(rate[None], panel.horizon, axis=0)


def slow_level(panel: Panel, values: np.ndarray) -> np.ndarray:
    """Simple smoothing at a slow fixed rate, started as a plain mean; the same for every step."""
    level = np.zeros(panel.count)
    for t in range(panel.periods):
        n = panel.running[t]
        level[:n] += max(SLOW, 1 / (t + 1)) * (values[t, :n] - level[:n])
    return np.repeat(level[None], panel.horizon, axis=0)


def _first_size(values: np.ndarray, sold: np.ndarray) -> np.ndarray:
    """Mean of the sales that there were, as a start."""
    return np.where(sold, values, 0.0).sum(axis=0) / np.maximum(sold.sum(axis=0), 1)
