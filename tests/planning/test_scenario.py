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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('first = "foo"', r"(?s)'foo' is no month.*line 1.*as \"2013-09\""),
        ('first = "2012-13"', "'2012-13' is no month"),
        ('cutoff = "soon"', "'soon' is no month"),
        ('first = "2012-12"\ncutoff = "2013-06"', r"(?s)which its forecast knew.*before the plan"),
        ("seed = -1", r"(?s)seed -1 is negative.*zero or more"),
        ("draws = 100000000", r"(?s)would not fit into memory.*100,000"),
        ("months = -2", r"(?s)counted.*whole numbers"),
        (
            '[[headcount]]\nnode = "E"\nunit = "calls"\nper_month = 1\nuses = { E = 1 }\n'
            'people = [{ start = "soon" }]',
            r"(?s)people cannot be read.*\[\[headcount\]\] of 'E'.*2013-09",
        ),
    ],
)  # fmt: skip
def test_what_is_no_month_or_no_count_is_refused_with_its_line(tmp_path, text, words):
    path = tmp_path / "scenario.toml"
    path.write_text(text)
    with pytest.raises(OrganisationError, match=words):
        Scenario.read(path)


def test_another_encoding_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "scenario.toml"
    path.write_bytes('name = "上海"'.encode("gb18030"))
    with pytest.raises(OrganisationError, match="save the file as UTF-8"):
        Scenario.read(path)
