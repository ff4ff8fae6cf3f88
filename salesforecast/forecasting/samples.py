"""Draw futures of every leaf from the errors that back-tests made, correlation kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

SELDOM = 0.25  # share of periods without a sale from which a leaf counts as intermittent
CLASSES = 3  # intermittent, small, large: leaves whose errors are pooled
WILD = 6.0  # standardised errors are held at this
OWN = 6.0  # errors after which a leaf's own size of error counts half
ALONE = 0.25  # share of a leaf's error that is its own affair
SHIFTS = 6  # steps of moving draws so that clipping leaves their mean alone
ROUNDS = 12  # of halving, to meet the spread of the total


@dataclass(frozen=True)
class ErrorScale:
    """How large errors usually are: own x step x size ** power."""

    own: np.ndarray
    step: np.ndarray
    power: float

    def at(self, size: np.ndarray) -> np.ndarray:
        """Usual absolute error at `size` (..., leaf, step)."""
        return self.own[:, None] * self.step * size**self.power


def typical_size(forecasts: np.ndarray, recent: np.ndarray) -> np.ndarray:
    """Size that errors go with: the period's forecast, the horizon's mean, and recent sales.

    `forecasts` (..., leaf, step); `recent` (..., leaf): mean sales of the year before.
    """
    ahead = np.abs(np.nan_to_num(forecasts))
    return (ahead + ahead.mean(axis=-1, keepdims=True) + np.abs(recent)[..., None]) / 3 + 1e-9


def learn_scale(errors: np.ndarray, size: np.ndarray) -> ErrorScale:
    """Learn from back-test `errors` (NaN where unknown) and sizes, both (origin, leaf, step)."""
    _, leaves, horizon = errors.shape
    known = np.isfinite(errors) & (size > 1e-6)
    if known.sum() < 10:
        return ErrorScale(np.full(leaves, 0.5), np.ones(horizon), 1.0)
    x = np.log(size[known])
    y = np.log(np.maximum(np.abs(errors[known]), 1e-3 * size[known]))
    spread = ((x - x.mean()) ** 2).sum()
    power = float(np.clip(((x - x.mean()) * (y - y.mean())).sum() / max(spread, 1e-9), 0.5, 1.0))
    relative = np.where(known, np.abs(errors) / np.where(known, size, 1.0) ** power, 0.0)
    count = known.sum(axis=(0, 2))
    per_step = relative.sum(axis=(0, 1)) / np.maximum(known.sum(axis=(0, 1)), 1)
    everyone = relative.sum() / known.sum()
    step = np.maximum.accumulate(np.where(per_step > 0, per_step / everyone, 1.0))
    own = (relative.sum(axis=(0, 2)) + OWN * everyone) / (count + OWN)
    return ErrorScale(own, step, power)


@dataclass(frozen=True)
class Errors:
    """Standardised back-test errors and how large they are: all that draws are made of."""

    scale: ErrorScale
    normal: np.ndarray  # (origin, leaf, step) as normal scores, NaN where unknown
    quantiles: tuple[np.ndarray, ...]  # sorted standardised errors, a size class each
    size_class: np.ndarray  # (leaf,)


def classes_of(ahead: np.ndarray, idle: np.ndarray) -> np.ndarray:
    """Class of each leaf: 0 sells seldom (`idle` share of periods), 1 small, 2 large."""
    size = np.where(idle >= SELDOM, -1.0, np.abs(ahead).sum(axis=1))
    often = size >= 0
    middle = np.median(size[often]) if often.any() else 0.0
    return np.where(often, 1 + (size >= middle), 0)


def standardise(
    errors: np.ndarray, size: np.ndarray, ahead: np.ndarray, idle: np.ndarray
) -> Errors:
    """Prepare `errors` (origin, leaf, step) for draws around `ahead` (leaf, step).

    `size` is `typical_size` at each origin, the same shape; `idle` the share of recent periods
    in which each leaf sold nothing.
    """
    scale = learn_scale(errors, size)
    known = np.isfinite(errors) & (size > 1e-6)
    standard = np.where(known, np.nan_to_num(errors) / scale.at(size), np.nan)
    standard = np.clip(standard, -WILD, WILD)
    size_class = classes_of(ahead, idle)
    normal = np.full(errors.shape, np.nan)
    quantiles = []
    fallback = ndtri((np.arange(99) + 1) / 100) * 1.25
    for which in range(CLASSES):
        of_class = (size_class == which)[None, :, None] & known
        pool = np.sort(standard[of_class])
        pool = pool if len(pool) >= 20 else fallback
        quantiles.append(pool)
        if of_class.any():
            share = (np.searchsorted(pool, standard[of_class]) + 0.5) / (len(pool) + 1)
            normal[of_class] = ndtri(share)
    return Errors(scale, normal, tuple(quantiles), size_class)


def draw(
    ahead: np.ndarray,
    size: np.ndarray,
    errors: Errors,
    *,
    draws: int,
    seed: int,
    total_spread: float | None,
    first: int,
    signed: np.ndarray,
) -> np.ndarray:
    """Draw futures around `ahead` (leaf, step): (draw, leaf, step), their mean equal to it.

    Whole error vectors of back-test origins are combined with random weights, so leaves and
    periods go together as they did; each leaf's errors have the shape and size of its class.

    Parameters
    ----------
    size
        `typical_size` of `ahead`, the same shape.
    total_spread
        Relative standard deviation that the sum over leaves and the `first` periods should
        have; leaves are drawn more together or more apart to meet it. None leaves it.
    first
        Number of leading periods that `total_spread` speaks of.
    signed
        bool, shape (leaf,): leaves that may fall below zero.
    """
    rng = np.random.default_rng(seed)
    together, alone, common = _normals(errors.normal, draws, rng)

    def values(mix: float) -> np.ndarray:
        other = common if mix > 0 else alone
        mixed = np.sqrt(1 - abs(mix)) * together + np.sqrt(abs(mix)) * other
        return _values(ahead, size, errors, mixed, signed)

    if total_spread is None:
        return values(0.0)
    wanted = total_spread * abs(ahead[:, :first].sum())
    low, high = -1.0, 1.0
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        spread = values(middle)[:, :, :first].sum(axis=(1, 2)).std()
        low, high = (middle, high) if spread < wanted else (low, middle)
    return values((low + high) / 2)


def _normals(
    normal: np.ndarray, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Standard normals (draw, leaf, step): as errors went together, all apart, all as one."""
    origins, leaves, horizon = normal.shape
    vectors = np.nan_to_num(normal).reshape(origins, -1)
    weights = rng.standard_normal((draws, origins))
    alone = rng.standard_normal((draws, leaves, horizon))
    common = np.broadcast_to(rng.standard_normal((draws, 1, 1)), alone.shape)
    shared = (weights @ vectors).reshape(alone.shape) / np.sqrt(max(origins, 1))
    power = (vectors**2).sum(axis=0).reshape(leaves, horizon) / max(origins, 1)
    fit = np.sqrt((1 - ALONE) / np.maximum(power, 1 - ALONE))
    rest = np.sqrt(1 - fit**2 * power)
    return fit * shared + rest * alone, alone, common


