"""A plan's totals are sums, and hedges add up the way the contracts say."""

import numpy as np
import pandas as pd

from salesforecast.hierarchy import ROOT, Hierarchy
from salesforecast.planning.plan import Plan, hedge_on_path, round_to_step
from salesforecast.planning.scenario import Scenario

TREE = Hierarchy.of(["w/a", "w/b", "s/c"], levels=("company", "region", "person"), label="Company")
MONTHS = pd.date_range("2013-09-01", periods=3, freq="MS", unit="us")


def _plan(hedge):
    rows = [
        {"node": leaf, "product": product, "period": month, "target": 100 * n + 7 * m}
        for n, leaf in enumerate(TREE.leaves, 1)
        for m, month in enumerate(MONTHS)
        for product in ("Bikes", "Clothing")
    ]
    none = pd.DataFrame()
    return Plan(Scenario(hedge=hedge), TREE, MONTHS, targets=pd.DataFrame(rows), units=TREE.nodes,
                explanation=none, limits=none)  # fmt: skip


def test_months_are_sums_of_the_grain_at_every_node():
    plan = _plan({})
    assert plan.months.loc["w/b"].tolist() == [600, 614, 628]
    assert plan.months.loc[ROOT].tolist() == [1200, 1242, 1284]
    table = plan.node_targets()
    assert len(table) == len(TREE.nodes) * 3
    assert table["target"].equals(table["assigned"])


def test_childrens_assigned_add_up_to_the_hedged_parent():
    plan = _plan({"company": 0.1, "region": 0.05})
    table = plan.node_targets().pivot_table(index="node", columns="period", values="assigned")
    assert np.allclose(table.loc[["w", "s"]].sum(), 1.1 * table.loc[ROOT], atol=1)
    assert np.allclose(table.loc[["w/a", "w/b"]].sum(), 1.05 * table.loc["w"], atol=2)
    assert hedge_on_path(TREE, {"company": 0.1, "region": 0.05})["w/a"] == 1.1 * 1.05


def test_halves_are_rounded_away_from_zero():
    assert round_to_step(np.array([25.0, -25.0, 24.9, 5]), 10).tolist() == [30, -30, 20, 10]
