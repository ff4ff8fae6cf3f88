"""Says that there is unsaved work of another time, and lets the planner choose."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets

from salesforecast.widgets.drafts import Drafts
from salesforecast.widgets.saving import when_words
from salesforecast.widgets.words import say


class DraftBar(ipywidgets.HBox):
    """Unsaved work that can be gone on with or discarded; not on the screen where there is none."""

    def __init__(self, drafts: Drafts) -> None:
        self.drafts, self.session = drafts, drafts.shelf.session
        self.words = ipywidgets.HTML()
        self.go_on, self.discard = (ipywidgets.Button(layout={"width": "auto"}) for _ in range(2))
        super().__init__([self.words, self.go_on, self.discard])
        self.add_class("sf-conflict")
        self.add_class("sf-draft")
        self._show()
        self.go_on.on_click(lambda _: drafts.take_up())
        self.discard.on_click(lambda _: drafts.discard())
        drafts.observe(self._show, ["offered"])
        self.session.observe(self._show, ["language"])

    def _show(self, _: Any = None) -> None:
        language, draft = self.session.language, self.drafts.offered
        self.layout.display = "none" if draft is None else ""
        if draft is None:
            return
        key = "draft_left_on" if draft.opened else "draft_left"
        told = say(language, key, when=when_words(draft.at), number=draft.opened)
        self.words.value = f'<div role="alert">{escape(told)}</div>'
        self.go_on.description = say(language, "draft_go_on")
        self.discard.description = say(language, "draft_discard")
