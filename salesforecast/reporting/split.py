"""The page's middle: who gets what, what limits it, on whom it lands, what changed."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from salesforecast.reporting.figures import change_bar, range_bar
from salesforecast.reporting.html import Cell, Html, paragraph, row, safe, section, table
from salesforecast.reporting.report import TOO_LOW, Report, folded, is_house
from salesforecast.reporting.wording import Wording
from salesforecast.rules import Rule

_SHOWN_UNITS = 45  # rows of the tree; deeper levels are left to the workbook
_SHOWN_PEOPLE = 60
_SHOWN_CHANGES = 8
_REACH = 0.3


def who_section(report: Report, words: Wording) -> Html:
    """The tree down to the last level above positions, with range, target, chance and months."""
    rows = folded(report.plan.units)
    shown, depth = rows, int(rows["depth"].max())
    while len(shown) > _SHOWN_UNITS and depth > 1:
        depth -= 1
        shown = rows[rows["depth"] <= depth]
    months = report.plan.months.loc[shown.index]
    lines = [
        _unit_row(unit, months.loc[node], words)
        for node, unit in zip(shown.index, shown.to_dict("records"), strict=True)
    ]
    notes = [words.html("who_note")]
    if report.plan.scenario.criterion == "equal chance":
        notes.append(words.html("who_equal"))
    if int(report.plan.scenario.step) % report.divisor:
        notes.append(words.html("who_rounded", unit=report.unit))
    if len(shown) < len(rows):
        notes.append(words.html("who_hidden", n=len(rows) - len(shown)))
    body = [table(_unit_head(report, words), lines, css="who"), _note(notes, words)]
    return section(Html(words.html("who")), body)


def limits_section(report: Report, words: Wording) -> Html:
    """Each limit that holds a target: what it held, what would be without it, who set it."""
    limits = report.plan.limits
    title = Html(words.html("limits"))
    if limits.empty:
        return section(title, [paragraph(words.say("no_limits"))], css="keep")
    head = [_th("limit", words), _th("held_at", words, "n"), _th("would_be", words, "n")]
    head += [_th("if_lifted", words), _th("set_by", words)]
    lines = [
        row(
            [
                Cell(limit["limit"]),
                Cell(words.amount(limit["held_at"]), "n"),
                Cell(words.amount(limit["would_be"]), "n"),
                Cell(effect_text(limit, words)),
                Cell(words.because(limit["owner"], limit["reason"])),
            ]
        )
        for limit in limits_in_words(report, words).to_dict("records")
    ]
    return section(title, [table(head, lines, css="wide")])


def person_section(report: Report, words: Wording) -> Html:
    """Every position in two columns, people by target, then what no person owns."""
    leaves = report.leaves.assign(where=report.leaves["parent"].map(report.plan.units["label"]))
    house = leaves["label"].map(is_house)
    people = leaves[~house].sort_values("target", ascending=False, kind="stable")
    owned = leaves[house].sort_values("target", ascending=False, kind="stable")
    body: list[str] = _two_columns(people, "person_name", report, words) if len(people) else []
    asked, notes = owned[owned["target"] != 0], [words.html("person_note")]
    if len(asked):
        body.append(f"<h3>{words.html('house')}</h3>")
        body += _two_columns(asked, "kind", report, words)
    if len(owned) > len(asked):
        notes.insert(0, words.html("house_none", n=len(owned) - len(asked)))
    body.append(_note(notes, words))
    return section(Html(words.html("person")), body)


def changes_section(report: Report, words: Wording) -> Html:
    """What moved most since the last run; nothing when there was none."""
    changes = report.changes
    if changes is None or changes.empty:
        return Html("")
    changes = changes.assign(change=changes["now"] - changes["before"])
    order = changes["change"].abs().sort_values(ascending=False, kind="stable").index
    shown, rest = changes.loc[order[:_SHOWN_CHANGES]], changes.loc[order[_SHOWN_CHANGES:]]
    largest = float(shown["change"].abs().max())
    head = [_th("unit", words), _th("before", words, "n"), _th("now", words, "n")]
    head += [_th("change", words, "n"), Cell(""), _th("reason", words)]
    lines = [
        _change_row(str(c["label"]), c, change_bar(float(c["change"]), largest), words)
        for c in shown.to_dict("records")
    ]
    if len(rest):
        total = rest[["before", "now", "change"]].sum().to_dict()
        others = words.say("others", n=len(rest))
        lines.append(_change_row(others, {**total, "reason": ""}, "", words, css="mut"))
    return section(Html(words.html("changed")), [table(head, lines)])


def limits_in_words(report: Report, words: Wording) -> pd.DataFrame:
    """The rows of `plan.limits` with `limit` and `label` as the page says them.

    A rule of a known kind is called by its unit (`Ceiling of Southwest`), any other limit
    by its own words.
    """
    limits, rules = report.plan.limits, report.plan.scenario.rules
    labels = [said_label(report.label(node), words) for node in limits["node"]]
    said = list(limits["limit"])
    if len(rules) == len(limits):
        for at, (rule, label) in enumerate(zip(rules, labels, strict=True)):
            said[at] = rule_text(rule, label, words) or said[at]
    return limits.assign(limit=said, label=labels)


def said_label(label: tuple[str, str], words: Wording) -> str:
    """A label, with its parent's where it alone would not say which unit is meant."""
    own, parent = words.name("label", label[0]), label[1]
    return words.say("label_in", label=own, parent=parent) if parent else own


