"""Plans side by side, by hand."""

from dataclasses import replace

import pandas as pd
import pytest

from salesforecast.hierarchy import ROOT
from salesforecast.planning.compare import compare, gini


def _with(plan, targets, chance):
    units = plan.units.copy()
    units["forecast"] = 100.0
    units["target"] = plan.hierarchy.totals(
        pd.DataFrame({"t": targets}, index=plan.hierarchy.leaves)
    )["t"]
    units["chance"] = chance
    units["stretch"] = units["target"] / units["forecast"] - 1
    limits = pd.DataFrame(
        {"limit": ["floor of 1"], "label": ["w"], "effect": [targets[0] - 100], "owner": [""], "reason": [""]}
    )  # fmt: skip
    return replace(plan, units=units, limits=limits)


def test_who_wins_and_who_loses(small_plan):
    first = _with(small_plan, [100, 100, 100], 0.5)
    second = _with(small_plan, [130, 90, 110], 0.4)
    found = compare({"plan": first, "what if": second})
    row = found.summary.loc["what if"]
    assert row["total"] == 330 and row["change"] == 30
    assert row["change_share"] == pytest.approx(0.1)
    assert (row["winners"], row["losers"], row["limits"]) == (1, 2, 1)
    assert row["reaching"] == pytest.approx(0.4)
    assert found.summary.loc["plan", "limits"] == 0 and found.summary.loc["plan", "gini"] == 0
    assert found.units.loc[ROOT, ("what if", "change")] == 30
    assert found.moved_most("what if", count=1)["change"].tolist() == [-10, 30]
    assert found.binding["plan"].tolist() == ["what if"]


def test_gini_by_hand():
    assert gini(pd.Series([1, 1, 1])) == 0
    assert gini(pd.Series([0, 0, 0, 1])) == pytest.approx(0.75)
    with pytest.raises(ValueError, match="no plan"):
        compare({})
