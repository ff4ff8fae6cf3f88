"""The input template: limits, people and capacities as lists to fill in, with who set them and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from salesforecast.exchange.book import Book
from salesforecast.exchange.words import KINDS, PER, head
from salesforecast.history.organisation import Measure
from salesforecast.planning.decision import Headcount
from salesforecast.planning.plan import Plan
from salesforecast.reporting.sheet import Column, Sheet, quoted
from salesforecast.rules import Capacity

LIMITS = ("unit", "limit", "amount", "owner", "reason")
PEOPLE = ("unit", "start", "count", "ramp", "does", "per", "work", "brings", "owner", "reason")
CAPACITIES = ("unit", "amount", "work", "used_by", "brings", "owner", "reason")
FREE_ROWS = 200  # to fill in, below what is known
_HEAD = 3
_STYLES = {
    "unit": "input_text", "limit": "input_choice", "amount": "input", "start": "input_month",
    "count": "input_plain", "ramp": "input_plain", "does": "input_plain", "per": "input_choice",
    "work": "input_text", "brings": "input_plain", "used_by": "input_text",
    "owner": "input_text", "reason": "input_text",
}  # fmt: skip
_WIDTHS = {"unit": 44.0, "used_by": 44.0, "owner": 16.0, "reason": 40.0, "work": 18.0}


def input_template(plan: Plan, measure: Measure, *, language: str = "en", name: str = "") -> bytes:
    """Lists of limits, people and capacities as an Excel workbook; what `load_back` reads again.

    What the plan's scenario says already stands in the first rows. Units are chosen from a list
    and written as their place in the tree, which is never ambiguous.

    Raises
    ------
    ParameterError
        If there is no catalogue of words for `language` (there are `en` and `zh`).
    """
    book = Book.of(plan, measure, language, name)
    book.instructions(
        ["howto_template_1", "howto_template_2", "howto_template_3", "howto_5", "howto_6"]
    )
    scenario = plan.scenario
    limits = [
        {"unit": node, "limit": KINDS[language][kind], "amount": book.shown(held.amount),
         "owner": held.owner, "reason": held.reason}
        for (node, kind), held in book.base.limits.items()
    ]  # fmt: skip
    people = [row for one in scenario.headcount for row in _people(book, one)]
    stocks = [r for one in scenario.rules if isinstance(one, Capacity) for r in _stock(book, one)]
    _list(book, "limits", LIMITS, limits)
    _list(book, "people", PEOPLE, people)
    _list(book, "capacities", CAPACITIES, stocks)
    _units(book)
    return book.finish(first=1)


def _people(book: Book, one: Headcount) -> list[dict[str, Any]]:
    """A group of people, a row a start; groups that others use as well stay in the scenario only."""
    if set(one.uses) != {one.node}:
        return []
    use = one.uses[one.node]
    per = "month" if one.per_month else "day"
    known = {
        "unit": one.node, "does": one.per_month or one.per_day,
        "per": PER[book.wording.language][per], "work": one.unit,
        "brings": 1 / use / book.base.divisor, "owner": one.owner, "reason": one.reason,
    }  # fmt: skip
    return [
        known | {
            "start": pd.Timestamp(str(entry["start"])),
            "count": entry.get("count", 1), "ramp": entry.get("ramp", 0),
        }
        for entry in one.people
    ]  # fmt: skip


def _stock(book: Book, one: Capacity) -> list[dict[str, Any]]:
    """A capacity, a row for each unit that uses it."""
    return [
        {"unit": one.node, "amount": one.amount, "work": one.unit, "used_by": node,
         "brings": 1 / use / book.base.divisor, "owner": one.owner, "reason": one.reason}
        for node, use in one.uses.items()
        if use > 0
    ]  # fmt: skip


def _list(book: Book, kind: str, fields: Sequence[str], known: Sequence[dict[str, Any]]) -> None:
    """One list: what is known, and empty rows below it."""
    language = book.wording.language
    sheet = book.sheet(f"sheet_{kind}", head=_HEAD)
    columns = [Column(head(language, field), "text", _WIDTHS.get(field, 14.0)) for field in fields]
    sheet.open(book.title(f"title_{kind}"), book.note(), columns, frozen=1)
    count = len(known) + FREE_ROWS
    for at in range(count):
        row = known[at] if at < len(known) else {}
        for column, field in enumerate(fields):
            style = _STYLES[field]
            if kind == "capacities" and field == "amount":
                style = "input_plain"
            value = row.get(field)
            sheet.cell(_HEAD + 1 + at, column, None if value == "" else value, style)
    sheet.close(columns, [])
    _validate(book, sheet, fields, _HEAD + 1, _HEAD + count)


def _validate(book: Book, sheet: Sheet, fields: Sequence[str], first: int, last: int) -> None:
    language = book.wording.language
    from_units = f"={quoted(book.say('sheet_units'))}!$A$1:$A${len(book.plan.units)}"
    choices: dict[str, Any] = {
        "unit": from_units, "used_by": from_units,
        "limit": list(KINDS[language].values()), "per": list(PER[language].values()),
    }  # fmt: skip
    for column, field in enumerate(fields):
        rule: dict[str, Any] | None = None
        if field in choices:
            rule = {"validate": "list", "source": choices[field], "input_message": book.say("pick"),
                    "error_type": "warning"}  # fmt: skip
        elif field in ("amount", "does", "brings", "ramp"):
            rule = {"validate": "decimal", "criteria": ">=", "value": 0,
                    "error_message": book.say("bad_amount")}  # fmt: skip
        if rule:
            sheet.to.data_validation(first, column, last, column, rule)


def _units(book: Book) -> None:
    """The units to choose from, with what people call them beside their place."""
    sheet = book.sheet("sheet_units", head=0)
    for row, node in enumerate(book.plan.units.index):
        sheet.text(row, 0, node)
        sheet.text(row, 1, book.labels[str(node)], "grey_text")
    sheet.to.set_column(0, 0, 60)
    sheet.to.set_column(1, 1, 30)
