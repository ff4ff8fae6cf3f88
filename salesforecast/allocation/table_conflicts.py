"""Why no two-way table exists: its totals and corridors as limits, told and mended like any others."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from salesforecast.allocation.conflicts import Conflict, diagnose
from salesforecast.allocation.limits import ORDER
from salesforecast.hierarchy import ROOT, Hierarchy, join_path
from salesforecast.rules import Ceiling, Floor, Lock, Rule, Sum

Because = Mapping[tuple[Hashable, Hashable], tuple[str, str]]
_LEVELS = ("company", "unit", "cell")


def table_limits(
    totals: pd.Series,
    columns: pd.Series | None = None,
    *,
    floors: pd.DataFrame | None = None,
    ceilings: pd.DataFrame | None = None,
    because: Because | None = None,
) -> tuple[Hierarchy, tuple[Rule, ...]]:
    """A table's totals and corridors as limits on the cells, row by row.

    Parameters
    ----------
    totals, columns
        What rows and columns add up to, in money; None leaves the columns free.
    floors, ceilings
        Row × column in money, equal for a lock; missing where there is none.
    because
        (row, column) to owner and reason of the corridor there.

    Returns
    -------
    tuple
        A hierarchy with one leaf a cell, and the rules: `Floor`, `Ceiling`, `Lock` on cells,
        `Sum` for totals. `conflicts.diagnose` and `repaired` take them.
    """
    across = _across(columns, floors, ceilings)
    rows, names = _labels(totals.index), _labels(across)
    paths = [[join_path([row, name]) for name in names] for row in rows]
    hierarchy = Hierarchy.of(
        [path for line in paths for path in line], levels=_LEVELS, label="the table"
    )
    rules: list[Rule] = []
    for row, line, amount in zip(rows, paths, totals.to_numpy().tolist(), strict=True):
        called = (f"the total of {row}", f"{row}合计")
        rules.append(Sum(join_path([row]), tuple(line), amount, amount, called))
    for at, name in enumerate(names if columns is not None else []):
        assert columns is not None
        amount = columns.loc[across[at]].item()
        called = (f"the total of {name}", f"{name}合计")
        rules.append(Sum(ROOT, tuple(line[at] for line in paths), amount, amount, called))
    low = _values(floors, totals.index, across, -np.inf)
    high = _values(ceilings, totals.index, across, np.inf)
    for down, right in np.argwhere((low > 0) | (high < np.inf)).tolist():
        least, most = float(low[down, right]), float(high[down, right])
        owner, reason = (because or {}).get((totals.index[down], across[right]), ("", ""))
        node = paths[down][right]
        if least == most:
            rules.append(Lock(node, least, owner, reason))
            continue
        if least > 0:
            rules.append(Floor(node, least, owner, reason))
        if most < np.inf:
            rules.append(Ceiling(node, most, owner, reason))
    return hierarchy, tuple(rules)


def diagnose_table(
    totals: pd.Series,
    columns: pd.Series | None = None,
    *,
    floors: pd.DataFrame | None = None,
    ceilings: pd.DataFrame | None = None,
    because: Because | None = None,
    step: int = 1,
    order: Sequence[str] = ORDER,
) -> tuple[Conflict, ...]:
    """Every independent contradiction between a table's totals and corridors; empty if there is a table.

    Each is a smallest set of limits with owner and reason, and carries repairs that work
    (`conflicts.repaired` on the rules of `table_limits`). Parameters as there and in `diagnose`.
    """
    hierarchy, rules = table_limits(
        totals, columns, floors=floors, ceilings=ceilings, because=because
    )
    nothing = pd.Series(0.0, index=hierarchy.leaves)
    return diagnose(float(totals.sum()), hierarchy, rules, baseline=nothing, step=step, order=order)


def _across(
    columns: pd.Series | None, floors: pd.DataFrame | None, ceilings: pd.DataFrame | None
) -> pd.Index:
    for part in (columns.index if columns is not None else None, floors, ceilings):
        if part is not None:
            return part if isinstance(part, pd.Index) else part.columns
    raise ValueError("a table without columns, floors and ceilings has nothing to contradict")


def _labels(index: pd.Index) -> list[str]:
    """Short names that tell rows or columns apart: the last part of a path, months by name."""
    if isinstance(index, pd.DatetimeIndex):
        return [f"{first:%Y-%m}" if first.day == 1 else f"{first:%Y-%m-%d}" for first in index]
    whole = [str(label) for label in index]
    short = pd.Series([label.rpartition("/")[2] for label in whole])
    return [
        full if twice else last
        for full, last, twice in zip(whole, short, short.duplicated(keep=False), strict=True)
    ]


def _values(
    frame: pd.DataFrame | None, index: pd.Index, across: pd.Index, none: float
) -> np.ndarray:
    if frame is None:
        return np.full((len(index), len(across)), none)
    values = frame.reindex(index=index, columns=across).to_numpy(dtype=float)
    return np.where(np.isnan(values), none, values)