def rule_text(rule: Rule, label: str, words: Wording) -> str:
    """A rule by its kind and unit; empty for a kind that the catalogue does not know."""
    key = f"rule_{type(rule).__name__}"
    return words.say(key, label=label) if words.knows(key) else ""


def chance_cell(chance: float, target: float, words: Wording) -> Cell:
    """A chance; red and bold where it is low. No chance where nothing is asked."""
    if target == 0:
        return Cell(words.say("none"), "n")
    return Cell(words.chance(chance), "n bad" if chance < TOO_LOW else "n")


def effect_text(limit: dict, words: Wording) -> str:
    """What lifting a limit would do: the plan's sentence, or what all others would carry then."""
    effect = limit["effect"]
    if isinstance(effect, str):
        return effect
    change = words.change(-effect) if effect else ""
    return words.say("effect_change", change=change) if change else words.say("no_effect")


def growth_text(growth: float, target: float, words: Wording) -> str:
    """Growth in per cent; `new` where the unit sold nothing a year before and is asked now."""
    if pd.isna(growth) and target > 0:
        return words.say("new")
    return words.points(growth)


def _unit_head(report: Report, words: Wording) -> list[Cell]:
    short = words.short_quarter(report.quarter)
    head = [_th("unit", words), Cell(words.say("last", short=short), "n")]
    head += [_th("forecast", words, "n")]
    head += [Cell(Html(words.html("range", reach=f"{_REACH * 100:.0f}")))]
    head += [_th(key, words, "n") for key in ("target", "growth", "stretch", "chance")]
    head += [Cell(words.month(period), "n") for period in report.plan.months.columns]
    return [*head, _th("limits_it", words)]


def _unit_row(unit: dict, months: pd.Series, words: Wording) -> Html:
    depth = int(unit["depth"])
    cells = [
        Cell(unit["label"], f"d{min(depth, 5)}" + (" one" if len(unit["label"]) < 25 else "")),
        Cell(words.amount(unit["baseline"]), "n"),
        Cell(words.amount(unit["forecast"]), "n"),
        Cell(Html(range_bar(unit, _REACH))),
        Cell(words.amount(unit["target"]), "n tg"),
        Cell(growth_text(unit["growth"], unit["target"], words), "n"),
        Cell(words.points(unit["stretch"]), "n"),
        chance_cell(unit["chance"], unit["target"], words),
    ]
    cells += [Cell(words.amount(value), "n q") for value in months]
    cells.append(Cell(words.name("limit", str(unit["limit"])), "lim"))
    return row(cells, css=f"l{depth}" if depth < 2 else "")


def _two_columns(frame: pd.DataFrame, title: str, report: Report, words: Wording) -> list[str]:
    shown, rest = frame.head(_SHOWN_PEOPLE), frame.iloc[_SHOWN_PEOPLE:]
    short = words.short_quarter(report.quarter)
    head = [_th(title, words), _th("where", words), Cell(words.say("last", short=short), "n")]
    head += [_th("target", words, "n"), _th("chance", words, "n")]
    half = (len(shown) + 1) // 2
    sides = [shown.iloc[:half], shown.iloc[half:]]
    tables = [
        table(head, [_person_row(leaf, words) for leaf in side.to_dict("records")])
        for side in sides
        if len(side)
    ]
    out = [f'<div class="two">{"".join(tables)}</div>']
    if len(rest):
        amount = words.amount(rest["target"].sum())
        out.append(_note([words.html("person_more", n=len(rest), amount=amount)], words))
    return out


def _person_row(leaf: dict, words: Wording) -> Html:
    name: str = safe(words.name("label", str(leaf["label"])))
    if leaf["limit"]:
        name += f'<span class="small">{safe(words.name("limit", str(leaf["limit"])))}</span>'
    return row(
        [
            Cell(Html(name)),
            Cell(str(leaf["where"]), "q one" if len(leaf["where"]) < 18 else "q"),
            Cell(words.amount(leaf["baseline"]), "n q"),
            Cell(words.amount(leaf["target"]), "n tg"),
            chance_cell(leaf["chance"], leaf["target"], words),
        ]
    )


def _change_row(label: str, change: dict, bar: str, words: Wording, css: str = "") -> Html:
    cells = [
        Cell(label),
        Cell(words.amount(change["before"]), "n"),
        Cell(words.amount(change["now"]), "n tg"),
        Cell(words.change(change["change"]), "n"),
        Cell(Html(bar)),
        Cell(str(change["reason"])),
    ]
    return row(cells, css=css)


def _th(key: str, words: Wording, css: str = "") -> Cell:
    return Cell(Html(words.html(key)), css)


def _note(sentences: Sequence[str], words: Wording) -> Html:
    joint = "" if words.language == "zh" else " "
    return paragraph(Html(joint.join(sentences)), "note")
