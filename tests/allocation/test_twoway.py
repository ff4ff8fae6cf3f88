"""Two-way tables: totals both ways, corridors, locks, and roundings that move least."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp, minimize

from salesforecast.allocation.twoway import Table, balance, round_two_way
from tests.examples import examples


@st.composite
def tables(draw: st.DrawFn, *, bounded: bool = True, kind: str = "") -> tuple[Table, np.ndarray]:
    """A table around hidden cells that satisfy it; some cells zero, some locked."""
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    start = seed.lognormal(3, 1, shape)
    start[seed.random(shape) < draw(st.sampled_from([0.0, 0.25]))] = 0.0
    hidden = start * np.exp(seed.uniform(-0.3, 0.3, shape))
    low, high = np.zeros(shape), np.full(shape, np.inf)
    if bounded:
        low = hidden * np.where(seed.random(shape) < 0.6, seed.uniform(0.7, 1, shape), 0)
        capped = (seed.random(shape) < 0.6) & (start > 0)
        high = np.where(capped, hidden * seed.uniform(1, 1.4, shape), np.inf)
        locked = seed.random(shape) < 0.1
        low[locked] = high[locked] = hidden[locked]
    kind = kind or draw(st.sampled_from(["shares", "squares"]))
    return Table(start, hidden.sum(axis=1), hidden.sum(axis=0), low, high, kind), hidden


@given(tables())
def test_rows_columns_corridors_and_locks_hold(case):
    table, _ = case
    cells = balance(table)
    assert cells is not None
    assert np.allclose(cells.sum(axis=1), table.rows, rtol=1e-11, atol=1e-9)
    assert np.allclose(cells.sum(axis=0), table.columns, rtol=1e-11, atol=1e-9)
    assert ((cells >= table.low) & (cells <= table.high)).all()
    locked = table.low == table.high
    assert (cells[locked] == table.low[locked]).all()
    assert (cells[(table.start == 0) & ~locked] == 0).all()


def distance(cells: np.ndarray, table: Table) -> float:
    live = table.start > 0
    x, a = cells[live], table.start[live]
    if table.kind == "squares":
        return float((0.5 * (x - a) ** 2 / a).sum())
    return float((np.where(x > 0, x * np.log(np.maximum(x, 1e-300) / a), 0) - x + a).sum())


@settings(max_examples=examples(100))
@given(tables(), st.integers(0, 2**32))
def test_no_move_that_keeps_the_totals_comes_closer(case, pick):
    """Convex: if no small swap along a rectangle helps, nothing does in that direction."""
    table, hidden = case
    cells = balance(table)
    best = distance(cells, table)
    assert best <= distance(hidden, table) + 1e-9 * (1 + best)
    seed = np.random.default_rng(pick)
    for _ in range(20):
        (i, k), (j, h) = seed.integers(0, cells.shape[0], 2), seed.integers(0, cells.shape[1], 2)
        move = np.zeros_like(cells)
        move[i, j] += 1
        move[i, h] -= 1
        move[k, j] -= 1
        move[k, h] += 1
        trial = cells + 1e-4 * cells.mean() * move
        inside = (
            (trial >= table.low) & (trial <= table.high) & (table.start > 0) | (move == 0)
        ).all()
        if inside:
            assert distance(trial, table) >= best - 1e-9 * (1 + best)


@settings(max_examples=examples(15))
@given(tables(kind="squares"))
def test_squares_agree_with_a_general_solver(case):
    table, hidden = case
    assume((table.start > 0).all())
    height, width = table.start.shape
    sums = np.vstack(
        [np.kron(np.eye(height), np.ones(width)), np.kron(np.ones(height), np.eye(width))]
    )
    totals = np.concatenate([table.rows, table.columns])
    start = table.start.ravel()
    found = minimize(
        lambda x: (0.5 * (x - start) ** 2 / start).sum(),
        hidden.ravel(),
        jac=lambda x: (x - start) / start,
        bounds=np.stack([table.low.ravel(), table.high.ravel()], axis=1),
        constraints=[
            {"type": "eq", "fun": lambda x: sums[:-1] @ x - totals[:-1], "jac": lambda x: sums[:-1]}
        ],
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert distance(balance(table), table) <= found.fun + 1e-7 * (1 + found.fun)


@given(tables(bounded=False, kind="shares"))
def test_without_corridors_proportions_are_kept(case):
    """Cross ratios of the start survive: that is what proportional fitting means."""
    table, _ = case
    assume((table.start > 0).all())
    cells = balance(table)
    ratio = np.log(cells / table.start)
    ratio -= ratio[:1] + ratio[:, :1] - ratio[0, 0]
    assert np.abs(ratio).max() <= 1e-9


def test_by_hand():
    """A 2 x 2 table of equal cells: the totals decide the shares."""
    start = np.ones((2, 2))
    open_ = np.full((2, 2), np.inf)
    rows, columns = np.array([30.0, 10.0]), np.array([20.0, 20.0])
    assert balance(Table(start, rows, columns, 0 * start, open_)) == pytest.approx(
        np.array([[15, 15], [5, 5]])
    )
    high = np.array([[12.0, np.inf], [np.inf, np.inf]])
    held = balance(Table(start, rows, columns, 0 * start, high))
    assert held == pytest.approx(np.array([[12, 18], [8, 2]]))


@pytest.mark.parametrize(
    "table",
    [
        Table(
            np.eye(2), np.array([3.0, 1]), np.array([2.0, 2]), np.zeros((2, 2)), np.ones((2, 2)) * 9
        ),
        Table(
            np.ones((2, 2)),
            np.array([9.0, 1]),
            np.array([5.0, 5]),
            np.zeros((2, 2)),
            np.ones((2, 2)),
        ),
        Table(
            np.zeros((1, 2)), np.array([2.0]), np.array([1.0, 1]), np.zeros((1, 2)), np.ones((1, 2))
        ),
    ],
)
def test_what_has_no_table_gives_none(table):
    assert balance(table) is None


@given(tables(bounded=False, kind="shares"), st.booleans())
def test_every_cell_is_the_floor_or_ceiling_and_all_totals_tie(case, fixed):
    table, _ = case
    rows = np.rint(table.rows).astype(np.int64)
    exact = table.start * (rows / np.maximum(table.start.sum(axis=1), 1e-300))[:, None]
    assume((exact.sum(axis=1) > 0).all() or not rows.any())
    assume(np.allclose(exact.sum(axis=1), rows))
    columns = None
    if fixed:
        exact = np.rint(exact) if not exact.size else exact
        whole = round_two_way(exact, rows)
        columns = whole.sum(axis=0)
        exact = balance(Table(exact, rows.astype(float), columns.astype(float), *_open(exact)))
        assume(exact is not None)
    cells = round_two_way(exact, rows, columns)
    assert (cells.sum(axis=1) == rows).all()
    assert (np.abs(cells - exact) < 1 + 1e-6).all()
    assert (np.abs(cells.sum(axis=0) - exact.sum(axis=0)) < 1 + 1e-6).all()
    assert (cells[exact == 0] == 0).all()


def _open(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(cells.shape), np.full(cells.shape, np.inf)


@settings(max_examples=examples(80))
@given(st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 5), st.booleans())
def test_no_rounding_moves_less(seed, height, width, coarse):
    """The optimum of the integer program (HiGHS), ties between equal cells included."""
    rng = np.random.default_rng(seed)
    parts = rng.random((height, width)) * rng.integers(1, 9)
    parts = np.rint(parts * 2) / 2 if coarse else parts
    rows = np.maximum(np.floor(parts.sum(axis=1)), 1).astype(np.int64)
    total = parts.sum(axis=1, keepdims=True)
    exact = np.where(total > 0, parts, 1.0) * (rows[:, None] / np.where(total > 0, total, width))
    cells = round_two_way(exact, rows)
    low = np.floor(exact + 1e-9)
    fraction = np.maximum(exact - low, 0)
    sums = np.vstack(
        [np.kron(np.eye(height), np.ones(width)), np.kron(np.ones(height), np.eye(width))]
    )
    columns = np.round(exact.sum(axis=0), 7)
    base = sums @ low.ravel()
    found = milp(
        1 - 2 * fraction.ravel(),
        integrality=np.ones(low.size),
        bounds=Bounds(0, np.ceil(fraction.ravel() - 1e-9)),
        constraints=LinearConstraint(
            sums,
            np.concatenate([rows, np.floor(columns)]) - base,
            np.concatenate([rows, np.ceil(columns)]) - base,
        ),
        options={"mip_rel_gap": 0},
    )
    assert found.status == 0
    assert np.abs(cells - exact).sum() == pytest.approx(found.fun + fraction.sum(), abs=1e-6)


def test_totals_that_the_cells_do_not_have_are_refused():
    with pytest.raises(ValueError, match="rows"):
        round_two_way(np.array([[1.0, 1.0]]), np.array([5]))
    with pytest.raises(ValueError, match="column"):
        round_two_way(np.array([[0.5, 0.5]]), np.array([1]), np.array([2, -1]))
