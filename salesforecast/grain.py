"""From leaf targets to the plan's grain: months by the forecast's shape, corridors, products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesforecast.allocation.cascade import cascade
from salesforecast.allocation.corridors import Bounded, fit
from salesforecast.hierarchy import Hierarchy
from salesforecast.planning.corridors import Corridor, groups_of
from salesforecast.tables import TARGETS


@dataclass(frozen=True)
class Shape:
    """How a forecast lies over months and products: what no scenario moves.

    Parameters
    ----------
    months
        Leaf × month, zero or more.
    products
        Month to leaf × product, zero or more.
    """

    months: pd.DataFrame
    products: Mapping[pd.Timestamp, pd.DataFrame]

    @classmethod
    def of(cls, ahead: pd.DataFrame, leaves: pd.Index) -> Shape:
        """The shape of `FORECAST` of the plan's periods."""

        def table(frame: pd.DataFrame, columns: str) -> pd.DataFrame:
            wide = frame.pivot_table(
                index="node", columns=columns, values="forecast", aggfunc="sum"
            )
            return wide.reindex(leaves).fillna(0.0).clip(lower=0.0)

        months = table(ahead, "period")
        parts = {month: table(ahead[ahead["period"] == month], "product") for month in months}
        return cls(months, parts)


def months_of(targets: pd.Series, shape: Shape, *, step: int) -> pd.DataFrame:
    """int64, leaf × month: leaf targets over months by the forecast's shape.

    Parameters
    ----------
    targets
        int64 on leaf, whole multiples of `step`.
    shape
        Of the forecast over the same leaves.
    """
    return cascade(targets, shape.months, step=step)


def grain_of(months: pd.DataFrame, shape: Shape, *, step: int) -> pd.DataFrame:
    """What each leaf is asked in every month, over its products by their shares.

    Parameters
    ----------
    months
        From `months_of`.

    Returns
    -------
    pd.DataFrame
        `TARGETS`; every leaf's cells of a month add up to what `months` says.
    """
    split = [
        split_products(months[month], shape.products[month].loc[months.index], step).assign(
            period=month
        )
        for month in months.columns
    ]
    return TARGETS.check(pd.concat(split, ignore_index=True))


def split_products(targets: pd.Series, shares: pd.DataFrame, step: int) -> pd.DataFrame:
    """One month's leaf targets over products: long, `node, product, target`."""
    if len(shares.columns) == 1:
        amounts = targets.to_numpy()[:, None]
    else:
        amounts = cascade(targets, shares, step=step).to_numpy()
    products = shares.columns
    return pd.DataFrame(
        {
            "node": np.tile(targets.index.to_numpy(), len(products)),
            "product": np.repeat(products.to_numpy(), len(targets)),
            "target": amounts.T.ravel(),
        }
    )


def within(
    free: pd.DataFrame, corridors: Sequence[Corridor], hierarchy: Hierarchy, *, step: int
) -> pd.DataFrame:
    """Move targets between months (and products) so that every corridor holds; leaves keep theirs.

    Parameters
    ----------
    free
        `TARGETS` without corridors.

    Raises
    ------
    InfeasibleError
        If the corridors contradict each other or the leaves' targets; each contradiction is
        named with repairs.
    """
    if not corridors:
        return free
    groups = [
        Bounded(group.cells, group.low, group.high, group.words())
        for group in groups_of(corridors, free, hierarchy)
    ]
    row_of, nodes = pd.factorize(free["node"])
    labels = hierarchy.nodes["label"].reindex(nodes)
    names = np.where(labels.duplicated(keep=False), nodes, labels)
    moved = fit(free["target"].to_numpy(), row_of, groups, step=step, names=names.tolist())
    return TARGETS.check(free.assign(target=moved))


def corridor_limits(
    free: pd.DataFrame, kept: pd.DataFrame, corridors: Sequence[Corridor], hierarchy: Hierarchy
) -> pd.DataFrame:
    """One row a corridor, as `Plan.limits` has them: what its cells hold and would hold without."""
    rows = []
    labels = hierarchy.nodes["label"]
    for one in corridors:
        groups = groups_of([one], free, hierarchy)
        before, after = free["target"].to_numpy(), kept["target"].to_numpy()
        held = sum(int(after[group.cells].sum()) for group in groups)
        moved = sum(abs(int(after[g.cells].sum() - before[g.cells].sum())) for g in groups)
        rows.append(
            {
                "limit": one.words(),
                "node": one.node,
                "label": labels[one.node],
                "held_at": held,
                "would_be": sum(int(before[group.cells].sum()) for group in groups),
                "effect": f"{moved:,} moved to or from other months or products",
                "owner": one.owner,
                "reason": one.reason,
            }
        )
    return pd.DataFrame(rows)
