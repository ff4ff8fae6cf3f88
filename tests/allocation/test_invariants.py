"""What must hold of every split whatever its limits: order, shape, pieces of work and solver aside."""

from __future__ import annotations

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforecast.allocation import search
from salesforecast.allocation import tree as trees
from salesforecast.allocation.allocate import allocate
from salesforecast.allocation.curves import Draws
from salesforecast.allocation.level import solve, tighten
from salesforecast.allocation.tree import Tree
from salesforecast.hierarchy import Hierarchy
from tests.allocation.conftest import Problem, plans, problems
from tests.examples import examples


def near(problem: Problem) -> float:
    return 1e-8 * (abs(problem.total) + 1)


@given(problems(), st.integers(0, 10**6), st.floats(0.3, 0.99))
def test_a_lower_floor_relieves_its_owner_and_nobody_else(problem, pick, factor):
    before = problem.solve()
    owner = 1 + pick % (len(problem.low) - 1)
    low = problem.low.copy()
    low[owner] = low[owner] * factor if np.isfinite(low[owner]) else low[owner]
    after = replace(problem, low=low).solve()
    inside = np.zeros(len(low), dtype=bool)
    inside[owner] = True
    for node in range(owner + 1, len(low)):
        inside[node] = inside[problem.tree.parents[node]]
    assert (after.exact[inside] <= before.exact[inside] + near(problem)).all()
    others = problem.tree.leaves[~inside[problem.tree.leaves]]
    assert (after.exact[others] >= before.exact[others] - near(problem)).all()


@settings(max_examples=examples(100))
@given(plans(), st.integers(0, 2**32))
def test_names_and_their_order_do_not_matter(case, seed):
    """Units renamed, so that they stand in another order, carry what they carried."""
    _, hierarchy, frame, rules, step = case
    total = int(case[0].total) * step
    before = allocate(total, hierarchy, frame, rules=rules, step=step)
    shuffled = np.random.default_rng(seed).permutation(1000)

    def renamed(path: str) -> str:
        return "/".join(f"n{shuffled[int(part[1:])]:03d}" for part in path.split("/"))

    other = Hierarchy.of(map(renamed, hierarchy.leaves), levels=hierarchy.levels, label="Co")
    moved = frame.rename(index=renamed).sample(frac=1, random_state=1)
    turned = [replace(rule, node=renamed(rule.node)) for rule in rules][::-1]
    after = allocate(total, other, moved, rules=turned, step=step)
    exact = before.exact.rename(index=renamed).loc[after.exact.index]
    assert np.allclose(after.exact, exact, rtol=1e-9, atol=1e-9 * total + 1e-9)
    targets = before.targets.rename(index=renamed).loc[after.targets.index]
    assert (abs(after.targets - targets) <= step).all()


@settings(max_examples=examples(100))
@given(problems(), st.integers(0, 10**6))
def test_a_level_without_limits_changes_nothing(problem, pick):
    """A group of its own above any one node: everyone carries what he carried."""
    parents = problem.tree.parents
    node = 1 + pick % (len(parents) - 1)
    place = np.arange(len(parents)) + (np.arange(len(parents)) >= node)
    deeper = np.empty(len(parents) + 1, dtype=np.int64)
    deeper[place] = np.where(parents >= 0, place[parents], -1)
    deeper[node], deeper[node + 1] = place[parents[node]], node
    low, high = np.full(len(deeper), -np.inf), np.full(len(deeper), np.inf)
    low[place], high[place] = problem.low, problem.high
    after = replace(problem, tree=Tree.of(deeper), low=low, high=high).solve()
    assert np.allclose(after.exact[place], problem.solve().exact, rtol=1e-10, atol=near(problem))


@settings(max_examples=examples(100))
@given(plans())
def test_the_answer_taken_as_the_plan_stays(case):
    problem, hierarchy, frame, rules, step = case
    total = int(problem.total) * step
    first = allocate(total, hierarchy, frame, rules=rules, step=step).targets
    known = frame.assign(plan=first.astype(float))
    for criterion in ("least change", "few changes"):
        again = allocate(total, hierarchy, known, criterion=criterion, rules=rules, step=step)
        assert (again.targets == first).all()


