"""Cells under row totals and bounded groups of any shape: near to what they were, and exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from salesforecast.allocation.conflicts import Conflict, diagnose, infeasible
from salesforecast.errors import EngineError, InfeasibleError
from salesforecast.hierarchy import ROOT, Hierarchy, join_path
from salesforecast.rules import Rule, Sum

_ROUNDS, _ENOUGH = 400, 1e-9
_FAINT = 1e-7  # part of a row that a cell without any share may begin with


@dataclass(frozen=True)
class Bounded:
    """Cells (positions) whose sum lies between `low` and `high`; `words` for errors."""

    cells: np.ndarray
    low: float
    high: float
    words: str


def fit(
    start: np.ndarray,
    row_of: np.ndarray,
    groups: Sequence[Bounded],
    *,
    step: int = 1,
    names: Sequence[str] = (),
) -> np.ndarray:
    """Change whole cells as little as possible so that every group lies within its bounds.

    Rows keep their sums to the last unit. Proportions are kept (least relative entropy, by
    cyclic projection), then cells are rounded by an integer program that keeps everything
    exact, whatever the projection left open.

    Parameters
    ----------
    start
        int64 a cell, whole multiples of `step`, zero or more.
    row_of
        Number of the row that each cell belongs to.
    names
        What people call the rows, by number; for errors.

    Returns
    -------
    np.ndarray
        int64 a cell.

    Raises
    ------
    InfeasibleError
        If the groups leave no cells; each contradiction is named with repairs.
    """
    if all(group.low <= start[group.cells].sum() <= group.high for group in groups):
        return start
    touched = np.isin(row_of, row_of[np.concatenate([group.cells for group in groups])])
    place = np.cumsum(touched) - 1
    inside = [
        Bounded(place[g.cells], np.ceil(g.low / step - 1e-9), np.floor(g.high / step + 1e-9), g.words)
        for g in groups
    ]  # fmt: skip
    cells = start[touched] // step
    numbers, rows = np.unique(row_of[touched], return_inverse=True)
    called = [str(names[at]) if len(names) else f"row {at}" for at in numbers]
    totals = np.bincount(rows, weights=cells)
    membership = _membership(inside, len(cells))
    by_row = sparse.csr_array(
        (np.ones(len(cells)), (rows, np.arange(len(cells)))), shape=(len(totals), len(cells))
    )
    _refuse_impossible(by_row, totals, membership, inside, called, step)
    wanted = _project(cells, rows, totals, inside)
    out = start.copy()
    out[touched] = _whole(wanted, by_row, totals, membership, inside) * step
    return out


def _membership(groups: Sequence[Bounded], size: int) -> sparse.csr_array:
    at = np.concatenate([group.cells for group in groups])
    which = np.repeat(np.arange(len(groups)), [len(group.cells) for group in groups])
    return sparse.csr_array((np.ones(len(at)), (which, at)), shape=(len(groups), size))


def _project(
    cells: np.ndarray, rows: np.ndarray, totals: np.ndarray, groups: Sequence[Bounded]
) -> np.ndarray:
    """Nearest cells in relative entropy: rows and groups in turn, each with its own factor."""
    count = np.bincount(rows)
    out = cells + _FAINT * (totals / count)[rows]
    factors = np.zeros(len(groups))
    for _ in range(_ROUNDS):
        sums = np.bincount(rows, weights=out)
        out = out * np.where(sums > 0, totals / np.where(sums > 0, sums, 1.0), 0.0)[rows]
        before = factors.copy()
        for at, group in enumerate(groups):
            free = float(out[group.cells].sum()) * np.exp(-factors[at])
            if not free > 0:
                continue
            aim = max(min(max(free, group.low), group.high), 1e-9 * free)
            change = np.log(aim / free) - factors[at]
            if change:
                out[group.cells] *= np.exp(change)
                factors[at] += change
        if np.abs(factors - before).max(initial=0.0) < _ENOUGH:
            break
    sums = np.bincount(rows, weights=out)
    settled: np.ndarray = (
        out * np.where(sums > 0, totals / np.where(sums > 0, sums, 1.0), 0.0)[rows]
    )
    return settled


def _whole(
    wanted: np.ndarray,
    by_row: sparse.csr_array,
    totals: np.ndarray,
    membership: sparse.csr_array,
    groups: Sequence[Bounded],
) -> np.ndarray:
    """Round with the least total move: cells at floor or ceiling, further away where they must."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    size = len(wanted)
    floor = np.floor(wanted + 1e-9)
    part = np.clip(wanted - floor, 0.0, 1.0)
    low = np.array([group.low for group in groups]) - membership @ floor
    high = np.array([group.high for group in groups]) - membership @ floor
    left = totals - by_row @ floor
    for beyond in (False, True):
        width = 3 if beyond else 1
        sides = [1.0, 1.0, -1.0][:width]  # one up; further up; down
        cost = np.concatenate([1 - 2 * part, *[np.full(size, 1.0)] * (width - 1)])
        most = np.concatenate([np.ones(size), np.full(size * (width > 1), np.inf), floor[: size * (width > 1)]])  # fmt: skip
        found = milp(
            cost,
            integrality=np.ones(size * width),
            bounds=Bounds(np.zeros(size * width), most),
            constraints=[
                LinearConstraint(sparse.hstack([by_row * s for s in sides]), left, left),
                LinearConstraint(sparse.hstack([membership * s for s in sides]), low, high),
            ],
            options={"time_limit": 60.0},
        )
        if found.x is not None:
            moves = np.rint(found.x).reshape(width, size)
            return (floor + np.array(sides) @ moves).astype(np.int64)
    raise EngineError(
        "the corridors leave room in fractions, but no whole steps were found.",
        where="; ".join(group.words for group in groups[:3]),
        fix="use a smaller step, or widen a corridor by one step.",
    )


