"""Shared capacities: kept, priced only when used in full, and optimal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforecast.allocation.curves import Line
from salesforecast.allocation.level import tighten
from salesforecast.allocation.prices import Shared, Shifted, solve_shared
from tests.allocation.conftest import Problem, problems
from tests.examples import examples


@st.composite
def shared(draw: st.DrawFn) -> tuple[Problem, Shared]:
    """A random tree with one to four capacities that bind a little, around a plan that keeps them."""
    problem = draw(problems(dead=False))
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = len(problem.tree.leaves)
    rows = draw(st.integers(1, 4))
    use = seed.uniform(0.1, 2, (rows, count)) * (seed.random((rows, count)) < 0.6)
    use[:, 0] += 0.1
    free = problem.solve().exact[problem.tree.leaves]
    weight = seed.uniform(0.8, 1.2, count) * problem.curves.slope
    other = Problem(
        problem.tree, Line(np.zeros(count), weight), problem.low, problem.high,
        problem.total, problem.least, problem.most,
    ).solve().exact[problem.tree.leaves]  # fmt: skip
    inside = 0.5 * (free + other)  # another plan within the limits: it keeps every row
    upper = use @ inside
    lower = np.where(seed.random(rows) < 0.3, upper * 0.999, -np.inf)
    return problem, Shared(use, lower, upper)


@given(shared())
def test_rows_hold_and_prices_prove_the_optimum(case):
    problem, rows = case
    tree = problem.tree
    bounds = tighten(tree, problem.low, problem.high)
    found = solve_shared(tree, problem.curves, bounds, problem.total, rows)
    assert found is not None
    levels, prices = found
    leaf = levels.exact[tree.leaves]
    used = rows.use @ leaf
    near = 1e-8 * rows.scale
    assert (np.abs(rows.miss(used)) <= near).all()
    assert leaf.sum() == pytest.approx(problem.total, rel=1e-9)
    assert (np.abs(used - rows.upper)[prices > 0] <= near[prices > 0]).all()
    assert (np.abs(used - rows.lower)[prices < 0] <= near[prices < 0]).all()
    # every leaf sits where its curve is at its own level, after the prices of what it uses
    curve, _ = problem.curves.at(levels.level[tree.leaves])
    assert np.allclose(leaf, curve, rtol=1e-7, atol=1e-7 * (1 + abs(problem.total)))
    above = levels.level[tree.parents[tree.leaves]]
    own = levels.level[tree.leaves] - (above - prices @ rows.use)
    scale = 1e-6 * (1 + np.abs(levels.level[tree.leaves]) + np.abs(above))
    low, high = problem.low[tree.leaves], problem.high[tree.leaves]
    assert (np.abs(leaf - high)[own < -scale] <= 1e-9 * (1 + leaf[own < -scale])).all()
    assert (np.abs(leaf - low)[own > scale] <= 1e-9 * (1 + leaf[own > scale])).all()


@settings(max_examples=examples(50))
@given(shared())
def test_a_capacity_with_room_costs_nothing(case):
    problem, rows = case
    plain = problem.solve()
    roomy = Shared(
        rows.use, np.full(len(rows.use), -np.inf), rows.use @ plain.exact[problem.tree.leaves] + 1
    )
    bounds = tighten(problem.tree, problem.low, problem.high)
    levels, prices = solve_shared(problem.tree, problem.curves, bounds, problem.total, roomy)
    assert (prices == 0).all()
    assert np.allclose(levels.exact, plain.exact)


def test_shifted_curves_are_the_curves_at_a_lower_level():

    curves = Shifted(Line(np.array([1.0, 2.0]), np.array([3.0, 4.0])), np.array([0.5, 0.0]))
    value, slope = curves.at(np.array([1.0, 1.0]))
    assert value.tolist() == [2.5, 6.0]
    assert slope.tolist() == [3.0, 4.0]
    assert curves.inverse(value).tolist() == [1.0, 1.0]
