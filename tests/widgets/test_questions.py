"""What-ifs made live: every kind by form, switched on and off, undone, saved and read back."""

from datetime import UTC, datetime

import ipywidgets
import pytest

from salesforecast import desk
from salesforecast.errors import ParameterError
from salesforecast.hierarchy import ROOT
from salesforecast.planning.changes import Limit, Shock
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.what_if import CHANGES, WhatIf
from salesforecast.rules import Floor
from salesforecast.widgets.change_forms import FORMS, Choices, read_change
from salesforecast.widgets.questions import Questions, file_name
from salesforecast.widgets.what_if_screen import VIEWS, WhatIfScreen
from salesforecast.widgets.what_if_words import WORDS


@pytest.fixture
def asked(tiny_inputs):
    return Questions(tiny_inputs, desk.keeping_total(tiny_inputs, Scenario(stretch=0.1)))


@pytest.fixture
def screen(asked, tmp_path):
    return WhatIfScreen(asked, save_to=tmp_path / "what_ifs")


FILLED = {
    "shock": {"node": "North", "factor": "−20", "product": "pens"},
    "leave": {"leaf": "North/Ann", "kept": "60 %"},
    "hire": {"node": "North", "count": "2", "ramp": "0", "productivity": "80", "new": "100"},
    "assume": {"setting": "stretch", "value": "5 %"},
    "limit": {"kind": "floor", "node": "North/Ann", "amount": "８００"},
    "price": {"node": ROOT, "change": "+5", "elasticity": "-1.5", "measure": "money"},
    "promotion": {"node": ROOT, "uplift": "30", "old": "2026-01", "new": "2026-02"},
    "slip": {"product": "ink", "months": "1", "node": ROOT},
    "cap": {"amount": "5000", "unit": "visits", "node": ROOT, "use": "0.5"},
    "merge": {"nodes": ("North", "South"), "label": "Land"},
    "split": {"node": "North", "parts": "East：Ann；West: Bo"},
    "rename": {"node": "North", "label": "Nord"},
    "new_region": {"above": ROOT, "label": "West", "like": ("South",), "size": "50", "wider": "2"},
}


def test_there_is_a_form_for_every_kind_of_change_and_words_for_every_field():
    assert set(FORMS) == set(CHANGES) == set(FILLED)
    assert set(WORDS["en"]) == set(WORDS["zh"])
    for kind, asks in FORMS.items():
        for language in WORDS.values():
            assert f"kind_{kind}" in language
            for ask in asks:
                assert ask.words in language
                assert all(f"choice_{choice}" in language for choice in ask.choices)


@pytest.mark.parametrize("kind", list(FORMS))
def test_every_kind_is_added_by_form_and_comes_back_from_its_file(kind, asked, tmp_path):
    assert asked.form(kind, FILLED[kind]), asked.told
    (change,) = asked.case.changes
    assert type(change) is CHANGES[kind]
    assert asked.case.name in asked.beside.changes
    path = asked.write(tmp_path)
    assert WhatIf.read(path) == asked.case.question
    again = Questions(asked.inputs, asked.scenario)
    assert again.load(path.name, path.read_bytes())
    assert again.case.changes == (change,)


def test_what_is_typed_is_read_as_people_write_it(asked):
    asked.form("shock", FILLED["shock"])
    asked.form("limit", FILLED["limit"])
    shock, limit = asked.case.changes
    assert shock == Shock(0.8, "North", "pens")
    assert limit == Limit("floor", "North/Ann", 800)


def test_a_change_is_switched_off_and_on_and_the_plan_follows(asked):
    name = asked.case.name
    asked.add(Limit("ceiling", "North/Ann", 100))
    asked.add(Shock(0.5, "South"))
    both = asked.beside.plans[name]
    assert both.units.loc["North/Ann", "target"] == 100
    assert asked.switch(0)
    only = asked.beside.plans[name]
    assert only.units.loc["North/Ann", "target"] > 100
    assert only.units.loc["South", "forecast"] == both.units.loc["South", "forecast"]
    assert asked.switch(0)
    assert asked.beside.plans[name] is both, "what is known is not computed again"


