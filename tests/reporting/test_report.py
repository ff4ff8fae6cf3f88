"""The facts that page and workbook both state."""

from dataclasses import replace

import pandas as pd
import pytest

from salesforecast.hierarchy import Hierarchy
from salesforecast.reporting.report import folded, is_house


def test_an_only_child_is_folded_into_its_parent(plan):
    shown = folded(plan.units)
    assert list(shown["label"]) == [
        'Bikes "R" Us <&>',
        "Americas",
        "<i>US: South & West",
        "Canada",
        "Pacific: Australia",
    ]
    assert list(shown["depth"]) == [0, 1, 2, 2, 1]


def test_folding_hides_no_target():
    hierarchy = Hierarchy.of(
        ["A/A/Ann", "A/A/Bo", "B/C/Cy", "B/D/Di"],
        levels=("all", "group", "place", "position"),
        label="Co",
    )
    units = hierarchy.totals(pd.DataFrame({"target": [1, 2, 4, 8]}, index=hierarchy.leaves))
    shown = folded(hierarchy.nodes.join(units))
    top = shown[shown["depth"] == 1]
    assert list(shown["label"]) == ["Co", "A", "B", "C", "D"]
    assert top["target"].sum() == shown["target"].iloc[0] == 15


def test_leaves_right_under_the_company_leave_the_company_alone():
    hierarchy = Hierarchy.of(["Ann", "Bo"], levels=("company", "position"), label="Co")
    assert list(folded(hierarchy.nodes)["label"]) == ["Co"]


def test_labels_say_the_parent_only_where_another_unit_has_the_same(report):
    assert report.label("Americas/Canada/Canada") == ("Canada", "")
    assert report.label("Americas/Canada/Canada/Jae Pak") == ("Jae Pak", "")
    hierarchy = Hierarchy.of(
        ["A/South/Ann", "B/South/Bo"], levels=("all", "group", "place", "position"), label="Co"
    )
    plan = replace(report.plan, hierarchy=hierarchy, units=hierarchy.nodes, targets=pd.DataFrame(
        [("A/South/Ann", "x", report.plan.periods[0], 1), ("B/South/Bo", "x", report.plan.periods[0], 2)],
        columns=["node", "product", "period", "target"]))  # fmt: skip
    assert replace(report, plan=plan).label("A/South") == ("South", "A")


def test_held_and_free_leaves_are_apart(report):
    assert list(report.held.index) == ["Americas/<i>US/South & West/=HYPERLINK(1)"]
    assert not set(report.held.index) & set(report.free.index)
    assert is_house("(online)")
    assert not is_house("Ann (temp)")


def test_units_in_another_order_are_refused(report):
    shuffled = replace(report.plan, units=report.plan.units.iloc[::-1])
    with pytest.raises(ValueError, match=r"plan\.units"):
        replace(report, plan=shuffled)
    with pytest.raises(ValueError, match="divisor"):
        replace(report, divisor=0)
