"""The workbook that planners keep: a sheet per level, totals as formulas over the positions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from salesforecast.reporting.levels import Layout, write_level
from salesforecast.reporting.lists import write_lists, write_overview
from salesforecast.reporting.report import Report
from salesforecast.reporting.sheet import Sheet, formats, sheet_name
from salesforecast.reporting.wording import Wording


def write_workbook(report: Report, path: Path, language: str = "en") -> Path:
    """Write the report as an Excel workbook and return its path.

    First an overview, then one sheet per level of the hierarchy, the company first. On the
    last of them, the positions, the months are plain figures; every target and every total
    above is a live formula over them, stored with its value. After the levels: limits,
    findings, hindcast. Text from data is never a formula.

    Raises
    ------
    ParameterError
        If there is no catalogue of words for `language` (there are `en` and `zh`).
    """
    import xlsxwriter

    words = Wording(language, 1, calendar=report.plan.calendar)
    path = Path(path)
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    created = pd.Timestamp(report.plan.periods[0]).to_pydatetime()  # same plan, same bytes
    book.set_properties({"title": report.organisation, "created": created})
    book.set_calc_mode("auto")
    style = formats(book)
    layout = Layout.of(report, words)
    overview = _sheet(book, words.say("sheet_overview"), style, words)
    for level in layout.levels:
        write_level(_sheet(book, layout.sheets[level], style, words), level, layout)
    names = write_lists(lambda name: _sheet(book, name, style, words), report, words)
    write_overview(overview, layout, [*layout.sheets.values(), *names])
    book.close()
    return path


def _sheet(book: Any, name: str, style: dict[str, Any], words: Wording) -> Sheet:
    taken = [sheet.get_name() for sheet in book.worksheets()]
    return Sheet(book.add_worksheet(sheet_name(name, taken)), style, words)
