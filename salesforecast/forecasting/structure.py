"""Which series are forecast: every leaf and product, and the sums that are easier to foresee."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from salesforecast.errors import DataError
from salesforecast.forecasting.oddities import refuse_unusable
from salesforecast.hierarchy import ROOT, SEPARATOR, Hierarchy
from salesforecast.tables import ALL_PRODUCTS, HISTORY

PERSON = "(person)"  # what leaves that are no house account are called together


@dataclass(frozen=True)
class Step:
    """From the first day of a period to that of the next: so many months, or so many days."""

    months: int = 0
    days: int = 0

    @property
    def offset(self) -> pd.DateOffset:
        return pd.DateOffset(months=self.months, days=self.days)

    @property
    def year(self) -> int:
        """Periods in a year."""
        return 12 // self.months if self.months else 365 // self.days


MONTH, QUARTER, YEAR, WEEK, DAY = Step(1), Step(3), Step(12), Step(days=7), Step(days=1)
SEASONS = {MONTH: 12, QUARTER: 4, YEAR: 1, WEEK: 52, DAY: 7}  # periods in a season


@dataclass(frozen=True)
class Structure:
    """Leaf series first (sorted by node and product), then their sums.

    Parameters
    ----------
    series
        Frame in the order of the series: `node`, `product`, `kind` (of leaf; empty for all
        kinds), `level` (of the node).
    summing
        Sparse matrix series × leaf series: 1 where the leaf series is part of the series.
    parent
        int64, one a series: the sum that it learns its season from; -1 for none.
    """

    series: pd.DataFrame
    summing: sparse.csr_array
    parent: np.ndarray

    @property
    def bottom(self) -> int:
        """Number of leaf series."""
        return self.summing.shape[1]

    @property
    def levels(self) -> np.ndarray:
        """Code of each series: leaf series, then sums by level, all or one product, kind or all."""
        frame = self.series
        is_sum = np.arange(len(frame)) >= self.bottom
        parts = (
            frame["level"].where(is_sum, ""),
            (frame["product"] == ALL_PRODUCTS) & is_sum,
            (frame["kind"] != "") & is_sum,
        )
        return np.asarray(pd.MultiIndex.from_arrays(parts).factorize()[0])


def kind_of(leaf: str) -> str:
    """House leaves of one name are one kind (`(online)`); people are another."""
    name = leaf.rsplit(SEPARATOR, 1)[-1]
    return name if name.startswith("(") else PERSON


def wide_history(
    history: pd.DataFrame, hierarchy: Hierarchy, cutoff: pd.Timestamp
) -> tuple[pd.DataFrame, Step]:
    """Sales period × (node, product) up to `cutoff`, and the step between periods.

    Before a series' first sale it is missing; a gap after that is zero sales.

    Raises
    ------
    DataError
        If nothing is left, a node is no leaf of the hierarchy, or sales are not finite.
    """
    frame = HISTORY.check(history)
    frame = frame[frame["period"] <= cutoff]
    refuse_unusable(frame)
    if frame.empty:
        raise DataError(
            "there is no history to forecast from.",
            where=f"up to the cutoff {cutoff:%Y-%m-%d}",
            fix="move the cutoff, or give more history.",
        )
    stray = sorted(set(frame["node"]) - set(hierarchy.leaf_paths))
    if stray:
        raise DataError(
            f"{len(stray)} nodes of the history are no leaves of the hierarchy.",
            where=f"first: '{stray[0]}'",
            fix="build the hierarchy from the same history.",
        )
    wide = frame.set_index(["period", "node", "product"])["sales"].unstack(["node", "product"])
    wide = wide.sort_index(axis=1)
    step = _step_between(wide.index)
    periods = pd.DatetimeIndex(
        pd.date_range(wide.index[0], cutoff, freq=step.offset), dtype="datetime64[us]"
    )
    wide = wide.reindex(periods)
    begun = wide.notna().cummax()
    return wide.fillna(0.0).where(begun), step


def _step_between(periods: pd.Index) -> Step:
    if len(periods) < 2:
        return MONTH
    at = pd.DatetimeIndex(periods)
    if len(set(at.day)) == 1:
        months = int(np.gcd.reduce(np.diff(np.asarray(at.year * 12 + at.month))))
        found = Step(months)
    else:
        days = int(np.gcd.reduce(np.diff(at.to_numpy().astype("datetime64[D]").astype(np.int64))))
        found = WEEK if days > 0 and days % WEEK.days == 0 else Step(days=days)
    if found not in SEASONS:
        raise DataError(
            f"periods are {found.months or found.days} {'months' if found.months else 'days'} apart.",
            where=f"{at[0]:%Y-%m-%d} to {at[-1]:%Y-%m-%d}",
            fix="give days, weeks, months, quarters or years, each named by its first day.",
        )
    return found


def structure_of(columns: pd.MultiIndex, hierarchy: Hierarchy) -> Structure:
    """Make the sums over `columns` (node, product): nodes and kinds of leaf, by product and in all.

    A sum over the same leaf series as another is kept once.
    """
    nodes = columns.get_level_values(0).to_numpy(dtype=object)
    products = columns.get_level_values(1).to_numpy(dtype=object)
    kinds = np.array([kind_of(node) for node in nodes], dtype=object)
    within = _within(nodes, hierarchy)
    rows: list[tuple[str, str, str]] = [(n, p, kind_of(n)) for n, p in columns]
    members = [np.array([i]) for i in range(len(columns))]
    known: dict[tuple[int, ...], int] = {(i,): i for i in range(len(columns))}
    names = [*sorted(set(products)), ALL_PRODUCTS]
    wanted = [(node, "") for node in hierarchy.nodes.index] + [
        (ROOT, kind) for kind in sorted(set(kinds))
    ]
    position: dict[tuple[str, str, str], int] = {}
    for node, kind in wanted:
        for product in names:
            inside = within.get(node, np.zeros(len(columns), dtype=bool)).copy()
            if kind:
                inside &= kinds == kind
            if product != ALL_PRODUCTS:
                inside &= products == product
            at = tuple(np.flatnonzero(inside).tolist())
            if not at:
                continue
            if at not in known:
                known[at] = len(rows)
                rows.append((node, product, kind))
                members.append(np.array(at))
            position[node, product, kind] = known[at]
    series = pd.DataFrame(rows, columns=["node", "product", "kind"], dtype="str")
    series["level"] = hierarchy.nodes["level"].reindex(series["node"]).to_numpy()
    counts = [len(part) for part in members]
    where = (np.repeat(np.arange(len(rows)), counts), np.concatenate(members))
    summing = sparse.csr_array((np.ones(sum(counts)), where), shape=(len(rows), len(columns)))
    return Structure(series, summing, _parents(series, position, hierarchy, len(set(kinds))))


def _within(nodes: np.ndarray, hierarchy: Hierarchy) -> dict[str, np.ndarray]:
    inside: dict[str, list[int]] = {}
    for at, leaf in enumerate(nodes):
        for node in [leaf, *hierarchy.ancestors(leaf)]:
            inside.setdefault(node, []).append(at)
    out = {}
    for node, places in inside.items():
        mask = np.zeros(len(nodes), dtype=bool)
        mask[places] = True
        out[node] = mask
    return out


def _parents(
    series: pd.DataFrame,
    position: dict[tuple[str, str, str], int],
    hierarchy: Hierarchy,
    kinds: int,
) -> np.ndarray:
    """Leaves learn from leaves of their kind where there are several, otherwise up the tree."""
    out = np.full(len(series), -1, dtype=np.int64)
    leaves = set(hierarchy.leaf_paths)
    for at, (node, product, kind) in enumerate(
        zip(series["node"], series["product"], series["kind"], strict=True)
    ):
        if node in leaves and kinds > 1:
            above = [(ROOT, product, kind_of(node)), (ROOT, ALL_PRODUCTS, kind_of(node))]
        elif kind:
            above = [(ROOT, ALL_PRODUCTS, kind), (ROOT, ALL_PRODUCTS, "")]
        else:
            above = [(up, product, "") for up in hierarchy.ancestors(node)]
        above.append((ROOT, ALL_PRODUCTS, ""))
        found = [position[key] for key in above if position.get(key, at) != at]
        out[at] = found[0] if found else -1
    root = position[ROOT, ALL_PRODUCTS, ""]
    out[root] = -1
    return out
