"""Approving on the screen: who may, what is seen of it, and what others did in between."""

import json

import pytest

from salesforecast.planners import APPROVERS, CLAIMS, KERNEL, Links, may_approve
from salesforecast.planning.store import Store
from salesforecast.widgets.head import state_words
from salesforecast.widgets.planner import Planner
from salesforecast.widgets.saving import Shelf
from salesforecast.widgets.session import Session


@pytest.fixture
def come(adventureworks, tmp_path, monkeypatch):
    """Somebody's page in the app; the environment is that of a served kernel."""
    monkeypatch.setenv(CLAIMS, str(tmp_path))
    monkeypatch.setenv(KERNEL, "kernel")
    monkeypatch.delenv(APPROVERS, raising=False)

    def open_as(name):
        shelf = Shelf(Session(adventureworks), address=tmp_path / "plans.db", acts_as=lambda: name)
        return Planner(shelf.session, shelf)

    return open_as


@pytest.fixture
def handed_in(come):
    """Ann saved and submitted version 1."""
    ann = come("Ann")
    ann.session.set_total(ann.session.total + 100_000)
    assert ann.shelf.save("agreed on Monday") and ann.shelf.submit()
    return ann


def _visible(planner, name):
    return planner.head.buttons[name].layout.display != "none"


def _state(planner):
    return state_words(planner.session, planner.shelf)


def test_who_handed_it_in_sees_that_and_cannot_decide(handed_in):
    assert not _visible(handed_in, "approve") and not _visible(handed_in, "send_back")
    assert "submitted by Ann" in _state(handed_in)
    assert handed_in.head.buttons["submit"].description == "Withdraw"
    assert not handed_in.shelf.decide("approve") and handed_in.shelf.told[0] == "refused"


def test_another_approves_and_the_planner_is_told(handed_in, come):
    bo = come("Bo")
    assert _visible(bo, "approve") and not _visible(bo, "submit")
    bo.head.buttons["approve"].click()
    sheet = bo.decide_sheets["approve"]
    assert sheet.is_open and "v1 of Ann" in sheet.title.value
    sheet.reason.value = "signed by the board"
    sheet.act.click()
    assert not sheet.is_open and bo.shelf.opened.status == "approved"
    assert "approved by Bo" in _state(bo) and not _visible(bo, "approve")
    handed_in._on_alive()
    kind, told = handed_in.shelf.told
    assert kind == "saved" and "Bo" in told and "signed by the board" in told
    assert not handed_in.shelf.can_submit


def test_a_kernel_that_was_ready_before_he_came_shows_him_what_awaits_him(
    handed_in, adventureworks
):
    here = []  # who sits here: nobody, at first
    session = Session(adventureworks)
    shelf = Shelf(session, address=handed_in.shelf.address, acts_as=lambda: "".join(here))
    screen = Planner(session, shelf)
    assert shelf.opened.number == 1 and not _visible(screen, "approve")
    here.append("Bo")
    screen._on_opened({})
    assert _visible(screen, "approve")


def test_what_goes_back_needs_a_reason_and_the_planner_reads_it(handed_in, come):
    bo = come("Bo")
    bo.head.buttons["send_back"].click()
    sheet = bo.decide_sheets["send_back"]
    sheet.act.click()
    assert sheet.is_open and bo.shelf.told[0] == "refused" and bo.shelf.opened.status == "proposed"
    sheet.reason.value = "Germany is too high"
    sheet.act.click()
    assert bo.shelf.opened.status == "draft"
    handed_in._on_alive()
    assert handed_in.shelf.told[0] == "refused" and "Germany is too high" in handed_in.shelf.told[1]
    assert "sent back by Bo" in _state(handed_in) and "Germany is too high" in _state(handed_in)
    handed_in.session.language = "zh"
    assert "退回" in _state(handed_in)
    assert handed_in.shelf.submit(), "it can be handed in again"
    assert "submitted" not in _state(handed_in) and "提交" in _state(handed_in)


def test_of_two_who_decide_at_once_the_first_counts_and_the_second_is_told(handed_in, come):
    bo, cy = come("Bo"), come("Cy")
    assert bo.shelf.decide("approve")
    assert not cy.shelf.decide("send_back", "too high")
    assert "approved meanwhile" in cy.shelf.told[1]
    with Store(cy.shelf.address) as store:
        assert store.version(cy.shelf.name, 1).status == "approved"
        assert list(store.acts(cy.shelf.name)["status"]) == ["draft", "proposed", "approved"]


def test_a_version_that_was_taken_back_is_not_approved(handed_in, come):
    bo = come("Bo")
    assert handed_in.shelf.submit(), "Ann takes it back"
    assert not bo.shelf.decide("approve")
    assert "draft meanwhile" in bo.shelf.told[1] and not _visible(bo, "approve")


def test_what_is_decided_is_the_saved_version(handed_in, come):
    bo = come("Bo")
    bo.session.set_total(bo.session.total + 1_000)
    assert bo.head.buttons["approve"].disabled and bo.head.buttons["approve"].tooltip
    assert not bo.shelf.decide("approve")
    bo.session.undo()
    assert bo.shelf.decide("approve")


def test_a_newer_version_is_told_beside_the_one_that_awaits(handed_in, come):
    cy, bo = come("Cy"), come("Bo")
    cy.session.set_total(cy.session.total + 5_000)
    assert cy.shelf.save("a little more")
    bo._on_alive()
    assert bo.shelf.newer.number == 2 and bo.conflict.layout.display == ""
    assert bo.shelf.decide("approve"), "the version in hand is decided, the newer one stays"
    with Store(bo.shelf.address) as store:
        assert [version.status for version in store.versions(bo.shelf.name)] == [
            "approved",
            "draft",
        ]


def test_named_approvers_decide_and_nobody_else(handed_in, come, monkeypatch):
    monkeypatch.setenv(APPROVERS, json.dumps(["Dee"]))
    bo, dee = come("Bo"), come("Dee")
    assert not bo.shelf.decide("approve") and not _visible(bo, "approve")
    assert dee.shelf.decide("approve")


def test_in_a_notebook_of_ones_own_everybody_decides(monkeypatch):
    monkeypatch.delenv(CLAIMS, raising=False)
    monkeypatch.delenv(APPROVERS, raising=False)
    assert may_approve("Ann", "Ann") and not may_approve("", "Ann")


def test_links_remember_who_approves(tmp_path):
    path = tmp_path / "links.toml"
    Links(path).invite("Ann").invite("Bo", role="approver").write()
    links = Links.read(path)
    assert set(links.tokens) == {"Ann", "Bo"} and links.approvers == {"Bo"}
    assert links.invite("Bo").tokens == links.tokens, "who has a link keeps it"
    again = links.invite("Ann", role="approver")
    assert again.approvers == {"Ann", "Bo"} and again.tokens == links.tokens
    path.write_text('"Ann" = "x"\n[may_approve]\n"Gone" = true\n', "utf-8")
    assert Links.read(path).approvers == frozenset()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_unsaved_work_is_offered_on_the_screen(come, language):
    gone = come("Ann")
    gone._on_opened({})
    gone.session.set_total(gone.session.total + 100_000)
    back = come("Ann")
    back.session.language = language
    assert back.draft_bar.layout.display == "none", "nobody has come yet"
    back._on_opened({})
    assert back.draft_bar.layout.display == ""
    assert ("unsaved work" if language == "en" else "未保存") in back.draft_bar.words.value
    back.draft_bar.go_on.click()
    assert back.session.total == gone.session.total
    assert back.draft_bar.layout.display == "none"
