"""The sheets of the levels: positions hold the months, every level above sums them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from salesforecast.reporting.report import Report
from salesforecast.reporting.sheet import HEAD_ROW, Column, Sheet, quoted, sheet_name
from salesforecast.reporting.wording import Wording


@dataclass(frozen=True)
class Field:
    """One column of a level's sheet: what it is called and where its figures come from.

    `source` is a column of the plan's units or a month; `as_` says how it is kept: `value`,
    `sum` (a formula above the positions), `months` (the sum of the row's months), `growth`
    and `stretch` (target over baseline and forecast).
    """

    name: str
    column: Column
    as_: str
    source: Any


@dataclass(frozen=True)
class Layout:
    """Which sheet and column holds what, the same on every level.

    Parameters
    ----------
    levels
        Levels from the top; the last holds the positions.
    sheets
        Level to the name of its sheet.
    fields
        Columns after `No.`, the name, and the names of the levels between it and the company.
    """

    report: Report
    words: Wording
    levels: tuple[str, ...]
    sheets: dict[str, str]
    fields: tuple[Field, ...]

    @classmethod
    def of(cls, report: Report, words: Wording) -> Layout:
        """The layout of one report in the reader's words."""
        levels = tuple(dict.fromkeys(report.plan.hierarchy.levels))
        used = set(report.plan.units["level"])
        levels = tuple(level for level in levels if level in used)
        sheets: dict[str, str] = {}
        taken = [words.say(k) for k in _TAKEN]
        for level in levels:
            sheets[level] = sheet_name(words.level(level), taken)
            taken.append(sheets[level])
        return cls(report, words, levels, sheets, tuple(_fields(report, words)))

    @property
    def positions(self) -> str:
        """Name of the sheet that holds the months."""
        return self.sheets[self.levels[-1]]

    @cached_property
    def numbers(self) -> pd.Series:
        """Node to its number in the tree, from 1."""
        nodes = self.report.plan.units.index
        return pd.Series(range(1, len(nodes) + 1), index=nodes)

    @cached_property
    def rows(self) -> dict[str, pd.DataFrame]:
        """Level to its units, in the tree's order, months beside them."""
        units = self.report.plan.units.join(self.report.plan.months)
        return {level: units[units["level"] == level] for level in self.levels}

    @cached_property
    def above(self) -> pd.DataFrame:
        """Node × level: the unit of that level that the node lies in; empty where none."""
        units, hierarchy = self.report.plan.units, self.report.plan.hierarchy
        level_of = units["level"].to_dict()
        found = [{level_of[n]: n for n in hierarchy.ancestors(node)} for node in units.index]
        frame = pd.DataFrame(found, index=units.index, columns=list(self.levels[:-1]))
        return frame.fillna("")

    @cached_property
    def keys(self) -> pd.DataFrame:
        """Leaf × level above: the number of the unit that the leaf lies in; missing where none."""
        leaves = self.above.loc[self.rows[self.levels[-1]].index]
        return leaves.apply(lambda nodes: nodes.map(self.numbers.to_dict()))

    def columns(self, level: str) -> list[Column]:
        """Columns of a level's sheet; the positions' ends with the keys that the sums look up."""
        words = self.words
        names = [level, *self.between(level)]
        columns = [Column(words.say("number"), "key")]
        columns += [Column(words.level(name)) for name in names]
        columns += [field.column for field in self.fields]
        if level == self.levels[-1]:
            columns += [
                Column(words.say("key", level=words.name("level", upper)), "key")
                for upper in self.levels[:-1]
            ]
        return columns

    def between(self, level: str) -> list[str]:
        """Levels between the company and this one."""
        return list(self.levels[1 : max(self.levels.index(level), 1)])

    def first(self, level: str) -> int:
        """Position of a sheet's first field among its columns, from 0."""
        return 2 + len(self.between(level))

    def at(self, name: str, level: str) -> int:
        """Position of the field called `name` among the columns of a level's sheet, from 0."""
        return self.first(level) + [field.name for field in self.fields].index(name)

    def whole(self, column: int) -> str:
        """Address of a column's figures on the positions' sheet, for a formula."""
        from xlsxwriter.utility import xl_range_abs

        last = HEAD_ROW + len(self.rows[self.levels[-1]])
        return f"{quoted(self.positions)}!{xl_range_abs(HEAD_ROW + 1, column, last, column)}"


_TAKEN = ("sheet_overview", "sheet_limits", "sheet_findings", "sheet_hindcast", "sheet_far_off", "sheet_detail")  # fmt: skip


def write_level(sheet: Sheet, level: str, layout: Layout) -> None:
    """Write one level's units, a row each."""
    words, report = layout.words, layout.report
    columns, units = layout.columns(level), layout.rows[level]
    lowest = level == layout.levels[-1]
    title = f"{report.organisation}, {words.quarter(report.quarter)}: {words.name('level', level)}"
    source = words.say("book_leaf") if lowest else words.say("book_source", sheet=layout.positions)
    note = f"{unit_note(report, words)} {source}"
    sheet.open(title, note, columns, frozen=2)
    labels = report.plan.units["label"].to_dict()
    above = layout.above[layout.between(level)].to_dict("index")
    keys = layout.keys.to_dict("index") if lowest else {}
    first, rows = layout.first(level), []
    for at, (node, unit) in enumerate(units.to_dict("index").items()):
        row = HEAD_ROW + 1 + at
        names = [labels.get(upper, "") for upper in above[node].values()]
        head = [int(layout.numbers[node]), words.name("label", unit["label"]), *names]
        for column, value in enumerate(head):
            sheet.cell(row, column, value, columns[column].style)
        values = [_write(sheet, row, field, unit, level, layout) for field in layout.fields]
        own = list(keys.get(node, {}).values())
        for column, key in enumerate(own, start=first + len(values)):
            sheet.cell(row, column, key, "key")
        rows.append([*head, *values, *own])
    sheet.close(columns, rows)
    if lowest:
        last = len(columns) - 1
        sheet.to.set_column(first + len(layout.fields), last, 8, None, {"level": 1, "hidden": True})


def _write(sheet: Sheet, row: int, field: Field, unit: dict, level: str, layout: Layout) -> Any:
    """Write one cell, as a figure or as a formula with its value; return the value."""
    column, value = layout.at(field.name, level), unit[field.source]
    formula = _formula(field, row, level, layout)
    style = field.column.style
    if formula:
        sheet.formula(row, column, formula, value, "total" if field.name == "target" else style)
    else:
        months = field.as_ == "sum" and isinstance(field.source, pd.Timestamp)
        sheet.cell(row, column, value, "source" if months else style)
    return value


def _formula(field: Field, row: int, level: str, layout: Layout) -> str:
    from xlsxwriter.utility import xl_rowcol_to_cell as cell

    lowest = level == layout.levels[-1]
    if field.as_ == "months":
        months = [f.name for f in layout.fields if isinstance(f.source, pd.Timestamp)]
        first, last = (cell(row, layout.at(name, level)) for name in (months[0], months[-1]))
        return f"=SUM({first}:{last})"
    if field.as_ in ("growth", "stretch"):
        known = "baseline" if field.as_ == "growth" else "forecast"
        over = cell(row, layout.at(known, level))
        return f'=IF({over}>0,{cell(row, layout.at("target", level))}/{over}-1,"")'
    if field.as_ != "sum" or lowest:
        return ""
    positions = layout.levels[-1]
    key = layout.first(positions) + len(layout.fields) + layout.levels.index(level)
    summed, keys = layout.whole(layout.at(field.name, positions)), layout.whole(key)
    return f"=SUMIFS({summed},{keys},{cell(row, 0, col_abs=True)})"


def _fields(report: Report, words: Wording) -> list[Field]:
    units, short = report.plan.units, words.short_quarter(report.quarter)
    last = words.say("last", short=short)
    out = [
        Field("baseline", Column(last, "money"), "sum", "baseline"),
        Field("forecast", Column(words.say("forecast"), "money"), "sum", "forecast"),
        Field("low", Column(words.say("low"), "money"), "value", "low80"),
        Field("high", Column(words.say("high"), "money"), "value", "high80"),
        Field("target", Column(words.say("target"), "total"), "months", "target"),
    ]
    if report.hedged:
        out.append(Field("assigned", Column(words.say("assigned"), "money"), "value", "assigned"))
    out += [
        Field("growth", Column(words.say("growth_plain"), "share"), "growth", "growth"),
        Field("stretch", Column(words.say("stretch_plain"), "share"), "stretch", "stretch"),
        Field("chance", Column(words.say("chance"), "percent"), "value", "chance"),
    ]
    for period in report.plan.months.columns:
        head = Column(f"{words.month(period)} {period.year}", "money")
        out.append(Field(f"month {period}", head, "sum", period))
    out.append(Field("limit", Column(words.say("held_by")), "value", "limit"))
    if "sentence" in units:
        out.append(Field("why", Column(words.say("why"), width=90), "value", "sentence"))
    return out


def unit_note(report: Report, words: Wording) -> str:
    """What the amounts are counted in, where it is known, and what the ratios mean."""
    unit = words.say("book_unit", unit=report.unit) if report.unit else ""
    return unit + words.say("book_ratios", short=words.short_quarter(report.quarter))


def sum_of_positions(layout: Layout) -> str:
    """Formula of the overview: the positions' targets in all."""
    return f"=SUM({layout.whole(layout.at('target', layout.levels[-1]))})"
