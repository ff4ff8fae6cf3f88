"""The water level on a tree: one level for all, own levels inside groups that are held by a limit.

Model (a separable convex problem with nested sums, solved through its optimality conditions):

    leaf   x(level) = clip(curve(level), low, high)
    group  X(level) = clip(sum of its children's X(level), low, high)
    root   X(level) = total; a group held by its limit has a level of its own inside
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesforecast.allocation.curves import Curves
from salesforecast.allocation.part import Sums
from salesforecast.allocation.search import Piece, Problem, endless, slice_of
from salesforecast.allocation.tree import Tree


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
    own, phase = np.array([curves.guess(total)]), np.zeros(1, dtype=np.int8)
    sums: list[Sums] = []
    for depth, layer in enumerate(tree.layers):
        if not len(layer.inner) and len(layer.leaves) == len(tree.leaves):
            leaf_level = own if len(own) == 1 else own[layer.up]
            break
        inherited = own[layer.up]
        if not len(layer.inner):
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
                own, sums = problem.apart(depth, inherited, wanted, need, sums)
                fresh = phase
            else:
                own, fresh, sums = problem.newton(depth, inherited, wanted, need, known)
            phase = np.where(need, fresh, above)
            price = np.where(phase == above, own - inherited, endless(phase - above))
            price[np.abs(price) <= 1e-12 * (np.abs(own) + np.abs(inherited))] = 0.0
            if depth:
                found.price[layer.nodes], found.held[layer.nodes] = price, -np.sign(price)
        found.exact[layer.nodes] = wanted
        found.level[layer.nodes] = np.where(phase == 0, own, endless(phase))
        leaf_level[layer.leaves] = own[layer.ends]
    return _finish(problem, found, leaf_level)


def _finish(problem: Problem, found: Levels, leaf_level: np.ndarray) -> Levels:
    """Fill in the leaves: value, side at which it is held, own level and price."""
    where = slice_of(problem.tree.leaves)
    every = (found.exact, found.level, found.price, found.held)
    leaves = tuple(values[where] for values in every)  # views, if leaves follow one another
    for piece in problem.pieces:
        _finish_piece(problem, piece, leaf_level, leaves)
    if not isinstance(where, slice):
        for values, part in zip(every, leaves, strict=True):
            values[where] = part
    return found


def _finish_piece(
    problem: Problem, piece: Piece, leaf_level: np.ndarray, leaves: tuple[np.ndarray, ...]
) -> None:
    which, curves, low, high = piece
    values, level, price, held = (part[which] for part in leaves)
    outer = leaf_level[which] if len(leaf_level) > 1 else leaf_level
    value, _ = curves.at(outer)
    phase = problem.phase[which]
    moved = problem.dead and phase.any()
    if moved:
        value, _ = problem.phased(outer, (value, value), which)
    np.maximum(value, low, out=values)
    np.minimum(values, high, out=values)
    if moved:  # those with weight are held, at either end
        rises, sinks = problem.rises[which], problem.sinks[which]
        inside = (phase > 0) & (values < high) & (rises > 0)
        inside |= (phase < 0) & (values > low) & (sinks > 0)
        outer = np.where(phase == 0, outer, endless(phase))
        value = np.where(phase == 0, value, np.where(inside, values, outer))
    level[:] = outer
    at = np.flatnonzero(value != values)
    if not len(at):
        return
    side = np.sign(value[at] - values[at])
    own, above = curves.take(at).inverse(values[at]), outer[at] if len(outer) > 1 else outer
    own = np.where(np.isnan(own), endless(-side), own)
    with np.errstate(invalid="ignore"):  # both without end: no more than the level above
        change = own - above
    change[np.isnan(change)] = 0.0
    tiny = np.isfinite(change) & (np.abs(change) <= 1e-12 * (np.abs(own) + np.abs(above)))
    if tiny.any():  # no float noise
        at, own, side, change = (part[~tiny] for part in (at, own, side, change))
    level[at], held[at], price[at] = own, side, change
