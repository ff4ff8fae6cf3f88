"""Intervals of unrelated series: how wrong forecasts of such series were, here and elsewhere.

The size of a series' error at each step is foreseen from its features (learned on other
competitions as the scale of a Laplace distribution), the shape of errors at each step comes from those competitions and from the
series' own back-test, all pooled: conformal intervals across series. Kept in `spreads.npz`, made
by `spread_training.py`; one set was learned without each competition, so that it can be judged
there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from salesforecast.forecasting.models import Prepared
from salesforecast.forecasting.panel import Panel, panels
from salesforecast.forecasting.weights import (
    EVERYTHING,
    Network,
    learned_mix,
    seasonal_scale,
)

FILE = Path(__file__).parent / "spreads.npz"
GRID = np.r_[0.005, 0.01, 0.025, np.arange(1, 20) / 20, 0.975, 0.99, 0.995]
LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)
LEAST_YEARS = 2  # and a year's third more: history that a back-test needs
OWN = 0.25  # share of the series' own back-test, once it is large
ENOUGH = 100  # series whose back-test counts half of that
LEARNED = (12, 4)  # seasons whose errors were learned
REACH = {12: 18, 4: 8}  # steps after which the size of errors goes on as it is


@dataclass(frozen=True)
class Outlook:
    """What is expected of each series and how sure that is, in the series' own units.

    Parameters
    ----------
    mean
        float64, shape (series, horizon): what `forecast_learned` says.
    levels
        Probabilities, rising.
    quantiles
        float64, shape (level, series, horizon), rising with the level.
    """

    mean: np.ndarray
    levels: tuple[float, ...]
    quantiles: np.ndarray


@dataclass(frozen=True)
class Spread:
    """How large errors are and what shape they have.

    Parameters
    ----------
    slopes
        Of the logarithm of error / seasonal change, on standardised features and 1: its level
        and its rise over the steps, (2, feature + 1).
    shapes
        Season -> float64 (step, grid level): quantiles of error over its foreseen size.
    """

    slopes: np.ndarray
    shapes: dict[int, np.ndarray]

    @classmethod
    def read(cls, name: str = EVERYTHING, *, path: Path = FILE) -> Spread:
        """Read what was learned under `name` (`all`, or `without M3`).

        Raises
        ------
        ValueError
            If the file has no such name.
        """
        with np.load(path) as kept:
            if f"{name}/slopes" not in kept:
                raise ValueError(f"no spreads {name!r}; there are {kept['names'].tolist()}")
            shapes = {season: kept[f"{name}/{season}"].astype(float) for season in LEARNED}
            return cls(kept[f"{name}/slopes"].astype(float), shapes)

    def shape(self, season: int, horizon: int) -> np.ndarray:
        """Quantiles (step, grid level) of standardised errors; later steps like the last known.

        Weeks and days take those of months, years those of quarters: not calibrated there.
        """
        known = self.shapes[season if season in self.shapes else 12 if season > 4 else 4]
        return known[np.minimum(np.arange(horizon), len(known) - 1)]


def error_size(
    slopes: np.ndarray,
    network: Network,
    features: np.ndarray,
    scale: np.ndarray,
    position: np.ndarray,
) -> np.ndarray:
    """Foreseen mean absolute error (step, series), in the unit of `scale`."""
    level, tilt = slopes @ design(network, features).T
    return scale * np.exp(level + position[:, None] * tilt)


def design(network: Network, features: np.ndarray) -> np.ndarray:
    """Standardised features and a column of ones: (series, feature + 1)."""
    return np.hstack([network.standard(features), np.ones((len(features), 1))])


def positions(season: int, horizon: int) -> np.ndarray:
    """Where each step lies between the first and the last that were learned: -0.5 to 0.5."""
    reach = REACH[season if season in REACH else 12 if season > 4 else 4]
    return np.minimum(np.arange(1, horizon + 1) / reach, 1.0) - 0.5


def outlook(
    series: Sequence[np.ndarray],
    *,
    season: int,
    horizon: int,
    levels: Sequence[float] = LEVELS,
    weights: str = EVERYTHING,
    chunk: int = 2000,
) -> Outlook:
    """Forecast unrelated series with learned weights, and say how sure that is.

    Quantiles between 0.5 % and 99.5 % at every step alone; do not add them up. A series that
    never was negative gets no negative quantile. Does not depend on `chunk`.

    Parameters
    ----------
    series
        One array a series, oldest first, of any lengths.
    season
        Periods in a year; months and quarters are what intervals were learned on.

    Raises
    ------
    ValueError
        If a level lies outside 0.005 to 0.995, or a number or a name is not usable.
    """
    wanted = np.sort(np.asarray(levels, dtype=float))
    if not len(wanted) or wanted[0] < GRID[0] or wanted[-1] > GRID[-1]:
        raise ValueError(f"levels {tuple(levels)} must lie between {GRID[0]} and {GRID[-1]}")
    if chunk < 1:
        raise ValueError(f"chunk {chunk} must be at least 1")
    network, spread = Network.read(weights), Spread.read(weights)
    shape = _with_own(spread, network, series, season, horizon, chunk)
    at = np.stack([np.interp(wanted, GRID, one) for one in shape])
    mean = np.empty((len(series), horizon))
    quantiles = np.empty((len(wanted), len(series), horizon))
    for part, panel in panels(series, season=season, horizon=horizon, chunk=chunk):
        ahead, size = _forecast(panel, network, spread)
        mean[part] = panel.in_order(ahead)
        floor = np.where(panel.lowest < 0, -np.inf, 0.0)
        for row in range(len(wanted)):
            drawn = np.maximum(ahead + at[:, row, None] * size, floor)
            quantiles[row, part] = panel.in_order(drawn)
    return Outlook(mean, tuple(wanted.tolist()), quantiles)


def _forecast(panel: Panel, network: Network, spread: Spread) -> tuple[np.ndarray, np.ndarray]:
    """Mean and foreseen size of error, both (step, series), in the panel's units."""
    ahead, features = learned_mix(Prepared(panel), network)
    position = positions(panel.season, panel.horizon)
    return ahead, error_size(spread.slopes, network, features, seasonal_scale(panel), position)


