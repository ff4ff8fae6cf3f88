"""Steady rounding: a higher total never takes a unit from anyone.

Every leaf carries its curve rounded to the nearest whole unit; the level is moved until the
whole units add up (a divisor method, Webster's for shares, with limits on every node). Other
than `round_tree` it does not promise that every subtotal is the floor or ceiling of its exact
value: no method has both.
"""

from __future__ import annotations

import numpy as np

from salesforecast.allocation.curves import Curves
from salesforecast.allocation.level import Bounds
from salesforecast.allocation.search import Problem
from salesforecast.allocation.tree import Tree

_HALVINGS = 1100  # enough to part any two floats


class _Whole(Problem):
    """The same tree with every leaf's curve rounded to whole units."""

    def leaf(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, slope = self.unclipped(level)
        whole = np.floor(value + 0.5)
        return np.minimum(np.maximum(whole, self.low), self.high), slope


def round_steady(tree: Tree, curves: Curves, bounds: Bounds, total: int) -> np.ndarray:
    """Whole units at a common level, held inside every limit.

    Parameters
    ----------
    curves, bounds, total
        As for `level.solve`; limits and total are whole.

    Returns
    -------
    np.ndarray
        int64 on all nodes; groups are the sums of their children. Where several leaves reach
        their next unit at the same level, earlier nodes get theirs first.
    """
    problem = _Whole(tree, curves, bounds, float(total))
    out = np.empty(len(tree.parents), dtype=np.int64)
    wanted = np.array([total], dtype=np.int64)
    for depth, layer in enumerate(tree.layers):
        out[layer.nodes] = wanted
        if depth + 1 < len(tree.layers):
            wanted = _children(problem, depth, wanted)
    return out


def _children(problem: _Whole, depth: int, wanted: np.ndarray) -> np.ndarray:
    """What the next layer carries when each group of this one carries `wanted`."""
    tree, layer = problem.tree, problem.tree.layers[depth]
    inner = np.zeros(len(layer.nodes), dtype=bool)
    inner[layer.inner] = True
    phase = problem.reset(depth, inner, wanted.astype(float))
    lower, upper = problem.ends(phase)
    under = tree.above[depth]
    starts, following = layer.starts, tree.layers[depth + 1]

    def below(level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, _ = problem.leaf(np.append(level, 0.0)[under])
        parts = problem.sums(values, None, depth + 1)[0][0]
        if tree.mixed and len(following.ends):
            parts[following.ends] = values[following.leaves]
        if depth + 1 < len(problem.least):
            parts = np.clip(parts, problem.least[depth + 1], problem.most[depth + 1])
        return parts, np.add.reduceat(parts, starts)

    target = wanted[layer.inner]
    few, few_sum = below(lower)
    many, many_sum = below(upper)
    sizes = np.diff(starts, append=len(few))
    for _ in range(_HALVINGS):
        middle = 0.5 * (lower + upper)
        stuck = (middle <= lower) | (middle >= upper)
        open_ = inner & ~stuck
        open_[layer.inner] &= (few_sum < target) & (many_sum > target)
        if not open_.any():
            break
        parts, got = below(np.where(open_, middle, lower))
        over = np.zeros(len(inner), dtype=bool)
        over[layer.inner] = got > target
        up, down = open_ & over, open_ & ~over
        upper, lower = np.where(up, middle, upper), np.where(down, middle, lower)
        few = np.where(np.repeat(down[layer.inner], sizes), parts, few)
        many = np.where(np.repeat(up[layer.inner], sizes), parts, many)
        few_sum, many_sum = np.add.reduceat(few, starts), np.add.reduceat(many, starts)
    few = np.where(np.repeat(many_sum == target, sizes), many, few)
    few_sum = np.add.reduceat(few, starts)
    jump = np.cumsum(many - few)
    before = np.repeat(np.concatenate([[0.0], jump])[starts], sizes)
    gap = np.repeat(target - few_sum, sizes)
    given = np.clip(gap - (jump - (many - few) - before), 0.0, many - few)
    return np.rint(few + given).astype(np.int64)
