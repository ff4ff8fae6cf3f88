"""Targets made anew under a budget for changes: no more than allowed, and no further from fair."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from salesforecast.allocation.allocate import allocate
from salesforecast.allocation.churn import reallocate
from salesforecast.errors import DataError, InfeasibleError, ParameterError
from salesforecast.rules import Capacity, Ceiling
from tests.allocation.conftest import plans
from tests.examples import examples


def old_plan(case) -> tuple:
    """The case with an old plan that keeps its rules: another total, another split."""
    problem, hierarchy, frame, rules, step = case
    total = round((problem.least + problem.total) / 2) * step
    frame = frame.assign(forecast=frame["forecast"] + step)
    turned = frame["forecast"].to_numpy()[::-1].copy()
    before = allocate(total, hierarchy, frame.assign(forecast=turned), rules=rules, step=step)
    return frame.assign(plan=before.targets), total, int(problem.total) * step


def keeps(rules, hierarchy, targets: pd.Series) -> bool:
    """Whether every rule holds."""
    rows = [rule.row(hierarchy, targets * 0.0) for rule in rules]
    sums = [float(targets[row.coefficients.index] @ row.coefficients) for row in rows]
    return all(row.lower <= value <= row.upper for row, value in zip(rows, sums, strict=True))


@settings(max_examples=examples(60))
@given(plans())
def test_a_budget_of_zero_gives_the_old_plan_back(case):
    _, hierarchy, _, rules, step = case
    frame, before, _ = old_plan(case)
    for limits in ({"budget": 0}, {"cells": 0}):
        found = reallocate(before, hierarchy, frame, rules=rules, step=step, **limits)
        assert (found.allocation.targets == frame["plan"].loc[hierarchy.leaves]).all()
        assert found.moved == found.changed == 0


@settings(max_examples=examples(60))
@given(plans(), st.floats(0, 1.2))
def test_no_more_moves_than_the_budget_and_a_refusal_says_the_least(case, share):
    _, hierarchy, _, rules, step = case
    frame, _, total = old_plan(case)
    free = reallocate(total, hierarchy, frame, rules=rules, step=step)
    budget = int(free.moved * share)
    least = least_move(hierarchy, frame, rules, total, step)
    try:
        found = reallocate(total, hierarchy, frame, rules=rules, step=step, budget=budget)
    except InfeasibleError as error:
        assert budget < least + step * len(frame)  # whole steps may ask for a little more
        assert f"{budget:,} may move" in str(error)
        return
    targets = found.allocation.targets
    assert found.moved == np.abs(targets - frame["plan"]).sum() <= budget
    assert found.moved >= least - 1e-6 * max(least, 1)
    assert targets.sum() == total
    assert keeps(rules, hierarchy, targets)


@settings(max_examples=examples(40))
@given(plans(), st.integers(0, 8))
def test_no_more_cells_change_than_allowed_and_a_refusal_is_right(case, cells):
    _, hierarchy, _, rules, step = case
    frame, _, total = old_plan(case)
    fewest = fewest_cells(hierarchy, frame, rules, total, step)
    if cells < fewest:
        with pytest.raises(InfeasibleError, match=f"at least {fewest} cells"):
            reallocate(total, hierarchy, frame, rules=rules, step=step, cells=cells)
        return
    found = reallocate(total, hierarchy, frame, rules=rules, step=step, cells=cells)
    targets = found.allocation.targets
    assert found.changed == len(found.moves) == (targets != frame["plan"]).sum() <= cells
    assert targets.sum() == total
    assert keeps(rules, hierarchy, targets)


@settings(  # many a random plan has nothing to move and is passed over
    max_examples=examples(25), suppress_health_check=[HealthCheck.filter_too_much]
)
@given(plans(), st.floats(0.3, 0.9))
def test_what_moves_within_a_budget_is_the_fairest_of_all(case, share):
    """No other plan within the limits and the budget comes closer to fair (squares, Clarabel)."""
    clarabel = pytest.importorskip("clarabel")
    from scipy import sparse

    _, hierarchy, _, rules, _ = case
    frame, _, total = old_plan(case)
    frame = (frame / case[4]).assign(plan=frame["plan"] // case[4])
    total //= case[4]
    rules = [type(rule)(rule.node, rule.amount // case[4]) for rule in rules]
    free = reallocate(total, hierarchy, frame, rules=rules)
    least = least_move(hierarchy, frame, rules, total, 1)
    budget = int(least + share * (free.moved - least))
    assume(least + len(frame) < budget < free.moved)
    found = reallocate(total, hierarchy, frame, rules=rules, budget=budget)
    weight, plan = frame["forecast"].to_numpy(), frame["plan"].to_numpy(dtype=float)
    count, unit = len(weight), sparse.eye_array(len(weight))
    rows, low, high = rows_of(hierarchy, rules, total)
    none = sparse.csr_array((len(low), count))
    sides = sparse.vstack(
        [
            sparse.hstack([rows[np.isfinite(high)], none[np.isfinite(high)]]),
            sparse.hstack([-rows[np.isfinite(low)], none[np.isfinite(low)]]),
            sparse.hstack([unit, -unit]),
            sparse.hstack([-unit, -unit]),
            sparse.hstack([sparse.csr_array((1, count)), np.ones((1, count))]),
            sparse.hstack([-unit, 0 * unit]),
        ]
    ).tocsc()
    ends = np.concatenate(
        [high[np.isfinite(high)], -low[np.isfinite(low)], plan, -plan, [budget], np.zeros(count)]
    )
    curve = sparse.diags_array(np.concatenate([1 / weight, np.zeros(count)])).tocsc()
    settings_ = clarabel.DefaultSettings()
    settings_.verbose = False
    solved = clarabel.DefaultSolver(
        curve, np.zeros(2 * count), sides, ends, [clarabel.NonnegativeConeT(len(ends))], settings_
    ).solve()
    best = float((0.5 * np.array(solved.x[:count]) ** 2 / weight).sum())
    exact = found.allocation.exact.to_numpy()
    ours = float((0.5 * exact**2 / weight).sum())
    slack = float((np.abs(exact) / weight).max()) * (count + 1)  # the budget is kept in whole steps
    assert ours <= best + slack
    assert found.price > 0


def rows_of(hierarchy, rules, total: float) -> tuple:
    """Rules and the total as rows over the leaves."""
    rows = [rule.row(hierarchy, pd.Series(0.0, index=hierarchy.leaves)) for rule in rules]
    use = [row.coefficients.reindex(hierarchy.leaves).fillna(0.0).to_numpy() for row in rows]
    low, high = [row.lower for row in rows] + [total], [row.upper for row in rows] + [total]
    return np.array([*use, np.ones(len(hierarchy.leaves))]), np.array(low), np.array(high)


def least_move(hierarchy, frame, rules, total: float, step: int) -> float:
    """The least that has to move in all (HiGHS)."""
    rows, low, high = rows_of(hierarchy, rules, total)
    count = len(frame)
    both = np.hstack([rows, -rows])
    gone = rows @ frame["plan"].to_numpy()
    found = linprog(
        np.ones(2 * count),
        A_ub=np.vstack([both[np.isfinite(high)], -both[np.isfinite(low)]]),
        b_ub=np.concatenate([(high - gone)[np.isfinite(high)], (gone - low)[np.isfinite(low)]]),
        bounds=[(0, None)] * count + [(0, value) for value in frame["plan"]],
    )
    return float(found.fun)


def fewest_cells(hierarchy, frame, rules, total: float, step: int) -> int:
    """The fewest leaves that have to change (HiGHS)."""
    rows, low, high = rows_of(hierarchy, rules, total)
    count, plan = len(frame), frame["plan"].to_numpy(dtype=float)
    unit, most = np.eye(count), max(float(total), float(plan.max()), 1.0)
    found = milp(
        np.concatenate([np.zeros(count), np.ones(count)]),
        integrality=np.concatenate([np.zeros(count), np.ones(count)]),
        bounds=Bounds(0, np.concatenate([np.full(count, np.inf), np.ones(count)])),
        constraints=[
            LinearConstraint(np.hstack([rows, 0 * rows]), low, high),
            LinearConstraint(np.hstack([unit, -most * unit]), -np.inf, plan),
            LinearConstraint(np.hstack([unit, most * unit]), plan, np.inf),
        ],
    )
    return round(found.fun)


def test_by_hand(company, leaves):
    """1,010 becomes 1,100: free, everyone but one moves; with one cell, the one furthest from fair."""
    free = reallocate(1100, company, leaves)
    assert free.allocation.targets.to_dict() == {
        "East/Dan": 440, "East/(open)": 0, "West/Ann": 110, "West/Ben": 220, "West/Cat": 330,
    }  # fmt: skip
    assert (free.moved, free.changed, free.price) == (110, 5, 0.0)
    one = reallocate(1100, company, leaves, cells=1)
    assert one.moves["change"].to_dict() == {"East/Dan": 90}
    assert one.words() == "1 target changes, 90 in all; 4 stay as they were."
    assert one.words("zh") == "1 个目标变动，共 90；4 个不变。"
    tight = reallocate(1100, company, leaves, budget=90)
    assert tight.moved == 90
    assert tight.allocation.targets["East/(open)"] == 10  # nothing is taken to be given elsewhere
    with pytest.raises(InfeasibleError, match="move at least 90, and 89 may move"):
        reallocate(1100, company, leaves, budget=89)
    with pytest.raises(InfeasibleError, match="at least 2 cells, and 1 may"):
        reallocate(1100, company, leaves, rules=[Ceiling("East", 405)], cells=1)


def test_a_shared_capacity_is_kept_too(company, leaves):
    cars = Capacity("/", 270, "vehicle-days", {"West/Cat": 0.3, "East/Dan": 0.4})
    found = reallocate(1100, company, leaves, rules=[cars], budget=150)
    targets = found.allocation.targets
    assert targets.sum() == 1100 and found.moved <= 150
    assert 0.3 * targets["West/Cat"] + 0.4 * targets["East/Dan"] <= 270


@pytest.mark.parametrize(
    ("change", "options", "kind", "words"),
    [
        (lambda f: f.drop(columns="plan"), {}, DataError, "no old plan"),
        (lambda f: f.assign(plan=f["plan"] + 0.5), {}, DataError, "whole steps"),
        (lambda f: f.iloc[1:], {}, DataError, "not the leaves"),
        (lambda f: f, {"budget": -1}, ParameterError, "zero or more"),
    ],
)
def test_what_cannot_be_is_refused(company, leaves, change, options, kind, words):
    with pytest.raises(kind, match=words):
        reallocate(1100, company, change(leaves), **options)
