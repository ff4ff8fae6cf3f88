"""What a limit costs everyone else, in words, and how far a figure can move before the picture changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from salesforecast.allocation.allocate import Allocation, allocate
from salesforecast.allocation.explain import limit_words
from salesforecast.errors import InfeasibleError, ParameterError
from salesforecast.hierarchy import ROOT, Hierarchy
from salesforecast.rules import Capacity, Ceiling, Floor, GrowthBand, Lock, Rule

_TYPES = {
    "own floor": Floor,
    "own ceiling": Ceiling,
    "lock": Lock,
    "growth": GrowthBand,
    "capacity": Capacity,
}
_LEVELS = {  # criterion -> what its level is called in English and Chinese; the rest: stretch
    "equal chance": ("chance", "达成概率"),
    "equal growth": ("growth", "增长率"),
    "equal uplift": ("uplift", "增加额"),
    "equal headroom": ("use of headroom", "余量使用率"),
    "history": ("growth", "增长率"),
    "least change": ("change", "变动率"),
    "few changes": ("change", "变动率"),
}
_MONEY = {"equal uplift"}  # levels that are no fractions


@dataclass(frozen=True)
class Worth:
    """What would happen to everyone else without one limit.

    Parameters
    ----------
    node, limit
        Whose limit, and which: `own ceiling`, `lock`, ...
    scope
        Among whom it is shared out: the nearest node above that is itself held by a limit, else
        the root.
    change
        Of the level inside `scope` without it, in the criterion's figure: `0.022` is 2.2 points
        of chance or growth.
    own
        Of the node's own target without it, in money.
    """

    node: str
    limit: str
    scope: str
    change: float
    own: int


@dataclass(frozen=True)
class Reach:
    """How far a figure can move, all else kept, before other limits hold other units.

    Parameters
    ----------
    low, high
        The range in money (or the capacity's unit) in which the same limits bind.
    below, above
        Nodes whose limit changes first beyond it; empty where the search ended or no plan
        exists beyond.
    """

    low: float
    high: float
    below: tuple[str, ...]
    above: tuple[str, ...]


def worth(
    allocation: Allocation,
    hierarchy: Hierarchy,
    leaves: pd.DataFrame,
    node: str,
    *,
    criterion: str | Mapping[str, float] | None = None,
    draws: pd.DataFrame | None = None,
) -> Worth:
    """Solve once more without the limit that holds `node`.

    Parameters
    ----------
    allocation, hierarchy, leaves, criterion, draws
        As given to and by `allocate`.
    node
        A node that is held by a limit of its own.

    Raises
    ------
    ParameterError
        If no limit of its own holds the node.
    """
    limit = str(allocation.nodes.at[node, "limit"])
    dropped = [rule for rule in allocation.rules if _holds(rule, node, limit)]
    if allocation.nodes.at[node, "limited_by"] != node or not dropped:
        raise ParameterError(
            f"'{node}' is not held by a limit of its own.",
            where=f"its limit is '{limit}'" if limit else "nothing limits it",
            fix="ask about a unit whose own limit binds.",
        )
    freed = allocate(
        allocation.total,
        hierarchy,
        leaves,
        criterion=allocation.criterion if criterion is None else criterion,
        rules=[rule for rule in allocation.rules if all(rule is not gone for gone in dropped)],
        step=allocation.step,
        draws=draws,
    )
    own = allocation.nodes["limited_by"] == allocation.nodes.index.to_series()
    scope = next((above for above in hierarchy.ancestors(node) if own[above]), ROOT)
    if scope == ROOT:
        change = freed.common_level - allocation.common_level
    else:
        change = float(freed.nodes.at[scope, "level"] - allocation.nodes.at[scope, "level"])
        change = -change if allocation.criterion == "equal chance" else change
    return Worth(
        node,
        limit,
        scope,
        change,
        int(freed.nodes.at[node, "target"] - allocation.nodes.at[node, "target"]),
    )


def worth_words(
    found: Worth, allocation: Allocation, hierarchy: Hierarchy, *, language: str = "en"
) -> str:
    """`Without the ceiling of the United Kingdom everyone else's chance would rise by 2.2 points.`"""
    chinese = language == "zh"
    label = str(hierarchy.nodes.at[found.node, "label"])
    kind = limit_words(found.limit, chinese=chinese)
    names = _LEVELS.get(allocation.criterion, ("stretch", "加压幅度"))
    money = allocation.criterion in _MONEY
    size = abs(found.change) if money else abs(found.change) * 100
    inside = "" if found.scope == ROOT else str(hierarchy.nodes.at[found.scope, "label"])
    if chinese:
        whose = f"{inside}其他人的{names[1]}" if inside else f"其他人的{names[1]}"
        amount = f"{size:,.0f}" if money else f"{size:.1f} 个百分点"
        way = f"将{'提高' if found.change > 0 else '降低'} {amount}"
        return f"若取消{label}{kind}，{whose}{way if _felt(size, money) else '基本不变'}。"
    whose = f"the {names[0]} of the others in {inside}" if inside else f"everyone else's {names[0]}"
    amount = f"{size:,.0f}" if money else f"{size:.1f} points"
    way = f"would {'rise' if found.change > 0 else 'fall'} by {amount}"
    way = way if _felt(size, money) else "would hardly change"
    return f"Without the {kind} of {label} {whose} {way}."


def _felt(size: float, money: bool) -> bool:
    """Whether a change is more than nothing as shown."""
    return size >= (0.5 if money else 0.05)


def reach(
    allocation: Allocation,
    hierarchy: Hierarchy,
    leaves: pd.DataFrame,
    *,
    rule: Rule | None = None,
    criterion: str | Mapping[str, float] | None = None,
    draws: pd.DataFrame | None = None,
) -> Reach:
    """Search how far the total, or the amount of one limit, can move with the same limits binding.

    By doubling and halving, about 60 solutions; exact to the step (a capacity: to a
    millionth of its amount). Ends at zero and at four times the figure.

    Parameters
    ----------
    allocation, hierarchy, leaves, criterion, draws
        As given to and by `allocate`.
    rule
        One of the allocation's rules with an amount; None for the total.

    Raises
    ------
    ParameterError
        If the allocation does not have the rule, or it has no amount.
    """
    amount = float(allocation.total if rule is None else getattr(rule, "amount", float("nan")))
    if rule is not None and (rule not in allocation.rules or not amount >= 0):
        raise ParameterError(
            "the plan has no such limit with an amount.",
            where=rule.words(),
            fix="ask about the total, a floor, ceiling, lock or capacity of the plan.",
        )
    picture = allocation.nodes["limit"]

    def changed(value: float) -> tuple[str, ...] | None:
        rules = [_with(old, value) if old is rule else old for old in allocation.rules]
        try:
            other = allocate(
                round(value) if rule is None else allocation.total,
                hierarchy,
                leaves,
                criterion=allocation.criterion if criterion is None else criterion,
                rules=rules,
                step=allocation.step,
                draws=draws,
            )
        except InfeasibleError:
            return None
        return tuple(picture.index[other.nodes["limit"].to_numpy() != picture.to_numpy()])

    grain = amount * 1e-6 if isinstance(rule, Capacity) else float(allocation.step)
    low, below = _edge(amount, 0.0, grain, changed)
    high, above = _edge(amount, 4 * amount, grain, changed)
    return Reach(low, high, below, above)


def _edge(
    start: float, end: float, grain: float, changed: Callable[[float], tuple[str, ...] | None]
) -> tuple[float, tuple[str, ...]]:
    """The last figure from `start` towards `end` at which nothing changes, and what then does."""
    count = int(abs(end - start) // grain)
    way = grain if end > start else -grain
    same, other, who = 0, count + 1, ()  # type: int, int, tuple[str, ...]
    probe = 1
    while same < other - 1:
        found = changed(start + way * probe)
        if found == ():
            same = probe
        else:
            other, who = probe, found or ()
        probe = min(2 * same, count) if other > count else (same + other) // 2
        probe = max(probe, same + 1)
    return start + way * same, who


def _with(rule: Rule, amount: float) -> Rule:
    assert isinstance(rule, (Floor, Ceiling, Lock, Capacity))
    return replace(rule, amount=amount)


def _holds(rule: Rule, node: str, limit: str) -> bool:
    """Whether it is a rule of this kind on this node."""
    if not isinstance(rule, _TYPES.get(limit, ())):
        return False
    return list(rule.uses) == [node] if isinstance(rule, Capacity) else rule.node == node


def one_more(
    allocation: Allocation,
    hierarchy: Hierarchy,
    leaves: pd.DataFrame,
    rule: Capacity,
    *,
    criterion: str | Mapping[str, float] | None = None,
    draws: pd.DataFrame | None = None,
    share: float = 1e-3,
) -> pd.Series:
    """What one more unit of a capacity would change, and for whom: on node, in money, before rounding.

    Read off a solution with a little more of it (`share` of its amount), so that the same
    limits bind; users gain what everyone else is relieved of, and all of it adds up to nothing.
    Largest change first; nothing where the capacity does not bind.

    Raises
    ------
    ParameterError
        If the allocation does not have the capacity, or there is none of it.
    """
    if rule not in allocation.rules or not rule.amount > 0:
        raise ParameterError(
            "the plan has no such capacity.", where=rule.words(), fix="ask about one that it has."
        )
    more = rule.amount * share
    other = allocate(
        allocation.total,
        hierarchy,
        leaves,
        criterion=allocation.criterion if criterion is None else criterion,
        rules=[
            replace(rule, amount=rule.amount + more) if old is rule else old
            for old in allocation.rules
        ],
        step=allocation.step,
        draws=draws,
    )
    each = (other.nodes["exact"] - allocation.nodes["exact"]) / more
    each = each.where(each.abs() > 1e-6 * float(each.abs().max()), 0.0)
    return each.loc[each.abs().sort_values(ascending=False, kind="stable").index].rename("change")


def binding(allocation: Allocation) -> Sequence[str]:
    """Nodes that are held by a limit of their own, the dearest first (by the size of its price)."""
    nodes = allocation.nodes
    held = nodes[nodes["limited_by"] == nodes.index.to_series()]
    return list(held["price"].abs().sort_values(ascending=False, kind="stable").index)
