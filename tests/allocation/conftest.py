"""Random trees with limits that can be satisfied, for property tests; one small company by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from salesforecast.allocation.curves import Line
from salesforecast.allocation.level import Levels, solve, tighten
from salesforecast.allocation.tree import Tree
from salesforecast.hierarchy import Hierarchy
from salesforecast.rules import Ceiling, Floor, Lock


@dataclass(frozen=True)
class Problem:
    """A tree, straight curves, limits and a total that satisfies them."""

    tree: Tree
    curves: Line
    low: np.ndarray
    high: np.ndarray
    total: float
    least: float
    most: float

    def solve(self) -> Levels:
        """The water levels."""
        return solve(self.tree, self.curves, tighten(self.tree, self.low, self.high), self.total)

    def with_total(self, total: float) -> Problem:
        """The same with another total, kept where it can be carried."""
        return replace(self, total=float(np.clip(total, self.least, self.most)))


def random_parents(seed: np.random.Generator, *, depth: int, fan: int) -> np.ndarray:
    """A tree in depth-first order whose branches end at any depth."""
    parents = [-1]

    def grow(node: int, left: int) -> None:
        for _ in range(seed.integers(1, fan + 1)):
            child = len(parents)
            parents.append(node)
            if left > 1 and seed.random() < 0.6:
                grow(child, left - 1)

    grow(0, depth)
    return np.array(parents)


@st.composite
def problems(draw: st.DrawFn, *, whole: bool = False, dead: bool = True) -> Problem:
    """Trees of 1 to 5 levels; limits on about half of the nodes; some leaves without weight."""
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = {"depth": draw(st.integers(1, 5)), "fan": draw(st.integers(1, 4))}
    tree = Tree.of(random_parents(seed, **shape))
    count, size = len(tree.leaves), len(tree.parents)
    weight = seed.lognormal(3, 1, count)
    if dead and draw(st.booleans()):
        weight[seed.random(count) < 0.3] = 0.0
    start = weight.copy() if draw(st.booleans()) else np.zeros(count)
    inside = weight * seed.uniform(0.7, 1.4, count) + (weight == 0) * seed.integers(0, 3, count)
    inside = np.rint(inside) if whole else inside
    carried = tree.total(inside)
    low = np.where(seed.random(size) < 0.5, carried * seed.uniform(0.6, 1, size), -np.inf)
    high = np.where(seed.random(size) < 0.5, carried * seed.uniform(1, 1.4, size), np.inf)
    locked = seed.random(size) < 0.08
    low[locked] = high[locked] = carried[locked]
    low[0], high[0] = -np.inf, np.inf
    if whole:
        low, high = np.floor(low), np.ceil(high)
    low[tree.leaves] = np.maximum(low[tree.leaves], 0.0)
    bounds = tighten(tree, low, high)
    least, most = float(bounds.least[0]), float(min(bounds.most[0], 3 * carried[0] + 10))
    total = float(np.clip(carried[0] * draw(st.floats(0.7, 1.4)), least, most))
    return Problem(
        tree, Line(start, weight), low, high, np.rint(total) if whole else total, least, most
    )


@st.composite
def plans(draw: st.DrawFn) -> tuple[Problem, Hierarchy, pd.DataFrame, list, int]:
    """A random problem in whole steps as hierarchy, frame and rules."""
    problem = draw(problems(whole=True, dead=True))
    parents, leaves = problem.tree.parents, problem.tree.leaves
    names = [""]
    for node in range(1, len(parents)):
        above = names[parents[node]]
        names.append(f"{above}/n{node:03d}" if above else f"n{node:03d}")
    hierarchy = Hierarchy.of([names[at] for at in leaves], levels=["root", *"abcdef"], label="Co")
    step = draw(st.sampled_from([1, 5, 1000]))
    frame = pd.DataFrame(
        {"forecast": problem.curves.slope * step}, index=[names[at] for at in leaves]
    )
    rules = []
    for node in range(1, len(parents)):
        low, high = problem.low[node] * step, problem.high[node] * step
        if low == high:
            rules.append(Lock(names[node], int(low)))
            continue
        if np.isfinite(low):
            rules.append(Floor(names[node], int(low)))
        if np.isfinite(high):
            rules.append(Ceiling(names[node], int(high)))
    return problem, hierarchy, frame, rules, step


PATHS = ("East/Dan", "East/(open)", "West/Ann", "West/Ben", "West/Cat")


@pytest.fixture(scope="session")
def company() -> Hierarchy:
    """Two regions, four people and an open position."""
    return Hierarchy.of(PATHS, levels=("company", "region", "position"), label="ACME")


@pytest.fixture(scope="session")
def leaves(company: Hierarchy) -> pd.DataFrame:
    """What is known of each: the open position sold nothing and is expected to sell nothing."""
    return pd.DataFrame(
        {
            "forecast": [400.0, 0.0, 100.0, 200.0, 300.0],
            "history": [380.0, 0.0, 90.0, 190.0, 310.0],
            "capacity": [500.0, 0.0, 150.0, 300.0, 350.0],
            "plan": [400.0, 10.0, 100.0, 200.0, 300.0],
        },
        index=pd.Index(PATHS, name="node"),
    ).loc[company.leaves]


@pytest.fixture(scope="session")
def draws(company: Hierarchy) -> pd.DataFrame:
    """1,000 drawn futures of each; the open position's are zero."""
    seed = np.random.default_rng(7)
    values = seed.normal([400, 0, 100, 200, 300], [50, 0, 10, 50, 60], (1000, 5))
    return pd.DataFrame(np.maximum(values, 0), columns=list(PATHS))[company.leaves]
