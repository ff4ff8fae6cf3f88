"""Forecast every leaf and product: coherent means, and samples that say how sure they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.forecasting.combine import learn_weights, size_groups
from salesforecast.forecasting.models import INSTANT
from salesforecast.forecasting.origins import Origins, run_origins
from salesforecast.forecasting.reconcile import reconcile
from salesforecast.forecasting.samples import draw, standardise, typical_size
from salesforecast.forecasting.structure import Structure, structure_of, wide_history
from salesforecast.hierarchy import Hierarchy
from salesforecast.tables import FORECAST, Samples

DEFAULT = (*INSTANT, "slow", "intermittent")
ORIGINS = 18  # back-test origins at most
LEAST_HISTORY = 6  # periods that the company must have at an origin


@dataclass(frozen=True)
class Forecast:
    """What is expected, how sure that is, and how it was come by.

    Parameters
    ----------
    frame
        `FORECAST`: node (leaf), product, period, `base` (the models' mean for that series
        alone) and `forecast` (coherent with all sums).
    samples
        Draws over leaves (products summed) and periods; their mean is the forecast.
    accuracy
        Frame on model: `mase`, `wape`, `bias` of the back-test over all leaf series, and the
        weight that the model has.
    """

    frame: pd.DataFrame
    samples: Samples
    accuracy: pd.DataFrame


def forecast(
    history: pd.DataFrame,
    hierarchy: Hierarchy,
    *,
    cutoff: pd.Timestamp,
    horizon: int,
    draws: int = 1000,
    seed: int = 0,
    models: Sequence[str] = DEFAULT,
) -> Forecast:
    """Forecast the `horizon` periods after `cutoff` for every leaf and product.

    Leaf series and their sums are forecast with the mean of `models`, then reconciled.

    Parameters
    ----------
    history
        `HISTORY` on the leaves of `hierarchy`, months (or quarters, or years) without gaps.
    cutoff
        Last period that the models may see.
    draws
        Number of sampled futures.
    models
        Names out of `models.MODELS`, averaged.

    Raises
    ------
    DataError
        If there is no history up to the cutoff, or it names a node that is no leaf.
    ValueError
        If `horizon` or `draws` is below 1, or a model is not known.
    """
    if horizon < 1 or draws < 1:
        raise ValueError(f"horizon {horizon} and draws {draws} must be at least 1")
    cutoff = pd.Timestamp(cutoff)
    wide, months = wide_history(history, hierarchy, cutoff)
    structure = structure_of(wide.columns, hierarchy)
    bottom = wide.fillna(0.0).to_numpy().T
    series = structure.summing @ bottom
    begin = _begin(wide, structure)
    last = max(series.shape[1] - LEAST_HISTORY, 0)
    origins = run_origins(
        series,
        begin=begin,
        back=range(min(last, ORIGINS) + 1),
        season=12 // months,
        horizon=horizon,
        models=models,
        parent=structure.parent,
    )
    groups = size_groups(np.abs(series).mean(axis=1), structure.bottom)
    past = {name: one[1:] for name, one in origins.forecasts.items()}
    weights = learn_weights(past, origins.actual[1:], groups)
    stacked = np.stack([origins.forecasts[name] for name in models])
    base = (weights[:, None, :, None] * stacked).sum(axis=0)
    variance = _variances(base, origins, series)
    coherent = _coherent(base, structure, variance, signed=bool((bottom < 0).any()))
    periods = pd.DatetimeIndex(
        [cutoff + pd.DateOffset(months=months * (i + 1)) for i in range(horizon)],
        dtype="datetime64[us]",
    )
    frame = _long(wide.columns, periods, base[0, : structure.bottom], coherent[0])
    samples = _draw(structure, hierarchy, periods, coherent, bottom, draws=draws, seed=seed)
    return Forecast(frame, samples, _accuracy(origins, structure, series, begin))


def _begin(wide: pd.DataFrame, structure: Structure) -> np.ndarray:
    """Position of each series' first period."""
    first = wide.notna().to_numpy().argmax(axis=0)
    summing = structure.summing
    return np.array(
        [
            first[summing.indices[summing.indptr[i] : summing.indptr[i + 1]]].min()
            for i in range(summing.shape[0])
        ]
    )


def _variances(base: np.ndarray, origins: Origins, series: np.ndarray) -> np.ndarray:
    """How wrong each base forecast usually is, squared; a rule of size where little is known."""
    errors = (base - origins.actual)[1:]
    known = np.isfinite(errors)
    count = known.sum(axis=(0, 2))
    own = np.where(known, np.nan_to_num(errors) ** 2, 0.0).sum(axis=(0, 2)) / np.maximum(count, 1)
    size = np.maximum(np.abs(series[:, -12:]).mean(axis=1), 1e-6)
    usable = (count >= 12) & (own > 0)
    if usable.sum() < 5:
        return size**1.5
    slope, start = np.polyfit(np.log(size[usable]), np.log(own[usable]), 1)
    rule = np.exp(start + np.clip(slope, 1.0, 2.0) * np.log(size))
    return (count * own + 24 * rule) / (count + 24) + 1e-9 * rule.max()


