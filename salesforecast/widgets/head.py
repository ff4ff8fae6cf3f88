"""The head of the screen: which plan, what is saved, and the buttons that act on all of it."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets

from salesforecast.planning.versions import APPROVED, PROPOSED
from salesforecast.widgets.saving import Shelf, when_words
from salesforecast.widgets.session import Session
from salesforecast.widgets.words import LANGUAGES, say

BUTTONS = ("undo", "redo", "compare", "download", "load", "submit", "approve", "send_back", "save")

_DECIDED = {PROPOSED: "state_submitted", APPROVED: "state_approved"}


class Head(ipywidgets.HBox):
    """Name, version and status of the plan; `buttons` by their names, `language`."""

    def __init__(self, session: Session, shelf: Shelf) -> None:
        self.session, self.shelf = session, shelf
        self.name, self.told = ipywidgets.HTML(), ipywidgets.HTML()
        self.buttons = {name: ipywidgets.Button(layout={"width": "auto"}) for name in BUTTONS}
        self.buttons["save"].add_class("sf-first-button")
        self.language = ipywidgets.ToggleButtons(
            options=list(LANGUAGES.items()), value=session.language
        )
        self.language.style.button_width = "auto"
        self.told.add_class("sf-told")
        super().__init__([self.name, self.told, *self.buttons.values(), self.language])
        self.add_class("sf-bar")
        self.show()
        self.buttons["undo"].on_click(lambda _: session.undo())
        self.buttons["redo"].on_click(lambda _: session.redo())
        self.language.observe(self._on_language, "value")
        session.observe(self.show, ["plan", "language"])
        shelf.observe(self.show, ["opened", "before", "act", "told"])

    def _on_language(self, change: Any) -> None:
        self.session.language = change["new"]

    def show(self, _: Any = None) -> None:
        """Set every part to what session and shelf hold, and to who sits here."""
        session, shelf, language = self.session, self.shelf, self.session.language
        self.name.value = f"<b>salesforecast</b> <span>{escape(shelf.name)}</span>"
        self.told.value = f'<span role="status">{escape(state_words(session, shelf))}</span>'
        for name, button in self.buttons.items():
            button.description = say(language, name)
        handed_in = shelf.opened is not None and shelf.opened.status == PROPOSED
        self.buttons["submit"].description = say(language, "withdraw" if handed_in else "submit")
        self.buttons["undo"].disabled = not session.can_undo
        self.buttons["redo"].disabled = not session.can_redo
        self.buttons["compare"].disabled = shelf.opened is None
        self.buttons["submit"].disabled = not shelf.can_submit or shelf.unsaved
        self.buttons["submit"].tooltip = say(language, "save_first") if shelf.unsaved else ""
        self._show_decision()
        self.language.value = language

    def _show_decision(self) -> None:
        """Who may decide sees how; the others see that it was handed in."""
        shelf, buttons, language = self.shelf, self.buttons, self.session.language
        mine = shelf.awaits_me
        for name in ("approve", "send_back"):
            buttons[name].layout.display = "" if mine else "none"
            buttons[name].disabled = not shelf.can_decide
            buttons[name].tooltip = say(language, "decide_saved_only") if shelf.unsaved else ""
        buttons["submit"].layout.display = "none" if mine and not shelf.can_submit else ""


def state_words(session: Session, shelf: Shelf) -> str:
    """What the working copy rests on, and whether it is saved: `Working copy of v7, not saved`."""
    language = session.language
    if shelf.opened is None:
        return say(language, "not_saved_yet")
    if shelf.unsaved:
        return say(language, "copy_changed", **shelf.told_of(shelf.opened))
    act = shelf.act
    key = (
        "" if act is None else "state_sent_back" if act.sent_back else _DECIDED.get(act.status, "")
    )
    if act is not None and key:
        parts = {"who": act.who, "when": when_words(act.at), "reason": act.reason}
        return say(language, key, number=shelf.opened.number, **parts)
    status = say(language, f"status_{shelf.opened.status}")
    return say(language, "copy_saved", status=status, **shelf.told_of(shelf.opened))
