"""Two-way tables: leaf × period with row totals, column totals, corridors and locks.

    cell = clip(start x exp(row level + column level), low, high)      kind "shares"
    cell = clip(start x (1 + row level + column level), low, high)     kind "squares"

Rows are solved exactly for given column levels (straight pieces); Newton's method then moves
the few column levels only. Cells whose start is zero stay at zero (or at their floor).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Kind = Literal["shares", "squares"]
ENOUGH = 1e-13  # relative, of a column's total
NEARLY = 1e-8  # the same where totals leave a cell nothing, so that its level has no end
_STEPS, _ROW_STEPS, _CUTS, _IDLE = 200, 300, 60, 12


@dataclass(frozen=True)
class Table:
    """A two-way problem.

    Parameters
    ----------
    start
        float64, row × column, zero or more: what the cells should look like.
    rows, columns
        What they add up to; both have the same sum.
    low, high
        Corridor of each cell, `0 <= low <= high`; equal for a lock.
    kind
        `shares` keeps proportions (entropy), `squares` keeps amounts (weighted least squares).
    """

    start: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    low: np.ndarray
    high: np.ndarray
    kind: Kind = "shares"


@dataclass(frozen=True)
class _State:
    """Cells at given column levels, every row exact, with what Newton's method needs."""

    across: np.ndarray  # column levels
    down: np.ndarray  # row levels: factors for shares, terms for squares
    cells: np.ndarray
    miss: np.ndarray  # columns' sums minus their totals
    slope: np.ndarray  # of each cell, zero where held


def balance(table: Table) -> np.ndarray | None:
    """The cells closest to `start` with these totals and corridors; None if there are none.

    Returns
    -------
    np.ndarray
        float64, row × column; rows and columns add up to 1e-12 of their totals (columns to
        1e-8 where totals leave nothing to a cell that has a start).
    """
    with np.errstate(over="ignore", invalid="ignore"):  # levels run off where no table exists
        return _balance(table)


def _balance(table: Table) -> np.ndarray | None:
    scale = np.maximum(np.abs(table.columns), 1e-3 * np.abs(table.columns).mean() + 1e-300)
    state = _rows_exact(table, np.zeros(len(table.columns)), None)
    if state is None:
        return None
    firm = table.start.sum(axis=0)  # how columns answer where nothing is held
    reached, idle = np.inf, 0
    for _ in range(_STEPS):
        off = float(np.abs(state.miss / scale).max(initial=0.0))
        if off <= ENOUGH:
            return state.cells
        reached, idle = (off, 0) if off < 0.9 * reached else (reached, idle + 1)
        if idle == _IDLE:
            break
        step = _newton_step(state, firm)
        better = _search(table, state, step)
        if better is None:
            break
        state = better
    off = float(np.abs(state.miss / scale).max(initial=0.0))
    return state.cells if off <= NEARLY else None  # cells that must vanish get there slowly


def _newton_step(state: _State, firm: np.ndarray) -> np.ndarray:
    """Column levels' move that would close the misses, rows kept exact (Schur complement)."""
    width = len(firm)
    whole = state.slope.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(whole[:, None] > 0, state.slope / whole[:, None], 0.0)
    curve = np.diag(state.slope.sum(axis=0)) - state.slope.T @ share
    size = max(float(np.trace(curve)), 1e-9 * float(firm.sum()), 1e-300)
    # all columns up by the same changes nothing: that direction is filled, the rest kept
    curve = curve + size / width**2 + np.diag(1e-10 * np.maximum(firm, 1e-6 * firm.mean()) + 1e-300)
    return -np.linalg.solve(curve, state.miss)


def _search(table: Table, state: _State, step: np.ndarray) -> _State | None:
    """Go along `step` until the dual function (convex) has nearly stopped falling."""
    fall = float(state.miss @ step)
    near, far, best = 0.0, np.inf, None
    length = min(1.0, 30.0 / max(float(np.abs(step).max()), 1e-300))  # levels stay in range
    for _ in range(_CUTS):
        trial = _rows_exact(table, state.across + length * step, state.down)
        slope = np.nan if trial is None else float(trial.miss @ step)
        if slope <= 0:
            near, best = length, trial
        else:
            far = length
        if abs(slope) <= 0.3 * abs(fall) or (slope <= 0 and length == 1.0):
            return trial
        length = min(4 * length, 1.0) if far == np.inf and length < 1 else 0.5 * (near + far)
        if not near < length < far:
            break
    return best


