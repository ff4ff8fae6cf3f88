"""Seeded problems for the allocation benchmark: trees, tables, samples and broken plans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks.race import as_rows
from salesforecast.allocation.curves import Line
from salesforecast.allocation.level import Bounds, tighten
from salesforecast.allocation.tree import Tree
from salesforecast.hierarchy import Hierarchy
from salesforecast.rules import Ceiling, Floor, GrowthBand, Lock, Rule


@dataclass(frozen=True)
class Split:
    """One total over the leaves of a tree with limits on every level.

    Least squares to `anchor` with weights 1 / `history`, which is equal growth.

    Parameters
    ----------
    parents
        int64, depth-first; -1 for the root.
    low, high
        Own limits of every node.
    """

    parents: np.ndarray
    tree: Tree
    history: np.ndarray
    anchor: np.ndarray
    low: np.ndarray
    high: np.ndarray
    total: float

    @property
    def bounds(self) -> Bounds:
        return tighten(self.tree, self.low, self.high)

    @property
    def curves(self) -> Line:
        return Line(self.anchor, self.history)

    def squares(self, leaf_values: np.ndarray) -> float:
        """The objective that the peer minimises."""
        return float((0.5 * (leaf_values - self.anchor) ** 2 / self.history).sum())

    def as_qp(self) -> dict[str, np.ndarray]:
        """The same for a solver of quadratic programs."""
        groups = np.setdiff1d(np.arange(len(self.parents)), self.tree.leaves)
        rows = summing(self.parents, self.tree.leaves)[groups]
        low, high = self.low[groups], self.high[groups]
        keep = np.isfinite(low) | np.isfinite(high) | (groups == 0)
        low, high = np.where(np.isfinite(low), low, -1e12), np.where(np.isfinite(high), high, 1e12)
        low[groups == 0] = high[groups == 0] = self.total
        return {
            "weight": 1 / self.history,
            "anchor": self.anchor,
            "low": self.low[self.tree.leaves],
            "high": np.minimum(self.high[self.tree.leaves], 1e12),
            "row_low": low[keep],
            "row_high": high[keep],
            **as_rows(rows[keep]),
        }


def summing(parents: np.ndarray, leaves: np.ndarray) -> sparse.csr_matrix:
    """Sparse node × leaf matrix: 1 where the leaf lies in the node."""
    rows, columns, at = [], [], leaves.copy()
    count = np.arange(len(leaves))
    while (at >= 0).any():
        rows.append(at[at >= 0])
        columns.append(count[at >= 0])
        at = np.where(at >= 0, parents[at], -1)
    row, column = np.concatenate(rows), np.concatenate(columns)
    shape = (len(parents), len(leaves))
    return sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=shape)


def regular(*sizes: int) -> np.ndarray:
    """Parents of a tree whose nodes have `sizes[depth]` children each."""
    parents: list[int] = [-1]

    def grow(node: int, depth: int) -> None:
        for _ in range(sizes[depth] if depth < len(sizes) else 0):
            parents.append(node)
            grow(len(parents) - 1, depth + 1)

    grow(0, 0)
    return np.array(parents)


def unbalanced(nodes: int, depth: int, seed: int) -> np.ndarray:
    """Parents of a tree of about `nodes` nodes: ends at every depth, groups of very different size."""
    rng = np.random.default_rng(seed)
    level = [0]
    up: list[tuple[int, int]] = [(-1, 0)]  # parent, depth
    quota = np.cumsum(np.geomspace(1, 3, depth))
    quota = np.rint(quota / quota[-1] * nodes).astype(int)
    for at in range(depth):
        count = max(1, quota[at] - len(up))
        heavy = rng.pareto(1.0, len(level)) * (rng.uniform(size=len(level)) < 0.6) + 1e-9
        owners = rng.choice(level, size=count, p=heavy / heavy.sum())
        level = list(range(len(up), len(up) + count))
        up += [(int(owner), at + 1) for owner in owners]
    children: list[list[int]] = [[] for _ in up]
    for node, (parent, _) in enumerate(up):
        if parent >= 0:
            children[parent].append(node)
    parents, waiting = [], [(0, -1)]
    while waiting:
        node, above = waiting.pop()
        parents.append(above)
        here = len(parents) - 1
        waiting += [(child, here) for child in reversed(children[node])]
    return np.array(parents)


def split(parents: np.ndarray, seed: int = 7, *, tight: float = 1.0) -> Split:
    """Random history with floors and ceilings on every leaf and group; many bind on each level."""
    rng = np.random.default_rng(seed)
    tree = Tree.of(parents)
    count = len(tree.leaves)
    history = rng.lognormal(3, 1, count)
    anchor = 1.06 * history
    low, high = np.full(len(parents), -np.inf), np.full(len(parents), np.inf)
    low[tree.leaves] = anchor * rng.uniform(0.7, 0.98, count)
    high[tree.leaves] = anchor * rng.uniform(1.02, 1.5, count)
    inside = low[tree.leaves] + rng.uniform(0.2, 0.8, count) * (high - low)[tree.leaves]
    sums = tree.total(inside)
    groups = np.setdiff1d(np.arange(1, len(parents)), tree.leaves)
    few = np.bincount(parents[groups][parents[groups] >= 0], minlength=len(parents))[groups] > 0
    room = tight * np.where(few, 0.004, 0.05)  # large groups differ little from fair as it is
    low[groups] = sums[groups] * (1 - room * rng.uniform(0, 1, len(groups)))
    high[groups] = sums[groups] * (1 + room * rng.uniform(0, 1, len(groups)))
    return Split(parents, tree, history, anchor, low, high, float(sums[0]))


def flat(count: int, seed: int = 7) -> Split:
    """One group of `count` leaves, floors and ceilings on each."""
    return split(np.concatenate([[-1], np.zeros(count, np.int64)]), seed)


def as_frames(
    case: Split, *, scale: float = 1000.0, columns: bool = False
) -> tuple[int, Hierarchy, pd.DataFrame, list[Rule]]:
    """A split as `allocate` takes it: labelled tree, leaves, one rule for each limit.

    Limits are rounded outward to whole money, so that the plan stays possible. With `columns`
    those of leaves stand in the frame, as a planner with many would give them.
    """
    names = [""] * len(case.parents)
    for node, parent in enumerate(case.parents):
        if parent >= 0:
            names[node] = f"{names[parent]}/n{node:06d}".lstrip("/")
    paths = [names[at] for at in case.tree.leaves]
    depth = max(path.count("/") for path in paths) + 2
    levels = [f"level {at}" for at in range(depth)]
    hierarchy = Hierarchy.of(paths, levels=levels, label="all")
    leaves = pd.DataFrame({"history": case.history * scale}, index=pd.Index(paths, dtype="str"))
    rules: list[Rule] = []
    inner = np.ones(len(names), dtype=bool)
    if columns:
        inner[case.tree.leaves] = False
        leaves["floor"] = np.floor(case.low[case.tree.leaves] * scale)
        leaves["ceiling"] = np.ceil(case.high[case.tree.leaves] * scale)
    for node in np.flatnonzero(inner[1:]) + 1:
        if np.isfinite(case.low[node]):
            rules.append(Floor(names[node], float(np.floor(case.low[node] * scale))))
        if np.isfinite(case.high[node]):
            rules.append(Ceiling(names[node], float(np.ceil(case.high[node] * scale))))
    return round(case.total * scale), hierarchy, leaves.loc[hierarchy.leaves], rules


def table(height: int, width: int = 12, seed: int = 7) -> dict[str, np.ndarray]:
    """A two-way table whose corridors bind on many cells; one cell in twenty is locked."""
    rng = np.random.default_rng(seed)
    season = 1 + 0.3 * np.sin(np.arange(width) / width * 2 * np.pi)
    start = rng.lognormal(4, 1, (height, 1)) * season * rng.lognormal(0, 0.15, (height, width))
    inside = start * np.exp(rng.uniform(-0.2, 0.3, start.shape))
    low = inside * (1 - rng.uniform(0.01, 0.25, start.shape))
    high = inside * (1 + rng.uniform(0.01, 0.25, start.shape))
    locked = rng.uniform(size=start.shape) < 0.05
    low[locked] = high[locked] = inside[locked]
    return {
        "start": start,
        "low": low,
        "high": high,
        "rows": inside.sum(axis=1),
        "columns": inside.sum(axis=0),
    }


def table_as_program(case: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same for a solver: cells in a row, rows and columns as equalities."""
    height, width = case["start"].shape
    by_row = sparse.kron(sparse.eye(height), np.ones((1, width)))
    by_column = sparse.kron(np.ones((1, height)), sparse.eye(width))
    ends = np.concatenate([case["rows"], case["columns"]])
    return {
        "weight": 1 / case["start"].ravel(),
        "anchor": case["start"].ravel(),
        "low": case["low"].ravel(),
        "high": case["high"].ravel(),
        "row_low": ends,
        "row_high": ends,
        **as_rows(sparse.vstack([by_row, by_column])),
    }


