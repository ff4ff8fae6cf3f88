"""A scenario file says everything, reads back equal, and refuses what it does not know."""

import pytest

from salesforecast.errors import OrganisationError
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Capacity, Ceiling, Floor, GrowthBand, Lock

FULL = Scenario(
    total=7_350_000,
    criterion="equal growth",
    rules=(
        Floor("Europe", 100, owner="Amy Alberts", reason="agreed"),
        Ceiling("Europe/Germany", 300),
        Lock("Pacific", 50),
        GrowthBand("/", low=-0.05),
        Capacity("/", 1872, "vehicle-days", {"Europe": 0.1, "Pacific": 0.2}),
    ),
    step=10,
    hedge={"country": 0.05},
    seed=3,
)


def test_a_scenario_reads_back_equal(tmp_path):
    FULL.write(tmp_path / "scenario.toml")
    assert Scenario.read(tmp_path / "scenario.toml") == FULL


def test_an_empty_file_is_the_default(tmp_path):
    (tmp_path / "scenario.toml").write_text("")
    assert Scenario.read(tmp_path / "scenario.toml") == Scenario()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("strech = 0.05", "did you mean 'stretch'"),
        ('stretch = "5%"', "without quotes or per cent"),
        ("seed = true", "not a whole number"),
        ("total = 5\nchance = 0.5", "both given"),
        ("chance = 1.5", "between 0 and 1"),
        ("[[floor]]\nnode = 'Europe'", "'amount' is missing"),
        ("[[floor]]\nnod = 'Europe'\namount = 1", "did you mean 'node'"),
        ("[floor]\nnode = 'Europe'", "double brackets"),
        ("stretch = ", "cannot be read"),
        ('[hedge]\ncountry = "x"', "not a table of numbers"),
        ('[[capacity]]\nnode = "/"\namount = 1\nunit = "v"\nuses = {"/" = "x"}', "of numbers"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path, text, words):
    (tmp_path / "scenario.toml").write_text(text)
    with pytest.raises(OrganisationError, match=words):
        Scenario.read(tmp_path / "scenario.toml")