def _values(
    ahead: np.ndarray,
    size: np.ndarray,
    errors: Errors,
    normals: np.ndarray,
    signed: np.ndarray,
) -> np.ndarray:
    share = ndtr(normals)
    out = np.empty(normals.shape)
    for which, pool in enumerate(errors.quantiles):
        at = np.flatnonzero(errors.size_class == which)
        grid = (np.arange(len(pool)) + 0.5) / len(pool)
        out[:, at] = np.interp(share[:, at], grid, pool)
    out *= errors.scale.at(size)
    out += ahead - out.mean(axis=0)
    return recentre(out, ahead, signed=signed)


def recentre(values: np.ndarray, ahead: np.ndarray, *, signed: np.ndarray) -> np.ndarray:
    """Make the mean over draws equal to `ahead`, negative draws of unsigned leaves becoming zero.

    Draws are moved down by what clipping added, a few times, then scaled by what is left.
    """
    out = values + (ahead - values.mean(axis=0))
    least = np.where(signed, -np.inf, 0.0)[:, None]
    shift = np.zeros_like(ahead)
    for _ in range(SHIFTS):
        kept = np.maximum(out - shift, least)
        alive = np.maximum((kept > least).mean(axis=0), 0.05)
        shift += (kept.mean(axis=0) - ahead) / alive
    kept = np.maximum(out - shift, least)
    mean = kept.mean(axis=0)
    positive = (mean > 0) & ~signed[:, None]
    ratio = np.where(positive, ahead / np.where(positive, mean, 1.0), 1.0)
    flat = (mean <= 0) & ~signed[:, None]
    return np.where(flat, np.maximum(ahead, 0.0), kept * ratio)
