"""The same forecasts made as of earlier cutoffs, all in one panel: what errors are learned from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from salesforecast.forecasting.models import run_models
from salesforecast.forecasting.panel import Panel
from salesforecast.forecasting.season import Family
from salesforecast.forecasting.weights import EVERYTHING, Network, combine_learned

LEARNED = "learned"  # the mix by learned weights: a model for sums
TAUGHT = (12, 4)  # seasons that the weights were learned on
LEAST_YEARS = 2  # of history that they need

Make = Callable[[Panel, Family | None], Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Origins:
    """Forecasts of every model from every origin.

    Parameters
    ----------
    back
        int64, shape (origin,): periods before the cutoff; 0 is the cutoff itself.
    forecasts
        Model name to float64 (origin, series, step); NaN where a series had not begun, or the
        model has nothing to say of it.
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
    sums: np.ndarray | None = None,
    weights: str = EVERYTHING,
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
    models
        Names out of `models.MODELS`, and `learned`.
    sums
        Positions of the series that the model `learned` forecasts, each alone: quarters or
        months with two years of history. None: all.
    weights
        Name of the learned weights.
    """
    plain = [name for name in models if name != LEARNED]
    run = partial(_run, back=back, season=season, horizon=horizon)
    found = run(
        series,
        lambda panel, family: run_models(panel, plain, family=family),
        begin=begin,
        parent=parent,
        least=1,
    )
    if LEARNED not in models:
        return found
    network = Network.read(weights)
    chosen = np.arange(len(series)) if sums is None else sums
    said = np.full(found.actual.shape, np.nan)
    if season in TAUGHT and len(chosen):
        alone = run(
            series[chosen],
            lambda panel, family: {LEARNED: combine_learned(panel, network)},
            begin=begin[chosen],
            parent=None,
            least=LEAST_YEARS * season,
        )
        said[:, chosen] = alone.forecasts.get(LEARNED, np.nan)
    return replace(found, forecasts={**found.forecasts, LEARNED: said})


def _run(
    series: np.ndarray,
    make: Make,
    *,
    begin: np.ndarray,
    parent: np.ndarray | None,
    least: int,
    back: Sequence[int],
    season: int,
    horizon: int,
) -> Origins:
    """Forecast by `make` what has at least `least` periods of history, from all origins."""
    count, periods = series.shape
    shape = (len(back), count, horizon)
    pieces: list[np.ndarray] = []
    place = np.full((len(back), count), -1, dtype=np.int64)
    actual = np.full(shape, np.nan)
    known = np.zeros((len(back), count), dtype=np.int64)
    for at, steps in enumerate(back):
        end = periods - steps
        known[at] = np.maximum(end - begin, 0)
        for i in np.flatnonzero(known[at] >= least):
            place[at, i] = len(pieces)
            pieces.append(series[i, begin[i] : end])
        ahead = min(horizon, steps)
        actual[at, :, :ahead] = series[:, end : end + ahead]
    forecasts: dict[str, np.ndarray] = {}
    if not pieces:
        return Origins(np.asarray(back), forecasts, actual, known)
    panel = Panel.of(pieces, season=season, horizon=horizon)
    family = None if parent is None else Family(_relatives(place, parent))
    exists = place >= 0
    for name, scaled in make(panel, family).items():
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
