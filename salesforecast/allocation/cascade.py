"""Leaf totals spread over periods (or any further dimension), exact both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from salesforecast.allocation.bounds import whole_steps
from salesforecast.allocation.rounding import apportion
from salesforecast.allocation.twoway import Kind, Table, balance, round_two_way
from salesforecast.errors import DataError, InfeasibleError, ParameterError
from salesforecast.hierarchy import ROOT, SEPARATOR

if TYPE_CHECKING:
    from salesforecast.allocation.table_conflicts import Because


def cascade(
    totals: pd.Series,
    shape: pd.DataFrame,
    *,
    step: int = 1,
    columns: pd.Series | None = None,
    floors: pd.DataFrame | None = None,
    ceilings: pd.DataFrame | None = None,
    kind: Kind = "shares",
    because: Because | None = None,
) -> pd.DataFrame:
    """Spread each leaf's total over the periods after its shape, in whole steps.

    Rows add up to `totals` and columns to `columns`, both to the last unit; every cell is
    the floor or the ceiling of its exact value, and the cells move as little as possible in all.

    Parameters
    ----------
    totals
        int64 on leaf, money, multiples of `step`, zero or more.
    shape
        Leaf × period, zero or more; only the proportions of a row matter. A leaf without
        any shape takes that of the nearest node above it that has one.
    step
        Every cell is a whole multiple of it.
    columns
        int64 on period: what the periods add up to. By default the floor or ceiling of the
        rows' sum after their shapes.
    floors, ceilings
        Leaf × period in money: the corridor of each cell, equal for a lock; missing where there
        is none. By default zero and none.
    kind
        How cells give way to columns and corridors: `shares` keeps proportions, `squares` amounts.
    because
        (leaf, period) to owner and reason of its corridor, for what is said of contradictions.

    Returns
    -------
    pd.DataFrame
        int64, leaf × period, in the order of `totals` and of the columns of `shape`.

    Raises
    ------
    DataError
        If the rows differ, or a shape is negative or missing.
    ParameterError
        If totals are no multiples of `step`, or rows and columns do not add up to the same.
    InfeasibleError
        If the corridors leave no table with these totals; each contradiction is named with
        repairs (`error.conflicts`).
    """
    rows, pattern = _checked(totals, shape, step)
    order = np.argsort(np.array(list(map(str, totals.index.tolist()))), kind="stable")
    rows, pattern = rows[order], pattern[order]  # ties go by label, not by the order given
    exact = rows[:, None] * pattern
    low = _corridor(floors, totals.index[order], shape.columns, step, side="floor")
    high = _corridor(ceilings, totals.index[order], shape.columns, step, side="ceiling")
    periods = None if columns is None else _period_totals(columns, shape.columns, rows, step)
    if columns is not None or floors is not None or ceilings is not None:
        inside = periods is None and bool(((exact >= low) & (exact <= high)).all())
        if not inside:
            wanted = _nearest_columns(exact, rows) if periods is None else periods
            table = Table(exact, rows.astype(float), wanted.astype(float), low, high, kind)
            found = balance(table)
            if found is None:
                raise _no_table(table, totals.index[order], shape.columns, step, because)
            exact, periods = found, wanted
    cells = np.empty(exact.shape, dtype=np.int64)
    cells[order] = round_two_way(exact, rows, periods, high)
    return pd.DataFrame(cells * step, index=totals.index, columns=shape.columns)


def _nearest_columns(exact: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Whole period totals nearest to the sums of `exact`."""
    sums = exact.sum(axis=0)
    if not rows.sum():
        return np.zeros(len(sums), dtype=np.int64)
    return apportion(int(rows.sum()), pd.Series(sums)).to_numpy()


def _corridor(
    limits: pd.DataFrame | None,
    index: pd.Index,
    columns: pd.Index,
    step: int,
    *,
    side: Literal["floor", "ceiling"],
) -> np.ndarray:
    """Floors or ceilings of all cells in whole steps, rounded inward."""
    none = 0.0 if side == "floor" else np.inf
    if limits is None:
        return np.full((len(index), len(columns)), none)
    stray = limits.index.difference(index).append(limits.columns.difference(columns).astype(str))
    if len(stray) or limits.index.has_duplicates or limits.columns.has_duplicates:
        raise DataError(
            f"the {side}s are not on the cells of the table.",
            where=f"unknown or repeated: {list(stray[:3])}",
            fix="use the leaves of the totals and the periods of the shape, each once.",
        )
    values = limits.reindex(index=index, columns=columns).to_numpy(dtype=float) / step
    values = np.where(np.isnan(values), none, values)
    return np.maximum(whole_steps(values, up=side == "floor"), 0.0)


