"""The planner's screen: the question left, the grid, the consequences right; head and status."""

from __future__ import annotations

import atexit
import gc
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets

from salesforecast.errors import SalesforecastError
from salesforecast.hierarchy import ROOT
from salesforecast.planners import planner, served
from salesforecast.widgets.consequences import Consequences
from salesforecast.widgets.decide_sheet import DECISIONS, DecideSheet
from salesforecast.widgets.draft_bar import DraftBar
from salesforecast.widgets.drafts import Drafts, folder_beside
from salesforecast.widgets.head import Head
from salesforecast.widgets.layout import LAYOUT
from salesforecast.widgets.page import Page
from salesforecast.widgets.repairs import Way
from salesforecast.widgets.saving import Shelf
from salesforecast.widgets.scenario_editor import ScenarioEditor
from salesforecast.widgets.session import Session
from salesforecast.widgets.sheets import CompareSheet, ConflictBar, LoadSheet, SaveSheet, Sheet
from salesforecast.widgets.style import STYLE
from salesforecast.widgets.target_grid import TargetGrid
from salesforecast.widgets.units import divisors
from salesforecast.widgets.words import say


class Planner(ipywidgets.VBox):
    """Everything a planner touches.

    Parameters
    ----------
    session
        What is shown and edited; it stays readable from the notebook's other cells.
    shelf
        Where it is saved; by default the usual store, under the organisation and the period.
    save_to
        Where each saved scenario is written too, as TOML; nowhere if empty.
    """

    def __init__(
        self, session: Session, shelf: Shelf | None = None, *, save_to: str | Path = ""
    ) -> None:
        self.session = session
        self.shelf = shelf or Shelf(session)
        if save_to:
            self.shelf.save_to = save_to
        self.page = Page()
        self.grid = TargetGrid(session)  # who is made first hears first of a new plan
        self.consequences = Consequences(session, self.shelf)
        self.editor = ScenarioEditor(session, self.shelf)
        self.head = Head(session, self.shelf)
        self.status, self.refusal = ipywidgets.HTML(), ipywidgets.HTML()
        self.ways = ipywidgets.HBox()
        self.ways.add_class("sf-ways")
        self.conflict = ConflictBar(session, self.shelf)
        self.save_sheet = SaveSheet(session, self.shelf)
        self.compare_sheet = CompareSheet(session, self.shelf)
        self.load_sheet = LoadSheet(session, self.shelf, self.page)
        self.decide_sheets = {name: DecideSheet(session, self.shelf, name) for name in DECISIONS}
        self.sheets: list[Sheet] = [
            self.save_sheet,
            self.compare_sheet,
            self.load_sheet,
            *self.decide_sheets.values(),
        ]
        self.drafts = Drafts(self.shelf, folder_beside(self.shelf.address))
        self.draft_bar = DraftBar(self.drafts)
        self.message = ipywidgets.HTML()
        super().__init__(self._parts())
        for name in ("sf", "sf-screen"):
            self.add_class(name)
        if served():  # made before anybody came: figures may be older than the store's
            self.add_class("sf-busy")
        self._show()
        self._listen()

    def _parts(self) -> list[ipywidgets.Widget]:
        self.refusal_box = ipywidgets.VBox([self.refusal, self.ways])
        middle = ipywidgets.VBox([self.grid, self.refusal_box, self.status])
        middle.add_class("sf-middle")
        body = ipywidgets.HBox([self.editor, middle, self.consequences])
        body.add_class("sf-body")
        under = ipywidgets.VBox([self.draft_bar, self.conflict, self.message, *self.sheets])
        under.add_class("sf-under")
        return [ipywidgets.HTML(STYLE + LAYOUT), self.page, self.head, under, body]

    def _listen(self) -> None:
        session, shelf, buttons = self.session, self.shelf, self.head.buttons
        buttons["save"].on_click(lambda _: self._open(self.save_sheet))
        buttons["compare"].on_click(lambda _: self._open(self.compare_sheet))
        buttons["load"].on_click(lambda _: self._open(self.load_sheet))
        buttons["submit"].on_click(lambda _: shelf.submit())
        for name, sheet in self.decide_sheets.items():
            buttons[name].on_click(lambda _, sheet=sheet: self._open(sheet))
        buttons["download"].on_click(lambda _: self._download())
        self.conflict.compare.on_click(lambda _: self._compare_newer())
        self.conflict.mine.on_click(lambda _: self._save_mine())
        self.page.on_event("opened", self._on_opened)
        self.page.on_event("alive", lambda _: self._on_alive())
        self.page.on_event("select", self._on_select)
        self.page.on_event("save", lambda _: self._open(self.save_sheet))
        session.observe(self._show, ["plan", "refusal", "language", "divisor"])
        session.observe(self._on_going_on, ["plan", "language"])
        shelf.observe(self._show, ["opened", "newer", "told"])

    def _on_going_on(self, _: Any) -> None:
        """What was said of the last act is over when the planner goes on."""
        self.shelf.told = ("", "")

    def _open(self, chosen: Sheet) -> None:
        """Open one sheet and close the others; a second press closes it."""
        was = chosen.is_open
        for sheet in self.sheets:
            sheet.close_sheet()
        self.shelf.told = ("", "")
        if not was:
            chosen.open_sheet()

    def _save_mine(self) -> None:
        self.save_sheet.on_top = True
        self.save_sheet.close_sheet()
        self._open(self.save_sheet)

    def _compare_newer(self) -> None:
        self.compare_sheet.close_sheet()
        self._open(self.compare_sheet)
        if self.shelf.newer is not None:
            self.compare_sheet.choose.value = self.shelf.newer.number

    def _on_opened(self, message: dict[str, Any]) -> None:
        """A page shows the screen: now it is known who sits here, and what was saved meanwhile."""
        self.session.owner = planner()
        if served() and str(message.get("language", "")).lower().startswith("zh"):
            self.session.language = "zh"
        self._keep(message.get("kept"))
        self._look()
        self.shelf.refresh()
        self.drafts.open()
        self.head.show()  # who decides is known only now
        self.remove_class("sf-busy")
        gc.freeze()  # what is loaded stays; searching it for garbage would halt some edit for long
        atexit.register(gc.unfreeze)  # libraries look for what was left behind, and say so
        self.page.answer()

    def _keep(self, kept: object) -> None:
        """What this browser was last set to on this plan's page."""
        divisor = kept.get("divisor") if isinstance(kept, dict) else None
        if divisor in divisors(self.session.measure, self.session.language):
            self.session.divisor = int(divisor)

    def _on_alive(self) -> None:
        self.page.answer()
        self._look()

    def _look(self) -> None:
        try:
            self.shelf.look()
        except SalesforecastError as error:  # the store is away: said, and tried again
            self.shelf.told = ("refused", f"{error.what} {error.fix}")

    def _on_select(self, message: dict[str, Any]) -> None:
        if message.get("node") in self.session.plan.units.index:
            self.session.selection = str(message["node"])

    def _download(self) -> None:
        from salesforecast.exchange.planner_book import planner_workbook

        session = self.session
        content = planner_workbook(
            session.plan,
            session.inputs.organisation.measure,
            language=session.language,
            name=self.shelf.name,
        )
        self.page.hand_over(f"{self.shelf.name}.xlsx", content)

    def _show_refusal(self) -> None:
        """A refused wish and its ways out; one typed into the grid is told there."""
        refusal = self.session.refusal
        told_there = refusal is not None and refusal.typed.node and self.grid.live is not None
        self.refusal_box.layout.display = "none" if refusal is None or told_there else ""
        if refusal is None:
            return
        words = escape(refusal.words(self.session.language))
        self.refusal.value = f'<div class="sf-bad" role="alert">{words}</div>'
        self.ways.children = tuple(self._way(at, way) for at, way in enumerate(refusal.ways))

    def _way(self, at: int, way: Way) -> ipywidgets.Button:
        effect = self.session.effect_of(way)
        button = ipywidgets.Button(description=way.words, tooltip=effect, layout={"width": "auto"})
        button.on_click(lambda _: self.session.accept_repair(at))
        if at == 0:
            button.add_class("sf-repair")
        return button

    def _show(self, _: Any = None) -> None:
        session, language = self.session, self.session.language
        self.status.value = status_html(session)
        self._show_refusal()
        kind, told = self.shelf.told
        self.message.layout.display = "" if told else "none"
        role = "alert" if kind == "refused" else "status"
        name = "sf-bad" if kind == "refused" else "sf-good"
        self.message.value = f'<div class="{name}" role="{role}">{escape(told)}</div>'
        page = self.page
        page.unsaved = self.shelf.unsaved
        page.kept = {"divisor": session.divisor}
        page.title = f"{self.shelf.name} – salesforecast"
        page.away = say(language, "away")
        page.tour = [say(language, f"tour_{number}") for number in (1, 2, 3, 4)]
        page.tour_end = say(language, "tour_end")
        page.names = names_of_inputs(language)


