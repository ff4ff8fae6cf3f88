"""The page's middle: who gets what, what limits it, what changed."""

from __future__ import annotations

import pandas as pd

from salesforecast.reporting.figures import change_bar, range_bar
from salesforecast.reporting.html import Cell, Html, paragraph, row, section, table
from salesforecast.reporting.people import chance_cell, heading, note
from salesforecast.reporting.report import Report, folded
from salesforecast.reporting.wording import Wording
from salesforecast.rules import Rule

_SHOWN_UNITS = 45  # rows of the tree; deeper levels are left to the workbook
_SHOWN_CHANGES = 8
_REACH = 0.3
DOUBLED = 1.0  # growth above it is marked: the unit opened or grew late


def who_section(report: Report, words: Wording) -> Html:
    """The tree down to the last level above positions, with range, target, chance and months."""
    rows = folded(report.plan.units)
    shown, depth = rows, int(rows["depth"].max())
    while len(shown) > _SHOWN_UNITS and depth > 1:
        depth -= 1
        shown = rows[rows["depth"] <= depth]
    months = report.plan.months.loc[shown.index]
    limited = bool((shown["limit"] != "").any())
    lines = [
        _unit_row(unit, months.loc[node], words, limited=limited)
        for node, unit in zip(shown.index, shown.to_dict("records"), strict=True)
    ]
    notes = [words.html("who_note")]
    if report.plan.scenario.criterion == "equal chance":
        lowest = words.name("level", report.plan.hierarchy.levels[-1])
        notes.append(words.html("who_equal", level=lowest))
    notes.append(words.html("who_mean"))
    if bool((shown["growth"] > DOUBLED).any()):
        notes.append(words.html("who_doubled"))
    if int(report.plan.scenario.step) % report.divisor:
        notes.append(words.html("who_rounded", unit=report.unit))
    if len(shown) < len(rows):
        notes.append(words.html("who_hidden", n=len(rows) - len(shown)))
    body = [table(_unit_head(report, words, limited=limited), lines, css="who"), note(notes, words)]
    return section(Html(words.html("who")), body)


def limits_section(report: Report, words: Wording) -> Html:
    """Each limit that holds a target: what it held, what would be without it, who set it."""
    limits = report.plan.limits
    title = Html(words.html("limits"))
    if limits.empty:
        return section(title, [paragraph(words.say("no_limits"))], css="keep")
    head = [
        heading("limit", words),
        heading("held_at", words, "n"),
        heading("would_be", words, "n"),
    ]
    head += [heading("if_lifted", words), heading("set_by", words)]
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


def changes_section(report: Report, words: Wording) -> Html:
    """What moved most since the last run; nothing when there was none."""
    changes = report.changes
    if changes is None or changes.empty:
        return Html("")
    changes = changes.assign(change=changes["now"] - changes["before"])
    order = changes["change"].abs().sort_values(ascending=False, kind="stable").index
    shown, rest = changes.loc[order[:_SHOWN_CHANGES]], changes.loc[order[_SHOWN_CHANGES:]]
    largest = float(shown["change"].abs().max())
    head = [heading("unit", words), heading("before", words, "n"), heading("now", words, "n")]
    head += [heading("change", words, "n"), Cell(""), heading("reason", words)]
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
    if len(rules) <= len(limits):  # the rules stand first; corridors follow, in their own words
        for at, (rule, label) in enumerate(zip(rules, labels, strict=False)):
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
    return words.points(growth) + ("†" if growth > DOUBLED else "")


def _unit_head(report: Report, words: Wording, *, limited: bool) -> list[Cell]:
    short = words.short_quarter(report.quarter)
    head = [heading("unit", words), Cell(words.say("last", short=short), "n")]
    head += [heading("forecast", words, "n")]
    head += [Cell(Html(words.html("range", reach=f"{_REACH * 100:.0f}")))]
    head += [heading(key, words, "n") for key in ("target", "growth", "stretch", "chance")]
    head += [Cell(words.month(period), "n") for period in report.plan.months.columns]
    return [*head, heading("limits_it", words)] if limited else head


def _unit_row(unit: dict, months: pd.Series, words: Wording, *, limited: bool) -> Html:
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
    if limited:
        cells.append(Cell(words.name("limit", str(unit["limit"])), "lim"))
    return row(cells, css=f"l{depth}" if depth < 2 else "")


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
