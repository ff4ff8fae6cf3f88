"""Limits of a plan as arrays on the tree, in whole steps: the workspace of `conflicts`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from salesforecast.hierarchy import Hierarchy
from salesforecast.rules import Capacity, Ceiling, Floor, GrowthBand, Lock, Row, Rule

ORDER = ("lock", "floor", "ceiling", "growth", "capacity", "other", "total")  # given up first
_KIND = {Lock: "lock", Floor: "floor", Ceiling: "ceiling", GrowthBand: "growth"}
_NEAR = 1e-9  # relative: what counts as a whole number of steps


@dataclass(frozen=True)
class Shape:
    """The shape of a hierarchy: nodes depth-first, so that a subtree is the slice `[node, end)`."""

    parents: np.ndarray
    levels: tuple[np.ndarray, ...]
    end: np.ndarray
    leaf: np.ndarray

    @classmethod
    def of(cls, hierarchy: Hierarchy) -> Shape:
        depth = hierarchy.nodes["depth"].to_numpy()
        by_depth = np.argsort(depth, kind="stable")
        starts = np.searchsorted(depth[by_depth], np.arange(depth.max() + 2))
        levels = tuple(by_depth[a:b] for a, b in pairwise(starts))
        size = np.ones(len(depth))
        for level in reversed(levels[1:]):
            size += np.bincount(hierarchy.parents[level], size[level], len(depth))
        end = np.arange(len(depth)) + size.astype(np.int64)
        return cls(hierarchy.parents, levels, end, hierarchy.nodes["leaf"].to_numpy())

    def below(self, node: int) -> list[np.ndarray]:
        """Nodes of the subtree by level, `node` itself first."""
        cuts = [np.searchsorted(level, (node, self.end[node])) for level in self.levels]
        return [level[a:b] for level, (a, b) in zip(self.levels, cuts, strict=True) if b > a]

    def children(self, node: int) -> np.ndarray:
        """Direct children of `node`."""
        below = self.below(node)
        return below[1] if len(below) > 1 else np.empty(0, np.int64)

    def roll_up(self, leaf_values: np.ndarray) -> np.ndarray:
        """Sum values on leaves (in the tree's order) to every node."""
        out = np.zeros(len(self.parents))
        out[self.leaf] = leaf_values
        for level in reversed(self.levels[1:]):
            out += np.bincount(self.parents[level], out[level], len(out))
        return out


@dataclass(frozen=True)
class Sides:
    """What every node of a subtree must and may carry, in steps; arrays start at `first`.

    `own_*` is what its own limits say, `sum_*` what its children's say, `low` and `high` both.
    """

    first: int
    own_low: np.ndarray
    own_high: np.ndarray
    sum_low: np.ndarray
    sum_high: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Limits:
    """The total and every limit as arrays; entry `len(rules)` is the total.

    Parameters
    ----------
    rules, hierarchy, baseline, total, step
        As the planner gave them; `baseline` is rolled up to every node.
    at
        int64: position of the node that a limit binds; -1 for weighted limits.
    kind
        int64: its place in `ORDER`.
    lower, upper
        float64, in steps: the least and most that it allows; of weighted limits in their unit.
    weighted
        Limit to its row, for those that no single node can carry.
    tree
        The hierarchy's shape.
    """

    rules: tuple[Rule, ...]
    hierarchy: Hierarchy
    baseline: np.ndarray
    total: float
    step: int
    at: np.ndarray
    kind: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    weighted: dict[int, Row]
    tree: Shape

    @classmethod
    def of(
        cls,
        total: float,
        hierarchy: Hierarchy,
        rules: Sequence[Rule],
        *,
        baseline: pd.Series,
        step: int,
    ) -> Limits:
        """Read the limits.

        Raises
        ------
        DataError
            If a limit names a node that is not in the tree.
        """
        tree = Shape.of(hierarchy)
        rolled = np.zeros(len(tree.parents))
        if any(isinstance(rule, GrowthBand) for rule in rules):
            rolled = tree.roll_up(baseline.reindex(hierarchy.leaves).to_numpy(dtype=float))
        weighted: dict[int, Row] = {}
        kinds: list[str] = []
        nodes: list[str] = []
        lower: list[float] = []
        upper: list[float] = []
        for rule in rules:
            kind, node, least, most, row = _read(rule, hierarchy, baseline)
            if row is not None:
                weighted[len(kinds)] = row
            kinds.append(kind)
            nodes.append(node)
            lower.append(least)
            upper.append(most)
        at = np.zeros(len(rules) + 1, np.int64)
        at[:-1] = hierarchy.nodes.index.get_indexer(pd.Index(nodes, dtype="str"))
        for missing in np.flatnonzero(at < 0)[:1].tolist():
            hierarchy.within(nodes[missing])  # says that there is no such node
        places = {name: number for number, name in enumerate(ORDER)}
        kind_at = np.array([places[name] for name in [*kinds, "total"]], np.int64)
        low, high = np.array([*lower, total], float), np.array([*upper, total], float)
        bands = np.array([*(isinstance(rule, GrowthBand) for rule in rules), False], dtype=np.bool_)
        _fill_growth(low, high, at, bands, rolled)
        at[list(weighted)] = -1
        on_tree = at >= 0
        low[on_tree] = whole(low[on_tree] / step, np.ceil)
        high[on_tree] = whole(high[on_tree] / step, np.floor)
        return cls(
            tuple(rules), hierarchy, rolled, total, step, at, kind_at, low, high, weighted, tree
        )

    @property
    def total_at(self) -> int:
        """The entry that stands for the total."""
        return len(self.rules)

    def with_bounds(self, changed: Bounds) -> Limits:
        """The same limits with some of them moved."""
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[changed.limits], upper[changed.limits] = changed.lower, changed.upper
        return replace(self, lower=lower, upper=upper)

    @cached_property
    def natural(self) -> np.ndarray:
        """The least that nodes carry without any floor: zero over every leaf.

        Less where a limit lets a leaf fall below zero (returns): its ceiling if that is below
        zero, and anything if its floor is.
        """
        out = np.zeros(len(self.tree.parents))
        mine = self.inside(0)
        np.minimum.at(out, self.at[mine], self.upper[mine])
        falls = mine[(self.lower[mine] < 0) & (self.lower[mine] > -np.inf)]
        out[self.at[falls]] = -np.inf
        return self.tree.roll_up(out[self.tree.leaf])

    def inside(self, node: int, kinds: Sequence[int] = ()) -> np.ndarray:
        """Limits that bind nodes of the subtree, those of `kinds` left out."""
        mask = (self.at >= node) & (self.at < self.tree.end[node])
        if len(kinds):
            mask &= ~np.isin(self.kind, kinds)
        return np.flatnonzero(mask)

    def sides(self, node: int = 0, *, without: Sequence[int] = ()) -> Sides:
        """What the nodes of a subtree must and may carry, without limits of some kinds."""
        end = int(self.tree.end[node])
        limits = self.inside(node, without)
        place = self.at[limits] - node
        own_low, own_high = np.full(end - node, -np.inf), np.full(end - node, np.inf)
        np.maximum.at(own_low, place, self.lower[limits])
        np.minimum.at(own_high, place, self.upper[limits])
        leaf = self.tree.leaf[node:end]
        sum_low = np.where(leaf, self.natural[node:end], 0.0)
        sum_high = np.where(leaf, np.inf, 0.0)
        sides = Sides(node, own_low, own_high, sum_low, sum_high, own_low.copy(), own_high.copy())
        levels = self.tree.below(node)
        for depth in range(len(levels) - 1, -1, -1):
            self.close(levels[depth], sides)
            if depth:
                self.hand_up(levels[depth], sides)
        return sides

    def close(self, level: np.ndarray, sides: Sides) -> None:
        """Set what the nodes of a level must and may carry from their own and their children."""
        at = level - sides.first
        sides.low[at] = np.maximum(sides.own_low[at], sides.sum_low[at])
        sides.high[at] = np.minimum(sides.own_high[at], sides.sum_high[at])

    def hand_up(self, level: np.ndarray, sides: Sides) -> None:
        """Add what the nodes of a level must and may carry to their parents'."""
        at, above = level - sides.first, self.tree.parents[level] - sides.first
        first, last = above[0], above[-1] + 1
        size = int(last - first)
        sides.sum_low[first:last] += np.bincount(above - first, sides.low[at], size)
        sides.sum_high[first:last] += np.bincount(above - first, sides.high[at], size)

    def sources(self, node: int, sides: Sides, *, low: bool) -> tuple[np.ndarray, np.ndarray]:
        """The limits below `node` that make up what its children must (or may) carry.

        Of a node and its own children the tighter ones count, so none lies inside another.

        Returns
        -------
        tuple
            int64 limits, and float64 what each contributes, in steps.
        """
        own = sides.own_low if low else -sides.own_high
        summed = sides.sum_low if low else -sides.sum_high
        first = sides.first
        counts = (own >= summed) & (own > -np.inf)
        covered = np.zeros(len(own), dtype=bool)
        found = []
        for level in self.tree.below(node)[1:]:
            above = self.tree.parents[level]
            covered[level - first] = (above != node) & (
                covered[above - first] | counts[above - first]
            )
            found.append(level[counts[level - first] & ~covered[level - first]])
        nodes = np.sort(np.concatenate(found)) if found else np.empty(0, np.int64)
        return self.deciding(node, nodes, sides, low=low), (own if low else -own)[nodes - first]

    def deciding(self, node: int, nodes: np.ndarray, sides: Sides, *, low: bool) -> np.ndarray:
        """Of the limits on each of `nodes` the tightest one."""
        limits = self.inside(node)
        values, own = (self.lower, sides.own_low) if low else (self.upper, sides.own_high)
        tight = limits[values[limits] == own[self.at[limits] - sides.first]]
        which = np.full(int(self.tree.end[node]) - node, -1, np.int64)
        which[self.at[tight[::-1]] - node] = tight[::-1]
        return which[nodes - node]


@dataclass(frozen=True)
class Bounds:
    """New bounds, in steps, for some limits."""

    limits: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def _read(
    rule: Rule, hierarchy: Hierarchy, baseline: pd.Series
) -> tuple[str, str, float, float, Row | None]:
    """Kind, node, lower and upper of a rule in money, and its row if it leaves the tree."""
    if isinstance(rule, Floor):
        return "floor", rule.node, rule.amount, np.inf, None
    if isinstance(rule, Ceiling):
        return "ceiling", rule.node, -np.inf, rule.amount, None
    if isinstance(rule, Lock):
        return "lock", rule.node, rule.amount, rule.amount, None
    if isinstance(rule, GrowthBand):
        return "growth", rule.node, rule.low, rule.high, None
    if isinstance(rule, Capacity) and len(rule.uses) == 1:
        node, use = next(iter(rule.uses.items()))
        if use > 0:
            return "capacity", node, -np.inf, rule.amount / use, None
    kind = "capacity" if isinstance(rule, Capacity) else str(getattr(rule, "kind", "other"))
    row = rule.row(hierarchy, baseline)
    if row.plain and row.coefficients.index.sort_values().equals(
        hierarchy.within(rule.node).sort_values()
    ):
        return kind, rule.node, row.lower, row.upper, None
    return kind, rule.node, row.lower, row.upper, row


def _fill_growth(
    lower: np.ndarray, upper: np.ndarray, at: np.ndarray, growth: np.ndarray, rolled: np.ndarray
) -> None:
    """Turn growth into money; on a baseline below zero more growth is less money."""
    last = rolled[at[growth]]
    with np.errstate(invalid="ignore"):
        low, high = last * (1 + lower[growth]), last * (1 + upper[growth])
    low = np.where(np.isinf(lower[growth]), -np.inf, low)
    high = np.where(np.isinf(upper[growth]), np.inf, high)
    turned = (low > high) & (last < 0)
    lower[growth], upper[growth] = np.where(turned, high, low), np.where(turned, low, high)


def whole(values: np.ndarray, rounding: np.ufunc) -> np.ndarray:
    """Round to whole steps, but for what is whole within the precision of a float."""
    with np.errstate(invalid="ignore"):
        near = np.round(values)
        off = np.abs(values - near) <= _NEAR * np.maximum(1.0, np.abs(values))
    return np.where(off, near, rounding(values))
