"""What an approver is asked: a remark to approve with, or the reason why a version goes back."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets

from salesforecast.widgets.saving import Shelf
from salesforecast.widgets.session import Session
from salesforecast.widgets.sheets import Sheet
from salesforecast.widgets.words import say

DECISIONS = ("approve", "send_back")


class DecideSheet(Sheet):
    """Approves the version in hand, or sends it back.

    Parameters
    ----------
    decision
        `approve` or `send_back`.
    """

    def __init__(self, session: Session, shelf: Shelf, decision: str) -> None:
        super().__init__(session, shelf)
        self.decision = decision
        self.title = ipywidgets.HTML()
        self.reason = ipywidgets.Text(layout={"width": "380px"})
        self.reason.add_class(f"sf-field-{decision}")
        self.act = ipywidgets.Button(layout={"width": "auto"})
        self.act.add_class("sf-first-button")
        self.children = [ipywidgets.HBox([self.title, self.reason, self.act, self.close_button])]
        self.act.on_click(lambda _: self._decide())
        self.reason.on_msg(self._on_key)
        shelf.observe(lambda _: self.show() if self.is_open else None, ["opened"])

    def show(self) -> None:
        super().show()
        language, version = self.session.language, self.shelf.opened
        if version is None or not self.shelf.awaits_me:
            self.close_sheet()
            return
        parts = {"number": version.number, "author": version.author}
        words = say(language, f"{self.decision}_title", **parts)
        self.title.value = f"<b>{escape(words)}</b>"
        self.reason.placeholder = say(language, f"{self.decision}_reason")
        self.act.description = say(language, f"{self.decision}_now")

    def _on_key(self, _: Any, said: dict[str, Any], __: Any) -> None:
        if said.get("event") == "submit":  # Enter, not a click elsewhere
            self._decide()

    def _decide(self) -> None:
        if self.shelf.decide(self.decision, self.reason.value):
            self.reason.value = ""
            self.close_sheet()
