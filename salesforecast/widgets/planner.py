"""The planner's screen: the editor, the grid, and the pictures of the chosen unit."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import ipywidgets

from salesforecast.widgets.charts import fairness_strip, history_chart, people, quarters
from salesforecast.widgets.scenario_editor import ScenarioEditor
from salesforecast.widgets.session import Session
from salesforecast.widgets.style import STYLE
from salesforecast.widgets.target_grid import TargetGrid
from salesforecast.widgets.words import say


class UnitView(ipywidgets.HBox):
    """The chosen unit's quarters, months on demand, and the fairness of the whole split."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._sales = quarters(session.inputs.history.frame, session.plan)
        self._opened = session.plan
        self.history, self.fairness, self.months = (ipywidgets.HTML() for _ in range(3))
        self.show_months = ipywidgets.ToggleButton(
            layout={"width": "auto", "align_self": "flex-start"}
        )
        left = ipywidgets.VBox([self.history, self.show_months, self.months])
        self.fairness.layout.margin = "0 0 0 24px"
        super().__init__([left, self.fairness], layout={"flex_flow": "row wrap"})
        self._show()
        self.show_months.observe(lambda _: self._show_months(), "value")
        session.observe(lambda _: self._show(), ["plan", "selection", "language"])

    def _show(self) -> None:
        session, wording = self.session, self.session.wording
        language, node = session.language, session.selection
        unit = session.plan.units.loc[node]
        label = escape(session.label(node))
        self.history.value = (
            f"<h3>{label}: {say(language, 'history_title')}"
            f"<span>{escape(say(language, 'by_quarter', unit=session.unit))}</span></h3>"
            + history_chart(self._sales.loc[node], unit, session.plan.periods[0], wording)
            + f'<div class="sf-note" style="width:420px">{escape(session.sentence(node))}</div>'
        )
        chances = people(session.plan)["chance"]
        spread = say(
            language,
            "spread",
            low=wording.chance(chances.min()),
            high=wording.chance(chances.max()),
        )
        self.fairness.value = (
            f"<h3>{say(language, 'fairness_title')}<span>{spread}</span></h3>"
            + fairness_strip(session.plan, self._opened, wording)
        )
        self.show_months.description = say(language, "show_months")
        self._show_months()

    def _show_months(self) -> None:
        self.months.value = months_html(self.session) if self.show_months.value else ""


def months_html(session: Session) -> str:
    """The chosen unit and its parts by month, as one HTML table."""
    plan, wording = session.plan, session.wording
    nodes = [session.selection, *plan.hierarchy.children(session.selection)]
    table = plan.months.loc[nodes]
    heads = "".join(f"<th>{wording.month(period)}</th>" for period in table.columns)
    total = say(session.language, "total")
    rows = "".join(
        f'<tr><td class="sf-left">{escape(session.label(str(node)))}</td>'
        + "".join(f"<td>{wording.amount(amount)}</td>" for amount in months)
        + f'<td class="sf-target">{wording.amount(months.sum())}</td></tr>'
        for node, months in table.iterrows()
    )
    return (
        f'<table class="sf-grid sf-months" style="width:420px"><thead><tr><th class="sf-left">'
        f"{escape(session.unit)}</th>{heads}<th>{total}</th></tr></thead><tbody>{rows}</tbody></table>"
    )


class Planner(ipywidgets.VBox):
    """Everything a planner touches: the editor left, the grid right, pictures and status below.

    Parameters
    ----------
    session
        What is shown and edited; it stays readable from the notebook's other cells.
    save_to
        Where Save writes the scenario; no button if None.
    """

    def __init__(self, session: Session, *, save_to: str | Path | None = None) -> None:
        self.session = session
        self.editor = ScenarioEditor(session, save_to=save_to)
        self.grid = TargetGrid(session)
        self.unit = UnitView(session)
        self.status = ipywidgets.HTML()
        self.repair = ipywidgets.Button(layout={"width": "auto"})
        self.repair.add_class("sf-repair")
        self.grid.layout.margin = "0 0 0 8px"
        upper = ipywidgets.HBox([self.editor, self.grid])
        super().__init__([ipywidgets.HTML(STYLE), upper, self.status, self.repair, self.unit])
        self.add_class("sf")
        self._show_status(None)
        self.repair.on_click(lambda _: session.accept_repair())
        session.observe(self._show_status, ["plan", "refusal", "language"])

    def _show_status(self, _: Any) -> None:
        session = self.session
        self.status.value = status_html(session)
        refusal = session.refusal
        offered = refusal is not None and refusal.instead is not None
        self.repair.layout.display = "" if offered else "none"
        if refusal is not None and offered:
            self.repair.description = say(session.language, "instead", changes=refusal.changes)


def status_html(session: Session) -> str:
    """One line on the plan, or why the last wish was not applied (announced as an alert)."""
    language = session.language
    if session.refusal is not None:
        words = escape(session.refusal.words(language))
        return f'<div class="sf-bad" role="alert">{words}</div>'
    count = len(session.scenario.rules)
    key = {0: "no_limits", 1: "one_limit"}.get(count, "limits_set")
    limits = say(language, key, count=count)
    chance = say(language, "in_100", count=session.wording.in_100(session.plan.chance_of_total))
    words = say(language, "status", limits=limits, chance=chance)
    return f'<div class="sf-status" role="status">{escape(words)}</div>'
