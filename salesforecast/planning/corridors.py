"""Corridors and locks on months and products: what a part of the plan must lie between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, InfeasibleError, OrganisationError, nearest
from salesforecast.hierarchy import ROOT, Hierarchy
from salesforecast.rules import Ceiling, Floor, Rule

MONTH, SPAN = "month", "span"


@dataclass(frozen=True)
class Corridor:
    """The targets of some months (and one product) in `node` lie between two amounts.

    Parameters
    ----------
    node
        Any unit; `"/"` is the company.
    first, last
        Months, `"2013-09"`. Without `last` it is `first` alone; without both, the whole plan.
    product
        One of the plan's products (or customers' classes, if these are the organisation's
        products); empty: all together.
    least, most
        In the measure; either may be missing.
    locked
        Instead of both: agreed, and must not move.
    least_share, most_share
        The same as parts of the node's target over the whole plan: `0.3`.
    over
        `"month"`: each of the months by itself; `"span"`: all of them together.
    """

    node: str
    first: str = ""
    last: str = ""
    product: str = ""
    least: float | None = None
    most: float | None = None
    locked: float | None = None
    least_share: float | None = None
    most_share: float | None = None
    over: str = MONTH
    owner: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        bounds = (self.least, self.most, self.locked, self.least_share, self.most_share)
        both = self.locked is not None and any(b is not None for b in (*bounds[:2], *bounds[3:]))
        wrong = ""
        if all(bound is None for bound in bounds):
            wrong = "no bound is given"
        elif both:
            wrong = "what is locked has no other bound"
        elif any(bound is not None and not 0 <= bound < 2**53 for bound in bounds):
            wrong = "a bound is zero or more"
        elif self.over not in (MONTH, SPAN):
            wrong = f"over is 'month' or 'span', not '{self.over}'"
        elif self.last and not self.first:
            wrong = "there is a last month without a first"
        for name in (self.first, self.last):
            try:
                if name:
                    pd.Period(name, "M")
            except ValueError:
                wrong = f"'{name}' is no month"
        if wrong:
            raise OrganisationError(
                f"the corridor is not understood: {wrong}.",
                where=f"[[corridor]] of '{self.node}'",
                fix='write first = "2013-09", last = "2013-11", least = 1000, most = 2000.',
            )

    @property
    def is_lock(self) -> bool:
        """Whether nothing inside may move in all."""
        return self.locked is not None

    def words(self) -> str:
        """As a planner would say it."""
        parts = [f"locked at {self.locked:,.0f}"] if self.locked is not None else []
        for bound, how in ((self.least, "at least"), (self.most, "at most")):
            parts += [f"{how} {bound:,.0f}"] if bound is not None else []
        for share, how in ((self.least_share, "at least"), (self.most_share, "at most")):
            parts += [f"{how} {share:.1%} of the plan"] if share is not None else []
        when = f" in {self.first}" if self.first else ""
        when += f" to {self.last}" if self.last and self.last != self.first else ""
        each = " each month" if self.over == MONTH and (self.last or not self.first) else ""
        what = f" of {self.product}" if self.product else ""
        where = "the company" if self.node == ROOT else f"'{self.node}'"
        return f"{' and '.join(parts)}{what} for {where}{when}{each}"

    def months(self, periods: pd.DatetimeIndex) -> list[pd.DatetimeIndex]:
        """The groups of months that are bounded together."""
        first = pd.Timestamp(self.first) if self.first else periods[0]
        last = pd.Timestamp(self.last or self.first) if self.first else periods[-1]
        inside = periods[(periods >= first) & (periods <= last)]
        if not len(inside):
            raise DataError(
                "a corridor lies outside the plan.",
                where=f"{self.words()}; the plan has {periods[0]:%Y-%m} to {periods[-1]:%Y-%m}",
                fix="name months of the plan.",
            )
        return [inside] if self.over == SPAN else [inside[at : at + 1] for at in range(len(inside))]

    def bounds(self, whole: float) -> tuple[float, float]:
        """Least and most in the measure, where the node's plan is `whole`."""
        lows = [0.0, self.locked, self.least]
        highs = [np.inf, self.locked, self.most]
        lows.append(None if self.least_share is None else self.least_share * whole)
        highs.append(None if self.most_share is None else self.most_share * whole)
        return max(b for b in lows if b is not None), min(b for b in highs if b is not None)


@dataclass(frozen=True)
class Group:
    """Cells that are bounded together: positions in the rows of a frame of targets."""

    corridor: Corridor
    months: pd.DatetimeIndex
    cells: np.ndarray
    low: float
    high: float

    def words(self) -> str:
        """The corridor, and which of its months this is."""
        many = self.corridor.over == MONTH and (self.corridor.last or not self.corridor.first)
        which = f", {self.months[0]:%Y-%m}" if many else ""
        by = f" (by {self.corridor.owner}: {self.corridor.reason})" if self.corridor.owner else ""
        return f"{self.corridor.words()}{which}{by}"


