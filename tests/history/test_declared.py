"""What moves sales besides time is read from the organisation file, and written back the same."""

from __future__ import annotations

import pytest

from salesforecast.errors import OrganisationError
from salesforecast.history.declared import Declared, Event, Holiday, RegionChange
from salesforecast.history.organisation import Organisation
from tests.conftest import TINY_TOML

EVERYTHING = """
[calendar]
country = "CN"
working_days = true
own_days = "days.csv"

[[holiday]]
name = "Chinese New Year"

[[event]]
name = "flood"
node = "North"
periods = ["2024-05", "2024-06"]
reason = "the depot stood under water"

[drivers]
path = "prices.csv"
period = "month"
node = ["region"]
columns = ["price", "promotion"]
logarithm = "price"
ahead = "last year"

[treatment]
outliers = true
keep = ["North/Ann, pens, 2024-05"]

[pipeline]
path = "projects.csv"
value = "value"
date = "expected"
stage = "stage"
[pipeline.stages]
"投标" = 0.3

[[region]]
was = ["East", "West"]
now = "South"
since = "2024-01"

[[region]]
was = "Middle"
now = ["North", "South"]
since = "2024-07"
shares = [0.25, 0.75]

[[opening]]
node = "South/Di"
since = "2026-01"
like = "South/Cy"
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "organisation.toml"


def _text(sections: str) -> str:
    return TINY_TOML.replace("levels =", 'overrides = "overrides.toml"\nlevels =') + sections


def test_nothing_is_declared_by_default(path):
    path.write_text(TINY_TOML, "utf-8")
    assert Organisation.read(path).declared == Declared()
    assert not Declared().moves_forecast


def test_every_section_is_read_and_written_back_the_same(path, tmp_path):
    path.write_text(_text(EVERYTHING), "utf-8")
    read = Organisation.read(path)
    declared = read.declared
    assert declared.moves_forecast
    assert declared.work.country == "CN"
    assert declared.holidays == (Holiday("Chinese New Year"),)
    assert declared.events[0] == Event(
        "flood", ("2024-05", "2024-06"), node="North", reason="the depot stood under water"
    )
    assert declared.drivers.logarithm == ("price",)
    assert declared.pipeline.stages == {"投标": 0.3}
    assert declared.regions[1] == RegionChange(
        ("Middle",), ("North", "South"), "2024-07", (0.25, 0.75)
    )
    fresh = tmp_path / "fresh.toml"
    read.write(fresh)
    assert Organisation.read(fresh) == read
    path.write_text(TINY_TOML, "utf-8")
    read.write(path)
    assert Organisation.read(path) == read
    (tmp_path / "deeper").mkdir()
    read.write(tmp_path / "deeper" / "organisation.toml")
    moved = Organisation.read(tmp_path / "deeper" / "organisation.toml").declared
    assert (moved.overrides, moved.drivers.path) == ("../overrides.toml", "../prices.csv")


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ('[[holiday]]\nname = "Chinese New Year"', "nobody knows when"),
        ('[calendar]\ncountry = "cn"', "did you mean 'CN'"),
        ('[calendar]\ncountry = "China"', 'such as "CN"'),
        ('[[holiday]]\nname = "x"\ndays = ["2月16日"]', "has no date '2月16日'"),
        ('[[event]]\nname = "x"\nperiods = ["2024-13"]', "has no date '2024-13'"),
        ('[[event]]\nname = "x"\nperiods = ["2024-05"]\neffect = -3', "for a tenth less"),
        ('[[event]]\nname = "x"\nperiods = ["2024-05"]\neffect = nan', "for a tenth less"),
        ('[[region]]\nwas = "A"\nnow = "B"\nsince = "soon"', "has no date 'soon'"),
        (
            '[[region]]\nwas = "A"\nnow = ["B", "C"]\nsince = "2024-01"\nshares = [-1, 2]',
            "give zero or more",
        ),
        (
            '[[region]]\nwas = "A"\nnow = "B"\nsince = "2024-01"\n'
            '[[region]]\nwas = "B"\nnow = "A"\nsince = "2024-01"',
            "become each other",
        ),
        ('[[opening]]\nnode = "A/B"\nsince = "2024-01"\nsize = -2', "size = 0.5"),
        (
            '[pipeline]\npath = "a"\nvalue = "v"\ndate = "d"\nstage = "s"\n'
            '[pipeline.stages]\n"投标" = 30',
            "a share from 0 to 1",
        ),
        ("[calendar]\nworking_days = true", "need a calendar"),
        ('[[event]]\nname = "x"\nperiod = "2024-05"', "did you mean 'periods'"),
        ('[drivers]\npath = "a"\nperiod = "m"\ncolumns = "p"\nahead = "guess"', "ahead is one of"),
        ('[pipeline]\npath = "a"\nvalue = "v"\ndate = "d"', "how probable"),
        (
            '[[region]]\nwas = "A"\nnow = ["B", "C"]\nsince = "2024-01"\nshares = [1]',
            "one for each",
        ),
        ('[[region]]\nwas = ["A", "D"]\nnow = ["B", "C"]\nsince = "2024-01"', "split at once"),
    ],
)
def test_a_contradiction_is_refused_in_words(path, sections, says):
    path.write_text(TINY_TOML + sections, "utf-8")
    with pytest.raises(OrganisationError, match=says):
        Organisation.read(path)


def test_the_example_of_the_documents_is_read(path):
    from pathlib import Path

    from salesforecast.forecasting.overrides import read_overrides

    page = (Path(__file__).parents[2] / "docs" / "what-moves-sales.md").read_text("utf-8")
    declared, overrides = (part.split("```")[0] for part in page.split("```toml\n")[1:3])
    first, rest = declared.split("\n", 1)
    path.write_text(TINY_TOML.replace("levels =", first + "\nlevels =") + rest, "utf-8")
    read = Organisation.read(path).declared
    assert read.overrides == "overrides.toml"
    assert all(
        (read.holidays, read.events, read.drivers, read.pipeline, read.regions, read.openings)
    )
    path.write_text(overrides, "utf-8")
    assert read_overrides(path)[0].change == 0.1
