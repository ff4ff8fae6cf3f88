"""The session takes wishes or refuses them; it needs no screen."""

import pytest

from salesforecast import workbench
from salesforecast.errors import InfeasibleError
from salesforecast.hierarchy import ROOT
from salesforecast.planning.scenario import Scenario
from salesforecast.rules import Ceiling, Floor, Lock
from salesforecast.widgets.session import Session, limits_of


@pytest.fixture
def session(tiny_inputs):
    return Session(tiny_inputs, Scenario(total=2_000))


def _ties_out(session):
    units = session.plan.units
    inner = units.index[~units["leaf"]]
    parts = units[units["parent"] != ""].groupby("parent")["target"].sum()
    assert (parts.loc[inner] == units.loc[inner, "target"]).all()


def test_a_new_total_is_met_to_the_unit_and_adds_up(session):
    assert session.set_total(2_345)
    assert session.total == 2_345
    assert session.scenario.total == 2_345
    _ties_out(session)


def test_a_total_replaces_a_chance(tiny_inputs):
    session = Session(tiny_inputs, Scenario(chance=0.5))
    assert session.set_total(2_000)
    assert session.scenario.chance is None


def test_the_criterion_changes_the_split_and_not_the_total(session):
    before = session.plan.units["target"]
    assert session.set_criterion("equal uplift")
    assert session.total == 2_000
    assert (session.plan.units["target"] != before).any()


@pytest.mark.parametrize(
    ("setter", "kind", "holds"),
    [
        ("set_floor", Floor, lambda target: target >= 900),
        ("set_ceiling", Ceiling, lambda target: target <= 900),
        ("set_lock", Lock, lambda target: target == 900),
    ],
)
def test_a_limit_holds_is_read_back_and_can_be_released(session, setter, kind, holds):
    free = session.plan.units["target"].copy()
    assert getattr(session, setter)("South", 900)
    assert holds(session.plan.units.loc["South", "target"])
    assert session.limit(kind, "South") == 900
    assert session.total == 2_000
    _ties_out(session)
    assert getattr(session, setter)("South", None)
    assert session.limit(kind, "South") is None
    assert session.plan.units["target"].equals(free)


def test_a_limit_set_again_replaces_the_first_and_keeps_the_others(session):
    session.set_floor("North", 300)
    session.set_ceiling("South", 1_500)
    session.set_floor("North", 400)
    assert limits_of(session.scenario, Floor) == {"North": 400}
    assert limits_of(session.scenario, Ceiling) == {"South": 1_500}


def test_who_set_a_limit_is_kept(tiny_inputs):
    session = Session(tiny_inputs, Scenario(total=2_000), owner="S. Jiang")
    session.set_lock("South", 900)
    assert session.scenario.rules[0].owner == "S. Jiang"


def test_a_wish_that_contradicts_is_refused_and_nothing_moves(session):
    session.set_lock("South", 900)
    scenario, plan = session.scenario, session.plan
    assert not session.set_floor("South", 1_200)
    assert session.scenario is scenario
    assert session.plan is plan
    words = session.refusal.words("en")
    assert words.startswith("Not applied: floor of 1,200")
    assert "900" in words
    assert words.endswith("Nothing has moved.")
    assert session.set_floor("South", 800)
    assert session.refusal is None


def test_a_refused_wish_is_no_step_to_undo(session):
    session.set_lock(ROOT, 500)
    assert session.refusal is not None
    assert not session.can_undo


def test_a_negative_limit_and_words_for_an_amount_are_refused(session):
    assert not session.set_ceiling("South", -1)
    assert "negative" in session.refusal.words("en")
    session.refuse_text("about 300")
    assert "'about 300' is not an amount" in session.refusal.words("en")


def test_an_unknown_unit_is_a_programmers_mistake(session):
    with pytest.raises(ValueError, match="no unit 'East'"):
        session.set_lock("East", 1)


def test_undo_and_redo_walk_over_the_same_plans(session):
    plans = [session.plan]
    for wish in (lambda: session.set_total(2_100), lambda: session.set_lock("South", 900)):
        wish()
        plans.append(session.plan)
    assert session.undo()
    assert session.plan is plans[1]
    assert session.undo()
    assert session.plan is plans[0]
    assert not session.undo()
    assert session.redo()
    assert session.redo()
    assert session.plan is plans[2]
    assert not session.redo()


