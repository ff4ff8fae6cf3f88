"""The year by Monte Carlo: from the forecast's samples, from person to company."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import ndtri

from salesforecast.hierarchy import Hierarchy
from salesforecast.tables import Samples

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
_BLOCK = 24  # leaves at a time: keeps what is in the air below some hundred megabytes
_GRID = 4096  # steps of the normal distribution function that draws are looked up in


@dataclass(frozen=True)
class Simulation:
    """The drawn year.

    Parameters
    ----------
    units
        On node: `mean`, one column a quantile (`q10`, `q50` ...), and with targets `target`,
        `chance`, `expected_short` (mean of what is lacking when the target is missed).
    months
        One row a node and period: `node, period, mean`, the quantiles.
    year
        float32, draw × node: the whole span's sums, for pay-outs and further questions.
    """

    units: pd.DataFrame
    months: pd.DataFrame
    year: pd.DataFrame

    def reaching(self, targets: pd.Series) -> pd.Series:
        """Share of `targets`' nodes that reach theirs, one a draw (people are correlated)."""
        hit = self.year[targets.index].to_numpy() >= targets.to_numpy(dtype="float32")
        return pd.Series(hit.mean(axis=1), index=self.year.index, name="reaching")


def simulate(
    samples: Samples,
    hierarchy: Hierarchy,
    *,
    draws: int = 10_000,
    seed: int = 0,
    targets: pd.Series | None = None,
) -> Simulation:
    """Draw the year `draws` times for every node and period.

    New futures are mixed of pairs of the forecast's draws, as normal scores under a random
    angle: every cell keeps its distribution, and leaves and periods stay as correlated as
    they were. With as many samples as `draws`, the samples themselves are used.

    Parameters
    ----------
    samples
        Of all leaves and periods of the span.
    targets
        On node, of the whole span.

    Raises
    ------
    ValueError
        If `draws` is less than 2 or the samples lack a leaf.
    """
    known = len(samples.values)
    if draws < 2 or known < 2:
        raise ValueError("two draws at least")
    at = samples.leaves.get_indexer(hierarchy.leaves)
    if (at < 0).any():
        raise ValueError(f"no samples of {list(hierarchy.leaves[at < 0][:3])}")
    rng = np.random.default_rng(seed)
    mixture = None if known == draws else _mixture(known, draws, rng)
    inner = np.flatnonzero(~hierarchy.nodes["leaf"].to_numpy())
    periods = len(samples.periods)
    size = len(hierarchy.nodes)
    above = np.zeros((len(inner), draws, periods), dtype=np.float32)
    year = np.empty((draws, size), dtype=np.float32)
    months = np.empty((size, periods, 1 + len(QUANTILES)))
    place = hierarchy.nodes.index.get_indexer(hierarchy.leaves)
    summing = sparse.csr_array(hierarchy.summing[inner]).astype(np.float32)
    for first in range(0, len(at), _BLOCK):
        block = slice(first, first + _BLOCK)
        cells = samples.values[:, at[block]]
        drawn = _drawn(cells, mixture)  # leaf × draw × period
        part = summing[:, block]
        above += (part @ drawn.reshape(len(drawn), -1)).reshape(above.shape)
        year[:, place[block]] = drawn.sum(axis=2).T
        months[place[block]] = _described(drawn)
    year[:, inner] = above.sum(axis=2).T
    for one, node in enumerate(inner):
        months[node] = _described(above[one : one + 1])[0]
    del above
    nodes = hierarchy.nodes.index
    units = pd.DataFrame(_quantiles(year.T), index=nodes, columns=_NAMES)
    if targets is not None:
        units = units.join(_against(year, nodes, targets))
    return Simulation(
        units, _long(months, nodes, samples.periods), pd.DataFrame(year, columns=nodes)
    )


_NAMES = ["mean", *(f"q{round(100 * q):02d}" for q in QUANTILES)]


@dataclass(frozen=True)
class _Mixture:
    """Which two samples make a draw, and how: normal scores are cos·first + sin·second."""

    first: np.ndarray
    second: np.ndarray
    cos: np.ndarray
    sin: np.ndarray


def _mixture(known: int, draws: int, rng: np.random.Generator) -> _Mixture:
    whole = np.resize(np.arange(known), draws)  # every sample serves as often as any other
    first = rng.permutation(whole)
    second = (first + rng.integers(1, known, draws)) % known
    angle = rng.random(draws) * (np.pi / 2)
    return _Mixture(
        first, second, np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    )


