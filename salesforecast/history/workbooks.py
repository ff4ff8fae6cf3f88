"""Excel sheets: the right sheet, title rows above the names, merged cells."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from salesforecast.errors import DataError, Finding
from salesforecast.findings import repair
from salesforecast.history.bombs import check_zip
from salesforecast.history.headers import ZONE, clean_names, find_header

_ZIP = b"PK\x03\x04"


def read_sheet(
    data: bytes, name: str, sheet: str, wanted: Sequence[str]
) -> tuple[list[list[Any]], int, list[str], list[Finding]]:
    """Read a sheet of a workbook: its grid, the row of the names (from 0), the names, repairs.

    Without a declared `sheet` it is the one that has the wanted columns, else the longest.
    Merged cells all take the value of their first.

    Raises
    ------
    DataError
        If the workbook is damaged, has no such sheet, or no column names.
    """
    import python_calamine

    if data.startswith(_ZIP):
        check_zip(data, name)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = book.sheet_names
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise _unreadable(name, error) from error
    if sheet and sheet not in names:
        raise DataError(
            f"there is no sheet '{sheet}'.", where=f"{name}, sheets {names}", fix="correct `sheet`."
        )
    try:
        read = {each: _grid(book, each) for each in ([sheet] if sheet else names)}
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise _unreadable(name, error) from error
    chosen = max(read, key=lambda each: _fit(read[each][0], wanted))
    grid, merged = read[chosen]
    findings = []
    if len(names) > 1 and not sheet:
        findings.append(repair("sheet", name, sheet=chosen, n=len(names)))
    if not any(any(value not in ("", None) for value in row) for row in grid):
        raise DataError("the sheet is empty.", where=f"{name}, '{chosen}'", fix="export it again.")
    areas = [area for area in merged if area[0][0] < len(grid)]
    _fill_merged(grid, areas)
    header = find_header(grid[:ZONE], wanted, name, areas)
    findings += header.findings
    if any(area[0][0] > header.last for area in areas):
        findings.append(repair("merged", name))
    return grid, header.last, header.names, findings


def _unreadable(name: str, error: Exception) -> DataError:
    return DataError(
        "the workbook cannot be read.",
        where=f"{name}: {error}",
        fix="open it in Excel, remove a password if it has one, and save it again as .xlsx.",
    )


def _grid(book: Any, sheet: str) -> tuple[list[list[Any]], list[Any]]:
    page = book.get_sheet_by_name(sheet)
    return page.to_python(skip_empty_area=False), list(page.merged_cell_ranges or ())


def _fit(grid: list[list[Any]], wanted: Sequence[str]) -> tuple[int, int]:
    hits = [sum(column in clean_names(row) for column in wanted) for row in grid[:ZONE]]
    return max(hits, default=0), len(grid)


def _fill_merged(grid: list[list[Any]], merged: Sequence[Any]) -> None:
    for (top, left), (bottom, right) in merged:
        value = grid[top][left]
        for row in grid[top : bottom + 1]:
            row[left : right + 1] = [value] * (min(right + 1, len(row)) - left)