def _with_own(
    spread: Spread,
    network: Network,
    series: Sequence[np.ndarray],
    season: int,
    horizon: int,
    chunk: int,
) -> np.ndarray:
    """Shapes (step, grid level): others', as wide as the series' own back-test and mixed with it."""
    shape = spread.shape(season, horizon)
    least = LEAST_YEARS * season + max(season // 3, 1) + horizon
    whole = [np.asarray(one, dtype=float) for one in series]
    long = [one for one in whole if len(one) >= least]
    if not long:
        return shape
    errors = []
    known = [one[:-horizon] for one in long]
    for part, panel in panels(known, season=season, horizon=horizon, chunk=chunk):
        ahead, size = _forecast(panel, network, spread)
        later = np.stack([long[i][-horizon:] for i in part])
        actual = later[panel.order].T / panel.scale
        errors.append((actual - ahead) / np.maximum(size, 1e-9))
    every = np.hstack(errors)
    if not np.isfinite(every).any(axis=1).all():
        return shape
    own = np.nanquantile(every, GRID, axis=1).T
    trust = len(long) / (len(long) + ENOUGH)
    wider = (_width(own) / max(_width(shape), 1e-9)) ** trust
    return (1 - OWN * trust) * wider * shape + OWN * trust * own


def _width(shape: np.ndarray) -> float:
    """Mean width of the 80 % interval over the steps of quantiles (step, grid level)."""
    low, high = (int(np.abs(GRID - level).argmin()) for level in (0.1, 0.9))
    return float((shape[:, high] - shape[:, low]).mean())