def _drawn(cells: np.ndarray, mixture: _Mixture | None) -> np.ndarray:
    """float32 leaf × draw × period, of samples draw × leaf × period."""
    if mixture is None:
        return np.ascontiguousarray(cells.transpose(1, 0, 2), dtype=np.float32)
    known, leaves, periods = cells.shape
    flat = np.ascontiguousarray(cells.transpose(1, 2, 0)).reshape(leaves * periods, known)
    order = np.argsort(flat, axis=1, kind="stable")
    in_order = np.take_along_axis(flat, order, axis=1)
    scores = ndtri((np.arange(known) + 0.5) / known).astype(np.float32)
    normal = np.empty(flat.shape, dtype=np.float32)
    np.put_along_axis(normal, order, np.broadcast_to(scores, flat.shape), axis=1)
    table = _lookup(in_order, scores)
    means = flat.mean(axis=1)
    scale = np.float32(_GRID / 10.0)
    out = np.empty((leaves * periods, len(mixture.first)), dtype=np.float32)
    for cell in range(len(flat)):
        z = normal[cell]
        mixed = z[mixture.first]
        mixed *= mixture.cos
        other = z[mixture.second]
        other *= mixture.sin
        mixed += other
        mixed += np.float32(5.0)
        mixed *= scale
        drawn = table[cell].take(mixed.astype(np.int32), mode="clip")
        mean = float(drawn.mean(dtype=np.float64))
        if mean > 0 and means[cell] >= 0:
            drawn *= np.float32(means[cell] / mean)
        out[cell] = drawn
    shaped = out.reshape(leaves, periods, -1)
    return np.ascontiguousarray(shaped.transpose(0, 2, 1))


def _lookup(in_order: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """float32 cell × grid: the value of each normal score from -5 to 5, ends held."""
    middle = (np.arange(_GRID) + 0.5) * (10.0 / _GRID) - 5.0
    place = np.interp(middle, scores, np.arange(len(scores)))
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, len(scores) - 1)
    part = place - low
    return (in_order[:, low] * (1 - part) + in_order[:, high] * part).astype(np.float32)


def _described(drawn: np.ndarray) -> np.ndarray:
    """Unit × period × (mean, quantiles), of unit × draw × period."""
    units, draws, periods = drawn.shape
    flat = np.ascontiguousarray(drawn.transpose(0, 2, 1)).reshape(units * periods, draws)
    return _quantiles(flat).reshape(units, periods, -1)


def _quantiles(rows: np.ndarray) -> np.ndarray:
    """Row × (mean, quantiles): linear between neighbours, as numpy's own."""
    draws = rows.shape[1]
    place = np.array(QUANTILES) * (draws - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, draws - 1)
    wanted = np.unique(np.r_[low, high])
    out = np.empty((len(rows), 1 + len(QUANTILES)))
    for first in range(0, len(rows), 512):
        part = np.partition(rows[first : first + 512], wanted, axis=1)
        lower, upper = part[:, low].astype("float64"), part[:, high].astype("float64")
        out[first : first + 512, 1:] = lower + (upper - lower) * (place - low)
        out[first : first + 512, 0] = part.mean(axis=1, dtype=np.float64)
    return out


def _against(year: np.ndarray, nodes: pd.Index, targets: pd.Series) -> pd.DataFrame:
    at = nodes.get_indexer(targets.index)
    if (at < 0).any():
        raise ValueError(f"no unit {list(targets.index[at < 0][:3])}")
    asked = targets.to_numpy(dtype="float64")
    ends = year[:, at]
    short = np.clip(asked - ends, 0.0, None)
    missed = (short > 0).sum(axis=0)
    return pd.DataFrame(
        {
            "target": asked,
            "chance": (ends >= asked).mean(axis=0),
            "expected_short": short.sum(axis=0) / np.maximum(missed, 1),
        },
        index=targets.index,
    )


def _long(months: np.ndarray, nodes: pd.Index, periods: pd.DatetimeIndex) -> pd.DataFrame:
    flat = pd.DataFrame(months.reshape(-1, months.shape[2]), columns=_NAMES)
    flat.insert(0, "node", np.repeat(nodes.to_numpy(), len(periods)))
    flat.insert(1, "period", np.tile(periods.to_numpy(), len(nodes)))
    return flat.astype({"node": "str"})
