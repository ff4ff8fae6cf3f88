"""A plan: whole targets per position, product and month, and where they came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from salesforecast.errors import Finding
from salesforecast.fiscal import PLAIN, FiscalCalendar
from salesforecast.hierarchy import Hierarchy
from salesforecast.planning.scenario import Scenario
from salesforecast.tables import NODE_TARGETS


class Later:
    """A frame of a plan that may be given as a function: made when it is first read, and kept.

    A planner who moves a slider reads the units at once, and products or what a limit costs
    only when he stops.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, plan: Any, owner: type | None = None) -> pd.DataFrame:
        if plan is None:
            raise AttributeError(self.name)  # no default: the field must be given
        kept = plan.__dict__[self.name]
        if callable(kept):
            kept = plan.__dict__[self.name] = kept()
        return kept

    def __set__(self, plan: Any, value: pd.DataFrame | Callable[[], pd.DataFrame]) -> None:
        plan.__dict__[self.name] = value


@dataclass(frozen=True, eq=False)
class Plan:
    """Targets of one quarter. Totals are sums of `targets`, never stored beside them.

    `targets` and `limits` may be given as functions, see `Later`.

    Parameters
    ----------
    scenario
        The assumptions.
    hierarchy
        The organisation at the cutoff.
    periods
        The months of the quarter.
    targets
        `TARGETS`: un-hedged, leaf × product × month.
    units
        One row a node, in the tree's order: `label, parent, level, depth, leaf`,
        `baseline` (sales of the same quarter a year before), `forecast` (mean), `low80`,
        `high80` (quantiles 0.1 and 0.9), `target`, `assigned`, `growth`, `stretch` (missing
        where there is nothing to compare with), `chance` (to reach the target), `limit`
        (what holds it), `sentence` (why this number).
    explanation
        On node: whole amounts that add up to `target`.
    limits
        One row a rule: `limit, node, label, held_at, would_be, effect, level, level_without,
        owner, reason`; the levels are the common figure of who is not held (a chance, a
        growth; money on top), with the limit and without it.
    level_words
        What the units that no limit holds have in common.
    findings
        What had to be read differently to split the total.
    calendar, freq
        Which days the months are made of, and the length of `periods`: `"M"`, `"Q"`, `"Y"`.
    spread
        Makes `leaf_months` without `targets`, for whoever needs no products; by default they
        are summed.
    binding
        Makes the rows of `limits` that `holding` hands on; by default they are looked up there.
    """

    scenario: Scenario
    hierarchy: Hierarchy
    periods: pd.DatetimeIndex
    units: pd.DataFrame
    explanation: pd.DataFrame
    targets: Later = Later()
    limits: Later = Later()
    level_words: str = ""
    findings: tuple[Finding, ...] = ()
    calendar: FiscalCalendar = PLAIN
    freq: str = "M"
    spread: Callable[[], pd.DataFrame] | None = field(default=None, repr=False)
    binding: Sequence[Callable[[], Mapping[str, Any]]] | None = field(default=None, repr=False)

    @property
    def chance_of_total(self) -> float:
        """Probability that the company reaches its target."""
        return float(self.units["chance"].iloc[0])

    @cached_property
    def leaf_months(self) -> pd.DataFrame:
        """int64, leaf × month: targets over all products."""
        if self.spread is not None:
            return self.spread()
        leaf = self.targets.pivot_table(
            index="node", columns="period", values="target", aggfunc="sum"
        ).astype("int64")
        leaf.index = leaf.index.astype("str")
        return leaf

    @property
    def holding(self) -> Sequence[Callable[[], Mapping[str, Any]]]:
        """The limits that hold somebody: each says its row of `limits` when it is called.

        What a limit costs is a plan without it, and a screen shows a few of hundreds.
        """
        if self.binding is not None:
            return self.binding
        moved = self.limits[self.limits["held_at"] != self.limits["would_be"]]
        return [partial(dict, row) for row in moved.to_dict("records")]

    @property
    def months(self) -> pd.DataFrame:
        """int64, node × month: sums of the leaves' targets."""
        return self.hierarchy.totals(self.leaf_months)

    def node_targets(self) -> pd.DataFrame:
        """`NODE_TARGETS`: one row per node and month, what `targets.csv` holds."""
        long = self.months.reset_index().melt(
            id_vars="node", var_name="period", value_name="target"
        )
        frame = long.merge(
            self.units[["label", "parent", "level"]], left_on="node", right_index=True
        )
        on_path = hedge_on_path(self.hierarchy, self.scenario.hedge)
        exact = frame["target"] * frame["node"].map(on_path)
        frame["assigned"] = round_to_step(exact.to_numpy(), self.scenario.step)
        return NODE_TARGETS.check(frame)


def hedge_on_path(hierarchy: Hierarchy, hedge: Mapping[str, float]) -> pd.Series:
    """Factor from target to assigned on every node: the product of 1 + hedge above it."""
    nodes = hierarchy.nodes
    if not any(hedge.values()):
        return pd.Series(1.0, index=nodes.index)
    own = 1.0 + nodes["level"].map(dict(hedge)).astype("float64").fillna(0.0).to_numpy()
    factor = np.ones(len(nodes))
    for at, parent in enumerate(hierarchy.parents):
        if parent >= 0:  # depth-first: a parent stands before its children
            factor[at] = factor[parent] * own[parent]
    return pd.Series(factor, index=nodes.index)


def round_to_step(amounts: np.ndarray, step: int) -> np.ndarray:
    """Nearest whole multiple of `step`, halves away from zero, as int64."""
    return (np.sign(amounts) * np.floor(np.abs(amounts) / step + 0.5)).astype("int64") * step
