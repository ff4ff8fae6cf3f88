"""The tree of targets as a plain table: what is shown where the live grid was not built."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd

from salesforecast.hierarchy import ROOT, Hierarchy
from salesforecast.planning.plan import Plan
from salesforecast.reporting import figures
from salesforecast.reporting.figures import range_bar
from salesforecast.reporting.report import TOO_LOW, folded
from salesforecast.reporting.wording import Wording
from salesforecast.rules import Ceiling, Floor, Lock
from salesforecast.widgets import style
from salesforecast.widgets.session import KINDS, Limit, Session, limits_of
from salesforecast.widgets.words import say

HEIGHT = style.HEADS + 13 * style.ROW + 1  # px; the grid scrolls alone
REACH = 0.5  # the range bar shows the forecast and this share above and below it
_LOCK = (
    f'<svg width="9" height="11" role="img" aria-label="lock"><rect x="0" y="5" width="9" height="6" fill="{figures.INK}"/>'
    f'<path d="M2 5V3a2.5 2.5 0 0 1 5 0v2" fill="none" stroke="{figures.INK}" stroke-width="1.3"/></svg> '
)


def shown_units(units: pd.DataFrame, hierarchy: Hierarchy, *, level: str = "") -> pd.DataFrame:
    """The rows to show, in order: down to `level` (all if empty), an only child folded away.

    Returns
    -------
    pd.DataFrame
        Rows of `units`; `depth` counts shown rows only and `label` names what was folded.
    """
    inner = folded(units)
    leaves = units[units["leaf"].astype(bool)].copy()
    leaves["depth"] = [
        1
        + next(
            int(inner.loc[node, "depth"])
            for node in hierarchy.ancestors(leaf)
            if node in inner.index
        )
        for leaf in leaves.index
    ]
    rows = pd.concat([inner, leaves])
    rows = rows.loc[units.index[units.index.isin(rows.index)]]
    if not level:
        return rows
    deepest = list(hierarchy.levels).index(level)
    return rows[[list(hierarchy.levels).index(name) <= deepest for name in rows["level"]]]


class TargetTable(ipywidgets.VBox):
    """Every unit with its target; a click or a key on a unit selects it in the session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.level = ipywidgets.Dropdown(options=self._levels(), layout={"width": "220px"})
        self.units = ipywidgets.ToggleButtons()
        self.units.add_class("sf-units")
        self.table = ipywidgets.HTML(layout={"flex": "1 1 auto", "min_width": "590px"})
        self.head = ipywidgets.HTML()
        self.head.add_class("sf-head-box")
        names = ipywidgets.VBox(
            [self.head, self.units],
            layout={"flex": f"0 0 {style.NAMES}px", "overflow": "visible"},
        )
        names.add_class("sf-left-column")
        body = ipywidgets.HBox(
            [names, self.table], layout={"max_height": f"{HEIGHT}px", "overflow": "auto"}
        )
        body.add_class("sf-scroll")
        super().__init__([self.level, body], layout={"flex": "1 1 auto", "min_width": "0"})
        self.add_class("sf")
        self._show_units()
        self._show()
        self.level.observe(self._on_level, "value")
        session.observe(self._on_session, ["plan", "selection", "language", "divisor"])

    def _levels(self) -> list[tuple[str, str]]:
        return [
            (self.session.wording.name("level", level), level)
            for level in reversed(self.session.plan.hierarchy.levels)
        ]

    def _rows(self) -> pd.DataFrame:
        plan = self.session.plan
        return shown_units(plan.units, plan.hierarchy, level=self.level.value or "")

    def _show_units(self) -> None:
        rows = self._rows()
        self.nodes = list(rows.index)
        self.units.unobserve_all("index")
        self.units.options = _unit_labels(rows, self.session.wording)
        self.units.index = self._at()
        self.units.observe(self._on_unit, "index")

    def _at(self) -> int | None:
        node = self.session.selection
        return self.nodes.index(node) if node in self.nodes else None

    def _show(self) -> None:
        session = self.session
        language = session.language
        self.level.description = say(language, "down_to")
        self.head.value = (
            f'<div class="sf-head">{say(language, "unit")}, {escape(session.unit)}</div>'
        )
        self.table.value = table_html(
            self._rows(), session.plan, session.wording, selected=session.selection
        )

    def _on_level(self, _: Any) -> None:
        self._show_units()
        self._show()

    def _on_unit(self, change: Any) -> None:
        if change["new"] is not None:
            self.session.selection = self.nodes[change["new"]]

    def _on_session(self, change: Any) -> None:
        if change["name"] == "language":
            at = self.level.index
            self.level.options = self._levels()
            self.level.index = at
            self._show_units()
        elif change["name"] == "selection" and self.units.index != self._at():
            self.units.index = self._at()
        self._show()


