"""What both workbooks share: formats of cells to fill in, units, instructions, the hidden sheet."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from salesforecast.exchange.stamp import SHEET, Base, base_of, rows_of
from salesforecast.exchange.words import say
from salesforecast.history.organisation import Measure
from salesforecast.planning.plan import Plan
from salesforecast.reporting.labels import place_labels
from salesforecast.reporting.sheet import Sheet, formats, sheet_name
from salesforecast.reporting.wording import Wording

MOST_DECIMALS = 4
_INPUT = {"bg_color": "#E8F1FB", "font_color": "#0B57A4", "locked": False}
_DEEPEST = 15


def decimals_of(divisor: int, step: int) -> int:
    """Decimals that show a multiple of `step` in units of `divisor` in full, four at most."""
    for decimals in range(MOST_DECIMALS):
        if step * 10**decimals % divisor == 0:
            return decimals
    return MOST_DECIMALS if divisor > 1 else 0


def span_words(plan: Plan, wording: Wording) -> str:
    """The months of a plan: `Sep to Nov 2013`."""
    first, last = plan.periods[0], plan.periods[-1]
    english = f"{first:%b %Y} to {last:%b %Y}" if len(plan.periods) > 1 else f"{first:%b %Y}"
    return wording.span(english, plan.periods)


@dataclass(frozen=True)
class Book:
    """A workbook being written for one plan, in one language and one unit of amounts."""

    plan: Plan
    measure: Measure
    wording: Wording
    base: Base
    to: Any
    style: dict[str, Any]
    stream: io.BytesIO

    @classmethod
    def of(cls, plan: Plan, measure: Measure, language: str, name: str) -> Book:
        """An empty workbook with its formats; equal plans give equal bytes."""
        import xlsxwriter

        stream = io.BytesIO()
        book = xlsxwriter.Workbook(
            stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        created = pd.Timestamp(plan.periods[0]).to_pydatetime()
        book.set_properties({"title": plan.hierarchy.label, "created": created})
        book.set_calc_mode("auto")
        divisor = max(measure.divisor, 1)
        decimals = decimals_of(divisor, plan.scenario.step)
        style = formats(book, _formats(decimals))
        wording = Wording(language, divisor, calendar=plan.calendar)
        base = base_of(plan, divisor=divisor, name=name)
        return cls(plan, measure, wording, base, book, style, stream)

    @cached_property
    def labels(self) -> dict[str, str]:
        """Node to what people call it."""
        return place_labels(self.plan.units, self.wording)

    @property
    def unit(self) -> str:
        """What shown amounts are counted in: `thousand USD`, `万元`; may be empty."""
        measure = self.measure
        return self.wording.unit(measure.unit, measure.display or measure.unit)

    def say(self, key: str, **parts: object) -> str:
        """The words for `key`."""
        return say(self.wording.language, key, **parts)

    def title(self, key: str) -> str:
        """Title of a sheet: whose plan of which months, and what."""
        span = span_words(self.plan, self.wording)
        return self.say(key, organisation=self.plan.hierarchy.label, span=span)

    def note(self) -> str:
        """The line below a title: the unit, said once, and the stamp."""
        unit = self.say("unit_said", unit=self.unit) if self.unit else self.say("no_unit_said")
        return f"{unit} {self.say('stamp', stamp=self.base.digest)}"

    def sheet(self, key: str, *, head: int) -> Sheet:
        """A new protected sheet; only cells that are made to be filled in can be changed."""
        taken = [sheet.get_name() for sheet in self.to.worksheets()]
        made = self.to.add_worksheet(sheet_name(self.say(key), taken))
        allowed = ("format_cells", "format_columns", "format_rows", "sort", "autofilter")
        made.protect("", dict.fromkeys(allowed, True))
        return Sheet(made, self.style, self.wording, head)

    def shown(self, amount: float | None) -> float | None:
        """An amount in the unit of the workbook; missing stays missing."""
        return None if amount is None or pd.isna(amount) else amount / self.base.divisor

    def instructions(self, keys: Sequence[str]) -> None:
        """The first sheet: how the workbook is filled in, in one screen."""
        sheet = self.sheet("sheet_howto", head=0)
        sheet.to.hide_gridlines(2)
        sheet.to.set_column(0, 0, 4)
        sheet.to.set_column(1, 1, 110)
        sheet.text(0, 0, self.say("howto_title"), "title")
        name = f"{self.base.name}, " if self.base.name else ""
        span = span_words(self.plan, self.wording)
        about = self.say("howto_plan", name=name, organisation=self.plan.hierarchy.label, span=span)
        sheet.text(1, 0, about, "note")
        if self.unit:
            sheet.text(
                2, 0, self.say("howto_unit", unit=self.unit, example=self.say("example_unit"))
            )
        for at, (style, key) in enumerate((("input", "howto_blue"), ("known", "howto_grey"))):
            sheet.to.write_blank(4 + at, 0, None, self.style[style])
            sheet.text(4 + at, 1, self.say(key))
        for at, key in enumerate(keys):
            sheet.to.write_number(7 + at, 0, at + 1, self.style["count"])
            sheet.text(7 + at, 1, self.say(key), "wrapped")

    def finish(self, *, first: int = 0) -> bytes:
        """Add the hidden sheet and close; `first` is the sheet that opens."""
        hidden = self.to.add_worksheet(SHEET)
        for row, values in enumerate(rows_of(self.base)):
            for column, value in enumerate(values):
                write = hidden.write_string if isinstance(value, str) else hidden.write_number
                write(row, column, value)
        hidden.very_hidden()
        self.to.worksheets()[first].activate()
        self.to.close()
        return self.stream.getvalue()


def _formats(decimals: int) -> dict[str, dict[str, Any]]:
    zeros = f"#,##0.{'0' * decimals}" if decimals else "#,##0"
    roughly = "#,##0.0" if decimals else "#,##0"
    exact, rough = (f'{f};[Red]"−"{f};0' for f in (zeros, roughly))
    grey = {"font_color": "#69737D"}
    own: dict[str, dict[str, Any]] = {
        "known": {"bg_color": "#F6F7F9"},
        "rough": {"num_format": rough},
        "exact": {"num_format": exact},
        "grey": {"num_format": exact, **grey},
        "grey_text": grey,
        "sum": {"num_format": exact, "bold": True},
        "input": {"num_format": exact, **_INPUT},
        "input_bold": {"num_format": exact, "bold": True, **_INPUT},
        "input_text": {"indent": 1, **_INPUT},
        "input_plain": {"num_format": "0.####", **_INPUT},
        "input_month": {"num_format": "yyyy-mm", **_INPUT},
        "input_choice": {"align": "center", **_INPUT},
        "label": {"bold": True, "align": "right"},
    }
    for depth in range(_DEEPEST + 1):
        own[f"unit {depth}"] = {"indent": depth, "bold": depth == 0}
    return own


def indent(depth: int) -> str:
    """Name of the format that indents a unit by its depth."""
    return f"unit {min(depth, _DEEPEST)}"
