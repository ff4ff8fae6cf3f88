"""What-ifs side by side with the plan: what each would ask of whom, and what the plan hangs on."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import pandas as pd

from salesforecast.hierarchy import ROOT, SEPARATOR
from salesforecast.planning.plan import Plan
from salesforecast.reporting import figures
from salesforecast.reporting.labels import place_label
from salesforecast.reporting.report import is_house
from salesforecast.reporting.wording import Wording
from salesforecast.widgets import style
from salesforecast.widgets.target_grid import shown_units
from salesforecast.widgets.what_if_words import say as words
from salesforecast.widgets.words import say


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
    """The plan and what-ifs; the first is what the others are held against.

    Parameters
    ----------
    plans
        Name to plan, in order. They may have units that others lack (a merger, a new region).
    refused
        Name of a what-if that has no plan to the reason.
    changes
        Name of each what-if to what it changes, in words.
    """

    plans: dict[str, Plan]
    refused: dict[str, str]
    changes: dict[str, str]
    wording: Wording
    unit: str

    @property
    def planned(self) -> Plan:
        """The plan that the others are held against."""
        return next(iter(self.plans.values()))

    def rows(self, *, level: str = "") -> pd.DataFrame:
        """Units to show, down to `level` (all if empty): the plan's, then what others add, each
        after the last unit below its parent."""
        out = shown_units(self.planned.units, self.planned.hierarchy, level=level)
        order, parts = list(out.index), [out]
        for plan in list(self.plans.values())[1:]:
            new = shown_units(plan.units, plan.hierarchy, level=level)
            new = new[~new.index.isin(self.planned.units.index) & ~new.index.isin(order)]
            for node in map(str, new.index):
                above = node.rpartition(SEPARATOR)[0]
                beside = [at for at, one in enumerate(order) if f"{one}/".startswith(f"{above}/")]
                order.insert(beside[-1] + 1 if above and beside else len(order), node)
            parts.append(new)
        return pd.concat(parts).loc[order]

    def table(self, *, level: str = "") -> pd.DataFrame:
        """Target, growth and chance of every case: rows are nodes, down to `level`; all if empty.

        Columns are (case, `target` | `growth` | `chance`): in the measure, fractions; missing where a
        plan has no such unit.
        """
        rows = self.rows(level=level)
        parts = {
            name: plan.units[["target", "growth", "chance"]].reindex(rows.index)
            for name, plan in self.plans.items()
        }
        return pd.concat(parts, axis=1)

    def short(self) -> pd.DataFrame:
        """One row a case: what it asks of the company, and of whom most more and most less.

        Returns
        -------
        pd.DataFrame
            On case: `total, change, forecast` in the measure, `chance` of the total, `lowest,
            highest` chance of a leaf with a target, `moved, leaves` counted, `gains, loses`
            (node of the leaf asked most more and most less than by the plan, empty if none),
            `gain, loss` (by how much).
        """
        base = _leaf_targets(self.planned)
        rows = {}
        for name, plan in self.plans.items():
            leaves = _leaf_targets(plan)
            both = leaves.index.union(base.index, sort=False)
            move = leaves.reindex(both).fillna(0) - base.reindex(both).fillna(0)
            company = plan.units.loc[ROOT]
            chances = plan.units["chance"][leaves.index[leaves > 0]].dropna()
            rows[name] = {
                "total": int(company["target"]),
                "change": int(company["target"] - self.planned.units.loc[ROOT, "target"]),
                "forecast": float(company["forecast"]),
                "chance": plan.chance_of_total,
                "lowest": chances.min(),
                "highest": chances.max(),
                "moved": int((move != 0).sum()),
                "leaves": len(both),
                "gains": str(move.idxmax()) if move.max() > 0 else "",
                "loses": str(move.idxmin()) if move.min() < 0 else "",
                "gain": float(max(move.max(), 0)),
                "loss": float(min(move.min(), 0)),
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("case")

    def html(self, *, level: str = "") -> str:
        """The table as people read it, changes against the plan beside it, refusals below."""
        rows = self.rows(level=level)
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
        refused += "".join(
            f'<div class="sf-note"><b>{escape(name)}</b>: {escape(words)}</div>'
            for name, words in self.changes.items()
        )
        return (
            f'{style.STYLE}<div class="sf"><table class="sf-grid sf-cases" style="min-width:{170 + 56 * sum(spans)}px">{widths}<thead><tr class="sf-groups">'
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
        base = _of(self.planned, node)["target"]
        for at, plan in enumerate(self.plans.values()):
            values = _of(plan, node)
            cells.append(f'<td class="sf-target">{wording.amount(values["target"])}</td>')
            if at:
                cells.append(f"<td>{wording.change(values['target'] - base)}</td>")
            cells.append(f"<td>{wording.points(values['growth'])}</td>")
            cells.append(f"<td>{wording.chance(values['chance'])}</td>")
        upper = ' class="sf-upper"' if unit["depth"] < 2 else ""
        return f'<tr{upper} data-node="{escape(node, quote=True)}">{"".join(cells)}</tr>'

    def chart(self, *, level: str = "", width: int = 860) -> str:
        """SVG: for each changed assumption, how far every unit's target moves from the plan's."""
        rows = self.rows(level=level)
        rows = rows[rows.index != ROOT]
        asked = {
            name: plan.units["target"].reindex(rows.index).fillna(0)
            for name, plan in self.plans.items()
        }
        first, *others = asked
        moves = pd.DataFrame({name: asked[name] - asked[first] for name in others})
        return _bars(moves, rows, self.wording, width=width)


def _leaf_targets(plan: Plan) -> pd.Series:
    return plan.units.loc[plan.units["leaf"].astype(bool), "target"]


def _of(plan: Plan, node: str) -> pd.Series:
    """A unit's row; nothing known where the plan has no such unit."""
    if node in plan.units.index:
        return plan.units.loc[node]
    return pd.Series({"target": float("nan"), "growth": float("nan"), "chance": float("nan")})


