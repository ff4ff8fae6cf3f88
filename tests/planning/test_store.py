"""The store only adds, knows who did what, and loses nothing, on both databases."""

import multiprocessing
import sqlite3
from datetime import UTC, datetime

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from benchmarks import planning_store
from salesforecast.errors import ConflictError, EngineError, ParameterError
from salesforecast.planning import schema
from salesforecast.planning.store import Store, who

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def store(address):
    with Store(address, user="ann", clock=lambda: NOON) as opened:
        yield opened


def test_a_saved_plan_reads_back_equal(store, small_plan):
    saved = store.save("Q4", small_plan, reason="first", provenance={"data": "abc"})
    again = store.load("Q4")
    assert again.scenario == small_plan.scenario
    assert again.hierarchy == small_plan.hierarchy
    assert again.periods.equals(small_plan.periods)
    assert again.level_words == small_plan.level_words
    assert again.findings == small_plan.findings
    for name in ("targets", "units", "explanation", "limits"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(small_plan, name))
    assert (saved.number, saved.parent, saved.author) == (1, None, "ann")
    assert saved.saved_at == "2026-01-05T12:00:00.000+00:00"
    assert saved.status == "draft" and saved.total == 3726
    assert saved.provenance["data"] == "abc"
    assert saved.provenance["software"].startswith("salesforecast")


def test_equal_plans_have_equal_digests_and_others_do_not(store, small_plan, changed):
    one = store.save("a", small_plan, reason="x")
    two = store.save("b", small_plan, reason="y")
    assert one.digest == two.digest
    assert store.save("c", changed(small_plan, 1), reason="z").digest != one.digest


def test_who_saved_first_wins_and_nothing_is_lost(store, address, small_plan, changed):
    store.save("Q4", small_plan, reason="first")
    with Store(address, user="bo", clock=lambda: NOON) as other:
        other.save("Q4", changed(small_plan, 5), reason="five more", opened=1)
    with pytest.raises(ConflictError, match=r"(?s)changed by bo since.*version 2.*five more") as e:
        store.save("Q4", changed(small_plan, 9), reason="nine more", opened=1)
    kept = e.value.kept
    assert (kept.number, kept.parent, kept.aside) == (3, 1, True)
    assert store.load("Q4", 3).targets["target"].iloc[0] == small_plan.targets["target"].iloc[0] + 9
    assert store.version("Q4").number == 2
    assert store.save("Q4", store.load("Q4", 3), reason="mine after all", opened=2).number == 4
    assert store.version("Q4").number == 4


def test_a_new_plan_under_a_taken_name_is_a_conflict(store, small_plan):
    store.save("Q4", small_plan, reason="first")
    with pytest.raises(ConflictError, match="you saved it as a new plan"):
        store.save("Q4", small_plan, reason="also first")
    assert [v.aside for v in store.versions("Q4")] == [False, True]


def test_the_same_token_saves_once(store, small_plan):
    first = store.save("Q4", small_plan, reason="x", token="t")
    assert store.save("Q4", small_plan, reason="x", token="t") == first
    assert len(store.versions("Q4")) == 1


def test_status_goes_its_way_and_every_act_is_kept(store, small_plan, changed):
    store.save("Q4", small_plan, reason="first")
    with pytest.raises(ParameterError, match="is draft, so it cannot become approved"):
        store.approve("Q4", 1)
    store.propose("Q4", 1)
    store.withdraw("Q4", 1, reason="too low")
    store.propose("Q4", 1)
    assert store.approve("Q4", 1, reason="signed").status == "approved"
    store.save("Q4", changed(small_plan, 5), reason="second", opened=1)
    assert store.approved("Q4").number == 1
    store.propose("Q4", 2)
    store.approve("Q4", 2)
    assert store.version("Q4", 1).status == "superseded"
    assert store.approved("Q4").number == 2
    acts = store.acts("Q4")
    assert acts[acts["version"] == 1]["status"].tolist() == (
        ["draft", "proposed", "draft", "proposed", "approved", "superseded"]
    )
    assert set(acts["who"]) == {"ann"}
    with pytest.raises(ParameterError, match="is superseded"):
        store.propose("Q4", 1)


