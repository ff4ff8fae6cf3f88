"""Mix the models: equal weights, moved towards what did well in the back-test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

KEENNESS = 2.0  # weight ~ 1 / error ** KEENNESS
OWN = 100.0  # errors of its own after which a series counts as much as its class
CLASS = 200.0  # errors of its class after which that counts as much as equal weights
FOLLOWING = "share"  # the model that follows the parent; the others follow the series itself
FOLLOW = 0.5  # weight of following before anything was seen
ORIGINS = 6.0  # origins after which what a class showed counts half
BELIEVED = 1.0  # share of the learned weights in the forecast of a sum before anything was seen
DOUBTED = 96.0  # origins after which one sum's own past counts half; fewer where a level has many


def learn_weights(
    forecasts: Mapping[str, np.ndarray],
    actual: np.ndarray,
    groups: np.ndarray,
) -> np.ndarray:
    """Weights (model, series), each series' summing to one, from back-test errors.

    Models that follow a series itself are weighed by their errors at every step; how far their
    mean or the parent's development is followed then shows in sums over the horizon, by class.

    Parameters
    ----------
    forecasts
        Model to float64 (origin, series, step); NaN where there is none.
    actual
        float64, the same shape; NaN where not known.
    groups
        int64, shape (series,): class of each series, whose errors are pooled.
    """
    names = list(forecasts)
    stacked = np.stack([np.asarray(one) for one in forecasts.values()])
    follows = np.array([name == FOLLOWING for name in names])
    if follows.all() or not follows.any():
        return _by_error(stacked, actual, groups)
    weights = np.zeros((len(names), len(groups)))
    weights[~follows] = _by_error(stacked[~follows], actual, groups)
    own = mix(weights[~follows], stacked[~follows])
    parents = stacked[follows][0]
    part = _following(parents - own, actual - own, groups)
    weights *= 1 - part
    weights[follows] = part
    return weights


def _by_error(stacked: np.ndarray, actual: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Weights (model, series) by the absolute errors at every step: own, class's, equal."""
    miss = np.abs(stacked - actual)
    known = np.isfinite(miss).all(axis=0)
    count = known.sum(axis=(0, 2))
    total = np.where(known, np.nan_to_num(miss), 0.0).sum(axis=(1, 3))
    usual = total.mean(axis=0)
    relative = np.where(usual > 0, total / np.where(usual > 0, usual, 1.0), 1.0)
    loss = np.ones_like(relative)
    for group in np.unique(groups):
        inside = groups == group
        weight = count[inside] / max(count[inside].sum(), 1)
        mean = (relative[:, inside] * weight).sum(axis=1) if weight.sum() else np.ones(len(total))
        trust = count[inside].sum() / (count[inside].sum() + CLASS)
        loss[:, inside] = (1 + trust * (mean - 1))[:, None]
    own = count / (count + OWN)
    loss = loss + own * (relative - loss)
    weights = np.maximum(loss, 0.05) ** -KEENNESS
    return weights / weights.sum(axis=0)


def believed(
    said: np.ndarray, own: np.ndarray, actual: np.ndarray, levels: np.ndarray
) -> np.ndarray:
    """Share (series,) of the learned weights' forecast `said` beside the models' `own`, by level.

    All three are (origin, series, step), NaN where not known; `levels` int64 (series,). All is
    believed until past origins speak against it; levels of many series soon, the company late.
    """
    count = np.bincount(levels)
    doubt = DOUBTED / np.sqrt(np.maximum(count, 1))
    return _following(said - own, actual - own, levels, before=BELIEVED, trust=doubt)


def _following(
    away: np.ndarray,
    miss: np.ndarray,
    groups: np.ndarray,
    *,
    before: float = FOLLOW,
    trust: np.ndarray | None = None,
) -> np.ndarray:
    """Share (series,) of the move `away` that would have undone most of `miss`, by class.

    Least squares over sums of the steps known, each series in units of its usual miss, shrunk
    towards `before`, which counts half after `trust` (class,) origins. `away` and `miss` are
    (origin, series, step).
    """
    known = np.isfinite(away) & np.isfinite(miss)
    root = np.sqrt(np.maximum(known.sum(axis=2), 1))
    moved, missed = (np.where(known, one, 0.0).sum(axis=2) / root for one in (away, miss))
    usual = np.abs(missed).sum(axis=0) / max(len(missed), 1)
    usable = usual > 0
    scale = np.where(usable, usual, 1.0)
    moved, missed = moved / scale, missed / scale
    out = np.full(len(groups), before)
    for group in np.unique(groups):
        inside = (groups == group) & usable
        square, product = (moved[:, inside] ** 2).sum(), (moved * missed)[:, inside].sum()
        doubt = (ORIGINS if trust is None else trust[group]) * square / max(len(moved), 1)
        if square > 0:
            part = (product + before * doubt) / (square + doubt)
            out[groups == group] = np.clip(part, 0.0, 1.0)
    return out


def mix(weights: np.ndarray, forecasts: Iterable[np.ndarray]) -> np.ndarray:
    """Mean (origin, series, step) of the models' forecasts by their weights (model, series).

    Where a model says nothing (NaN) the others share its weight; NaN where none says anything.
    """
    total: np.ndarray | float = 0.0
    mean: np.ndarray | float = 0.0
    for weight, one in zip(weights, forecasts, strict=True):
        known = np.isfinite(one)
        share = weight[:, None] * known
        total, mean = total + share, mean + share * np.where(known, one, 0.0)
    return np.where(total > 0, mean / np.where(total > 0, total, 1.0), np.nan)


def size_groups(size: np.ndarray, leaves: int) -> np.ndarray:
    """Class of each series: 0 sums, 1 to 3 leaf series from large to small."""
    out = np.zeros(len(size), dtype=np.int64)
    rank = np.argsort(np.argsort(-size[:leaves], kind="stable"), kind="stable")
    out[:leaves] = 1 + rank * 3 // max(leaves, 1)
    return out
