"""The models by name: what each needs is prepared once for the whole panel and shared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from salesforecast.forecasting.autoregressive import DRIFT_BELIEF, DRIFTING, arima
from salesforecast.forecasting.coarse import coarse
from salesforecast.forecasting.exponential import damped
from salesforecast.forecasting.external import EXTERNAL
from salesforecast.forecasting.intermittent import sba, slow_level, tsb
from salesforecast.forecasting.panel import Panel
from salesforecast.forecasting.season import (
    HALF_LIFE,
    LEAST,
    Family,
    Season,
    seasonal_indices,
    seasonal_test,
)
from salesforecast.forecasting.share import share_of_parent
from salesforecast.forecasting.theta import Theta, theta

MOST = 3.0  # no forecast above this multiple of a series' largest value


@dataclass(frozen=True)
class Prepared:
    """A panel with what several models need, each computed when first asked for."""

    panel: Panel
    family: Family | None = None

    @cached_property
    def ratio_season(self) -> Season:
        """Multiplicative seasonal indices and the trust in them."""
        return seasonal_indices(self.panel, half_life=HALF_LIFE, family=self.family)

    @cached_property
    def ratios(self) -> np.ndarray:
        """Multiplicative seasonal indices (season, series)."""
        return np.maximum(self.ratio_season.indices, LEAST)

    @cached_property
    def log_season(self) -> Season:
        """Additive seasonal indices of the logarithms."""
        return seasonal_indices(self.panel, kind="log", half_life=HALF_LIFE, family=self.family)

    @cached_property
    def adjusted(self) -> np.ndarray:
        """Seasonally adjusted values (time, series)."""
        panel = self.panel
        return np.where(panel.mask, panel.values / panel.over_time(self.ratios), 0.0)

    @cached_property
    def adjusted_logs(self) -> np.ndarray:
        """Seasonally adjusted logarithms (time, series)."""
        panel = self.panel
        return np.where(panel.mask, panel.logs - panel.over_time(self.log_season.indices), 0.0)

    @cached_property
    def theta(self) -> Theta:
        """Theta forecasts of the adjusted values."""
        return theta(self.panel, self.adjusted)

    @cached_property
    def theta_logs(self) -> Theta:
        """Theta forecasts of the adjusted logarithms."""
        return theta(self.panel, self.adjusted_logs)


class Model(Protocol):
    """Forecasts all series of a panel: (horizon, series), in units of `panel.scale`."""

    def __call__(self, prepared: Prepared, /) -> np.ndarray: ...


def seasonal_naive(prepared: Prepared) -> np.ndarray:
    """The same period a year before; the last value where there is no such period."""
    panel = prepared.panel
    back = panel.lengths - panel.season + np.arange(panel.horizon)[:, None] % panel.season
    return panel.values[np.where(back < 0, panel.lengths - 1, back), np.arange(panel.count)]


def naive2(prepared: Prepared) -> np.ndarray:
    """The last seasonally adjusted value, where season is significant: the M4 benchmark."""
    panel = prepared.panel
    passed, _ = seasonal_test(panel)
    plain = seasonal_indices(panel, half_life=None).plain
    indices = np.where(passed & (panel.lowest > 0), np.maximum(plain, 0.02), 1.0)
    now = panel.last(panel.values) / panel.last(panel.over_time(indices))
    return now * panel.ahead(indices)


def dotm(prepared: Prepared) -> np.ndarray:
    """Dynamic optimised theta on ratios."""
    return prepared.theta.optimised * prepared.panel.ahead(prepared.ratios)


def standard_theta(prepared: Prepared) -> np.ndarray:
    """Theta with half the trend, on ratios."""
    return prepared.theta.standard * prepared.panel.ahead(prepared.ratios)


def dotm_log(prepared: Prepared) -> np.ndarray:
    """Dynamic optimised theta on logarithms."""
    panel = prepared.panel
    season = panel.ahead(prepared.log_season.indices)
    return panel.from_logs(prepared.theta_logs.optimised + season)


def theta_log(prepared: Prepared) -> np.ndarray:
    """Theta with half the trend, on logarithms."""
    panel = prepared.panel
    season = panel.ahead(prepared.log_season.indices)
    return panel.from_logs(prepared.theta_logs.standard + season)


def arima_log(prepared: Prepared) -> np.ndarray:
    """Seasonal ARIMA grid on logarithms."""
    return prepared.panel.from_logs(arima(prepared.panel, prepared.panel.logs))


def ets(prepared: Prepared) -> np.ndarray:
    """Damped exponential smoothing of the seasonally adjusted values."""
    panel = prepared.panel
    return damped(panel, prepared.adjusted) * panel.ahead(prepared.ratios)


def ets_log(prepared: Prepared) -> np.ndarray:
    """Damped exponential smoothing of the logarithms, its season updated."""
    panel = prepared.panel
    return panel.from_logs(damped(panel, panel.logs, season=prepared.log_season.indices))


def ets_additive(prepared: Prepared) -> np.ndarray:
    """Damped exponential smoothing with an additive season, updated."""
    panel = prepared.panel
    season = seasonal_indices(panel, kind="difference", half_life=HALF_LIFE, family=prepared.family)
    return damped(panel, panel.values, season=season.indices)


def arima_drift(prepared: Prepared) -> np.ndarray:
    """Seasonal ARIMA grid on logarithms that believes in a yearly drift."""
    panel = prepared.panel
    return panel.from_logs(arima(panel, panel.logs, grid=DRIFTING, drift_shrink=DRIFT_BELIEF))


def dotm_coarse(prepared: Prepared) -> np.ndarray:
    """Dynamic optimised theta on coarser periods."""
    panel = prepared.panel
    return coarse(panel, prepared.adjusted) * panel.ahead(prepared.ratios)


def dotm_coarse_log(prepared: Prepared) -> np.ndarray:
    """Dynamic optimised theta on coarser periods of the logarithms."""
    panel = prepared.panel
    season = panel.ahead(prepared.log_season.indices)
    return panel.from_logs(coarse(panel, prepared.adjusted_logs) + season)


def slow(prepared: Prepared) -> np.ndarray:
    """Slowly smoothed level, with season: steady where sales are mostly noise."""
    panel = prepared.panel
    return slow_level(panel, prepared.adjusted) * panel.ahead(prepared.ratios)


def intermittent(prepared: Prepared) -> np.ndarray:
    """Mean of TSB and of Croston's method with correction, without season."""
    panel = prepared.panel
    return (tsb(panel, panel.values) + sba(panel, panel.values)) / 2


