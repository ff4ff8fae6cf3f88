"""Limits read onto the tree: one pair of bounds a node, in whole steps, and who set them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from operator import attrgetter

import numpy as np
import pandas as pd

from salesforecast.allocation.tree import Tree
from salesforecast.errors import DataError, ParameterError
from salesforecast.hierarchy import Hierarchy
from salesforecast.rules import Capacity, Ceiling, Floor, GrowthBand, Lock, Row, Rule

_NEAR = 1e-9  # relative: what counts as a whole number of steps
_KINDS = {Lock: "lock", GrowthBand: "growth", Capacity: "capacity"}


@dataclass(frozen=True)
class TreeBounds:
    """Own limits of every node in whole steps, and the rows that no single node can carry.

    Parameters
    ----------
    low, high
        float64, one a node; `-inf` and `inf` where there is none. A leaf's floor is zero
        unless a limit says otherwise.
    low_rule, high_rule
        int64: which of `rules` sets that bound, -1 for none.
    shared
        Which rules are weighted or span several nodes, with their rows (in money).
    """

    low: np.ndarray
    high: np.ndarray
    low_rule: np.ndarray
    high_rule: np.ndarray
    shared: tuple[tuple[int, Row], ...]
    rules: tuple[Rule, ...]

    def kinds(self, rules: np.ndarray, *, side: str) -> np.ndarray:
        """What limits are called: `lock`, `growth`, `capacity`, `own floor`, `own ceiling`."""
        named, which = np.unique(rules, return_inverse=True)
        words = [
            _KINDS.get(type(self.rules[at]), f"own {side}") if at >= 0 else f"own {side}"
            for at in named
        ]
        return np.array(words, dtype=object)[which]


@lru_cache(maxsize=32)
def tree_of(hierarchy: Hierarchy) -> Tree:
    """The hierarchy as arrays; kept, since many plans share one tree."""
    return Tree.of(hierarchy.parents)


@lru_cache(maxsize=32)
def _places(hierarchy: Hierarchy) -> dict[str, int]:
    """Node to its place in the tree."""
    return {str(node): place for place, node in enumerate(hierarchy.nodes.index)}


@dataclass(frozen=True)
class _Read:
    """Limits of single nodes as arrays, in money (growth bands: in growth), and the others' rows."""

    which: np.ndarray
    nodes: list[str]
    low: np.ndarray
    high: np.ndarray
    bands: np.ndarray
    shared: tuple[tuple[int, Row], ...]


def _read(rules: Sequence[Rule], hierarchy: Hierarchy, baseline: pd.Series | None) -> _Read:
    """Read rules kind by kind, the many simple ones all at once."""
    kinds = np.fromiter(map(id, map(type, rules)), np.int64, len(rules))
    low, high = np.full(len(rules), -np.inf), np.full(len(rules), np.inf)
    nodes = list(map(attrgetter("node"), rules))
    simple = np.zeros(len(rules), dtype=bool)
    for kind in (Floor, Ceiling, Lock):
        at = np.flatnonzero(kinds == id(kind))
        subset = map(rules.__getitem__, at.tolist())
        amounts = np.fromiter(map(attrgetter("amount"), subset), np.float64, len(at))
        simple[at] = True
        if kind is not Ceiling:
            low[at] = amounts
        if kind is not Floor:
            high[at] = amounts
    shared: list[tuple[int, Row]] = []
    for place in np.flatnonzero(~simple).tolist():
        found = _single_node(rules[place], hierarchy, baseline)
        if isinstance(found, Row):
            shared.append((place, found))
        else:
            nodes[place], low[place], high[place] = found
    which = np.setdiff1d(np.arange(len(rules)), [place for place, _ in shared])
    return _Read(
        which,
        nodes if not shared else [nodes[place] for place in which],
        low[which],
        high[which],
        kinds[which] == id(GrowthBand),
        tuple(shared),
    )