def _coherent(
    base: np.ndarray, structure: Structure, variance: np.ndarray, *, signed: bool
) -> np.ndarray:
    """Reconcile every origin over the series that existed then: (origin, leaf series, step)."""
    out = np.full((base.shape[0], structure.bottom, base.shape[2]), np.nan)
    floor = -np.inf if signed else 0.0
    for at, one in enumerate(base):
        there = np.isfinite(one[:, 0])
        leaves = np.flatnonzero(there[: structure.bottom])
        summing = structure.summing[there][:, leaves]
        out[at, leaves] = reconcile(one[there], summing, variance[there], floor=floor)
    return out


def _long(
    columns: pd.MultiIndex, periods: pd.DatetimeIndex, base: np.ndarray, coherent: np.ndarray
) -> pd.DataFrame:
    horizon = len(periods)
    frame = pd.DataFrame(
        {
            "node": np.repeat(columns.get_level_values(0), horizon),
            "product": np.repeat(columns.get_level_values(1), horizon),
            "period": np.tile(periods.to_numpy(), len(columns)),
            "base": base.ravel(),
            "forecast": coherent.ravel(),
        }
    )
    return FORECAST.check(frame)


def _draw(
    structure: Structure,
    hierarchy: Hierarchy,
    periods: pd.DatetimeIndex,
    coherent: np.ndarray,
    bottom: np.ndarray,
    *,
    draws: int,
    seed: int,
) -> Samples:
    """Draw leaves, products summed, around the forecasts of the last origin."""
    nodes = structure.series["node"].iloc[: structure.bottom]
    leaves = pd.Index(sorted(set(nodes)), dtype="str", name="node")
    owner = leaves.get_indexer(nodes)
    ahead, periods_seen = coherent.shape[2], bottom.shape[1]
    forecasts = np.zeros((len(coherent), len(leaves), ahead))
    there = np.zeros((len(coherent), len(leaves)), dtype=bool)
    for at, one in enumerate(coherent):
        np.add.at(forecasts[at], owner, np.nan_to_num(one))
        np.logical_or.at(there[at], owner, np.isfinite(one[:, 0]))
    forecasts[~there] = np.nan
    sales = np.zeros((len(leaves), periods_seen))
    np.add.at(sales, owner, bottom)
    actual = np.full(forecasts.shape, np.nan)
    for at in range(1, len(coherent)):
        width = min(at, ahead)
        actual[at, :, :width] = sales[:, periods_seen - at :][:, :width]
    errors = actual - forecasts
    idle = np.mean(sales[:, -12:] == 0, axis=1)
    recent = np.stack(
        [
            sales[:, max(periods_seen - at - 12, 0) : periods_seen - at].mean(axis=1)
            for at in range(len(coherent))
        ]
    )
    size = typical_size(forecasts, recent)
    prepared = standardise(errors[1:], size[1:], forecasts[0], idle)
    first = min(3, ahead)
    values = draw(
        forecasts[0],
        size[0],
        prepared,
        draws=draws,
        seed=seed,
        total_spread=_total_spread(errors, forecasts, first),
        first=first,
        signed=np.any(sales < 0, axis=1),
    )
    out = np.zeros((draws, len(hierarchy.leaves), ahead))
    out[:, hierarchy.leaves.get_indexer(leaves)] = values
    return Samples(out, hierarchy.leaves, periods)


def _total_spread(errors: np.ndarray, forecasts: np.ndarray, first: int) -> float | None:
    """Root mean squared relative error of the company's total over the `first` periods."""
    known = np.arange(len(errors)) >= first
    if known.sum() < 3:
        return None
    miss = np.nansum(errors[known, :, :first], axis=(1, 2))
    size = np.nansum(forecasts[known, :, :first], axis=(1, 2))
    return float(np.sqrt(np.mean((miss / np.where(size > 0, size, np.inf)) ** 2)))


def _accuracy(
    origins: Origins, structure: Structure, series: np.ndarray, begin: np.ndarray
) -> pd.DataFrame:
    """Back-test of each model and of their mean, over leaf series."""
    leaf = slice(0, structure.bottom)
    actual = origins.actual[1:, leaf]
    named = {**origins.forecasts, "mean": np.mean(list(origins.forecasts.values()), axis=0)}
    rows = {}
    for name, forecasts in named.items():
        errors = forecasts[1:, leaf] - actual
        known = np.isfinite(errors)
        size = np.abs(actual[known]).sum() if known.any() else np.nan
        rows[name] = {
            "wape": np.abs(errors[known]).sum() / size,
            "bias": errors[known].sum() / size,
            "weight": 0.0 if name == "mean" else 1 / len(origins.forecasts),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
