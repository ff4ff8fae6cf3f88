"""From leaf targets to the plan's grain: months by the forecast's shape, corridors, products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesforecast.allocation.cascade import cascade
from salesforecast.allocation.corridors import Bounded, fit
from salesforecast.hierarchy import Hierarchy
from salesforecast.planning.corridors import Corridor, groups_of
from salesforecast.tables import TARGETS


def grain_of(targets: pd.Series, ahead: pd.DataFrame, *, step: int) -> pd.DataFrame:
    """Leaf targets over months by the forecast's shape, then over products by their shares.

    Parameters
    ----------
    targets
        int64 on leaf, whole multiples of `step`.
    ahead
        `FORECAST` of the plan's periods.

    Returns
    -------
    pd.DataFrame
        `TARGETS`; every leaf's cells add up to its target.
    """
    shape = ahead.pivot_table(index="node", columns="period", values="forecast", aggfunc="sum")
    months = cascade(targets, shape.reindex(targets.index).fillna(0.0).clip(lower=0.0), step=step)
    split = [
        split_products(months[period], ahead[ahead["period"] == period], step).assign(period=period)
        for period in months.columns
    ]
    return TARGETS.check(pd.concat(split, ignore_index=True))


def split_products(targets: pd.Series, ahead: pd.DataFrame, step: int) -> pd.DataFrame:
    """One month's leaf targets over products: long, `node, product, target`."""
    shares = ahead.pivot_table(index="node", columns="product", values="forecast", aggfunc="sum")
    split = cascade(targets, shares.reindex(targets.index).fillna(0.0).clip(lower=0.0), step=step)
    return (
        split.rename_axis("node")
        .reset_index()
        .melt(id_vars="node", var_name="product", value_name="target")
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
