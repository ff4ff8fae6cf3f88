"""The tree of targets that planners edit: Tabulator in the browser, every figure from the session.

`TargetGrid(session)` is what a screen shows. Where the front end was not built (`js/`, see
`tools/grid.py`) it is the read-only `TargetTable` and says how to get the grid.

The browser sends `{event: ...}`: `ready`, `select` (`node`), `months` (`on`), `discard`, and edits
that carry an `edit_id` and are answered once, even if they are sent twice: `edit` (`cells` of
node, field and text; fields are target, floor, ceiling, lock), `repair` (`at`), `undo`, `redo`.
The kernel sends `all` (every row, once a view or a language), `patch` (what changed, by position),
`refusal`, `select` and `answer` (`edit_id`, `told`, `findings`).
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets

from salesforecast.widgets import editing, grid_rows
from salesforecast.widgets.editing import Cell
from salesforecast.widgets.grid_words import grid_say
from salesforecast.widgets.session import Session
from salesforecast.widgets.target_table import TargetTable, shown_units
from salesforecast.widgets.words import say

STATIC = Path(__file__).with_name("static")
BUNDLE, SHEET = STATIC / "target_grid.js", STATIC / "target_grid.css"

__all__ = ["LiveGrid", "TargetGrid", "built", "shown_units"]


def built() -> bool:
    """Whether the front end is there."""
    return BUNDLE.exists() and SHEET.exists()


class TargetGrid(ipywidgets.VBox):
    """The live grid, or the plain table and a line on how to get the grid."""

    def __init__(self, session: Session) -> None:
        self.live = LiveGrid(session) if built() else None
        if self.live is not None:
            parts: list[ipywidgets.Widget] = [self.live]
        else:
            note = escape(grid_say(session.language, "not_built"))
            parts = [ipywidgets.HTML(f'<div class="sf-note">{note}</div>'), TargetTable(session)]
        layout = {"flex": "1 1 auto", "min_width": "0", "min_height": "0"}
        if self.live is not None:
            layout |= {"overflow": "hidden"}
        super().__init__(parts, layout=layout)
        self.add_class("sf-target-grid")


class LiveGrid(anywidget.AnyWidget):
    """The grid in the browser; hears edits, hands them to `editing`, and sends what changed."""

    _esm = BUNDLE if BUNDLE.exists() else ""
    _css = SHEET if SHEET.exists() else ""
    kept_under = traitlets.Unicode().tag(sync=True)

    def __init__(self, session: Session) -> None:
        organisation = session.inputs.organisation
        super().__init__(
            kept_under=f"{organisation.name}-{session.inputs.quarter[0]:%Y-%m}",
            layout={"flex": "1 1 0", "min_height": "0", "width": "100%"},
        )
        self.session = session
        self._months = ""
        self._answers: dict[str, dict[str, Any]] = {}
        self._rows: grid_rows.Rows | None = None
        self._chosen = ""
        self._decimals = 0
        self.on_msg(self._hear)
        session.observe(self._on_plan, ["plan", "language", "divisor"])
        session.observe(self._on_refusal, ["refusal"])
        session.observe(self._on_selection, ["selection"])

    # what the browser says

    def _hear(self, _: object, message: dict[str, Any], __: object) -> None:
        event = str(message.get("event", ""))
        if event == "ready":
            self._send_all()
        elif event == "months":
            self._months = "shown" if message.get("on") else ""
            self._send_all()
        elif event == "select" and message.get("node") in self.session.plan.units.index:
            self._chosen = str(message["node"])
            self.session.selection = self._chosen
            self._chosen = ""
        elif event == "discard":
            self.session.refusal = None
        elif event in ("edit", "repair", "undo", "redo"):
            self._answer(event, message)

    def _answer(self, event: str, message: dict[str, Any]) -> None:
        """Act once on an edit; the same one sent again is answered as it was."""
        id = str(message.get("edit_id", ""))
        if id not in self._answers:
            answer = getattr(self, f"_{event}")(message)
            self._answers[id] = {"event": "answer", "edit_id": id, **answer}
        self.send(self._answers[id])

    def _edit(self, message: dict[str, Any]) -> dict[str, Any]:
        cells = [Cell(node, field, str(text)) for node, field, text in message["cells"]]
        outcome = editing.edit(
            self.session, cells, good_only="good" if message.get("good_only") else ""
        )
        findings = [{"kind": found.kind, "words": found.words} for found in outcome.findings]
        language, good = self.session.language, len(outcome.good)
        again = [[cell.node, cell.field, cell.text] for cell in outcome.good]
        return {
            "told": outcome.told,
            "findings": findings,
            "head": editing.headline(self.session, outcome) if findings else "",
            "again": again or None,
            "apply": grid_say(language, "apply", count=good),
            "close": grid_say(language, "apply_none" if again else "close"),
        }

    def _repair(self, message: dict[str, Any]) -> dict[str, Any]:
        refusal, at = self.session.refusal, int(message.get("at", 0))
        taken = refusal is not None and self.session.accept_repair(at)
        if not taken or refusal is None:
            return {"told": ""}
        return {"told": grid_say(self.session.language, "instead", way=refusal.ways[at].words)}

    def _undo(self, _: dict[str, Any]) -> dict[str, Any]:
        done = self.session.undo()
        return {"told": grid_say(self.session.language, "undone" if done else "nothing")}

    def _redo(self, _: dict[str, Any]) -> dict[str, Any]:
        done = self.session.redo()
        return {"told": grid_say(self.session.language, "redone" if done else "nothing_ahead")}

    # what the browser is told

    def _send_all(self) -> None:
        rows = grid_rows.rows_of(self.session, months=self._months)
        self._rows = rows
        session = self.session
        self._decimals = session.wording.decimals
        self.send(
            {
                "event": "all",
                "page": grid_rows.page_of(session, rows, months=self._months),
                "rows": rows.columns(),
                "selected": session.selection,
                "refusal": refusal_words(session),
            }
        )

    def _on_plan(self, change: Any) -> None:
        if self._rows is None:
            return  # nobody looks yet
        if change["name"] != "plan":
            self._send_all()
            return
        rows = grid_rows.rows_of(self.session, months=self._months, like=self._rows)
        same = rows.fixed is self._rows.fixed or rows.fixed == self._rows.fixed
        shown = self.session.wording.decimals == self._decimals
        if not (same and shown) or grid_rows.has_capacity(rows) != grid_rows.has_capacity(
            self._rows
        ):
            self._send_all()
            return
        patch = rows.patch(self._rows)
        self._rows = rows
        if patch is not None:
            self.send({"event": "patch", **patch})

    def _on_refusal(self, change: Any) -> None:
        words = refusal_words(self.session)
        self.send({"event": "refusal", "refusal": words})

    def _on_selection(self, change: Any) -> None:
        if change["new"] != self._chosen:  # told back, a cursor that went on meanwhile would jump
            self.send({"event": "select", "node": change["new"]})


def refusal_words(session: Session) -> dict[str, Any] | None:
    """A refusal that belongs to a cell, as the block under its row says it."""
    refusal, language = session.refusal, session.language
    if refusal is None or not refusal.typed.node:
        return None
    return {
        "node": refusal.typed.node,
        "field": refusal.typed.field,
        "text": refusal.typed.text,
        "head": say(language, "not_applied", asked=refusal.asked),
        "why": refusal.why,
        "stayed": say(language, "stayed"),
        "ways": [way.words for way in refusal.ways],
        "effects": [session.effect_of(way) for way in refusal.ways],
    }
