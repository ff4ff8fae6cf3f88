"""Capacities that several units share: a price each, on top of the water level.

A unit that uses `use` of a capacity with price `price` is filled as if the level were lower by
`price x use`. The prices are those at which every capacity just suffices, or are zero where
it is not needed in full (an active-set Newton method; steps are exact for straight curves).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from salesforecast.allocation.curves import Curves, Line
from salesforecast.allocation.level import Bounds, Levels, solve
from salesforecast.allocation.search import Problem
from salesforecast.allocation.tree import Tree

ENOUGH = 1e-10  # relative, of a capacity
_STEPS, _CUTS, _TOO_HIGH = 200, 80, 1e5


@dataclass(frozen=True)
class Shared:
    """Rows `lower <= use @ leaf values <= upper`, in steps of money.

    Parameters
    ----------
    use
        float64, row × leaf.
    lower, upper
        float64, one a row; infinite where there is none.
    """

    use: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @property
    def scale(self) -> np.ndarray:
        """What counts as a whole row, for tolerances."""
        ends = np.where(np.isfinite(self.upper), np.abs(self.upper), 0.0)
        ends = np.maximum(ends, np.where(np.isfinite(self.lower), np.abs(self.lower), 0.0))
        return np.maximum(ends, np.abs(self.use).max(axis=1))

    def miss(self, used: np.ndarray) -> np.ndarray:
        """How far `used` lies outside; above is positive, within is zero."""
        return used - np.clip(used, self.lower, self.upper)


@dataclass(frozen=True)
class Shifted:
    """Curves read at a level that is lower by a shift of each leaf's own."""

    curves: Curves
    shift: np.ndarray

    def at(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.curves.at(level - self.shift)

    def inverse(self, values: np.ndarray) -> np.ndarray:
        return self.curves.inverse(values) + self.shift

    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        return self.curves.reach()

    def bracket(self, low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
        least, most = self.curves.bracket(low, high)
        return least + float(self.shift.min()), most + float(self.shift.max())

    def guess(self, total: float) -> float:
        return self.curves.guess(total) + float(self.shift.mean())

    def take(self, which: np.ndarray | slice) -> Shifted:
        return Shifted(self.curves.take(which), self.shift[which])


def solve_shared(
    tree: Tree, curves: Curves, bounds: Bounds, total: float, shared: Shared
) -> tuple[Levels, np.ndarray] | None:
    """Water levels with a price for each shared row, or None if no prices were found.

    Where no finite price keeps a row, since only units without any weight could make room, these
    are given a ten-thousandth of the mean weight, so that a price exists.

    Returns
    -------
    tuple
        The levels, with each leaf's level and price after the shared prices; and the
        prices, one a row (positive: the row's upper limit binds).
    """

    found = _solve(tree, curves, bounds, total, shared)
    if found is None and isinstance(curves, Line) and (curves.slope <= 0).any():
        slope = np.where(curves.slope > 0, curves.slope, 1e-4 * (curves.slope.mean() or 1.0))
        found = _solve(tree, Line(curves.start, slope), bounds, total, shared)
    return found


def _solve(
    tree: Tree, curves: Curves, bounds: Bounds, total: float, shared: Shared
) -> tuple[Levels, np.ndarray] | None:
    def levels_at(prices: np.ndarray) -> Levels:
        return solve(tree, Shifted(curves, prices @ shared.use), bounds, total)

    scratch = Problem(tree, curves, bounds, total)
    from_level, to_level = scratch.span
    span = max(to_level - from_level, 1e-300)
    prices = _ascend(tree, curves, shared, levels_at, span)
    if prices is None:
        return None
    levels = levels_at(prices)
    leaf = levels.exact[tree.leaves]
    kept = (np.abs(shared.miss(shared.use @ leaf)) <= 10 * ENOUGH * shared.scale).all()
    if not kept or abs(leaf.sum() - total) > 1e-9 * (abs(total) + 1):
        return None  # prices so high that levels lose their digits
    shift = prices @ shared.use
    levels.level[tree.leaves] -= shift
    levels.price[tree.leaves] -= shift
    return levels, prices


def _ascend(
    tree: Tree,
    curves: Curves,
    shared: Shared,
    levels_at: Callable[[np.ndarray], Levels],
    span: float,
) -> np.ndarray | None:
    """Climb the dual function (concave, its slope is what each row misses) by Newton's method.

    Every finite side of a row has a price of its own, zero or more; prices at zero stay there
    while their row has room. Steps are cut where the climb along them ends; at first none moves a
    level by more than `span`, the range of all levels.
    """
    above, below = np.isfinite(shared.upper), np.isfinite(shared.lower)
    use = np.concatenate([shared.use[above], -shared.use[below]])
    ends = np.concatenate([shared.upper[above], -shared.lower[below]])
    enough = ENOUGH * np.concatenate([shared.scale[above], shared.scale[below]])

    def signed(prices: np.ndarray) -> np.ndarray:
        both = np.zeros(len(shared.use))
        both[above] += prices[: above.sum()]
        both[below] -= prices[above.sum() :]
        return both

    def look(prices: np.ndarray) -> tuple[Levels, np.ndarray]:
        levels = levels_at(signed(prices))
        return levels, use @ levels.exact[tree.leaves] - ends

    prices = np.zeros(len(use))
    levels, miss = look(prices)
    bend = np.zeros(len(use))
    for _ in range(_STEPS):
        if ((miss <= enough) & ((prices == 0) | (miss >= -enough))).all():
            return signed(prices)
        free = np.flatnonzero((prices > 0) | (miss > 0))
        tilt = -_tilt(tree, curves, use, signed(prices) @ shared.use, levels)
        bend = np.maximum(bend, np.diag(tilt))
        firm = (use**2).max(axis=1) * float(curves.at(np.asarray(levels.level[0]))[1].sum())
        bend = np.maximum(bend, 1e-6 * np.where(np.isfinite(firm), firm, 0.0))
        extra = 1e-10 * np.maximum(bend, 1e-10 * bend.max(initial=0.0) + 1e-30)
        step = np.zeros(len(use))
        while len(free):
            step[:] = 0.0
            step[free] = np.linalg.solve((tilt + np.diag(extra))[np.ix_(free, free)], miss[free])
            blocked = (prices[free] == 0) & (step[free] < 0)  # prices stay zero or more
            if not blocked.any():
                break
            free = free[~blocked]
        if not np.isfinite(step).all():
            return None
        most = span / max(float(np.abs(step @ use).max()), 1e-300)
        found = _along(look, prices, step, float(miss @ step), most)
        if found is None:
            return None
        prices, levels, miss = found
        if float(np.abs(prices @ use).max()) > _TOO_HIGH * span:
            return None  # no price is high enough: only units without weight could make room
    return None


def _along(
    look: Callable[[np.ndarray], tuple[Levels, np.ndarray]],
    prices: np.ndarray,
    step: np.ndarray,
    rise: float,
    most: float,
) -> tuple[np.ndarray, Levels, np.ndarray] | None:
    """Go along `step` until the climb has nearly ended, or a price reaches zero."""
    falls = step < 0
    far = float((prices[falls] / -step[falls]).min(initial=np.inf))
    near, end, length = 0.0, np.inf, min(1.0, far, most)
    best = None
    for _ in range(_CUTS):
        trial = np.maximum(prices + length * step, 0.0)
        if length == far:
            trial[falls & (prices + length * step <= 1e-15 * prices)] = 0.0
        levels, miss = look(trial)
        slope = float(miss @ step)
        if slope >= 0:
            near, best = length, (trial, levels, miss)
        else:
            end = length
        if (slope >= 0 and (length == far or length == 1.0)) or abs(slope) <= 0.3 * rise:
            return trial, levels, miss
        length = min(2 * length, far) if end == np.inf else 0.5 * (near + end)
        if length in (near, end):
            break
    return best


def _tilt(
    tree: Tree, curves: Curves, use: np.ndarray, shift: np.ndarray, levels: Levels
) -> np.ndarray:
    """How the use of each row answers to each price, with the groups' sums kept (row × row)."""
    leaves = tree.leaves
    group = np.where(levels.price != 0, np.arange(len(tree.parents)), -1)
    group[0] = 0
    group[leaves] = -1
    for layer in tree.layers[1:]:
        above = group[tree.parents[layer.nodes]]
        group[layer.nodes] = np.where(group[layer.nodes] < 0, above, group[layer.nodes])
    group = group[leaves]
    free = levels.held[leaves] == 0
    level = np.where(np.isfinite(levels.level[group]), levels.level[group], 0.0)
    slope = np.where(free, curves.at(level - shift)[1], 0.0)
    size = len(tree.parents)
    whole = np.bincount(group, slope, size)
    tilted = use * slope
    out = -(tilted @ use.T)
    means = np.stack([np.bincount(group, row, size) for row in tilted])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(whole > 0, means / whole, 0.0)
    return np.asarray(out + means @ share.T)
