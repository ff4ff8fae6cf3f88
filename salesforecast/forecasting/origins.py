"""The same forecasts made as of earlier cutoffs, all in one panel: what errors are learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from salesforecast.forecasting.models import run_models
from salesforecast.forecasting.panel import Panel
from salesforecast.forecasting.season import Family


@dataclass(frozen=True)
class Origins:
    """Forecasts of every model from every origin.

    Parameters
    ----------
    back
        int64, shape (origin,): periods before the cutoff; 0 is the cutoff itself.
    forecasts
        Model name to float64 (origin, series, step); NaN where a series had not begun.
    actual
        float64, shape (origin, series, step): what came true; NaN where not known yet.
    known
        int64, shape (origin, series): periods of history that the forecast had.
    """

    back: np.ndarray
    forecasts: dict[str, np.ndarray]
    actual: np.ndarray
    known: np.ndarray


def run_origins(
    series: np.ndarray,
    *,
    begin: np.ndarray,
    back: Sequence[int],
    season: int,
    horizon: int,
    models: Sequence[str],
    parent: np.ndarray | None = None,
) -> Origins:
    """Forecast all series from all origins at once.

    Parameters
    ----------
    series
        float64, shape (series, time), all ending at the cutoff; values before a series'
        `begin` (int64, position of its first period) do not count.
    back
        Periods that each origin lies before the cutoff.
    parent
        Position of the series that each learns its season from, -1 for none; a parent must
        begin no later than its children.
    """
    count, periods = series.shape
    shape = (len(back), count, horizon)
    pieces: list[np.ndarray] = []
    place = np.full((len(back), count), -1, dtype=np.int64)
    actual = np.full(shape, np.nan)
    known = np.zeros((len(back), count), dtype=np.int64)
    for at, steps in enumerate(back):
        end = periods - steps
        known[at] = np.maximum(end - begin, 0)
        for i in np.flatnonzero(known[at] > 0):
            place[at, i] = len(pieces)
            pieces.append(series[i, begin[i] : end])
        ahead = min(horizon, steps)
        actual[at, :, :ahead] = series[:, end : end + ahead]
    panel = Panel.of(pieces, season=season, horizon=horizon)
    family = None if parent is None else Family(_relatives(place, parent))
    exists = place >= 0
    forecasts = {}
    for name, scaled in run_models(panel, models, family=family).items():
        out = np.full(shape, np.nan)
        out[exists] = panel.in_order(scaled)[place[exists]]
        forecasts[name] = out
    return Origins(np.asarray(back), forecasts, actual, known)


def _relatives(place: np.ndarray, parent: np.ndarray) -> np.ndarray:
    """Parent of every piece: the parent series at the same origin."""
    above = np.where(parent >= 0, place[:, np.maximum(parent, 0)], -1)
    exists = place >= 0
    out = np.empty(int(exists.sum()), dtype=np.int64)
    out[place[exists]] = above[exists]
    return out
