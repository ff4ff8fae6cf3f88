"""How good forecasts were: of means, of quantiles, of intervals.

Errors are forecast - actual: a positive bias means too high. Medians are what sMAPE and MASE
reward; give them the median of a series' samples. Arrays broadcast over leading axes; the last
axis is time. Missing actuals (NaN) do not count.
"""

from __future__ import annotations

import numpy as np


def seasonal_error(history: np.ndarray, season: int) -> float:
    """Mean absolute change to the year before within one series' history: MASE's scale.

    Falls back to the change to the period before where there is no full year or no change;
    NaN for a constant series.
    """
    known = np.asarray(history, dtype=float)
    known = known[np.isfinite(known)]
    for lag in (season, 1):
        if len(known) > lag:
            scale = float(np.mean(np.abs(known[lag:] - known[:-lag])))
            if scale > 0:
                return scale
    return float("nan")


def mase(actual: np.ndarray, forecast: np.ndarray, scale: float | np.ndarray) -> float | np.ndarray:
    """Mean absolute error over `scale` (see `seasonal_error`): below 1 beats the year before."""
    return np.nanmean(np.abs(forecast - actual), axis=-1) / scale


def smape(actual: np.ndarray, forecast: np.ndarray) -> float | np.ndarray:
    """Symmetric absolute percentage error in percent (0 to 200); 0 where both are zero."""
    size = np.abs(actual) + np.abs(forecast)
    share = 200 * np.abs(forecast - actual) / np.where(size > 0, size, 1.0)
    return np.nanmean(np.where(np.isnan(actual), np.nan, share), axis=-1)


def owa(smapes: np.ndarray, mases: np.ndarray, smapes2: np.ndarray, mases2: np.ndarray) -> float:
    """The M4 competition's overall weighted average: mean sMAPE and MASE against Naive2's.

    Arrays hold one value a series; the last two are Naive2's.
    """
    return float(
        0.5 * (np.nanmean(smapes) / np.nanmean(smapes2) + np.nanmean(mases) / np.nanmean(mases2))
    )


def wape(actual: np.ndarray, forecast: np.ndarray) -> float:
    """Sum of absolute errors over the sum of absolute actuals; NaN where nothing was sold."""
    size = float(np.nansum(np.abs(actual)))
    return float(np.nansum(np.abs(forecast - actual))) / size if size > 0 else float("nan")


def bias(actual: np.ndarray, forecast: np.ndarray) -> float:
    """Sum of errors over the sum of absolute actuals: positive means too high."""
    size = float(np.nansum(np.abs(actual)))
    return float(np.nansum(forecast - actual)) / size if size > 0 else float("nan")


def pinball(actual: np.ndarray, quantiles: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Mean pinball loss of each level, twice (so that the median's is the absolute error).

    `quantiles` has the levels on its first axis; `levels` are probabilities in (0, 1).
    """
    at = np.asarray(levels).reshape(-1, *[1] * np.ndim(actual))
    miss = actual - quantiles
    loss = 2 * np.maximum(at * miss, (at - 1) * miss)
    return np.nanmean(loss.reshape(len(at), -1), axis=1)


def coverage(actual: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Share of actuals within the interval, ends included."""
    known = np.isfinite(actual)
    inside = (actual >= low) & (actual <= high)
    return float(inside[known].mean()) if known.any() else float("nan")


def msis(
    actual: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    scale: float | np.ndarray,
    *,
    level: float = 0.95,
) -> float | np.ndarray:
    """Mean scaled interval score: width, plus 2 / (1 - level) times what fell outside."""
    outside = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
    score = (high - low) + 2 / (1 - level) * outside
    return np.nanmean(np.where(np.isnan(actual), np.nan, score), axis=-1) / scale
