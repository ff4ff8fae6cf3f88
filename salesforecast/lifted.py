"""What every limit of a plan costs: the plan once more without it, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from salesforecast.allocation.allocate import Allocation
from salesforecast.hierarchy import Hierarchy
from salesforecast.rules import Rule, wish_behind


def price_list(
    held: Allocation,
    rules: Sequence[Rule],
    hierarchy: Hierarchy,
    *,
    without: Callable[[tuple[Rule, ...]], Allocation],
    language: str = "en",
) -> pd.DataFrame:
    """Every rule with what it holds its unit at, and what the unit would carry without it.

    A growth corridor that many units share is one wish: it is lifted from all of them at once.

    Parameters
    ----------
    held
        The plan's allocation, with all rules.
    rules
        As the scenario gives them.
    without
        Allocates the same total under fewer rules.

    Returns
    -------
    pd.DataFrame
        One row a rule, as `Plan.limits` has them.
    """
    rows, lifted = [], {}
    wishes = [wish_behind(rule) for rule in rules]
    for rule, wish in zip(rules, wishes, strict=True):
        if wish not in lifted:
            others = [o for o, other in zip(rules, wishes, strict=True) if other != wish]
            lifted[wish] = without(tuple(others))
        free_of, shared = lifted[wish], wishes.count(wish) > 1
        amount = int(held.nodes.loc[rule.node, "target"])
        holds = not shared or held.nodes.loc[rule.node, "limited_by"] == rule.node
        free = int(free_of.nodes.loc[rule.node, "target"]) if holds else amount
        rows.append(
            {
                "limit": rule.words(),
                "node": rule.node,
                "label": hierarchy.nodes.loc[rule.node, "label"],
                "held_at": amount,
                "would_be": free,
                "effect": _effect(held, free_of, language=language),
                "level": held.common_level,
                "level_without": free_of.common_level,
                "owner": rule.owner,
                "reason": rule.reason,
            }
        )
    names = ["limit", "node", "label", "held_at", "would_be", "effect"]
    names += ["level", "level_without", "owner", "reason"]
    return pd.DataFrame(rows, columns=names)


def _effect(held: Allocation, free: Allocation, *, language: str) -> str:
    """What everyone whom no limit holds would have without the limit."""
    if held.criterion != "equal chance":
        return f"{held.level_words} → {free.level_words}"
    points = 100 * (free.common_level - held.common_level)
    if language == "zh":
        return f"其他人的达成概率 {points:+.1f} 个百分点".replace("-", "−")
    return f"others' chance {points:+.1f} points".replace("-", "−")
