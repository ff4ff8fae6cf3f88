"""Text files: encoding, separator, title rows, and columns typed only where that loses nothing."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pandas as pd

from salesforecast.errors import DataError, Finding
from salesforecast.findings import repair
from salesforecast.history.headers import ZONE, find_header
from salesforecast.history.raw import (
    Want,
    counted,
    missing_columns,
)

MOST_COLUMNS = 16_384  # as many as a spreadsheet has
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def decode(data: bytes, name: str, declared: str) -> tuple[str, str]:
    """Text of a file and the encoding it is in: declared, by its BOM, UTF-8, or GB18030."""
    by_bom = next((encoding for bom, encoding in _BOMS if data.startswith(bom)), "")
    for encoding in [declared] if declared else [by_bom or "utf-8", "gb18030"]:
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\x00" not in text:
            return text, encoding
    raise DataError(
        "the file is no table: its text cannot be decoded.",
        where=name,
        fix='export it as UTF-8, or declare encoding = "..." under [[source]].',
    )


def read_text(
    data: bytes, name: str, want: Want
) -> tuple[pd.DataFrame, np.ndarray, list[str], list[Finding]]:
    """Read text: the wanted columns, their row numbers, all column names, what was repaired."""
    text, encoding = decode(data, name, want.encoding)
    if "\n" not in text:
        text = text.replace("\r", "\n")  # old Macintosh line ends
    findings = []
    if encoding == "utf-8-sig":
        findings.append(repair("byte order mark", name))
    elif encoding != "utf-8":
        findings.append(repair("encoding", name, encoding=encoding))
    delimiter = _delimiter(text, name)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    head, ends = [], []
    try:
        for row in reader:
            head.append(row)
            ends.append(reader.line_num)
            if len(head) == ZONE:
                break
    except csv.Error as error:
        raise _unreadable(name, reader.line_num, str(error)) from error
    if max(map(len, head), default=0) > MOST_COLUMNS:
        raise DataError(
            f"the table has more than {MOST_COLUMNS:,} columns.",
            where=name,
            fix="export order lines: a row for each sale, and a column for what is known of it.",
        )
    header = find_header(head, want.columns, name)
    at, names = header.last, header.names
    findings += header.findings
    want = want.of(names)
    if missing := missing_columns(want.columns, names, name):
        raise missing
    body = text.split("\n", ends[at])[-1] if text.count("\n") >= ends[at] else ""
    if not body.strip():
        return pd.DataFrame(columns=names), np.arange(0), names, findings
    frame, ragged = _parse(body, names, delimiter, want, name)
    if ragged:
        where = ", ".join(str(number + ends[at]) for number in ragged[:5])
        findings.append(
            Finding(
                "error",
                f"{counted(len(ragged), 'row')} with more or fewer cells than the {len(names)} column names",
                f"{name}, rows {where}",
                "Put texts that contain the separator in quotes, and export again.",
                len(ragged),
            )
        )
    rows = np.setdiff1d(np.arange(len(frame) + len(ragged)), np.array(ragged, int) - 1)
    rows += ends[at] + 1
    blank = _blank(frame)
    return frame[~blank].reset_index(drop=True), rows[~blank], names, findings


def _unreadable(name: str, row: int, why: str) -> DataError:
    return DataError(
        "the text is no table: a cell does not end.",
        where=f"{name}, about row {row}: {why}",
        fix="look for a quote that is opened and never closed, then export it again.",
    )


def _blank(frame: pd.DataFrame) -> np.ndarray:
    """Rows without any cell, as spreadsheets leave them at the end."""
    blank = np.ones(len(frame), dtype=bool)
    for column in frame.columns:
        if not blank.any():
            break
        values = frame[column]
        blank &= ((values == "") if values.dtype == "str" else values.isna()).to_numpy(bool)
    return blank


def _delimiter(text: str, name: str) -> str:
    """The separator that cuts the first lines into most cells."""
    lines = text[:20_000].splitlines()[:ZONE]
    best = max([",", "\t", ";", "|"], key=lambda sign: _usual_cells(lines, sign))
    if not any(best in line for line in lines):
        raise DataError(
            "the file is no table: its lines are not cut into columns.",
            where=name,
            fix="export it as csv with commas, semicolons or tabs between the columns.",
        )
    return best


def _usual_cells(lines: list[str], sign: str) -> int:
    """Cells of the middle row, where the rows are cut by `sign`."""
    cells = sorted(len(row) for row in csv.reader(lines, delimiter=sign))
    return cells[len(cells) // 2] if cells else 0


def _parse(
    body: str, names: list[str], delimiter: str, want: Want, file: str
) -> tuple[pd.DataFrame, list[int]]:
    """Parse text below the header; numbers and dates are typed only where that loses nothing."""
    import pyarrow as pa

    ragged: list[int] = []

    def skip(row: Any) -> str:
        ragged.append(row.number)
        return "skip"

    as_written = set(names if want.text is None else want.text)
    if want.decimal_comma:
        as_written |= set(want.other)
    data = body.encode()
    try:
        table = _typed(data, names, delimiter, want.columns or names, as_written, skip)
        again = {name for name in table.column_names if _doubtful(table.column(name))} - as_written
        if again:
            ragged.clear()
            table = _typed(data, names, delimiter, want.columns or names, as_written | again, skip)
    except pa.ArrowInvalid as error:
        raise DataError(
            "the rows of the file cannot be told apart.",
            where=f"{file}: {error}",
            fix="look for a quotation mark that is not closed, and export again.",
        ) from error
    return _to_pandas(table), ragged


def _typed(
    data: bytes,
    names: list[str],
    delimiter: str,
    wanted: list[str],
    as_written: set[str],
    skip: Any,
) -> Any:
    """An arrow table: columns in `as_written` as text, others by what they hold."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    return arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(
            column_names=names, use_threads=False, block_size=max(1 << 24, len(data) + 1)
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(as_written, pa.string()),
            include_columns=wanted,
            null_values=[""],
            strings_can_be_null=False,
        ),
    )


def _doubtful(column: Any) -> bool:
    """Whether a typed column must be read as text: `1.234` might be a thousand and more."""
    import pyarrow as pa

    if pa.types.is_floating(column.type):
        values = column.to_numpy()
        small = np.nanmax(np.abs(values), initial=0.0) < 1000
        thousandths = values * 1000
        return bool(small and np.nanmax(np.abs(thousandths - np.rint(thousandths))) < 1e-6)
    return not (
        pa.types.is_integer(column.type)
        or pa.types.is_string(column.type)
        or pa.types.is_null(column.type)
        or pa.types.is_date(column.type)
        or pa.types.is_timestamp(column.type)
    )


def _to_pandas(table: Any) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import compute

    for at, column in enumerate(table.schema):
        if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
            table = table.set_column(at, column.name, table.column(at).cast(pa.timestamp("us")))
        elif pa.types.is_string(column.type):
            trimmed = compute.utf8_trim_whitespace(table.column(at))
            table = table.set_column(at, column.name, trimmed)
    return table.to_pandas()
