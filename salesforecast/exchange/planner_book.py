"""The planner's workbook: the tree of units to fill in, totals as live formulas, the months."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from salesforecast.exchange.book import Book, indent
from salesforecast.exchange.words import head
from salesforecast.history.organisation import Measure
from salesforecast.planning.plan import Plan
from salesforecast.reporting.sheet import Column, Sheet, quoted

HEAD = 6  # row of the heads on the sheet of targets: the company's total stands above
FIELDS = (
    "unit", "level", "baseline", "forecast", "floor", "ceiling", "plan", "target", "lock",
    "growth", "stretch", "chance", "owner", "reason", "path", "leaf",
)  # fmt: skip
AT = {field: at for at, field in enumerate(FIELDS)}
_STYLES = {
    "baseline": "rough", "forecast": "rough", "floor": "exact", "ceiling": "exact",
    "plan": "exact", "target": "exact", "growth": "share", "stretch": "share",
    "chance": "percent", "leaf": "key",
}  # fmt: skip
_WIDTHS = {
    "floor": 12.0, "ceiling": 12.0, "lock": 8.0, "owner": 14.0, "reason": 30.0, "path": 40.0,
}  # fmt: skip
_NOTHING = 1e-6


def planner_workbook(
    plan: Plan, measure: Measure, *, language: str = "en", name: str = ""
) -> bytes:
    """The plan as an Excel workbook to be filled in: what `load_back` reads again.

    Blue cells (floor, ceiling, a position's target, lock, set by, reason, the company's total)
    can be changed, the rest is protected without a password. Totals, growth, stretch and what is
    still to share are formulas stored with their values. Amounts stand in the measure's shown
    unit, which is said once a sheet.

    Parameters
    ----------
    name
        What the plan is called, with its version, for whoever opens the file: `"FY2014, version 3"`.

    Raises
    ------
    ParameterError
        If there is no catalogue of words for `language` (there are `en` and `zh`).
    """
    book = Book.of(plan, measure, language, name)
    book.instructions([f"howto_{at}" for at in range(1, 8)])
    targets = _targets(book)
    if len(plan.periods) > 1:
        _months(book, targets)
    return book.finish(first=1)


def _targets(book: Book) -> Sheet:
    sheet = book.sheet("sheet_targets", head=HEAD)
    language, units = book.wording.language, book.plan.units
    columns = [
        Column(head(language, field), _STYLES.get(field, "text"), _WIDTHS.get(field))
        for field in FIELDS
    ]
    sheet.open(book.title("title_targets"), book.note(), columns, frozen=1)
    first, last = HEAD + 1, HEAD + len(units)
    ends = _ends(units["depth"].tolist())
    rows = []
    for at, (node, unit) in enumerate(units.to_dict("index").items()):
        row = first + at
        values = _values(book, str(node), unit)
        for field, value in values.items():
            _write(book, sheet, row, field, value, unit, first + ends[at])
        rows.append([values[field] for field in FIELDS])
    _company(book, sheet, first)
    sheet.close(columns, rows)
    sheet.to.set_column(AT["leaf"], AT["leaf"], 4, None, {"hidden": True})
    _validate(book, sheet, units, first, last)
    _colour(sheet, book, first, last)
    return sheet


def _values(book: Book, node: str, unit: dict[str, Any]) -> dict[str, Any]:
    """What stands in a unit's row, by field; amounts in the workbook's unit."""
    wording, limits = book.wording, book.base.limits
    held = {kind: limits.get((node, kind)) for kind in ("lock", "floor", "ceiling")}
    said = next((one for one in held.values() if one), None)
    low, high, lock = held["floor"], held["ceiling"], held["lock"]
    return {
        "unit": book.labels[node],
        "level": wording.level(unit["level"]),
        "baseline": book.shown(unit["baseline"]),
        "forecast": book.shown(unit["forecast"]),
        "floor": book.shown(low.amount if low else None),
        "ceiling": book.shown(high.amount if high else None),
        "plan": book.shown(unit["target"]),
        "target": book.shown(unit["target"]),
        "lock": book.say("yes") if lock else "",
        "growth": unit["growth"],
        "stretch": unit["stretch"],
        "chance": unit["chance"],
        "owner": said.owner if said else "",
        "reason": said.reason if said else "",
        "path": node,
        "leaf": int(unit["leaf"]),
    }


def _write(
    book: Book, sheet: Sheet, row: int, field: str, value: Any, unit: dict[str, Any], end: int
) -> None:
    """Write one cell: known, to fill in, or a formula; `end` is the last row of the unit's parts."""
    column, style = AT[field], _STYLES.get(field, "text")
    if field == "unit":
        sheet.text(row, column, value, indent(unit["depth"]))
    elif field in ("floor", "ceiling"):
        sheet.cell(row, column, value, "input")
    elif field == "target" and unit["leaf"]:
        sheet.cell(row, column, value, "input_bold")
    elif field == "target":
        sheet.formula(row, column, _sum(column, row, end), value, "sum")
    elif field in ("growth", "stretch"):
        over = _cell(row, AT["baseline" if field == "growth" else "forecast"])
        formula = f'=IF({over}>0,{_cell(row, AT["target"])}/{over}-1,"")'
        sheet.formula(row, column, formula, value, style)
    elif field == "chance" and not pd.isna(value):
        moved = f"ABS({_cell(row, AT['target'])}-{_cell(row, AT['plan'])})<{_NOTHING}"
        sheet.formula(row, column, f'=IF({moved},{float(value)!r},"")', value, style)
    elif field in ("lock", "owner", "reason"):
        sheet.cell(row, column, value or None, "input_choice" if field == "lock" else "input_text")
    else:
        grey = {"plan": "grey", "path": "grey_text", "level": "grey_text"}
        sheet.cell(row, column, value, grey.get(field, style))


