"""Pages of a file as they came: values, formulas, error cells, formats, what is hidden."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from salesforecast.errors import DataError
from salesforecast.exchange.words import say
from salesforecast.history.headers import Area
from salesforecast.history.textfiles import decode

MOST_BYTES = 200_000_000  # unpacked; a workbook of 50 000 units has a tenth of it
_DAYS_1904 = 1462
_SEPARATORS = (",", "\t", ";", "|")


@dataclass(frozen=True)
class Page:
    """One sheet, or the whole of a text file; places are (row, column), both from 0.

    Parameters
    ----------
    grid
        Values, merged cells filled with that of their first; empty cells are `""`.
    formulas, errors, formats
        Place to the text of a formula, of an error that was typed, of a number format.
    merged
        Areas of merged cells.
    hidden_rows, hidden_columns
        Numbers of rows and columns that are not shown.
    shift
        Days to add to a serial number of a day: 1462 where days count from 1904.
    text
        Whether every cell is text, as in a CSV file.
    encoding
        Of a text file, where it is not UTF-8.
    """

    name: str
    grid: list[list[Any]]
    formulas: Mapping[tuple[int, int], str] = field(default_factory=dict)
    errors: Mapping[tuple[int, int], str] = field(default_factory=dict)
    formats: Mapping[tuple[int, int], str] = field(default_factory=dict)
    merged: tuple[Area, ...] = ()
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()
    shift: int = 0
    text: bool = False
    encoding: str = ""

    def value(self, row: int, column: int) -> Any:
        """What stands at a place, `""` outside of the grid."""
        line = self.grid[row] if row < len(self.grid) else []
        return line[column] if column < len(line) else ""


def read_pages(data: bytes, name: str, language: str) -> list[Page]:
    """Every sheet of an Excel workbook, or the one page of a text file.

    Raises
    ------
    DataError
        If the file is damaged, protected by a password, far too large, or no table.
    """
    if data[:4] == b"PK\x03\x04":
        return _workbook(data, name, language)
    if data[:4] == b"\xd0\xcf\x11\xe0":
        return _values(data, name, language)
    return [_text(data, name)]


def _refused(name: str, why: object, language: str) -> DataError:
    return DataError(
        say(language, "cannot_read"), where=f"{name}: {why}", fix=say(language, "cannot_read_fix")
    )


def _values(data: bytes, name: str, language: str) -> list[Page]:
    """The pages by their stored values alone, which an old .xls always has."""
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [book.get_sheet_by_name(each) for each in book.sheet_names]
        grids = [sheet.to_python(skip_empty_area=False) for sheet in sheets]
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise _refused(name, error, language) from error
    pages = []
    for sheet, grid in zip(sheets, grids, strict=True):
        areas = tuple(area for area in sheet.merged_cell_ranges or () if area[0][0] < len(grid))
        pages.append(Page(sheet.name, _filled(grid, areas), merged=areas))
    return pages


def _filled(grid: list[list[Any]], merged: tuple[Area, ...]) -> list[list[Any]]:
    """The grid with merged cells filled; places that stand beside the used area are left alone."""
    for (top, left), (bottom, right) in merged:
        value = grid[top][left] if left < len(grid[top]) else ""
        for row in grid[top : bottom + 1]:
            row[left : right + 1] = [value] * len(row[left : right + 1])
    return grid


def _workbook(data: bytes, name: str, language: str) -> list[Page]:
    """The pages of an .xlsx: stored values, and beside them what only the cells themselves say."""
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except zipfile.BadZipFile as error:
        raise _refused(name, error, language) from error
    if size > MOST_BYTES:
        raise DataError(say(language, "too_big"), where=name, fix=say(language, "cannot_read_fix"))
    pages = _values(data, name, language)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data))
        shift = _DAYS_1904 if book.epoch.year == 1904 else 0
        return [_with_cells(page, book[page.name], shift) for page in pages if page.name in book]
    except Exception as error:  # the library fails in many ways on what is not quite a workbook
        raise _refused(name, f"{type(error).__name__}: {error}", language) from error


def _with_cells(page: Page, sheet: Any, shift: int) -> Page:
    formulas: dict[tuple[int, int], str] = {}
    errors: dict[tuple[int, int], str] = {}
    formats: dict[tuple[int, int], str] = {}
    if not hasattr(sheet, "iter_rows"):  # a sheet that is a chart
        return page
    for line in sheet.iter_rows():
        for cell in line:
            place = (cell.row - 1, cell.column - 1)
            if cell.data_type == "f":
                formulas[place] = str(getattr(cell.value, "text", cell.value))
            elif cell.data_type == "e":
                errors[place] = str(cell.value)
            if cell.data_type == "n" and cell.value is not None and cell.number_format != "General":
                formats[place] = cell.number_format
    rows = tuple(number - 1 for number, row in sheet.row_dimensions.items() if row.hidden)
    columns = tuple(
        at - 1
        for column in sheet.column_dimensions.values()
        if column.hidden and column.min
        for at in range(column.min, min(column.max, 16_384) + 1)
    )
    return Page(
        page.name, page.grid, formulas, errors, formats, page.merged,
        tuple(sorted(rows)), tuple(sorted(columns)), shift,
    )  # fmt: skip


def _text(data: bytes, name: str) -> Page:
    text, encoding = decode(data, name, "")
    lines = text.splitlines()[:30]
    separator = max(
        _SEPARATORS, key=lambda sign: sum(len(row) - 1 for row in csv.reader(lines, delimiter=sign))
    )
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise DataError(
            "the rows of the file cannot be told apart.",
            where=f"{name}: {error}",
            fix="look for a quotation mark that is not closed, and save it again.",
        ) from error
    grid = [[cell.strip() for cell in row] for row in rows]
    odd = "" if encoding in ("utf-8", "utf-8-sig") else encoding
    return Page(name, grid, text=True, encoding=odd)