def test_undo_and_redo_take_back_changes_switches_and_removals(asked):
    asked.add(Shock(0.5))
    asked.add(Shock(0.9, "North"))
    asked.switch(1)
    asked.remove(0)
    assert asked.case.changes == (Shock(0.9, "North"),) and asked.case.off == {0}
    for _ in range(4):
        assert asked.undo()
    assert not asked.undo() and not asked.case.changes
    for _ in range(4):
        assert asked.redo()
    assert not asked.can_redo and asked.case.changes == (Shock(0.9, "North"),)


def test_what_does_not_fit_moves_nothing_and_is_said_in_the_screens_language(asked):
    before = asked.cases
    for language, words in (("en", "nobody right below it"), ("zh", "没有直接下属人员")):
        asked.language = language
        assert not asked.form("hire", FILLED["hire"] | {"node": ROOT})
        kind, told = asked.told
        assert kind == "refused" and words in told
    assert asked.cases == before and not asked.can_undo
    assert not asked.form("shock", {"node": "North", "factor": "viel"})
    assert "viel" in asked.told[1]
    assert not asked.form("rename", {"node": "North", "label": ""})
    assert "新名称" in asked.told[1]


def test_every_refusal_of_a_change_is_said_in_chinese(asked):
    asked.language = "zh"
    wrong = {
        "shock": {"factor": "-150"}, "leave": {"leaf": "North/Ann", "kept": "150"},
        "hire": FILLED["hire"] | {"count": "0"}, "price": FILLED["price"] | {"change": "-100"},
        "promotion": FILLED["promotion"] | {"uplift": "-100"}, "slip": FILLED["slip"] | {"months": "0"},
        "limit": {"kind": "floor", "node": "North", "amount": ""}, "merge": FILLED["merge"] | {"nodes": ("North",)},
        "split": FILLED["split"] | {"parts": "East: Ann; West: Cy"}, "rename": {"node": "North", "label": "South"},
        "new_region": FILLED["new_region"] | {"label": "North/Ann"}, "assume": {"setting": "chance", "value": "150"},
    }  # fmt: skip
    for kind, typed in wrong.items():
        assert not asked.form(kind, typed), kind
        why = asked.told[1].split("。", 1)[1]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in why), (kind, why)
        assert " is " not in why and " are " not in why, (kind, why)


def test_a_what_if_without_a_plan_stays_and_says_why(tiny_inputs):
    base = Scenario(total=2_000, rules=(Floor("South", 1_000),))
    asked = Questions(tiny_inputs, base)
    assert asked.add(Limit("ceiling", "South", 100))
    for language in ("en", "zh"):
        asked.language = language
        (why,) = asked.beside.refused.values()
        assert "South" in why
    assert asked.switch(0) and not asked.beside.refused


def test_the_short_view_says_who_is_asked_more_and_less(asked):
    asked.add(Limit("ceiling", "North/Ann", 100))
    row = asked.beside.short().loc[asked.case.name]
    plan = asked.beside.plans[asked.case.name]
    moves = plan.units["target"] - asked.plan.units["target"]
    assert row["change"] == 0 and row["loses"] == "North/Ann"
    assert row["loss"] == moves["North/Ann"] and row["gain"] == moves[row["gains"]] > 0
    assert row["total"] == plan.units.loc[ROOT, "target"]


def test_the_tornado_has_a_row_for_each_what_if_that_changes_something(asked):
    before = len(asked.hangs_on())
    asked.add(Shock(0.5))
    found = asked.hangs_on()
    assert len(found) == before + 1 and asked.case.name in found.index
    assert found["width"].is_monotonic_decreasing


def test_names_are_kept_apart_and_the_last_what_if_is_never_missing(asked, tmp_path):
    asked.add(Shock(0.5))
    path = asked.write(tmp_path)
    assert asked.load(path.name, path.read_bytes())
    assert [case.name for case in asked.cases] == ["What-if 1", "What-if 1 (2)"]
    assert not asked.new("What-if 1") and asked.told[0] == "refused"
    assert asked.drop() and asked.drop()
    assert [case.changes for case in asked.cases] == [()]
    assert file_name("+10% 总目标") == "10_总目标"


def test_a_file_that_cannot_be_read_is_refused_by_what_is_wrong(asked):
    for name, content in (("x.toml", b"\xff\xfe"), ("y.toml", b"change = ["), ("z.toml", b'[[change]]\nwhat = "shok"')):  # fmt: skip
        assert not asked.load(name, content)
        assert name in asked.told[1]
    assert "shock" in asked.told[1], "the nearest kind is named"


