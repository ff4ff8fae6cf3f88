"""Forecast any number of unrelated series, by chunks that bound memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesforecast.errors import DataError
from salesforecast.forecasting.models import INSTANT, run_models
from salesforecast.forecasting.panel import panels

CHUNK = 2000  # series at a time


def forecast_many(
    series: Sequence[np.ndarray],
    *,
    season: int,
    horizon: int,
    models: Sequence[str] = INSTANT,
    chunk: int = CHUNK,
) -> np.ndarray:
    """Mean of `models` for each series, each alone: float64, shape (series, horizon).

    A series' forecast does not depend on the others, their order, or `chunk`.

    Parameters
    ----------
    series
        One array a series, oldest first, of any lengths; NaN inside is interpolated.
    season
        Periods in a year: 12 for months, 4 for quarters, 52 for weeks, 1 for years.
    chunk
        Series that are fitted at once; memory grows with it.

    Raises
    ------
    ValueError
        If a series is empty, a number is below 1, or a model is not known.
    """
    if chunk < 1:
        raise ValueError(f"chunk {chunk} must be at least 1")
    out = np.empty((len(series), horizon))
    for at, panel in panels(series, season=season, horizon=horizon, chunk=chunk):
        made = run_models(panel, models)
        mean = np.mean([made[name] for name in models], axis=0)
        out[at] = panel.in_order(mean)
    return out


def forecast_frame(
    frame: pd.DataFrame,
    *,
    season: int,
    horizon: int,
    models: Sequence[str] = INSTANT,
    freq: str = "MS",
) -> pd.DataFrame:
    """Forecast a long frame: series label, time and value in, the same columns out.

    Takes `series, period, sales` or the ecosystem's `unique_id, ds, y`; hands back the label,
    the time, and `forecast`. Each series must be regular; `freq` is pandas' name of the step
    between periods.

    Raises
    ------
    DataError
        If the columns are neither set.
    """
    names = next(
        (
            set_
            for set_ in (("series", "period", "sales"), ("unique_id", "ds", "y"))
            if set(set_) <= set(frame.columns)
        ),
        None,
    )
    if names is None:
        raise DataError(
            "the frame's columns are not understood.",
            where=f"they are {list(frame.columns)}",
            fix="name them series, period, sales (or unique_id, ds, y).",
        )
    label, time, value = names
    ordered = frame.sort_values([label, time], kind="stable")
    labels = list(ordered.groupby(label, sort=True).groups)
    groups = [group for _, group in ordered.groupby(label, sort=True)]
    values = forecast_many(
        [group[value].to_numpy(dtype=float) for group in groups],
        season=season,
        horizon=horizon,
        models=models,
    )
    last = [group[time].iloc[-1] for group in groups]
    ahead = [pd.date_range(at, periods=horizon + 1, freq=freq)[1:] for at in last]
    return pd.DataFrame(
        {
            label: np.repeat(labels, horizon),
            time: np.concatenate([one.to_numpy() for one in ahead]),
            "forecast": values.ravel(),
        }
    )
