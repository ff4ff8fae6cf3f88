"""Leaf totals spread over periods (or any further dimension), exact both ways."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesforecast.allocation.rounding import apportion
from salesforecast.errors import DataError, ParameterError
from salesforecast.hierarchy import ROOT, SEPARATOR


def cascade(
    totals: pd.Series,
    shape: pd.DataFrame,
    *,
    step: int = 1,
    columns: pd.Series | None = None,
) -> pd.DataFrame:
    """Spread each leaf's total over the periods after its shape, in whole steps.

    Rows add up to `totals` and columns to `columns`, both to the last unit.

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
        int64 on period: what the periods add up to. By default the sum of the rows spread
        after their shapes, split exactly.

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
    """
    from salesforecast.allocation.twoway import fit, round_two_way

    rows, pattern = _checked(totals, shape, step)
    spread = rows[:, None] * pattern
    if columns is None:
        periods = (
            apportion(int(rows.sum()), pd.Series(spread.sum(axis=0))).to_numpy()
            if rows.sum()
            else np.zeros(pattern.shape[1], dtype=np.int64)
        )
    else:
        periods = _period_totals(columns, shape.columns, rows, step)
    exact = fit(spread, rows.astype(float), periods.astype(float))
    cells = round_two_way(exact, rows, periods)
    return pd.DataFrame(cells * step, index=totals.index, columns=shape.columns)


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
