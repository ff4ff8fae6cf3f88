"""The right side: the selected unit, why its number, how fair, the total, who moved, what binds."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from salesforecast.allocation import explain
from salesforecast.hierarchy import ROOT
from salesforecast.planning.plan import Plan
from salesforecast.reporting.wording import Wording
from salesforecast.widgets import charts
from salesforecast.widgets.board import Board
from salesforecast.widgets.outlook import Outlook
from salesforecast.widgets.saving import Shelf
from salesforecast.widgets.session import Session
from salesforecast.widgets.words import say

ROWS = 4  # of who moved and of what binds; the rest is counted


class Consequences(Board):
    """What the plan on the screen means; follows the session and the shelf, changes neither.

    Parts: `head`, `history`, `why`, `fairness`, `total`, `moved`, `binds`.
    """

    def __init__(self, session: Session, shelf: Shelf) -> None:
        super().__init__()
        self.session, self.shelf = session, shelf
        self.outlook = Outlook(session.inputs)
        self.add_class("sf-right")
        self._show()
        session.observe(self._show, ["plan", "selection", "language", "divisor"])
        shelf.observe(self._show, ["before"])

    def _show(self, change: Any = None) -> None:
        parts = self._unit()
        if change is None or change["name"] != "selection":
            parts |= self._company()
        self.parts = self.parts | parts

    def _unit(self) -> dict[str, str]:
        """What is said of the selected unit."""
        session, wording = self.session, self.session.wording
        language, node = session.language, session.selection
        target = wording.amount(session.plan.units.at[node, "target"])
        head = (
            f'<div class="sf-chosen"><b>{escape(session.label(node))}</b>'
            f"<span>{say(language, 'target').lower()} <b>{target}</b></span></div>"
        )
        view = self.outlook.of(node, session.plan)
        grain = "by_month" if self.outlook.points == 1 else "by_quarter"
        if session.inputs.span == "Y":
            grain = "by_year"
        history = _titled(
            say(language, "history_title"),
            say(language, grain, unit=session.unit),
            charts.history_chart(view, wording),
        )
        parts = explain.labels(session.plan.explanation, node, language=language)
        why = _titled(
            say(language, "why_title"), say(language, "adds_up"), charts.waterfall(parts, wording)
        )
        said = f'<div class="sf-said">{escape(session.sentence(node))}</div>'
        return {"head": head, "history": history, "why": why + said}

    def _company(self) -> dict[str, str]:
        """What is said of everyone."""
        session, wording, before = self.session, self.session.wording, self.shelf.before
        language, plan = session.language, session.plan
        fairness = _titled(
            say(language, "fairness_title"),
            spread_words(before, plan, language),
            charts.fairness_strip(plan, before, wording),
        )
        reached = say(language, "in_100", count=wording.in_100(plan.chance_of_total))
        total = _titled(
            say(language, "company_total"),
            say(language, "reached", chance=reached),
            charts.total_bar(plan.units.loc[ROOT], self.outlook.total(), wording),
        )
        moved = moved_html(session, self.shelf)
        return {"fairness": fairness, "total": total, "moved": moved, "binds": binds_html(session)}


def _titled(title: str, aside: str, body: str) -> str:
    return f"<h3>{escape(title)}<span>{escape(aside)}</span></h3>{body}"


def spread_words(before: Plan, now: Plan, language: str) -> str:
    """How far apart the chances of people are, before and now, in points."""
    points = []
    for plan in (before, now):
        chances = charts.people(plan)["chance"].to_numpy()
        points.append(round(100 * float(chances.max() - chances.min())) if len(chances) else 0)
    return say(language, "spread", before=points[0], after=points[1])


def moved_leaves(before: Plan, now: Plan) -> pd.DataFrame:
    """Leaves whose target differs, the largest change first: `before, now, change`."""
    then = before.units["target"]
    if not then.index.equals(now.units.index):
        then = then.reindex(now.units.index).fillna(0)
    leaf = now.units["leaf"].to_numpy(dtype=bool)
    amounts = np.column_stack([then, now.units["target"]])[leaf].astype("int64")
    change = amounts[:, 1] - amounts[:, 0]
    order = np.abs(change).argsort(kind="stable")[::-1]
    order = order[change[order] != 0]
    return pd.DataFrame(
        {"before": amounts[order, 0], "now": amounts[order, 1], "change": change[order]},
        index=now.units.index[leaf][order],
    )


def moved_html(session: Session, shelf: Shelf) -> str:
    """Who moved since the saved plan: the largest changes, each a way to the unit."""
    language, wording = session.language, session.wording
    moved = moved_leaves(shelf.before, session.plan)
    leaves = int(session.plan.units["leaf"].sum())
    since = (
        say(language, "since_version", number=shelf.opened.number)
        if shelf.opened is not None
        else say(language, "since_opening")
    )
    title = say(language, "moved_title", since=since)
    count = say(language, "moved_count", count=len(moved), of=leaves)
    if moved.empty:
        return _titled(title, "", f'<div class="sf-note">{say(language, "nobody_moved")}</div>')
    rows = "".join(
        f'<tr data-sf-node="{escape(str(node), quote=True)}" tabindex="0">'
        f"<td>{escape(session.label(str(node)))}</td>"
        f"<td>{wording.amount(then)}</td><td>{wording.amount(now)}</td>"
        f"<td><b>{wording.change(change)}</b></td></tr>"
        for node, then, now, change in moved.head(ROWS).itertuples()
    )
    return _titled(title, count, f'<table class="sf-list"><tbody>{rows}</tbody></table>')


def binds_html(session: Session) -> str:
    """The limits that hold somebody, and what lifting each would do."""
    language, wording = session.language, session.wording
    title = say(language, "binds_title")
    binding, more = first_binding(session.plan)
    if not binding:
        scenario = session.scenario
        set_ = scenario.rules or scenario.corridors
        words = say(language, "nothing_binds" if set_ else "no_limit_set")
        return _titled(title, "", f'<div class="sf-note">{words}</div>')
    rows = "".join(
        f'<tr data-sf-node="{escape(str(limit["node"]), quote=True)}" tabindex="0" '
        f'title="{escape(_because(limit), quote=True)}">'
        f"<td>{escape(session.label(str(limit['node'])))}</td>"
        f"<td>{wording.amount(limit['held_at'])} → {wording.amount(limit['would_be'])}</td>"
        f"<td>{escape(price_words(limit, session.scenario.criterion, wording))}</td></tr>"
        for limit in binding
    )
    count = say(language, "more", count=more) if more > 0 else ""
    return _titled(title, count, f'<table class="sf-list"><tbody>{rows}</tbody></table>')


def first_binding(plan: Plan, *, rows: int = ROWS) -> tuple[list[Mapping[str, Any]], int]:
    """The first limits without which their unit would carry something else, and how many more hold."""
    found: list[Mapping[str, Any]] = []
    for at, price in enumerate(plan.holding):
        limit = price()
        if limit["held_at"] != limit["would_be"]:
            found.append(limit)
        if len(found) == rows:
            return found, len(plan.holding) - at - 1
    return found, 0


def _because(limit: Mapping[str, Any]) -> str:
    return ": ".join(str(limit[name]) for name in ("owner", "reason") if limit[name])


def price_words(limit: Mapping[str, Any], criterion: str, wording: Wording) -> str:
    """What lifting a limit does to the others, by the common figure with it and without it."""
    language = wording.language
    before, after = float(limit["level"]), float(limit["level_without"])
    if criterion == "equal chance":
        return say(language, "price", points=wording.points(after - before))
    if criterion == "equal uplift":
        ends = [wording.change(end) for end in (before, after)]
    else:
        percent = "%" if language == "zh" else " %"
        ends = [f"{wording.points(end)}{percent}" for end in (before, after)]
    return say(language, "price_level", before=ends[0], after=ends[1])