def names_of_inputs(language: str) -> dict[str, str]:
    """What screen readers say of the controls whose words stand beside them: selector to words."""
    said = {
        ".sf-field-start select": "start_from",
        ".sf-field-total input": "company_total",
        ".sf-field-unit select": "counted_in",
        ".sf-field-slider .noUi-handle": "company_total",
        ".sf-field-chance input": "or_chance",
        ".sf-field-criterion select": "fair_means",
        ".sf-field-blend .noUi-handle": "blend_with",
        ".sf-field-low input": "least_growth",
        ".sf-field-high input": "most_growth",
        ".sf-field-step input": "round_to",
        ".sf-field-capacity input": "capacity",
        ".sf-field-people-each input": "people_most",
        ".sf-field-people-count input": "people_count",
        ".sf-field-people-start select": "people_start",
        ".sf-field-people-ramp input": "people_months",
        ".sf-field-reason input": "why_saved",
        ".sf-field-approve input": "approve_now",
        ".sf-field-send_back input": "send_back_now",
        ".sf-field-version select": "compare",
        ".sf-panel": "question_title",
        ".sf-right": "consequences_title",
    }
    return {selector: say(language, key) for selector, key in said.items()}


def status_html(session: Session) -> str:
    """One line on the plan on the screen."""
    language, wording = session.language, session.wording
    count = len(session.scenario.rules)
    key = {0: "no_limits", 1: "one_limit"}.get(count, "limits_set")
    limits = say(language, key, count=count)
    chance = say(language, "in_100", count=wording.in_100(session.plan.chance_of_total))
    words = say(language, "status", limits=limits, chance=chance)
    refused = (
        f'<span class="sf-count">{say(language, "one_refused")}</span> ' if session.refusal else ""
    )
    as_of = say(language, "as_of", day=f"{session.inputs.history.cutoff:%Y-%m}")
    total = f"{wording.amount(session.plan.units.loc[ROOT, 'target'])} {session.unit}"
    return (
        f'<div class="sf-status" role="status" data-busy="{say(language, "busy")}">{refused}<b>{escape(total)}</b> {escape(words)} '
        f"<span>{escape(as_of)}</span></div>"
    )
