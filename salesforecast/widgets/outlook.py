"""What is known of a unit: what it sold, and what the simulated futures say, period by period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.hierarchy import ROOT
from salesforecast.planning.plan import Plan
from salesforecast.workbench import Inputs

LEVELS = (0.1, 0.25, 0.75, 0.9)
_NAMES = ["low80", "low50", "high50", "high80"]
SHOWN = {1: 24, 3: 12}  # months in a point -> points of history shown
LONG = 4  # plans of more periods are shown by quarter


@dataclass(frozen=True)
class View:
    """One unit over time; every series by the first day of its point.

    Parameters
    ----------
    sold
        Sales of the past, whole points only.
    ahead
        On each planned point: `mean` and quantiles `low80, low50, high50, high80`.
    target
        The plan's target of each planned point.
    """

    sold: pd.Series
    ahead: pd.DataFrame
    target: pd.Series


class Outlook:
    """Looks a unit's past and futures up once; no scenario changes them.

    Parameters
    ----------
    inputs
        What `workbench.prepare` returned.
    """

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.points = 3 if len(inputs.quarter) > LONG else 1
        self._known: dict[str, tuple[pd.Series, pd.DataFrame, pd.Index]] = {}
        sales = inputs.history.frame
        self._sales = sales.groupby(["node", "period"])["sales"].sum()
        self._planned = list(self._starts(inputs.quarter))
        self._total: pd.Series | None = None

    def of(self, node: str, plan: Plan) -> View:
        """What is known of `node`, and what `plan` asks of it."""
        if node not in self._known:
            leaves = pd.Index(self._leaves(node), dtype="str")
            self._known[node] = self._sold(node), self._ahead(node), leaves
        sold, ahead, leaves = self._known[node]
        months = plan.leaf_months
        if node != ROOT:
            months = months.reindex(leaves, fill_value=0)
        asked = dict(zip(months.columns, months.to_numpy().sum(axis=0).tolist(), strict=True))
        target: dict[pd.Timestamp, int] = {}
        for period, start in zip(plan.periods, self._planned, strict=True):
            target[start] = target.get(start, 0) + asked.get(period, 0)
        return View(sold, ahead, pd.Series(target))

    def total(self) -> pd.Series:
        """Quantiles of the company's sales over the whole plan, by `low80` ... `high80`."""
        if self._total is None:
            drawn = self.inputs.draws.to_numpy().sum(axis=1)
            self._total = pd.Series(np.quantile(drawn, LEVELS), index=_NAMES)
        return self._total

    def _leaves(self, node: str) -> list[str]:
        hierarchy = self.inputs.hierarchy
        everyone = list(hierarchy.leaves)
        if node == ROOT:
            return everyone
        return [leaf for leaf in everyone if leaf == node or leaf.startswith(f"{node}/")]

    def _starts(self, periods: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """The first period of the point that each period lies in, counted from the plan's first."""
        first = self.inputs.quarter[0]
        step = self.points if len(self.inputs.quarter) > 1 else 1
        months = (periods.year - first.year) * 12 + periods.month - first.month
        back = pd.Index(months // step * step)
        return pd.DatetimeIndex([first + pd.DateOffset(months=int(n)) for n in back])

    def _sold(self, node: str) -> pd.Series:
        leaves = self._leaves(node)
        known = self._sales[self._sales.index.get_level_values("node").isin(leaves)]
        months = known.groupby("period").sum()
        first = self.inputs.quarter[0]
        months = months[months.index < first]
        if months.empty:
            return pd.Series(dtype="float64", index=pd.DatetimeIndex([]))
        length = self.inputs.organisation.freq
        every = {"M": "MS", "Q": "3MS", "Y": "12MS"}[length]
        months = months.reindex(pd.date_range(months.index[0], months.index[-1], freq=every))
        starts = self._starts(pd.DatetimeIndex(months.index))
        points = months.fillna(0.0).groupby(starts).agg(["sum", "size"])
        whole = points[points["size"] == points["size"].max()]
        return whole["sum"].iloc[-SHOWN[self.points] :]

    def _ahead(self, node: str) -> pd.DataFrame:
        samples = self.inputs.forecast.samples
        periods = self.inputs.quarter
        leaves = samples.leaves.get_indexer(pd.Index(self._leaves(node)))
        at = samples.periods.get_indexer(periods)
        drawn = samples.values[:, leaves][:, :, at].sum(axis=1)
        starts = self._starts(periods)
        points = pd.DataFrame(drawn.T).groupby(starts).sum().T
        out = pd.DataFrame(
            np.quantile(points.to_numpy(), LEVELS, axis=0).T, index=points.columns, columns=_NAMES
        )
        out.insert(0, "mean", points.mean())
        return out
