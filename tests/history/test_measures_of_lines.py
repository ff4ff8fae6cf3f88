"""Several measures in one organisation: each its column, its tables, and what is taken off it."""

import pandas as pd
import pytest

from salesforecast import workbench
from salesforecast.errors import OrganisationError, ParameterError
from salesforecast.hierarchy import ROOT
from salesforecast.history.measures import load_measure
from salesforecast.history.organisation import Organisation
from salesforecast.planning.scenario import Scenario

FILE = """
name = "Tiny"
levels = ["region"]

[[measure]]
name = "revenue"          # what is planned when nothing else is said
unit = "EUR"

[[measure]]
name = "profit"
unit = "EUR"
minus = "cost"

[[measure]]
name = "pieces"
unit = "pieces"
column = "pieces"
multiplier = 1.0

[[measure]]
name = "collections"
unit = "EUR"

[[source]]
path = "orders.csv"
multiplier = 1000.0
[source.columns]
date = "date"
amount = "amount"
territory = ["region"]
product = "product"

[[source]]
path = "cash.csv"
measure = "collections"
[source.columns]
date = "day"
amount = "received"
territory = ["region"]
"""


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measures")
    rows = [
        {"date": f"{month:%Y-%m-15}", "region": region, "product": "pens", "amount": amount,
         "cost": amount * 0.6, "pieces": amount / 2}
        for month in pd.date_range("2023-01-01", periods=36, freq="MS")
        for region, amount in (("North", 10.0), ("South", 20.0))
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    table.to_csv(folder / "orders.csv", index=False)
    cash = table.assign(day=table["date"], received=table["amount"] * 900)
    cash[["day", "region", "received"]].to_csv(folder / "cash.csv", index=False)
    (folder / "organisation.toml").write_text(FILE, "utf-8")
    return folder / "organisation.toml"


@pytest.mark.parametrize(
    ("measure", "sold"),
    [("", 30_000), ("profit", 12_000), ("pieces", 15), ("collections", 27_000)],
)
def test_each_measure_has_its_own_amounts(company, measure, sold):
    lines = load_measure(Organisation.read(company).measuring(measure)).lines
    assert lines.groupby("period")["amount"].sum().round(6).unique().tolist() == [sold]


def test_a_plan_of_a_chosen_measure_is_of_that_measure_only(company):
    inputs = workbench.prepare(company, draws=50, measure="pieces")
    plan = workbench.build_plan(inputs, Scenario(measure="pieces", stretch=0.0))
    assert plan.units.loc[ROOT, "target"] == pytest.approx(45, abs=1)
    with pytest.raises(Exception, match="it is 'pieces'"):
        workbench.build_plan(inputs, Scenario(measure="revenue"))


def test_an_unknown_measure_is_named_with_the_nearest(company):
    with pytest.raises(ParameterError, match="did you mean 'profit'"):
        Organisation.read(company).measuring("profits")


def test_the_file_is_written_as_it_was_read(company, tmp_path):
    described = Organisation.read(company)
    assert [measure.name for measure in described.measures] == [
        "revenue", "profit", "pieces", "collections",
    ]  # fmt: skip
    again = company.with_name("again.toml")
    described.write(again)
    assert Organisation.read(again) == described
    described.write(company)
    assert "when nothing else is said" in company.read_text("utf-8")


def test_two_measures_of_one_name_are_refused(company, tmp_path):
    bad = company.with_name("bad.toml")
    bad.write_text(FILE.replace('"profit"', '"revenue"'), "utf-8")
    with pytest.raises(OrganisationError, match="names of their own"):
        Organisation.read(bad)
    bad.write_text(FILE.replace('measure = "collections"', 'measure = "cash"'), "utf-8")
    with pytest.raises(OrganisationError, match="a measure 'cash' that is not there"):
        Organisation.read(bad)
