"""From base forecasts that contradict each other to coherent ones: leaves whose sums agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, cg

ENOUGH = 12  # errors that make a series' own variance worth using for the rule of size
FEWEST = 5  # series that the rule of size needs
TRUST = 24  # errors of its own after which a series counts as much as the rule
POWER = 1.5  # variance ~ size ** power, where nothing was learned
APART = 0.6  # share of the errors' variance that is taken as every series' own affair
ROUNDS = 30  # at most, of holding negative leaves at their floor and solving again
DENSE = 1500  # leaf series up to which a dense solver is used


def reconcile(
    base: np.ndarray,
    summing: sparse.csr_array,
    variance: np.ndarray,
    *,
    errors: np.ndarray | None = None,
    floor: float = 0.0,
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
        Least value of a leaf; `-inf` where returns may exceed sales.
    locked
        Position of a series to its agreed values (horizon,), which then hold exactly.

    Returns
    -------
    np.ndarray
        float64, shape (leaf series, horizon). Sums follow by `summing @`.
    """
    normal = _normal(summing, variance, errors)
    right = normal.right(base)
    rows = sorted(locked or {})
    held_sums = summing[rows].toarray() if rows else np.zeros((0, summing.shape[1]))
    agreed = np.array([np.broadcast_to((locked or {})[i], base.shape[1]) for i in rows])
    agreed = agreed.reshape(len(rows), base.shape[1])
    everyone = np.ones(summing.shape[1], dtype=bool)
    leaves = _solve(normal, right, everyone, floor, held_sums, agreed)
    for step in np.flatnonzero((leaves < floor).any(axis=0)):
        at = [step]
        leaves[:, at] = _above(floor, leaves[:, at], normal, right[:, at], held_sums, agreed[:, at])
    return leaves


@dataclass(frozen=True)
class _Normal:
    """Normal equations `S' W⁻¹ S`, W = D^½ (apart · I + (1 - apart) · R) D^½, R of low rank."""

    summing: sparse.csr_array
    weight: np.ndarray  # 1 / variance
    plain: sparse.csr_array  # S' D⁻¹ S
    joint: np.ndarray  # (rank, leaf series): the low-rank part; no rows for none
    sums: np.ndarray  # (rank, series): the same before summing
    dense: np.ndarray | None

    def right(self, base: np.ndarray) -> np.ndarray:
        weighted = self.summing.T @ (self.weight[:, None] * base)
        return weighted - self.joint.T @ (self.sums @ base)

    def times(self, values: np.ndarray) -> np.ndarray:
        if self.dense is not None:
            return self.dense @ values
        return self.plain @ values - self.joint.T @ (self.joint @ values)

    def solve(self, free: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Solve for the `free` leaves; the others are zero."""
        if self.dense is not None:
            return np.linalg.solve(self.dense[np.ix_(free, free)], right)
        plain, joint = self.plain[free][:, free], self.joint[:, free]
        size = plain.shape[0]
        diagonal = plain.diagonal()
        operator = LinearOperator(
            (size, size), matvec=lambda x: plain @ x - joint.T @ (joint @ x), dtype=float
        )
        easing = LinearOperator((size, size), matvec=lambda x: x / diagonal, dtype=float)
        columns = [cg(operator, one, M=easing, rtol=1e-10, maxiter=2000)[0] for one in right.T]
        return np.stack(columns, axis=1)


def _normal(summing: sparse.csr_array, variance: np.ndarray, errors: np.ndarray | None) -> _Normal:
    weight = 1 / variance
    plain = (summing.T @ summing.multiply(weight[:, None])).tocsr()
    leaves = summing.shape[1]
    sums = np.zeros((0, len(variance)))
    if errors is not None and len(errors):
        standard = errors / np.sqrt(variance)
        inner = standard @ standard.T
        inner[np.diag_indices_from(inner)] += APART * len(errors) / (1 - APART)
        root = np.linalg.cholesky(inner)
        sums = np.linalg.solve(root, standard) * np.sqrt(weight)
    joint = np.asarray(summing.T @ sums.T).T.reshape(len(sums), leaves)
    dense = plain.toarray() - joint.T @ joint if leaves <= DENSE else None
    return _Normal(summing, weight, plain, joint, sums, dense)


def _solve(
    normal: _Normal,
    right: np.ndarray,
    free: np.ndarray,
    floor: float,
    held_sums: np.ndarray,
    agreed: np.ndarray,
) -> np.ndarray:
    """Best leaves with those that are not `free` at the floor and the agreed sums met."""
    leaves = np.where(free[:, None], 0.0, floor) * np.ones(right.shape)
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
    floor: float,
    leaves: np.ndarray,
    normal: _Normal,
    right: np.ndarray,
    held_sums: np.ndarray,
    agreed: np.ndarray,
) -> np.ndarray:
    """Hold leaves below the floor at it and solve for the others, until none is below."""
    held = np.zeros(len(leaves), dtype=bool)
    for _ in range(ROUNDS):
        below = (leaves[:, 0] < floor) & ~held
        if not below.any():
            break
        held |= below
        if held.all():
            return np.full_like(leaves, floor)
        leaves = _solve(normal, right, ~held, floor, held_sums, agreed)
    return np.maximum(leaves, floor)


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