def test_a_difference_goes_down_to_the_cell(store, small_plan, changed):
    store.save("Q4", small_plan, reason="first")
    store.save("Q4", changed(small_plan, 5), reason="more", opened=1)
    found = store.diff("Q4", 1, 2)
    assert found.cells[["node", "product", "before", "after", "change"]].values.tolist() == [
        ["s/c", "Bikes", 100, 105, 5]
    ]
    assert found.units["change"].to_dict() == {"/": 5, "s": 5, "s/c": 5}
    assert found.scenario == ""
    assert store.diff("Q4", 2, 2).none


def test_restoring_adds_a_version_and_forgets_none(store, small_plan, changed):
    store.save("Q4", small_plan, reason="first")
    store.save("Q4", changed(small_plan, 5), reason="more", opened=1)
    back = store.restore("Q4", 1, reason="five were too many", opened=2)
    assert (back.number, back.parent, back.provenance["restored"]) == (3, 2, "version 1")
    assert store.diff("Q4", 1, 3).none
    assert len(store.diff("Q4", 2, 3).cells) == 1


def test_plans_are_listed_with_their_head(store, small_plan):
    store.save("Q4", small_plan, reason="first")
    store.save("Q3", small_plan, reason="other")
    listed = store.plans()
    assert listed["plan"].tolist() == ["Q3", "Q4"]
    assert listed["head"].tolist() == [1, 1] and listed["approved"].isna().all()


@pytest.mark.parametrize("table", ["version", "part", "act"])
@pytest.mark.parametrize("wish", ["DELETE FROM {}", "UPDATE {} SET {} = 1"])
def test_the_database_itself_refuses_to_alter_what_was_saved(store, small_plan, table, wish):
    store.save("Q4", small_plan, reason="first")
    column = {"version": "number", "part": "name", "act": "who"}[table]
    statement = wish.format(table, column).replace("= 1", "= '1'" if table != "version" else "= 1")
    with pytest.raises(DBAPIError, match="never altered"), store._engine.begin() as connection:
        connection.execute(text(statement))
    assert store.version("Q4").number == 1


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda s, p: s.save("Q5", p, reason=" "), "for a reason"),
        (lambda s, p: s.save("Q4", p, reason="x", opened=9), "no version 9"),
        (lambda s, p: s.load("Q3"), "did you mean 'Q4'"),
        (lambda s, p: s.load("Q4", 7), "no version 7"),
    ],
)
def test_wrong_wishes_are_put_in_words(store, small_plan, act, words):
    store.save("Q4", small_plan, reason="first")
    with pytest.raises(ParameterError, match=words):
        act(store, small_plan)
    assert len(store.versions("Q4")) == 1


def test_the_environment_says_who_and_where(monkeypatch, tmp_path, small_plan):
    monkeypatch.setenv("SALESFORECAST_USER", "cy")
    monkeypatch.setenv("SALESFORECAST_STORE", str(tmp_path / "deep" / "plans.db"))
    assert who() == "cy"
    with Store() as store:
        assert store.save("Q4", small_plan, reason="x").author == "cy"
    assert (tmp_path / "deep" / "plans.db").exists()
    monkeypatch.delenv("SALESFORECAST_USER")
    assert who()


def test_a_password_never_stands_in_an_address_or_an_error(monkeypatch, tmp_path):
    secret = "postgresql://ann:hunter2@127.0.0.1:9/plans"
    with pytest.raises(ParameterError, match="carries a password") as given:
        Store(secret)
    monkeypatch.setenv("SALESFORECAST_STORE", secret)
    with pytest.raises(EngineError, match="cannot be reached") as found:
        Store()
    for error in (given, found):
        seen = str(error.value) + repr(error.value) + str(error.getrepr(chain=True, style="short"))
        assert "hunter2" not in seen.replace(secret, "")


@pytest.mark.parametrize("address", ["mysql://a/b", "sqlite://", "postgresql://a:b:c:d/e/f/"])
def test_what_is_no_store_is_refused(address):
    with pytest.raises((ParameterError, EngineError)):
        Store(address)


def test_a_file_that_is_no_store_is_left_alone(tmp_path):
    file = tmp_path / "notes.db"
    file.write_text("not a database at all, but notes of a meeting" * 50)
    before = file.read_bytes()
    with pytest.raises(EngineError, match="is no plan store"):
        Store(file)
    assert file.read_bytes() == before


