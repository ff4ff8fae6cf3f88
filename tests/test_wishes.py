"""Wishes that no plan can answer are refused before anything is computed."""

from dataclasses import replace

import pytest

from salesforecast import workbench
from salesforecast.errors import DataError, ParameterError
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Capacity, Floor
from salesforecast.wishes import check_wish, forecast_digest


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Scenario(stretch=float("nan")), "stretch nan"),
        (Scenario(stretch=3), r"300 % above the forecast(?s:.*)0.05 means 5 %"),
        (Scenario(total=9 * 10**18), "too large"),
        (Scenario(hedge={"country": -2.0}), "hedge of 'country'"),
        (Scenario(hedge={"country": float("nan")}), "hedge of 'country'"),
        (Scenario(rules=(Floor("North", float("inf")),)), "no amount"),
        (Scenario(criterion="equal chances"), "cannot be split"),
        (Scenario(criterion="blend", blend={"foo": 1.0}), "'foo'"),
    ],
)
def test_a_wish_out_of_range_is_refused(wish, words):
    with pytest.raises(ParameterError, match=words):
        check_wish(wish)


def test_an_unknown_language_or_no_draws_are_refused():
    with pytest.raises(ParameterError, match="'fr'"):
        check_wish(Scenario(), language="fr")
    with pytest.raises(ParameterError, match="too few"):
        check_wish(Scenario(), draws=0)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Scenario(rules=(Floor("Nort", 1),)), "no unit 'Nort'"),
        (Scenario(rules=(Capacity("/", 5, "visits", {"Nowhere": 1.0}),)), "no unit 'Nowhere'"),
        (Scenario(hedge={"planet": 0.05}), "no level 'planet'"),
        (Scenario(measure="quantity"), "'quantity' is not planned"),
        (Scenario(data={"orders.csv": "abc"}), "is not the file"),
        (Scenario(forecast="deadbeef"), "forecast is not the one"),
    ],
)
def test_a_scenario_made_for_something_else_is_refused(tiny_inputs, wish, words):
    with pytest.raises(DataError, match=words):
        workbench.build_plan(tiny_inputs, wish)


def test_a_scenario_made_from_these_data_is_planned(tiny_inputs):
    digest = next(v for k, v in tiny_inputs.loaded.inputs.items() if k.endswith("orders.csv"))
    wish = Scenario(
        data={"orders.csv": digest},
        forecast=forecast_digest(tiny_inputs.forecast.frame),
        measure="revenue",
        criterion="blend",
        blend={"forecast": 0.5, "history": 0.5},
    )
    halves = [
        workbench.build_plan(tiny_inputs, replace(wish, criterion=name)).units["target"]
        for name in ("forecast", "history")
    ]
    blended = workbench.build_plan(tiny_inputs, wish).units["target"]
    assert ((blended - sum(halves) / 2).abs() <= 1.5).all()


def test_a_region_of_returns_is_planned_at_zero(tiny_company, tmp_path):
    text = tiny_company.parent.joinpath("orders.csv").read_text()
    rows = [line.rsplit(",", 1) for line in text.splitlines()]
    turned = [f"{a},-{float(b) / 2}" if "South" in a else f"{a},{b}" for a, b in rows]
    (tmp_path / "orders.csv").write_text("\n".join(turned))
    (tmp_path / "organisation.toml").write_text(tiny_company.read_text())
    inputs = workbench.prepare(tmp_path / "organisation.toml", draws=100)
    plan = workbench.build_plan(inputs, Scenario(criterion="forecast"))
    assert plan.units.loc["South", "target"] == 0
    assert plan.units.loc["/", "target"] == plan.units.loc["North", "target"]