def _unit_labels(rows: pd.DataFrame, wording: Wording) -> list[str]:
    """Indented labels, each different: a repeated one gets zero-width spaces nobody sees."""
    seen: dict[str, int] = {}
    labels = []
    for label, depth in zip(rows["label"], rows["depth"], strict=True):
        text = "\u00a0" * (3 * int(depth)) + wording.name("label", str(label))
        seen[text] = seen.get(text, -1) + 1
        labels.append(text + "\u200b" * seen[text])
    return labels


def table_html(rows: pd.DataFrame, plan: Plan, wording: Wording, *, selected: str = "") -> str:
    """The grid's columns right of the unit names, as one HTML table.

    Parameters
    ----------
    rows
        Rows of `plan.units` to show, from `shown_units`.
    selected
        Node whose row is marked.
    """
    common = common_chance(plan)
    limits = {kind: limits_of(plan.scenario, kind) for kind in KINDS}
    body = "".join(
        _row(node, unit, limits, wording, common=common, selected=selected)
        for node, unit in rows.to_dict("index").items()
    )
    return f'<table class="sf-grid">{_head(wording.language)}<tbody>{body}</tbody></table>'


def common_chance(plan: Plan) -> float:
    """The chance in the middle of the positions that no limit holds; missing if there is none."""
    units = plan.units
    free = units["leaf"].to_numpy(dtype=bool) & (units["forecast"].to_numpy() > 0)
    free &= (units["limit"] == "").to_numpy(dtype=bool)
    chances = units["chance"].to_numpy()[free]
    return float(np.nanmedian(chances)) if np.isfinite(chances).any() else float("nan")


def _head(language: str) -> str:
    widths = (56, 56, 74, 50, 50, 60, 52, 52, 86, 100)
    columns = "".join(f'<col style="width:{width}px">' for width in widths)
    groups = (("we_know", 3), ("we_allow", 2), ("we_ask", 1), ("it_means", 4))
    first = "".join(f'<th colspan="{n}">{say(language, key)}</th>' for key, n in groups)
    keys = [
        "last_year",
        "forecast",
        "range",
        "floor",
        "ceiling",
        "target",
        "growth",
        "stretch",
        "chance",
        "limit",
    ]
    left = {"range", "chance", "limit"}
    second = "".join(
        f'<th class="{"sf-left" if key in left else ""}">{escape(say(language, key))}</th>'
        for key in keys
    )
    return f'<colgroup>{columns}</colgroup><thead><tr class="sf-groups">{first}</tr><tr>{second}</tr></thead>'


def _row(
    node: str,
    unit: Mapping[str, Any],
    limits: Mapping[Limit, Mapping[str, float]],
    wording: Wording,
    *,
    common: float,
    selected: str,
) -> str:
    locked = node in limits[Lock]
    chance = unit["chance"]
    low = " sf-low" if chance < TOO_LOW else ""
    limit = escape(wording.name("limit", str(unit["limit"])))
    cells = [
        f"<td>{wording.amount(unit['baseline'])}</td>",
        f"<td>{wording.amount(unit['forecast'])}</td>",
        f'<td class="sf-left">{range_bar(dict(unit), REACH, 62)}</td>',
        _limit_cell(limits[Floor].get(node), wording),
        _limit_cell(limits[Ceiling].get(node), wording),
        f'<td class="sf-target{" sf-locked" if locked else ""}">'
        f"{_LOCK if locked else ''}{wording.amount(unit['target'])}</td>",
        f"<td>{wording.points(unit['growth'])}</td>",
        f"<td>{wording.points(unit['stretch'])}</td>",
        f'<td class="sf-left{low}">{chance_bar(chance, common)} {wording.chance(chance)}</td>',
        f'<td class="sf-left" title="{limit}">{limit}</td>',
    ]
    classes = " ".join(
        name
        for name, holds in (
            ("sf-first", node == ROOT),
            ("sf-upper", unit["depth"] < 2),
            ("sf-on", node == selected),
        )
        if holds
    )
    return f'<tr class="{classes}" data-node="{escape(node, quote=True)}">{"".join(cells)}</tr>'


def _limit_cell(amount: float | None, wording: Wording) -> str:
    if amount is None:
        return '<td class="sf-none">–</td>'
    return f'<td class="sf-set">{wording.amount(amount)}</td>'


def chance_bar(chance: float, common: float, *, width: int = 40) -> str:
    """SVG: a chance from 0 to 100 %, with a dark tick at the common chance."""
    if pd.isna(chance):
        return ""
    colour = figures.BAD if chance < TOO_LOW else figures.CHANCE
    tick = (
        "" if pd.isna(common) else f'<path d="M{width * common:.1f} 0v12" stroke="{figures.INK}"/>'
    )
    return (
        f'<svg width="{width}" height="12" aria-hidden="true">'
        f'<rect y="2" width="{width}" height="8" fill="{style.LINE2}"/>'
        f'<rect y="2" width="{width * chance:.1f}" height="8" fill="{colour}"/>{tick}</svg>'
    )