def broken(seed: int) -> tuple[int, Hierarchy, tuple[Rule, ...], pd.Series]:
    """A plan of three levels with limits at random; most contradict each other somewhere."""
    rng = np.random.default_rng(seed)
    paths = [
        f"m{market}/r{region}/p{person}"
        for market in range(rng.integers(1, 4))
        for region in range(rng.integers(1, 4))
        for person in range(rng.integers(1, 6))
    ]
    hierarchy = Hierarchy.of(
        paths, levels=["company", "market", "region", "position"], label="Company"
    )
    baseline = pd.Series(rng.integers(20, 200, len(paths)).astype(float), index=hierarchy.leaves)
    sums = hierarchy.totals(baseline.to_frame("last"))["last"]
    rules: list[Rule] = []
    for node in rng.choice(hierarchy.nodes.index, size=rng.integers(2, 14)):
        amount, kind = int(sums[node] * rng.uniform(0.6, 1.5)), rng.integers(4)
        if kind == 3:
            rules.append(GrowthBand(str(node), -0.2, float(rng.uniform(0, 0.3)), owner="Eva"))
        else:
            rules.append((Floor, Ceiling, Lock)[kind](str(node), amount, owner="Ben"))
    return int(sums.iloc[0] * rng.uniform(0.9, 1.3)), hierarchy, tuple(rules), baseline