def test_what_is_switched_off_is_not_written_and_that_is_said(asked, tmp_path):
    asked.add(Shock(0.5))
    asked.add(Shock(0.9, "North"))
    asked.switch(0)
    path = asked.write(tmp_path)
    assert WhatIf.read(path).changes == (Shock(0.9, "North"),)
    assert "(1)" in asked.told[1]
    asked.switch(1)
    assert asked.write(tmp_path / "other") is None and not (tmp_path / "other").exists()


def test_an_empty_field_that_is_needed_is_refused(asked):
    choices = asked.choices()
    with pytest.raises(ParameterError, match="New name"):
        read_change("merge", {"nodes": ("North", "South")}, choices)
    assert isinstance(choices, Choices) and choices.months[0].startswith("20")


# ---- the screen --------------------------------------------------------------------------


def _words(widget):
    parts = [getattr(widget, "value", ""), getattr(widget, "description", "")]
    for child in getattr(widget, "children", ()):
        parts.append(_words(child))
    return " ".join(part for part in parts if isinstance(part, str))


def test_the_form_adds_and_the_list_switches_and_removes(screen):
    asked = screen.questions
    screen.kind.value = "shock"
    screen.fields["node"].value = "North"
    screen.fields["factor"].value = "-20"
    screen.buttons["add"].click()
    assert asked.case.changes == (Shock(0.8, "North"),)
    (row,) = screen.changes.children
    box, _ = row.children
    assert isinstance(box, ipywidgets.Checkbox) and box.value
    assert "What-if 1" in screen.effect.value
    box.value = False
    assert asked.case.off == {0}
    screen.buttons["undo"].click()
    assert not asked.case.off and screen.changes.children[0].children[0].value
    screen.changes.children[0].children[1].click()
    assert not asked.case.changes


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", list(FORMS))
def test_every_form_is_drawn_and_adds_what_its_fields_say(screen, kind, language):
    screen.language.value = language
    screen.kind.value = kind
    assert list(screen.fields) == [ask.name for ask in FORMS[kind]]
    assert all(field.description for field in screen.fields.values())
    for name, value in FILLED[kind].items():
        screen.fields[name].value = value
    screen.buttons["add"].click()
    assert [type(change) for change in screen.questions.case.changes] == [CHANGES[kind]]


def test_what_was_said_goes_with_its_language(screen):
    screen.kind.value = "rename"
    screen.buttons["add"].click()
    assert screen.questions.told[0] == "refused"
    screen.language.value = "zh"
    assert screen.questions.told == ("", "") and screen.told.layout.display == "none"


def test_a_refusal_stands_on_the_screen_and_goes_with_the_next_act(screen):
    screen.kind.value = "leave"
    screen.fields["kept"].value = "abc"
    screen.buttons["add"].click()
    assert "abc" in screen.told.value and screen.told.layout.display == ""
    assert screen.fields["kept"].value == "abc", "what was typed stays"
    screen.fields["kept"].value = "50"
    screen.buttons["add"].click()
    assert screen.told.layout.display == "none"


def test_units_that_a_change_makes_can_be_chosen_for_the_next(screen):
    screen.kind.value = "rename"
    screen.fields["node"].value = "North"
    screen.fields["label"].value = "Nord"
    screen.buttons["add"].click()
    nodes = [value for _, value in screen.fields["node"].options]
    assert "Nord" in nodes and "North" not in nodes


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_view_is_drawn_in_both_languages(screen, language):
    screen.questions.add(Shock(0.5, "North"))
    screen.language.value = language
    for view in VIEWS:
        screen.view.value = view
        assert screen.effect.value
    other = WORDS["en" if language == "zh" else "zh"]
    shown = _words(screen)
    assert WORDS[language]["add"] in shown and other["add"] not in shown


def test_files_go_out_and_come_in_by_the_screen(screen, tmp_path):
    screen.questions.add(Shock(0.5))
    screen.buttons["save"].click()
    (path,) = (tmp_path / "what_ifs").glob("*.toml")
    assert path.name in screen.told.value
    content = path.read_bytes()
    given = {"name": path.name, "type": "", "size": len(content), "content": memoryview(content),
             "last_modified": datetime.now(UTC)}  # fmt: skip
    screen.load.value = (given,)
    assert len(screen.questions.cases) == 2 and not screen.load.value
