"""Excel sheets: the right sheet, title rows above the names, merged cells."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from salesforecast.errors import DataError, Finding
from salesforecast.history.raw import clean_names, header_row, repair, skipped_rows

_TOP = 30


def read_sheet(
    data: bytes, name: str, sheet: str, wanted: Sequence[str]
) -> tuple[list[list[Any]], int, list[str], list[Finding]]:
    """Read a sheet of a workbook: its grid, the row of the names (from 0), the names, repairs.

    Without a declared `sheet` it is the one that has the wanted columns, else the longest.
    Merged cells all take the value of their first; a second row of names is joined to the first.

    Raises
    ------
    DataError
        If the workbook is damaged, or has no such sheet.
    """
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = book.sheet_names
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise DataError(
            "the workbook cannot be read.",
            where=f"{name}: {error}",
            fix="open it in Excel, remove a password if it has one, and save it again as .xlsx.",
        ) from error
    if sheet and sheet not in names:
        raise DataError(
            f"there is no sheet '{sheet}'.", where=f"{name}, sheets {names}", fix="correct `sheet`."
        )
    read = {each: _grid(book, each) for each in ([sheet] if sheet else names)}
    chosen = max(read, key=lambda each: _fit(read[each][0], wanted))
    grid, merged = read[chosen]
    findings = []
    if len(names) > 1 and not sheet:
        findings.append(repair(f"sheet '{chosen}' was read, one of {len(names)}", name))
    if not any(any(value not in ("", None) for value in row) for row in grid):
        raise DataError("the sheet is empty.", where=f"{name}, '{chosen}'", fix="export it again.")
    at = header_row(grid[:_TOP], wanted)
    if at:
        findings.append(skipped_rows(grid[:at], name))
    _fill_merged(grid, [area for area in merged if area[1][0] >= at])
    if any(area[0][0] > at for area in merged):
        findings.append(repair("merged cells were filled with the value of their first", name))
    columns, at = _names(grid, at, merged)
    return grid, at, columns, findings


def _grid(book: Any, sheet: str) -> tuple[list[list[Any]], list[Any]]:
    page = book.get_sheet_by_name(sheet)
    return page.to_python(skip_empty_area=False), list(page.merged_cell_ranges or ())


def _fit(grid: list[list[Any]], wanted: Sequence[str]) -> tuple[int, int]:
    hits = [sum(column in clean_names(row) for column in wanted) for row in grid[:_TOP]]
    return max(hits, default=0), len(grid)


def _fill_merged(grid: list[list[Any]], merged: Sequence[Any]) -> None:
    for (top, left), (bottom, right) in merged:
        if top >= len(grid):
            continue
        value = grid[top][left]
        for row in grid[top : bottom + 1]:
            row[left : right + 1] = [value] * (right - left + 1)


def _names(grid: list[list[Any]], at: int, merged: Sequence[Any]) -> tuple[list[str], int]:
    """Column names; two rows when a name is merged over several columns or both rows."""
    over = [area for area in merged if area[0][0] == at and area[1][1] > area[0][1]]
    if not over or at + 1 >= len(grid):
        return clean_names(grid[at]), at
    joined = [
        str(upper) if upper == lower or lower in ("", None) else f"{upper} {lower}".strip()
        for upper, lower in zip(grid[at], grid[at + 1], strict=True)
    ]
    return clean_names(joined), at + 1
