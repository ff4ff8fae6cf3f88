"""Changed assumptions side by side with the plan: what each would ask of whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

import pandas as pd

from salesforecast import workbench
from salesforecast.errors import InfeasibleError
from salesforecast.hierarchy import ROOT
from salesforecast.planning.plan import Plan
from salesforecast.planning.scenario import Scenario
from salesforecast.reporting import figures
from salesforecast.reporting.report import is_house
from salesforecast.reporting.wording import Wording
from salesforecast.rules import Ceiling, Lock
from salesforecast.widgets import style
from salesforecast.widgets.target_grid import shown_units
from salesforecast.widgets.words import say


@dataclass(frozen=True)
class Case:
    """One changed assumption: its name, and what a plan of it is made from."""

    name: str
    inputs: workbench.Inputs
    scenario: Scenario


def as_planned(inputs: workbench.Inputs, scenario: Scenario, *, name: str = "the plan") -> Case:
    """The case that all others are held against, its total written down so that they keep it."""
    total = workbench.total_of(inputs, scenario)
    return Case(name, inputs, replace(scenario, total=total, chance=None))


def more_total(planned: Case, share: float) -> Case:
    """The company is asked `share` more (0.10) or less (-0.05); nothing else changes."""
    assert planned.scenario.total is not None
    total = round(planned.scenario.total * (1 + share) / planned.scenario.step)
    scenario = replace(planned.scenario, total=total * planned.scenario.step)
    return Case(f"{share:+.0%} total".replace("-", "−"), planned.inputs, scenario)


def without_position(planned: Case, node: str) -> Case:
    """A person goes, what he was expected to sell is lost, and the total stays.

    His target is locked at zero, so the others carry it. What colleagues might take over of
    his customers is not guessed: it would make the chances better than shown.
    """
    inputs = planned.inputs
    leaves, draws = inputs.leaves.copy(), inputs.draws.copy()
    leaves.loc[node, "forecast"] = 0.0
    draws[node] = 0.0
    label = str(inputs.hierarchy.nodes.loc[node, "label"])
    lock = Lock(node, 0, reason=f"without {label}")
    scenario = replace(planned.scenario, rules=(*planned.scenario.rules, lock))
    return Case(f"without {label}", replace(inputs, leaves=leaves, draws=draws), scenario)


def capped(planned: Case, node: str, growth: float) -> Case:
    """A unit may grow by at most `growth` on last year's quarter (0.05); the others carry the rest."""
    inside = planned.inputs.hierarchy.within(node)
    ceiling = float(planned.inputs.leaves.loc[inside, "history"].sum()) * (1 + growth)
    step = planned.scenario.step
    rule = Ceiling(node, float(int(ceiling // step) * step), reason="what if")
    label = str(planned.inputs.hierarchy.nodes.loc[node, "label"])
    scenario = replace(planned.scenario, rules=(*planned.scenario.rules, rule))
    name = f"{label} at most {growth:+.0%}".replace("-", "−")
    return Case(name, planned.inputs, scenario)


def largest(plan: Plan, *, level: str) -> str:
    """The unit of `level` with the largest target; among positions, a person's."""
    units = plan.units[plan.units["level"] == level]
    if units["leaf"].any():
        people = units[[not is_house(label) for label in units["label"]]]
        units = units if people.empty else people
    if units.empty:
        raise ValueError(f"the hierarchy has no level {level!r}")
    return str(units["target"].idxmax())


@dataclass(frozen=True)
class SideBySide:
    """Plans of several cases over one organisation; the first is what the others are held against.

    Parameters
    ----------
    plans
        Name of a case to its plan, in order.
    refused
        Name of a case that has no plan to the reason.
    """

    plans: dict[str, Plan]
    refused: dict[str, str]
    wording: Wording
    unit: str

    @property
    def planned(self) -> Plan:
        """The plan that the others are held against."""
        return next(iter(self.plans.values()))

    def table(self, *, level: str = "") -> pd.DataFrame:
        """Target, growth and chance of every case: rows are nodes, down to `level`; all if empty.

        Columns are (case, `target` | `growth` | `chance`): int64 in the measure, fractions.
        """
        rows = shown_units(self.planned.units, self.planned.hierarchy, level=level)
        parts = {
            name: plan.units.loc[rows.index, ["target", "growth", "chance"]]
            for name, plan in self.plans.items()
        }
        return pd.concat(parts, axis=1)

    def html(self, *, level: str = "") -> str:
        """The table as people read it, changes against the plan beside it, refusals below."""
        rows = shown_units(self.planned.units, self.planned.hierarchy, level=level)
        spans = [3, *[4] * (len(self.plans) - 1)]
        heads = "".join(
            f'<th colspan="{span}">{escape(name)}</th>'
            for span, name in zip(spans, self.plans, strict=True)
        )
        widths = f'<colgroup><col style="width:170px">{"<col>" * sum(spans)}</colgroup>'
        body = "".join(self._row(str(node), rows.loc[node]) for node in rows.index)
        refused = "".join(
            f'<div class="sf-bad">{escape(name)}: {escape(why)}</div>'
            for name, why in self.refused.items()
        )
        return (
            f'{style.STYLE}<div class="sf"><table class="sf-grid sf-cases">{widths}<thead><tr class="sf-groups">'
            f"<th>{escape(self.unit)}</th>{heads}</tr><tr>{self._heads()}</tr></thead>"
            f"<tbody>{body}</tbody></table>{refused}</div>"
        )

    def _heads(self) -> str:
        language = self.wording.language
        names = [say(language, key) for key in ("target", "growth", "chance")]
        first, others = names, [names[0], say(language, "change"), *names[1:]]
        heads = [say(language, "unit"), *first, *(others * (len(self.plans) - 1))]
        return "".join(
            f'<th class="{"sf-left" if at == 0 else ""}">{escape(head)}</th>'
            for at, head in enumerate(heads)
        )

    def _row(self, node: str, unit: pd.Series) -> str:
        wording = self.wording
        label = escape(wording.name("label", str(unit["label"])))
        cells = [
            f'<td class="sf-left" style="padding-left:{5 + 12 * int(unit["depth"])}px">{label}</td>'
        ]
        base = self.planned.units.loc[node, "target"]
        for at, plan in enumerate(self.plans.values()):
            values = plan.units.loc[node]
            cells.append(f'<td class="sf-target">{wording.amount(values["target"])}</td>')
            if at:
                cells.append(f"<td>{wording.change(values['target'] - base)}</td>")
            cells.append(f"<td>{wording.points(values['growth'])}</td>")
            cells.append(f"<td>{wording.chance(values['chance'])}</td>")
        upper = ' class="sf-upper"' if unit["depth"] < 2 else ""
        return f'<tr{upper} data-node="{escape(node, quote=True)}">{"".join(cells)}</tr>'

    def chart(self, *, level: str = "", width: int = 860) -> str:
        """SVG: for each changed assumption, how far every unit's target moves from the plan's."""
        rows = shown_units(self.planned.units, self.planned.hierarchy, level=level)
        rows = rows[rows.index != ROOT]
        others = list(self.plans.items())[1:]
        moves = pd.DataFrame(
            {
                name: plan.units.loc[rows.index, "target"]
                - self.planned.units.loc[rows.index, "target"]
                for name, plan in others
            }
        )
        return _bars(moves, rows, self.wording, width=width)


def side_by_side(cases: Sequence[Case], *, language: str = "en") -> SideBySide:
    """Make the plan of every case; a changed one that contradicts itself is named with the reason.

    Raises
    ------
    InfeasibleError
        If the first case, the plan itself, has none.
    """
    measure = cases[0].inputs.organisation.measure
    wording = Wording(language=language, divisor=measure.divisor)
    plans = {cases[0].name: workbench.build_plan(cases[0].inputs, cases[0].scenario)}
    refused = {}
    for case in cases[1:]:
        try:
            plans[case.name] = workbench.build_plan(case.inputs, case.scenario)
        except InfeasibleError as error:
            refused[case.name] = f"{error.what} {error.where} {error.fix}"
    return SideBySide(plans, refused, wording, wording.unit(measure.unit, measure.display))


def _bars(moves: pd.DataFrame, rows: pd.DataFrame, wording: Wording, *, width: int) -> str:
    """One panel a case, one bar a unit, around a line at zero; one scale for all panels."""
    names, row = 190, 18
    panel = (width - names) / max(len(moves.columns), 1)
    most = max(float(moves.abs().to_numpy().max(initial=0)), 1.0)
    height = row * (len(moves) + 1) + 6
    parts = []
    for at, (label, depth) in enumerate(zip(rows["label"], rows["depth"], strict=True)):
        parts.append(
            f'<text x="{12 * (int(depth) - 1)}" y="{row * (at + 1) + 17}" font-size="11">'
            f"{escape(wording.name('label', str(label)))}</text>"
        )
    for column, name in enumerate(moves.columns):
        zero = names + panel * (column + 0.5)
        parts.append(
            f'<text x="{zero:.0f}" y="12" font-size="11" font-weight="600" text-anchor="middle">'
            f'{escape(str(name))}</text><path d="M{zero:.0f} 18V{height}" stroke="{style.LINE}"/>'
        )
        for at, move in enumerate(moves[name]):
            length = (panel / 2 - 52) * abs(move) / most
            start = zero if move >= 0 else zero - length
            beyond = zero + length + 4 if move >= 0 else zero - length - 4
            parts.append(
                f'<rect x="{start:.1f}" y="{row * (at + 1) + 8}" width="{length:.1f}" height="10" '
                f'fill="{figures.EDIT if move >= 0 else figures.CHANCE}"/>'
                f'<text x="{beyond:.1f}" y="{row * (at + 1) + 17}" font-size="10.5" '
                f'text-anchor="{"start" if move >= 0 else "end"}">{wording.change(float(move))}</text>'
            )
    return (
        f'{style.STYLE}<div class="sf"><svg width="{width}" height="{height}" role="img" '
        f'aria-label="changes of targets">{"".join(parts)}</svg></div>'
    )
