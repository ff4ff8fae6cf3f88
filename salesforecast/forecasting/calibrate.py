"""What back-tests say about errors: their size, shape, and how they go together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from salesforecast.forecasting.dependence import Dependence, learn_dependence
from salesforecast.forecasting.seldom import Seldom

SELDOM = 0.25  # share of periods without a sale from which a leaf counts as intermittent
CLASSES = 3  # intermittent, small, large: leaves whose errors are pooled
POOL = 20  # errors that a class needs for a shape of its own
WILD = 6.0  # standardised errors are held at this
OWN = 12.0  # origins after which a leaf's own size of error counts half
OPEN = (2.0, 0.2)  # error variance that `n` origins leave open, over `n`: at once, and a step
YEAR = 12  # recent periods
NORMAL = ndtri((np.arange(99) + 1) / 100) * 1.25  # mean absolute value 1


@dataclass(frozen=True)
class LeafErrors:
    """All that draws are made of; leaves sorted by path.

    Parameters
    ----------
    leaves
        Paths, the labels of the leaf axis.
    ahead
        Forecast (leaf, step), products summed: the mean that draws must have.
    spread
        Usual absolute error (leaf, step) of it.
    together
        How leaves and steps err together.
    shapes
        Sorted standardised errors of each class of leaf.
    shape_of
        int64 (leaf,): its class.
    signed
        bool (leaf,): may fall below zero.
    seldom
        Leaves that sell now and then: they are drawn as a chance times a size.
    past
        Errors of the back-test, actual - forecast: (origin, leaf, step), NaN where not known.
    sizes
        Sizes that errors go with, now and at these origins: (origin + 1, leaf, step).
    every
        Periods between origins.
    """

    leaves: pd.Index
    ahead: np.ndarray
    spread: np.ndarray
    together: Dependence
    shapes: tuple[np.ndarray, ...]
    shape_of: np.ndarray
    signed: np.ndarray
    seldom: Seldom
    past: np.ndarray
    sizes: np.ndarray
    every: int


def leaf_errors(
    nodes: pd.Series,
    coherent: np.ndarray,
    bottom: np.ndarray,
    *,
    back: np.ndarray | None = None,
    season: int = 1,
) -> LeafErrors:
    """Learn from coherent forecasts as of earlier cutoffs.

    Parameters
    ----------
    nodes
        Leaf of each leaf series.
    coherent
        float64, shape (origin, leaf series, step), the cutoff itself first; NaN where a series
        had not begun.
    bottom
        float64, shape (leaf series, time): sales up to the cutoff.
    back
        Periods that each origin lies before the cutoff, rising from 0; one after another if None.
    season
        Periods in a season: what is idle in the same ones every year does not sell now and then.
    """
    back = np.arange(len(coherent)) if back is None else back
    leaves = pd.Index(sorted(set(nodes)), dtype="str", name="node")
    owner = leaves.get_indexer(pd.Index(nodes))
    forecasts = _by_leaf(coherent, owner, len(leaves))
    sales = np.zeros((len(leaves), bottom.shape[1]))
    np.add.at(sales, owner, bottom)
    errors = _actual(sales, back, coherent.shape[2]) - forecasts
    size = typical_size(forecasts, _recent(sales, back))
    scale = learn_scale(errors[1:], size[1:])
    known = np.isfinite(errors[1:]) & (size[1:] > 1e-9)
    standard = np.where(known, np.nan_to_num(errors[1:]) / scale.at(size[1:]), np.nan)
    standard = np.clip(standard / max(_mean(np.abs(standard)), 1e-12), -WILD, WILD)
    idle = np.mean(sales[:, -YEAR:] == 0, axis=1)
    shape_of = _classes(forecasts[0], idle)
    normal, shapes = _normal_scores(standard, shape_of)
    spread = scale.at(size[0])
    every = int(back[1]) if len(back) > 1 else 1
    return LeafErrors(
        leaves=leaves,
        ahead=forecasts[0],
        spread=spread,
        together=learn_dependence(normal, spread, leaves, every=every),
        shapes=shapes,
        shape_of=shape_of,
        signed=np.any(sales < 0, axis=1),
        seldom=Seldom.of(sales, season),
        past=errors[1:],
        sizes=size,
        every=every,
    )


def _by_leaf(coherent: np.ndarray, owner: np.ndarray, leaves: int) -> np.ndarray:
    """Sum leaf series to leaves (origin, leaf, step); NaN where a leaf had not begun."""
    origins, _, horizon = coherent.shape
    out = np.zeros((leaves, origins, horizon))
    there = np.zeros((leaves, origins), dtype=bool)
    np.add.at(out, owner, np.nan_to_num(coherent).transpose(1, 0, 2))
    np.logical_or.at(there, owner, np.isfinite(coherent[:, :, 0]).T)
    out[~there] = np.nan
    return out.transpose(1, 0, 2)


def _actual(sales: np.ndarray, back: np.ndarray, horizon: int) -> np.ndarray:
    """What came true (origin, leaf, step); NaN after the cutoff."""
    out = np.full((len(back), len(sales), horizon), np.nan)
    for at, end in enumerate(sales.shape[1] - back):
        ahead = sales[:, end : end + horizon]
        out[at, :, : ahead.shape[1]] = ahead
    return out


def _recent(sales: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Mean sales of the year before each origin: (origin, leaf)."""
    ends = sales.shape[1] - back
    return np.stack([sales[:, max(end - YEAR, 0) : end].mean(axis=1) for end in ends])


