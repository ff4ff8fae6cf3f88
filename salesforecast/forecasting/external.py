"""Models of other libraries behind our protocol, fitted one series at a time.

Slow beside the batched ones, and imported only when chosen by name.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from salesforecast.forecasting.models import Prepared

Fit = Callable[[np.ndarray, int, int], np.ndarray]


@dataclass(frozen=True)
class OneAtATime:
    """Make a `Model` of a function `fit(series, season, horizon) -> forecast`.

    Where it fails on a series (too short, no variation), that series' forecast is missing and
    the seasonal naive one takes its place.
    """

    fit: Fit

    def __call__(self, prepared: Prepared, /) -> np.ndarray:
        panel = prepared.panel
        out = np.full((panel.horizon, panel.count), np.nan)
        for i, length in enumerate(panel.lengths):
            series = panel.values[:length, i]
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # libraries warn where a fit does not settle
                    out[:, i] = self.fit(series, panel.season, panel.horizon)
            except (ValueError, IndexError, np.linalg.LinAlgError, NotImplementedError):
                continue  # stays missing: see above
        return out


def _ets(series: np.ndarray, season: int, horizon: int) -> np.ndarray:
    """statsmodels' exponential smoothing, damped trend, additive season where there are two years."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    seasonal = "add" if season > 1 and len(series) >= 2 * season else None
    model = ExponentialSmoothing(
        series,
        trend="add",
        damped_trend=True,
        seasonal=seasonal,
        seasonal_periods=season if seasonal else None,
        initialization_method="estimated",
    )
    return model.fit().forecast(horizon)


def _arima(series: np.ndarray, season: int, horizon: int) -> np.ndarray:
    """statsmodels' airline model (0,1,1)(0,1,1); without season where history is short."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    seasonal = (0, 1, 1, season) if season > 1 and len(series) >= 3 * season else (0, 0, 0, 0)
    return (
        SARIMAX(series, order=(0, 1, 1), seasonal_order=seasonal).fit(disp=False).forecast(horizon)
    )


def _theta(series: np.ndarray, season: int, horizon: int) -> np.ndarray:
    """statsmodels' theta model with its seasonal test."""
    import pandas as pd
    from statsmodels.tsa.forecasting.theta import ThetaModel

    dated = pd.Series(series, index=pd.RangeIndex(len(series)))
    return (
        ThetaModel(dated, period=max(season, 1), deseasonalize=season > 1)
        .fit()
        .forecast(horizon)
        .to_numpy()
    )


EXTERNAL: Mapping[str, OneAtATime] = {
    "statsmodels ets": OneAtATime(_ets),
    "statsmodels arima": OneAtATime(_arima),
    "statsmodels theta": OneAtATime(_theta),
}
