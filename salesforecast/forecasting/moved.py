"""A forecast moved to other means: its draws go along, and sums stay sums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from salesforecast.forecasting.forecast import Forecast
from salesforecast.tables import FORECAST, Samples

KEY = list(FORECAST.key)


def by_leaf(frame: pd.DataFrame, samples: Samples) -> np.ndarray:
    """Forecasts of a `FORECAST` frame as the samples stand: (leaf, period), products summed."""
    table = frame.pivot_table(index="node", columns="period", values="forecast", aggfunc="sum")
    return table.reindex(index=samples.leaves, columns=samples.periods).fillna(0.0).to_numpy()


def moved(made: Forecast, frame: pd.DataFrame) -> Forecast:
    """The forecast with the means of `frame` (`FORECAST`, the same rows or more).

    Draws are scaled with their leaf and period, so that their mean stays the forecast and what
    is uncertain stays as uncertain for its size. Where nothing was expected before, they take
    the company's spread.
    """
    frame, drawn = FORECAST.check(frame), made.samples
    before, after = by_leaf(made.frame, drawn), by_leaf(frame, drawn)
    there = before != 0
    values = drawn.values * np.where(there, after / np.where(there, before, 1.0), 0.0)
    fresh = ~there & (after != 0)
    if fresh.any():
        values = np.where(fresh, after * _company(drawn), values)
    return replace(made, frame=frame, samples=Samples(values, drawn.leaves, drawn.periods))


def _company(drawn: Samples) -> np.ndarray:
    """Draws of the company over their mean: (draw, 1, period); ones where nothing is expected."""
    total = drawn.values.sum(axis=1, keepdims=True)
    mean = total.mean(axis=0, keepdims=True)
    out: np.ndarray = np.where(mean != 0, total / np.where(mean != 0, mean, 1.0), 1.0)
    return out


def times(frame: pd.DataFrame, factor: pd.Series, columns: tuple[str, ...]) -> pd.DataFrame:
    """The frame with `columns` times `factor`, which is on the frame's own rows."""
    return frame.assign(**{name: frame[name] * factor.to_numpy() for name in columns})
