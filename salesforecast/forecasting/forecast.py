"""Forecast every leaf and product: coherent means, and samples that say how sure they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from salesforecast.errors import Finding
from salesforecast.forecasting.calibrate import LeafErrors, leaf_errors
from salesforecast.forecasting.combine import FOLLOWING, believed, learn_weights, mix, size_groups
from salesforecast.forecasting.levels import recalibrate
from salesforecast.forecasting.models import INSTANT
from salesforecast.forecasting.oddities import odd_series
from salesforecast.forecasting.origins import LEARNED, Origins, run_origins
from salesforecast.forecasting.reconcile import reconcile_origins
from salesforecast.forecasting.samples import draw
from salesforecast.forecasting.seldom import sells_seldom
from salesforecast.forecasting.structure import (
    SEASONS,
    Step,
    Structure,
    structure_of,
    wide_history,
)
from salesforecast.forecasting.weights import EVERYTHING
from salesforecast.hierarchy import Hierarchy
from salesforecast.tables import FORECAST, Samples

DEFAULT = (*INSTANT, "slow", "intermittent", "share", LEARNED)
ORIGINS = 24  # back-test origins at most
APART = 2  # origins of a long history lie up to a horizon over this apart
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
        Draws over leaves (products summed) and periods; their mean is the forecast. A leaf of
        the hierarchy that never sold is zero throughout.
    weights
        Frame on (node, product) of the leaf series and of every sum that was forecast beside
        them: one column a model, each row summing to one.
    accuracy
        Frame on model, and `mean` for their weighted mean: `wape` and `bias` (positive: too
        high) over all leaf series in the back-test, one to `horizon` periods ahead.
    findings
        Series whose forecast rests on little, and gaps that counted as no sales.
    """

    frame: pd.DataFrame
    samples: Samples
    weights: pd.DataFrame
    accuracy: pd.DataFrame
    findings: tuple[Finding, ...] = ()


def forecast(
    history: pd.DataFrame,
    hierarchy: Hierarchy,
    *,
    cutoff: pd.Timestamp,
    horizon: int,
    draws: int = 1000,
    seed: int = 0,
    models: Sequence[str] = DEFAULT,
    weights: str = EVERYTHING,
) -> Forecast:
    """Forecast the `horizon` periods after `cutoff` for every leaf and product.

    Leaf series and their sums (nodes, products, kinds of leaf) are forecast by all `models` at
    once, now and as of up to 24 earlier periods; what went wrong then weights the models,
    reconciles leaves with sums, and is what the samples are drawn from. Short histories take
    their season from relatives. Nothing depends on the order of rows.

    Parameters
    ----------
    history
        `HISTORY` on the leaves of `hierarchy`, in days, weeks, months, quarters or years. A gap after a
        series' first period counts as no sales; periods after `cutoff` are not looked at.
    cutoff
        First day of the last period that the models may see.
    draws
        Number of sampled futures.
    models
        Names out of `models.MODELS`, and `learned`: a sum's forecast is then made for that sum
        alone, with weights learned on competitions, as far as past origins do not speak against.
    weights
        Which learned weights; `without Tourism` to be judged on such data.

    Raises
    ------
    DataError
        If there is no history up to the cutoff, it names a node that is no leaf, or sales are
        missing or not finite.
    ValueError
        If `horizon` or `draws` is below 1, there is no model, or one is not known.
    """
    if horizon < 1 or draws < 1 or not models:
        raise ValueError(f"horizon {horizon}, draws {draws} and models {models} must not be empty")
    if set(models) == {LEARNED}:
        raise ValueError("learned weights forecast sums only; name a model for the leaves, too")
    cutoff = pd.Timestamp(cutoff)
    wide, step = wide_history(history, hierarchy, cutoff)
    structure = structure_of(wide.columns, hierarchy)
    bottom = wide.fillna(0.0).to_numpy().T
    series = structure.summing @ bottom
    begin = _begin(wide, structure)
    origins = run_origins(
        series,
        begin=begin,
        back=_origins(series.shape[1], horizon),
        season=SEASONS[step],
        horizon=horizon,
        models=models,
        parent=structure.parent,
        sums=np.arange(structure.bottom, len(series)),
        weights=weights,
    )
    origins = _suited(origins, series, begin, SEASONS[step])
    shares = _weights(origins, structure, series)
    base = mix(shares, origins.forecasts.values())
    base[_asleep(series, origins, step.year)] = 0.0
    signed = bool((bottom < 0).any())
    recent = np.abs(series[:, -12:]).mean(axis=1)
    coherent = reconcile_origins(
        base, (base - origins.actual)[1:], structure.summing, recent, signed=signed
    )
    periods = _after(cutoff, step, horizon)
    return Forecast(
        _long(wide.columns, periods, base[0, : structure.bottom], coherent[0]),
        _sample(
            structure,
            hierarchy,
            periods,
            coherent,
            bottom,
            back=origins.back,
            season=SEASONS[step],
            draws=draws,
            seed=seed,
        ),
        _named_weights(shares, structure, origins),
        _accuracy(origins, base, structure.bottom),
        odd_series(wide, history[history["period"] <= cutoff], step.year),
    )


