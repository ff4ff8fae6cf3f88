"""The water level: limits hold, the optimality conditions are met, and it moves as it should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from salesforecast.allocation.curves import Line
from salesforecast.allocation.level import solve, tighten
from salesforecast.allocation.tree import Tree
from tests.allocation.conftest import Problem, problems, random_parents


def near(problem: Problem) -> float:
    return 1e-9 * (abs(problem.total) + 1)


@given(problems())
def test_sums_tie_and_limits_hold(problem):
    found = problem.solve()
    leaf = found.exact[problem.tree.leaves]
    assert leaf.sum() == pytest.approx(problem.total, rel=1e-11, abs=1e-9)
    assert np.allclose(problem.tree.total(leaf), found.exact, rtol=1e-11, atol=1e-9)
    assert (found.exact >= problem.low - near(problem)).all()
    assert (found.exact <= problem.high + near(problem)).all()
    locked = problem.low == problem.high
    assert (found.exact[locked] == problem.low[locked]).all()


@given(problems())
def test_levels_and_prices_prove_the_optimum(problem):
    """Complementary slackness: these conditions are sufficient for a convex problem."""
    found, tree = problem.solve(), problem.tree
    assert (found.held == -np.sign(found.price)).all()
    down, up = found.price < 0, found.price > 0
    assert (found.exact[down] == problem.high[down]).all()
    assert (found.exact[up] == problem.low[up]).all()
    above = found.level[tree.parents[1:]]
    both = np.isfinite(found.level[1:]) & np.isfinite(above)
    inside = above[both] + found.price[1:][both]
    assert np.allclose(inside, found.level[1:][both], rtol=1e-9, atol=1e-12)
    level, value = found.level[tree.leaves], found.exact[tree.leaves]
    live = (problem.curves.slope > 0) & np.isfinite(level)
    curve = problem.curves.start + np.where(np.isfinite(level), level, 0) * problem.curves.slope
    assert np.allclose(value[live], curve[live], rtol=1e-8, atol=near(problem))


@given(problems(), st.floats(1, 1.3))
def test_a_higher_total_takes_from_nobody(problem, factor):
    more = problem.with_total(problem.total * factor)
    assert (more.solve().exact >= problem.solve().exact - near(more)).all()


@given(problems(), st.integers(0, 10**6), st.floats(1.01, 3))
def test_a_higher_ceiling_helps_its_owner_and_burdens_nobody_else(problem, pick, factor):
    before = problem.solve()
    high = problem.high.copy()
    owner = 1 + pick % (len(high) - 1)
    high[owner] *= factor
    after = replace(problem, high=high).solve()
    inside = np.zeros(len(high), dtype=bool)
    inside[owner] = True
    for node in range(owner + 1, len(high)):
        inside[node] = inside[problem.tree.parents[node]]
    assert (after.exact[inside] >= before.exact[inside] - near(problem)).all()
    others = problem.tree.leaves[~inside[problem.tree.leaves]]
    assert (after.exact[others] <= before.exact[others] + near(problem)).all()


@given(problems())
def test_limits_that_do_not_bind_are_irrelevant(problem):
    before = problem.solve()
    gap = near(problem) * 100
    slack_low = before.exact > problem.low + gap
    slack_high = before.exact < problem.high - gap
    low = np.where(slack_low, -np.inf, problem.low)
    low[problem.tree.leaves] = np.maximum(low[problem.tree.leaves], 0.0)
    high = np.where(slack_high, np.inf, problem.high)
    after = replace(problem, low=low, high=high).solve()
    assert np.allclose(after.exact, before.exact, rtol=1e-9, atol=gap)


@given(problems())
def test_a_lock_at_the_answer_moves_nothing(problem):
    before = problem.solve()
    low, high = problem.low.copy(), problem.high.copy()
    node = problem.tree.leaves[0]
    low[node] = high[node] = before.exact[node]
    bounds = tighten(problem.tree, low, high)
    total = float(np.clip(problem.total, bounds.least[0], bounds.most[0]))
    if len(bounds.broken):  # a lock at a float may miss a neighbour's by its last bit
        return
    after = solve(problem.tree, problem.curves, bounds, total)
    assert np.allclose(after.exact, before.exact, rtol=1e-8, atol=near(problem))


@given(problems(), st.floats(0.001, 1000))
def test_the_unit_of_money_does_not_matter(problem, unit):
    before = problem.solve()
    curves = Line(problem.curves.start * unit, problem.curves.slope * unit)
    after = replace(
        problem, curves=curves, low=problem.low * unit, high=problem.high * unit,
        total=problem.total * unit,
    )  # fmt: skip
    bounds = tighten(after.tree, after.low, after.high)
    total = float(np.clip(after.total, bounds.least[0], bounds.most[0]))
    again = solve(after.tree, curves, bounds, total) if not len(bounds.broken) else None
    if again is not None:
        assert np.allclose(again.exact, before.exact * unit, rtol=1e-8, atol=near(problem) * unit)


@given(problems())
def test_a_branch_solved_alone_with_what_it_was_given_stays_the_same(problem):
    found, tree = problem.solve(), problem.tree
    inner = [node for node in range(1, len(tree.parents)) if (tree.parents == node).any()]
    for node in inner[:2]:
        end = node + 1
        while end < len(tree.parents) and tree.parents[end] >= node:
            end += 1
        parents = tree.parents[node:end] - node
        parents[0] = -1
        here = (tree.leaves >= node) & (tree.leaves < end)
        low, high = problem.low[node:end].copy(), problem.high[node:end].copy()
        low[0], high[0] = -np.inf, np.inf
        curves = Line(problem.curves.start[here], problem.curves.slope[here])
        branch = Tree.of(parents)
        bounds = tighten(branch, low, high)
        total = float(np.clip(found.exact[node], bounds.least[0], bounds.most[0]))
        alone = solve(branch, curves, bounds, total)
        assert np.allclose(alone.exact, found.exact[node:end], rtol=1e-8, atol=near(problem))


@given(problems(dead=False))
def test_the_worst_off_cannot_be_better_off(problem):
    """Proportional shares are max-min fair: HiGHS finds no higher least ratio."""
    weight = problem.curves.slope
    proportional = replace(problem, curves=Line(np.zeros(len(weight)), weight))
    found = proportional.solve().exact[problem.tree.leaves]
    summing = problem.tree.summing.toarray()
    capped, floored = np.isfinite(problem.high), np.isfinite(problem.low)
    rows = np.vstack([summing[capped], -summing[floored], -np.eye(len(weight))])
    ratio = np.concatenate([np.zeros(capped.sum() + floored.sum()), weight])
    ends = np.concatenate([problem.high[capped], -problem.low[floored], np.zeros(len(weight))])
    best = linprog(
        np.append(np.zeros(len(weight)), -1.0),
        A_ub=np.column_stack([rows, ratio]),
        b_ub=ends,
        A_eq=[np.append(np.ones(len(weight)), 0.0)],
        b_eq=[problem.total],
        method="highs",
    )
    if best.status == 0:
        assert (found / weight).min() >= -best.fun - 1e-6


@given(problems(dead=False))
def test_prices_are_what_a_limit_costs(problem):
    """The price of the total is the slope of the least squared move (finite difference)."""
    move = 1e-4 * (problem.most - problem.least)
    if not problem.least + 3 * move < problem.total < problem.most - 3 * move:
        return

    def cost(total: float) -> tuple[float, float]:
        found = problem.with_total(total).solve()
        gap = found.exact[problem.tree.leaves] - problem.curves.start
        return float((gap**2 / (2 * problem.curves.slope)).sum()), float(found.level[0])

    (less, low), (more, high) = cost(problem.total - move), cost(problem.total + move)
    slope = (more - less) / (2 * move)
    assert min(low, high) - 1e-6 <= slope <= max(low, high) + 1e-6


def test_by_hand():
    """West may carry 30 of 100: its level halves, East carries the rest in proportion."""
    tree = Tree.of(np.array([-1, 0, 1, 1, 0, 4, 4]))
    low = np.array([-np.inf, -np.inf, 0, 0, -np.inf, 0, 0])
    high = np.array([np.inf, 30, np.inf, np.inf, np.inf, 40, np.inf])
    found = solve(
        tree, Line(np.zeros(4), np.array([20, 40, 30, 10.0])), tighten(tree, low, high), 100
    )
    assert found.exact == pytest.approx([100, 30, 10, 20, 70, 40, 30])
    assert found.level == pytest.approx([3, 0.5, 0.5, 0.5, 3, 4 / 3, 3])
    assert found.price == pytest.approx([0, -2.5, 0, 0, 0, 4 / 3 - 3, 0])
    assert found.held.tolist() == [0, 1, 0, 0, 0, 1, 0]


def test_units_without_weight_carry_only_what_nobody_else_can():
    tree = Tree.of(np.array([-1, 0, 0, 0]))
    low, high = np.array([-np.inf, 0, 0, 0]), np.array([np.inf, 10, np.inf, np.inf])
    bounds = tighten(tree, low, high)
    curves = Line(np.zeros(3), np.array([1.0, 0.0, 0.0]))
    assert solve(tree, curves, bounds, 8).exact.tolist() == [8, 8, 0, 0]
    over = solve(tree, curves, bounds, 16)
    assert over.exact.tolist() == [16, 10, 3, 3]
    assert over.level[0] == np.inf


def test_a_broken_limit_is_refused():
    tree = Tree.of(np.array([-1, 0, 0]))
    bounds = tighten(tree, np.array([-np.inf, 5, 5]), np.array([8, np.inf, np.inf]))
    assert bounds.broken.tolist() == [0]
    with pytest.raises(ValueError, match="broken"):
        solve(tree, Line(np.zeros(2), np.ones(2)), bounds, 8)


@pytest.mark.parametrize("parents", [[], [0], [-1, -1], [-1, 2, 0], [-1, 0, 0, 2, 1]])
def test_a_tree_is_checked(parents):
    with pytest.raises(ValueError, match=r"root|parent|order"):
        Tree.of(np.array(parents, dtype=np.int64))


def test_a_deep_unbalanced_tree_agrees_with_its_sums():
    tree = Tree.of(random_parents(np.random.default_rng(3), depth=9, fan=4))
    values = np.arange(len(tree.leaves), dtype=float)
    assert np.allclose(tree.summing @ values, tree.total(values))
