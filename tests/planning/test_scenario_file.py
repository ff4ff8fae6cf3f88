"""A scenario file survives being read and written, comments included, and says where it errs."""

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforecast.errors import OrganisationError
from salesforecast.planning.decision import Decision, Headcount
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Capacity, Ceiling, Floor, GrowthBand, Lock

COMMENTED = """\
# The plan of spring, as agreed on 5 January.
total = 7_350_000   # signed by the board
criterion = "equal growth"
step = 10

[hedge]
country = 0.05 # so that a country may fail once

# Limits ---------------------------------------------------
[[floor]]
node = "Europe"   # see the minutes
amount = 100
owner = "Amy Alberts"
reason = "agreed"

# the plant's
[[capacity]]
node = "/"
amount = 1872
unit = "vehicle-days"
uses = { Europe = 0.1, Pacific = 0.2 }

[[headcount]]
node = "Europe"
per_month = 80
unit = "visits"
uses = { Europe = 0.002 }
people = [{ start = "2013-09", count = 2, ramp = 3 }]

[replan]
gap = "recover"   # S4
carried_by = "region"
"""


def test_reading_and_writing_changes_no_letter():
    scenario = Scenario.from_text(COMMENTED)
    assert scenario.to_text() == COMMENTED
    assert scenario.total == 7_350_000 and scenario.hedge == {"country": 0.05}
    assert scenario.replan == Decision(gap="recover", carried_by="region")
    assert scenario.headcount[0].people[0]["ramp"] == 3


def test_a_file_of_windows_keeps_its_line_ends(tmp_path):
    path = tmp_path / "scenario.toml"
    path.write_bytes(COMMENTED.replace("\n", "\r\n").encode())
    Scenario.read(path).write(tmp_path / "again.toml")
    assert (tmp_path / "again.toml").read_bytes() == path.read_bytes()


def test_a_change_keeps_every_comment():
    scenario = Scenario.from_text(COMMENTED)
    changed = replace(
        scenario,
        total=8_000_000,
        rules=(*scenario.rules, Lock("Pacific", 50, owner="Bo")),
        measure="revenue",
    )
    text = changed.to_text()
    assert Scenario.from_text(text) == changed
    for comment in ("as agreed on", "signed by the board", "see the minutes", "the plant's", "S4"):
        assert comment in text
    assert "total = 8000000" in text and 'measure = "revenue"' in text


def test_a_limit_that_goes_takes_only_its_own_lines():
    scenario = Scenario.from_text(COMMENTED)
    text = replace(scenario, rules=scenario.rules[1:], replan=None).to_text()
    assert Scenario.from_text(text) == replace(scenario, rules=scenario.rules[1:], replan=None)
    assert "Amy" not in text and "recover" not in text and "vehicle-days" in text


RULE = st.one_of(
    st.builds(Floor, st.sampled_from(["/", "a/b"]), st.integers(0, 9), owner=st.text("äb ", max_size=3)),
    st.builds(Ceiling, st.just("a"), st.integers(0, 9)),
    st.builds(Lock, st.just("a"), st.integers(0, 9), reason=st.text('"\n\\x', max_size=4)),
    st.builds(GrowthBand, st.just("a"), low=st.floats(-0.5, 0.0), high=st.floats(0.1, 1)),
    st.builds(Capacity, st.just("a"), st.integers(1, 9), st.just("days"),
              st.dictionaries(st.sampled_from(["a", "b c"]), st.floats(0.1, 1), min_size=1)),
)  # fmt: skip
SCENARIO = st.builds(
    Scenario,
    total=st.none() | st.integers(0, 10**12),
    stretch=st.floats(-0.5, 2),
    criterion=st.sampled_from(["equal chance", "历史"]),
    rules=st.lists(RULE, max_size=4).map(tuple),
    step=st.integers(1, 1000),
    hedge=st.dictionaries(st.sampled_from(["country", "大区"]), st.floats(0, 0.2), max_size=2),
    data=st.dictionaries(st.sampled_from(["orders.csv", "a b.xlsx"]), st.just("00ff"), max_size=2),
    measure=st.sampled_from(["", "quantity"]),
    replan=st.none() | st.builds(Decision, gap=st.just("amount"), amount=st.integers(0, 9)),
    headcount=st.lists(
        st.builds(Headcount, st.just("a"), st.just("visits"), st.just({"a": 0.5}), st.floats(1, 9), st.just(0.0),
                  st.just(({"start": "2013-09", "count": -1},))), max_size=1).map(tuple),
)  # fmt: skip