def share(prepared: Prepared) -> np.ndarray:
    """The parent's theta forecast times the share that the series has had in it, with own season."""
    panel, own = prepared.panel, prepared.theta
    ahead = (own.optimised + own.standard) / 2
    level = share_of_parent(panel, prepared.adjusted, ahead, prepared.family)
    return level * panel.ahead(prepared.ratios)


MODELS: Mapping[str, Model] = {
    "seasonal naive": seasonal_naive,
    "naive2": naive2,
    "dotm": dotm,
    "theta": standard_theta,
    "dotm log": dotm_log,
    "theta log": theta_log,
    "arima log": arima_log,
    "ets": ets,
    "ets log": ets_log,
    "ets additive": ets_additive,
    "arima drift": arima_drift,
    "coarse": dotm_coarse,
    "coarse log": dotm_coarse_log,
    "slow": slow,
    "intermittent": intermittent,
    "share": share,
    **EXTERNAL,
}
INSTANT = ("dotm", "theta", "theta log", "arima log")


def run_models(
    panel: Panel, models: Iterable[str], *, family: Family | None = None
) -> dict[str, np.ndarray]:
    """Forecast a panel with each model by name: name -> (horizon, series), scaled.

    What is not finite is replaced by the seasonal naive forecast; what lies outside the
    series' own range by far is held there (sales that never were negative stay so).

    Raises
    ------
    ValueError
        If a name is not known.
    """
    return run_prepared(Prepared(panel, family), models)


def run_prepared(prepared: Prepared, models: Iterable[str]) -> dict[str, np.ndarray]:
    """Do what `run_models` does, on a panel that is prepared already."""
    models, panel = tuple(models), prepared.panel
    unknown = [name for name in models if name not in MODELS]
    if unknown:
        raise ValueError(f"no model {unknown}; there are {list(MODELS)}")
    most = MOST * np.maximum(np.abs(panel.values).max(axis=0), 1e-9)
    least = np.where(panel.lowest < 0, -most, 0.0)
    safe = seasonal_naive(prepared)
    idle = ~panel.values.any(axis=0)
    out = {}
    for name in models:
        raw = MODELS[name](prepared)
        out[name] = np.clip(np.where(np.isfinite(raw), raw, safe), least, most)
        out[name][:, idle] = 0.0
    return out
