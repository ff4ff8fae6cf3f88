"""What every limit of a plan costs: the plan once more without it, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from salesforecast.allocation.allocate import Allocation
from salesforecast.hierarchy import Hierarchy
from salesforecast.rules import Capacity, Rule, wish_behind

COLUMNS = (
    "limit",
    "node",
    "label",
    "held_at",
    "would_be",
    "effect",
    "level",
    "level_without",
    "owner",
    "reason",
)


@dataclass(frozen=True, eq=False)
class Prices:
    """Every rule with what it holds its unit at, and what the unit would carry without it.

    Each is known once it is asked for: it takes the plan once more without the rule. A growth
    corridor that many units share is one wish: it is lifted from all of them at once. A limit
    that holds nobody costs nothing.

    Parameters
    ----------
    held
        The plan's allocation, with all rules.
    rules
        As the scenario gives them.
    hierarchy
        Whose nodes they are on.
    without
        Allocates the same total under fewer rules.
    language
        Of the effect in words.
    """

    held: Allocation
    rules: Sequence[Rule]
    hierarchy: Hierarchy
    without: Callable[[tuple[Rule, ...]], Allocation]
    language: str = "en"

    @cached_property
    def holding(self) -> list[int]:
        """Places of the rules that hold somebody (and of shared capacities, which may)."""
        return np.flatnonzero(self._holds).tolist()

    def table(self) -> pd.DataFrame:
        """One row a rule, as `Plan.limits` has them."""
        return pd.DataFrame([self.row(at) for at in range(len(self.rules))], columns=list(COLUMNS))

    def row(self, at: int) -> dict[str, Any]:
        """The row of the rule at place `at` of `rules`."""
        rule, wish = self.rules[at], self._wishes[at]
        place = int(self._places[at])
        amount = free = int(self.held.nodes["target"].iloc[place])
        there = self._there(wish)
        if self._size[wish] == 1 or self.held.nodes["limited_by"].iloc[place] == rule.node:
            free = int(there.nodes["target"].iloc[place])
        return {
            "limit": rule.words(),
            "node": rule.node,
            "label": self.hierarchy.nodes["label"].iloc[place],
            "held_at": amount,
            "would_be": free,
            "effect": _effect(self.held, there, language=self.language),
            "level": self.held.common_level,
            "level_without": there.common_level,
            "owner": rule.owner,
            "reason": rule.reason,
        }

    def _there(self, wish: tuple[object, ...]) -> Allocation:
        """The allocation without a wish; as it is if the wish holds nobody."""
        if wish not in self._lifted:
            mine = [at for at, other in enumerate(self._wishes) if other == wish]
            there = self.held
            if self._holds[mine].any():
                others = [rule for at, rule in enumerate(self.rules) if self._wishes[at] != wish]
                there = self.without(tuple(others))
            self._lifted[wish] = there
        return self._lifted[wish]

    @cached_property
    def _wishes(self) -> list[tuple[object, ...]]:
        return [wish_behind(rule) for rule in self.rules]

    @cached_property
    def _size(self) -> Counter[tuple[object, ...]]:
        return Counter(self._wishes)

    @cached_property
    def _lifted(self) -> dict[tuple[object, ...], Allocation]:
        return {}

    @cached_property
    def _places(self) -> np.ndarray:
        """Where each rule's node stands in the tree."""
        nodes = pd.Index([rule.node for rule in self.rules], dtype="str")
        return self.held.nodes.index.get_indexer(nodes)

    @cached_property
    def _holds(self) -> np.ndarray:
        """Whether the rule's unit pulls at a limit of its own."""
        pulls = self.held.nodes["price"].to_numpy()[self._places] != 0
        return pulls | np.array([isinstance(rule, Capacity) for rule in self.rules], dtype=bool)


def _effect(held: Allocation, free: Allocation, *, language: str) -> str:
    """What everyone whom no limit holds would have without the limit."""
    if held.criterion != "equal chance":
        return f"{held.level_words} → {free.level_words}"
    points = 100 * (free.common_level - held.common_level)
    if language == "zh":
        return f"其他人的达成概率 {points:+.1f} 个百分点".replace("-", "−")
    return f"others' chance {points:+.1f} points".replace("-", "−")