def read_bounds(
    hierarchy: Hierarchy,
    rules: Sequence[Rule],
    baseline: pd.Series | None,
    step: int,
    *,
    columns: pd.DataFrame | None = None,
) -> TreeBounds:
    """Put every rule where it binds; bounds are the multiples of `step` that it allows.

    `columns`, on leaf in the tree's order, may hold further limits in money: `floor` and
    `ceiling`, missing where there is none.

    Raises
    ------
    DataError
        If a rule names a node that is not in the tree, or its amount is not a number.
    ParameterError
        If a growth band is asked for and no baseline is known.
    """
    tree = tree_of(hierarchy)
    read = _read(rules, hierarchy, baseline)
    which, nodes, low, high = read.which, read.nodes, read.low, read.high
    at = np.fromiter(map(_places(hierarchy).get, nodes, repeat(-1)), np.int64, len(nodes))
    if (at < 0).any():
        hierarchy.within(nodes[int(np.argmax(at < 0))])  # says which node there is none of
    if read.bands.any():
        assert baseline is not None
        last = tree.total(baseline.reindex(hierarchy.leaves).to_numpy(dtype=float))
        band = read.bands
        low[band], high[band] = _growth(low[band], high[band], last[at[band]])
    if np.isnan(low).any() or np.isnan(high).any():
        wrong = rules[which[int(np.argmax(np.isnan(low) | np.isnan(high)))]]
        raise DataError(
            "a limit's amount is not a number.",
            where=f"{type(wrong).__name__} on '{wrong.node}'",
            fix="give an amount, or remove the limit.",
        )
    low, high = whole_steps(low / step, up=True), whole_steps(high / step, up=False)
    size = len(tree.parents)
    own_low, own_high = np.full(size, -np.inf), np.full(size, np.inf)
    low_rule, high_rule = np.full(size, -1), np.full(size, -1)
    order = np.lexsort((low,))  # the tightest is written last
    order = order[np.isfinite(low[order])]
    own_low[at[order]], low_rule[at[order]] = low[order], which[order]
    order = np.lexsort((-high,))
    order = order[np.isfinite(high[order])]
    own_high[at[order]], high_rule[at[order]] = high[order], which[order]
    if columns is not None:
        _from_columns(columns, tree.leaves, step, (own_low, low_rule), (own_high, high_rule))
    open_ = tree.leaves[np.isinf(own_low[tree.leaves])]
    own_low[open_] = np.minimum(0.0, own_high[open_])
    return TreeBounds(own_low, own_high, low_rule, high_rule, read.shared, tuple(rules))


def _from_columns(
    columns: pd.DataFrame,
    leaves: np.ndarray,
    step: int,
    low: tuple[np.ndarray, np.ndarray],
    high: tuple[np.ndarray, np.ndarray],
) -> None:
    """Tighten the leaves' bounds to the columns `floor` and `ceiling`, where they have them."""
    for name, (bound, rule), sign in (("floor", low, 1.0), ("ceiling", high, -1.0)):
        if name not in columns:
            continue
        values = columns[name].to_numpy(dtype=float) / step
        values = np.where(np.isnan(values), -sign * np.inf, values)
        values = whole_steps(values, up=sign > 0)
        tighter = sign * values > sign * bound[leaves]
        bound[leaves[tighter]] = values[tighter]
        rule[leaves[tighter]] = -1


def whole_steps(values: np.ndarray, *, up: bool) -> np.ndarray:
    """Round bounds inward to whole steps; what is whole but for float noise stays."""
    near = np.rint(values)
    with np.errstate(invalid="ignore"):  # infinite stays infinite
        same = np.abs(values - near) <= _NEAR * np.maximum(1.0, np.abs(values))
    return np.where(same, near, np.ceil(values) if up else np.floor(values))


def _single_node(
    rule: Rule, hierarchy: Hierarchy, baseline: pd.Series | None
) -> tuple[str, float, float] | Row:
    if isinstance(rule, Capacity):
        _check_capacity(rule)
        if len(rule.uses) == 1:
            ((node, use),) = rule.uses.items()
            if use > 0:
                return node, -np.inf, rule.amount / use
        return rule.row(hierarchy, pd.Series(dtype=float))
    if baseline is None:
        raise ParameterError(
            "a limit refers to last year, which is not known.",
            where=rule.words(),
            fix="add a column 'history' or 'baseline' to the leaves, or remove the limit.",
        )
    if isinstance(rule, GrowthBand):
        return rule.node, rule.low, rule.high
    row = rule.row(hierarchy, baseline)
    if row.plain and row.coefficients.index.equals(hierarchy.within(rule.node)):
        return rule.node, row.lower, row.upper
    return row


def _growth(low: np.ndarray, high: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Growth bands in money; on a baseline below zero more growth is less money."""
    with np.errstate(invalid="ignore"):
        least = np.where(np.isfinite(low), last * (1 + low), low)
        most = np.where(np.isfinite(high), last * (1 + high), high)
    turned = last < 0
    return (
        np.where(turned, np.minimum(least, most), least),
        np.where(turned, np.maximum(least, most), most),
    )


def _check_capacity(rule: Capacity) -> None:
    wrong = [node for node, use in rule.uses.items() if not 0 <= use < np.inf]
    if wrong or not rule.amount >= 0:
        raise DataError(
            "a capacity or its use is negative or missing.",
            where=f"{rule.words()}: amount {rule.amount}, uses {dict(rule.uses)}",
            fix="give zero or more.",
        )
