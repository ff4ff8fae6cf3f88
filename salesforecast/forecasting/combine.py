"""Mix the models: equal weights, moved towards what did well in the back-test."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

KEENNESS = 3.0  # weight ~ 1 / error ** KEENNESS
OWN = 100.0  # errors of its own after which a series counts as much as its class
CLASS = 200.0  # errors of its class after which that counts as much as equal weights


def learn_weights(
    forecasts: Mapping[str, np.ndarray],
    actual: np.ndarray,
    groups: np.ndarray,
) -> np.ndarray:
    """Weights (model, series), each series' summing to one, from back-test errors.

    Parameters
    ----------
    forecasts
        Model to float64 (origin, series, step); NaN where there is none.
    actual
        float64, the same shape; NaN where not known.
    groups
        int64, shape (series,): class of each series, whose errors are pooled.
    """
    stacked = np.stack([np.asarray(one) for one in forecasts.values()])
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


def size_groups(size: np.ndarray, leaves: int) -> np.ndarray:
    """Class of each series: 0 sums, 1 to 3 leaf series from large to small."""
    out = np.zeros(len(size), dtype=np.int64)
    rank = np.argsort(np.argsort(-size[:leaves], kind="stable"), kind="stable")
    out[:leaves] = 1 + rank * 3 // max(leaves, 1)
    return out
