"""Two-way tables: leaf × period with row totals, column totals, corridors and locks."""

from __future__ import annotations

import numpy as np

_ROUNDS = 2000


def fit(start: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Fit a table to its totals in proportion (iterative proportional fitting, RAS)."""
    cells = start.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(_ROUNDS):
            cells *= np.nan_to_num(columns / cells.sum(axis=0))
            got = cells.sum(axis=1)
            if np.abs(got - rows).max(initial=0.0) <= 1e-12 * max(rows.sum(), 1.0):
                break
            cells *= np.nan_to_num(rows / got)[:, None]
    return cells


def round_two_way(exact: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Round so that every cell is the floor or ceiling of `exact`, rows and columns exact."""
    whole = np.floor(exact + 1e-9)
    parts = np.where(exact - whole < 1e-9, 0.0, exact - whole)
    whole = whole.astype(np.int64)
    up = _assign(parts, rows - whole.sum(axis=1), columns - whole.sum(axis=0))
    return whole + up


def _assign(parts: np.ndarray, per_row: np.ndarray, per_column: np.ndarray) -> np.ndarray:
    """Choose which cells to round up: so many a row, so many a column, most fraction in all."""
    from scipy import sparse
    from scipy.optimize import linprog

    height, width = parts.shape
    sums = sparse.vstack(
        [
            sparse.kron(sparse.eye_array(height), np.ones((1, width))),
            sparse.kron(np.ones((1, height)), sparse.eye_array(width)),
        ]
    ).tocsr()
    found = linprog(
        -parts.ravel(),
        A_eq=sums,
        b_eq=np.concatenate([per_row, per_column]).astype(float),
        bounds=(0, 1),
        method="highs-ds",
    )
    if found.x is None:
        raise ValueError(f"no two-way rounding exists: {found.message}")
    return np.rint(found.x).reshape(parts.shape).astype(np.int64)
