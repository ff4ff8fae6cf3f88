"""Learned weights: from features of a series to how far each model is trusted, per step.

A small softmax network, trained offline by `training.py` on competitions, kept in
`weights.npz` and evaluated in plain numpy. One set of weights was trained without each
competition, so that it can be judged there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from salesforecast.forecasting.models import INSTANT, Prepared, run_prepared
from salesforecast.forecasting.panel import Panel, panels
from salesforecast.forecasting.season import YEARS, seasonal_test

MEMBERS = (
    "seasonal naive",
    "dotm",
    "theta",
    "dotm log",
    "theta log",
    "arima log",
    "ets",
    "ets log",
    "ets additive",
    "arima drift",
    "coarse",
    "coarse log",
)
SHORT_MEMBERS = (*MEMBERS, "naive2", "slow")  # where a season of one year may be none
FILE = Path(__file__).parent / "weights.npz"
EVERYTHING = "all"
SHORT = ", short"  # added to the name of weights: those of histories shorter than YEARS
LIMIT = 3.0  # standardised features are held at this
FIXED = 0.5  # share of the fixed mean of the instant tier, at most: insurance
LONG = 5.0  # years of history from which that share is whole; one year has none
NAMES = ("into", "into_bias", "out", "out_bias", "tilt", "tilt_bias")


@dataclass(frozen=True)
class Network:
    """Several small networks, averaged: weights = softmax(out + step × tilt).

    Parameters
    ----------
    mean, spread
        Of the features, shape (feature,), as seen in training.
    layers
        One mapping a network, from `NAMES` to arrays.
    short
        Weights of `SHORT_MEMBERS`, for histories of less than `YEARS` years.
    """

    mean: np.ndarray
    spread: np.ndarray
    layers: tuple[Mapping[str, np.ndarray], ...]
    short: Network | None = None

    @classmethod
    def read(cls, name: str = EVERYTHING, *, path: Path = FILE) -> Network:
        """Read the weights called `name` (`all`, or `without M3`).

        Raises
        ------
        ValueError
            If the file has no such weights.
        """
        with np.load(path) as kept:
            if f"{name}/mean" not in kept:
                raise ValueError(f"no weights {name!r}; there are {kept['names'].tolist()}")
            layers = tuple(
                {part: kept[f"{name}/{i}/{part}"] for part in NAMES}
                for i in range(int(kept[f"{name}/count"]))
            )
            exists = f"{name}{SHORT}/mean" in kept
            short = cls.read(f"{name}{SHORT}", path=path) if exists else None
            return cls(kept[f"{name}/mean"], kept[f"{name}/spread"], layers, short)

    def standard(self, features: np.ndarray) -> np.ndarray:
        """Features (series, feature) as the networks take them."""
        return np.clip((features - self.mean) / self.spread, -LIMIT, LIMIT)

    def weights(self, features: np.ndarray, horizon: int) -> np.ndarray:
        """Weights (model, step, series), summing to one over models."""
        inputs = self.standard(features)
        position = np.linspace(-0.5, 0.5, horizon)
        out = np.zeros((len(self.layers[0]["out_bias"]), horizon, len(features)))
        for layer in self.layers:
            hidden = np.tanh(inputs @ layer["into"] + layer["into_bias"])
            level = (hidden @ layer["out"] + layer["out_bias"]).T[:, None]
            tilt = (hidden @ layer["tilt"] + layer["tilt_bias"]).T[:, None]
            score = level + position[None, :, None] * tilt
            share = np.exp(score - score.max(axis=0))
            out += share / share.sum(axis=0) / len(self.layers)
        return out


def features_of(
    prepared: Prepared, made: Mapping[str, np.ndarray], members: Sequence[str] = MEMBERS
) -> np.ndarray:
    """What the weights depend on: (series, feature), free of units.

    Length, season and its strength, noise, trend of the last years, and how the models'
    forecasts in `made` differ from each other.
    """
    panel = prepared.panel
    scale = seasonal_scale(panel)
    passed, correlation = seasonal_test(panel)
    change = np.where(panel.mask[1:], np.diff(panel.values, axis=0), 0.0)
    noise = np.sqrt((change**2).sum(axis=0) / np.maximum(panel.lengths - 1, 1))
    away = np.where(panel.mask, panel.values - 1, 0.0)
    spread = np.sqrt((away**2).sum(axis=0) / panel.lengths)
    years = _year_means(panel)
    means = np.array([made[name].mean(axis=0) for name in members])
    middle = np.median(means, axis=0)
    every = np.array([made[name] for name in members])
    dispersion = np.abs(every - np.median(every, axis=0)).mean(axis=(0, 1))
    rows = [
        np.full(panel.count, float(panel.season == 12)),
        _log(panel.lengths / panel.season),
        prepared.ratio_season.trust,
        prepared.log_season.trust,
        passed.astype(float),
        correlation[0],
        correlation[-1],
        _log(scale),
        _log(noise),
        _log(spread),
        _log(prepared.theta.sigma / scale),
        _log(prepared.theta_logs.sigma / np.maximum(prepared.theta.sigma, 1e-4)),
        (years[0] - years[1]) / scale,
        (years[1] - years[2]) / scale,
        _log(years[0] / np.maximum(years[1], 1e-3)),
        (middle - years[0]) / scale,
        _log(dispersion / scale),
        (panel.offset > 0).astype(float),
        prepared.ratios.std(axis=0),
        *((means - middle) / scale),
    ]
    return np.nan_to_num(np.array(rows).T, posinf=5.0, neginf=-5.0)


def seasonal_scale(panel: Panel) -> np.ndarray:
    """Mean absolute change to the year before, in units of the panel."""
    if panel.periods <= panel.season:
        return np.full(panel.count, 1e-3)
    change = panel.values[panel.season :] - panel.values[: -panel.season]
    total = np.where(panel.mask[panel.season :], np.abs(change), 0.0).sum(axis=0)
    return np.maximum(total / np.maximum(panel.lengths - panel.season, 1), 1e-3)


def _log(values: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(values, 1e-4))


def _year_means(panel: Panel) -> list[np.ndarray]:
    """Mean of the last year, the one before, and the one before that (repeated where missing)."""
    sums = np.vstack([np.zeros((1, panel.count)), np.cumsum(panel.values, axis=0)])
    at = np.arange(panel.count)
    out: list[np.ndarray] = []
    for back in range(3):
        end = np.maximum(panel.lengths - back * panel.season, 0)
        begin = np.maximum(end - panel.season, 0)
        mean = (sums[end, at] - sums[begin, at]) / np.maximum(end - begin, 1)
        enough = panel.lengths >= (back + 1) * panel.season
        out.append(mean if back == 0 else np.where(enough, mean, out[-1]))
    return out


def blend(
    network: Network, features: np.ndarray, forecasts: np.ndarray, years: np.ndarray
) -> np.ndarray:
    """Mix forecasts (model, step, series), members in order: learned, and the instant tier's mean.

    The longer a history, in `years`, the larger the share of the fixed mean; it knows nothing of
    short ones.
    """
    share = network.weights(features, forecasts.shape[1])
    instant = forecasts[[MEMBERS.index(name) for name in INSTANT]].mean(axis=0)
    fixed = FIXED * np.clip((years - 1) / (LONG - 1), 0.0, 1.0)
    return (1 - fixed) * (share * forecasts).sum(axis=0) + fixed * instant


def learned_mix(prepared: Prepared, network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Learned forecasts (horizon, series), scaled, and the features (series, feature)."""
    years = prepared.panel.lengths / prepared.panel.season
    made = run_prepared(prepared, MEMBERS)
    features = features_of(prepared, made)
    ahead = blend(network, features, np.array([made[name] for name in MEMBERS]), years)
    few = years < YEARS
    if network.short is None or not few.any():
        return ahead, features
    made |= run_prepared(prepared, [name for name in SHORT_MEMBERS if name not in made])
    more = features_of(prepared, made, SHORT_MEMBERS)
    short = blend(network.short, more, np.array([made[name] for name in SHORT_MEMBERS]), years)
    return np.where(few, short, ahead), features


def combine_learned(panel: Panel, network: Network) -> np.ndarray:
    """Forecast a panel by the learned mix: (horizon, series), scaled."""
    return learned_mix(Prepared(panel), network)[0]


def forecast_learned(
    series: Sequence[np.ndarray],
    *,
    season: int,
    horizon: int,
    weights: str = EVERYTHING,
    chunk: int = 2000,
) -> np.ndarray:
    """Forecast unrelated series with learned weights: float64, shape (series, horizon).

    Slower than the instant tier and better on monthly and quarterly series with two years or
    more; for what it was trained on see `training.py`.
    """
    network = Network.read(weights)
    out = np.empty((len(series), horizon))
    for at, panel in panels(series, season=season, horizon=horizon, chunk=chunk):
        out[at] = panel.in_order(combine_learned(panel, network))
    return out