def _rows_exact(table: Table, across: np.ndarray, down: np.ndarray | None) -> _State | None:
    """Solve every row for its own level; None if one cannot reach its total."""
    if table.kind == "shares":
        slope, base = table.start * np.exp(across), None
    else:
        slope, base = table.start, table.start * (1.0 + across)
    found = _row_levels(table, slope, base, down)
    if found is None:
        return None
    value = slope * found[:, None] if base is None else base + slope * found[:, None]
    cells = np.minimum(np.maximum(value, table.low), table.high)
    rises = (cells == value) & (table.low < table.high)
    tilt = np.where(rises, cells if base is None else slope, 0.0)
    return _State(across, found, cells, cells.sum(axis=0) - table.columns, tilt)


def _row_levels(
    table: Table, slope: np.ndarray, base: np.ndarray | None, start: np.ndarray | None
) -> np.ndarray | None:
    """The level of each row at which its clipped cells add up; Newton inside a bracket."""
    low, high, rows = table.low, table.high, table.rows
    offset = 0.0 if base is None else base
    live = slope > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        lower = np.where(live, (low - offset) / slope, np.inf).min(axis=1)
        ends = np.minimum(high, np.maximum(rows - low.sum(axis=1), 0)[:, None] + low)
        upper = np.where(live, (ends - offset) / slope, -np.inf).max(axis=1)
    dead = ~live.any(axis=1)
    lower[dead] = upper[dead] = 0.0
    level = start
    if level is None:
        whole = slope.sum(axis=1)
        level = (rows - (0.0 if base is None else base.sum(axis=1))) / np.where(dead, 1.0, whole)
    level = np.clip(level, lower, upper)
    enough = 1e-15 * slope.shape[1] * (np.abs(rows) + 1e-300)
    at = np.arange(len(rows))
    before = np.full(len(rows), np.inf)
    for _ in range(_ROW_STEPS):
        whole_rows = len(at) == len(rows)
        s, b = (slope, base) if whole_rows else (slope[at], None if base is None else base[at])
        l, h = (low, high) if whole_rows else (low[at], high[at])  # noqa: E741
        value = s * level[at, None]
        if b is not None:
            value += b
        cells = np.minimum(np.maximum(value, l), h)
        miss = cells.sum(axis=1) - rows[at]
        tilt = (s * (cells == value)).sum(axis=1)
        here = level[at]
        upper[at] = np.where(miss > 0, here, upper[at])
        lower[at] = np.where(miss < 0, here, lower[at])
        with np.errstate(divide="ignore", invalid="ignore"):
            step = here - miss / tilt
        good = (tilt > 0) & (step >= lower[at]) & (step <= upper[at])
        good &= 2 * np.abs(miss) <= before[at]
        before[at] = np.abs(miss)
        step = np.where(good, step, 0.5 * (lower[at] + upper[at]))
        moves = (np.abs(miss) > enough[at]) & (step != here)
        level[at] = np.where(moves, step, here)
        last = np.abs(miss)
        if not moves.any():
            break
        stuck = ~moves & (last > 1e-9 * (np.abs(rows[at]) + 1e-6))
        if stuck.any():
            return None
        at = at[moves]
    else:
        return None
    stuck = last > 1e-9 * (np.abs(rows[at]) + 1e-6)
    return None if stuck.any() else level


def round_two_way(
    exact: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray | None = None,
    high: np.ndarray | None = None,
) -> np.ndarray:
    """Round every cell to the floor or ceiling of `exact`, rows and columns adding up exactly.

    Among all such roundings it moves the least in all (sum of absolute moves): each row first
    rounds up its largest fractions, then units go along shortest paths from columns that
    have too many to columns that have too few. Equal costs go to the earlier row.

    Parameters
    ----------
    exact
        float64, row × column, zero or more.
    rows
        int64: what the rows add up to; `exact` does so too.
    columns
        int64: what the columns add up to; by default the floor or ceiling of their exact
        sums, whichever moves less.
    high
        Largest whole value that a cell may take; by default none.

    Raises
    ------
    ValueError
        If no such rounding exists: `exact` does not have these totals.
    """
    whole = np.floor(exact + 1e-9)
    parts = np.round(np.maximum(exact - whole, 0.0), 9)
    free = np.ones(exact.shape, dtype=bool) if high is None else high > whole
    whole = whole.astype(np.int64)
    gain = np.where(parts > 0, parts, -1e3)  # a whole cell goes up only if nothing else can
    gain[~free] = -np.inf
    sums = whole.sum(axis=0)
    if columns is None:
        fractions = np.round(exact.sum(axis=0), 7)
        least, most = np.floor(fractions).astype(np.int64), np.ceil(fractions).astype(np.int64)
    else:
        least = most = columns
    up = _Ups(gain, rows - whole.sum(axis=1))
    up.settle(least - sums, most - sums)
    return whole + up.chosen


