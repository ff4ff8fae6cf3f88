"""What sells now and then: which series do, and draws of them, most of which are zero.

A period's sales are then a chance of any times a size, both as the series showed them: errors
around a forecast, which other draws are made of, know neither that zero is usual nor how large
a sale is when there is one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

IDLE = 0.25  # share of periods without a sale from which a series sells seldom
REGULAR = 0.5  # a calendar that explains this share of when nothing is sold is a season
FEWEST = 4  # sales that show a season
HALF_LIFE = 72  # periods after which an old one counts half
POOL = 3.0  # sales of its own after which a series' sizes count as much as all series' sizes
GRID = (np.arange(100) + 0.5) / 100
SURE = 0.95  # chance of a sale at most, where the series itself did not sell more often
LEAST = 1e-3  # chance of a sale at least


def sells_seldom(values: np.ndarray, known: np.ndarray, season: int) -> np.ndarray:
    """Whether each series sells in too few periods, and in no season of its own: bool (series,).

    `values` and `known` (time, series); periods before the first sale do not count. What is idle
    in the same months every year has a season, and is not meant.
    """
    sold = (values != 0) & known
    there = known & (np.cumsum(sold, axis=0) > 0)
    count = there.sum(axis=0)
    rate = sold.sum(axis=0) / np.maximum(count, 1)
    often = 1 - rate < IDLE
    if season == 1:
        return ~often
    periods, series = values.shape
    fill = np.zeros((-periods % season, series), dtype=bool)
    years, sales = (
        np.vstack([one, fill]).reshape(-1, season, series).sum(axis=0) for one in (there, sold)
    )
    pairs = np.maximum(years - 1, 0)  # how often a phase was seen again
    freedom = np.maximum(pairs.sum(axis=0), 1)
    within = np.where(pairs > 0, sales * (years - sales) / np.maximum(years, 1), 0.0).sum(axis=0)
    total = rate * (1 - rate) * count / np.maximum(count - 1, 1)
    left = within / freedom / np.maximum(total, 1e-12)
    chance = np.maximum(REGULAR, 3 * np.sqrt(2 / freedom))  # what chance alone hardly explains
    regular = (left < 1 - chance) & (sold.sum(axis=0) >= FEWEST)
    return ~often & ~regular


@dataclass(frozen=True)
class Seldom:
    """How often and how much the leaves that sell seldom sell.

    Parameters
    ----------
    at
        int64 (leaf,): position of each among all leaves.
    chance
        Share of periods with a sale, recent ones first.
    size
        Mean of a sale.
    shapes
        float64 (leaf, grid): quantiles of a sale over that mean.
    """

    at: np.ndarray
    chance: np.ndarray
    size: np.ndarray
    shapes: np.ndarray

    @classmethod
    def of(cls, sales: np.ndarray, season: int) -> Seldom:
        """Learn from sales (leaf, time) of all leaves; one that was ever negative is not meant."""
        known = np.ones(sales.T.shape, dtype=bool)
        seldom = sells_seldom(sales.T, known, season) & (sales >= 0).all(axis=1)
        at = np.flatnonzero(seldom & sales.any(axis=1))
        past = sales[at]
        sold = past > 0
        there = np.cumsum(sold, axis=1) > 0
        weight = 0.5 ** (np.arange(past.shape[1])[::-1] / HALF_LIFE) * there
        periods = np.maximum(weight.sum(axis=1), 1e-12)
        share = np.maximum((weight * sold).sum(axis=1), 1e-12)
        size = (weight * past).sum(axis=1) / share
        relative = past / np.maximum(size, 1e-300)[:, None]
        usual = np.quantile(relative[sold], GRID) if len(at) else GRID
        shapes = [
            _pooled(one[there_], weight_[there_], usual)
            for one, there_, weight_ in zip(relative, sold, weight, strict=True)
        ]
        return cls(at, share / periods, size, np.array(shapes).reshape(len(at), len(GRID)))

    def draws(self, ahead: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Draws (draw, leaf, step) of these leaves whose mean is `ahead` (leaf, step).

        Parameters
        ----------
        share
            Where each draw lies in its distribution, between 0 and 1, of the same shape.
        """
        ahead = np.maximum(ahead, 0.0)
        ratio = ahead / (self.chance * self.size)[:, None]
        most = np.maximum(self.chance, SURE)[:, None]
        chance = np.clip(self.chance[:, None] * np.sqrt(ratio), LEAST, most)
        where = (share - (1 - chance)) / chance
        out = np.zeros(share.shape)
        for i, shape in enumerate(self.shapes):
            out[:, i] = np.where(where[:, i] > 0, np.interp(where[:, i], GRID, shape), 0.0)
        mean = out.mean(axis=0)
        return np.where(mean > 0, out * (ahead / np.where(mean > 0, mean, 1.0)), ahead)


def _pooled(sizes: np.ndarray, weight: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Quantiles of sizes over their mean, own and usual ones together."""
    every = np.concatenate([sizes, usual])
    counts = np.concatenate([weight, np.full(len(usual), POOL / len(usual))])
    order = np.argsort(every, kind="stable")
    every, counts = every[order], counts[order]
    reached = (np.cumsum(counts) - counts / 2) / counts.sum()
    shape = np.interp(GRID, reached, every)
    return shape / max(float(shape.mean()), 1e-300)
