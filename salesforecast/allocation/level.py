"""The water level on a tree: one level for all, own levels inside groups that are held by a limit.

Model (a separable convex problem with nested sums, solved through its optimality conditions):

    leaf   x(level) = clip(curve(level), low, high)
    group  X(level) = clip(sum of its children's X(level), low, high)
    root   X(level) = total; a group held by its limit has a level of its own inside
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from salesforecast.allocation.tree import Tree

TOLERANCE = 1e-13  # relative, of a group's sum
MOST_STEPS = 300


class Curves(Protocol):
    """Nondecreasing, continuous response curves, one a leaf: level -> target."""

    def at(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and slopes at `level` (one a leaf, or one for all)."""
        ...

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """The level at which each curve takes its value; nan where it never rises."""
        ...

    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest value that each curve ever takes (may be infinite)."""
        ...

    def bracket(self, low: np.ndarray, high: np.ndarray) -> tuple[float, float, float]:
        """Levels at which every leaf is at `low`, at `high`, and a first guess."""
        ...


@dataclass(frozen=True)
class Line:
    """Curves `start + level x slope`; slope zero or more."""

    start: np.ndarray
    slope: np.ndarray

    def at(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value = level * self.slope
        value += self.start
        return value, self.slope

    def inverse(self, values: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            level = values - self.start
            level /= self.slope
        if self._all_rise:
            return level
        return np.where(self.slope > 0, level, np.nan)

    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        if self._all_rise:
            return np.array(-np.inf), np.array(np.inf)
        rises = self.slope > 0
        return np.where(rises, -np.inf, self.start), np.where(rises, np.inf, self.start)

    def bracket(self, low: np.ndarray, high: np.ndarray) -> tuple[float, float, float]:
        least, most = self.inverse(low), self.inverse(high)
        if not self._all_rise:
            if not (self.slope > 0).any():
                return 0.0, 0.0, 0.0
            least, most = np.nan_to_num(least, nan=np.inf), np.nan_to_num(most, nan=-np.inf)
        return float(least.min()), float(most.max()), float("nan")

    @cached_property
    def _all_rise(self) -> bool:
        return bool(self.slope.min() > 0)


@dataclass(frozen=True)
class Bounds:
    """What every node can carry: its own limits, and those its children force on it.

    Parameters
    ----------
    low, high
        Own limits, one a node; `-inf` and `inf` where there is none.
    least, most
        The same after the children's limits are summed up: between them every sum is possible.
    """

    low: np.ndarray
    high: np.ndarray
    least: np.ndarray
    most: np.ndarray

    @property
    def broken(self) -> np.ndarray:
        """Places of nodes that cannot be satisfied: they must carry more than they may."""
        return np.flatnonzero(self.least > self.most)


def tighten(tree: Tree, low: np.ndarray, high: np.ndarray) -> Bounds:
    """Sum the limits bottom-up, so that every node knows what it can carry.

    A leaf needs a finite `low`. Nodes with `least > most` are listed in `Bounds.broken`.
    """
    least, most = low.copy(), high.copy()
    for layer, below in zip(tree.layers[-2::-1], tree.layers[:0:-1], strict=True):
        groups = layer.nodes[layer.inner]
        least[groups] = np.maximum(low[groups], np.add.reduceat(least[below.nodes], layer.starts))
        most[groups] = np.minimum(high[groups], np.add.reduceat(most[below.nodes], layer.starts))
    return Bounds(low, high, least, most)


@dataclass(frozen=True)
class Levels:
    """The solved tree.

    Parameters
    ----------
    exact
        What each node carries, one a node; held nodes carry their limit to the bit.
    level
        Water level inside each node; a leaf's is where its curve takes its value.
        Infinite where only units without any weight are left to carry more or less.
    price
        Level inside minus level above: negative, the node is held down by a ceiling;
        positive, held up by a floor; zero, no limit of its own binds.
    held
        int8: -1 at its floor, 1 at its ceiling (both: a lock on the side it pulls), else 0.
    """

    exact: np.ndarray
    level: np.ndarray
    price: np.ndarray
    held: np.ndarray


Sums = tuple[np.ndarray, np.ndarray | None]  # of one layer: what each node carries, and slopes


class Problem:
    """Limits and curves laid out layer by layer for quick sums; the scratch of one solve."""

    def __init__(self, tree: Tree, curves: Curves, bounds: Bounds, total: float) -> None:
        self.tree, self.curves, self.bounds = tree, curves, bounds
        self.low, self.high = bounds.least[tree.leaves], bounds.most[tree.leaves]
        self.room = total - float(self.low.sum()) + self.low  # the most any leaf can carry
        np.maximum(self.room, self.low, out=self.room)
        np.minimum(self.room, self.high, out=self.room)
        self.least = [bounds.least[layer.nodes] for layer in tree.layers if len(layer.inner)]
        self.most = [bounds.most[layer.nodes] for layer in tree.layers if len(layer.inner)]
        inf, sup = curves.reach()
        sinks, rises = inf > self.low, sup < self.high  # dead curves: moved when nothing else can
        self.dead = bool(sinks.any() or rises.any())
        if self.dead:
            self.sinks, self.rises = sinks.astype(float), rises.astype(float)
            self.bottom = np.where(sinks, inf, self.low)
            self.top = np.where(rises, sup, self.high)
        self.phase = np.zeros(len(self.low), dtype=np.int8)
        self.from_level, self.to_level, guess = curves.bracket(self.low, self.room)
        self.guess = guess if np.isfinite(guess) else 0.5 * (self.from_level + self.to_level)

    def unclipped(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and slopes of all leaves at one level each, limits left aside."""
        value, slope = self.curves.at(level)
        if self.dead and self.phase.any():
            up, down = self.phase > 0, self.phase < 0
            value = np.where(up, self.top + level * self.rises, value)
            value = np.where(down, self.bottom + level * self.sinks, value)
            slope = np.where(up, self.rises, np.where(down, self.sinks, slope))
        return value, slope

    def leaf(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and slopes of all leaves at one level each, within their limits."""
        value, slope = self.unclipped(level)
        clipped = np.maximum(value, self.low)
        np.minimum(clipped, self.high, out=clipped)
        return clipped, np.multiply(slope, clipped == value, out=value)

    def sums(self, values: np.ndarray, slopes: np.ndarray | None, depth: int) -> list[Sums]:
        """Unclipped sums and slopes of each layer from `depth` down, bottom layer last."""
        out: list[Sums] = []
        below: np.ndarray = values[:0]
        tilt: np.ndarray | None = None
        for at in range(len(self.tree.layers) - 1, depth - 1, -1):
            layer = self.tree.layers[at]
            if not len(layer.inner):
                below, tilt = values, slopes
                if len(layer.leaves) < len(values):
                    below = values[layer.leaves]
                    tilt = None if slopes is None else slopes[layer.leaves]
                out.append((below, tilt))
                continue
            total = np.add.reduceat(below, layer.starts)
            slope = None if tilt is None else np.add.reduceat(tilt, layer.starts)
            if len(layer.ends):
                total, slope = self._mix(layer, total, slope, values, slopes)
            out.append((total, slope))
            below = np.minimum(np.maximum(total, self.least[at]), self.most[at])
            tilt = None if slope is None else slope * (below == total)
        return out[::-1]

    @staticmethod
    def _mix(layer, total, slope, values, slopes):  # type: ignore[no-untyped-def]
        both = np.empty(len(layer.nodes))
        both[layer.inner], both[layer.ends] = total, values[layer.leaves]
        if slope is None:
            return both, None
        tilt = np.empty(len(layer.nodes))
        tilt[layer.inner], tilt[layer.ends] = slope, slopes[layer.leaves]
        return both, tilt

    def reset(self, depth: int, need: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Choose for every group that needs a level whether curves or dead units carry it."""
        phase = np.zeros(len(need) + 1, dtype=np.int8)
        if self.dead and need.any():
            slack = 1e-12 * (np.abs(target) + 1e-9)
            top = np.minimum(np.maximum(self.top, self.low), self.room)
            bottom = np.minimum(np.maximum(self.bottom, self.low), self.high)
            phase[:-1][need & (target > self.sums(top, None, depth)[0][0] + slack)] = 1
            phase[:-1][need & (target < self.sums(bottom, None, depth)[0][0] - slack)] = -1
            under = self.tree.above[depth]
            touched = np.append(need, False)[under]
            self.phase = np.where(touched, phase[under], self.phase)
        return phase[:-1]

    def ends(self, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Levels between which every group of a layer finds its own."""
        lower, upper = np.full(len(phase), self.from_level), np.full(len(phase), self.to_level)
        if phase.any():
            far = float(np.max(np.where(self.rises > 0, self.room - self.top, 0.0)))
            deep = float(np.max(np.where(self.sinks > 0, self.bottom - self.low, 0.0)))
            lower[phase != 0], upper[phase != 0] = -deep, far
        return lower, upper

    def newton(
        self,
        depth: int,
        level: np.ndarray,
        target: np.ndarray,
        need: np.ndarray,
        known: Sums | None,
    ) -> tuple[np.ndarray, np.ndarray, list[Sums]]:
        """Find the level of every group of a layer that needs one, all at once.

        Newton's method on monotone sums, kept inside a bracket that is halved whenever the
        miss is not; exact after a few steps for curves of straight pieces. `known` is what the
        groups carry at `level`, if that was looked up before. Returns levels, phases, and the
        sums from there down.
        """
        phase = self.reset(depth, need, target)
        lower, upper = self.ends(phase)
        if known is None or phase.any() or self.phase.any():
            known, level = None, np.where(need, np.clip(level, lower, upper), level)
        under = self.tree.above[depth]
        enough = TOLERANCE * (np.abs(target) + np.abs(target).sum() / len(self.low))
        before = np.full(len(level), np.inf)
        sums: list[Sums] = []
        for _ in range(MOST_STEPS):
            if known is None:
                spread = level[0] if len(level) == 1 else np.append(level, 0.0)[under]
                sums = self.sums(*self.leaf(spread), depth)
            got, tilt = known or sums[0]
            known = None
            assert tilt is not None
            miss = np.where(need, got - target, 0.0)
            open_ = np.abs(miss) > enough
            if sums and not open_.any():
                break
            upper = np.where(miss > 0, level, upper)
            lower = np.where(miss < 0, level, lower)
            with np.errstate(divide="ignore", invalid="ignore"):
                step = level - miss / tilt
            middle = 0.5 * (lower + upper)
            good = (tilt > 0) & (step >= lower) & (step <= upper) & (2 * np.abs(miss) <= before)
            before = np.abs(miss)
            step = np.where(open_, np.where(good, step, middle), level)
            if sums and (step == level).all():
                break
            level = step
        else:
            raise ValueError("the curves are not continuous and nondecreasing")
        return level, phase, sums


def solve(tree: Tree, curves: Curves, bounds: Bounds, total: float) -> Levels:
    """Find the water levels that make the root carry `total` within every limit.

    Top-down: where a group would leave its limits at the level above, it is held there
    and gets a level of its own; the groups of a layer are solved together.

    Parameters
    ----------
    curves
        One a leaf, in the tree's leaf order.
    bounds
        From `tighten`; nothing may be broken.
    total
        Between the root's `least` and `most`, in the unit of the curves' values.

    Raises
    ------
    ValueError
        If a limit is broken or the root cannot carry the total.
    """
    if len(bounds.broken) or not bounds.least[0] <= total <= bounds.most[0]:
        raise ValueError("no levels exist: a limit is broken, or the total lies outside")
    problem = Problem(tree, curves, bounds, total)
    size = len(tree.parents)
    found = Levels(np.empty(size), np.empty(size), np.zeros(size), np.zeros(size, dtype=np.int8))
    leaf_level = np.empty(len(tree.leaves))
    own, phase = np.array([problem.guess]), np.zeros(1, dtype=np.int8)
    sums: list[Sums] = []
    for depth, layer in enumerate(tree.layers):
        inherited, above = own[layer.up], phase[layer.up]
        if not len(layer.inner):
            leaf_level[layer.leaves] = inherited
            break
        known = sums[1] if depth else None
        if known is None:
            wanted, need = np.array([float(total)]), np.array([True])
        else:
            wanted = np.minimum(np.maximum(known[0], problem.least[depth]), problem.most[depth])
            need = known[0] != wanted
            need[layer.ends] = False
        own, phase, sums = inherited, above, sums[1:]
        if need.any():
            own, fresh, sums = problem.newton(depth, inherited, wanted, need, known)
            phase = np.where(need, fresh, above)
            price = np.where(phase == above, own - inherited, _endless(phase - above))
            price[np.abs(price) <= 1e-12 * (np.abs(own) + np.abs(inherited))] = 0.0
            if depth:
                found.price[layer.nodes], found.held[layer.nodes] = price, -np.sign(price)
        found.exact[layer.nodes] = wanted
        found.level[layer.nodes] = np.where(phase == 0, own, _endless(phase))
        leaf_level[layer.leaves] = own[layer.ends]
    return _finish(problem, found, leaf_level)


def _finish(problem: Problem, found: Levels, leaf_level: np.ndarray) -> Levels:
    """Fill in the leaves: value, side at which it is held, own level and price."""
    leaves, outer = problem.tree.leaves, leaf_level
    value, _ = problem.unclipped(leaf_level)
    values = np.maximum(value, problem.low)
    np.minimum(values, problem.high, out=values)
    if problem.dead and problem.phase.any():  # those with weight are held, at either end
        inside = (problem.phase > 0) & (values < problem.high) & (problem.rises > 0)
        inside |= (problem.phase < 0) & (values > problem.low) & (problem.sinks > 0)
        outer = np.where(problem.phase == 0, leaf_level, _endless(problem.phase))
        value = np.where(problem.phase == 0, value, np.where(inside, values, outer))
    found.exact[leaves] = values
    found.level[leaves] = outer
    at = np.flatnonzero(value != values)
    if not len(at):
        return found
    side = np.sign(value[at] - values[at])
    own, above = problem.curves.inverse(values)[at], outer[at]
    own = np.where(np.isnan(own), _endless(-side), own)
    with np.errstate(invalid="ignore"):  # both without end: no more than the level above
        price = own - above
    price[np.isnan(price)] = 0.0
    tiny = np.isfinite(price) & (np.abs(price) <= 1e-12 * (np.abs(own) + np.abs(above)))
    at, own, side, price = (part[~tiny] for part in (at, own, side, price))  # no float noise
    places = leaves[at]
    found.level[places], found.held[places], found.price[places] = own, side, price
    return found


def _endless(sign: np.ndarray) -> np.ndarray:
    """Infinity with a sign."""
    return np.where(sign > 0, np.inf, -np.inf)