def _refuse_impossible(
    by_row: sparse.csr_array,
    totals: np.ndarray,
    membership: sparse.csr_array,
    groups: Sequence[Bounded],
    names: Sequence[str],
    step: int,
) -> None:
    """Find the least that groups would have to give (HiGHS); refuse when it is more than nothing."""
    from scipy.optimize import linprog

    size, count = membership.shape[1], len(groups)
    low = np.array([group.low for group in groups])
    high = np.array([group.high for group in groups])
    crossed = np.flatnonzero(low > high)
    if len(crossed):
        group = groups[int(crossed[0])]
        raise InfeasibleError(
            "a corridor is empty.",
            where=f"{group.words}: at least {group.low * step:,.0f}, at most {group.high * step:,.0f}",
            fix="raise its most, or lower its least.",
        )
    unit = sparse.eye_array(count)
    up, bounded = np.isfinite(high), low > 0
    upper = sparse.hstack([membership, 0 * unit, -unit]).tocsr()[np.flatnonzero(up)]
    lower = sparse.hstack([-membership, -unit, 0 * unit]).tocsr()[np.flatnonzero(bounded)]
    found = linprog(
        np.concatenate([np.zeros(size), np.ones(2 * count)]),
        A_ub=sparse.vstack([upper, lower]),
        b_ub=np.concatenate([high[up], -low[bounded]]),
        A_eq=sparse.hstack([by_row, sparse.csr_array((by_row.shape[0], 2 * count))]),
        b_eq=totals,
        method="highs",
    )
    give = found.x[size : size + count] + found.x[size + count :]
    if not give.sum() > 0.5:
        return
    raise infeasible(_contradictions(by_row, totals, groups, names, step))


def _contradictions(
    by_row: sparse.csr_array,
    totals: np.ndarray,
    groups: Sequence[Bounded],
    names: Sequence[str],
    step: int,
) -> tuple[Conflict, ...]:
    """What contradicts what: rows' totals and groups as sums of cells."""
    row_of = by_row.tocsc().indices
    cells = [join_path([names[row], str(cell)]) for cell, row in enumerate(row_of)]
    hierarchy = Hierarchy.of(cells, levels=("all", "unit", "cell"), label="the plan")
    rules: list[Rule] = []
    for row, amount in enumerate(totals.tolist()):
        own = tuple(cells[at] for at in by_row.indices[by_row.indptr[row] : by_row.indptr[row + 1]])
        called = (f"the target of {names[row]}", f"{names[row]}的目标")
        rules.append(Sum(join_path([names[row]]), own, amount * step, amount * step, called))
    for group in groups:
        own = tuple(cells[at] for at in group.cells)
        low, high = group.low * step, group.high * step
        kind = "lock" if low == high else "growth"
        rules.append(Sum(ROOT, own, low, high, (group.words, group.words), kind))
    nothing = pd.Series(0.0, index=hierarchy.leaves)
    return diagnose(float(totals.sum()) * step, hierarchy, rules, baseline=nothing, step=step)