def test_a_new_wish_ends_the_way_forward(session):
    session.set_total(2_100)
    session.undo()
    session.set_total(2_200)
    assert not session.can_redo


def test_one_pull_at_the_slider_is_one_step(session):
    for total in (2_010, 2_020, 2_030):
        session.set_total(total, gesture="slider")
    session.undo()
    assert session.total == 2_000
    session.redo()
    session.set_total(2_040, gesture="slider")
    session.undo()
    assert session.total == 2_030


def test_asking_for_what_is_there_is_no_step(session):
    assert session.set_total(2_000)
    assert not session.can_undo


def test_followers_hear_of_each_change_once_and_see_both_parts(session):
    heard = []
    session.observe(lambda change: heard.append(session.scenario.total), "plan")
    session.set_total(2_500)
    assert heard == [2_500]


def test_a_contradiction_to_start_from_is_not_hidden(tiny_inputs):
    rules = (Lock("South", 900), Floor("South", 1_000))
    with pytest.raises(InfeasibleError):
        Session(tiny_inputs, Scenario(total=2_000, rules=rules))


def test_a_saved_scenario_reads_back_and_gives_the_same_targets(session, tiny_inputs, tmp_path):
    session.set_total(2_222)
    session.set_ceiling("South", 1_000)
    path = session.save(tmp_path / "deeper" / "scenario.toml")
    again = workbench.build_plan(tiny_inputs, Scenario.read(path))
    assert again.units["target"].equals(session.plan.units["target"])


def test_the_same_words_exist_in_both_languages():
    from salesforecast.widgets.words import CRITERIA, WORDS

    assert WORDS["en"].keys() == WORDS["zh"].keys()
    assert all(labels.keys() == WORDS.keys() for labels in CRITERIA.values())


def test_a_refusal_speaks_chinese(tiny_inputs):
    session = Session(tiny_inputs, Scenario(total=2_000), language="zh")
    session.set_lock(ROOT, 500)
    assert session.refusal.words("zh").startswith("未采用：")


def test_a_refusal_offers_the_cheapest_repair_and_takes_it(session):
    session.set_ceiling("South", 800)
    assert not session.set_floor("South", 1_200)
    assert session.refusal.changes == "Use 800, the most that fits"
    assert session.accept_repair()
    assert session.plan.units.loc["South", "target"] == 800
    assert session.limit(Floor, "South") == 800
    assert session.refusal is None
    assert not session.accept_repair()
    session.undo()
    assert session.limit(Floor, "South") is None


def test_a_repair_may_be_another_total(session):
    session.set_lock("North", 700)
    session.set_lock("South", 1_300)
    assert not session.set_total(2_500)
    assert session.refusal.instead is not None
    assert session.accept_repair()
    units = session.plan.units["target"]
    assert units["North"] + units["South"] == session.total


def test_another_language_leaves_no_refusal_in_the_old_one(session):
    session.set_lock(ROOT, 500)
    assert session.refusal is not None
    session.language = "zh"
    assert session.refusal is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_a_way_out_would_do_is_said_before_it_is_taken(adventureworks, language):
    session = Session(adventureworks, language=language)
    person = next(node for node in session.plan.units.index if node.endswith("Jae Pak"))
    assert session.set_ceiling(person, 800_000)
    assert not session.set_floor(person, 900_000)
    before = session.plan.units["target"]
    for way in session.refusal.ways:
        said = session.effect_of(way)
        leaves = session.plan.units["leaf"].astype(bool)
        moved = (way.plan.units["target"] - before)[leaves]
        count = int((moved != 0).sum())
        assert session.wording.amount(way.plan.units["target"].iloc[0]) in said
        if count:
            most = session.label(str(moved.abs().idxmax()))
            assert f" {count} " in said and most in said
            assert session.wording.change(moved[moved.abs().idxmax()]) in said
    assert session.plan.units["target"].equals(before), "looking moves nothing"