@given(problems(dead=False))
def test_no_transfer_makes_it_more_equal_by_any_measure(problem):
    """Squares, entropy, alpha-fair and max-min are all improved only by giving to one with a lower
    ratio from one with a higher: where limits allow that transfer, it must not be there."""
    if (problem.curves.start != 0).any():
        problem = replace(problem, curves=replace(problem.curves, start=0 * problem.curves.start))
    found, tree = problem.solve(), problem.tree
    ratio = found.exact[tree.leaves] / problem.curves.slope
    slack = 1e-7 * (abs(problem.total) + 1)
    up, down = found.exact < problem.high - slack, found.exact > problem.low + slack
    paths = []
    for leaf in tree.leaves:
        path = [int(leaf)]
        while path[-1] > 0:
            path.append(int(tree.parents[path[-1]]))
        paths.append(path)
    for taker, mine in enumerate(paths):
        for giver, theirs in enumerate(paths):
            rises, falls = set(mine) - set(theirs), set(theirs) - set(mine)
            if taker != giver and all(up[n] for n in rises) and all(down[n] for n in falls):
                assert ratio[taker] >= ratio[giver] - 1e-6 * (1 + abs(ratio[giver]))


@settings(max_examples=examples(100))
@given(problems(dead=False), st.integers(2, 30))
def test_the_chance_is_equal_for_everyone_whom_no_limit_holds(problem, count):
    tree = problem.tree
    seed = np.random.default_rng(count)
    spread = seed.lognormal(0, 0.4, (len(tree.leaves), count))
    ordered = np.sort(problem.curves.slope[:, None] * spread, axis=1)
    bounds = tighten(tree, problem.low, problem.high)
    found = solve(tree, Draws(ordered), bounds, problem.total)
    grid = np.linspace(0, 1, count)
    for at, leaf in enumerate(tree.leaves):
        above = found.level[tree.parents[leaf]]
        if found.price[leaf] == 0 and 0 < above < 1:
            missed = np.interp(found.exact[leaf], ordered[at], grid)
            assert missed == pytest.approx(above, abs=1e-9)


@settings(max_examples=examples(100))
@given(problems(), st.integers(1, 5))
def test_it_does_not_matter_in_what_pieces_the_work_is_done(problem, size):
    before = problem.solve()
    fresh = replace(problem, tree=Tree.of(problem.tree.parents))
    with mock.patch.object(trees, "PIECE", size), mock.patch.object(search, "PIECE", size):
        after = fresh.solve()
    assert np.allclose(before.exact, after.exact, rtol=1e-11, atol=near(problem) / 100)
    assert np.allclose(before.price, after.price, rtol=1e-7, atol=1e-9)


@settings(max_examples=examples(60))
@given(problems(dead=False))
def test_a_general_solver_finds_nothing_better(problem):
    """Clarabel, least squares to the curves' start: no better objective, the same targets."""
    clarabel = pytest.importorskip("clarabel")
    from scipy import sparse

    tree, curves = problem.tree, problem.curves
    rows = sparse.csr_array(tree.summing)
    low, high = problem.low.copy(), problem.high.copy()
    low[0] = high[0] = problem.total
    above, below = np.isfinite(high), np.isfinite(low)
    sides = sparse.vstack([rows[above], -rows[below]]).tocsc()
    ends = np.concatenate([high[above], -low[below]])
    quiet = clarabel.DefaultSettings()
    quiet.verbose = False
    quiet.tol_gap_abs = quiet.tol_gap_rel = quiet.tol_feas = 1e-10
    curve = sparse.diags_array(1 / curves.slope).tocsc()
    solved = clarabel.DefaultSolver(
        curve, -curves.start / curves.slope, sides, ends, [clarabel.NonnegativeConeT(len(ends))], quiet
    ).solve()  # fmt: skip

    def objective(leaf: np.ndarray) -> float:
        return float((0.5 * (leaf - curves.start) ** 2 / curves.slope).sum())

    ours, theirs = problem.solve().exact[tree.leaves], np.asarray(solved.x)
    if "Solved" in str(solved.status):
        assert objective(ours) <= objective(theirs) + 1e-6 * (1 + abs(objective(theirs)))
        assert np.allclose(ours, theirs, rtol=1e-3, atol=1e-3 * (abs(problem.total) + 1))
