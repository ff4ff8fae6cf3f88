"""The water level on a tree: one level for all, own levels inside groups that are held by a limit.

Model (a separable convex problem with nested sums, solved through its optimality conditions):

    leaf   x(level) = clip(curve(level), low, high)
    group  X(level) = clip(sum of its children's X(level), low, high)
    root   X(level) = total; a group held by its limit has a level of its own inside
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from salesforecast.allocation.curves import Curves
from salesforecast.allocation.part import MOST_STEPS, Edges, Search, Sought, Sums, descend
from salesforecast.allocation.tree import Tree

TOLERANCE = 1e-13  # relative, of a group's sum


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


class Problem:
    """Limits and curves laid out layer by layer for quick sums; the scratch of one solve."""

    def __init__(self, tree: Tree, curves: Curves, bounds: Bounds, total: float) -> None:
        self.tree, self.curves, self.bounds = tree, curves, bounds
        leaves = slice_of(tree.leaves)
        self.low, self.high = bounds.least[leaves], bounds.most[leaves]
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
        clipped, free = self.scratch  # the next call writes over what this one returns
        np.maximum(value, self.low, out=clipped)
        np.minimum(clipped, self.high, out=clipped)
        np.equal(clipped, value, out=free)
        return clipped, np.multiply(slope, free, out=value)

    def sums(self, values: np.ndarray, slopes: np.ndarray | None, depth: int) -> list[Sums]:
        """Unclipped sums and slopes of each layer from `depth` down, for groups alone.

        Arrays are on the layer's nodes; places of leaves among groups hold zero. A bottom layer
        of leaves holds their values.
        """
        if self.tree.mixed and not len(self.tree.layers[depth].inner):
            ends = self.tree.layers[depth].leaves
            return [(values[ends], None if slopes is None else slopes[ends])]
        if self.tree.mixed:
            whole = self.below(depth)
            which = self.tree.nested.order[-len(whole.low) :]
            slopes = None if slopes is None else slopes[which]
            found = whole.sums(values[which], slopes)
            return [self.widen(depth + at, sums) for at, sums in enumerate(found)]
        out: list[Sums] = [(values, slopes)]
        below, tilt = values, slopes
        for at in range(len(self.tree.layers) - 2, depth - 1, -1):
            layer = self.tree.layers[at]
            total = np.add.reduceat(below, layer.starts)
            slope = None if tilt is None else np.add.reduceat(tilt, layer.starts)
            out.append((total, slope))
            below = np.minimum(np.maximum(total, self.least[at]), self.most[at])
            tilt = None if slope is None else slope * (below == total)
        return out[::-1]

    def below(self, depth: int) -> Sought:
        """All groups of a layer with their leaves; in a tree of leaves at every depth."""
        part = self.tree.parts[depth]
        which = slice(len(self.low) - len(part.mothers), None)
        curves, low, high, edges = self.sorted
        if which.start:
            curves, low, high = curves.take(which), low[which], high[which]
        return Sought(part, edges[depth:], curves, low, high)

    @cached_property
    def sorted(self) -> tuple[Curves, np.ndarray, np.ndarray, Edges]:
        """Curves and limits of the leaves in the order of their parents, and of groups alone."""
        order = self.tree.nested.order
        layers = [layer for layer in self.tree.layers if len(layer.inner)]
        every = zip(layers, self.least, self.most, strict=True)
        edges = [(least[layer.inner], most[layer.inner]) for layer, least, most in every]
        return self.curves.take(order), self.low[order], self.high[order], edges

    @cached_property
    def scratch(self) -> tuple[np.ndarray, np.ndarray]:
        return np.empty(len(self.low)), np.empty(len(self.low), dtype=bool)

    def widen(self, at: int, sums: Sums) -> Sums:
        """From a layer's groups to all its nodes."""
        layer = self.tree.layers[at]
        if not len(layer.ends):
            return sums
        total = np.zeros(len(layer.nodes))
        total[layer.inner] = sums[0]
        if sums[1] is None:
            return total, None
        slope = np.zeros(len(layer.nodes))
        slope[layer.inner] = sums[1]
        return total, slope

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

    def apart(
        self,
        depth: int,
        level: np.ndarray,
        target: np.ndarray,
        need: np.ndarray,
        known: Sums | None,
    ) -> tuple[np.ndarray, list[Sums]]:
        """As `newton`, without dead units; groups drop out of the search as they find their level."""
        whole = self.below(depth)
        inner = self.tree.layers[depth].inner
        keep = need[inner]
        at = inner[keep]
        size = np.abs(target[inner])
        enough = TOLERANCE * (size[keep] + np.abs(target).sum() / len(self.low))
        ends = np.full(len(at), self.from_level), np.full(len(at), self.to_level)
        start = level[at]
        if known is None:
            start = np.clip(start, *ends)
        elif known[1] is not None:
            known = known[0][at], known[1][at]
        search = Search(start, target[at], enough, *ends, np.full(len(at), np.inf))
        level = level.copy()
        level[at] = descend(whole if keep.all() else whole.only(keep), search, known)
        found = whole.carry(level[inner])
        return level, [self.widen(depth + number, sums) for number, sums in enumerate(found)]


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
        inherited = np.full(len(layer.nodes), own[0]) if len(own) == 1 else own[layer.up]
        if not len(layer.inner):
            if len(layer.leaves) == len(leaf_level):
                leaf_level = inherited
            else:
                leaf_level[layer.leaves] = inherited
            break
        above = phase[layer.up]
        known = sums[1] if depth else None
        if known is None:
            wanted, need = np.array([float(total)]), np.array([True])
        else:
            wanted = np.minimum(np.maximum(known[0], problem.least[depth]), problem.most[depth])
            need = known[0] != wanted
            need[layer.ends] = False
        own, phase, sums = inherited, above, sums[1:]
        if need.any():
            if tree.mixed and not problem.dead:
                own, sums = problem.apart(depth, inherited, wanted, need, known)
                fresh = phase
            else:
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
    where = slice_of(leaves)
    found.exact[where] = values
    found.level[where] = outer
    at = np.flatnonzero(value != values)
    if not len(at):
        return found
    side = np.sign(value[at] - values[at])
    own, above = problem.curves.take(at).inverse(values[at]), outer[at]
    own = np.where(np.isnan(own), _endless(-side), own)
    with np.errstate(invalid="ignore"):  # both without end: no more than the level above
        price = own - above
    price[np.isnan(price)] = 0.0
    tiny = np.isfinite(price) & (np.abs(price) <= 1e-12 * (np.abs(own) + np.abs(above)))
    at, own, side, price = (part[~tiny] for part in (at, own, side, price))  # no float noise
    places = leaves[at]
    found.level[places], found.held[places], found.price[places] = own, side, price
    return found


def slice_of(places: np.ndarray) -> np.ndarray | slice:
    """Rising places as a slice if they follow one another: then nothing is copied."""
    first, last = int(places[0]), int(places[-1]) + 1
    return slice(first, last) if last - first == len(places) else places


def _endless(sign: np.ndarray) -> np.ndarray:
    """Infinity with a sign."""
    return np.where(sign > 0, np.inf, -np.inf)