def _no_table(
    table: Table, index: pd.Index, columns: pd.Index, step: int, because: Because | None
) -> InfeasibleError:
    """The error that names every smallest set of totals and corridors that contradict each other."""
    from salesforecast.allocation.conflicts import infeasible
    from salesforecast.allocation.table_conflicts import diagnose_table

    def frame(values: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(values * step, index=index, columns=columns)

    asked: dict[str, Any] = {
        "totals": pd.Series(table.rows * step, index=index),
        "columns": pd.Series(table.columns * step, index=columns),
        "floors": frame(table.low),
        "because": because,
        "step": step,
    }
    found = diagnose_table(ceilings=frame(table.high), **asked)
    if not found:  # cells without any shape carry nothing but their floor
        found = diagnose_table(
            ceilings=frame(np.where(table.start > 0, table.high, table.low)), **asked
        )
    return infeasible(found)


def _checked(totals: pd.Series, shape: pd.DataFrame, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Row totals in steps, and shapes whose rows add up to one."""
    if not totals.index.equals(shape.index):
        if totals.index.has_duplicates or len(totals.index.symmetric_difference(shape.index)):
            raise DataError(
                "the shapes are not those of the totals.",
                where=f"first difference: {list(totals.index.symmetric_difference(shape.index)[:3])}",
                fix="give exactly one row for each leaf in both.",
            )
        shape = shape.loc[totals.index]
    values = shape.to_numpy(dtype=float)
    wrong = ~(values >= 0) | np.isinf(values)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            f"{int(wrong.sum())} shapes are negative or missing.",
            where=f"first: '{shape.index[row]}' in {shape.columns[column]} has {values[row, column]}",
            fix="give zero or more.",
        )
    money = totals.to_numpy()
    if (money < 0).any() or (money % step != 0).any() or not len(shape.columns):
        raise ParameterError(
            f"the totals cannot be spread in steps of {step:,} over {len(shape.columns)} periods.",
            where=f"first totals: {list(money[:3])}",
            fix="use whole multiples of the step, zero or more, and at least one period.",
        )
    values = _fill(values, totals.index)
    return (money // step).astype(np.int64), values / values.sum(axis=1, keepdims=True)


def _fill(values: np.ndarray, index: pd.Index) -> np.ndarray:
    """Rows without a shape take that of the nearest node above that has one."""
    empty = values.sum(axis=1) == 0
    if not empty.any():
        return values
    values = values.copy()
    paths = list(index) if not isinstance(index, pd.MultiIndex) else [key[0] for key in index]
    paths = [str(path) for path in paths]
    above: dict[str, np.ndarray] = {}
    for path, row in zip(paths, values, strict=True):
        parts = path.split(SEPARATOR)
        for depth in range(len(parts)):
            node = SEPARATOR.join(parts[:depth]) or ROOT
            above[node] = above.get(node, 0.0) + row
    for at in np.flatnonzero(empty):
        parts = paths[at].split(SEPARATOR)
        nodes = [SEPARATOR.join(parts[:depth]) or ROOT for depth in range(len(parts) - 1, -1, -1)]
        shapes = [above[node] for node in nodes if np.sum(above[node]) > 0]
        values[at] = shapes[0] if shapes else 1.0
    return values


def _period_totals(columns: pd.Series, labels: pd.Index, rows: np.ndarray, step: int) -> np.ndarray:
    if len(columns.index.symmetric_difference(labels)) or columns.index.has_duplicates:
        raise DataError(
            "the period totals are not those of the shape's periods.",
            where=f"totals for {list(columns.index[:3])}, shapes for {list(labels[:3])}",
            fix="give one total for each period.",
        )
    money = columns.loc[labels].to_numpy()
    if (money < 0).any() or (money % step != 0).any() or money.sum() // step != rows.sum():
        raise ParameterError(
            "the period totals do not add up to the leaves' totals.",
            where=f"periods {money.sum():,}, leaves {rows.sum() * step:,}, step {step:,}",
            fix="change one of them, in whole steps.",
        )
    return (money // step).astype(np.int64)