def groups_of(
    corridors: Sequence[Corridor], targets: pd.DataFrame, hierarchy: Hierarchy
) -> list[Group]:
    """Every group of cells of `targets` (`node, period, target`, perhaps `product`) with bounds.

    Raises
    ------
    DataError
        If a corridor names a unit, a month or a product that the plan does not have.
    """
    periods = pd.DatetimeIndex(np.unique(targets["period"].to_numpy()))
    nodes, when = targets["node"], targets["period"]
    out = []
    for one in corridors:
        inside = nodes.isin(hierarchy.within(one.node)).to_numpy()
        whole = float(targets["target"].to_numpy()[inside].sum())
        if one.product:
            known = sorted(set(targets["product"]))
            if one.product not in known:
                raise DataError(
                    f"there is no product '{one.product}'.",
                    where=f"the corridor {one.words()}",
                    fix=nearest(one.product, known),
                )
            inside = inside & (targets["product"] == one.product).to_numpy()
        low, high = one.bounds(whole)
        for months in one.months(periods):
            cells = np.flatnonzero(inside & when.isin(months).to_numpy())
            out.append(Group(one, months, cells, low, high))
    return out


def implied(corridors: Sequence[Corridor], periods: pd.DatetimeIndex) -> tuple[Rule, ...]:
    """Floors and ceilings of whole plans that follow from corridors in money.

    With them the split over units leaves room for the months; shares follow the targets and
    imply nothing.
    """
    rules: list[Rule] = []
    for node in dict.fromkeys(one.node for one in corridors):
        own = [one for one in corridors if one.node == node]
        lows, highs, held = [], [], []
        for product in dict.fromkeys(one.product for one in own):
            some = [one for one in own if one.product == product]
            low, high = _sums(some, periods)
            lows.append((product, low))
            highs += [high] if not product else []
            held += some
        low = max(sum(b for p, b in lows if p), *(b for p, b in lows if not p), 0.0)
        said = "; ".join(
            f"{one.words()}: {one.reason}" if one.reason else one.words() for one in held
        )
        owner = ", ".join(dict.fromkeys(one.owner for one in held if one.owner))
        if low > 0:
            rules.append(Floor(node, low, owner, said))
        if highs and highs[0] < np.inf:
            rules.append(Ceiling(node, highs[0], owner, said))
    return tuple(rules)


def _sums(corridors: Sequence[Corridor], periods: pd.DatetimeIndex) -> tuple[float, float]:
    """Least and most of all periods together under corridors of one node and product."""
    low, high = pd.Series(0.0, index=periods), pd.Series(np.inf, index=periods)
    least, most = 0.0, np.inf
    for one in corridors:
        below, above = one.bounds(np.nan if _relative(one) else 0.0)
        below, above = np.nan_to_num(below), above if above == above else np.inf
        for months in one.months(periods):
            if len(months) == 1:
                low[months] = np.maximum(low[months], below)
                high[months] = np.minimum(high[months], above)
            else:
                least = max(least, below)
                most = min(most, above) if len(months) == len(periods) else most
    return max(least, float(low.sum())), min(most, float(high.sum()))


def _relative(one: Corridor) -> bool:
    return one.least_share is not None or one.most_share is not None


def locked_cells(
    corridors: Sequence[Corridor], targets: pd.DataFrame, hierarchy: Hierarchy
) -> pd.DataFrame:
    """`node, product, period` of the cells that a lock holds: re-planning leaves them alone."""
    locks = [one for one in corridors if one.is_lock]
    groups = groups_of(locks, targets, hierarchy)
    at = np.unique(np.concatenate([group.cells for group in groups] or [np.zeros(0, dtype=int)]))
    return targets.iloc[at][["node", "product", "period"]]


def check_corridors(
    corridors: Sequence[Corridor], before: pd.DataFrame, after: pd.DataFrame, hierarchy: Hierarchy
) -> None:
    """Every corridor that held before still holds, or the error names those that would not.

    Raises
    ------
    InfeasibleError
        If one that held is broken, or one that was broken is broken further.
    """
    broken = []
    old, new = before["target"].to_numpy(), after["target"].to_numpy()
    for group in groups_of(corridors, before, hierarchy):
        was, now = int(old[group.cells].sum()), int(new[group.cells].sum())
        over = max(group.low - now, now - group.high)
        if over > 1e-6 * max(abs(now), 1) and now != was:
            broken.append(f"{group.words()}: {now:,}, off by {over:,.0f}")
    if broken:
        raise InfeasibleError(
            "the new targets break corridors of the plan.",
            where="; ".join(broken),
            fix="widen the corridor, recover less, or let others carry it.",
        )
