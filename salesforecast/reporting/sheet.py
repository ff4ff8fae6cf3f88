"""One sheet of a workbook: titles, columns with formats and widths, and how it prints."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesforecast.reporting.wording import Wording

HEAD_ROW = 3  # below the title, the note and a blank row; rows count from 0
_LONGEST_CELL = 32_767
_LONGEST_NAME = 31
_WIDEST = 60.0
FORMATS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14},
    "note": {"font_color": "#4D5761"},
    "head": {"bold": True, "bg_color": "#EEF1F4", "bottom": 1, "text_wrap": True, "valign": "bottom"},
    "head_right": {
        "bold": True, "bg_color": "#EEF1F4", "bottom": 1, "text_wrap": True, "valign": "bottom",
        "align": "right",
    },
    "text": {},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "bold": {"bold": True},
    "money": {"num_format": '#,##0;[Red]"−"#,##0;0'},
    "source": {"num_format": '#,##0;[Red]"−"#,##0;0', "font_color": "#0B57A4", "bg_color": "#E8F1FB"},
    "total": {"num_format": '#,##0;[Red]"−"#,##0;0', "bold": True},
    "share": {"num_format": '+0.0%;[Red]"−"0.0%;0.0%'},
    "percent": {"num_format": "0%"},
    "ratio": {"num_format": "0.000"},
    "count": {"num_format": "0"},
    "key": {"num_format": "0", "font_color": "#8A939B"},
    "date": {"num_format": "yyyy-mm-dd"},
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column: its head and one of `FORMATS`; figures stand right, text left."""

    head: str
    style: str = "text"
    width: float | None = None


@dataclass(frozen=True)
class Sheet:
    """A worksheet with the workbook's formats and the reader's words; `head` is the row of its heads."""

    to: Any
    style: dict[str, Any]
    words: Wording
    head: int = HEAD_ROW

    @property
    def name(self) -> str:
        """Name on the sheet's tab."""
        return str(self.to.get_name())

    def open(self, title: str, note: str, columns: Sequence[Column], *, frozen: int) -> None:
        """Write title, note and head; freeze them and the first `frozen` columns; set up the print."""
        self.text(0, 0, title, "title")
        self.text(1, 0, note, "note")
        for at, column in enumerate(columns):
            right = column.style not in ("text", "wrapped", "date")
            self.text(self.head, at, column.head, "head_right" if right else "head")
        self.to.freeze_panes(self.head + 1, frozen)
        self.to.set_landscape()
        self.to.set_paper(9)  # A4
        self.to.fit_to_pages(1, 0)
        self.to.repeat_rows(self.head)
        self.to.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        self.to.set_footer(f"&L&A&R{self.words.say('page')} &P / &N")

    def close(self, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
        """Set widths by what the columns hold, and a filter over the rows."""
        for at, column in enumerate(columns):
            held = [_shown(row[at], column.style) for row in rows]
            width = max(
                [_width(t) for t in held] + [_width(p) for p in column.head.split()] + [7.0]
            )
            self.to.set_column(at, at, column.width or min(width + 1.5, _WIDEST))
        if rows:
            self.to.autofilter(self.head, 0, self.head + len(rows), len(columns) - 1)

    def text(self, row: int, column: int, text: object, style: str = "text") -> None:
        """Write text, which never becomes a formula, a link or a number."""
        self.to.write_string(row, column, str(text)[:_LONGEST_CELL], self.style[style])

    def cell(self, row: int, column: int, value: Any, style: str) -> None:
        """Write one value: missing as blank, numbers as numbers, all else as text."""
        if isinstance(value, str):
            self.text(row, column, value, style)
        elif value is None or pd.isna(value):
            self.to.write_blank(row, column, None, self.style[style])
        elif isinstance(value, pd.Timestamp):
            self.to.write_datetime(row, column, value.to_pydatetime(), self.style[style])
        else:
            self.to.write_number(row, column, value, self.style[style])

    def formula(self, row: int, column: int, formula: str, value: Any, style: str) -> None:
        """Write a formula with the value that it has; missing shows as empty text."""
        cached = "" if pd.isna(value) else value
        self.to.write_formula(row, column, formula, self.style[style], cached)


def formats(book: Any, own: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """The formats of `FORMATS`, and a workbook's own, by name."""
    return {name: book.add_format(values) for name, values in (FORMATS | dict(own or {})).items()}


def quoted(name: str) -> str:
    """A sheet's name as formulas write it: `'North America'`."""
    return "'" + name.replace("'", "''") + "'"


def sheet_name(name: str, taken: Sequence[str]) -> str:
    """`name` as a sheet may be called: 31 characters, none of `[]:*?/\\`, not taken."""
    clean = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", name).strip(" '") or "-"
    clean = clean[:1].upper() + clean[1:_LONGEST_NAME]
    if clean.lower() == "history":  # reserved by Excel
        clean += " "
    lower, at, free = {t.lower() for t in taken}, 2, clean
    while free.lower() in lower:
        free = f"{clean[: _LONGEST_NAME - 1 - len(str(at))]} {at}"
        at += 1
    return free


def _shown(value: Any, style: str) -> str:
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):
        return ""
    if style in ("money", "source", "total"):
        return f"{value:,.0f}"
    return "2013-09-01" if style == "date" else "+00.0%" if style == "share" else "0.000"


def _width(text: str) -> float:
    """Width in characters; Chinese characters count twice, only the longest line counts."""
    lines = text.splitlines() or [""]
    wide = (sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in t) for t in lines)
    return float(max(wide))
