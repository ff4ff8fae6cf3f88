"""Targets under rules: one total, split over the leaves as fairly as the limits allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from salesforecast.allocation.bounds import TreeBounds, read_bounds, tree_of
from salesforecast.allocation.fairness import Chances, Criterion, build
from salesforecast.allocation.level import Levels, solve, tighten
from salesforecast.allocation.prices import Shared, solve_shared
from salesforecast.allocation.rounding import round_shared, round_tree
from salesforecast.allocation.steady import round_steady
from salesforecast.allocation.tree import Tree
from salesforecast.errors import DataError, EngineError, Finding, InfeasibleError, ParameterError
from salesforecast.hierarchy import Hierarchy
from salesforecast.rules import Capacity, Ceiling, Floor, Rule


@dataclass(frozen=True)
class Allocation:
    """Targets of every leaf and node, and what holds each of them.

    Parameters
    ----------
    targets
        int64 on leaf, money, whole multiples of `step`; they add up to `total`.
    exact
        float64 on leaf, money: before rounding.
    nodes
        On every node: `target` (int64) and `exact` in money; `floor` and `ceiling`, its own
        limits in money (missing where there is none); `level`, the water level inside it, as
        the criterion's curves read it (infinite where units without weight carry the rest);
        `limit`, what holds it: `""`, `own floor`, `own ceiling`,
        `lock`, `growth`, `capacity`, or the same of a node above: `ceiling above: West`;
        `limited_by`, the node whose limit that is; `price`, level inside minus level above
        (negative: a ceiling holds it down).
    total, step, criterion, rules
        What was asked for; `criterion` in words if it is a blend.
    findings
        What was read differently, such as negative weights.
    common_level, level_words
        The level of everyone not held by a limit, as a figure and in words:
        `0.061`, `"+6.1% growth for everyone not held by a limit"`.
    capacities
        One row for each capacity that several units share: `limit` in words, `node`, `used` and
        `amount` in its unit, `price`: by how much one unit of use lowers a unit's level.
    fair
        The criterion's curves, in steps.
    """

    targets: pd.Series
    exact: pd.Series
    nodes: pd.DataFrame
    total: int
    step: int
    criterion: str
    rules: tuple[Rule, ...]
    findings: tuple[Finding, ...] = ()
    common_level: float = float("nan")
    level_words: str = ""
    capacities: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False, compare=False)
    fair: Criterion | None = field(default=None, repr=False, compare=False)


def allocate(
    total: int,
    hierarchy: Hierarchy,
    leaves: pd.DataFrame,
    *,
    criterion: str | Mapping[str, float] | Criterion = "forecast",
    rules: Sequence[Rule] = (),
    step: int = 1,
    draws: Chances | None = None,
    rounding: Literal["nearest", "steady"] = "nearest",
) -> Allocation:
    """Split `total` over the leaves: fair by `criterion`, within every rule, exact to the step.

    Everyone carries the same level of the criterion but for those whom a limit holds; a group
    held by a limit has a level of its own inside. Among all plans within the limits this one
    deviates least from fair (and for shares no other measure of inequality gives another:
    squares, max-min and entropy agree on a tree).

    Parameters
    ----------
    total
        In money; a whole multiple of `step`, zero or more.
    leaves
        float64 columns on leaf, in money: `forecast`, `history` or `baseline`, `capacity`,
        `potential`, `plan`, as the criterion needs; `ramp`, the part of full strength at which
        new people work over the plan (1 for everyone else), scales all of these but `plan`; `floor` and `ceiling` for limits of many
        leaves at once, missing where there is none. Any row order; further columns are ignored.
    criterion
        One of `fairness.CRITERIA`, a blend `{name: weight}`, or one that was made before.
    rules
        Limits on any node of the tree; capacities shared by several nodes too.
    step
        Targets are whole multiples of it.
    draws
        For "equal chance": draw × leaf in money, or a `fairness.Bell` or `fairness.Quantiles`.
    rounding
        `nearest`: every leaf and subtotal is the floor or ceiling of its exact value, least moved
        in all. `steady`: a higher total never takes a unit from anyone.

    Raises
    ------
    InfeasibleError
        If no plan satisfies every rule; `where` names the rules that contradict each other.
    DataError
        If the rows are not the leaves, or a value is missing, infinite, or negative where it
        must not be.
    ParameterError
        If the criterion is unknown or lacks its column, `total` is not a multiple of `step`, or
        steady rounding is asked for with a shared capacity.
    """
    _check_total(total, step)
    leaves = _aligned(leaves, hierarchy)
    tree = tree_of(hierarchy)
    baseline = next((leaves[name] for name in ("baseline", "history") if name in leaves), None)
    own = read_bounds(hierarchy, rules, baseline, step, columns=leaves)
    bounds = tighten(tree, own.low, own.high)
    steps = int(total) // int(step)
    if len(bounds.broken) or not bounds.least[0] <= steps <= bounds.most[0]:
        raise _infeasible(total, hierarchy, rules, leaves, step)
    low = bounds.least[tree.leaves]
    most = np.minimum(bounds.most[tree.leaves], np.maximum(steps - (low.sum() - low), low))
    fair = criterion
    if not isinstance(fair, Criterion):
        fair = build(fair, leaves, low=low, high=most, total=steps, step=step, draws=draws)
    prices = np.zeros(0)
    if own.shared:
        if rounding == "steady":
            raise ParameterError(
                "steady rounding cannot keep a capacity that several units share.",
                where=rules[own.shared[0][0]].words(),
                fix="round to the nearest, or give each unit a capacity of its own.",
            )
        shared = _shared(own, hierarchy, step)
        found = solve_shared(tree, fair.curves, bounds, float(steps), shared)
        if found is None:
            raise _infeasible(total, hierarchy, rules, leaves, step)
        levels, prices = found
        rounded = round_shared(tree, levels.exact, bounds, shared)
    else:
        levels = solve(tree, fair.curves, bounds, float(steps))
        if rounding == "steady":
            rounded = round_steady(tree, fair.curves, bounds, steps)
        else:
            rounded = round_tree(tree, levels.exact)
    at = tree.leaves
    common = float(levels.level[0])
    return Allocation(
        targets=pd.Series(rounded[at] * step, index=hierarchy.leaves, name="target"),
        exact=pd.Series(levels.exact[at] * step, index=hierarchy.leaves, name="exact"),
        nodes=_nodes(hierarchy, tree, own, levels, rounded, prices, step),
        total=int(total),
        step=int(step),
        criterion=fair.name,
        rules=own.rules,
        findings=fair.findings,
        common_level=fair.shown(common) if np.isfinite(common) else common,
        level_words=_level_words(fair, common),
        capacities=_capacities(own, rounded[at] * step, prices, hierarchy),
        fair=fair,
    )


def _level_words(fair: Criterion, common: float) -> str:
    if not np.isfinite(common):
        return "limits hold everyone with a weight; units without any share the rest equally"
    return f"{fair.words(common)} for everyone not held by a limit"


def _shared(own: TreeBounds, hierarchy: Hierarchy, step: int) -> Shared:
    """The rows that leave the tree, in steps."""
    rows = [row for _, row in own.shared]
    use = [row.coefficients.reindex(hierarchy.leaves).fillna(0.0).to_numpy() for row in rows]
    return Shared(
        np.array(use) * step,
        np.array([row.lower for row in rows]),
        np.array([row.upper for row in rows]),
    )


def _capacities(
    own: TreeBounds, targets: np.ndarray, prices: np.ndarray, hierarchy: Hierarchy
) -> pd.DataFrame:
    """Shared capacities: how much of each is used, and its price in levels a unit."""
    used = [
        float(row.coefficients @ pd.Series(targets, index=hierarchy.leaves)[row.coefficients.index])
        for _, row in own.shared
    ]
    return pd.DataFrame(
        {
            "limit": [own.rules[at].words() for at, _ in own.shared],
            "node": [own.rules[at].node for at, _ in own.shared],
            "used": used,
            "amount": [
                row.upper if prices[k] >= 0 else row.lower for k, (_, row) in enumerate(own.shared)
            ],
            "price": prices,
        }
    )


def _check_total(total: int, step: int) -> None:
    if step < 1 or step != int(step):
        raise ParameterError(
            f"a step of {step} is not possible.", where="step", fix="use 1, 10, 1000 ..."
        )
    if total < 0 or total != int(total) or int(total) % int(step):
        raise ParameterError(
            f"a total of {total:,} cannot be split in steps of {step:,}.",
            where="total",
            fix=f"use a whole multiple of {step:,}, zero or more.",
        )


def _aligned(leaves: pd.DataFrame, hierarchy: Hierarchy) -> pd.DataFrame:
    """The rows in the tree's order, every number known."""
    if not leaves.index.equals(hierarchy.leaves):
        stray = leaves.index.symmetric_difference(hierarchy.leaves)
        if leaves.index.has_duplicates or len(stray):
            twice = list(leaves.index[leaves.index.duplicated()][:3])
            raise DataError(
                "the rows are not the leaves of the hierarchy.",
                where=f"listed twice: {twice}" if twice else f"first difference: {list(stray[:3])}",
                fix="give exactly one row for each leaf.",
            )
        leaves = leaves.loc[hierarchy.leaves]
    for name in ("forecast", "history", "baseline", "capacity", "potential", "plan", "ramp"):
        if name not in leaves:
            continue
        values = leaves[name].to_numpy(dtype=float)
        bad = ~np.isfinite(values)
        if name in ("capacity", "ramp"):
            bad |= values < 0
        if bad.any():
            first = leaves.index[int(np.argmax(bad))]
            raise DataError(
                f"{int(bad.sum())} values of '{name}' are missing, infinite"
                f"{' or negative' if name in ('capacity', 'ramp') else ''}.",
                where=f"first: '{first}' has {values[bad][0]}",
                fix="give a number for every leaf; 0 if there is none.",
            )
    return leaves