def _company(book: Book, sheet: Sheet, first: int) -> None:
    """Above the table: the company's total to fill in, what the targets add up to, and the rest."""
    column, total = AT["target"], book.shown(book.base.total)
    for at, key in enumerate(("company_total", "sum", "rest")):
        sheet.text(2 + at, column - 1, book.say(key), "label")
    sheet.cell(2, column, total, "input_bold")
    sheet.formula(3, column, f"={_cell(first, column)}", total, "sum")
    rest = f"=ROUND({_cell(2, column)}-{_cell(3, column)},6)"
    sheet.formula(4, column, rest, 0, "sum")


def _months(book: Book, targets: Sheet) -> None:
    """The months of every unit: known figures, totals as formulas, beside the targets."""
    sheet = book.sheet("sheet_months", head=3)
    language, units, months = book.wording.language, book.plan.units, book.plan.months
    said = [f"{book.wording.month(period)} {period.year}" for period in months.columns]
    if language == "zh":
        said = [f"{period.year}年{book.wording.month(period)}" for period in months.columns]
    heads = [head(language, "unit"), *said, head(language, "total"), head(language, "gap")]
    columns = [Column(heads[0])] + [Column(text, "exact") for text in heads[1:]]
    columns += [Column(head(language, "path"), "text", 40), Column(head(language, "leaf"), "key")]
    note = f"{book.note()} {book.say('months_note')}"
    sheet.open(book.title("title_months"), note, columns, frozen=1)
    first, count = 4, len(said)
    ends = _ends(units["depth"].tolist())
    flag, rows = len(columns) - 1, []
    for at, (node, unit) in enumerate(units.to_dict("index").items()):
        row = first + at
        label = book.labels[str(node)]
        figures = [book.shown(amount) for amount in months.loc[node]]
        sheet.text(row, 0, label, indent(unit["depth"]))
        for column, figure in enumerate(figures, start=1):
            if unit["leaf"]:
                sheet.cell(row, column, figure, "exact")
            else:
                formula = _sum(column, row, first + ends[at], flag=flag)
                sheet.formula(row, column, formula, figure, "sum")
        total = f"=SUM({_cell(row, 1)}:{_cell(row, count)})"
        sheet.formula(row, count + 1, total, book.shown(unit["target"]), "sum")
        gap = f"=ROUND({quoted(targets.name)}!{_cell(HEAD + 1 + at, AT['target'])}-{_cell(row, count + 1)},6)"
        sheet.formula(row, count + 2, gap, 0, "grey")
        sheet.text(row, count + 3, node, "grey_text")
        sheet.cell(row, flag, int(unit["leaf"]), "key")
        rows.append([label, *figures, book.shown(unit["target"]), 0, str(node), 1])
    sheet.close(columns, rows)
    sheet.to.set_column(flag, flag, 4, None, {"hidden": True})