def _origins(periods: int, horizon: int) -> range:
    """Periods that origins lie back: as far apart as a long history allows, within APART horizons."""
    known = max(periods - LEAST_HISTORY, 0)
    every = int(np.clip(known // ORIGINS, 1, max(horizon // APART, 1)))
    return range(0, min(known // every, ORIGINS) * every + 1, every)


def _begin(wide: pd.DataFrame, structure: Structure) -> np.ndarray:
    """Position of each series' first period: that of the first leaf series in it."""
    first = wide.notna().to_numpy().argmax(axis=0)
    summing = structure.summing
    return np.minimum.reduceat(first[summing.indices], summing.indptr[:-1])


def _suited(origins: Origins, series: np.ndarray, begin: np.ndarray, season: int) -> Origins:
    """What sells now and then has no trend of its own: it is forecast as a share of its parent."""
    if FOLLOWING not in origins.forecasts:
        return origins
    known = np.arange(series.shape[1])[:, None] >= begin
    seldom = sells_seldom(series.T, known, season)
    return replace(
        origins,
        forecasts={
            name: one if name == FOLLOWING else np.where(seldom[:, None], np.nan, one)
            for name, one in origins.forecasts.items()
        },
    )


def _weights(origins: Origins, structure: Structure, series: np.ndarray) -> np.ndarray:
    """Shares (model, series) of the models, learned weights last, where they say anything."""
    past = {name: one[1:] for name, one in origins.forecasts.items() if name != LEARNED}
    groups = size_groups(np.abs(series).mean(axis=1), structure.bottom)
    shares = learn_weights(past, origins.actual[1:], groups)
    said = np.isfinite([origins.forecasts[name][0, :, 0] for name in past])
    shares = np.maximum(shares, 1e-9) * said
    shares = shares / shares.sum(axis=0)
    if LEARNED not in origins.forecasts:
        return shares
    alone = origins.forecasts[LEARNED]
    own = mix(shares, past.values())
    part = believed(alone[1:], own, origins.actual[1:], structure.levels)
    part = part * np.isfinite(alone[0, :, 0])
    return np.vstack([shares * (1 - part), part])


def _asleep(series: np.ndarray, origins: Origins, year: int) -> np.ndarray:
    """Whether a series sold nothing in the year before an origin: (origin, series).

    Such a series is forecast at zero, not at the crumbs that models leave.
    """
    ends = series.shape[1] - origins.back
    spans = [series[:, max(end - year, 0) : end] for end in ends]
    return np.stack([~one.any(axis=1) for one in spans]) & (origins.known >= year)


def _after(cutoff: pd.Timestamp, step: Step, horizon: int) -> pd.DatetimeIndex:
    ahead = [cutoff + (i + 1) * step.offset for i in range(horizon)]
    return pd.DatetimeIndex(ahead, dtype="datetime64[us]")


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


def _sample(
    structure: Structure,
    hierarchy: Hierarchy,
    periods: pd.DatetimeIndex,
    coherent: np.ndarray,
    bottom: np.ndarray,
    *,
    back: np.ndarray,
    season: int,
    draws: int,
    seed: int,
) -> Samples:
    """Draw leaves, products summed, around the forecasts of the last origin."""
    learned: LeafErrors = leaf_errors(
        structure.series["node"].iloc[: structure.bottom],
        coherent,
        bottom,
        back=back,
        season=season,
    )
    drawn = recalibrate(draw(learned, draws=draws, seed=seed), learned)
    values = np.zeros((draws, len(hierarchy.leaves), len(periods)))
    values[:, hierarchy.leaves.get_indexer(learned.leaves)] = drawn
    return Samples(values, hierarchy.leaves, periods)


def _named_weights(shares: np.ndarray, structure: Structure, origins: Origins) -> pd.DataFrame:
    frame = pd.DataFrame(shares.T, columns=list(origins.forecasts))
    labels = structure.series[["node", "product", "kind"]].copy()
    is_sum = np.arange(len(labels)) >= structure.bottom
    labels["kind"] = labels["kind"].where(is_sum, "")
    return frame.set_index(pd.MultiIndex.from_frame(labels))


def _accuracy(origins: Origins, base: np.ndarray, leaves: int) -> pd.DataFrame:
    """Back-test of each model and of their weighted mean, over leaf series."""
    actual = origins.actual[1:, :leaves]
    rows = {}
    for name, forecasts in {**origins.forecasts, "mean": base}.items():
        if name == LEARNED:  # of sums only
            continue
        errors = forecasts[1:, :leaves] - actual
        known = np.isfinite(errors)
        size = np.abs(actual[known]).sum()
        rows[name] = {
            "wape": np.abs(errors[known]).sum() / size if size > 0 else np.nan,
            "bias": errors[known].sum() / size if size > 0 else np.nan,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
