"""Unsaved work outlives its page: kept whole beside the store, offered once, never in place of a version."""

import pytest

from salesforecast.planning.store import Store
from salesforecast.widgets.drafts import Draft, Drafts, folder_beside
from salesforecast.widgets.saving import Shelf
from salesforecast.widgets.saving_words import SAVING
from salesforecast.widgets.session import Session
from salesforecast.widgets.words import WORDS


@pytest.fixture
def come(adventureworks, tmp_path):
    """Somebody opens the page in a kernel of its own."""

    def open_as(name):
        shelf = Shelf(Session(adventureworks), address=tmp_path / "plans.db", acts_as=lambda: name)
        drafts = Drafts(shelf, folder_beside(str(tmp_path / "plans.db")))
        drafts.open()
        return drafts

    return open_as


def _move(drafts, by=100_000):
    session = drafts.shelf.session
    assert session.set_total(session.total + by)
    return session.total


def _files(tmp_path):
    return sorted((tmp_path / "drafts").glob("*"))


def test_work_of_a_page_that_went_is_offered_and_taken_up(come, tmp_path):
    gone = come("Ann")
    assert gone.offered is None
    total = _move(gone)
    (path,) = _files(tmp_path)
    assert path.stat().st_mode & 0o077 == 0, "nobody else reads it"
    back = come("Ann")
    assert back.offered.scenario.total == total and back.offered.opened == 0
    assert back.shelf.session.total != total, "nothing is taken up without being asked"
    assert back.take_up()
    assert back.shelf.session.total == total and back.shelf.unsaved and back.offered is None
    assert len(_files(tmp_path)) == 1
    assert back.shelf.session.undo(), "what stood there before is one undo away"


def test_discarded_work_is_gone_and_was_never_a_version(come, tmp_path):
    _move(come("Ann"))
    back = come("Ann")
    back.discard()
    assert back.offered is None and not _files(tmp_path)
    assert come("Ann").offered is None and not (tmp_path / "plans.db").exists()


def test_what_is_saved_or_undone_leaves_no_draft(come, tmp_path):
    ann = come("Ann")
    _move(ann)
    assert ann.shelf.save("agreed")
    assert not _files(tmp_path)
    _move(ann)
    assert _files(tmp_path)
    ann.shelf.session.undo()
    assert not _files(tmp_path)


def test_nobody_is_offered_the_work_of_others_or_of_another_plan(come, adventureworks, tmp_path):
    _move(come("Ann"))
    assert come("Bo").offered is None
    other = Shelf(Session(adventureworks), "Other", address=tmp_path / "plans.db", acts_as=lambda: "Ann")  # fmt: skip
    drafts = Drafts(other, tmp_path / "drafts")
    drafts.open()
    assert drafts.offered is None


def test_two_pages_of_one_planner_do_not_take_each_others_file(come, tmp_path):
    one, two = come("Ann"), come("Ann")
    _move(one)
    _move(two, 200_000)
    assert len(_files(tmp_path)) == 2
    third = come("Ann")
    third.discard()
    assert third.offered is not None, "the other one is offered next"
    third.discard()
    assert third.offered is None


def test_work_on_a_version_that_was_overtaken_meets_the_conflict(come):
    first = come("Ann")
    _move(first)
    first.shelf.save("one")
    mine = _move(first)
    bo = come("Bo")
    theirs = _move(bo, 300_000)
    bo.shelf.save("two")
    back = come("Ann")
    assert back.shelf.opened.number == 2 and back.offered.opened == 1
    assert back.take_up()
    assert back.shelf.session.total == mine
    assert back.shelf.opened.number == 1 and back.shelf.newer.number == 2
    assert not back.shelf.save("mine"), "kept aside, not over Bo's"
    with Store(back.shelf.address) as store:
        assert store.version(back.shelf.name).number == 2
        assert store.load(back.shelf.name, 2).scenario.total == theirs
        assert store.version(back.shelf.name, 3).aside


def test_a_page_that_nobody_opened_keeps_nothing(adventureworks, tmp_path):
    shelf = Shelf(Session(adventureworks), address=tmp_path / "plans.db", acts_as=lambda: "")
    drafts = Drafts(shelf, tmp_path / "drafts")
    drafts.open()
    _move(drafts)
    assert not (tmp_path / "drafts").exists()


def test_a_broken_file_is_no_draft_and_a_full_disk_is_said(come, tmp_path):
    ann = come("Ann")
    _move(ann)
    (path,) = _files(tmp_path)
    assert Draft.read(path).who == "Ann"
    path.write_text(path.read_text("utf-8")[:-80], "utf-8")
    assert Draft.read(path) is None and come("Ann").offered is None
    ann.folder = path  # a file stands where the folder should be
    _move(ann)
    assert ann.shelf.told[0] == "refused" and ann.shelf.unsaved


def test_a_quick_hand_is_written_once_when_it_rests(adventureworks, tmp_path):
    due = []
    shelf = Shelf(Session(adventureworks), address=tmp_path / "plans.db", acts_as=lambda: "Ann")
    drafts = Drafts(shelf, tmp_path / "drafts", later=lambda wait, act: due.append((wait, act)))
    drafts.open()
    for _ in range(3):
        total = _move(drafts)
    assert len(due) == 3 and all(0 < wait <= 1 for wait, _ in due)
    for _, act in due[:2]:
        act()
    assert not _files(tmp_path), "only the last edit's turn writes"
    due[2][1]()
    (path,) = _files(tmp_path)
    assert Draft.read(path).scenario.total == total


def test_every_word_of_saving_is_there_in_both_languages():
    assert SAVING["en"].keys() == SAVING["zh"].keys()
    assert not SAVING["en"].keys() & WORDS["en"].keys(), "a word has one place"
