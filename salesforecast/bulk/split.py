"""A total over series without a tree: the same engine as for small plans, on one level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from salesforecast.allocation.bounds import whole_steps
from salesforecast.allocation.fairness import CRITERIA, build
from salesforecast.allocation.level import solve, tighten
from salesforecast.allocation.rounding import round_tree
from salesforecast.allocation.tree import Tree
from salesforecast.errors import DataError, InfeasibleError, ParameterError, nearest

NOT_HERE: Mapping[str, str] = {
    "equal chance": "it needs simulated futures of every series, and a bulk run draws none",
}
OFFERED = tuple(name for name in CRITERIA if name not in NOT_HERE)
LIMITS = ("floor", "ceiling", "capacity", "potential", "plan")  # columns of the limits' table
BESIDE = {"equal headroom": "capacity", "least change": "plan", "few changes": "plan"}


@dataclass(frozen=True)
class Split:
    """How a total is split.

    Parameters
    ----------
    criterion
        One of `OFFERED`.
    limits
        Table (Parquet or CSV) with a row a series: its label, and any of `LIMITS`; what it does
        not name has no limit. Empty: none.
    least_growth, most_growth
        Of every series' target on its sales in the same periods a year before; None: any.
    """

    criterion: str = "forecast"
    limits: str = ""
    least_growth: float | None = None
    most_growth: float | None = None

    def __post_init__(self) -> None:
        name = self.criterion
        if name in NOT_HERE:
            raise ParameterError(
                f"a bulk run cannot split by '{name}'.",
                where=f"criterion: {NOT_HERE[name]}",
                fix=f"use one of: {', '.join(OFFERED)}; or plan fewer units in the workbench.",
            )
        if name not in OFFERED:
            raise ParameterError(
                f"there is no criterion '{name}'.", where="criterion", fix=nearest(name, OFFERED)
            )
        least, most = self.least_growth, self.most_growth
        if least is not None and most is not None and least > most:
            raise ParameterError(
                f"the least growth {least:g} is above the most, {most:g}.",
                where="least growth and most growth",
                fix="exchange them; 0.05 means 5 %.",
            )


def split(
    known: pd.DataFrame, keys: np.ndarray, wish: Split, *, total: int, step: int, label: str
) -> np.ndarray:
    """Targets, int64, in the order of the series; they add up to `total` within every limit.

    Parameters
    ----------
    known
        `forecast` and `history` (the same periods a year before) of every series.
    keys
        A number that stands for each series' label (`key_of`).
    label
        Name of the label's column, in the limits' table too.

    Raises
    ------
    DataError
        If the limits' table cannot be used.
    ParameterError
        If the criterion needs a column that is not there.
    InfeasibleError
        If the limits leave no room for the total.
    """
    leaves = known.reset_index(drop=True)
    if wish.limits:
        leaves = leaves.join(_beside(Path(wish.limits), keys, label))
    tree = Tree.of(np.concatenate([[-1], np.zeros(len(leaves), dtype=np.int64)]))
    low, high = _bounds(leaves, wish, step)
    bounds = tighten(tree, np.concatenate([[0.0], low]), np.concatenate([[np.inf], high]))
    steps = total // step
    if (low > high).any() or not low.sum() <= steps <= high.sum():
        raise _no_room(low * step, high * step, total)
    most = np.minimum(high, np.maximum(steps - (low.sum() - low), low))
    fair = build(wish.criterion, _read(leaves, wish), low=low, high=most, total=steps, step=step)
    found = solve(tree, fair.curves, bounds, float(steps))
    return np.asarray(round_tree(tree, found.exact)[tree.leaves] * step, dtype=np.int64)


def key_of(labels: np.ndarray) -> np.ndarray:
    """uint64 for each label, equal where they read the same."""
    texts = np.array([str(label) for label in labels], dtype=object)
    return np.asarray(pd.util.hash_array(texts, categorize=False))


def _read(leaves: pd.DataFrame, wish: Split) -> pd.DataFrame:
    """The columns that the criterion refers to; all of them known, not all zero."""
    name = wish.criterion
    column = BESIDE.get(name, name if name in leaves or name in LIMITS else "history")
    if column not in leaves:
        raise ParameterError(
            f"'{name}' needs a column '{column}'.",
            where=wish.limits or "no limits' table was given",
            fix=f"give a table with the label and '{column}' of every series (--limits).",
        )
    values = leaves[column]
    if values.isna().any():
        raise DataError(
            f"{int(values.isna().sum()):,} series have no '{column}'.",
            where=wish.limits,
            fix=f"'{name}' needs it for every series: add their rows.",
        )
    if name != "equal uplift" and not values.max() > 0:
        raise DataError(
            f"every '{column}' is zero or less, so no share of the total follows from it.",
            where=f"{len(values):,} series",
            fix="leave out what is no longer sold, or split by another criterion.",
        )
    return leaves


def _bounds(leaves: pd.DataFrame, wish: Split, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Least and most of every series in whole steps."""
    low, high = np.zeros(len(leaves)), np.full(len(leaves), np.inf)
    last = np.maximum(leaves["history"].to_numpy(), 0.0)
    floors = [last * (1 + wish.least_growth)] if wish.least_growth is not None else []
    ceilings = [last * (1 + wish.most_growth)] if wish.most_growth is not None else []
    floors += [leaves["floor"].fillna(0.0).to_numpy()] if "floor" in leaves else []
    ceilings += [leaves["ceiling"].fillna(np.inf).to_numpy()] if "ceiling" in leaves else []
    for values in floors:
        low = np.maximum(low, whole_steps(values / step, up=True))
    for values in ceilings:
        high = np.minimum(high, whole_steps(values / step, up=False))
    return low, high


