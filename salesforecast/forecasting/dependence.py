"""How leaves and periods err together: what the tree explains, and what remains of the data.

Standardised h-step errors of back-tests, as normal scores, are shared at every depth of the tree
(company, region, ... the leaf itself) and over steps. Their correlation is shrunk towards this
nested model by Ledoit and Wolf's rule (2004), since there are far fewer origins than pairs of
leaves. A Gaussian copula draws from the mixture; margins are not touched here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.hierarchy import SEPARATOR

SHARED_BEFORE = 0.2  # correlation of leaves where nothing was seen, worth one origin
STEPS_BEFORE = 0.4  # correlation of two steps where nothing was seen
STEPS_TRUST = 40.0  # errors after which the leaves' correlation of steps is believed half
GROUP_TRUST = 2.0  # independent errors of groups after which their own is
UNSEEN = 2.0  # error variance that `n` origins leave open, over `n`: the same for all steps
LUCK = 1.0  # the same for what a depth shares, over its independent errors
MOST = 0.97  # correlation at most
PAIRS = 200  # leaves at most whose pairs tell how far to shrink


@dataclass(frozen=True)
class Depth:
    """What leaves of one group share.

    Parameters
    ----------
    group
        int64 (leaf,): its group at this depth.
    share
        Share of a leaf's error variance that its group has in common and no larger group has.
    steps
        Correlation (step, step) of that part.
    """

    group: np.ndarray
    share: float
    steps: np.ndarray


@dataclass(frozen=True)
class Dependence:
    """Correlation of leaves and steps: nested groups, and the errors as they were.

    Parameters
    ----------
    depths
        From the company to the leaf itself; shares add up to 1.
    vectors
        Normal scores of the back-test (origin, leaf, step), zero where unknown.
    seen
        Weight of the correlation of `vectors` against that of the nested groups.
    """

    depths: tuple[Depth, ...]
    vectors: np.ndarray
    seen: float


def learn_dependence(
    normal: np.ndarray, spread: np.ndarray, leaves: pd.Index, *, every: int = 1
) -> Dependence:
    """Learn from back-test errors as normal scores (origin, leaf, step), NaN where unknown.

    Pairs of leaves count by their usual errors `spread` (leaf, step), because that is how they
    move a sum. Origins, `every` so many periods, overlap: they count by the horizons between them.
    """
    origins, count, horizon = normal.shape
    groups = groups_above(leaves)
    known = np.isfinite(normal)
    size = spread.mean(axis=1) / max(float(spread.mean()), 1e-300)
    scores = size[None, :, None] * np.nan_to_num(normal)
    weight = size[None, :, None] * known
    apart = origins * min(every / horizon, 1.0)
    common = _steps(normal, np.full((horizon, horizon), STEPS_BEFORE), origins * count, STEPS_TRUST)
    shares = _shares(scores, weight, groups, apart)
    depths = []
    for group, share in zip([*groups, np.arange(count)], shares, strict=True):
        total = _by_group(scores, group)
        there = _by_group(weight, group) > 0
        trusted = apart * total.shape[1]
        steps = _steps(np.where(there, total, np.nan), common, trusted, GROUP_TRUST)
        open_ = UNSEEN / max(origins, 1)
        depths.append(Depth(group, float(share), (steps + open_) / (1 + open_)))
    return Dependence(
        tuple(depths), np.nan_to_num(normal), _seen(normal, groups, shares, max(apart, 1.0))
    )


def draw_normals(model: Dependence, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Standard normals (draw, leaf, step) that go together as `model` says."""
    origins, leaves, horizon = model.vectors.shape
    out = np.zeros((draws, leaves, horizon))
    for depth in model.depths:
        groups = int(depth.group.max(initial=0)) + 1
        drawn = rng.standard_normal((draws, groups, horizon)) @ _root(depth.steps).T
        out += np.sqrt(depth.share) * drawn[:, depth.group]
    if model.seen <= 0:
        return out
    vectors = model.vectors.reshape(origins, leaves * horizon)
    power = np.sqrt((vectors**2).sum(axis=0)).reshape(leaves, horizon)
    shared = (rng.standard_normal((draws, origins)) @ vectors).reshape(out.shape)
    shared = np.where(power > 0, shared / np.where(power > 0, power, 1.0), out)
    mixed = np.sqrt(model.seen) * shared + np.sqrt(1 - model.seen) * out
    return np.where(power > 0, mixed, out)


