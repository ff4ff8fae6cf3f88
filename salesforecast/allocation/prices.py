"""Capacities that several units share: a price each, on top of the water level.

A unit that uses `use` of a capacity with price `price` is filled as if the level were lower by
`price x use`. The prices are those at which every capacity just suffices, or are zero where
it is not needed in full (an active-set Newton method; steps are exact for straight curves).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from salesforecast.allocation.level import Bounds, Curves, Levels, solve
from salesforecast.allocation.tree import Tree

ENOUGH = 1e-10  # relative, of a capacity
_STEPS, _SWEEPS, _HALVINGS = 60, 200, 100


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

    def bracket(self, low: np.ndarray, high: np.ndarray) -> tuple[float, float, float]:
        least, most, guess = self.curves.bracket(low, high)
        return least + float(self.shift.min()), most + float(self.shift.max()), guess


def solve_shared(
    tree: Tree, curves: Curves, bounds: Bounds, total: float, shared: Shared
) -> tuple[Levels, np.ndarray] | None:
    """Water levels with a price for each shared row, or None if no prices were found.

    Returns
    -------
    tuple
        The levels, with each leaf's level and price after the shared prices; and the
        prices, one a row (positive: the row's upper limit binds).
    """

    def levels_at(prices: np.ndarray) -> Levels:
        return solve(tree, Shifted(curves, prices @ shared.use), bounds, total)

    prices = _newton(tree, curves, shared, levels_at)
    if prices is None:
        prices = _one_by_one(tree, shared, levels_at)
    if prices is None:
        return None
    levels = levels_at(prices)
    shift = prices @ shared.use
    levels.level[tree.leaves] -= shift
    levels.price[tree.leaves] -= shift
    return levels, prices


def _newton(
    tree: Tree, curves: Curves, shared: Shared, levels_at: Callable[[np.ndarray], Levels]
) -> np.ndarray | None:
    """Which rows bind is guessed, the prices that make those exact follow, and so on."""
    prices = np.zeros(len(shared.use))
    weight = np.zeros(len(prices))
    seen = np.inf
    for _ in range(_STEPS):
        levels = levels_at(prices)
        used = shared.use @ levels.exact[tree.leaves]
        tilt = _tilt(tree, curves, shared, prices, levels)
        weight = np.maximum(weight, np.abs(np.diag(tilt)))
        pull = used + weight * prices
        binds = (pull > shared.upper) | (pull < shared.lower)
        goal = np.where(pull > shared.upper, shared.upper, shared.lower)
        miss = np.where(binds, used - np.where(binds, goal, 0.0), 0.0)
        off = np.abs(miss) / shared.scale
        if off.max() <= ENOUGH and not (prices[~binds] != 0).any():
            return prices
        step = np.where(binds, 0.0, -prices)
        at = np.flatnonzero(binds)
        if len(at):
            square = tilt[np.ix_(at, at)] - 1e-14 * np.diag(weight[at] + 1e-300)
            rest = miss[at] + tilt[at] @ step
            step[at] = np.linalg.lstsq(square, -rest, rcond=1e-13)[0]
        if off.max() >= seen:
            step = 0.5 * step
        seen = off.max()
        prices = prices + step
        if not np.isfinite(prices).all():
            return None
    return None


def _tilt(
    tree: Tree, curves: Curves, shared: Shared, prices: np.ndarray, levels: Levels
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
    slope = np.where(free, curves.at(level - prices @ shared.use)[1], 0.0)
    size = len(tree.parents)
    whole = np.bincount(group, slope, size)
    tilted = shared.use * slope
    out = -(tilted @ shared.use.T)
    means = np.stack([np.bincount(group, row, size) for row in tilted])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(whole > 0, means / whole, 0.0)
    return np.asarray(out + means @ share.T)


def _one_by_one(
    tree: Tree, shared: Shared, levels_at: Callable[[np.ndarray], Levels]
) -> np.ndarray | None:
    """The slow and sure way: one price after the other by halving, until none moves."""
    prices = np.zeros(len(shared.use))
    for _ in range(_SWEEPS):
        before = prices.copy()
        for row in range(len(prices)):
            found = _halve(tree, shared, levels_at, prices, row)
            if found is None:
                return None
            prices[row] = found
        used = shared.use @ levels_at(prices).exact[tree.leaves]
        if (np.abs(shared.miss(used)) <= ENOUGH * shared.scale).all() and (
            np.abs(prices - before) <= 1e-12 * np.abs(prices)
        ).all():
            return prices
    return None


def _halve(
    tree: Tree,
    shared: Shared,
    levels_at: Callable[[np.ndarray], Levels],
    prices: np.ndarray,
    row: int,
) -> float | None:
    """The price of one row at which it just holds, the others' prices kept."""

    def over(price: float) -> float:
        trial = prices.copy()
        trial[row] = price
        used = float(shared.use[row] @ levels_at(trial).exact[tree.leaves])
        return float(used - np.clip(used, shared.lower[row], shared.upper[row]))

    start = over(0.0)
    if start == 0:
        return 0.0
    unit = np.sign(start) / max(np.abs(shared.use[row]).max(), 1e-300)
    near, far = 0.0, unit
    for _ in range(_HALVINGS):
        if over(far) * start <= 0:
            break
        near, far = far, 4 * far
    else:
        return None
    for _ in range(_HALVINGS):
        middle = 0.5 * (near + far)
        if middle in (near, far):
            break
        if over(middle) * start > ENOUGH * 0.1 * shared.scale[row] * abs(start):
            near = middle
        else:
            far = middle
    return far