@given(SCENARIO)
def test_any_scenario_reads_back_equal(scenario):
    text = scenario.to_text()
    again = Scenario.from_text(text)
    assert again == scenario
    assert again.to_text() == text


@given(SCENARIO)
def test_any_change_of_a_commented_file_reads_back_equal(scenario):
    changed = replace(scenario, source=COMMENTED)
    assert Scenario.from_text(changed.to_text()) == scenario


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("step = 1\nstrech = 0.05", r"(?s)line 2\b.*did you mean 'stretch'"),
        ("# a\n[[flor]]\nnode = 'a'", r"(?s)did you mean 'floor'"),
        ("[[floor]]\nnode='a'\namount=1\n[[floor]]\nnode='b'\namont=1", r"(?s)line 6.*did you mean 'amount'"),
        ("[[floor]]\nnode='a'\namount=1\n\n[[floor]]\nnode='b'", r"(?s)'amount' is missing.*line 5"),
        ("step = 1\ntotal = 5\nchance = 0.5", r"(?s)both given.*line 2 and 3"),
        ("\nstep = 0", r"(?s)less than one.*line 2"),
        ("[replan]\ngap = 'recovr'", r"(?s)cannot be 'recovr'.*did you mean 'recover'"),
        ("[replan]\ngap = 'absorb'\namount = 3", "an amount goes with"),
        ("[replan]\ncarriedby = 'unit'", r"(?s)line 2.*did you mean 'carried_by'"),
        ("stretch = '5%'", r"(?s)line 1.*without quotes"),
        ("[[headcount]]\nnode='a'\nper_month=1\nunit='x'\nuses={a=1}\npeople=[{begin='2013'}]", "start ="),
    ],
)  # fmt: skip
def test_errors_name_the_line_and_the_nearest_key(text, words):
    with pytest.raises(OrganisationError, match=words):
        Scenario.from_text(text, where="scenario.toml")


def test_people_learn_and_leave():
    head = Headcount(
        "a", "visits", {"a": 1}, 10, 0,
        ({"start": "2024-01", "count": 2}, {"start": "2024-02", "ramp": 1},
         {"start": "2024-03", "count": -1}),
    )  # fmt: skip
    months = pd.date_range("2024-01-01", periods=3, freq="MS")
    assert head.working(months).tolist() == [2.0, 2.5, 2.0]
    assert head.capacity(months).amount == 65.0
    assert Scenario(headcount=(head,)).limits(months)[0].unit == "visits"


def test_what_people_do_on_a_working_day_follows_the_countrys_calendar():
    head = Headcount("a", "calls", {"a": 1}, per_day=40, people=({"start": "2024-09", "count": 2},))
    months = pd.DatetimeIndex(["2024-10-01"])
    assert head.capacity(months, calendar="CN").amount == 40 * 2 * 19  # Golden Week, a make-up day
    assert head.capacity(months).amount == 40 * 2 * 23
    scenario = Scenario(headcount=(head,), calendar="CN")
    assert scenario.limits(months)[0].amount == 40 * 2 * 19
    with pytest.raises(OrganisationError, match="for a month or for a working day"):
        Headcount("a", "calls", {"a": 1})


def test_vehicles_and_stock_are_capacities_too():
    cars = Headcount("a", "vehicle-days", {"a": 1}, 6, people=({"start": "2024-01", "count": 26},))
    year = pd.date_range("2024-01-01", periods=12, freq="MS")
    assert cars.capacity(year).amount == 1872
