"""What a criterion refers to is made of the scenario, or refused with what to write."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from salesforecast import workbench
from salesforecast.errors import ParameterError
from salesforecast.planning.decision import Headcount
from salesforecast.planning.scenario import Scenario
from salesforecast.references import with_references
from salesforecast.replay import hindcast
from salesforecast.rules import Capacity

ANN, BO, CY = "North/Ann", "North/Bo", "South/Cy"
VISITS = (
    Headcount("North", "visits", {"North": 0.05}, per_month=20, people=({"start": "2020-01"},)),
    Headcount(CY, "visits", {CY: 0.05}, per_month=15, people=({"start": "2020-01"},)),
)


def known(inputs, **wish) -> pd.DataFrame:
    return with_references(inputs.leaves, Scenario(**wish), inputs.hierarchy, inputs.quarter)


def test_capacity_of_a_group_is_spread_over_its_units_by_forecast(tiny_inputs):
    found = known(tiny_inputs, criterion="capacity", headcount=VISITS)["capacity"]
    assert found["North/Ann"] + found["North/Bo"] == pytest.approx(3 * 20 / 0.05)
    ahead = tiny_inputs.leaves["forecast"]
    assert found[BO] / found[ANN] == pytest.approx(ahead[BO] / ahead[ANN])
    assert found[CY] == pytest.approx(3 * 15 / 0.05)


def test_the_tightest_of_several_capacities_counts_and_shared_ones_do_not(tiny_inputs):
    rules = (
        Capacity("/", 10_000, "days", {"/": 1.0}),
        Capacity(CY, 500, "days", {CY: 0.5}),
        Capacity(CY, 450, "pallets", {CY: 0.5}),
        Capacity("/", 1, "cars", {ANN: 1.0, CY: 1.0}),
    )
    found = known(tiny_inputs, criterion="equal headroom", rules=rules)["capacity"]
    assert found[CY] == pytest.approx(900)
    assert found.sum() == pytest.approx(10_000)


def test_a_plan_is_split_by_potential(tiny_inputs):
    """Ann has a figure of her own; what is left of the North's goes to Bo."""
    wish = Scenario(total=6000, criterion="potential", potential={ANN: 1, "North": 3, "South": 3})
    found = workbench.build_plan(tiny_inputs, wish)
    assert found.units.loc[[ANN, BO, CY], "target"].to_dict() == {ANN: 1000, BO: 2000, CY: 3000}
    assert Scenario.from_text(wish.to_text()) == wish
    assert "potential" in found.units.loc[ANN, "sentence"]


def test_a_plan_by_capacity_keeps_it(tiny_inputs):
    found = workbench.build_plan(
        tiny_inputs, Scenario(total=1500, criterion="capacity", headcount=VISITS)
    )
    target = found.units["target"]
    assert target["North"] / target[CY] == pytest.approx(1200 / 900, rel=1e-3)
    with_headroom = Scenario(total=1500, criterion="equal headroom", headcount=VISITS)
    assert workbench.build_plan(tiny_inputs, with_headroom).units.loc["/", "target"] == 1500


@pytest.mark.parametrize("criterion", ["least change", "few changes"])
def test_a_plan_stays_near_to_last_year_or_to_the_plan_that_is_given(tiny_inputs, criterion):
    last = tiny_inputs.leaves["history"]
    total = round(last.sum() * 1.1)
    near = workbench.build_plan(tiny_inputs, Scenario(total=total, criterion=criterion))
    before = workbench.build_plan(tiny_inputs, Scenario(total=total, criterion="equal uplift"))
    wish = Scenario(total=total + 100, criterion=criterion)
    anew = workbench.build_plan(tiny_inputs, wish, before=before)
    leaves = tiny_inputs.hierarchy.leaves
    change = anew.units.loc[leaves, "target"] - before.units.loc[leaves, "target"]
    if criterion == "few changes":
        assert (change != 0).sum() == 1
        assert ((near.units.loc[leaves, "target"] - last).abs() > 1).sum() == 1
    else:
        growth = near.units.loc[leaves, "target"] / last
        assert np.ptp(growth) < 2 / last.min()
        assert (change > 0).all()


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"criterion": "capacity"}, "has no capacity"),
        ({"criterion": "equal headroom"}, "'equal headroom'"),
        ({"criterion": "potential"}, r"table \[potential\]"),
        ({"criterion": "potential", "potential": {"North": 5}}, "units: Cy"),
        ({"criterion": "capacity", "headcount": VISITS[1:]}, "units: Ann, Bo"),
        ({"criterion": "blend", "blend": {"potential": 1.0, "forecast": 1.0}}, "'potential'"),
    ],
)
def test_what_is_not_said_is_refused_with_what_to_write(tiny_inputs, wish, words):
    with pytest.raises(ParameterError, match=words):
        workbench.build_plan(tiny_inputs, Scenario(**wish))


def test_a_column_that_is_there_stays(tiny_inputs):
    inputs = replace(tiny_inputs, leaves=tiny_inputs.leaves.assign(capacity=[3.0, 2.0, 1.0]))
    assert known(inputs, criterion="capacity")["capacity"].tolist() == [3.0, 2.0, 1.0]


def test_past_quarters_are_replayed_under_it_too(tiny_inputs):
    found = hindcast(tiny_inputs, Scenario(criterion="potential", potential={ANN: 1, CY: 3}))
    assert "potential" in set(found.detail["method"])
