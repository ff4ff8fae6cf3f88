"""Whole units: exact totals, every node at its floor or ceiling, and the least move of all."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from salesforecast.allocation.level import tighten
from salesforecast.allocation.prices import Shared
from salesforecast.allocation.rounding import apportion, round_shared, round_tree
from salesforecast.allocation.tree import Tree
from salesforecast.errors import InfeasibleError
from tests.allocation.conftest import problems
from tests.examples import examples

weights = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=30).filter(any)


@given(st.integers(0, 10**12), weights)
def test_parts_are_whole_and_tie_out(total, weights):
    parts = apportion(total, pd.Series(weights))
    assert parts.dtype == np.int64
    assert parts.sum() == total
    assert (parts >= 0).all()
    whole = sum(Fraction(weight) for weight in weights)
    shares = [Fraction(weight) * total / whole for weight in weights]
    assert all(abs(part - share) < 1 + 1e-3 for part, share in zip(parts, shares, strict=True))


def test_equal_remainders_go_to_the_earlier_part():
    assert apportion(100, pd.Series([1, 1, 1])).tolist() == [34, 33, 33]


@pytest.mark.parametrize(
    ("total", "weights"), [(-1, [1.0]), (1, [-1.0, 2.0]), (1, [0.0]), (1, [np.nan])]
)
def test_what_cannot_be_split_is_refused(total, weights):
    with pytest.raises(ValueError, match="zero"):
        apportion(total, pd.Series(weights))


@given(problems(whole=True))
def test_every_node_is_the_floor_or_ceiling_of_its_exact_value(problem):
    exact = problem.solve().exact
    rounded = round_tree(problem.tree, exact)
    assert rounded[0] == problem.total
    assert (problem.tree.total(rounded[problem.tree.leaves]) == rounded).all()
    assert (np.abs(rounded - exact) < 1 + 1e-6).all()
    assert (rounded >= problem.low).all()
    assert (rounded <= problem.high).all()


def least_move(problem, exact: np.ndarray, exactly: np.ndarray) -> float:
    """The optimum of the integer program, by HiGHS."""
    leaves = problem.tree.leaves
    low, high = np.floor(exact + 1e-9), np.ceil(exact - 1e-9)
    parts = exact[leaves] - low[leaves]
    summing = problem.tree.summing.toarray()
    base = summing @ low[leaves]
    low[exactly], high[exactly] = exact[exactly], exact[exactly]
    found = milp(
        1 - 2 * parts,
        integrality=np.ones(len(leaves)),
        bounds=Bounds(0, np.ceil(parts - 1e-9)),
        constraints=LinearConstraint(summing, low - base, high - base),
        options={"mip_rel_gap": 0},
    )
    assert found.status == 0, found.message
    return float(found.fun + parts.sum())


@settings(max_examples=examples(60))
@given(problems(whole=True))
def test_no_rounding_moves_less(problem):
    exact = problem.solve().exact
    rounded = round_tree(problem.tree, exact)
    leaves = problem.tree.leaves
    best = least_move(problem, exact, np.array([0]))
    assert np.abs(rounded[leaves] - exact[leaves]).sum() == pytest.approx(best, abs=1e-6)


def test_a_region_keeps_its_own_rounding():
    """Three leaves of 1/3 in each of two regions of 1: one unit in each region."""
    tree = Tree.of(np.array([-1, 0, 1, 1, 1, 0, 5, 5, 5]))
    third = 1 / 3
    exact = np.array([2, 1, third, third, third, 1, third, third, third])
    assert round_tree(tree, exact).tolist() == [2, 1, 1, 0, 0, 1, 1, 0, 0]


def flat(exact: list[float]) -> tuple[Tree, np.ndarray]:
    return Tree.of(np.array([-1] + [0] * len(exact))), np.array([sum(exact), *exact])


def test_a_shared_capacity_is_kept_by_the_rounding():
    """Plain rounding would give the two users of the capacity 3 + 3; it allows 5."""
    tree, exact = flat([2.5, 2.5, 5.0])
    exact[1:] = [2.5, 2.5, 5.0]
    bounds = tighten(tree, np.array([-np.inf, 0, 0, 0]), np.full(4, np.inf))
    tight = Shared(np.array([[1.0, 2.0, 0]]), np.array([-np.inf]), np.array([7.5]))
    rounded = round_shared(tree, exact, bounds, tight)
    assert rounded.tolist() == [10, 3, 2, 5]


def test_a_capacity_that_only_fractions_can_keep_is_said():
    tree, exact = flat([0.5, 0.5])
    bounds = tighten(tree, np.array([-np.inf, 0, 0]), np.full(3, np.inf))
    both = Shared(np.eye(2), np.full(2, -np.inf), np.array([0.5, 0.5]))
    with pytest.raises(InfeasibleError, match="whole steps"):
        round_shared(tree, exact, bounds, both)