def _infeasible(
    total: int, hierarchy: Hierarchy, rules: Sequence[Rule], leaves: pd.DataFrame, step: int
) -> InfeasibleError:
    """The error that names the limits which contradict each other."""
    from salesforecast.allocation.conflicts import diagnose, infeasible

    zero = pd.Series(0.0, index=hierarchy.leaves)
    baseline = next((leaves[name] for name in ("baseline", "history") if name in leaves), zero)
    rules = list(rules)
    for name, kind in (("floor", Floor), ("ceiling", Ceiling)):
        if name in leaves:
            known = leaves[name].dropna()
            rules += [kind(node, amount) for node, amount in known.items() if np.isfinite(amount)]
    conflicts = diagnose(total, hierarchy, rules, baseline=baseline, step=step)
    if not conflicts:
        raise EngineError(
            "the shared capacities leave room, but no price was found that keeps them all.",
            where="; ".join(rule.words() for rule in rules if isinstance(rule, Capacity)),
            fix="raise one of these capacities slightly, and report this plan as a bug.",
        )
    return infeasible(conflicts)


def _nodes(
    hierarchy: Hierarchy,
    tree: Tree,
    own: TreeBounds,
    levels: Levels,
    rounded: np.ndarray,
    prices: np.ndarray,
    step: int,
) -> pd.DataFrame:
    limit, by = _limits(hierarchy, tree, own, levels, prices)
    return pd.DataFrame(
        {
            "target": rounded * step,
            "exact": levels.exact * step,
            "floor": np.where(np.isfinite(own.low), own.low * step, np.nan),
            "ceiling": np.where(np.isfinite(own.high), own.high * step, np.nan),
            "level": levels.level,
            "limit": pd.array(limit, dtype="str"),
            "limited_by": pd.array(by, dtype="str"),
            "price": levels.price,
        },
        index=hierarchy.nodes.index,
    )