def _sum(column: int, row: int, end: int, *, flag: int = AT["leaf"]) -> str:
    """The positions below a unit, which follow it without a gap, added up."""
    block = f"{_cell(row + 1, column)}:{_cell(end, column)}"
    flags = f"{_cell(row + 1, flag, whole=True)}:{_cell(end, flag, whole=True)}"
    return f"=SUMIFS({block},{flags},1)"


def _ends(depths: Sequence[int]) -> list[int]:
    """Position of the last row inside each unit, units in the tree's order."""
    ends = [0] * len(depths)
    still: list[int] = []
    for at, depth in enumerate([*depths, -1]):
        while still and depths[still[-1]] >= depth:
            ends[still.pop()] = at - 1
        still.append(at)
    return ends


def _validate(book: Book, sheet: Sheet, units: pd.DataFrame, first: int, last: int) -> None:
    """Amounts of zero or more, and yes or nothing; each with what it means."""
    amount = {"validate": "decimal", "criteria": ">=", "value": 0}
    bad = {"error_title": book.say("howto_title")[:32], "error_message": book.say("bad_amount")}
    unit = book.unit or book.measure.name
    prompt = book.say("amount_prompt", unit=unit)[:255]
    for field in ("floor", "ceiling"):
        sheet.to.data_validation(
            first, AT[field], last, AT[field], {**amount, **bad, "input_message": prompt}
        )
    wish = {**amount, **bad, "input_message": book.say("target_prompt")}
    sheet.to.data_validation(2, AT["target"], 2, AT["target"], {**amount, **bad})
    for start, end in _runs(units["leaf"].tolist()):
        sheet.to.data_validation(first + start, AT["target"], first + end, AT["target"], wish)
    lock = {"validate": "list", "source": [book.say("yes")]}
    lock["input_message"] = book.say("lock_prompt")
    sheet.to.data_validation(first, AT["lock"], last, AT["lock"], lock)


def _runs(wanted: Sequence[bool]) -> list[tuple[int, int]]:
    """First and last position of every unbroken run of true ones."""
    starts = [at for at, one in enumerate(wanted) if one and (at == 0 or not wanted[at - 1])]
    ends = [
        at for at, one in enumerate(wanted) if one and (at + 1 == len(wanted) or not wanted[at + 1])
    ]
    return list(zip(starts, ends, strict=True))


def _colour(sheet: Sheet, book: Book, first: int, last: int) -> None:
    """Changed targets, contradicting limits and what is still to share stand out."""
    bad = book.to.add_format({"bg_color": "#FDEEE6", "font_color": "#A63603", "bold": True})
    moved = book.to.add_format({"bg_color": "#FFF3C4", "bold": True})
    locked = book.to.add_format({"bg_color": "#E6E9EC"})
    low, high, target, known = (
        _cell(first, AT[f], beside=True) for f in ("floor", "ceiling", "target", "plan")
    )
    outside = f'OR(AND({low}<>"",{target}<{low}),AND({high}<>"",{target}>{high}))'
    clash = f'AND({low}<>"",{high}<>"",{low}>{high})'
    rules = [
        ("floor", "ceiling", clash, bad),
        ("target", "target", outside, bad),
        ("target", "target", f"ABS({target}-{known})>{_NOTHING}", moved),
        ("unit", "unit", f'{_cell(first, AT["lock"], beside=True)}<>""', locked),
    ]
    for start, end, formula, style in rules:
        area = (first, AT[start], last, AT[end])
        sheet.to.conditional_format(
            *area, {"type": "formula", "criteria": f"={formula}", "format": style}
        )
    rest = {"type": "cell", "criteria": "!=", "value": 0, "format": bad}
    sheet.to.conditional_format(4, AT["target"], 4, AT["target"], rest)


def _cell(row: int, column: int, *, whole: bool = False, beside: bool = False) -> str:
    """The address of a cell; `whole` fixes it, `beside` fixes its column."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    return str(xl_rowcol_to_cell(row, column, row_abs=whole, col_abs=whole or beside))