def tornado_chart(found: pd.DataFrame, *, language: str = "en", width: int = 980) -> str:
    """SVG: what the chance of the total hangs on, the widest first; from `outlook.hangs_on`.

    A bar runs from the chance with the assumption at its low to that at its high; the line is
    the chance as planned. What each end means stands beside it.
    """
    wording = Wording(language=language)
    names, row, right = 170, 20, 420
    height = row * (len(found) + 1) + 8
    ends = [*found["low"], *found["high"], float(found["base"].iloc[0])]
    low, high = max(min(ends) - 0.02, 0.0), min(max(ends) + 0.02, 1.0)

    def x(chance: float) -> float:
        return names + (width - names - right) * (chance - low) / max(high - low, 1e-9)

    base = float(found["base"].iloc[0])
    parts = [
        f'<path d="M{x(base):.1f} 16V{height}" stroke="{style.LINE}"/>'
        f'<text x="{x(base):.1f}" y="11" font-size="11" font-weight="600" text-anchor="middle">'
        f"{wording.chance(base)}</text>"
        f'<text x="{width - right + 88}" y="11" font-size="10.5" style="fill:{figures.INK2}">'
        f"{'其中一端的变动' if language == 'zh' else 'what changes at one end'}</text>"
    ]
    for at, (name, line) in enumerate(found.iterrows()):
        y, lower, upper = (
            row * (at + 1),
            x(line[["low", "high"]].min()),
            x(line[["low", "high"]].max()),
        )
        ends_in_words = f"{wording.chance(line['low'])} – {wording.chance(line['high'])}"
        parts.append(
            f'<text x="{names - 8}" y="{y + 13}" font-size="11" text-anchor="end">{escape(str(name)[:26])}</text>'
            f'<rect x="{lower:.1f}" y="{y + 5}" width="{max(upper - lower, 1):.1f}" height="10" fill="{figures.CHANCE}"/>'
            f'<text x="{width - right + 8}" y="{y + 13}" font-size="10.5">{ends_in_words}'
            f"<title>{escape(line['low_words'])} | {escape(line['high_words'])}</title></text>"
            f'<text x="{width - right + 88}" y="{y + 13}" font-size="10.5" style="fill:{figures.INK2}">'
            f"{escape(_short(line['low_words']))}</text>"
        )
    label = (
        "总目标的达成概率取决于什么"
        if language == "zh"
        else "what the chance of the total hangs on"
    )
    return (
        f'{style.STYLE}<div class="sf"><svg width="{width}" height="{height}" role="img" '
        f'aria-label="{label}">{"".join(parts)}</svg></div>'
    )


def _short(words: str) -> str:
    return words if len(words) <= 54 else words[:53] + "…"


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


def short_html(beside: SideBySide) -> str:
    """The cases in short: total, chance, and who is asked most more and most less than by the plan."""
    wording = beside.wording
    language = wording.language
    keys = ("total", "against_plan", "forecast", "chance", "spread", "moved", "gains", "loses")
    heads = "".join(f"<th>{escape(words(language, key))}</th>" for key in keys)
    rows = "".join(
        f'<tr data-case="{escape(str(name), quote=True)}"><td><b>{escape(str(name))}</b>'
        f"<span>{escape(beside.changes.get(str(name), ''))}</span></td>"
        + "".join(f"<td>{cell}</td>" for cell in _short_cells(beside, str(name), row))
        + "</tr>"
        for name, row in beside.short().iterrows()
    )
    refused = "".join(
        f'<div class="sf-bad" role="alert"><b>{escape(name)}</b>: {escape(why)}</div>'
        for name, why in beside.refused.items()
    )
    return (
        f'<div class="sf"><table class="sf-short"><thead><tr><th>{escape(beside.unit)}</th>{heads}</tr>'
        f"</thead><tbody>{rows}</tbody></table>{refused}</div>"
    )


def _short_cells(beside: SideBySide, name: str, row: pd.Series) -> list[str]:
    """The cells of one case; who moves stands only where somebody does."""
    wording = beside.wording
    language = wording.language
    chances = f"{wording.chance(row['lowest'])} – {wording.chance(row['highest'])}"
    out = [
        f"<b>{wording.amount(row['total'])}</b>",
        wording.change(row["change"]),
        wording.amount(row["forecast"]),
        f"<b>{wording.chance(row['chance'])}</b>",
        chances,
    ]
    if name == next(iter(beside.plans)):
        return [*out, "", "", ""]
    out.append(escape(words(language, "of", count=row["moved"], all=row["leaves"])))
    for who, by in (("gains", "gain"), ("loses", "loss")):
        units = beside.plans[name].units
        units = units if row[who] in units.index else beside.planned.units
        label = place_label(units, row[who], wording) if row[who] else wording.say("none")
        out.append(f"{escape(label)}<span>{wording.change(row[by]) if row[who] else ''}</span>")
    return out