def groups_above(leaves: pd.Index) -> list[np.ndarray]:
    """Group of each leaf at every depth above it, the company first."""
    parts = [str(leaf).split(SEPARATOR) for leaf in leaves]
    return [
        np.unique([SEPARATOR.join(one[:depth]) for one in parts], return_inverse=True)[1]
        for depth in range(max((len(one) for one in parts), default=1))
    ]


def _by_group(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Sum (origin, leaf, step) to (origin, group, step)."""
    origins, _, horizon = values.shape
    out = np.zeros((int(group.max(initial=0)) + 1, origins, horizon))
    np.add.at(out, group, values.transpose(1, 0, 2))
    return out.transpose(1, 0, 2)


def _shares(
    scores: np.ndarray, weight: np.ndarray, groups: Sequence[np.ndarray], apart: float
) -> np.ndarray:
    """Share of variance of each depth; the leaf's own last. They add up to 1."""
    products, pairs = np.zeros(len(groups)), np.zeros(len(groups))
    for at, group in enumerate(groups):
        for out, values in ((products, scores), (pairs, weight)):
            out[at] = (_by_group(values, group) ** 2).sum() - (values**2).sum()
    exact = [values - np.append(values[1:], 0.0) for values in (products, pairs)]
    before = exact[1] / max(len(scores), 1) + (1.0 if not len(scores) else 0.0)
    correlation = _rising(exact[0] + SHARED_BEFORE * before, exact[1] + before)
    shares = np.diff(np.clip(correlation, 0.0, MOST), prepend=0.0)
    counted = np.array([int(group.max(initial=0)) + 1 for group in groups]) * max(apart, 1.0)
    shares = shares * (1 + LUCK / counted)
    shares *= min(1.0, MOST / max(float(shares.sum()), 1e-9))
    return np.append(shares, 1 - shares.sum())


def _rising(products: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Mean products per pair, never smaller deeper in the tree: neighbours are pooled."""
    blocks: list[tuple[float, float, int]] = []
    for product, pair in zip(products, pairs, strict=True):
        block = (float(product), float(pair), 1)
        while blocks and blocks[-1][0] * max(block[1], 1e-12) >= block[0] * max(
            blocks[-1][1], 1e-12
        ):
            above = blocks.pop()
            block = (above[0] + block[0], above[1] + block[1], above[2] + block[2])
        blocks.append(block)
    means = [product / pair if pair > 0 else 0.0 for product, pair, _ in blocks]
    return np.repeat(means, [count for _, _, count in blocks])


def _steps(errors: np.ndarray, before: np.ndarray, trusted: float, trust: float) -> np.ndarray:
    """Correlation of steps over all origins and groups, shrunk towards `before`."""
    known = np.isfinite(errors).astype(float)
    values = np.nan_to_num(errors)
    pairs = np.einsum("ogh,ogk->hk", known, known)
    second = np.einsum("ogh,ogk->hk", values, values) / np.maximum(pairs, 1)
    scale = np.sqrt(np.maximum(np.diag(second), 1e-12))
    own = np.where(pairs > 0, second / scale / scale[:, None], before)
    out = before + (own - before) * trusted / (trusted + trust)
    np.fill_diagonal(out, 1.0)
    return out


def _root(correlation: np.ndarray) -> np.ndarray:
    """A root of the nearest correlation matrix without negative directions."""
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 1e-6))
    return root / np.sqrt((root**2).sum(axis=1))[:, None]


def _seen(
    normal: np.ndarray, groups: Sequence[np.ndarray], shares: np.ndarray, apart: float
) -> float:
    """How far to trust the pairs' own correlations: 1 less Ledoit and Wolf's intensity."""
    leaves = normal.shape[1]
    few = np.unique(np.linspace(0, leaves - 1, min(leaves, PAIRS)).astype(np.int64))
    values = np.nan_to_num(normal[:, few]).transpose(1, 0, 2).reshape(len(few), -1)
    power = np.sqrt((values**2).sum(axis=1))
    if len(few) < 2 or not (power > 0).all():
        return 0.0
    own = (values @ values.T) / power / power[:, None]
    target = np.zeros_like(own)
    for group, share in zip(groups, shares, strict=False):
        target += share * (group[few][:, None] == group[few])
    pair = np.triu_indices(len(few), 1)
    noise = ((1 - target[pair] ** 2) ** 2).mean() / apart
    distance = ((own - target)[pair] ** 2).mean()
    return float(np.clip(1 - noise / max(float(distance), 1e-12), 0.0, 1.0))
