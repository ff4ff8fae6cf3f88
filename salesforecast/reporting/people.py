"""The page's rows of people: on whom the targets land, what holds them, what they are told."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from salesforecast.reporting.html import Cell, Html, paragraph, row, safe, section, table
from salesforecast.reporting.report import TOO_LOW, Report, is_house
from salesforecast.reporting.wording import Wording

_SHOWN = 60


def person_section(report: Report, words: Wording) -> Html:
    """Every position in two columns, the largest target first, then what no person owns.

    Where the leaves are places and not people, the heading and the first column say which.
    """
    leaves = report.leaves.assign(where=report.leaves["parent"].map(report.plan.units["label"]))
    house = leaves["label"].map(is_house)
    people = leaves[~house].sort_values("target", ascending=False, kind="stable")
    owned = leaves[house].sort_values("target", ascending=False, kind="stable")
    level = words.level(report.plan.hierarchy.levels[-1])
    each = words.name("level", report.plan.hierarchy.levels[-1])
    title = words.html("person") if report.of_people else words.html("by_level", level=each)
    head = words.say("person_name") if report.of_people else level
    body: list[str] = _two_columns(people, head, report, words) if len(people) else []
    none, notes = owned["target"] == 0, [words.html("person_note")]
    small = owned[~none & (owned["target"].abs() < words.divisor)]
    asked = owned[owned["target"].abs() >= words.divisor]
    if len(asked):
        body.append(f"<h3>{words.html('house')}</h3>")
        body += _two_columns(asked, words.say("kind"), report, words)
    if none.any():
        notes.insert(0, words.html("house_none", n=int(none.sum())))
    if len(small):
        said = words.amount(small["target"].sum())
        notes.insert(0, words.count("house_small", len(small), amount=said))
    if report.hedged:
        notes.append(words.html("assigned_note"))
    body.append(note(notes, words))
    return section(Html(title), body)


def chance_cell(chance: float, target: float, words: Wording) -> Cell:
    """A chance; red and bold where it is low. No chance where nothing is asked."""
    if target == 0:
        return Cell(words.say("none"), "n")
    return Cell(words.chance(chance), "n bad" if chance < TOO_LOW else "n")


def heading(key: str, words: Wording, css: str = "") -> Cell:
    """The head of a column, called by its name in the catalogue."""
    return Cell(Html(words.html(key)), css)


def note(sentences: Sequence[str], words: Wording) -> Html:
    """Small print under a table; the sentences are HTML already."""
    return paragraph(Html(("" if words.language == "zh" else " ").join(sentences)), "note")


def _two_columns(frame: pd.DataFrame, title: str, report: Report, words: Wording) -> list[str]:
    shown, rest = frame.head(_SHOWN), frame.iloc[_SHOWN:]
    short = words.short_quarter(report.quarter)
    head = [Cell(title), heading("where", words), Cell(words.say("last", short=short), "n")]
    head.append(heading("target", words, "n"))
    if report.hedged:
        head.append(heading("assigned", words, "n"))
    head.append(heading("chance", words, "n"))
    half = (len(shown) + 1) // 2
    tables = [
        table(head, [_person_row(leaf, report, words) for leaf in side.to_dict("records")])
        for side in (shown.iloc[:half], shown.iloc[half:])
        if len(side)
    ]
    out = [f'<div class="two">{"".join(tables)}</div>']
    if len(rest):
        amount = words.amount(rest["target"].sum())
        out.append(note([words.html("person_more", n=len(rest), amount=amount)], words))
    return out


def _person_row(leaf: dict, report: Report, words: Wording) -> Html:
    name: str = safe(words.name("label", str(leaf["label"])))
    if leaf["limit"]:
        name += f'<span class="small">{safe(words.name("limit", str(leaf["limit"])))}</span>'
    cells = [
        Cell(Html(name)),
        Cell(str(leaf["where"]), "q one" if len(leaf["where"]) < 18 else "q"),
        Cell(words.amount(leaf["baseline"]), "n q"),
        Cell(words.amount(leaf["target"]), "n tg"),
    ]
    if report.hedged:
        cells.append(Cell(words.amount(leaf["assigned"]), "n"))
    return row([*cells, chance_cell(leaf["chance"], leaf["target"], words)])
