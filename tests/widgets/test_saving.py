"""A working copy and its store: nothing is lost, and who saved meanwhile is told."""

import pytest

from salesforecast.hierarchy import ROOT
from salesforecast.planning.scenario import Scenario
from salesforecast.planning.store import Store
from salesforecast.widgets.saving import Shelf
from salesforecast.widgets.session import Session


@pytest.fixture
def opened(adventureworks, tmp_path):
    def open_as(name):
        return Shelf(Session(adventureworks), address=tmp_path / "plans.db", acts_as=lambda: name)

    return open_as


def _move(shelf, by):
    session = shelf.session
    assert session.set_total(session.total + by)


def test_a_saved_version_carries_who_and_why_and_is_what_the_next_one_opens(opened):
    ann = opened("Ann")
    assert ann.opened is None and not ann.unsaved
    _move(ann, 100_000)
    assert ann.unsaved
    assert ann.save("agreed on Monday")
    assert (ann.opened.author, ann.opened.reason) == ("Ann", "agreed on Monday")
    assert not ann.unsaved and ann.told[0] == "saved"
    bo = opened("Bo")
    assert bo.opened.number == 1
    assert bo.session.total == ann.session.total
    assert not bo.session.can_undo and not bo.unsaved


def test_without_a_reason_or_a_name_nothing_is_saved(opened, tmp_path):
    ann, nobody = opened("Ann"), opened("")
    assert not ann.save("  ") and ann.told[0] == "refused"
    assert not nobody.save("because") and nobody.told[0] == "refused"
    assert not (tmp_path / "plans.db").exists()


def test_two_who_save_on_the_same_version_both_keep_their_figures(opened):
    ann, bo = opened("Ann"), opened("Bo")
    _move(ann, 100_000)
    _move(bo, 200_000)
    assert ann.save("mine")
    assert not bo.save("mine too")
    assert bo.newer.number == 1 and bo.unsaved
    mine = bo.session.total
    with Store(bo.address) as store:
        assert store.load(bo.name, 2).units.loc[ROOT, "target"] == mine
    assert bo.save("on top of Ann's", on_top=True)
    assert bo.opened.number == 3 and bo.newer is None and not bo.opened.aside
    ann.look()
    assert ann.newer.number == 3
    assert ann.take_newer() and ann.session.total == mine
    assert ann.opened.number == 3


def test_a_newer_version_is_noticed_before_saving(opened):
    ann, bo = opened("Ann"), opened("Bo")
    _move(ann, 100_000)
    ann.save("first")
    seen = []
    bo.observe(lambda change: seen.append(change["new"]), "newer")
    bo.look()
    assert [version.author for version in seen] == ["Ann"]
    assert bo.told_of(seen[0])["number"] == 1


def test_an_old_version_is_a_start_not_a_step_back(opened):
    ann = opened("Ann")
    first = ann.session.total
    ann.save("one")
    _move(ann, 100_000)
    ann.save("two")
    assert ann.start_from(1)
    assert ann.session.total == first
    assert ann.opened.number == 2 and ann.unsaved
    assert ann.save("back to one")
    assert ann.opened.parent == 2
    assert ann.compare(1).none


def test_only_what_is_saved_can_be_handed_in(opened):
    ann = opened("Ann")
    assert not ann.can_submit and not ann.submit()
    ann.save("one")
    _move(ann, 100_000)
    assert not ann.submit()
    ann.session.undo()
    assert ann.submit() and ann.opened.status == "proposed"
    assert ann.submit() and ann.opened.status == "draft"


def test_what_became_of_the_version_is_noticed(opened):
    ann = opened("Ann")
    ann.save("one")
    ann.submit()
    with Store(ann.address, user="The director") as store:
        store.approve(ann.name, 1)
    ann.look()
    assert ann.opened.status == "approved" and not ann.can_submit


def test_the_scenario_is_written_beside_if_asked(adventureworks, tmp_path):
    session = Session(adventureworks)
    target = tmp_path / "out" / "scenario.toml"
    shelf = Shelf(session, address=tmp_path / "p.db", save_to=target, acts_as=lambda: "Ann")
    session.set_total(12_000_000)
    assert shelf.save("because")
    assert Scenario.read(target) == session.scenario


def test_a_store_that_cannot_be_opened_is_said_and_nothing_is_lost(adventureworks, tmp_path):
    session = Session(adventureworks)
    (tmp_path / "folder").write_text("in the way", "utf-8")
    shelf = Shelf(session, address=tmp_path / "folder" / "p.db", acts_as=lambda: "Ann")
    session.set_total(12_000_000)
    assert not shelf.save("because")
    assert shelf.told[0] == "refused" and session.total == 12_000_000