def _limits(
    hierarchy: Hierarchy, tree: Tree, own: TreeBounds, levels: Levels, prices: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What holds each node, in words, and the node whose limit that is."""
    size = len(tree.parents)
    names = hierarchy.nodes.index.to_numpy(dtype=object)
    labels = hierarchy.nodes["label"].to_numpy(dtype=object)
    held = np.where(levels.price != 0, levels.held, 0)
    held[0] = 0
    nearest = np.where(held != 0, np.arange(size), -1)
    for layer in tree.layers[1:]:
        nodes = layer.nodes
        nearest[nodes] = np.where(held[nodes] != 0, nodes, nearest[tree.parents[nodes]])
    words, beneath = np.full(size + 1, "", dtype=object), np.full(size + 1, "", dtype=object)
    inner = np.ones(size, dtype=bool)
    inner[tree.leaves] = False
    down, up = held > 0, held < 0
    words[:-1][down] = own.kinds(own.high_rule[down], side="ceiling")
    words[:-1][up] = own.kinds(own.low_rule[up], side="floor")
    for node in np.flatnonzero((held != 0) & inner):
        beneath[node] = f"{words[node].removeprefix('own ')} above: {labels[node]}"
    limit = np.where(nearest == np.arange(size), words[:-1], beneath[nearest])
    by = np.append(names, "")[nearest]
    for price, (rule, row) in zip(prices, own.shared, strict=True):
        if price:
            users = tree.leaves[
                hierarchy.leaves.get_indexer(row.coefficients.index[row.coefficients != 0])
            ]
            users = users[levels.held[users] == 0]
            limit[users] = own.kinds(np.array([rule]), side="ceiling")[0]
            by[users] = own.rules[rule].node
    return limit, by
