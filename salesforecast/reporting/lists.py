"""The workbook's overview, and its lists: limits, findings, hindcast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from salesforecast.findings import said
from salesforecast.reporting.levels import Layout, sum_of_positions, unit_note
from salesforecast.reporting.report import Report
from salesforecast.reporting.sheet import HEAD_ROW, Column, Sheet
from salesforecast.reporting.split import limits_in_words
from salesforecast.reporting.wording import Wording

_GRAVEST_FIRST = ("error", "warning", "note", "repair")


def write_overview(sheet: Sheet, layout: Layout, names: Sequence[str]) -> None:
    """The plan's total beside the sum of its positions, and a link to every sheet."""
    words, report = layout.words, layout.report
    columns = [Column(words.say("what"), width=38), Column(words.say("target"), "money", 18)]
    sheet.open(
        f"{report.organisation}, {words.quarter(report.quarter)}",
        unit_note(report, words),
        columns,
        frozen=0,
    )
    target, chance = int(report.company["target"]), float(report.plan.chance_of_total)
    row = HEAD_ROW + 1
    sheet.text(row, 0, words.say("book_total"))
    sheet.cell(row, 1, target, "total")
    sheet.text(row + 1, 0, words.say("book_sum"))
    sheet.formula(row + 1, 1, sum_of_positions(layout), target, "total")
    sheet.text(row + 2, 0, words.say("book_gap"))
    sheet.formula(row + 2, 1, f"=B{row + 2}-B{row + 1}", 0, "total")
    sheet.text(row + 3, 0, words.say("book_chance"))
    sheet.cell(row + 3, 1, chance, "percent")
    sheet.text(row + 5, 0, words.say("book_sheets"), "head")
    for at, name in enumerate(names):
        quoted = name.replace("'", "''")
        sheet.to.write_url(row + 6 + at, 0, f"internal:'{quoted}'!A1", string=name)
    sheet.close(columns, [])


def write_lists(add: Callable[[str], Sheet], report: Report, words: Wording) -> list[str]:
    """Write the lists that have a row; `add` makes a sheet. Returns the sheets' names."""
    lists = [
        ("sheet_limits", limits_in_words(report, words), _limit_columns(words)),
        ("sheet_findings", _findings(report, words), _finding_columns(words)),
    ]
    if report.hindcast is not None:
        summary = report.hindcast.summary.rename_axis("method").reset_index()
        summary["method"] = summary["method"].map(words.method)
        detail = report.hindcast.detail.assign(
            method=report.hindcast.detail["method"].map(words.method)
        )
        lists += [
            ("sheet_hindcast", summary, _hindcast_columns(words)),
            ("sheet_far_off", report.hindcast.far_off, _far_columns(words)),
            ("sheet_detail", detail, _detail_columns(words)),
        ]
    names = []
    for key, frame, columns in lists:
        if frame.empty:
            continue
        sheet = add(words.say(key))
        note = report.hindcast.note if key == "sheet_hindcast" and report.hindcast else ""
        _write(sheet, words.say(key), note, frame, columns)
        names.append(sheet.name)
    return names


def _write(
    sheet: Sheet, title: str, note: str, frame: pd.DataFrame, columns: dict[str, Column]
) -> None:
    shown = {name: column for name, column in columns.items() if name in frame}
    heads = list(shown.values())
    sheet.open(title, note, heads, frozen=1)
    rows: list[list[Any]] = frame[list(shown)].to_numpy(dtype=object).tolist()
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            sheet.cell(HEAD_ROW + 1 + at, column, value, heads[column].style)
    sheet.close(heads, rows)


def _findings(report: Report, words: Wording) -> pd.DataFrame:
    worded = (said(finding, words.language) for finding in report.findings)
    found = sorted(worded, key=lambda f: _GRAVEST_FIRST.index(f.severity))
    rows = [
        (words.name("severity", f.severity), f.what, f.where, f.rows or None, f.effect)
        for f in found
    ]
    return pd.DataFrame(rows, columns=["severity", "what", "where", "rows", "effect"])


def _limit_columns(words: Wording) -> dict[str, Column]:
    return {
        "limit": Column(words.say("limit")),
        "label": Column(words.say("unit")),
        "held_at": Column(words.say("held_at"), "money"),
        "would_be": Column(words.say("would_be"), "money"),
        "effect": Column(words.say("if_lifted"), "money"),
        "owner": Column(words.say("set_by")),
        "reason": Column(words.say("why")),
    }


def _finding_columns(words: Wording) -> dict[str, Column]:
    return {
        "severity": Column(words.say("severity")),
        "what": Column(words.say("what"), "wrapped", 50),
        "where": Column(words.say("place"), "wrapped", 40),
        "rows": Column(words.say("rows"), "money"),
        "effect": Column(words.say("effect"), "wrapped", 60),
    }


def _hindcast_columns(words: Wording) -> dict[str, Column]:
    ratios = ("spread", "spread_low", "spread_high", "weighted_spread")
    return {
        "method": Column(words.say("method")),
        **{name: Column(words.say(name), "ratio") for name in ratios},
        "share_80_120": Column(words.say("share_80_120"), "percent"),
        "person_quarters": Column(words.say("person_quarters"), "count"),
    }


def _far_columns(words: Wording) -> dict[str, Column]:
    return {
        "quarter": Column(words.say("quarter"), "date"),
        "label": Column(words.say("person_name")),
        "target": Column(words.say("target"), "money"),
        "actual": Column(words.say("actual"), "money"),
        "attainment": Column(words.say("attainment"), "percent"),
        "why": Column(words.say("why"), "wrapped", 60),
    }


def _detail_columns(words: Wording) -> dict[str, Column]:
    return {
        "method": Column(words.say("method")),
        "quarter": Column(words.say("quarter"), "date"),
        "node": Column(words.say("unit")),
        "label": Column(words.say("person_name")),
        "target": Column(words.say("target"), "money"),
        "actual": Column(words.say("actual"), "money"),
        "attainment": Column(words.say("attainment"), "percent"),
    }