def typical_size(forecasts: np.ndarray, recent: np.ndarray) -> np.ndarray:
    """Size that errors go with: the period's forecast, the horizon's mean, and recent sales.

    `forecasts` (..., leaf, step); `recent` (..., leaf): mean sales of the year before.
    """
    ahead = np.abs(np.nan_to_num(forecasts))
    return (ahead + ahead.mean(axis=-1, keepdims=True) + np.abs(recent)[..., None]) / 3


@dataclass(frozen=True)
class ErrorScale:
    """How large errors usually are: own × step × size ** power."""

    own: np.ndarray
    step: np.ndarray
    power: float

    def at(self, size: np.ndarray) -> np.ndarray:
        """Usual absolute error at `size` (..., leaf, step)."""
        return self.own[:, None] * self.step * size**self.power + 1e-12


def learn_scale(errors: np.ndarray, size: np.ndarray) -> ErrorScale:
    """Learn from back-test `errors` (NaN where unknown) and sizes, both (origin, leaf, step).

    The power is common to all leaves, between 0.5 and 1; a leaf's own factor is shrunk
    towards the common one by how many origins it has; errors never get smaller with the step.
    Few origins have not seen everything: spread grows by what they leave open.
    """
    _, leaves, horizon = errors.shape
    known = np.isfinite(errors) & (size > 1e-9)
    if known.sum() < 10:
        return ErrorScale(np.full(leaves, 0.5), np.ones(horizon), 1.0)
    x = np.log(size[known])
    y = np.log(np.maximum(np.abs(errors[known]), 1e-3 * size[known]))
    spread = ((x - x.mean()) ** 2).sum()
    power = float(np.clip(((x - x.mean()) * (y - y.mean())).sum() / max(spread, 1e-9), 0.5, 1.0))
    relative = np.where(known, np.abs(errors) / np.where(known, size, 1.0) ** power, 0.0)
    count = known.sum(axis=(0, 2))
    per_step = relative.sum(axis=(0, 1)) / np.maximum(known.sum(axis=(0, 1)), 1)
    everyone = max(float(relative.sum() / known.sum()), 1e-12)
    step = np.maximum.accumulate(np.where(per_step > 0, per_step / everyone, 1.0))
    origins = np.maximum(known.any(axis=1).sum(axis=0), 1)
    step = step * np.sqrt(1 + (OPEN[0] + OPEN[1] * np.arange(1, horizon + 1)) / origins)
    seen = known.any(axis=2).sum(axis=0)
    own = relative.sum(axis=(0, 2)) / np.maximum(count, 1)
    own = (seen * own + OWN * everyone) / (seen + OWN)
    return ErrorScale(own, step, power)


def _classes(ahead: np.ndarray, idle: np.ndarray) -> np.ndarray:
    """Class of each leaf: 0 sells seldom (`idle` share of periods), 1 small, 2 large."""
    size = np.abs(ahead).sum(axis=1)
    often = idle < SELDOM
    middle = np.median(size[often]) if often.any() else 0.0
    return np.where(often, 1 + (size >= middle), 0)


def _normal_scores(
    standard: np.ndarray, shape_of: np.ndarray
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Errors as normal scores within their class, and each class's sorted errors."""
    normal, shapes = np.full(standard.shape, np.nan), []
    known = np.isfinite(standard)
    for which in range(CLASSES):
        inside = (shape_of == which)[None, :, None] & known
        shape = np.sort(standard[inside])
        shape = shape if len(shape) >= POOL else NORMAL
        shapes.append(shape)
        share = (np.searchsorted(shape, standard[inside]) + 0.5) / (len(shape) + 1)
        normal[inside] = ndtri(share)
    return normal, tuple(shapes)


def _mean(values: np.ndarray) -> float:
    """Mean of what is known; 1 where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else 1.0