def test_damage_is_noticed(tmp_path, small_plan):
    path = tmp_path / "plans.db"
    with Store(path, user="ann") as store:
        store.save("Q4", small_plan, reason="x")
        with sqlite3.connect(path) as raw:
            raw.execute("DROP TRIGGER part_no_update")
            raw.execute("UPDATE part SET body = x'00' WHERE name = 'targets'")
        with pytest.raises(EngineError, match=r"(?s)damaged.*targets"):
            store.load("Q4")


def test_an_older_store_is_brought_up_to_date(address, small_plan):
    with Store(address, user="ann") as store:
        store.save("Q4", small_plan, reason="first")
    later = schema.Step(
        2, "a note on a plan", ("CREATE TABLE note (id {id}, plan_id BIGINT, words TEXT)",)
    )
    steps = (*schema.STEPS, later)
    with Store(address, user="ann", steps=steps) as store:
        assert store.load("Q4").targets.equals(small_plan.targets)
        with store._engine.begin() as connection:
            connection.execute(text("INSERT INTO note (plan_id, words) VALUES (1, 'x')"))
    with pytest.raises(EngineError, match="schema 2; this version of the software knows 1"):
        Store(address)


def test_a_step_that_fails_leaves_the_old_schema(address, small_plan):
    with Store(address, user="ann") as store:
        store.save("Q4", small_plan, reason="first")
    broken = schema.Step(
        2, "broken", ("CREATE TABLE note (id {id})", "CREATE TABLE note (id {id})")
    )
    with pytest.raises(EngineError):
        Store(address, steps=(*schema.STEPS, broken))
    with Store(address) as store:
        assert store.version("Q4").number == 1


def _save_often(address, plan, worker, saves, told):
    with Store(address, user=f"worker {worker}") as store:
        head = store.version("Q4").number
        for turn in range(saves):
            reason = f"{worker}/{turn}"
            try:
                head = store.save("Q4", plan, reason=reason, opened=head).number
                told.put(reason)
            except ConflictError as conflict:
                assert conflict.kept.reason == reason
                told.put(reason)
                head = store.version("Q4").number


def test_four_processes_lose_and_double_nothing(address, small_plan):
    with Store(address, user="ann") as store:
        store.save("Q4", small_plan, reason="first")
        context = multiprocessing.get_context("spawn")
        told = context.Queue()
        workers = [
            context.Process(target=_save_often, args=(address, small_plan, n, 8, told))
            for n in range(4)
        ]
        for worker in workers:
            worker.start()
        acknowledged = sorted(told.get(timeout=120) for _ in range(32))
        for worker in workers:
            worker.join()
            assert worker.exitcode == 0
        versions = store.versions("Q4")
        assert sorted(v.reason for v in versions[1:]) == acknowledged
        assert [v.number for v in versions] == list(range(1, 34))
        line = [v for v in versions if not v.aside]
        assert [v.parent for v in line[1:]] == [v.number for v in line[:-1]]


def test_a_disk_that_is_full_loses_nothing(tmp_path, small_plan, changed):
    with Store(tmp_path / "plans.db", user="ann") as store:
        store.save("Q4", small_plan, reason="first")
        with store._engine.begin() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(EngineError, match=r"(?s)the disk is full.*make room"):
            store.save("Q4", changed(small_plan, 5), reason="second", opened=1)
        assert [v.number for v in store.versions("Q4")] == [1]
        assert store.load("Q4").targets.equals(small_plan.targets)


def test_a_server_that_goes_away_and_comes_back(server, small_plan, changed):
    address = server.database("going_away")
    with Store(address, user="ann") as store:
        store.save("Q4", small_plan, reason="first")
        server.stop()
        try:
            with pytest.raises(EngineError, match=r"cannot be reached|store failed"):
                store.save("Q4", changed(small_plan, 5), reason="second", opened=1)
        finally:
            server.start()
        assert store.save("Q4", changed(small_plan, 5), reason="again", opened=1).number == 2


def test_a_folder_that_may_only_be_read():
    assert planning_store.read_only_folder()  # in a child, as nobody where the tests run as root
