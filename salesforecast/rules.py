"""Limits on targets: facts that are saved, shown, checked and solved from one class each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

import pandas as pd

from salesforecast.hierarchy import Hierarchy


@dataclass(frozen=True)
class Row:
    """`lower <= sum of coefficient x target <= upper` over leaves.

    Parameters
    ----------
    coefficients
        float64 on leaf; only the leaves that take part.
    lower, upper
        Limits in the unit of coefficient x target; `-inf` and `inf` where there is none.
    """

    coefficients: pd.Series
    lower: float
    upper: float

    @property
    def plain(self) -> bool:
        """Whether it is a plain sum: every coefficient is one."""
        return bool((self.coefficients == 1.0).all())


class Rule(Protocol):
    """Anything that limits the targets of one node: who set it, why, and as a linear row."""

    @property
    def node(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def reason(self) -> str: ...

    def row(self, hierarchy: Hierarchy, baseline: pd.Series) -> Row:
        """The rule over the leaves of `hierarchy`; `baseline` is on leaf, in the measure."""
        ...

    def words(self) -> str:
        """The rule as a planner would say it: `ceiling of 8,000 on Southwest`."""
        ...


def _plain_row(hierarchy: Hierarchy, node: str, lower: float, upper: float) -> Row:
    return Row(pd.Series(1.0, index=hierarchy.within(node)), lower, upper)


@dataclass(frozen=True)
class Floor:
    """The targets in `node` add up to at least `amount`."""

    node: str
    amount: float
    owner: str = ""
    reason: str = ""

    def row(self, hierarchy: Hierarchy, baseline: pd.Series) -> Row:
        return _plain_row(hierarchy, self.node, self.amount, inf)

    def words(self) -> str:
        return f"floor of {self.amount:,.0f} on '{self.node}'"


@dataclass(frozen=True)
class Ceiling:
    """The targets in `node` add up to at most `amount`."""

    node: str
    amount: float
    owner: str = ""
    reason: str = ""

    def row(self, hierarchy: Hierarchy, baseline: pd.Series) -> Row:
        return _plain_row(hierarchy, self.node, -inf, self.amount)

    def words(self) -> str:
        return f"ceiling of {self.amount:,.0f} on '{self.node}'"


@dataclass(frozen=True)
class Lock:
    """The targets in `node` add up to exactly `amount`: agreed, and must not move."""

    node: str
    amount: float
    owner: str = ""
    reason: str = ""

    def row(self, hierarchy: Hierarchy, baseline: pd.Series) -> Row:
        return _plain_row(hierarchy, self.node, self.amount, self.amount)

    def words(self) -> str:
        return f"lock of '{self.node}' at {self.amount:,.0f}"


@dataclass(frozen=True)
class GrowthBand:
    """The target of `node` lies between `low` and `high` growth on its baseline (fractions)."""

    node: str
    low: float = -inf
    high: float = inf
    owner: str = ""
    reason: str = ""

    def row(self, hierarchy: Hierarchy, baseline: pd.Series) -> Row:
        last = float(baseline.loc[hierarchy.within(self.node)].sum())
        lower = last * (1 + self.low) if self.low > -inf else -inf
        upper = last * (1 + self.high) if self.high < inf else inf
        if last < 0:  # more growth is less money
            lower, upper = min(lower, upper), max(lower, upper)
        return _plain_row(hierarchy, self.node, lower, upper)

    def words(self) -> str:
        return f"growth of '{self.node}' between {self.low:+.1%} and {self.high:+.1%}"


@dataclass(frozen=True)
class Capacity:
    """What the leaves in `uses` can work or deliver together, in the capacity's own unit.

    Parameters
    ----------
    node
        Where it is shown: the node that owns the capacity.
    amount, unit
        How much there is: `1872`, `"vehicle-days"`.
    uses
        Node to use per unit of target: `{"West": 0.0004, "South": 0.0006}`. Several nodes
        share the capacity. A leaf under two of them takes the nearer one's use.
    """

    node: str
    amount: float
    unit: str
    uses: Mapping[str, float] = field(hash=False)
    owner: str = ""
    reason: str = ""

    def row(self, hierarchy: Hierarchy, baseline: pd.Series) -> Row:
        use = pd.Series(dtype="float64")
        for node in sorted(self.uses, key=lambda name: 0 if name == "/" else 1 + name.count("/")):
            inside = pd.Series(float(self.uses[node]), index=hierarchy.within(node))
            use = inside.combine_first(use)
        return Row(use, -inf, self.amount)

    def words(self) -> str:
        return f"capacity of {self.amount:,.0f} {self.unit} shared by {', '.join(self.uses)}"


@dataclass(frozen=True)
class Sum:
    """The targets of some leaves, wherever they lie, add up to between `least` and `most`.

    Parameters
    ----------
    node
        Where it is shown.
    leaves
        Their paths.
    called
        What people call it, in English and in Chinese: `("the total of March", "3月总额")`.
    kind
        When it gives way, as one of `allocation.limits.ORDER`.
    """

    node: str
    leaves: tuple[str, ...]
    least: float = -inf
    most: float = inf
    called: tuple[str, str] = ("the sum", "合计")
    kind: str = "other"
    owner: str = ""
    reason: str = ""

    def row(self, hierarchy: Hierarchy, baseline: pd.Series) -> Row:
        return Row(pd.Series(1.0, index=list(self.leaves)), self.least, self.most)

    def words(self) -> str:
        return f"{self.called[0]} ({self.bounds()})"

    def bounds(
        self, language: str = "en", amount: Callable[[float], str] = "{:,.0f}".format
    ) -> str:
        """What it allows: `at least 400`, its figures as `amount` says them."""
        if self.least == self.most:
            return amount(self.most)
        at_least, at_most = ("至少", "至多") if language == "zh" else ("at least ", "at most ")
        parts = [f"{at_least}{amount(self.least)}"] if self.least > -inf else []
        parts += [f"{at_most}{amount(self.most)}"] if self.most < inf else []
        return ("，" if language == "zh" else ", ").join(parts)


def wish_behind(rule: Rule) -> tuple[object, ...]:
    """What tells one wish from another: units that share a growth corridor share a wish."""
    if isinstance(rule, GrowthBand):
        return rule.low, rule.high, rule.owner, rule.reason
    return (id(rule),)