class _Ups:
    """Which cells round up: so many a row, with counts a column that are moved to limits."""

    def __init__(self, gain: np.ndarray, per_row: np.ndarray) -> None:
        width = gain.shape[1]
        if (per_row < 0).any() or (per_row > np.isfinite(gain).sum(axis=1)).any():
            raise ValueError("the rows of the table do not add up to their totals")
        order = np.argsort(-gain, axis=1, kind="stable")
        self.gain = np.ascontiguousarray(gain.T)  # column × row: passes go down a column
        chosen = np.zeros(gain.shape, dtype=bool)
        np.put_along_axis(chosen, order, np.arange(width) < per_row[:, None], axis=1)
        self.up = np.ascontiguousarray(chosen.T)
        self.count = self.up.sum(axis=1)
        self.give = np.where(self.up, self.gain, np.inf)  # what a cell loses if its unit goes
        self.take = np.where(self.up, np.inf, -self.gain)  # what it costs to give it one
        self.cost = np.full((width, width), np.inf)  # of moving one unit from column to column
        self.row = np.zeros((width, width), dtype=np.int64)  # the row that does it cheapest
        self.columns = np.arange(width)
        for source in range(width):
            self._look(source)

    @property
    def chosen(self) -> np.ndarray:
        """Row × column, 1 where a cell rounds up."""
        return self.up.T.astype(np.int64)

    def _look(self, source: int) -> None:
        """The cheapest row to move a unit from `source`, for every other column."""
        best = self.take + self.give[source]
        place = best.argmin(axis=1)
        self.cost[source] = best[self.columns, place]
        self.row[source] = place

    def settle(self, least: np.ndarray, most: np.ndarray) -> None:
        """Move units along cheapest paths until every column's count lies in its limits."""
        while (self.count > most).any():
            self._move(self.count - most)
        while (self.count < least).any():
            self._move(self.count - least)

    def _move(self, excess: np.ndarray) -> None:
        """Send units from a column with too many to the cheapest one with room."""
        distance = np.where(excess > 0, 0.0, np.inf)
        before = np.full(len(excess), -1)
        for _ in range(len(excess)):  # Bellman and Ford
            through = distance[:, None] + self.cost
            best = through.argmin(axis=0)
            shorter = through[best, self.columns]
            gets = shorter < distance - 1e-12
            if not gets.any():
                break
            distance[gets], before[gets] = shorter[gets], best[gets]
        ends = np.where(excess < 0, distance, np.inf)
        end = int(ends.argmin())
        if not np.isfinite(ends[end]):
            raise ValueError("no rounding of the table has these column totals")
        path = []
        start = end
        while before[start] >= 0:
            path.append((int(before[start]), start))
            start = int(before[start])
        moves = self._alike(path, min(int(excess[start]), -int(excess[end])))
        for (source, sink), rows in zip(path, moves, strict=True):
            self.up[source, rows], self.up[sink, rows] = False, True
            self.give[source, rows], self.give[sink, rows] = np.inf, self.gain[sink, rows]
            self.take[source, rows], self.take[sink, rows] = -self.gain[source, rows], np.inf
        self.count[start] -= len(moves[0])
        self.count[end] += len(moves[0])
        self._refresh({int(row) for rows in moves for row in rows})

    def _alike(self, path: list[tuple[int, int]], most: int) -> list[np.ndarray]:
        """Rows that move along each edge of the path: as many as cost the same, `most` at most."""
        chosen: list[np.ndarray] = []
        taken = np.zeros(self.up.shape[1], dtype=bool)
        for source, sink in path:
            near = self.give[source] + self.take[sink] <= self.cost[source, sink] + 1e-12
            alike = np.flatnonzero(near & ~taken)[:most]
            taken[alike] = True
            chosen.append(alike)
        size = min(len(rows) for rows in chosen)
        if size:
            return [rows[:size] for rows in chosen]
        return [np.array([self.row[edge]]) for edge in path]

    def _refresh(self, rows: set[int]) -> None:
        """Cheapest moves after some rows changed: only what those rows gave or can give."""
        if len(rows) > len(self.count):
            for source in range(len(self.count)):
                self._look(source)
            return
        stale = np.zeros(self.row.shape, dtype=bool)
        for changed in rows:
            stale |= self.row == changed
        stale &= np.isfinite(self.cost)
        for column in np.flatnonzero(stale.any(axis=1)).tolist():
            self._look(column)
        for changed in rows:
            offer = self.give[:, changed, None] + self.take[:, changed]
            earlier = (offer == self.cost) & (changed < self.row) & np.isfinite(offer)
            better = (offer < self.cost) | earlier
            self.cost[better] = offer[better]
            self.row[better] = changed