def _beside(path: Path, keys: np.ndarray, label: str) -> pd.DataFrame:
    """The limits' table in the order of the series; missing where it names a series not."""
    table = _table(path, label)
    names = [name for name in LIMITS if name in table]
    stray = [str(name) for name in table.columns if name not in (label, *LIMITS)]
    if stray or not names:
        raise DataError(
            f"there is no limit '{stray[0]}'." if stray else "the table holds no limit.",
            where=f"{path}: columns {', '.join(map(str, table.columns))}",
            fix=nearest(stray[0], LIMITS) if stray else f"add one of: {', '.join(LIMITS)}.",
        )
    for name in names:
        values = pd.to_numeric(table[name], errors="coerce")
        wrong = (values.isna() & table[name].notna()) | (values < 0) | np.isinf(values)
        if wrong.any():
            at = table.index[wrong][0]
            raise DataError(
                f"{int(wrong.sum()):,} values of '{name}' are no amounts.",
                where=f"{path}: '{table.at[at, label]}' has {table.at[at, name]}",
                fix="give zero or more, or leave the cell empty.",
            )
        table[name] = values.astype("float64")
    rows = pd.Index(key_of(table[label].to_numpy()))
    unknown = ~rows.isin(keys)
    if unknown.any() or rows.has_duplicates:
        at = table.index[unknown if unknown.any() else rows.duplicated()][0]
        raise DataError(
            f"'{table.at[at, label]}' {'is no series' if unknown.any() else 'stands there twice'}.",
            where=f"{path}: {int(unknown.sum()) or int(rows.duplicated().sum()):,} such rows",
            fix="write each series once, spelled as in the table of sales.",
        )
    return table[names].set_axis(rows).reindex(keys).reset_index(drop=True)


def _table(path: Path, label: str) -> pd.DataFrame:
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(path, dtype={label: "str"}, encoding="utf-8-sig")
    except (OSError, ValueError, UnicodeError) as error:
        raise DataError(
            "the limits cannot be read.", where=f"{path}: {error}", fix="give Parquet or UTF-8 CSV."
        ) from error
    if label not in table:
        raise DataError(
            f"the limits' table lacks the column '{label}'.",
            where=f"{path}: columns {', '.join(map(str, table.columns))}",
            fix="name the series as the table of sales does.",
        )
    return table.reset_index(drop=True)


def _no_room(low: np.ndarray, high: np.ndarray, total: int) -> InfeasibleError:
    clash = low > high
    if clash.any():
        return InfeasibleError(
            f"{int(clash.sum()):,} series have a floor above their ceiling.",
            where=f"first: series {int(np.argmax(clash)) + 1:,} of the table, "
            f"at least {low[clash][0]:,.0f}, at most {high[clash][0]:,.0f}",
            fix="lower the floor or the least growth, or raise the other.",
        )
    if low.sum() > total:
        gap, words = low.sum() - total, f"the floors add up to {low.sum():,.0f}"
    else:
        gap, words = total - high.sum(), f"the ceilings add up to {high.sum():,.0f}"
    return InfeasibleError(
        "the limits leave no room for the total.",
        where=f"{words}, the total is {total:,}: {gap:,.0f} are in the way",
        fix=f"change the total or the limits by {gap:,.0f}.",
    )
