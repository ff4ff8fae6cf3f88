"""Contradictions with capacities that several units share, by elastic linear programs (HiGHS).

Such a capacity is no limit of one node, so the tree's one pass cannot judge it. Each limit is
given a slack that costs what it gives up; where no plan exists without slack, the prices of the
cheapest slack name a contradicting set, which is then thinned until every limit in it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf

import numpy as np
from scipy import sparse

from salesforecast.allocation.limits import ORDER, Bounds, Limits

_SLACK = 1e-6  # in steps: what HiGHS may leave open
_ROUNDS = 20  # of repairing; the last one takes limits away


@dataclass(frozen=True)
class Knot:
    """One contradiction among limits that leave the tree.

    Parameters
    ----------
    limits
        The state in which it was found.
    which
        The contradicting limits, none of which can be spared.
    shortfall, unit
        By how much they miss each other, and in what; empty for money.
    bounds
        The cheapest repair.
    ways
        Every repair by one kind of limits alone.
    """

    limits: Limits
    which: np.ndarray
    shortfall: float
    unit: str
    bounds: Bounds
    ways: Callable[[], tuple[Bounds, ...]]


def knots(limits: Limits, order: Sequence[str]) -> Iterator[Knot]:
    """Contradictions one after the other, each after the repair of those before it."""
    for _ in range(_ROUNDS):
        program = _Program(limits)
        if program.possible(np.arange(len(limits.at))):
            return
        which = _thinned(program, program.blamed())
        state = limits
        _, bounds = next(_ways(program, state, order))
        shortfall, unit = _shortfall(program, state, which)
        yield Knot(
            state,
            which,
            shortfall,
            unit,
            bounds,
            partial(_alone, program, state, order),
        )
        limits = limits.with_bounds(bounds)


def _alone(program: _Program, limits: Limits, order: Sequence[str]) -> tuple[Bounds, ...]:
    """Every repair by one kind of limits alone."""
    return tuple(found for kinds, found in _ways(program, limits, order) if "," not in kinds)


class _Program:
    """The limits as rows over the leaves, all in steps of money; scratch of one diagnosis."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        summing = limits.hierarchy.summing
        on_tree = sparse.csr_array(summing[np.maximum(limits.at, 0)])
        self.scale = np.ones(len(limits.at))
        rows = []
        for place, row in limits.weighted.items():
            use = row.coefficients.reindex(limits.hierarchy.leaves).fillna(0.0).to_numpy()
            use = use * limits.step
            self.scale[place] = np.abs(use[use != 0]).mean() if use.any() else 1.0
            rows.append(use / self.scale[place])
        keep = np.ones(len(limits.at))
        places = np.array(list(limits.weighted), dtype=np.int64)
        keep[places] = 0.0
        lifted = sparse.csr_array(
            (np.ones(len(places)), (places, np.arange(len(places)))),
            shape=(len(limits.at), len(places)),
        )
        self.rows = sparse.csr_array(
            sparse.diags_array(keep) @ on_tree + lifted @ sparse.csr_array(np.array(rows))
        )
        self.lower = limits.lower / self.scale
        self.upper = limits.upper / self.scale
        self.natural = limits.natural[limits.tree.leaf]

    def elastic(
        self, which: np.ndarray, soft: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Least total slack of the limits in `soft` that lets all in `which` hold.

        Returns
        -------
        tuple
            How far each limit's lower side falls and its upper side rises, in steps, and
            the prices of the limits; None if no slack of these limits is enough.
        """
        from scipy.optimize import linprog

        rows, cost, natural = self._merged(which)
        has_low, has_high = np.isfinite(self.lower[which]), np.isfinite(self.upper[which])
        soft_low, soft_high = has_low & soft, has_high & soft
        slack_low = sparse.eye_array(len(which), format="csr")[:, np.flatnonzero(soft_low)]
        slack_high = sparse.eye_array(len(which), format="csr")[:, np.flatnonzero(soft_high)]
        above = sparse.hstack([rows, slack_low * 0.0, -slack_high], format="csr")[
            np.flatnonzero(has_high)
        ]
        below = sparse.hstack([-rows, -slack_low, slack_high * 0.0], format="csr")[
            np.flatnonzero(has_low)
        ]
        slacks = int(soft_low.sum() + soft_high.sum())
        result = linprog(
            np.concatenate([cost, np.ones(slacks)]),
            A_ub=sparse.vstack([above, below], format="csr"),
            b_ub=np.concatenate([self.upper[which][has_high], -self.lower[which][has_low]]),
            bounds=[(low if low > -inf else None, None) for low in natural] + [(0, None)] * slacks,
            method="highs",
        )
        if result.status == 2:
            return None
        if result.status != 0:
            raise RuntimeError(f"HiGHS stopped: {result.message}")
        fall, rise, price = (np.zeros(len(which)) for _ in range(3))
        fall[soft_low] = result.x[len(cost) : len(cost) + int(soft_low.sum())]
        rise[soft_high] = result.x[len(cost) + int(soft_low.sum()) :]
        marginals = np.abs(result.ineqlin.marginals)
        price[has_high] += marginals[: int(has_high.sum())]
        price[has_low] += marginals[int(has_high.sum()) :]
        return fall, rise, price

    def _merged(self, which: np.ndarray) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
        """The rows of `which`; leaves that no row tells apart become one column."""
        rows = sparse.csc_array(self.rows[which])
        if len(which) > 300:
            return sparse.csr_array(rows), np.zeros(rows.shape[1]), self.natural
        dense = rows.toarray()
        columns, inverse = np.unique(dense, axis=1, return_inverse=True)
        natural = np.zeros(columns.shape[1])
        np.add.at(natural, inverse.ravel(), self.natural)
        return sparse.csr_array(columns), np.zeros(columns.shape[1]), natural

    def possible(self, which: np.ndarray) -> bool:
        """Whether some plan keeps all limits in `which`."""
        return not len(which) or self.elastic(which, np.zeros(len(which), bool)) is not None

    def blamed(self) -> np.ndarray:
        """Limits with a price where all may give way: together they contradict each other."""
        everything = np.arange(len(self.limits.at))
        found = self.elastic(everything, np.ones(len(everything), bool))
        assert found is not None  # with every limit elastic there is always a plan
        return everything[found[2] > 1e-9]


def _thinned(program: _Program, which: np.ndarray) -> np.ndarray:
    """The same contradiction without the limits that it does not need (deletion filter)."""
    if program.possible(which):  # prices below the solver's tolerance were left out
        which = np.arange(len(program.limits.at))
    chunk = max(1, len(which) // 2)
    while True:
        at = 0
        while at < len(which):
            without = np.delete(which, slice(at, at + chunk))
            if program.possible(without):
                at += chunk
            else:
                which = without
        if chunk == 1:
            return which
        chunk = max(1, chunk // 2)


def _ways(program: _Program, limits: Limits, order: Sequence[str]) -> Iterator[tuple[str, Bounds]]:
    """Repairs by one kind of limits alone, in `order`; then by the first two kinds, three, ..."""
    present = {ORDER[kind] for kind in limits.kind}
    kinds = [name for name in order if name in present]
    everything = np.arange(len(limits.at))
    trials = [[name] for name in kinds] + [kinds[:count] for count in range(2, len(kinds) + 1)]
    for trial in trials:
        soft = np.isin(limits.kind, [ORDER.index(name) for name in trial])
        found = program.elastic(everything, soft)
        if found is not None:
            yield ", ".join(trial), _bounds(program, limits, found[0], found[1])


def _bounds(program: _Program, limits: Limits, fall: np.ndarray, rise: np.ndarray) -> Bounds:
    """Slack as new bounds: whole steps on the tree, three figures of a capacity."""
    moved = np.flatnonzero((fall > _SLACK) | (rise > _SLACK))
    lower, upper = limits.lower[moved].copy(), limits.upper[moved].copy()
    plain = np.isin(moved, [at for at, row in limits.weighted.items() if row.plain])
    shared = np.isin(moved, list(limits.weighted)) & ~plain
    each = np.where(plain, limits.step, 1)  # sums that leave the tree are in money
    falls, rises = fall[moved], rise[moved]
    fixed = limits.lower[moved] == limits.upper[moved]
    lower = np.where(
        shared,
        lower - falls * program.scale[moved],
        np.floor(lower / each - falls + _SLACK) * each,
    )
    upper = np.where(shared, upper, np.ceil(upper / each + rises - _SLACK) * each)
    for at in np.flatnonzero(shared & (rise[moved] > _SLACK)):
        upper[at] = _up(upper[at] + (rise[moved[at]] + 1.0) * program.scale[moved[at]])
    kinds = (ORDER.index("lock"), ORDER.index("total"))
    both = (np.isin(limits.kind[moved], kinds) | fixed) & ~shared
    one = np.where(fall[moved] > _SLACK, lower, upper)
    return Bounds(moved, np.where(both, one, lower), np.where(both, one, upper))


def _up(value: float) -> float:
    """Rounded up to a figure that people use: three figures, at least the whole ones."""
    if value <= 0:
        return value
    grain = min(10.0 ** (np.floor(np.log10(value)) - 2), 1.0)
    return float(np.round(np.ceil(value / grain - 1e-9) * grain, 12))


def _shortfall(program: _Program, limits: Limits, which: np.ndarray) -> tuple[float, str]:
    """By how much a contradiction misses: in the unit of a capacity that could alone give way."""
    weighted = [at for at in which.tolist() if at in limits.weighted]
    for at in [*weighted, *which.tolist()]:
        found = program.elastic(which, which == at)
        if found is not None:
            amount = float((found[0] + found[1]).sum())
            if at in limits.weighted:
                return amount * program.scale[at], str(getattr(limits.rules[at], "unit", ""))
            return amount * limits.step, ""
    found = program.elastic(which, np.ones(len(which), bool))
    return float((found[0] + found[1]).sum()) * limits.step if found else 0.0, ""
